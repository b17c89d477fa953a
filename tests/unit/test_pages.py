"""The pages hang together: what they point at is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("[!R]*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def links_of(page: Path) -> list[str]:
    """Where a page points to within the project."""
    text = re.sub(r"`[^`\n]*`", "", page.read_text())
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]


def anchors_of(page: Path) -> set[str]:
    """The headings of a page, as a link names them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def shown_at(page: Path, link: str) -> set[Path]:
    """The pages behind a link; a folder shows what is in it."""
    there = (page.parent / link.partition("#")[0]).resolve()
    return set(there.glob("*.md")) if there.is_dir() else {there} & set(PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links_of(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page

        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), link


def test_every_page_is_found_from_the_readme() -> None:
    found, new = set[Path](), {PAGES[0]}
    while new:
        found |= new
        new = {shown for page in new for link in links_of(page) for shown in shown_at(page, link)} - found

    assert set(PAGES) - found == set()


def test_every_page_has_its_place_in_the_sites_menu() -> None:
    menu = (ROOT / "scripts" / "site" / "mkdocs.yml").read_text()
    named = set(re.findall(r"^ +- (?:[\w ]+: )?([\w/.-]+\.md)$", menu, re.MULTILINE))
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}

    assert {page for page in pages if not page.startswith("decisions/0")} <= named
