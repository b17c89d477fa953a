"""Takes hostile files through splitting and judging, and holds them to a bounded time."""

import time
from collections.abc import Generator
from contextlib import contextmanager

from penstock.feeds.feed import Feed
from penstock.outputs import rejects
from tests.support.reading import split_file

MILLION = 1_000_000
BLOCK = MILLION  #: bytes that arrive at once


@contextmanager
def bounded(seconds: float = 30) -> Generator[None]:
    """CPU time, generously: what is guarded against takes minutes, or all memory."""
    began = time.process_time()
    yield
    assert time.process_time() - began < seconds


def findings_of(feed: Feed, body: bytes) -> list[str | None]:
    """Of each record the reason for which it is rejected, None for one that is accepted. The rejects are written, too:
    a value that cannot be shown would be found out there."""
    codes: dict[int, str | None] = {}
    split = split_file(feed, body, [BLOCK])
    for judgement in split.judged():
        assert rejects.rows(feed, split.layout, judgement.rejected, "file") or not judgement.rejected
        codes |= {one.ordinal: None for one in judgement.accepted}
        codes |= {one.ordinal: one.findings[0].code for one in judgement.rejected}
    return [codes[ordinal] for ordinal in sorted(codes)]
