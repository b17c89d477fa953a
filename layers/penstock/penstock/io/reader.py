"""The source object in blocks: ranged reads of the pinned version, some ahead, each resumed if it breaks (R30)."""

import asyncio
import random
from collections import deque
from collections.abc import AsyncGenerator
from itertools import islice

from penstock.io.retry import backoff
from penstock.model.errors import Transient
from penstock.model.messages import SourceFile
from penstock.ports.clock import Clock
from penstock.ports.object_store import Sources

BLOCK = 2 * 1024 * 1024  #: bytes a read
AHEAD = 4  #: reads under way at once: one connection to S3 gives less than a splitter takes
ATTEMPTS = 4


async def read_range(store: Sources, file: SourceFile, start: int, end: int, clock: Clock, rng: random.Random) -> bytes:
    """Bytes [start, end) of the file. A broken read is done again: it began at the last good byte.

    Raises:
        ObjectMissing: that version is gone.
        Transient: it broke every time.
    """
    for attempt in range(1, ATTEMPTS):
        try:
            return await store.read_source(file, start, end)
        except Transient:
            await clock.sleep(backoff(attempt, rng) / 10)
    return await store.read_source(file, start, end)


async def read_blocks(
    store: Sources, file: SourceFile, clock: Clock, rng: random.Random, start: int = 0, end: int | None = None
) -> AsyncGenerator[bytes]:
    """Bytes [start, end) of the file, or all from `start` on, in blocks and in order. While the caller works on one,
    the next few are read; no more than `AHEAD` blocks are held, and the caller's. Close it to stop reading."""

    def read(begin: int) -> asyncio.Task[bytes]:
        return asyncio.ensure_future(read_range(store, file, begin, min(begin + BLOCK, stop), clock, rng))

    stop = file.size if end is None else end
    starts = iter(range(start, stop, BLOCK))
    ahead = deque(map(read, islice(starts, AHEAD)))
    try:
        while ahead:
            block = await ahead.popleft()
            ahead.extend(map(read, islice(starts, 1)))
            yield block
    finally:
        for task in ahead:
            task.cancel()
        await asyncio.gather(*ahead, return_exceptions=True)
