"""What is read on a page, whoever read it: words and where they stand.

Places are in points of 1/72 inch, from the top left corner of the page as it is held to be read.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from statistics import median
from typing import Literal, NamedTuple

type Route = Literal["text", "ocr"]
"""Where words come from: the document's own text, or a picture of the page."""


class Box(NamedTuple):
    """A rectangle: left, top, right, bottom."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> float:
        """Half way down."""
        return (self.top + self.bottom) / 2

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.bottom - self.top

    def rounded(self) -> list[float]:
        """As it is written down: to a tenth of a point."""
        return [round(edge, 1) for edge in self]


class Word(NamedTuple):
    """A word, where it stands, and from 0 to 1 how sure its reader is of it."""

    text: str
    box: Box
    confidence: float = 1.0


@dataclass(frozen=True)
class Page:
    """A page as it was read. `number` counts from 1; `doubts` is why its words are not to be believed, if they are
    not; `marks` name what else a person has to know: `beside` and `page_numbers` have them."""

    number: int
    width: float
    height: float
    words: Sequence[Word]
    route: Route
    engine: str
    doubts: Sequence[str] = field(default_factory=tuple[str, ...])
    marks: Sequence[str] = field(default_factory=tuple[str, ...])

    @cached_property
    def lines(self) -> Sequence[list[Word]]:
        """The words by the lines they stand on."""
        return lines_of(self.words)

    @cached_property
    def plain_lines(self) -> Sequence[Sequence[str]]:
        """The same as they are compared."""
        return [[plain(word.text) for word in line] for line in self.lines]


def around(boxes: Iterable[Box]) -> Box:
    """The box that holds all of these."""
    every = list(boxes)
    return Box(
        min(box.left for box in every),
        min(box.top for box in every),
        max(box.right for box in every),
        max(box.bottom for box in every),
    )


def lines_of(words: Iterable[Word]) -> list[list[Word]]:
    """Words by the lines they stand on, from top to bottom, each from left to right."""
    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda one: one.box.middle):
        if lines and word.box.middle - median(one.box.middle for one in lines[-1]) < 0.5 * word.box.height:
            lines[-1].append(word)
        else:
            lines.append([word])
    return [sorted(line, key=lambda one: one.box.left) for line in lines]


def runs_of(line: Sequence[Word], gap: float = 1.0) -> list[list[Word]]:
    """A line's words by the gaps between them: a run has none of more than so many times its height."""
    runs = [[line[0]]] if line else []
    for before, word in pairwise(line):
        if word.box.left - before.box.right > gap * max(before.box.height, word.box.height):
            runs.append([])
        runs[-1].append(word)
    return runs


_PARTS = re.compile(r"[._…·]{3,}|(?:(?![._…·]{3}).)+")


def parts_of(text: str) -> Iterator[tuple[int, int]]:
    """Where in a text its words begin and end: dots that lead the eye to a value are no part of it, though they touch
    it."""
    yield from (found.span() for found in _PARTS.finditer(text))


def text_of(words: Iterable[Word]) -> str:
    """Words as a text."""
    return " ".join(word.text for word in words)


def plain(text: str) -> str:
    """A text as it is compared: compatible forms, case, blanks and the marks at its ends do not matter."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.sub(r"^[\s:;.,*_]+|[\s:;.,*_]+$", "", part) for part in folded.split()).strip()
