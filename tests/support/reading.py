"""Takes a file through splitting and judging right here, however it is cut."""

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain, islice

import pytest

from penstock.feeds.feed import Feed, Limits
from penstock.feeds.traffic import TRAFFIC
from penstock.formats import delimited, json_array, lines
from penstock.formats.format import HEAD
from penstock.model.findings import Noted
from penstock.model.messages import Layout, Place, Span
from penstock.split import planner as splitting
from penstock.split.planner import Planner
from penstock.validate import judging
from penstock.validate.judging import Judgement

type Stop = tuple[int, int, int]
"""How many blocks a splitter reads and how many chunks it sends, and how many bytes before its place the next one
begins to read."""


def feed_with(**limits: int) -> Feed:
    """The traffic feed with other chunk limits."""
    return replace(TRAFFIC, limits=Limits(**limits))


@contextmanager
def tiny_windows(window: int, narrowest: int, piece: int) -> Generator[None]:
    """Counts so few bytes at once that every edge is met."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (delimited, json_array, lines):
            patch.setattr(module, "WINDOW", window)
            patch.setattr(module, "NARROWEST", narrowest)
        patch.setattr(splitting, "SLICE", piece)
        yield


@dataclass(frozen=True)
class Split:
    """A file in chunks, and what was found round its records."""

    feed: Feed
    body: bytes
    layout: Layout
    spans: list[Span]
    noted: Noted = field(default_factory=Noted)

    @property
    def raws(self) -> list[bytes]:
        """The raw records of all chunks that were cut out, in order."""
        return [raw for span in self.spans for raw in self.raws_of(span)]

    @property
    def records(self) -> int:
        return sum(span.records for span in self.spans)

    def raws_of(self, span: Span) -> list[bytes]:
        if span.oversize:
            return []
        reader = self.feed.format_named(self.layout.format)
        return reader.split(self.layout_of(span), self.body[span.start : span.end])

    def layout_of(self, span: Span) -> Layout:
        return span.layout or self.layout

    def judged(self) -> list[Judgement]:
        return [
            judging.judge(self.feed, self.layout_of(span), span, self.body[span.start : span.end])
            for span in self.spans
        ]


def split_file(feed: Feed, body: bytes, blocks: Sequence[int] = ()) -> Split:
    """Splits a file that arrives in blocks of these sizes, over and over; whole, if there are none."""
    layout = feed.recognise(body[:HEAD])
    planner = Planner(feed, layout)
    spans = [span for block in cut(body, blocks) for span in planner.push(block)]
    spans.extend(planner.finish())
    return Split(feed, body, layout, spans, planner.noted)


def split_alike(feed: Feed, body: bytes, blocks: Sequence[int], window: tuple[int, int, int]) -> Split:
    """A file that is cut the same whole, in blocks of these sizes, and with windows so tiny that every edge is met."""
    with tiny_windows(*window):
        split = split_file(feed, body)
        assert split_file(feed, body, blocks) == split
    assert split_file(feed, body) == split
    return split


def split_in_hops(feed: Feed, body: bytes, sizes: Sequence[int], hops: Sequence[Stop]) -> Split:
    """The work of splitters that stop after so many blocks or chunks, the last of which reads to the end. Nothing is
    handed on but the place."""
    layout, spans = feed.recognise(body[:HEAD]), list[Span]()
    place = Place(byte=layout.first_byte, line=layout.first_line)
    for most_blocks, most_chunks, back in [*hops, (len(body) + 1, len(body) + 1, 0)]:
        start = max(0, place.byte - back)
        planner = Planner(feed, layout, Place.model_validate_json(place.model_dump_json()), start=start, size=len(body))
        blocks = list(cut(body[start:], sizes))
        given = chain.from_iterable(map(planner.push, blocks[:most_blocks]))
        if most_blocks > len(blocks):
            given = chain(given, planner.finish())
        sent = list(islice(given, most_chunks))
        spans += sent
        place = planner.place
        if most_blocks > len(blocks) and len(sent) < most_chunks:
            return Split(feed, body, layout, spans, planner.noted)
    raise AssertionError("the last one reads to the end")


def cut(body: bytes, sizes: Sequence[int]) -> Iterable[bytes]:
    """The body in blocks of these sizes, over and over."""
    if not sizes:
        yield body
        return
    at = turn = 0
    while at < len(body):
        size = sizes[turn % len(sizes)]
        yield body[at : at + size]
        at, turn = at + size, turn + 1


def judge_file(feed: Feed, body: bytes) -> Judgement:
    """The judgement of the whole file, its chunks' added up."""
    whole = Judgement()
    for one in split_file(feed, body).judged():
        whole.add(one)
    return whole
