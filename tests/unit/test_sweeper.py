"""The sweeper: dead letters, interrupted ends, stalled and overlooked files, each reported (R5)."""

import pytest

from penstock.model.errors import Transient
from penstock.model.findings import Outcome
from penstock.model.rows import FileState
from penstock.operate.sweep import LOOKED_BACK, SETTLING_IN, STALLED, SweeperPorts, look_for_overlooked, sweep
from penstock.ports.destination import DestinationSettings
from penstock_testing.memory import Held, MemoryDrops, MemoryQueue
from tests.support.destination import Api
from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, spot

KEYED = DestinationSettings(url="api", rate_per_second=1000.0, burst=1000, honours_idempotency_key=True)


class Swept:
    """A pipeline with its DLQs and its drop bucket."""

    def __init__(self) -> None:
        self.pipeline = Pipeline(Api(KEYED))
        self.dlqs = MemoryQueue(self.pipeline.clock), MemoryQueue(self.pipeline.clock)
        self.drops = MemoryDrops()

    @property
    def ports(self) -> SweeperPorts:
        of = self.pipeline
        return SweeperPorts(
            of.store, of.ledger, of.claims, of.histories, self.drops, self.dlqs, of.events, of.clock, of.rng
        )

    async def sweep(self) -> dict[str, float]:
        *_, last = await sweep(self.ports, self.pipeline.clock.now() + 60)
        return last.counts

    def gives_up(self, queue: MemoryQueue, dlq: int) -> list[str]:
        """All messages of a queue go to its DLQ."""
        bodies = [held.body for held in queue.messages.values()]
        for place, held in enumerate(queue.messages.values()):
            self.dlqs[dlq].messages[f"dead{place}"] = Held(f"dead{place}", held.body, held.group, 0.0)
        queue.messages.clear()
        return bodies


@pytest.fixture
def swept() -> Swept:
    return Swept()


async def test_chunks_in_a_dlq_are_dead_their_file_ends_and_the_letters_stay(swept: Swept) -> None:
    file = swept.pipeline.drop(csv_file(spot(at) for at in range(3)))
    for _ in range(2):
        await swept.pipeline.step()
    swept.gives_up(swept.pipeline.dispatches, 1)
    assert await swept.sweep() == {"ChunksBuried": 1, "FilesStalled": 0}
    row = await swept.pipeline.row(file)
    assert (row.state, row.counted[Outcome.DEAD], row.chunks_dead) == (FileState.SETTLED, 3, 1)
    assert swept.pipeline.report(file)["state"] == "incomplete"
    # Looked at, not taken; and nothing more comes of looking again.
    assert len(swept.dlqs[1].messages) == 1
    await swept.pipeline.clock.sleep(1000)
    assert await swept.sweep() == {"ChunksBuried": 0, "FilesStalled": 0}
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

    async def breaks(file_id: str, endings: int, now: float) -> bool:
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
    assert worked.counts == {"FilesOverlooked": 1}
    assert swept.pipeline.told("FileOverlooked") == [overlooked.file_id]
