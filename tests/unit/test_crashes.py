"""Invariants 1 to 4: whatever breaks or dies between any two calls of any stage, every file settles and balances,
nothing is lost and nothing done twice (R22, R23, R26, R28)."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from penstock import feeds
from penstock.feeds.feed import Limits
from penstock.feeds.traffic import TRAFFIC
from penstock.model.messages import SourceFile
from penstock.ports.destination import DestinationSettings
from tests.support.budget import faults, with_faults
from tests.support.destination import LOST, UNSENT, Api, json_answer, refusing
from tests.support.pipeline import Fault, Pipeline
from tests.support.spots import csv_file, rows_of, spot

#: Three chunks of good, bad and double records; the destination refuses one, and asks to have another again.
RECORDS = [
    *(spot(at) for at in range(6)),
    spot(6, isci="?"),
    spot(7, station="KBAD"),
    spot(8, length_s=":30"),
    spot(2),
    spot(3, rate="1.00"),
    spot(11),
]
EXPECTED = {"delivered": 8, "rejected": 3, "duplicate": 1}


@pytest.fixture(autouse=True)
def small_chunks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(feeds.FEEDS, "traffic", replace(TRAFFIC, limits=Limits(records=5)))
        yield


@dataclass
class Run:
    pipeline: Pipeline
    file: SourceFile


async def run_with(fault: Fault, honours: bool = True, concurrency: int = 4) -> Run:
    settings = DestinationSettings(
        url="api",
        batch_records=2,
        rate_per_second=1000.0,
        burst=1000,
        concurrency=concurrency,
        honours_idempotency_key=honours,
    )
    api = Api(settings, [json_answer({}, 429)], refusing("station", "KBAD"))
    pipeline = Pipeline(api, fault)
    file = pipeline.drop(csv_file(RECORDS))
    await pipeline.run()
    return Run(pipeline, file)


async def number_of_calls() -> int:
    return (await run_with(Fault())).pipeline.fault.calls


async def test_without_a_fault() -> None:
    run = await run_with(Fault())
    assert await run.pipeline.assert_sound(run.file, len(RECORDS)) == EXPECTED


@with_faults
async def test_a_fault_at_any_call_loses_nothing_and_doubles_nothing() -> None:
    """Before or after its effect, at every port call there is, with a destination that honours keys."""
    met: set[str] = set()
    for at, kills, after in faults(await number_of_calls()):
        run = await run_with(Fault(at, kills, after))
        counted = await run.pipeline.assert_sound(run.file, len(RECORDS))
        assert counted == EXPECTED, f"call {at}, {kills=}, {after=}: {run.pipeline.fault.struck}"
        assert len(run.pipeline.api.applied) == EXPECTED["delivered"]
        assert len(rows_of(run.pipeline.report(run.file, "rejects.csv"))) == EXPECTED["rejected"]
        met.add(run.pipeline.fault.struck)
    # Every port was hit, so the loop is no empty promise.
    assert met >= {
        "claim_file", "read_source", "plan_chunks", "send_batch", "seal_file", "claim_validation", "put",
        "mark_validated", "claim_dispatch", "settings", "get", "batches", "claim", "fix_batches", "book",
        "begin_attempt", "post", "note_answer", "end_batch", "give_up", "end_chunk", "file", "put_parts",
        "settle_file",
    }  # fmt: skip


@with_faults
async def test_without_keys_every_doubt_is_unknown_and_nothing_is_sent_twice() -> None:
    """Invariant 3, for a destination that would do it again."""
    doubts = 0
    for at, kills, after in faults(await number_of_calls()):
        run = await run_with(Fault(at, kills, after), honours=False)
        counted = await run.pipeline.assert_sound(run.file, len(RECORDS))
        # What is counted as delivered was applied; what was applied is delivered, or in doubt.
        applied = len(run.pipeline.api.applied)
        assert counted["delivered"] <= applied <= counted["delivered"] + counted["unknown"]
        assert counted["delivered"] + counted["unknown"] + counted["rejected"] + counted["duplicate"] == len(RECORDS)
        # At most the batches that one process had on its way are in doubt.
        assert counted["unknown"] <= 4
        doubts += counted["unknown"] > 0
    assert doubts > 0


@pytest.mark.parametrize("honours", [True, False])
async def test_many_faults_in_one_run(honours: bool) -> None:
    """Processes that die again and again, a destination that loses answers; seeds, so that a failure comes back."""
    for seed in range(60):
        rng = random.Random(seed)
        settings = DestinationSettings(
            url="api",
            batch_records=rng.randint(1, 5),
            rate_per_second=1000.0,
            burst=1000,
            concurrency=rng.randint(1, 3),
            honours_idempotency_key=honours,
        )
        troubles = [rng.choice([LOST, UNSENT, json_answer({}, 503), json_answer({}, 429)]) for _ in range(3)]
        pipeline = Pipeline(Api(settings, troubles), turns=random.Random(seed))
        files = [pipeline.drop(csv_file(RECORDS[:8])), pipeline.drop(csv_file(RECORDS[4:]), "traffic/b.csv")]
        for _ in range(6):
            pipeline.fault = Fault(rng.randrange(60), kills=rng.random() < 0.5, after=rng.random() < 0.5)
            await pipeline.step()
            await pipeline.clock.sleep(400)
        pipeline.fault = Fault()
        pipeline.dead_letters.clear()
        for held in pipeline.dispatches.messages.values():
            held.receives = 0  # what the faults have used up of a queue's patience is another matter
        await pipeline.run()
        for file, received in zip(files, (8, 8), strict=True):
            counted = await pipeline.assert_sound(file, received)
            assert honours is False or "unknown" not in counted, f"seed {seed}"
