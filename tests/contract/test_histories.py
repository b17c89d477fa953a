"""The histories' contract (state across files), on the twin and on DynamoDB: as documents alone, and as documents with
segments, of which there are few so that they come round."""

import asyncio
import hashlib
import json
import zlib
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from penstock.adapters.aws_clients import AwsClients
from penstock.adapters.aws_histories import DynamoHistoryItems
from penstock.identity.packed_histories import unpacked
from penstock.identity.segmented_histories import SegmentedHistories, Shape
from penstock.model.errors import NewerRelease, Transient
from penstock.ports.histories import Entry, Histories, History, HistoryFull
from penstock_testing.histories import MemoryHistories
from penstock_testing.memory import MemoryClock
from tests.contract.stubs import Scripted, refusal
from tests.support.emulators import Emulator

pytestmark = pytest.mark.asyncio(loop_scope="session")

FEED = "crew"
UNTIL = 1_900_000_000.5


@pytest.fixture
def table(ministack: Emulator) -> str:
    return ministack.table("Ledger")


@pytest.fixture
def on_dynamodb(on_ministack: AwsClients, table: str) -> SegmentedHistories:
    clock = MemoryClock()
    return SegmentedHistories(DynamoHistoryItems(on_ministack.dynamodb, table, clock), clock.now)


SEGMENTED = Shape(slots=3, small=0)


@pytest.fixture(params=["memory", "memory, segmented", "dynamodb", "dynamodb, segmented"])
def histories(request: pytest.FixtureRequest) -> Histories:
    where, _, segmented = str(request.param).partition(", ")
    if where == "memory":
        return MemoryHistories(shape=SEGMENTED) if segmented else MemoryHistories()
    on_dynamodb: SegmentedHistories = request.getfixturevalue("on_dynamodb")
    items, now = on_dynamodb._items, on_dynamodb._now
    return SegmentedHistories(items, now, SEGMENTED) if segmented else on_dynamodb


def entry(ordinal: int = 0, **changes: Any) -> Entry:
    return replace(Entry(f"D{ordinal}", ["Köhler", ordinal, None, [[1, 2]]], "a" * 20, 3, ordinal, 7), **changes)


async def read(histories: Histories, key: str = "k") -> History:
    return (await histories.read(FEED, [key]))[key]


async def write(histories: Histories, *entries: Entry, key: str = "k") -> bool:
    return await histories.write(FEED, key, await read(histories, key), entries, UNTIL)


KEPT = {"v": 2, "begin": 28_000_000, "zone": "Köhler", "flights": [[1, 2]]}


async def test_what_is_kept_comes_back_by_its_names(histories: Histories) -> None:
    """Each entry may have its own, and so may what it replaced."""
    before = entry(0, kept={"v": 1, "colour": "red"})
    entries = entry(0, kept=KEPT, was=before), entry(1, kept={"v": 2}), entry(2, kept=None), entry(3)

    assert await write(histories, *entries)

    assert (await read(histories)).entries == entries


def document(told: Any) -> bytes:
    return zlib.compress(json.dumps(told).encode())


async def test_a_history_of_the_first_version_is_read_and_written_by_name_from_then_on(
    on_dynamodb: SegmentedHistories, ministack: Emulator, table: str
) -> None:
    """It was rows without names, and what was kept was values without names."""
    rows = [
        ["D0", ["Köhler", 1], "a" * 20, 3, 0, 7, 1, None],
        ["D1", [2], "a" * 20, 3, 1, 7, 0, ["D1", [3], "b" * 20, 1, 0, 2, 1, None]],
    ]
    item = {"pk": {"S": "HISTORY#crew#k"}, "sk": {"S": "HISTORY"}, "v": {"N": "4"}, "d": {"B": document(rows)}}
    ministack.client("dynamodb").put_item(TableName=table, Item=item)

    seen = await read(on_dynamodb)
    assert seen.version == 4
    assert seen.entries == (
        Entry("D0", ["Köhler", 1], "a" * 20, 3, 0, 7, sure=True),
        Entry("D1", [2], "a" * 20, 3, 1, 7, was=Entry("D1", [3], "b" * 20, 1, 0, 2, sure=True)),
    )
    entries = (*seen.entries, entry(5, kept=KEPT))
    assert await on_dynamodb.write(FEED, "k", seen, entries, UNTIL)
    assert await read(on_dynamodb) == History(5, entries)


async def test_what_a_later_release_has_added_is_passed_over_and_what_an_earlier_one_lacks_has_its_default() -> None:
    told = {
        "v": 2, "columns": ["colour", "id", "kept", "file_id", "ordinal", "chunk"], "kept": ["begin", "colour"],
        "rows": [["red", "D0", [7, "red"], "a" * 20, 2, 3]],
    }  # fmt: skip

    assert unpacked(document(told)) == (2, (Entry("D0", {"begin": 7, "colour": "red"}, "a" * 20, 3, 2),))


async def test_a_history_of_a_newer_release_is_left_alone() -> None:
    with pytest.raises(NewerRelease, match="a history was written by a newer release: its version is 4"):
        unpacked(document({"v": 4, "sheets": []}))


async def test_what_nobody_has_written_is_empty(histories: Histories) -> None:
    assert await histories.read(FEED, ["a", "b"]) == {"a": History(), "b": History()}
    assert await histories.read(FEED, []) == {}


async def test_entries_come_back_as_they_were(histories: Histories) -> None:
    """Ordinal 0, nothing kept, and what was replaced by what was replaced."""
    first = entry(0, kept=None, sure=True)
    entries = (entry(0), entry(1, was=replace(first, was=entry(9))), first)
    assert await write(histories, *entries)

    assert (await read(histories)).entries == entries


async def test_each_write_makes_a_later_version(histories: Histories) -> None:
    for number in range(9):
        before = await read(histories)
        assert before.entries == tuple(entry(at) for at in range(number - 1))
        assert await write(histories, *(entry(at) for at in range(number)))
        assert (await read(histories)).version > before.version


async def test_who_has_read_an_earlier_version_changes_nothing(histories: Histories) -> None:
    nothing = await read(histories)
    assert await histories.write(FEED, "k", nothing, [entry(1)], UNTIL)
    earlier = await read(histories)
    assert await histories.write(FEED, "k", earlier, [entry(1), entry(2)], UNTIL)

    assert not await histories.write(FEED, "k", nothing, [entry(8)], UNTIL)
    assert not await histories.write(FEED, "k", earlier, [entry(9)], UNTIL)
    assert (await read(histories)).entries == (entry(1), entry(2))


@pytest.mark.parametrize("begun", [False, True], ids=["the first write", "a later one"])
async def test_of_many_at_once_one_wins(histories: Histories, begun: bool) -> None:
    if begun:
        await write(histories, entry(99))
    seen = await read(histories)

    won = await asyncio.gather(*(histories.write(FEED, "k", seen, [entry(at)], UNTIL) for at in range(10)))

    assert Counter(won) == {True: 1, False: 9}
    assert (await read(histories)).entries == (entry(won.index(True)),)


async def test_nobodys_update_is_lost(histories: Histories) -> None:
    """Whoever loses reads and writes again."""

    async def add(ordinal: int) -> None:
        while True:
            seen = await read(histories)
            if await histories.write(FEED, "k", seen, [*seen.entries, entry(ordinal)], UNTIL):
                return

    await asyncio.gather(*(add(ordinal) for ordinal in range(12)))

    assert sorted(one.ordinal for one in (await read(histories)).entries) == list(range(12))


async def test_many_are_read_at_once(histories: Histories) -> None:
    """More than one reading of 100."""
    keys = [f"key-{number}" for number in range(130)]
    for number, key in enumerate(keys[::10]):
        assert await write(histories, entry(number), key=key)

    found = await histories.read(FEED, keys)

    assert list(found) == keys
    assert {key: one.entries[0].ordinal for key, one in found.items() if one.version} == {
        key: number for number, key in enumerate(keys[::10])
    }


async def test_feeds_do_not_meet(histories: Histories) -> None:
    await histories.write("mro", "k", History(), [entry(1)], UNTIL)

    assert await read(histories) == History()


async def test_what_is_larger_than_an_item_is_refused(histories: Histories) -> None:
    """Digests cannot be compressed by more than half."""
    kept = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(13_000)]

    with pytest.raises(HistoryFull, match=r"390,000"):
        await write(histories, entry(1, kept=kept))
    assert await read(histories) == History()


async def test_a_year_of_duties_fits_many_times(histories: Histories) -> None:
    day = [28_000_000, "far117", "yes", "Europe/Berlin", True, [[28_000_100, 28_000_200]] * 4]
    entries = [entry(at, kept=[f"D{at}", *day, at * 1440, hashlib.md5(b"%d" % at).hexdigest()]) for at in range(4000)]

    assert await write(histories, *entries)


# -- DynamoDB alone


async def test_a_history_expires_when_it_is_told_to(
    on_dynamodb: SegmentedHistories, ministack: Emulator, table: str
) -> None:
    """R25."""
    await write(on_dynamodb, entry(1))

    (item,) = ministack.items(table)
    assert (item["pk"]["S"], item["sk"]["S"]) == ("HISTORY#crew#k", "HISTORY")
    assert item["expires_at"] == {"N": "1900000000"}


async def test_segments_expire_with_their_document(
    on_dynamodb: SegmentedHistories, ministack: Emulator, table: str
) -> None:
    """R25. It lives a quarter longer than it must."""
    segmented = SegmentedHistories(on_dynamodb._items, on_dynamodb._now, SEGMENTED)
    for number in range(3):
        await write(segmented, entry(number))

    items = ministack.items(table)
    now = on_dynamodb._now()
    assert sorted(item["sk"]["S"] for item in items) == ["HISTORY", "HISTORY#01", "HISTORY#02"]
    assert {int(item["expires_at"]["N"]) for item in items} == {int(UNTIL + (UNTIL - now) / 4)}


async def test_a_write_that_fails_is_transient() -> None:
    """MiniStack never throttles."""
    client = Scripted(update_item=[refusal("ProvisionedThroughputExceededException")])
    histories = SegmentedHistories(DynamoHistoryItems(client, "ledger", MemoryClock()), MemoryClock().now)

    with pytest.raises(Transient):
        await histories.write(FEED, "k", History(), [], UNTIL)
