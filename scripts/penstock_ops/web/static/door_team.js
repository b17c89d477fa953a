// Signs in by OAuth 2.0's code flow with PKCE (RFC 7636), and hands the token in for a cookie. No token is kept.
"use strict";
const door = document.querySelector("#sign-in");
const here = `${location.origin}/`;

const text = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const secret = () => text(crypto.getRandomValues(new Uint8Array(32)));

door.addEventListener("click", async () => {
  const verifier = secret(), state = secret();
  sessionStorage.setItem("sign-in", JSON.stringify({ verifier, state, from: location.pathname + location.search }));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const asked = {
    response_type: "code", client_id: door.dataset.client, redirect_uri: here, scope: door.dataset.scopes, state,
    code_challenge: text(new Uint8Array(digest)), code_challenge_method: "S256",
  };
  location.assign(`${door.dataset.authorize}?${new URLSearchParams(asked)}`);
});

async function signedIn(code, begun) {
  const body = new URLSearchParams({
    grant_type: "authorization_code", client_id: door.dataset.client, redirect_uri: here, code,
    code_verifier: begun.verifier,
  });
  const token = await (await fetch(door.dataset.token, { method: "POST", body })).json();
  const answer = await fetch("/session", {
    method: "POST", headers: { authorization: `Bearer ${token.id_token ?? token.access_token}` },
  });
  if (!answer.ok) throw new Error(await answer.text());
  location.replace(begun.from);
}

const came = new URLSearchParams(location.search);
if (came.has("code")) {
  const begun = JSON.parse(sessionStorage.getItem("sign-in") ?? "{}");
  sessionStorage.removeItem("sign-in");
  history.replaceState(null, "", "/");
  const told = (error) => { document.querySelector("#said").textContent = `The sign-in did not end well: ${error.message}`; };
  if (begun.state && begun.state === came.get("state")) signedIn(came.get("code"), begun).catch(told);
  else told(new Error("it was not begun here"));
}
