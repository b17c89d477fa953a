"""What the site has beside the folder `docs`: the pages of the checkout's root, README as the first of them, and the
list of decisions. Links between the two are turned, so that they hold in the checkout and on the site."""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
OF_THE_ROOT = {
    "README.md": "index.md",
    **{name: name for name in ("CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "CODE_OF_CONDUCT.md")},
}
#: Files that are no pages: a link to one is its name alone.
_NO_PAGE = re.compile(r"\[([^\]]+)\]\((?:\.\./)*(?:LICENSE|scripts/[^)]*)\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages of the root."""
    for source, target in OF_THE_ROOT.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, target, content=_links_of_the_root(text)))
    return files


def _links_of_the_root(text: str) -> str:
    return _NO_PAGE.sub(r"\1", _with_folders(text.replace("](docs/", "](")))


def _with_folders(text: str) -> str:
    """A link to a folder leads to its first page."""
    return text.replace("](decisions/)", "](decisions/README.md)").replace("](feeds/)", "](feeds/traffic.md)")


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turns the links that lead out of the folder, and lists the decisions on their page."""
    for source, target in OF_THE_ROOT.items():
        markdown = markdown.replace(f"](../{source}", f"]({target}")
    markdown = _with_folders(markdown)
    if page.file.src_uri == "decisions/README.md":
        markdown += "\n" + "".join(_decisions())
    return _NO_PAGE.sub(r"\1", markdown)


def _decisions() -> list[str]:
    """A line a decision, the newest first."""
    pages = sorted((ROOT / "docs" / "decisions").glob("0*.md"), reverse=True)
    return [f"- [{path.stem[:4]}]({path.name}) {_title_of(path)}\n" for path in pages]


def _title_of(path: Path) -> str:
    return path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
