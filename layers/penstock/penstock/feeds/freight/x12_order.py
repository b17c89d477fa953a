"""Which segments a transaction set has and in which order, and which elements a segment cannot be without.

X12 004010. The order is written as the standard's tables read: a tag with `!` must be there, `*3` is how often it may
come (once, if nothing is said; `*n` any number of times), and a loop stands in brackets and begins with the segment
that opens it. Other versions add segments; their order is not checked.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from penstock.feeds.freight.defects import Defective, Defects
from penstock.feeds.freight.x12_values import element
from penstock.formats.segment_records import Segment

CHECKED = "004010"  #: versions that begin so are checked

_UNBOUNDED = 1 << 30
_TOKEN = re.compile(r"\(|\)(?:\*(\w+))?|([A-Z][A-Z0-9]+)(!)?(?:\*(\w+))?")


@dataclass(frozen=True, slots=True)
class Part:
    """A segment, or a loop with its `parts`, which it begins with the first of; at most `most` of them in a row."""

    tag: str
    most: int
    parts: tuple["Part", ...] = ()


@dataclass(frozen=True)
class Order:
    """A transaction set's segments. `needs` are the elements that each segment must have; `once` are the segments that
    money hangs on, which stand once in every version."""

    kind: str
    table: str
    needs: Mapping[str, Sequence[int]]
    once: Sequence[str] = ()

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The table, read."""
        open_loops: list[list[Part]] = [[]]
        for token in _TOKEN.finditer(self.table):
            if token.group() == "(":
                open_loops.append([])
            elif token.group().startswith(")"):
                loop = tuple(open_loops.pop())
                open_loops[-1].append(Part(loop[0].tag, _times(token[1]), loop))
            else:
                open_loops[-1].append(Part(token[2], _times(token[4])))
        return tuple(open_loops[0])

    @cached_property
    def mandatory(self) -> tuple[str, ...]:
        """The segments without which there is no such set."""
        return tuple(token[2] for token in _TOKEN.finditer(self.table) if token[3])

    @property
    def header(self) -> str:
        """The segment that says whose set it is: the one behind ST."""
        return self.mandatory[1]

    @cached_property
    def tags(self) -> frozenset[str]:
        """All that may be in it."""
        return frozenset(token[2] for token in _TOKEN.finditer(self.table) if token[2])

    def check(self, segments: Sequence[Segment], version: str) -> Defects:
        """Looks at the segments of a set, from ST to SE: what stands twice or in no order, which elements are missing.

        Raises:
            Defective: `freight.segment_missing`, if it is the header: without it nothing can be read.
        """
        found = Defects()
        tags = [segment[0] for segment in segments]
        for tag in self.mandatory:
            if tag not in tags:
                missing = Defective("segment_missing", tag, f"a {self.kind} has a {tag}")
                if tag == self.header:
                    raise missing
                found.take(missing)
        for tag in self.once:
            if tags.count(tag) > 1:
                found.add("stands_twice", tag, f"a {self.kind} has one {tag}; which of them counts?")
        if version.startswith(CHECKED):
            place = _walk(self.parts, tags, 0)
            if place < len(tags):
                found.take(self._misplaced(tags[place], place + 1))
        for place, segment in enumerate(segments, 1):
            for at in self.needs.get(segment[0], ()):
                if not element(segment, at):
                    found.add(
                        "element_missing",
                        f"{segment[0]}-{at:02}",
                        f"segment {place} ({segment[0]}) lacks its element {at:02}, which it must have",
                    )
        return found

    def _misplaced(self, tag: str, place: int) -> Defective:
        if tag not in self.tags:
            why = f"segment {place} ({tag}) is none of a {self.kind}"
            return Defective("segment_order", tag, why, "X12 AK304 2: unexpected segment")
        why = f"segment {place} ({tag}) cannot stand there: it is out of order, or there are more of it than may be"
        return Defective("segment_order", tag, why)


def _times(said: str | None) -> int:
    return _UNBOUNDED if said == "n" else int(said or 1)


def _walk(parts: Sequence[Part], tags: Sequence[str], at: int) -> int:
    """How far the tags from `at` on follow the table."""
    for part in parts:
        left = part.most
        while left and at < len(tags) and tags[at] == part.tag:
            at = _walk(part.parts, tags, at) if part.parts else at + 1
            left -= 1
    return at
