"""Takes a file through splitting and judging right here, however it is cut."""

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest

from penstock import judging, splitting
from penstock.feeds.feed import Feed, Limits
from penstock.feeds.traffic import TRAFFIC
from penstock.formats import delimited, lines
from penstock.formats.format import HEAD
from penstock.judging import Judgement
from penstock.messages import Layout, Span
from penstock.splitting import Planner


def feed_with(**limits: int) -> Feed:
    """The traffic feed with other chunk limits."""
    return replace(TRAFFIC, limits=Limits(**limits))


@contextmanager
def tiny_windows(window: int, narrowest: int, piece: int) -> Generator[None]:
    """Counts so few bytes at once that every edge is met."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (delimited, lines):
            patch.setattr(module, "WINDOW", window)
            patch.setattr(module, "NARROWEST", narrowest)
        patch.setattr(splitting, "SLICE", piece)
        yield


@dataclass(frozen=True)
class Split:
    """A file in chunks."""

    feed: Feed
    body: bytes
    layout: Layout
    spans: list[Span]

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
        return self.feed.format_named(self.layout.format).split(self.layout, self.body[span.start : span.end])

    def judged(self) -> list[Judgement]:
        return [judging.judge(self.feed, self.layout, span, self.body[span.start : span.end]) for span in self.spans]


def split_file(feed: Feed, body: bytes, blocks: Sequence[int] = ()) -> Split:
    """Splits a file that arrives in blocks of these sizes, over and over; whole, if there are none."""
    layout = feed.recognise(body[:HEAD])
    planner = Planner(feed, layout)
    spans = [span for block in cut(body, blocks) for span in planner.push(block)]
    spans.extend(planner.finish())
    return Split(feed, body, layout, spans)


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
        whole.accepted += one.accepted
        whole.rejected += one.rejected
        whole.findings += one.findings
        whole.unknown |= one.unknown
    return whole
