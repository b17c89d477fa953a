"""Histories as a document with segments: what a write costs, what a crash leaves, who may come between, and what a
history that was forgotten leaves behind. What any history promises is in contract/test_histories.py."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.identity.packed_histories import changed, packed, packed_change, unpacked
from penstock.identity.segmented_histories import SegmentedHistories, Shape
from penstock.model import versions
from penstock.model.errors import NewerRelease, Transient
from penstock.ports.histories import Document, Entry, History
from penstock.ports.history_items import Segment
from penstock_testing.histories import MemoryHistories, MemoryHistoryItems

FEED, KEY = "crew", "k"
PLACE = FEED, KEY
NOW = 1_800_000_000.0
DAY = 86_400.0
KEEP = 400 * DAY


def entry(number: int, **changes: Any) -> Entry:
    return replace(Entry(f"D{number}", {"begin": number}, "a" * 20, 3, number), **changes)


def entries(*numbers: int) -> list[Entry]:
    return [entry(number) for number in numbers]


class Kept(MemoryHistories):
    """Histories under one key, at a time that the test sets."""

    def __init__(self, slots: int = 3, small: int = 0, items: MemoryHistoryItems | None = None) -> None:
        self.time = NOW
        super().__init__(lambda: self.time, Shape(slots, small), items)

    async def seen(self) -> History:
        return (await self.read(FEED, [KEY]))[KEY]

    async def put(self, *numbers: int) -> None:
        assert await self.write(FEED, KEY, await self.seen(), entries(*numbers), self.time + KEEP)

    async def known(self) -> list[int]:
        return [one.ordinal for one in (await self.seen()).entries]


# -- what is written


class Telling(MemoryHistoryItems):
    """The twin, which tells what was written, and dies where it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.wrote: list[str] = []
        self.dies_at = ""

    async def write_document(self, feed: str, key: str, was: int | None, document: Document) -> bool:
        self._reach("document")
        return await super().write_document(feed, key, was, document)

    async def write_segment(self, feed: str, key: str, slot: int, segment: Segment, until: float) -> bool:
        self._reach("segment")
        return await super().write_segment(feed, key, slot, segment, until)

    def _reach(self, what: str) -> None:
        if what == self.dies_at:
            raise Transient("the worker died")
        self.wrote.append(what)


async def test_a_history_is_one_document_while_it_is_small() -> None:
    kept = Kept(items=(items := Telling()), small=1024)

    for number in range(4):
        await kept.put(*range(number))

    assert items.wrote == ["document"] * 4
    version, _ = unpacked(items.kept[PLACE].body)
    assert version == 2, "what an earlier release reads as well"


async def test_a_larger_one_is_written_by_segments_and_its_document_once_they_have_come_round() -> None:
    kept = Kept(items=(items := Telling()), slots=3)

    for number in range(8):
        await kept.put(*range(number))

    assert items.wrote == ["document"] + ["segment"] * 3 + ["document", "segment"] + ["segment"] * 2 + [
        "document",
        "segment",
    ]
    assert len(items.slots[PLACE]) == 3
    assert await kept.known() == list(range(7))


async def test_an_entry_more_costs_its_own_size() -> None:
    """A duty beside a year of them."""
    kept = Kept(slots=32)
    await kept.put(*range(240))

    await kept.put(*range(241))

    (segment,) = kept.items.slots[PLACE].values()
    assert len(segment.body) < 200 < len(kept.items.kept[PLACE].body) / 5


async def test_an_earlier_release_leaves_a_history_with_segments_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept()
    await kept.put(1)
    monkeypatch.setattr(versions, "HISTORY", 2)

    with pytest.raises(NewerRelease):
        await kept.seen()


async def test_of_an_earlier_release_and_this_one_one_wins() -> None:
    """Both write the document of the version that they have read."""
    earlier = Kept(small=1024)
    await earlier.put(1)
    later = Kept(small=0, items=earlier.items)
    seen = await earlier.seen()
    await later.put(1, 2)

    assert not await earlier.write(FEED, KEY, seen, entries(1, 3), NOW + KEEP)
    assert await later.known() == [1, 2]


# -- where workers die, and who comes between


async def full(items: MemoryHistoryItems) -> tuple[Kept, History]:
    """A history whose next write is one of its document first."""
    kept = Kept(items=items, slots=3)
    for number in range(4):
        await kept.put(*range(number + 1))
    return kept, await kept.seen()


@pytest.mark.parametrize("dies_at", ["document", "segment"])
async def test_who_dies_while_a_document_is_written_has_changed_nothing(dies_at: str) -> None:
    kept, seen = await full(items := Telling())
    items.dies_at = dies_at
    with pytest.raises(Transient):
        await kept.write(FEED, KEY, seen, entries(9), NOW + KEEP)
    items.dies_at = ""

    assert await kept.seen() == seen
    await kept.put(7)
    assert await kept.known() == [7]


async def test_of_two_that_write_the_document_at_once_one_has_the_next_version() -> None:
    kept, seen = await full(MemoryHistoryItems())

    won = await asyncio.gather(*(kept.write(FEED, KEY, seen, entries(at), NOW + KEEP) for at in range(8)))

    assert sum(won) == 1
    assert await kept.known() == [won.index(True)]


async def test_who_has_read_long_ago_finds_later_segments_in_every_slot() -> None:
    """None of them is empty again once a document has what was in it."""
    kept = Kept(slots=3)
    await kept.put(0)
    stale = [await kept.seen()]
    for number in range(12):
        await kept.put(number)
        stale.append(await kept.seen())

    for seen in stale[:-1]:
        assert not await kept.write(FEED, KEY, seen, entries(99), NOW + KEEP)
    assert await kept.known() == [11]


async def test_a_history_that_others_write_while_its_slots_are_read_is_read_again() -> None:
    class Interrupted(MemoryHistoryItems):
        others: Kept | None = None

        async def segments(self, feed: str, key: str) -> list[Segment]:
            if self.others:
                others, self.others = self.others, None
                for number in range(10, 20):
                    await others.put(number)
            return await super().segments(feed, key)

    kept, _ = await full(items := Interrupted())
    items.others = kept

    assert await kept.known() == [19]


async def test_a_history_that_never_stands_still_is_read_later() -> None:
    kept, _ = await full(items := MemoryHistoryItems())
    for slot in (0, 1):
        del items.slots[PLACE][slot]

    with pytest.raises(Transient):
        await kept.seen()


# -- how long a history lives


async def test_segments_end_with_their_document_which_lives_longer_than_it_must() -> None:
    """So none is missing while the document is there, and the document need not be written for its life alone."""
    kept = Kept(slots=32)
    await kept.put(1)
    assert kept.items.kept[PLACE].until == NOW + KEEP * 1.25

    kept.time += 99 * DAY
    await kept.put(1, 2)
    assert kept.items.kept[PLACE].until == NOW + KEEP * 1.25

    kept.time += 2 * DAY
    await kept.put(1, 2, 3)
    assert kept.items.kept[PLACE].until == kept.time + KEEP * 1.25
    assert await kept.known() == [1, 2, 3]


async def test_a_history_that_has_expired_begins_anew_whatever_is_left_of_it() -> None:
    kept, _ = await full(MemoryHistoryItems())
    del kept.items.slots[PLACE][1]
    kept.time += 2 * KEEP

    assert await kept.known() == []
    await kept.put(7)
    assert await kept.known() == [7]


async def test_segments_of_a_history_that_was_forgotten_are_in_nobodys_way() -> None:
    """DynamoDB deletes in any order: the document has gone, its segments have not. The new one is small for a while."""
    kept, _ = await full(MemoryHistoryItems())
    del kept.items.kept[PLACE]
    kept.time += 2 * KEEP
    anew = Kept(slots=3, small=110, items=kept.items)
    anew.time = kept.time

    for number in range(9):
        await anew.put(*range(number))
        assert await anew.known() == list(range(number))


# -- the law of segments


KINDS = st.builds(
    entry,
    st.integers(0, 5),
    sure=st.booleans(),
    kept=st.one_of(st.none(), st.just([1, None]), st.dictionaries(st.sampled_from("abc"), st.integers(), min_size=1)),
    was=st.one_of(st.none(), st.builds(entry, st.integers(0, 5))),
)


@given(st.lists(KINDS, max_size=8), st.lists(KINDS, max_size=8), st.data())
def test_a_segment_makes_what_is_of_what_was(before: list[Entry], after: list[Entry], data: st.DataObject) -> None:
    """Also of entries with the same id, of others in another order, and of those that have become sure."""
    kept = data.draw(st.lists(st.sampled_from(before), max_size=8)) if before else []
    now_sure = [replace(one, sure=True, was=None) if data.draw(st.booleans()) else one for one in kept]
    after = data.draw(st.permutations([*after, *now_sure])) if data.draw(st.booleans()) else [*now_sure, *after]

    assert changed(before, packed_change(before, after)) == after


@given(st.lists(st.lists(KINDS, max_size=4), max_size=12), st.integers(1, 4), st.sampled_from([0, 200, 1024]))
def test_a_history_is_what_was_written_last(writes: Sequence[list[Entry]], slots: int, small: int) -> None:
    async def story() -> None:
        kept = SegmentedHistories(MemoryHistoryItems(), lambda: NOW, Shape(slots, small))
        for written in writes:
            seen = (await kept.read(FEED, [KEY]))[KEY]
            assert await kept.write(FEED, KEY, seen, written, NOW + KEEP)
            assert (await kept.read(FEED, [KEY]))[KEY].entries == tuple(written)

    asyncio.run(story())


def test_a_segment_of_a_newer_release_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as newer:
        newer.setattr(versions, "HISTORY", versions.HISTORY + 1)
        segment = packed_change([], entries(1))

    with pytest.raises(NewerRelease, match="a history was written by a newer release: its version is 4"):
        changed([], segment)


def test_the_document_of_a_year_is_packed_as_it_was() -> None:
    assert unpacked(packed(entries(*range(240)), 3)) == (3, tuple(entries(*range(240))))
