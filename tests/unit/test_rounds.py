"""What becomes of a chunk that died, is redriven, replayed or resolved: outcomes that were final and good never change,
and the file's account is whole after every step (invariants 1, 4, 7; R36)."""

import json
from dataclasses import replace
from typing import Any

import pytest

from penstock import feeds
from penstock.account.completion import complete_file
from penstock.feeds.feed import Limits
from penstock.feeds.traffic import TRAFFIC
from penstock.model.findings import Outcome
from penstock.model.messages import ChunkMessage, DispatchMessage, SourceFile, read_any
from penstock.model.ordinals import folded
from penstock.model.rows import BatchState, ChunkState, FileState
from penstock.operate.bury import bury
from penstock.operate.decide import NotToBeDecided
from penstock.operate.replay import Replay, begin_replay, plan_replay
from penstock.operate.resolve import Unknown, resolve, unknowns_of
from penstock.ports.destination import Answer, DestinationSettings
from tests.support.destination import LOST, Api, refusing
from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, rows_of, spot

KEYED = DestinationSettings(
    url="api", batch_records=2, rate_per_second=1000.0, burst=1000, concurrency=1, honours_idempotency_key=True
)
KEYLESS = replace(KEYED, honours_idempotency_key=False)


@pytest.fixture(autouse=True)
def chunks_of_four(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(feeds.FEEDS, "traffic", replace(TRAFFIC, limits=Limits(records=4)))


async def dies(pipeline: Pipeline, body: str) -> Any:
    """A message goes to the DLQ, and the sweeper finds it there."""
    for queue in (pipeline.chunks, pipeline.dispatches):
        for held in [held for held in queue.messages.values() if held.body == body]:
            del queue.messages[held.receipt]
    message = read_any(body)
    assert isinstance(message, ChunkMessage | DispatchMessage)
    return await bury(pipeline, message)


async def finish(pipeline: Pipeline, file: SourceFile) -> None:
    await complete_file(pipeline, file.file_id)


def redrive(pipeline: Pipeline, body: str) -> None:
    queue = pipeline.dispatches if isinstance(read_any(body), DispatchMessage) else pipeline.chunks
    pipeline.put(queue, body)


async def until_dispatch(pipeline: Pipeline) -> list[str]:
    """The file is split and validated; the dispatch messages."""
    for _ in range(2):
        for queue in (pipeline.intake, pipeline.chunks):
            while held := queue.take():
                await pipeline.handle(queue, held)
    return [held.body for held in pipeline.dispatches.messages.values()]


async def tried_and_dies(pipeline: Pipeline) -> tuple[str, Any]:
    """The file's one chunk is dispatched once, then its message goes to the DLQ: the message, and what is counted."""
    (body,) = await until_dispatch(pipeline)
    await pipeline.handle_next(pipeline.dispatches)
    return body, await dies(pipeline, body)


async def test_a_chunk_that_died_unvalidated_leaves_its_file_incomplete_and_comes_back_when_redriven() -> None:
    pipeline = Pipeline(Api(KEYED))
    file = pipeline.drop(csv_file(spot(at) for at in range(6)))
    await pipeline.handle_next(pipeline.intake)
    first = next(held.body for held in pipeline.chunks.messages.values() if '"chunk":0' in held.body)
    assert (await dies(pipeline, first))[Outcome.DEAD] == 4
    await pipeline.run()
    summary = pipeline.report(file)
    assert (summary["state"], summary["balanced"], summary["ranges"]) == ("incomplete", True, {"dead": "0-3"})
    assert summary["records"] == {
        "received": 6, "delivered": 2, "rejected": 0, "duplicate": 0, "held": 0, "unknown": 0, "dead": 4
    }  # fmt: skip
    redrive(pipeline, first)
    await pipeline.run()
    assert await pipeline.assert_sound(file, 6) == {"delivered": 6}
    assert pipeline.report(file)["ranges"] == {}
    assert pipeline.told("FileSettled") == [file.file_id] * 2


async def test_a_chunk_that_died_half_delivered_keeps_what_was_delivered() -> None:
    pipeline = Pipeline(Api(KEYED, [Answer(200), Answer(503)]))
    file = pipeline.drop(csv_file(spot(at) for at in range(4)))
    body, counted = await tried_and_dies(pipeline)
    assert (counted[Outcome.DELIVERED], counted[Outcome.DEAD]) == (2, 2)
    pipeline.dispatches.messages.clear()
    await finish(pipeline, file)
    assert pipeline.report(file)["ranges"] == {"dead": "2-3"}
    # A dead record has given up its identity: dropped again, it is delivered.
    again = pipeline.drop(csv_file([spot(3)]), "traffic/again.csv")
    await pipeline.run()
    assert await pipeline.counted(again) == {"delivered": 1}
    # Redriven, the chunk finds it delivered by another.
    redrive(pipeline, body)
    await pipeline.run()
    assert await pipeline.assert_sound(file, 4) == {"delivered": 3, "duplicate": 1}


async def test_a_chunk_that_died_in_doubt_asks_again_under_the_same_key_when_it_comes_back() -> None:
    pipeline = Pipeline(Api(KEYED, [LOST]))
    file = pipeline.drop(csv_file(spot(at) for at in range(2)))
    body, counted = await tried_and_dies(pipeline)
    assert counted[Outcome.UNKNOWN] == 2
    # Meanwhile its records are somebody's: another file's are duplicates, not delivered a second time.
    other = pipeline.drop(csv_file([spot(0)]), "traffic/other.csv")
    await pipeline.run()
    assert await pipeline.counted(other) == {"duplicate": 1}
    redrive(pipeline, body)
    await pipeline.run()
    assert await pipeline.assert_sound(file, 2) == {"delivered": 2}
    (first, _), *_, (last, _) = pipeline.api.bodies
    assert first == last


async def test_what_was_delivered_stays_so_when_a_chunk_dies_again_before_it_is_judged_anew() -> None:
    """It had died on its way to delivery, was replayed, and its validator died of it: all of it was called dead."""
    # Given two records delivered and two in doubt
    pipeline = Pipeline(Api(KEYED, [Answer(200), LOST]))
    file = pipeline.drop(csv_file([*(spot(at) for at in range(3)), spot(3, isci="?")]))
    (body,) = await until_dispatch(pipeline)
    await pipeline.step()
    await pipeline.clock.sleep(400)
    await dies(pipeline, body)
    before = await pipeline.counted(file)
    assert before == {"delivered": 2, "unknown": 1, "rejected": 1}
    # When a replay is begun, and its message lies in the DLQ
    await begin_replay(pipeline, await plan_replay(pipeline.ledger, pipeline.store, await pipeline.row(file)))
    (held,) = pipeline.chunks.messages.values()
    await dies(pipeline, held.body)
    # Expect
    assert await pipeline.counted(file) == before
    # And that it ends as ever once it is redriven
    redrive(pipeline, held.body)
    await pipeline.run()
    assert await pipeline.counted(file) == {"delivered": 3, "rejected": 1}
    assert set(pipeline.api.applied.values()) == {1}


async def test_a_chunk_that_died_in_doubt_alone_is_incomplete_and_can_be_replayed() -> None:
    pipeline = Pipeline(Api(KEYED, [LOST]))
    file = pipeline.drop(csv_file(spot(at) for at in range(2)))
    await tried_and_dies(pipeline)
    await finish(pipeline, file)
    assert (pipeline.report(file)["state"], pipeline.report(file)["ranges"]) == ("incomplete", {"unknown": "0-1"})
    planned = await replay(pipeline, file)
    assert planned.records == {Outcome.UNKNOWN: 2}
    assert await pipeline.assert_sound(file, 2) == {"delivered": 2}
    assert len({key for key, _ in pipeline.api.bodies}) == 1


async def test_only_what_is_open_can_be_resolved() -> None:
    pipeline = Pipeline(Api(KEYLESS))
    file = pipeline.drop(csv_file(spot(at) for at in range(2)))
    await pipeline.run()
    chunk = await pipeline.ledger.chunk(file.file_id, 0)
    (batch,) = await pipeline.ledger.batches(file.file_id, 0)
    assert chunk
    with pytest.raises(NotToBeDecided):
        await resolve(pipeline, await pipeline.row(file), Unknown(chunk, batch), delivered=False)
    assert await pipeline.ledger.chunk(file.file_id, 0) == chunk


async def test_a_letter_whose_chunk_has_ended_or_is_being_worked_on_buries_nothing() -> None:
    pipeline = Pipeline(Api(KEYED))
    file = pipeline.drop(csv_file(spot(at) for at in range(2)))
    (body,) = await until_dispatch(pipeline)
    message = read_any(body)
    assert isinstance(message, DispatchMessage)
    # a validator's letter, when the validated chunk is on its way
    assert await bury(pipeline, message.chunk) is None
    lease = await pipeline.ledger.claim_dispatch(message, pipeline.clock.now(), 300)
    assert await bury(pipeline, message) is None
    await pipeline.ledger.release_chunk(lease.row, lease.fence or 0)
    await pipeline.run()
    assert await bury(pipeline, message) is None
    assert await pipeline.assert_sound(file, 2) == {"delivered": 2}


async def replay(pipeline: Pipeline, file: SourceFile, **asked: Any) -> Replay:
    planned = await plan_replay(pipeline.ledger, pipeline.store, await pipeline.row(file), **asked)
    await begin_replay(pipeline, planned)
    await pipeline.run()
    return planned


async def test_a_replay_after_the_rule_was_mended_delivers_the_rejected_and_touches_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given a rule that is too strict
    strict = replace(TRAFFIC, rules=(*TRAFFIC.rules, _no_kbad()), limits=Limits(records=4))
    monkeypatch.setitem(feeds.FEEDS, "traffic", strict)
    pipeline = Pipeline(Api(KEYED))
    records = [spot(0), spot(1, station="KBAD"), spot(2, isci="?"), spot(3), spot(4), spot(5, station="KBAD")]
    file = pipeline.drop(csv_file(records))
    await pipeline.run()
    assert await pipeline.assert_sound(file, 6) == {"delivered": 3, "rejected": 3}
    applied = pipeline.api.applied.copy()
    # When it is mended, and what it rejected is replayed
    monkeypatch.setitem(feeds.FEEDS, "traffic", replace(TRAFFIC, limits=Limits(records=4)))
    planned = await replay(pipeline, file, code="traffic.no_kbad")
    # Expect those alone to have been sent
    assert planned.records == {Outcome.REJECTED: 2}
    assert [message.only for message in planned.messages] == ["1", "5"]
    assert await pipeline.assert_sound(file, 6) == {"delivered": 5, "rejected": 1}
    assert sorted(json.loads(record)["spot_id"] for record in pipeline.api.applied - applied) == ["S00001", "S00005"]
    assert [row["penstock_ordinal"] for row in rows_of(pipeline.report(file, "rejects.csv"))] == ["2"]
    assert "traffic.no_kbad" not in pipeline.report(file)["findings"]
    # and nothing is left to replay of that
    assert (await replay(pipeline, file, code="traffic.no_kbad")).messages == []


async def test_a_replay_after_the_destination_was_mended_delivers_what_it_had_refused() -> None:
    pipeline = Pipeline(Api(KEYED, [], refusing("spot_id", "S00001", "S00004")))
    file = pipeline.drop(csv_file(spot(at) for at in range(6)))
    await pipeline.run()
    assert await pipeline.assert_sound(file, 6) == {"delivered": 4, "rejected": 2}
    # Still refused: the same account again
    await replay(pipeline, file, ordinals=[1])
    assert await pipeline.assert_sound(file, 6) == {"delivered": 4, "rejected": 2}
    assert len(rows_of(pipeline.report(file, "rejects.csv"))) == 2
    pipeline.api.refuses = lambda record: 0
    await replay(pipeline, file, ordinals=[0, 1, 2, 3])
    assert await pipeline.assert_sound(file, 6) == {"delivered": 5, "rejected": 1}
    await replay(pipeline, file)
    assert await pipeline.assert_sound(file, 6) == {"delivered": 6}
    assert rows_of(pipeline.report(file, "rejects.csv")) == []


async def test_a_replay_that_dies_leaves_the_others_as_they_were() -> None:
    pipeline = Pipeline(Api(KEYED, [], refusing("spot_id", "S00001")))
    file = pipeline.drop(csv_file(spot(at) for at in range(4)))
    await pipeline.run()
    planned = await plan_replay(pipeline.ledger, pipeline.store, await pipeline.row(file))
    await begin_replay(pipeline, planned)
    await pipeline.handle_next(pipeline.chunks)
    (letter,) = [held.body for held in pipeline.dispatches.messages.values()]
    await dies(pipeline, letter)
    await finish(pipeline, file)
    assert await pipeline.counted(file) == {"delivered": 3, "dead": 1}
    assert pipeline.report(file)["ranges"] == {"dead": "1"}
    # A dead chunk is taken up again in its own round
    pipeline.api.refuses = lambda record: 0
    await replay(pipeline, file)
    assert await pipeline.assert_sound(file, 4) == {"delivered": 4}


async def test_a_stale_message_of_an_earlier_round_changes_nothing() -> None:
    pipeline = Pipeline(Api(KEYED, [], refusing("spot_id", "S00001")))
    file = pipeline.drop(csv_file(spot(at) for at in range(4)))
    await pipeline.run()
    pipeline.api.refuses = lambda record: 0
    await replay(pipeline, file)
    before, applied = await pipeline.row(file), dict(pipeline.api.applied)
    for queue, body in list(pipeline.received):
        if queue is not pipeline.intake:
            pipeline.put(queue, body)
    await pipeline.run()
    assert await pipeline.row(file) == before
    assert dict(pipeline.api.applied) == applied


@pytest.mark.parametrize("delivered", [True, False])
async def test_an_operator_resolves_what_is_unknown(delivered: bool) -> None:
    pipeline = Pipeline(Api(KEYLESS, [LOST]))
    file = pipeline.drop(csv_file(spot(at) for at in range(4)))
    await pipeline.run()
    assert await pipeline.assert_sound(file, 4) == {"delivered": 2, "unknown": 2}
    assert pipeline.report(file)["ranges"] == {"unknown": "0-1"}
    (unknown,) = await unknowns_of(pipeline.ledger, file.file_id)
    assert folded(unknown.batch.ordinals) == "0-1"
    # Nothing is replayed whose outcome is open
    planned = await plan_replay(pipeline.ledger, pipeline.store, await pipeline.row(file))
    assert (planned.messages, planned.undecided) == ([], 2)
    await resolve(pipeline, await pipeline.row(file), unknown, delivered=delivered)
    await finish(pipeline, file)
    assert await pipeline.counted(file) == ({"delivered": 4} if delivered else {"delivered": 2, "dead": 2})
    assert await unknowns_of(pipeline.ledger, file.file_id) == []
    row = await pipeline.row(file)
    assert row.state is FileState.SETTLED
    if not delivered:
        await replay(pipeline, file)
        assert await pipeline.counted(file) == {"delivered": 4}


async def test_a_decision_that_broke_midway_can_be_made_again_but_not_otherwise() -> None:
    pipeline = Pipeline(Api(KEYLESS, [LOST]))
    file = pipeline.drop(csv_file(spot(at) for at in range(2)))
    await pipeline.run()
    (unknown,) = await unknowns_of(pipeline.ledger, file.file_id)
    # Given that it broke after the batch was ended
    now = pipeline.clock.now()
    lease = await pipeline.ledger.claim_generation(unknown.chunk, folded(unknown.batch.ordinals), now, 120)
    assert lease.fence
    ended = replace(unknown.batch, state=BatchState.DELIVERED)
    await pipeline.ledger.end_batch(lease.row, lease.fence, ended)
    await pipeline.clock.sleep(121)
    chunk = await pipeline.ledger.chunk(file.file_id, 0)
    assert chunk
    assert chunk.state is ChunkState.VALIDATED
    again = replace(unknown, chunk=chunk, batch=ended)
    with pytest.raises(NotToBeDecided):
        await resolve(pipeline, await pipeline.row(file), again, delivered=False)
    await pipeline.clock.sleep(121)
    await resolve(pipeline, await pipeline.row(file), again, delivered=True)
    await finish(pipeline, file)
    assert await pipeline.counted(file) == {"delivered": 2}


async def test_stories_survive_rounds() -> None:
    """After several rounds the last one's file tells of every record that was not delivered."""
    bad = {"S00001", "S00002"}
    pipeline = Pipeline(Api(KEYED, [], lambda record: 422 if record["spot_id"] in bad else 0))
    file = pipeline.drop(csv_file([spot(0), spot(1), spot(2), spot(3, isci="?")]))
    await pipeline.run()
    bad.remove("S00001")
    await replay(pipeline, file, ordinals=[1])
    told = {ordinal: outcome_line["outcome"] for ordinal, outcome_line in (await pipeline.outcome_lines(file)).items()}
    assert told == {2: "rejected", 3: "rejected"}
    bad.clear()
    await replay(pipeline, file, ordinals=[2])
    assert await pipeline.assert_sound(file, 4) == {"delivered": 3, "rejected": 1}
    assert [row["penstock_ordinal"] for row in rows_of(pipeline.report(file, "rejects.csv"))] == ["3"]


def _no_kbad() -> Any:
    rule = TRAFFIC.rules[0]
    return replace(
        rule,
        code="traffic.no_kbad",
        field="station",
        message="KBAD is not heard",
        breaks=lambda records: [at for at, record in enumerate(records) if record["station"] == "KBAD"],
    )
