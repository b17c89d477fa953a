"""The source object in blocks: ranged reads of the pinned version, one ahead, each resumed if it breaks (R30)."""

import asyncio
import random
from collections.abc import AsyncIterator

from penstock.errors import Transient
from penstock.messages import SourceFile
from penstock.ports import Clock, ObjectStore
from penstock.retry import backoff

BLOCK = 8 * 1024 * 1024  #: bytes a read
ATTEMPTS = 4


async def read_range(
    store: ObjectStore, file: SourceFile, start: int, end: int, clock: Clock, rng: random.Random
) -> bytes:
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


async def read_blocks(store: ObjectStore, file: SourceFile, clock: Clock, rng: random.Random) -> AsyncIterator[bytes]:
    """The whole file, in blocks; the next one is read while the caller works on this one."""
    starts = range(0, file.size, BLOCK)

    def read(start: int) -> asyncio.Task[bytes]:
        return asyncio.ensure_future(read_range(store, file, start, min(start + BLOCK, file.size), clock, rng))

    ahead = read(0) if starts else None
    try:
        for start in starts:
            assert ahead is not None
            block = await ahead
            ahead = read(start + BLOCK) if start + BLOCK < file.size else None
            yield block
    finally:
        if ahead is not None:
            ahead.cancel()
