// What a page does beyond htmx. Every page works without it.
"use strict";

// A file that is dragged onto the field for one.
document.addEventListener("dragover", (event) => {
  if (event.target.closest("[data-drop]")) event.preventDefault();
});
document.addEventListener("drop", (event) => {
  const field = event.target.closest("[data-drop]")?.querySelector("input[type=file]");
  if (!field || !event.dataTransfer.files.length) return;
  event.preventDefault();
  field.files = event.dataTransfer.files;
  field.dispatchEvent(new Event("change", { bubbles: true }));
});

// All of a list, or none of it.
document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-all]")) return;
  for (const one of event.target.form.querySelectorAll(`input[name=${event.target.dataset.all}]`)) {
    one.checked = event.target.checked;
  }
});

// What is found of a cell stands below it; a screen reader hears by the cell itself that there is something.
document.addEventListener("htmx:oobAfterSwap", (event) => {
  const said = event.detail.target;
  if (!said.matches(".said")) return;
  const cell = document.querySelector(`[aria-describedby="${said.id}"]`);
  if (document.getElementById(said.id).textContent) cell.setAttribute("aria-invalid", "true");
  else cell.removeAttribute("aria-invalid");
});
