"""A new feed, from a sample or from a few answers: its declaration, its tests and its place in the template."""

import re
from collections.abc import Sequence
from pathlib import Path

from penstock.feeds import FEEDS, PACKAGE
from penstock.feeds.declared.declaration import FIELDS
from penstock.feeds.declared.making import declared
from penstock.feeds.declared.nearest import nearest
from penstock.model.errors import PenstockError

from .guessing import Guess, Guessed, guessed, name_of
from .places import placed
from .writing import declaration, tests_of

_EXAMPLES = {"text": "A1", "integer": 1, "decimal": "1.5", "date": "2026-01-31", "flag": "true"}


class NoFeed(PenstockError):
    """Raised when no feed comes of what was said."""


def from_sample(name: str, title: str, sample: Path, root: Path) -> tuple[Guessed, list[Path]]:
    """Writes the feed that a sample shows into a checkout: what was guessed, and the files that were written.

    Raises:
        Refused: nothing can be guessed from the sample.
        NoFeed: the feed cannot be called so, or cannot be told from what is there.
    """
    found = guessed(sample)
    return found, _written(name, title, found, sample.name, root)


def from_answers(name: str, title: str, fields: str, identity: str, root: Path) -> tuple[Guessed, list[Path]]:
    """Writes the feed whose fields are told as `meter_id, read_on:date, reason?`: text unless another type is said, and
    required unless there is a question mark; `identity` names those that make two records the same.

    Raises:
        NoFeed: the feed cannot be called so, or a field's type is not known.
    """
    told = [_told(one.strip()) for one in fields.split(",") if one.strip()]
    same = tuple(name_of(one) for one in identity.split(",") if one.strip())
    for one in same:
        _ensure_known("field", one, [field.name for field in told])
    row = {one.name: _EXAMPLES[one.said["type"]] for one in told}
    found = Guessed("csv", told, same, "as it was said", [row], {})
    return found, _written(name, title, found, "what was said", root)


def _told(field: str) -> Guess:
    name, _, kind = field.removesuffix("?").partition(":")
    kind = _ensure_known("type of field", kind.strip() or "text", [one for one in FIELDS if one in _EXAMPLES])
    said = {"type": kind} if field.endswith("?") else {"type": kind, "required": True}
    return Guess(name_of(name), said, "as it was said")


def _ensure_known(what: str, said: str, known: Sequence[str]) -> str:
    if said not in known:
        raise NoFeed(f"there is no {what} {said}{nearest(said, known)}")
    return said


def _written(name: str, title: str, found: Guessed, source: str, root: Path) -> list[Path]:
    if not re.fullmatch(r"[a-z][a-z0-9]{1,23}", name):
        raise NoFeed(f"a feed is called by 2 to 24 small letters and digits, a letter first; not {name}")
    if name in FEEDS:
        raise NoFeed(f"there is a feed {name} already: penstock feeds show {name}")
    text = declaration(title, found, source)
    try:
        feed, tests = declared(text, name, f"{name}.yaml"), tests_of(name, text, found.rows)
    except ValueError as wrong:
        raise NoFeed(f"no feed comes of {source}: {wrong}") from None
    template = root / "template.yaml"
    with_it = placed(template.read_text(encoding="utf-8"), [*FEEDS.values(), feed])
    files = {
        root / "layers" / "feeds" / "python" / PACKAGE / f"{name}.yaml": text,
        root / "tests" / "feeds" / f"test_{name}.py": tests,
        template: with_it,
    }
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return list(files)


def place(root: Path) -> Sequence[str]:
    """Gives each feed that there is its place in the template, and takes away that of one that is no more; the feeds
    whose places changed."""
    template = root / "template.yaml"
    before = template.read_text(encoding="utf-8")
    after = placed(before, list(FEEDS.values()))
    if after != before:
        template.write_text(after, encoding="utf-8")
    marks = {text: set(re.findall(r"^  # ─ ([a-z0-9]+)$", text, re.MULTILINE)) for text in (before, after)}
    return sorted(marks[before] ^ marks[after])
