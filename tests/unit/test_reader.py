"""R30: the pinned object in blocks, each resumed if its read breaks."""

import asyncio
import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.io import reader
from penstock.io.reader import read_blocks, read_range
from penstock.model.errors import ObjectMissing, Transient
from penstock.model.messages import SourceFile
from penstock_testing.memory import MemoryClock, MemoryStore


class Breaking(MemoryStore):
    """A store of which the next reads break."""

    def __init__(self, breaks: int = 0) -> None:
        super().__init__()
        self.breaks, self.reads = breaks, 0

    async def read_source(self, file: SourceFile, start: int, end: int) -> bytes:
        self.reads += 1
        if self.breaks:
            self.breaks -= 1
            raise Transient("the connection was reset")
        return await super().read_source(file, start, end)


@pytest.fixture(autouse=True)
def small_blocks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "BLOCK", 7)
        yield


async def blocks_of(store: MemoryStore, file: SourceFile) -> list[bytes]:
    return [block async for block in read_blocks(store, file, MemoryClock(), random.Random(0))]


@given(st.binary(max_size=60))
async def test_the_blocks_are_the_file(body: bytes) -> None:
    store = MemoryStore()
    blocks = await blocks_of(store, store.drop("traffic/a", body))
    assert b"".join(blocks) == body
    assert all(len(block) == 7 for block in blocks[:-1])


@pytest.mark.parametrize("breaks", [1, 2, 3])
async def test_a_broken_read_is_done_again(breaks: int) -> None:
    store = Breaking(breaks)
    file = store.drop("traffic/a", b"twenty bytes of file")
    assert b"".join(await blocks_of(store, file)) == b"twenty bytes of file"
    assert store.reads == 3 + breaks


async def test_a_read_that_always_breaks_is_given_up() -> None:
    store = Breaking(1000)
    file = store.drop("traffic/a", b"body")
    with pytest.raises(Transient):
        await read_range(store, file, 0, 4, MemoryClock(), random.Random(0))
    assert store.reads < 10


async def test_an_object_that_is_gone_is_not_asked_for_again() -> None:
    store = Breaking()
    file = store.drop("traffic/a", b"body")
    store.sources.clear()
    with pytest.raises(ObjectMissing):
        await blocks_of(store, file)
    assert store.reads == 1


async def test_an_object_that_was_replaced_is_never_read_in_its_place() -> None:
    """R2: the version is pinned."""
    store = MemoryStore()
    old = store.drop("traffic/a", b"old words")
    store.drop("traffic/a", b"new words, more of them")
    assert b"".join(await blocks_of(store, old)) == b"old words"


@given(st.binary(max_size=60), st.integers(0, 70), st.integers(0, 70))
async def test_it_begins_and_ends_at_any_byte(body: bytes, start: int, end: int) -> None:
    store = MemoryStore()
    file = store.drop("traffic/a", body)
    rest = read_blocks(store, file, MemoryClock(), random.Random(0), start)
    assert b"".join([block async for block in rest]) == body[start:]
    part = read_blocks(store, file, MemoryClock(), random.Random(0), start, min(end, len(body)))
    assert b"".join([block async for block in part]) == body[start:end]


class Watched(MemoryStore):
    """Reads that take their turns, of which the later ones are the quicker."""

    def __init__(self) -> None:
        super().__init__()
        self.under_way = self.most = self.begun = 0

    async def read_source(self, file: SourceFile, start: int, end: int) -> bytes:
        self.begun += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        for _ in range(20 - start // 7 % 20):
            await asyncio.sleep(0)
        self.under_way -= 1
        return await super().read_source(file, start, end)


async def test_some_reads_are_under_way_at_once_and_their_order_is_the_files() -> None:
    store = Watched()
    body = bytes(range(200))
    assert b"".join(await blocks_of(store, store.drop("traffic/a", body))) == body
    assert store.most == reader.AHEAD


async def test_no_more_is_read_than_the_caller_takes_and_a_few() -> None:
    """Bounded memory: whoever is slow is not overrun."""
    store = Watched()
    blocks = read_blocks(store, store.drop("traffic/a", bytes(2000)), MemoryClock(), random.Random(0))
    for taken in range(1, 20):
        await anext(blocks)
        for _ in range(100):
            await asyncio.sleep(0)
        assert store.begun == taken + reader.AHEAD
    await blocks.aclose()


async def test_whoever_stops_leaves_no_read_behind() -> None:
    store = Watched()
    blocks = read_blocks(store, store.drop("traffic/a", bytes(200)), MemoryClock(), random.Random(0))
    await anext(blocks)
    await blocks.aclose()
    assert asyncio.all_tasks() == {asyncio.current_task()}
