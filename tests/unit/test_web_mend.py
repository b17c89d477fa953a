"""The console's page that mends rejects: judged by the check, and only mended rows are dropped, tied to the first."""

import pytest

from penstock.model.messages import SourceFile
from tests.support.consoles import browsing, words_of
from tests.support.operators import audited
from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, rows_of, spot

WRONG = {1: {"isci": "?"}, 3: {"isci": "?", "house_number": "00123"}, 5: {"isci": "?"}}


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline()


async def rejected(pipeline: Pipeline) -> SourceFile:
    """Its records 1, 3 and 5 are rejected for their ISCI."""
    file = pipeline.drop(csv_file(spot(at, **WRONG.get(at, {})) for at in range(6)))
    await pipeline.run()
    return file


def cell(page: str, field: str, ordinal: int) -> str:
    """The name of a cell's field in the form."""
    before = page.partition(f'aria-label="{field} of record {ordinal}"')[0]
    return before.rpartition('<input name="')[2].partition('"')[0]


def said(page: str, name: str) -> str:
    """What stands below a cell."""
    return page.partition(f'id="said-{name.replace(".", "-")}"')[2].partition(">")[2].partition("</span>")[0]


async def test_the_grid_has_what_was_sent_and_marks_the_cell_that_is_wrong(pipeline: Pipeline) -> None:
    file = await rejected(pipeline)

    async with browsing(pipeline, content=True) as browser:
        page = (await browser.get(f"/files/{file.file_id}/mend")).text

    assert page.count('aria-invalid="true"') == 3
    assert 'value="00123"' in page
    assert [line["download"] for line in audited(pipeline, "ContentShown")] == ["rejects.csv"]


async def test_what_is_changed_is_judged_anew_and_nothing_is_dropped(pipeline: Pipeline) -> None:
    file = await rejected(pipeline)

    async with browsing(pipeline, content=True) as browser:
        page = (await browser.get(f"/files/{file.file_id}/mend")).text
        good, bad = cell(page, "isci", 1), cell(page, "isci", 5)
        answer = await browser.post(f"/files/{file.file_id}/mend/check", {good: "ABCD0001", bad: "!!"})
        none = await browser.post(f"/files/{file.file_id}/mend/check", {good: "?", "told": ["0", "9999", "x"]})

    assert "1 of 2 changed rows would be taken." in answer.text
    assert [said(answer.text, name) for name in (good, bad)] == ["", said(page, bad)]
    assert "schema.pattern" in answer.text
    assert "would be taken</span>" in answer.text
    assert "Nothing is changed yet." in none.text
    assert said(none.text, good) == said(page, good) != ""
    assert len(pipeline.store.sources) == 1


async def test_only_mended_rows_are_dropped_and_are_delivered_as_they_were_sent(pipeline: Pipeline) -> None:
    file = await rejected(pipeline)

    async with browsing(pipeline, content=True) as browser:
        page = (await browser.get(f"/files/{file.file_id}/mend")).text
        mended = {cell(page, "isci", at): f"ABCD000{at}" for at in (1, 3)}
        untouched = {cell(page, "isci", 5): "?", cell(page, "house_number", 3): "00123"}
        dropped = await browser.post(f"/files/{file.file_id}/mend/drop", mended | untouched)
    assert dropped.status_code == 303
    await pipeline.run()

    second = next(row for row in await pipeline.ledger.files(5) if row.file.file_id != file.file_id)
    assert second.file.dropped.key == "traffic/spots.mended.csv"
    assert await pipeline.assert_sound(second.file, 2) == {"delivered": 2}
    assert second.origins == (file.file_id,)
    sent = {one["spot_id"]: one for _, body in pipeline.api.bodies for one in body["records"]}
    assert (sent["S00003"]["house_number"], sent["S00003"]["isci"]) == ("00123", "ABCD0003")
    assert "S00005" not in sent


async def test_nothing_is_dropped_where_nothing_is_changed_or_without_the_right_to_content(pipeline: Pipeline) -> None:
    file = await rejected(pipeline)

    async with browsing(pipeline, content=True) as browser:
        page = (await browser.get(f"/files/{file.file_id}/mend")).text
        for said in ({}, {cell(page, "isci", 1): "?"}, {"0.9999": "x"}, {"9999.0": "x"}):
            assert (await browser.post(f"/files/{file.file_id}/mend/drop", said)).status_code == 409
    async with browsing(pipeline) as browser:
        answer = await browser.get(f"/files/{file.file_id}/mend")
        assert "start the console with --content" in words_of(answer)
        assert (await browser.post(f"/files/{file.file_id}/mend/drop", {"0.0": "x"})).status_code == 409
    assert len(pipeline.store.sources) == 1


@pytest.mark.parametrize("unseen", ["two\nlines", "zero\u200bwidth", "a\ttab"])
async def test_a_cell_that_a_browser_would_change_is_not_in_the_form(unseen: str, pipeline: Pipeline) -> None:
    file = pipeline.drop(csv_file([spot(0, isci="?", notes=unseen)]))
    await pipeline.run()

    async with browsing(pipeline, content=True) as browser:
        page = (await browser.get(f"/files/{file.file_id}/mend")).text
        assert "notes of record 0" not in page
        await browser.post(f"/files/{file.file_id}/mend/drop", {cell(page, "isci", 0): "ABCD0001"})

    _, (_, body) = pipeline.store.sources.items()
    assert [row["notes"] for row in rows_of(body)] == [unseen]
