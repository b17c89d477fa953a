"""What a suite's table has to say of each of its files."""

from typing import NamedTuple


class Row(NamedTuple):
    """A file, or some of them: what it should be by its collectors, what we make of it, and why that is not the same.

    `why` is empty where there is nothing to explain; an unexplained difference has none of its own, and a test fails.
    """

    what: str
    expected: str
    ours: str
    why: str = ""


def table(rows: list[Row]) -> list[str]:
    """The rows as lines of Markdown."""
    lines = [("what", "expected", "ours", "why otherwise"), ("---",) * 4, *rows]
    return [f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
