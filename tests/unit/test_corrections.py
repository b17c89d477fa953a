"""Corrections: of two records with the same identity, the one with the higher revision is delivered after the other,
and an earlier revision never after a later one; whatever becomes of either."""

from dataclasses import replace

import pytest

from penstock import feeds
from penstock.feeds.traffic import TRAFFIC
from penstock.outputs.outcomes import codes_of
from penstock.ports.destination import DestinationSettings
from tests.support.destination import Api
from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, spot

KEYED = DestinationSettings(url="api", rate_per_second=1000.0, burst=1000, honours_idempotency_key=True)


@pytest.fixture(autouse=True)
def the_length_is_the_revision(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any whole number will do."""
    monkeypatch.setitem(feeds.FEEDS, "traffic", replace(TRAFFIC, revision="length_s"))


async def drop(pipeline: Pipeline, *revisions: str, name: str = "") -> dict[str, int]:
    """Drops the same record in these revisions, and says how they ended."""
    file = pipeline.drop(csv_file(spot(1, length_s=revision) for revision in revisions), f"traffic/{name}.csv")
    await pipeline.run()
    return await pipeline.counted(file)


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline(Api(KEYED))


async def test_a_higher_revision_is_delivered_and_the_same_again_is_a_duplicate(pipeline: Pipeline) -> None:
    assert await drop(pipeline, "30") == {"delivered": 1}
    assert await drop(pipeline, "45", name="corrected") == {"delivered": 1}
    assert await drop(pipeline, "45", name="again") == {"duplicate": 1}
    assert len(pipeline.api.applied) == 2


async def test_an_earlier_revision_that_comes_late_is_rejected_as_superseded(pipeline: Pipeline) -> None:
    assert await drop(pipeline, "45") == {"delivered": 1}
    assert await drop(pipeline, "30", name="late") == {"rejected": 1}
    late = next(row.file for row in await pipeline.ledger.files(9) if row.file.key == "traffic/late.csv")
    outcome_line = (await pipeline.outcome_lines(late))[0]
    assert (codes_of(outcome_line), outcome_line["of"].partition(":")[2]) == (["traffic.superseded"], "0")


async def test_revisions_within_one_file_are_delivered_in_their_order(pipeline: Pipeline) -> None:
    assert await drop(pipeline, "30", "45", "60") == {"delivered": 3}
    assert [body["records"][0]["length_s"] for _, body in pipeline.api.bodies] == [30, 45, 60]


async def test_the_same_revision_with_another_content_is_a_conflict(pipeline: Pipeline) -> None:
    assert await drop(pipeline, "30") == {"delivered": 1}
    file = pipeline.drop(csv_file([spot(1, rate="9.99")]), "traffic/other.csv")
    await pipeline.run()
    assert codes_of((await pipeline.outcome_lines(file))[0]) == ["traffic.identity_conflict"]


async def test_a_correction_that_is_refused_gives_back_what_it_was_to_correct(pipeline: Pipeline) -> None:
    """Else the record it was to correct could be delivered a second time."""
    assert await drop(pipeline, "30") == {"delivered": 1}
    pipeline.api.refuses = lambda record: 422 if record["length_s"] == 45 else 0
    assert await drop(pipeline, "45", name="refused") == {"rejected": 1}
    assert await drop(pipeline, "30", name="again") == {"duplicate": 1}
    assert await drop(pipeline, "60", name="better") == {"delivered": 1}
    assert sorted(pipeline.api.applied.values()) == [1, 1]
    assert await drop(pipeline, "30", name="late") == {"rejected": 1}
