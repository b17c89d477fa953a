"""What an older release has begun is ended by this one; what a newer one has begun is left alone (docs/versions.md).

The recordings are what a release left in tables, buckets and queues at a moment: see `tests.recorded`.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from penstock.adapters.aws_clients import AwsClients
from penstock.model import versions
from penstock.model.errors import NewerRelease
from penstock.model.intake import read_intake
from penstock.model.rows import FileRow, FileState
from penstock.operate.hold import held_of, plan_release
from penstock.operate.replay import begin_replay, plan_replay
from penstock.operate.resolve import resolve, unknowns_of
from penstock.outputs.outcomes import codes_of
from tests.recorded.newer import overlooked, taken_over
from tests.recorded.scenes import SCENES, api, component, small_chunks, week
from tests.recorded.stack import Recorded, Stack
from tests.support.emulators import Emulator
from tests.support.pipeline import Pipeline
from tests.support.spots import ndjson_file

pytestmark = pytest.mark.asyncio(loop_scope="session")

RECORDED = Path(__file__).parents[1] / "recorded"
OLDER = ("f8bec0f", "bc39e84")
ENDED = (FileState.SETTLED, FileState.REFUSED, FileState.UNPACKED)


@pytest.fixture(autouse=True)
def feeds_as_recorded() -> Iterator[None]:
    with small_chunks():
        yield


@pytest.fixture(params=OLDER)
def release(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Heir:
    """The stack that an older release has left, in this one's hands."""

    def __init__(self, ministack: Emulator, on_ministack: AwsClients, release: str) -> None:
        self._made, self._release = (ministack, on_ministack), release

    def recorded(self, scene: str) -> Recorded:
        """What the scene left."""
        return json.loads((RECORDED / self._release / f"{scene}.json").read_text(encoding="utf-8"))

    async def takes_over(self, scene: str, as_of: Callable[[Recorded], Recorded] = lambda told: told) -> Pipeline:
        """The pipeline as the scene left it, or as another release would have left it `as_of` that."""
        recorded = as_of(self.recorded(scene))
        self.stack = Stack(*self._made, api(honours_idempotency_key=recorded["destination"]["honours_keys"]))
        await self.stack.put_back(recorded)
        return self.stack.pipeline

    def rows(self) -> list[dict[str, Any]]:
        """All items of all tables."""
        return [item for table in self.stack.tables for item in self.stack.items(table)]


@pytest.fixture
def heir(ministack: Emulator, on_ministack: AwsClients, release: str) -> Heir:
    return Heir(ministack, on_ministack, release)


async def files_of(pipeline: Pipeline) -> list[FileRow]:
    return await pipeline.ledger.files(10)


async def counted(pipeline: Pipeline) -> list[dict[str, int]]:
    """The outcomes of each file, the oldest first."""
    rows = sorted(await files_of(pipeline), key=lambda row: row.file.dropped.key)
    return [{str(outcome): number for outcome, number in row.counted.items() if number} for row in rows]


async def assert_ended_well(pipeline: Pipeline) -> None:
    """Everything has ended, every account balances, and nothing was applied twice."""
    for row in await files_of(pipeline):
        assert row.state in ENDED
        assert sum(row.counted.values()) == row.received
    assert pipeline.dead_letters == []
    assert pipeline.api.conflicts == []
    assert all(times == 1 for times in pipeline.api.applied.values())


#: What the three chunks of ten spots come to: the API refuses two, a rule one, and one comes twice.
SPOTS = {"delivered": 6, "rejected": 3, "duplicate": 1}

#: The same where a batch of two was in doubt when the newer release came. Older rows do not say which call was made, so
#: nobody can make the very same one again: an operator looks at the destination's books.
PARKED = {"delivered": 5, "rejected": 2, "duplicate": 1, "unknown": 2}


@pytest.mark.parametrize(
    "scene",
    ["told", "handed_on", "sent", "validated", "in_doubt", "unavailable", "settled", "replayed", "replay_validated"],
)
async def test_a_file_on_its_way_is_brought_to_its_end(heir: Heir, scene: str) -> None:
    pipeline = await heir.takes_over(scene)

    await pipeline.run()

    assert await counted(pipeline) == [PARKED if scene == "in_doubt" else SPOTS]
    await assert_ended_well(pipeline)


async def test_the_files_of_an_archive_go_their_ways(heir: Heir) -> None:
    pipeline = await heir.takes_over("unpacked")

    await pipeline.run()

    assert await counted(pipeline) == [
        {},
        {"delivered": 1, "rejected": 2},
        {"delivered": 5, "rejected": 1, "duplicate": 1},
    ]
    await assert_ended_well(pipeline)


async def test_a_refused_file_is_seen_as_before(heir: Heir) -> None:
    pipeline = await heir.takes_over("refused")
    (row,) = await files_of(pipeline)

    assert row.refused is not None
    assert (row.state, row.refused.code) == (FileState.REFUSED, "format.empty")


async def test_what_was_delivered_is_still_known_and_a_file_that_comes_again_is_all_duplicates(heir: Heir) -> None:
    pipeline = await heir.takes_over("settled")
    ((_, body),) = [(key, body) for key, body in pipeline.store.sources.items()]

    again = pipeline.drop(body, "traffic/spots.csv")
    await pipeline.run()

    assert await pipeline.counted(again) == {"rejected": 3, "duplicate": 7}
    await assert_ended_well(pipeline)


async def test_what_was_rejected_is_delivered_by_a_replay(heir: Heir) -> None:
    pipeline = await heir.takes_over("settled")
    (row,) = await files_of(pipeline)
    pipeline.api.refuses = lambda record: 0

    replay = await plan_replay(pipeline.ledger, pipeline.store, row, code="destination.rejected")
    await begin_replay(pipeline, replay)
    await pipeline.run()

    assert await counted(pipeline) == [{"delivered": 8, "rejected": 1, "duplicate": 1}]
    await assert_ended_well(pipeline)


async def test_an_unknown_batch_is_resolved(heir: Heir) -> None:
    pipeline = await heir.takes_over("unknown")
    (row,) = await files_of(pipeline)
    (unknown,) = await unknowns_of(pipeline.ledger, row.file.file_id)

    await resolve(pipeline, row, unknown, delivered=True)

    assert (await counted(pipeline))[0].get("unknown") is None
    assert (await counted(pipeline))[0]["delivered"] == 7


async def test_a_dead_chunk_comes_back_to_life_and_what_was_in_doubt_stays_unknown(heir: Heir) -> None:
    pipeline = await heir.takes_over("dead")
    assert (await counted(pipeline))[0]["unknown"] == 2

    for letter in heir.recorded("dead")["dead_letters"]:
        pipeline.put(pipeline.dispatches, letter)
    await pipeline.run()

    assert await counted(pipeline) == [PARKED]
    await assert_ended_well(pipeline)


async def test_a_held_record_is_released(heir: Heir) -> None:
    pipeline = await heir.takes_over("held")
    (row,) = await files_of(pipeline)
    held = await held_of(pipeline.ledger, pipeline.store, row.file.file_id)
    assert [codes_of(line) for one in held for line in one.outcome_lines.values()] == [["mro.ocr_confidence"]]

    await begin_replay(pipeline, plan_release(row, held))
    await pipeline.run()

    assert await counted(pipeline) == [{"delivered": 3}]
    await assert_ended_well(pipeline)


@pytest.mark.parametrize("scene", ["flown", "corrected"])
async def test_a_correction_is_never_delivered_twice(heir: Heir, scene: str) -> None:
    pipeline = await heir.takes_over(scene)

    await pipeline.run()

    told = await counted(pipeline)
    assert sum(one.get("delivered", 0) for one in told) == 13
    # The correction was in doubt, as above.
    assert sum(one.get("unknown", 0) for one in told) == (scene == "corrected")
    await assert_ended_well(pipeline)


@pytest.mark.parametrize("scene", ["flown", "corrected"])
async def test_what_was_flown_before_counts(heir: Heir, scene: str) -> None:
    """12 duties of 8 hours are within 100 hours, the 13th is not (117.23(b)(1))."""
    pipeline = await heir.takes_over(scene)
    await pipeline.run()

    thirteenth = pipeline.drop(ndjson_file([week(12)]), "crew/late.ndjson")
    await pipeline.run()

    assert await pipeline.counted(thirteenth) == {"rejected": 1}
    (line,) = (await pipeline.outcome_lines(thirteenth)).values()
    assert "crew.far117.flight_time_672h" in codes_of(line)


async def test_a_removal_that_is_known_counts(heir: Heir) -> None:
    pipeline = await heir.takes_over("held")
    fewer = pipeline.drop(
        ndjson_file([component(0, removal_date="2026-03-02", hours_since_new="12499")]),
        "mro/late.ndjson",
    )
    await pipeline.run()

    assert await pipeline.counted(fewer) == {"rejected": 1}
    (line,) = (await pipeline.outcome_lines(fewer)).values()
    assert "mro.hours_fall" in codes_of(line)


# -- a newer release was here, and is gone


@pytest.fixture
def last(ministack: Emulator, on_ministack: AwsClients) -> Heir:
    """In the hands of the release before the newer one."""
    return Heir(ministack, on_ministack, OLDER[-1])


@pytest.mark.parametrize("scene", ["handed_on", "sent", "validated", "in_doubt", "unavailable", "replay_validated"])
async def test_what_a_newer_release_says_more_is_passed_over(last: Heir, scene: str) -> None:
    pipeline = await last.takes_over(scene, overlooked)

    await pipeline.run()

    assert await counted(pipeline) == [PARKED if scene == "in_doubt" else SPOTS]
    await assert_ended_well(pipeline)


DAYS = 86_400.0

#: What a newer release has begun, where: whoever comes to it first here, leaves it.
BEGUN = [
    ("message", "handed_on"),
    ("message", "sent"),
    ("message", "validated"),
    ("file", "told"),
    ("file", "handed_on"),
    ("chunk", "sent"),
    ("chunk", "validated"),
    ("batch", "in_doubt"),
    ("claim", "unavailable"),
    ("accepted", "validated"),
]


@pytest.mark.parametrize(("what", "scene"), BEGUN)
async def test_what_a_newer_release_has_begun_is_left_alone_for_days(last: Heir, what: str, scene: str) -> None:
    """Longer than a queue keeps a message, and nothing lies in a DLQ."""
    pipeline = await last.takes_over(scene, lambda told: taken_over(told, what))
    if (what, scene) == ("file", "told"):
        # The newer release has opened the file's row.
        with pytest.MonkeyPatch.context() as newer:
            newer.setattr(versions, "FILE", versions.FILE + 1)
            (message,) = read_intake(next(iter(pipeline.intake.messages.values())).body)
            await pipeline.ledger.claim_file(message.file, pipeline.clock.now() - 900, 1)
    applied, ends = dict(pipeline.api.applied), pipeline.clock.now() + 8 * DAYS

    while pipeline.clock.now() < ends:
        await pipeline.step()
        await pipeline.clock.sleep(6 * 3600)

    left = [error for error in pipeline.errors if isinstance(error, NewerRelease)]
    told = {reason for reason in [*map(str, left), *pipeline.put_off] if "newer release" in reason}
    assert told
    assert pipeline.dead_letters == []
    assert pipeline.intake.messages or pipeline.chunks.messages or pipeline.dispatches.messages
    assert set(pipeline.api.applied) >= set(applied)
    assert all(times == 1 for times in pipeline.api.applied.values())
    for row in await files_of(pipeline):
        assert row.state not in ENDED


@pytest.mark.parametrize(("what", "scene"), [("file", "handed_on"), ("chunk", "validated"), ("claim", "unavailable")])
async def test_once_the_newer_release_is_back_all_of_it_ends(last: Heir, what: str, scene: str) -> None:
    pipeline = await last.takes_over(scene, lambda told: taken_over(told, what))
    for _ in range(20):
        await pipeline.step()
        await pipeline.clock.sleep(3600)

    with pytest.MonkeyPatch.context() as newer:
        newer.setattr(versions, what.upper(), 2)
        await pipeline.run()
        assert await counted(pipeline) == [SPOTS]
        await assert_ended_well(pipeline)


async def test_the_prober_leaves_a_message_of_a_newer_release(last: Heir) -> None:
    """While the circuit is open it is the one that takes messages."""
    pipeline = await last.takes_over("validated", lambda told: taken_over(told, "message"))
    bodies = sorted(held.body for held in pipeline.dispatches.messages.values())
    pipeline.mappings.off.add("traffic")
    assert await pipeline.throttle.trip("traffic", pipeline.clock.now(), pipeline.clock.now(), "the test says so")

    for _ in range(100):
        await pipeline.probe()
        await pipeline.clock.sleep(60)

    assert sorted(held.body for held in pipeline.dispatches.messages.values()) == bodies
    assert max(held.receives for held in pipeline.dispatches.messages.values()) <= 1


async def test_every_scene_is_recorded_of_every_release() -> None:
    for release in OLDER:
        assert {path.stem for path in (RECORDED / release).iterdir()} == SCENES.keys()
