"""What holds for every file, whatever is in it: it is refused, or each of its records ends as one that is accepted or
rejected, and how the file was cut shows nowhere."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain

import pytest

from penstock.feeds.feed import Feed, Limits
from penstock.formats import xml_tags
from penstock.model.errors import Refused
from penstock.model.findings import Noted
from penstock.model.messages import Layout, Span
from penstock.outputs import rejects
from penstock.split.planner import Planner
from penstock.validate import judging
from tests.fuzz.cutting import NONE, taken_apart
from tests.fuzz.watchdog import watched
from tests.support.edi import short_segments
from tests.support.reading import Split, cut, split_file, tiny_windows

REMARK = 100  #: bytes of a remark in XML, which would have to be far longer than any input to be taken for a record

type Counted = Callable[[Layout, bytes], int | None]
"""How many records another reader finds in a file, None where it finds that it is no such file."""


@dataclass(frozen=True)
class Laws:
    """The laws for files that a feed reads.

    `between` are the bytes that may stand between two chunks, where that is all there can be but lines that the format
    itself passes over. `group` are the fields
    of the feed's groups. `counted` is the reference. `least` are the bytes that a record may have in any case: what
    stands between records must be seen whole, too.
    """

    feed: Feed
    between: bytes | None = None
    group: tuple[str, ...] = ()
    least: int = 0
    counted: Counted = field(default=lambda _layout, _body: None)

    @cached_property
    def _feeds(self) -> dict[tuple[Limits, bool], Feed]:
        return {}

    def feed_with(self, limits: Limits, grouped: bool) -> Feed:
        """The feed with these limits. Its model is made once."""
        limits = replace(limits, record_bytes=max(self.least, limits.record_bytes))
        key = limits, grouped
        if key not in self._feeds:
            self._feeds[key] = replace(self.feed, limits=limits, group=self.group if grouped else ())
        return self._feeds[key]

    def check(self, data: bytes) -> None:
        """One input.

        Raises:
            AssertionError, or anything: a law is broken.
        """
        how, body = taken_apart(data)
        with watched(), short_segments(), pytest.MonkeyPatch.context() as patch:
            patch.setattr(xml_tags, "LONGEST_REMARK", REMARK)
            feed = self.feed_with(how.limits, how.grouped)
            try:
                whole = split_file(feed, body)
            except Refused:
                return
            self._assert_places(whole)
            with tiny_windows(64, 8, how.block):
                assert split_file(feed, body, [how.block]).spans == whole.spans, "other spans for other blocks"
                again, noted = in_hops(feed, whole.layout, body, how.block)
            assert again == whole.spans, "other spans where a splitter goes on with another's work"
            assert noted == noted_in(feed, whole.layout, body), "other findings where a splitter goes on"
            self._assert_unlimited(whole, body)
            for span in whole.spans:
                assert_judged(feed, whole.layout_of(span), span, body[span.start : span.end])

    def _assert_places(self, split: Split) -> None:
        end, records = split.layout.first_byte, 0
        for number, span in enumerate(split.spans):
            assert (span.chunk, span.first_record) == (number, records)
            assert end <= span.start < span.end <= len(split.body), "spans on top of each other, or outside the file"
            assert span.records >= 1
            between = split.body[end : span.start]
            assert self.between is None or self._is_nothing(split, between), "something between two spans is lost"
            end, records = span.end, records + span.records

    def _is_nothing(self, split: Split, between: bytes) -> bool:
        left = between.strip(self.between)
        return not left or bool(
            split.layout.again and not self.feed.format_named(split.layout.format).split(split.layout, left)
        )

    def _assert_unlimited(self, split: Split, body: bytes) -> None:
        """The limits change nothing but the chunks; and another reader finds as many records."""
        if any(span.oversize for span in split.spans):
            return
        unlimited = split_file(self.feed_with(NONE, grouped=False), body)
        assert split.raws == unlimited.raws, "other records for other limits"
        counted = self.counted(unlimited.layout, body)
        assert counted in (None, unlimited.records), f"{unlimited.records} records where others find {counted}"


def in_hops(feed: Feed, layout: Layout, body: bytes, block: int) -> tuple[list[Span], Noted]:
    """The spans, each given by a planner of its own; and what the last one has noted."""
    spans: list[Span] = []
    place = None
    while True:
        start = place.byte if place else 0
        planner = Planner(feed, layout, place, start=start, size=len(body))
        span = next(_given(planner, body[start:], block), None)
        if span is None:
            return spans, planner.noted
        spans.append(span)
        place = planner.place


def noted_in(feed: Feed, layout: Layout, body: bytes) -> Noted:
    """What a single planner notes of the file."""
    planner = Planner(feed, layout)
    for _ in _given(planner, body, len(body)):
        pass
    return planner.noted


def _given(planner: Planner, body: bytes, block: int) -> Iterator[Span]:
    yield from chain.from_iterable(map(planner.push, cut(body, [block])))
    yield from planner.finish()


def assert_judged(feed: Feed, layout: Layout, span: Span, chunk: bytes) -> None:
    """Every record of the chunk is accepted, or rejected and given back in a row of its own."""
    judgement = judging.judge(feed, layout, span, chunk)
    ordinals = [one.ordinal for one in (*judgement.accepted, *judgement.rejected)]
    assert sorted(ordinals) == list(range(span.first_record, span.first_record + span.records))
    rows = rejects.rows(feed, layout, judgement.rejected, "file").decode()
    assert len(list(csv.reader(io.StringIO(rows, newline="")))) == len(judgement.rejected)
