"""`penstock unknown` on the twins: what nobody answered, and an operator's word for it."""

from dataclasses import replace

import pytest

from penstock.model.errors import Transient
from penstock.model.messages import SourceFile
from penstock.model.rows import ChunkState
from penstock_ops.operate import replays, unknowns
from penstock_ops.operate.errors import NotFound
from penstock_ops.operate.replays import Asked
from tests.support.destination import LOST, Api
from tests.support.operators import audited, operated
from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, spot


@pytest.fixture
def pipeline() -> Pipeline:
    """An API without keys that loses its first answer."""
    api = Api(troubles=[LOST])
    api.settings_now = replace(api.settings_now, honours_idempotency_key=False, concurrency=1)
    return Pipeline(api)


@pytest.fixture
async def file(pipeline: Pipeline) -> SourceFile:
    """A file of two batches: the first is of unknown outcome, the second was delivered."""
    file = pipeline.drop(csv_file(spot(at) for at in range(6)))
    await pipeline.run()
    assert await pipeline.counted(file) == {"delivered": 2, "unknown": 4}
    return file


async def test_the_list_has_what_to_ask_the_destination_about(pipeline: Pipeline, file: SourceFile) -> None:
    (batch,) = await unknowns.unknown_batches(pipeline.ledger, None)

    assert batch.pop("first_sent").startswith("20")
    assert batch == {
        "batch_id": f"{file.file_id}-000000-000",
        "feed": "traffic",
        "file_id": file.file_id,
        "key": "traffic/spots.csv",
        "records": "0-3",
        "count": 4,
        "attempts": 1,
        "destination": "POST api",
        "reason": "the destination did not answer; the destination keeps no keys",
    }
    assert pipeline.api.bodies[0][0] == batch["batch_id"]
    assert await unknowns.unknown_batches(pipeline.ledger, await pipeline.row(file)) != []


async def test_what_was_delivered_after_all_is_counted_so_and_never_sent_again(
    pipeline: Pipeline, file: SourceFile
) -> None:
    batch_id = f"{file.file_id}-000000-000"

    told = await unknowns.decide(operated(pipeline), batch_id, delivered=True, note="they showed us the log")
    await pipeline.run()

    assert told["outcome"] == "delivered"
    assert await pipeline.assert_sound(file, 6) == {"delivered": 6}
    assert pipeline.report(file)["records"]["delivered"] == 6
    assert len(pipeline.api.bodies) == 2
    assert await unknowns.unknown_batches(pipeline.ledger, None) == []


async def test_what_was_not_is_dead_and_delivered_by_a_replay(pipeline: Pipeline, file: SourceFile) -> None:
    # Given an API that has really lost the batch
    pipeline.api.applied.clear()
    batch_id = f"{file.file_id}-000000-000"

    # When
    told = await unknowns.decide(operated(pipeline), batch_id, delivered=False, note="not in their books")

    # Expect
    assert told["outcome"] == "dead"
    assert pipeline.report(file)["state"] == "incomplete"
    assert pipeline.report(file)["ranges"] == {"dead": "0-3"}

    # When
    plan = await replays.prepare(operated(pipeline), await pipeline.row(file), Asked(file.file_id, records="0-3"))
    assert replays.described(plan, 10)["findings"] == {"delivery.not_applied": 4}
    await replays.begin(operated(pipeline), plan)
    await pipeline.run()

    # Expect
    assert await pipeline.assert_sound(file, 6) == {"delivered": 6}
    assert len(pipeline.api.applied) == 4


async def test_the_audit_says_who_decided_what_and_why(pipeline: Pipeline, file: SourceFile) -> None:
    await unknowns.decide(operated(pipeline), f"{file.file_id}-000000-000", delivered=True, note="seen")

    (line,) = audited(pipeline, "UnknownDecided")
    assert (line["by"], line["note"], line["decision"]) == ("Ada", "seen", "delivered")
    assert (line["batch_id"], line["records"]) == (f"{file.file_id}-000000-000", "0-3")


async def test_a_decision_that_broke_off_can_be_made_again(pipeline: Pipeline, file: SourceFile) -> None:
    # Given
    ports, batch_id = operated(pipeline), f"{file.file_id}-000000-000"

    class Breaking:
        async def get(self, key: str) -> bytes | None:
            raise Transient("S3 is away")

        async def put_once(self, key: str, body: bytes, content_type: str) -> None:
            await pipeline.store.put_once(key, body, content_type)

    # When
    broken = replace(ports, store=Breaking())  # type: ignore[arg-type]
    with pytest.raises(Transient):
        await unknowns.decide(broken, batch_id, delivered=True, note="seen")
    chunk = await pipeline.ledger.chunk(file.file_id, 0)
    assert chunk
    assert chunk.state is ChunkState.VALIDATED
    await pipeline.clock.sleep(600)
    await unknowns.decide(ports, batch_id, delivered=True, note="seen")

    # Expect
    assert await pipeline.assert_sound(file, 6) == {"delivered": 6}


@pytest.mark.parametrize(
    ("batch_id", "sentence"),
    [
        ("nonsense", "is no batch's id"),
        ("0" * 20 + "-000000-000", "is not of unknown outcome"),
        ("{file}-000000-001", "is not of unknown outcome"),
        ("{file}-000000-007", "is not of unknown outcome"),
        ("{file}-000009-000", "is not of unknown outcome"),
    ],
)
async def test_only_what_is_unknown_can_be_decided(
    batch_id: str, sentence: str, pipeline: Pipeline, file: SourceFile
) -> None:
    with pytest.raises(NotFound, match=sentence):
        await unknowns.decide(
            operated(pipeline), batch_id.format(file=file.file_id), delivered=False, note="I think so"
        )
    assert await pipeline.counted(file) == {"delivered": 2, "unknown": 4}
    assert audited(pipeline, "UnknownDecided") == []


async def test_what_was_decided_is_decided_also_while_its_records_are_replayed(
    pipeline: Pipeline, file: SourceFile
) -> None:
    # Given a batch that was not delivered, and whose records are on their way again
    ports, batch_id = operated(pipeline), f"{file.file_id}-000000-000"
    await unknowns.decide(ports, batch_id, delivered=False, note="not in their books")
    await replays.begin(ports, await replays.prepare(ports, await pipeline.row(file), Asked(file.file_id)))
    await pipeline.handle_next(pipeline.chunks)

    # Expect
    with pytest.raises(NotFound, match="is not of unknown outcome"):
        await unknowns.decide(ports, batch_id, delivered=False, note="once more")
