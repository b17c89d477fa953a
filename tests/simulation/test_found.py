"""Bugs that the simulator has found, each as the shortest story that shows it, with the seed that told it first."""

import asyncio
import math
from dataclasses import replace
from typing import Any

import pytest

from penstock import feeds
from penstock.feeds.traffic import TRAFFIC
from penstock.model.messages import DispatchMessage, read_message
from penstock.model.records import Accepted
from penstock.model.rows import BatchRow, ChunkRow, Owner
from penstock.operate.replay import begin_replay, plan_replay
from penstock.outputs.accepted import load_accepted
from penstock.outputs.judged import part_of
from penstock.ports.destination import Answer, DestinationSettings
from penstock_testing.ledger import MemoryLedger
from penstock_testing.memory import MemoryClock, MemoryStore
from tests.simulation.virtual import VirtualLoop
from tests.support.destination import LOST, Api
from tests.support.pipeline import Fault, Pipeline
from tests.support.spots import csv_file, rows_of, spot

KEYED = DestinationSettings(
    url="api", batch_records=3, rate_per_second=1000.0, burst=1000, timeout_seconds=20.0, honours_idempotency_key=True
)


def applied(pipeline: Pipeline) -> list[int]:
    """How often each record was applied."""
    return list(pipeline.api.applied.values())


def accepted_in(pipeline: Pipeline, key: str) -> list[Accepted]:
    """The accepted records of a chunk."""
    return load_accepted(part_of(pipeline.store.work[key], "accepted") or b"")


async def test_a_5xx_after_the_deed_is_a_doubt_until_the_key_is_forgotten() -> None:
    """Seed 289: taken for nothing done, it was sent again when the outage had outlasted the key."""

    class FailsAfterTheDeed(Api):
        async def post(self, settings: DestinationSettings, key: str, body: bytes) -> Answer:
            await super().post(settings, key, body)
            return Answer(502)

    # Given
    pipeline = Pipeline(FailsAfterTheDeed(replace(KEYED, key_retention_hours=0.5)))
    file = pipeline.drop(csv_file([spot(1)]))
    while not pipeline.api.bodies:
        await pipeline.step()
    # When
    await pipeline.clock.sleep(3600)
    pipeline.api._answers.clear()
    await pipeline.run()
    # Expect
    assert await pipeline.assert_sound(file, 1) == {"unknown": 1}
    assert applied(pipeline) == [1]


async def test_a_gateway_that_refuses_the_second_call_does_not_reject_what_the_first_has_done() -> None:
    """Seed 10: rejected by a 403, though it had been applied, mended by its sender, and applied again."""
    pipeline = Pipeline(Api(KEYED, [LOST, Answer(403), Answer(404)]))
    file = pipeline.drop(csv_file([spot(1)]))
    await pipeline.run()
    assert await pipeline.assert_sound(file, 1) == {"delivered": 1}
    assert applied(pipeline) == [1]


async def test_a_key_does_not_end_while_its_call_waits_for_its_turn() -> None:
    """Still good when it was looked at, forgotten by the destination when the call's turn had come."""
    # Given a doubt, 100 seconds old, and a destination whose next minutes are booked
    pipeline = Pipeline(Api(replace(KEYED, key_retention_hours=0.1), [LOST]))
    file = pipeline.drop(csv_file([spot(1)]))
    while not pipeline.api.bodies:
        await pipeline.step()
    await pipeline.clock.sleep(100)
    await pipeline.throttle.book("traffic", [270], pipeline.clock.now(), horizon=0)
    # When
    await pipeline.run()
    # Expect
    assert len(pipeline.api.bodies) == 1
    assert await pipeline.assert_sound(file, 1) == {"unknown": 1}


async def test_a_call_that_a_slow_ledger_holds_up_does_not_crowd_those_behind_it() -> None:
    """Seed 54: its place in the line was long past when it set out, and others had theirs just then."""

    class SlowLedger(MemoryLedger):
        async def begin_attempt(self, chunk: ChunkRow, fence: int, batch: BatchRow, now: float) -> BatchRow:
            await clock.sleep(10 if not batch.attempts else 0)
            return await super().begin_attempt(chunk, fence, batch, now)

    # Given
    pipeline = Pipeline(Api(replace(KEYED, rate_per_second=1.0, burst=1)))
    clock: MemoryClock = pipeline.clock
    pipeline.ledger = SlowLedger()
    # When
    file = pipeline.drop(csv_file([spot(1)]))
    for _ in range(3):
        await pipeline.step()
    # Expect nothing sent, and no doubt either
    assert not pipeline.api.bodies
    assert not (await pipeline.ledger.batches(file.file_id, 0))[0].unanswered
    await pipeline.run()
    assert await pipeline.assert_sound(file, 1) == {"delivered": 1}


async def test_a_burst_of_records_counts_every_record_of_a_batch() -> None:
    """Seed 2370: a batch of three came at once after a single one, four where three were allowed."""
    departures: list[tuple[float, int]] = []

    class Booked(Api):
        async def post(self, settings: DestinationSettings, key: str, body: bytes) -> Answer:
            answer: Any = await super().post(settings, key, body)
            departures.append((pipeline.clock.now(), body.count(b"spot_id")))
            return answer

    settings = replace(KEYED, rate_per_second=2.0, rate_unit="records", burst=3, concurrency=1)
    pipeline = Pipeline(Booked(settings))
    for at, records in enumerate((1, 3, 2, 3)):
        pipeline.drop(csv_file(spot(10 * at + one) for one in range(records)), f"traffic/{at}.csv")
    await pipeline.run()
    assert sum(records for _, records in departures) == 9
    for first in range(len(departures)):
        for last in range(first, len(departures)):
            window = departures[last][0] - departures[first][0]
            assert sum(records for _, records in departures[first : last + 1]) <= 2.0 * window + 3 + 2.0 * 0.25


async def test_a_record_that_is_being_replayed_is_on_its_way_whatever_became_of_it_before() -> None:
    """Seed 29372: what was refused in the first round was taken over by a twin while its replay was in doubt."""
    pipeline = Pipeline(Api(KEYED, [], lambda record: 422))
    first = pipeline.drop(csv_file([spot(1)]))
    await pipeline.run()
    assert await pipeline.counted(first) == {"rejected": 1}
    # Given a replay that has claimed its record again, and then stands still
    pipeline.api.refuses = lambda record: 0
    replay = await plan_replay(pipeline.ledger, pipeline.store, await pipeline.row(first))
    await begin_replay(pipeline, replay)
    await pipeline.step()
    (held,) = pipeline.dispatches.messages.values()
    held.visible_at += 7200
    message = read_message(held.body, DispatchMessage)
    (record,) = accepted_in(pipeline, f"chunks/{first.file_id}/000000/generation-1/accepted")
    assert message.chunk.generation == 1
    owner = Owner(first.file_id, 0, record.ordinal, record.digest)
    assert await pipeline.claims.claim("traffic", {record.identity: owner}) == {record.identity: owner}
    # When a twin comes
    twin = pipeline.drop(csv_file([spot(1)]), "traffic/twin.csv")
    await pipeline.run()
    # Expect it to have waited
    assert await pipeline.assert_sound(first, 1) == {"delivered": 1}
    assert await pipeline.assert_sound(twin, 1) == {"duplicate": 1}


async def test_a_claim_that_a_broken_attempt_left_behind_holds_up_nobody_of_its_own_chunk() -> None:
    """Seed 24912: a correction had claimed its identity before the record that comes first was decided again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(feeds.FEEDS, "traffic", replace(TRAFFIC, revision="length_s"))
        pipeline = Pipeline(Api(KEYED))
        file = pipeline.drop(csv_file([spot(1, length_s="30"), spot(1, length_s="45")]))
        for _ in range(2):
            await pipeline.step()
        _, second = accepted_in(pipeline, f"chunks/{file.file_id}/000000/accepted")
        owner = Owner(file.file_id, 0, second.ordinal, second.digest, second.revision)
        await pipeline.claims.claim("traffic", {second.identity: owner})
        await pipeline.run()
        assert await pipeline.assert_sound(file, 2) == {"delivered": 2}
        assert [body["records"][0]["length_s"] for _, body in pipeline.api.bodies] == [30, 45]


def test_no_timer_of_the_simulator_comes_early() -> None:
    """Seed 82525, a bug of its own: a queue woken for a message, less than a microsecond before that was visible, saw
    nothing, and was never woken again."""
    loop, told = VirtualLoop(), list[float]()
    close = [2100.1, math.nextafter(2100.1, math.inf), 2100.1 + 1.6e-7]
    for at in close:
        loop.call_at(at, lambda: told.append(loop.time()))
    loop.run_until_complete(asyncio.sleep(3000))
    loop.close()
    assert told == close


async def test_a_report_that_was_held_up_is_not_put_over_a_later_one() -> None:
    """Seed 89348: the worker that wrote it broke before it saw that a chunk had ended again and was reported, and
    nobody wrote the file's rejects anew."""

    class SlowStore(MemoryStore):
        async def get(self, key: str) -> bytes | None:
            body = await super().get(key)
            if "rejects-" in key and pipeline.api.refuses({}):
                await replayed()
            return body

    async def replayed() -> None:
        pipeline.api.refuses = lambda record: 0
        replay = await plan_replay(pipeline.ledger, pipeline.store, await pipeline.row(file))
        await begin_replay(pipeline, replay)
        await pipeline.run()
        pipeline.fault = death

    for at in range(20):
        # Given the report of a rejected record, in the midst of which its replay delivers it
        pipeline, death = Pipeline(Api(KEYED, [], lambda record: 422)), Fault(at, kills=True)
        pipeline.store = SlowStore()
        file = pipeline.drop(csv_file([spot(1)]))
        # When the worker goes on, and dies at one of its next calls
        await pipeline.run()
        # Expect
        assert await pipeline.assert_sound(file, 1) == {"delivered": 1}
        assert rows_of(pipeline.report(file, "rejects.csv")) == []
        assert pipeline.report(file)["account_version"] == (await pipeline.row(file)).ends > 1
        if not death.struck:
            return
    raise AssertionError("the end of a report makes more calls than that")
