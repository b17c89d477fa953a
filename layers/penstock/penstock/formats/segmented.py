"""A whole format of segments: X12 and EDIFACT, but for how their interchanges begin and what their headers say."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from penstock.formats.acknowledging import Acknowledger, Answer
from penstock.formats.envelopes import Checker, Opens, Passing
from penstock.formats.format import Parsed
from penstock.formats.segment_records import Reading, Segment, read_record
from penstock.formats.segments import Opened, Segments
from penstock.formats.text import line_breaks
from penstock.model.findings import Finding
from penstock.model.messages import Layout


class Segmented(Segments):
    """A parsed record is what its header says (`transaction`, `control` and `version`), its `envelope`, which is what
    the headers round it say, and its `segments`."""

    name: str
    reading: Reading

    @abstractmethod
    def opened(self, layout: Layout, buffer: bytes, at: int) -> Opened:
        """The interchange that begins there.

        Raises:
            ValueError: it cannot be read; the message goes on from the name of the segment.
        """

    @abstractmethod
    def said(self, layout: Layout, header: Segment) -> dict[str, Any]:
        """What a record's header says, and what its syntax takes to be read."""

    def opening(self, layout: Layout, buffer: bytes, at: int) -> Opened | None:
        """As `Segments.opening`."""
        try:
            return self.opened(layout, buffer, at)
        except ValueError:
            return None

    def beginning(self, head: bytes, begin: int) -> Layout:
        """The layout of a file whose first interchange begins there, with what the first group says.

        Raises:
            ValueError: as `opened`.
        """
        opened = self.opened(Layout(format=self.name), head, begin)
        _, layout = self.over(opened.layout, head, opened.end, final=True)
        return (layout or opened.layout).model_copy(
            update={"first_byte": begin, "first_line": 1 + line_breaks(head[:begin])}
        )

    def parse(self, layout: Layout, raws: Sequence[bytes]) -> list[Parsed]:
        """As `Format.parse`."""
        return [self._parse_one(layout, raw) for raw in raws]

    def _parse_one(self, layout: Layout, raw: bytes) -> Parsed:
        segments = read_record(self.reading, layout, raw)
        if isinstance(segments, Finding):
            return segments
        return {**self.said(layout, segments[0]), "envelope": layout.envelope, "segments": segments}

    def unknown_fields(self, layout: Layout, parsed: Sequence[Parsed]) -> set[str]:
        """None: what a segment's elements mean is the feed's to say."""
        return set()

    def envelopes(self, layout: Layout, state: str = "") -> Checker:
        """As `Enveloped.envelopes`."""
        return Checker(self, self.reading.rules, layout, state)

    @abstractmethod
    def answer(self, opens: Opens, made: datetime) -> Answer:
        """The answer to an interchange that begins, as its standard has it."""

    def refusal(self, head: bytes, why: str, made: datetime) -> Answer | None:
        """As `Acknowledging.refusal`."""
        return None

    def acknowledger(self, layout: Layout, made: datetime) -> Acknowledger:
        """As `Acknowledging.acknowledger`."""

        def follow(heard: Callable[[Passing], None]) -> Checker:
            return Checker(self, self.reading.rules, layout, heard=heard)

        return Acknowledger(follow, lambda opens: self.answer(opens, made))
