"""The version of an object is deleted, and what was dropped is only known by what was made of it: every record has its
end all the same, nothing waits, and nothing is tried for ever."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import pytest

from penstock import feeds
from penstock.feeds.feed import Limits, Record, Rule
from penstock.feeds.traffic import TRAFFIC
from penstock.model.findings import Outcome, Severity
from penstock.model.messages import SourceFile
from penstock.operate.sweep import sweep
from penstock_ops.operate import replays
from penstock_ops.operate.held import begin_release, prepare_release
from penstock_ops.operate.replays import Asked
from penstock_testing.memory import Held, MemoryQueue
from tests.support.destination import Api, refusing
from tests.support.operators import operated
from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, rows_of, spot
from tests.support.swept import Swept

RECORDS = [spot(at, **({"station": "KBAD"} if at == 1 else {})) for at in range(6)]
BODY = csv_file(RECORDS)


class Crashed(Exception):
    """The process is gone."""


def _second(records: Sequence[Record]) -> list[int]:
    return [at for at, one in enumerate(records) if one["advertiser"] == "Odd"]


@pytest.fixture(autouse=True)
def chunks_of_four(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(feeds.FEEDS, "traffic", replace(TRAFFIC, limits=Limits(records=4)))


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline(Api(refuses=refusing("station", "KBAD")))


def delete_original(pipeline: Pipeline) -> None:
    pipeline.store.sources.clear()


async def validated(pipeline: Pipeline) -> SourceFile:
    """A file whose chunks are judged, and not delivered yet."""
    file = pipeline.drop(BODY)
    await pipeline.handle_next(pipeline.intake)
    for _ in range(2):
        await pipeline.handle_next(pipeline.chunks)
    return file


async def test_a_record_that_is_rejected_when_its_original_is_gone_comes_back_by_what_is_known(
    pipeline: Pipeline,
) -> None:
    file = await validated(pipeline)
    delete_original(pipeline)

    await pipeline.run()

    assert await pipeline.assert_sound(file, 6) == {"delivered": 5, "rejected": 1}
    (row,) = rows_of(pipeline.report(file, "rejects.csv"))
    assert (row["penstock_ordinal"], row["penstock_line"]) == ("1", "")
    assert row["penstock_code"] == "destination.rejected"
    assert (row["station"], row["spot_id"]) == ("KBAD", "S00001")
    digest = hashlib.sha256(BODY.splitlines()[2]).hexdigest()
    assert "the original was deleted" in row["penstock_record"]
    assert digest in row["penstock_record"]
    assert (await pipeline.row(file)).findings["format.gone"] == 1


async def test_the_letter_of_a_chunk_that_the_original_is_missed_for_is_buried_and_so_are_the_others(
    pipeline: Pipeline,
) -> None:
    """Every sweep raised at it, and buried none of the letters behind it."""
    # Given two chunks in the DLQ, of which the first has a record that the destination has refused
    file = await validated(pipeline)
    first, second = list(pipeline.dispatches.messages.values())

    async def breaks(*_: object) -> None:
        raise Crashed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline.ledger, "end_chunk", breaks)
        with pytest.raises(Crashed):
            await pipeline.work(pipeline.dispatches, first.body)
    pipeline.dispatches.messages.clear()
    dlq = MemoryQueue(pipeline.clock)
    for letter in (first, second):
        dlq.messages[letter.receipt] = Held(letter.receipt, letter.body, letter.group, 0.0)
    delete_original(pipeline)
    # When
    await pipeline.clock.sleep(1000)
    swept = Swept(pipeline)
    swept.dlqs[0].messages.update(dlq.messages)
    *_, told = await sweep(swept.ports, pipeline.clock.now() + 60)
    # Expect
    assert told.counts["ChunksBuried"] == 2
    assert await pipeline.counted(file) == {"delivered": 3, "rejected": 1, "dead": 2}
    assert pipeline.report(file)["state"] == "incomplete"


async def test_records_that_were_not_judged_when_their_original_went_are_dead_at_once_and_their_file_ends(
    pipeline: Pipeline,
) -> None:
    file = pipeline.drop(BODY)
    await pipeline.handle_next(pipeline.intake)
    await pipeline.handle_next(pipeline.chunks)
    delete_original(pipeline)

    await pipeline.run()

    assert pipeline.errors == []
    row = await pipeline.row(file)
    dead = row.counted[Outcome.DEAD]
    assert 0 < dead < 6
    assert row.findings["format.gone"] >= dead
    report = pipeline.report(file)
    assert (report["balanced"], report["state"]) == (True, "incomplete")
    lines = await pipeline.outcome_lines(file)
    codes = [line["findings"][0]["code"] for line in lines.values() if line["outcome"] == "dead"]
    assert codes == ["format.gone"] * dead


async def test_a_validator_that_died_behind_its_outputs_hands_them_on_without_the_original(pipeline: Pipeline) -> None:
    """Judged is judged: what was rejected with its bytes stays so."""
    body = csv_file(spot(at, **({"isci": "?"} if at == 2 else {})) for at in range(4))
    file = pipeline.drop(body)
    await pipeline.handle_next(pipeline.intake)
    with pytest.MonkeyPatch.context() as patch:

        async def breaks(*_: object) -> list[int]:
            raise Crashed

        patch.setattr(pipeline.dispatches, "send_batch", breaks)
        held = next(iter(pipeline.chunks.messages.values()))
        with pytest.raises(Crashed):
            await pipeline.work(pipeline.chunks, held.body)
    delete_original(pipeline)

    await pipeline.run()

    assert await pipeline.assert_sound(file, 4) == {"delivered": 3, "rejected": 1}
    (row,) = rows_of(pipeline.report(file, "rejects.csv"))
    assert (row["penstock_line"], row["isci"]) == ("4", "?")


async def test_a_replay_says_that_the_original_is_gone_and_begins_nothing(pipeline: Pipeline) -> None:
    file = pipeline.drop(csv_file(spot(at, **({"isci": "?"} if at == 2 else {})) for at in range(4)))
    await pipeline.run()
    delete_original(pipeline)

    plan = await replays.prepare(operated(pipeline), await pipeline.row(file), Asked(file.file_id))

    assert plan.replay.messages == []
    told = replays.described(plan, limit=100)
    assert told["gone"] == 1
    assert told["then"] == [
        "there is nothing to replay",
        "the original was deleted: 1 records cannot be judged again; the sender has to drop them again",
    ]


async def test_what_was_accepted_before_is_replayed_as_it_was_accepted(pipeline: Pipeline) -> None:
    """The destination was wrong about it, and has been mended."""
    file = pipeline.drop(BODY)
    await pipeline.run()
    assert await pipeline.counted(file) == {"delivered": 5, "rejected": 1}
    delete_original(pipeline)
    pipeline.api.refuses = lambda record: 0

    plan = await replays.prepare(operated(pipeline), await pipeline.row(file), Asked(file.file_id))
    await replays.begin(operated(pipeline), plan)
    await pipeline.run()

    assert await pipeline.assert_sound(file, 6) == {"delivered": 6}
    assert rows_of(pipeline.report(file, "rejects.csv")) == []


async def test_a_held_record_is_released_without_the_original(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    flagged = Rule("traffic.odd", "advertiser", "look at it", _second, Severity.SOFT)
    monkeypatch.setitem(feeds.FEEDS, "traffic", replace(TRAFFIC, rules=(flagged,), soft="hold"))
    file = pipeline.drop(csv_file(spot(at, advertiser="Odd" if at == 2 else "Even") for at in range(4)))
    await pipeline.run()
    assert await pipeline.counted(file) == {"delivered": 3, "held": 1}
    delete_original(pipeline)

    prepared = await prepare_release(operated(pipeline), await pipeline.row(file), "2")
    await begin_release(operated(pipeline), prepared, by="", note="it is fine")
    await pipeline.run()

    assert await pipeline.assert_sound(file, 4) == {"delivered": 4}
