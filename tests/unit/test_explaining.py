"""`penstock explain` on the twins: one record's story, over rounds."""

from typing import Any

import pytest

from penstock.model.messages import SourceFile
from penstock_ops.operate import replays
from penstock_ops.operate.errors import NotFound
from penstock_ops.operate.explaining import explain
from penstock_ops.operate.replays import Asked
from tests.support.destination import Api, refusing
from tests.support.operators import operated
from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, spot

DELIVERED, REFUSED, MISSPELT, DUPLICATE = range(4)
LOG = [spot(0), spot(1, station="KBAD"), spot(2, isci="?"), spot(0)]


@pytest.fixture
async def pipeline() -> Pipeline:
    return Pipeline(Api(refuses=refusing("station", "KBAD")))


@pytest.fixture
async def file(pipeline: Pipeline) -> SourceFile:
    file = pipeline.drop(csv_file(LOG))
    await pipeline.run()
    return file


async def story_of(pipeline: Pipeline, file: SourceFile, ordinal: int) -> dict[str, Any]:
    return await explain(pipeline.ledger, pipeline.store, await pipeline.row(file), ordinal, pipeline.clock.now())


async def replayed(pipeline: Pipeline, file: SourceFile, records: str) -> None:
    ports = operated(pipeline)
    await replays.begin(
        ports, await replays.prepare(ports, await pipeline.row(file), Asked(file.file_id, None, records))
    )


async def test_each_record_has_its_own_story(pipeline: Pipeline, file: SourceFile) -> None:
    outcome_lines = [await story_of(pipeline, file, ordinal) for ordinal in range(4)]

    assert [outcome_line["outcome"] for outcome_line in outcome_lines] == [
        "delivered",
        "rejected",
        "rejected",
        "duplicate",
    ]
    assert [outcome_line["stage"] for outcome_line in outcome_lines] == [
        "dispatcher",
        "dispatcher",
        "validator",
        "dispatcher",
    ]
    assert [finding["code"] for finding in outcome_lines[REFUSED]["findings"]] == ["destination.rejected"]
    (finding,) = outcome_lines[MISSPELT]["findings"]
    assert (finding["code"], finding["field"]) == ("schema.pattern", "isci")
    assert outcome_lines[DUPLICATE]["of"] == f"{file.file_id}:0"


async def test_a_record_that_is_replayed_is_on_its_way_and_says_how_it_had_ended(
    pipeline: Pipeline, file: SourceFile
) -> None:
    await replayed(pipeline, file, "1")
    await pipeline.handle_next(pipeline.chunks)

    again, other = [await story_of(pipeline, file, ordinal) for ordinal in (REFUSED, DELIVERED)]

    assert again["outcome"] is None
    assert again["before"]["outcome"] == "rejected"
    assert other["outcome"] == "delivered"


async def test_after_a_replay_the_last_round_counts_and_both_batches_are_there(
    pipeline: Pipeline, file: SourceFile
) -> None:
    # When
    pipeline.api.refuses = lambda record: 0
    await replayed(pipeline, file, "1-2")
    await pipeline.run()
    outcome_lines = [await story_of(pipeline, file, ordinal) for ordinal in range(4)]

    # Expect
    assert [outcome_line["outcome"] for outcome_line in outcome_lines] == [
        "delivered",
        "delivered",
        "rejected",
        "duplicate",
    ]
    batches = outcome_lines[REFUSED]["batches"]
    assert [(one["round"], one["outcome"]) for one in batches] == [(0, "rejected"), (1, "delivered")]
    (finding,) = outcome_lines[MISSPELT]["findings"]
    assert (finding["code"], finding["field"]) == ("schema.pattern", "isci")
    assert "findings" not in outcome_lines[REFUSED]


async def test_a_record_that_is_not_there(pipeline: Pipeline, file: SourceFile) -> None:
    with pytest.raises(NotFound, match="counted from 0"):
        await story_of(pipeline, file, 4)
