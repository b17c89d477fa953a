"""The sweeper: dead letters, interrupted ends, stalled and overlooked files, each reported (R5)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from penstock.model.errors import Transient
from penstock.model.findings import Outcome
from penstock.model.rows import FileState
from penstock.operate.sweep import LOOKED_BACK, SETTLING_IN, STALLED, look_for_overlooked, sweep
from penstock.ports.destination import DestinationSettings
from penstock_testing.memory import Held, MemoryDrops
from tests.support.spots import csv_file, spot
from tests.support.swept import Swept

KEYED = DestinationSettings(url="api", rate_per_second=1000.0, burst=1000, honours_idempotency_key=True)


FOUND_NOTHING = {
    "ChunksBuried": 0,
    "FilesOverdue": 0,
    "FilesStalled": 0,
    "LookFaults": 0,
    "LooksCutShort": 0,
    "WorkLooks": 1,
}


@pytest.fixture
def swept() -> Swept:
    return Swept()


async def test_chunks_in_a_dlq_are_dead_their_file_ends_and_the_letters_stay(swept: Swept) -> None:
    file = swept.pipeline.drop(csv_file(spot(at) for at in range(3)))
    for _ in range(2):
        await swept.pipeline.step()
    swept.gives_up(swept.pipeline.dispatches, 1)
    assert await swept.sweep() == FOUND_NOTHING | {"ChunksBuried": 1}
    row = await swept.pipeline.row(file)
    assert (row.state, row.counted[Outcome.DEAD], row.chunks_dead) == (FileState.SETTLED, 3, 1)
    assert swept.pipeline.report(file)["state"] == "incomplete"
    # Looked at, not taken; and nothing more comes of looking again.
    assert len(swept.dlqs[1].messages) == 1
    await swept.pipeline.clock.sleep(1000)
    assert await swept.sweep() == FOUND_NOTHING
    assert await swept.pipeline.row(file) == row


async def test_a_letter_nobody_can_read_stays_and_holds_nothing_up(swept: Swept) -> None:
    file = swept.pipeline.drop(csv_file(spot(at) for at in range(3)))
    for _ in range(2):
        await swept.pipeline.step()
    swept.dlqs[1].messages["odd"] = Held("odd", "{}", "traffic", 0.0)
    swept.gives_up(swept.pipeline.dispatches, 1)
    assert (await swept.sweep())["ChunksBuried"] == 1
    assert len(swept.dlqs[1].messages) == 2
    assert (await swept.pipeline.row(file)).state is FileState.SETTLED


async def test_a_file_whose_end_was_interrupted_is_finished(swept: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker died between settling the last chunk and settling the file, and its message was deleted all the same."""

    async def breaks(file_id: str, ends: int, now: float) -> bool:
        raise Transient("throttled")

    file = swept.pipeline.drop(csv_file(spot(at) for at in range(3)))
    with monkeypatch.context() as patch:
        patch.setattr(swept.pipeline.ledger, "settle_file", breaks)
        for _ in range(3):
            await swept.pipeline.step()
    swept.pipeline.dispatches.messages.clear()
    assert (await swept.pipeline.row(file)).state is FileState.SEALED
    finished, _ = await sweep(swept.ports, swept.pipeline.clock.now() + 60)
    assert (finished.what, finished.trace) == ("finished", file.file_id)
    assert await swept.pipeline.assert_sound(file, 3) == {"delivered": 3}


async def test_a_file_that_is_open_for_too_long_is_reported_once(swept: Swept) -> None:
    file = swept.pipeline.drop(csv_file(spot(at) for at in range(3)))
    await swept.pipeline.step()
    swept.pipeline.chunks.messages.clear()
    assert (await swept.sweep())["FilesStalled"] == 0
    await swept.pipeline.clock.sleep(STALLED + 1)
    for _ in range(2):
        assert (await swept.sweep())["FilesStalled"] == 1
    assert swept.pipeline.told("FileStalled") == [file.file_id]


async def test_a_drop_without_a_row_is_reported_when_it_has_had_its_time(swept: Swept) -> None:
    """R5."""
    now = swept.pipeline.clock.now()
    seen = swept.pipeline.drop(csv_file([spot(1)]))
    await swept.pipeline.run()
    overlooked = swept.pipeline.store.drop("traffic/unheard.csv", b"x")
    new = swept.pipeline.store.drop("traffic/new.csv", b"x")
    old = swept.pipeline.store.drop("traffic/old.csv", b"x")
    swept.drops.files = [(now, seen), (now, overlooked), (now + SETTLING_IN, new), (now - LOOKED_BACK, old)]
    await swept.pipeline.clock.sleep(SETTLING_IN + 1)
    (worked,) = await look_for_overlooked(swept.ports, swept.pipeline.clock.now() + 60)
    assert worked.counts == {"FilesOverlooked": 1, "LookFaults": 0, "LooksCutShort": 0, "DropsLooks": 1}
    assert swept.pipeline.told("FileOverlooked") == [overlooked.file_id]


# -- each by itself


async def test_a_file_whose_end_fails_stops_no_other_and_is_told(swept: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any error that was not Transient ended the sweep at that file, the oldest first."""
    files = [swept.pipeline.drop(csv_file([spot(at)]), f"traffic/{at}.csv") for at in range(3)]
    with monkeypatch.context() as patch:
        patch.setattr(swept.pipeline.ledger, "settle_file", _throttled)
        for _ in range(3):
            await swept.pipeline.step()
            await swept.pipeline.clock.sleep(1)
    swept.pipeline.dispatches.messages.clear()
    settle = swept.pipeline.ledger.settle_file

    async def breaks(file_id: str, ends: int, now: float) -> bool:
        if file_id == files[0].file_id:
            raise ValueError("what a record says")
        return await settle(file_id, ends, now)

    monkeypatch.setattr(swept.pipeline.ledger, "settle_file", breaks)
    assert (await swept.sweep())["LookFaults"] == 1
    states = [(await swept.pipeline.row(file)).state for file in files]
    assert states == [FileState.SEALED, FileState.SETTLED, FileState.SETTLED]
    (fault,) = await swept.pipeline.ledger.faults(0.0)
    assert (fault.look, fault.about, fault.error) == ("work", files[0].file_id, "ValueError")
    assert "record" not in repr(fault)


async def _throttled(*_: object) -> bool:
    raise Transient("throttled")


async def test_a_letter_that_cannot_be_buried_stops_no_other(swept: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [swept.pipeline.drop(csv_file([spot(at)]), f"traffic/{at}.csv") for at in range(3)]
    for _ in files:
        await swept.pipeline.handle_next(swept.pipeline.intake)
    swept.gives_up(swept.pipeline.chunks, 0)
    claim = swept.pipeline.ledger.claim_ending

    async def breaks(file_id: str, *args: Any) -> Any:
        if file_id == files[0].file_id:
            raise KeyError(file_id)
        return await claim(file_id, *args)

    monkeypatch.setattr(swept.pipeline.ledger, "claim_ending", breaks)
    told = await swept.sweep()
    assert (told["ChunksBuried"], told["LookFaults"]) == (2, 1)


async def test_a_queue_that_cannot_be_received_from_stops_no_other(swept: Swept) -> None:
    file = swept.pipeline.drop(csv_file([spot(1)]))
    for _ in range(2):
        await swept.pipeline.step()
    swept.gives_up(swept.pipeline.dispatches, 1)
    swept.dlqs[0].receive = _breaks  # type: ignore[method-assign]
    told = await swept.sweep()
    assert (told["ChunksBuried"], told["LookFaults"]) == (1, 1)
    assert (await swept.pipeline.row(file)).state is FileState.SETTLED


async def _breaks(*_: object) -> Any:
    raise RuntimeError("no such queue")


async def test_files_behind_those_of_one_sweep_have_their_turn_in_the_next(
    swept: Swept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.operate.sweep.LOOKED_AT", 2)
    files = [swept.pipeline.drop(csv_file([spot(at)]), f"traffic/{at}.csv") for at in range(5)]
    for _ in files:
        await swept.pipeline.handle_next(swept.pipeline.intake)
        await swept.pipeline.clock.sleep(1)
    await swept.pipeline.clock.sleep(STALLED)
    cut_short = [(await swept.sweep())["LooksCutShort"] for _ in range(3)]
    assert swept.pipeline.told("FileStalled") == [file.file_id for file in files]
    assert cut_short == [1, 1, 0]


async def test_a_bucket_full_of_older_drops_is_looked_through_in_as_many_looks_as_it_takes(
    swept: Swept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The listing alone can take longer than one look has."""
    now = swept.pipeline.clock.now()
    old = [swept.pipeline.store.drop(f"traffic/{at}.csv", b"x") for at in range(5)]
    overlooked = swept.pipeline.store.drop("traffic/9.csv", b"x")
    swept.drops.files = [(now - LOOKED_BACK, file) for file in old] + [(now, overlooked)]
    await swept.pipeline.clock.sleep(SETTLING_IN + 1)
    between = MemoryDrops.between

    async def slow(drops: MemoryDrops, *about: Any) -> AsyncIterator[Any]:
        async for one in between(drops, *about):
            await swept.pipeline.clock.sleep(10)
            yield one

    monkeypatch.setattr(MemoryDrops, "between", slow)
    found: list[float] = []
    for _ in range(3):
        (worked,) = await look_for_overlooked(swept.ports, swept.pipeline.clock.now() + 25)
        found.append(worked.counts["FilesOverlooked"])
    assert found == [0, 1, 0]
    assert swept.pipeline.told("FileOverlooked") == [overlooked.file_id]


async def test_a_look_for_drops_that_is_cut_short_says_so_and_goes_on_there_the_next_time(swept: Swept) -> None:
    """1,000 overlooked, 477 told, and always the same."""
    now = swept.pipeline.clock.now()
    dropped = [swept.pipeline.store.drop(f"traffic/{at:03d}.csv", b"x") for at in range(10)]
    swept.drops.files = [(now, file) for file in dropped]
    await swept.pipeline.clock.sleep(SETTLING_IN + 1)
    file = swept.pipeline.ledger.file

    async def slow(file_id: str) -> Any:
        await swept.pipeline.clock.sleep(10)
        return await file(file_id)

    swept.pipeline.ledger.file = slow  # type: ignore[method-assign]
    looks: list[dict[str, float]] = []
    for _ in range(3):
        (worked,) = await look_for_overlooked(swept.ports, swept.pipeline.clock.now() + 35)
        looks.append(worked.counts)
    assert [look["LooksCutShort"] for look in looks] == [1, 1, 0]
    assert sum(look["FilesOverlooked"] for look in looks) == 10
    assert swept.pipeline.told("FileOverlooked") == [one.file_id for one in dropped]
