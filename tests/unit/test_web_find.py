"""The console's page that finds records by what they are."""

from collections.abc import Sequence
from typing import Any

import pytest

from penstock_ops.operate.find import Wanted
from penstock_ops.web import find as page
from tests.support.consoles import browsing, words_of
from tests.support.destination import Api, refusing
from tests.support.operators import audited
from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, spot
from tests.unit.test_web_files import HOSTILE


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline(Api(refuses=refusing("station", "KBAD")))


def asked(**fields: str) -> dict[str, str]:
    return {"feed": "traffic"} | {f"is.{name}": value for name, value in fields.items()}


async def test_without_a_question_the_fields_of_the_feed_are_asked_for(pipeline: Pipeline) -> None:
    async with browsing(pipeline) as browser:
        for feed, field in (("traffic", "is.spot_id"), ("freight", "is.invoice_number")):
            page = await browser.get("/find", params={"feed": feed})
            assert f'name="{field}"' in page.text
            assert "found" not in words_of(page).partition("Find By the whole")[2]


async def test_by_its_whole_identity_a_record_is_found_in_whatever_file(pipeline: Pipeline) -> None:
    first = pipeline.drop(csv_file([spot(0), spot(1)]), "traffic/first.csv")
    pipeline.drop(csv_file([spot(1), spot(2)]), "traffic/again.csv")
    await pipeline.run()
    identity = {name: str(spot(1)[name]) for name in page.FEEDS["traffic"].identity}

    async with browsing(pipeline) as browser:
        found = await browser.get("/find", params=asked(**identity))

    words = words_of(found)
    assert "1 record found" in words
    assert "By its identity" in words
    assert f'href="/files/{first.file_id}/records/1"' in found.text


async def test_what_was_rejected_is_found_in_the_latest_files(pipeline: Pipeline) -> None:
    file = pipeline.drop(csv_file([spot(0), spot(1, station="KBAD")]))
    await pipeline.run()

    async with browsing(pipeline) as browser:
        found = await browser.get("/find", params={"feed": "traffic", "also": "station=KBAD", "state": "rejected"})

    words = words_of(found)
    assert "1 record found" in words
    assert "the latest 1 file of traffic" in words
    assert "destination.rejected" in words
    assert f'href="/files/{file.file_id}/records/1"' in found.text


async def test_values_are_content_and_a_look_at_them_is_audited(pipeline: Pipeline) -> None:
    pipeline.drop(csv_file([spot(0, advertiser="Ada's Diner")]))
    await pipeline.run()
    question = {"feed": "traffic", "also": "advertiser=Ada's Diner"}

    async with browsing(pipeline) as browser:
        assert "advertiser Ada" not in words_of(await browser.get("/find", params=question))
    assert audited(pipeline, "ContentShown") == []
    async with browsing(pipeline, content=True) as browser:
        assert "advertiser Ada" in words_of(await browser.get("/find", params=question))
    assert [(line["found"], line["records"]) for line in audited(pipeline, "ContentShown")] == [("advertiser", "1")]


async def test_where_there_is_a_table_of_outcomes_it_is_asked(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions: list[tuple[Wanted, Any]] = []

    async def find(*said: Any) -> dict[str, Any]:
        questions.append((said[3], said[-1]))
        row = {"trace": "f:1", "file_id": "f", "ordinal": 1, "key": "traffic/x.csv", "outcome": "rejected"}
        rows: Sequence[Any] = [row | {"codes": ["schema.pattern"], "values": {}}] * (page.SHOWN + 2)
        return {"by": "table", "looked_through": 0, "records": rows, "not_found": {"spot_id": ["S9"]}}

    monkeypatch.setattr(page, "find", find)
    async with browsing(pipeline) as browser:
        words = words_of(await browser.get("/find", params=asked(spot_id="S1") | {"day": "2027-01-15"}))

    assert "In the table of outcomes" in words
    assert "And 2 more" in words
    assert "No record has spot_id S9" in words
    assert [(what.values, what.day) for what, _ in questions] == [({"spot_id": ("S1",)}, "2027-01-15")]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"feed": "nobody"}, "there is no feed nobody"),
        ({"feed": "traffic", "also": "colour=red"}, "traffic has no field colour"),
        ({"feed": "traffic", "also": "x"}, "say field=value"),
        ({"feed": "traffic", "day": "tomorrow"}, "tomorrow is no day"),
        ({"feed": "traffic", "is.air_date": "soon"}, "air_date is never soon"),
    ],
)
async def test_what_no_record_can_be_is_told(said: dict[str, str], told: str, pipeline: Pipeline) -> None:
    async with browsing(pipeline) as browser:
        answer = await browser.get("/find", params=said)

    assert answer.status_code == 409
    assert told in words_of(answer)


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_a_hostile_question_is_text_and_nothing_else(hostile: str, pipeline: Pipeline) -> None:
    pipeline.drop(csv_file([spot(0, advertiser=hostile)]), f"traffic/{hostile}.csv")
    await pipeline.run()

    async with browsing(pipeline, content=True) as browser:
        found = await browser.get("/find", params={"feed": "traffic", "also": f"advertiser={hostile}"})
        asked = await browser.get("/find", params={"feed": hostile, "key": hostile, "finding": hostile, "day": hostile})

    for answer in (found, asked):
        for live in ("<script>alert", "<img src=x", "<svg onload", "onmouseover='", "\u202e", "\u200b", "\x1b", "<!--"):
            assert live not in answer.text
