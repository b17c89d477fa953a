"""The console's pages of files, of one file and of one record, over the twins."""

import json
from html import unescape
from typing import Any

import pytest

from penstock.model.findings import Outcome
from penstock.model.usage import Usage
from penstock_ops.console.visible import LINES, visible
from penstock_ops.operate import file_pages
from penstock_ops.operate.file_pages import Wanted, page_of
from penstock_ops.web.rendering import BAR, parts_of
from tests.support.consoles import browsing, words_of
from tests.support.destination import Api, refusing
from tests.support.operators import audited
from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, spot

#: What a sender may call a file, or write into a cell, in the hope that a page runs it or shows something else.
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "{{ 7 * 7 }}",
    "{% raw %}",
    "</title><svg onload=alert(1)>",
    "\u202egnp.exe",
    "\u200bhidden",
    "\x1b[2Jgone",
    "&lt;b&gt;",
    "a\r\nset-cookie: b=c",
    "<!--",
    "${7*7}",
    "hx-get=/files",
    "</textarea><script>alert(1)</script>",
)


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline(Api(refuses=refusing("station", "KBAD")))


async def begun(pipeline: Pipeline, files: int) -> float:
    """So many files, of which a splitter has heard one a second; the time now."""
    now = pipeline.clock.now()
    for number in range(files):
        file = pipeline.store.drop(f"traffic/{number}.csv", b"")
        await pipeline.ledger.claim_file(file, now + number, 60)
    return now + files


# -- files


async def test_files_are_shown_newest_first_with_their_states(pipeline: Pipeline) -> None:
    for number in range(3):
        pipeline.drop(csv_file([spot(number)]), f"traffic/{number}.csv")
        await pipeline.run()
        await pipeline.clock.sleep(60)
    pipeline.drop(b"\x00\x01", "traffic/broken.csv")
    await pipeline.run()

    async with browsing(pipeline) as browser:
        words = words_of(await browser.get("/files"))

    places = [words.index(f"traffic/{name}.csv") for name in ("broken", 2, 1, 0)]
    assert places == sorted(places)
    assert "refused" in words.split("traffic/2.csv")[0]


async def test_a_hundred_thousand_files_are_never_read_for_a_page(pipeline: Pipeline) -> None:
    """A page reads what it shows, and where few files are as wanted, no more than it may look at."""
    reads: list[int] = []

    class Counting:
        async def files(self, limit: int, **bounds: object) -> list[object]:
            found = await pipeline.ledger.files(limit, **bounds)  # type: ignore[arg-type]
            reads.append(len(found))
            return found  # type: ignore[return-value]

    now = await begun(pipeline, file_pages.LOOKED_AT + 200)

    first = await page_of(Counting(), Wanted(), None, now)  # type: ignore[arg-type]
    assert (len(first.files), sum(reads)) == (file_pages.PAGE, 100)
    reads.clear()
    rare = await page_of(Counting(), Wanted(key="/7.csv"), None, now)  # type: ignore[arg-type]
    assert (rare.files, sum(reads)) == ([], file_pages.LOOKED_AT)
    rest = await page_of(Counting(), Wanted(key="/7.csv"), rare.older, now)  # type: ignore[arg-type]
    assert [one["key"] for one in rest.files] == ["traffic/7.csv"]
    assert rest.older is None


async def test_page_follows_page_without_gap_or_repetition(pipeline: Pipeline) -> None:
    await begun(pipeline, 120)

    seen: list[str] = []
    before, pages = None, 0
    while pages == 0 or before is not None:
        page = await page_of(pipeline.ledger, Wanted(feed="traffic"), before, pipeline.clock.now())
        seen += [one["key"] for one in page.files]
        before, pages = page.older, pages + 1

    assert seen == [f"traffic/{number}.csv" for number in range(119, -1, -1)]
    assert pages == 3


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("key=good", {"good"}),
        ("key=G*D", {"good", "mixed"}),
        ("state=refused", {"broken"}),
        ("state=settled", {"good", "mixed"}),
        ("outcome=rejected", {"mixed"}),
        ("feed=crew", set()),
        ("day=2027-01-15", {"good", "mixed", "broken"}),
        ("day=2027-01-14", set()),
    ],
)
async def test_filters(said: str, found: set[str], pipeline: Pipeline) -> None:
    pipeline.drop(csv_file([spot(0)]), "traffic/good.csv")
    pipeline.drop(csv_file([spot(1), spot(2, station="KBAD")]), "traffic/g-mixed.csv")
    pipeline.drop(b"\x00\x01", "traffic/broken.csv")
    await pipeline.run()

    async with browsing(pipeline) as browser:
        words = words_of(await browser.get(f"/files?{said}"))

    assert {name for name in ("good", "mixed", "broken") if f"{name}.csv" in words} == found


@pytest.mark.parametrize("said", ["feed=nobody", "state=x", "outcome=x", "day=yesterday", "day=9999-12-31", "before=x"])
async def test_a_filter_that_nothing_can_meet_is_told(said: str, pipeline: Pipeline) -> None:
    async with browsing(pipeline) as browser:
        answer = await browser.get(f"/files?{said}")

    assert answer.status_code == 409
    assert said.partition("=")[2] in words_of(answer)


# -- one file


async def test_the_bar_of_an_account_adds_up(pipeline: Pipeline) -> None:
    records = {"received": 1_000_000} | {str(one): 0 for one in Outcome} | {"delivered": 999_990, "held": 9, "dead": 1}

    parts = parts_of(records)

    assert [(part["outcome"], part["number"]) for part in parts] == [("delivered", 999_990), ("held", 9), ("dead", 1)]
    assert sum(part["width"] for part in parts) == pytest.approx(BAR, abs=1)
    assert min(part["width"] for part in parts) >= 4
    assert [part["x"] for part in parts[1:]] == pytest.approx(
        [parts[0]["width"], parts[0]["width"] + parts[1]["width"]], abs=0.2
    )


async def test_what_is_on_its_way_has_a_part_of_the_bar(pipeline: Pipeline) -> None:
    parts = parts_of({"received": 10} | {str(one): 0 for one in Outcome} | {"delivered": 4})

    assert [(part["outcome"], part["number"]) for part in parts] == [("delivered", 4), ("open", 6)]


async def test_a_file_says_what_was_found_of_which_record_and_why(pipeline: Pipeline) -> None:
    file = pipeline.drop(csv_file([spot(0), spot(1, station="KBAD"), spot(2, isci="?")]))
    await pipeline.run()

    async with browsing(pipeline) as browser:
        page = await browser.get(f"/files/{file.file_id}")

    words = words_of(page)
    assert "balanced" in words
    for said in (
        "schema.pattern",
        "destination.rejected",
        "rejects.csv",
        "sealed: 3 records in 1 chunk",
        "1 delivered",
    ):
        assert said in words, said
    assert f'href="/files/{file.file_id}/records/1"' in page.text
    assert f'href="/files/{file.file_id}/records/0"' not in page.text


async def test_the_records_of_a_file_are_shown_by_outcome_and_page_by_page(pipeline: Pipeline) -> None:
    file = pipeline.drop(csv_file(spot(at, **({"isci": "?"} if at % 2 else {})) for at in range(250)))
    await pipeline.run()

    async with browsing(pipeline) as browser:
        first = await browser.get(f"/files/{file.file_id}/records?outcome=rejected")
        rest = await browser.get(f"/files/{file.file_id}/records?outcome=rejected&from=201")
        everything = await browser.get(f"/files/{file.file_id}/records")

    assert first.text.count("schema.pattern") == 100
    assert "outcome=rejected&amp;from=201" in first.text
    assert rest.text.count("schema.pattern") == 25
    assert everything.text.count("schema.pattern") == 50


async def test_there_is_no_such_file_or_record(pipeline: Pipeline) -> None:
    file = pipeline.drop(csv_file([spot(0)]))
    await pipeline.run()

    async with browsing(pipeline) as browser:
        for path in ("/files/ffffffff", f"/files/{file.file_id}/records/7", f"/files/{file.file_id}/download/x.csv"):
            assert (await browser.get(path)).status_code == 404, path


async def test_a_file_says_what_it_has_cost_and_for_what(pipeline: Pipeline) -> None:
    file = pipeline.drop(csv_file([spot(0), spot(1)]))
    await pipeline.run()
    kept: Any = pipeline.ledger
    kept._files[file.file_id].change(used=Usage(dynamodb_writes=1_000, s3_puts=4))

    async with browsing(pipeline) as browser:
        words = words_of(await browser.get(f"/files/{file.file_id}"))

    assert "$0.00064: $322.50 a million records" in words
    assert "write units of DynamoDB 1,000 $0.00063" in words
    assert "puts and lists to S3 4 $0.000020" in words


# -- content


SECRET = "Ada's Diner"


async def test_content_is_shown_only_with_the_right_to_it_and_every_look_is_audited(pipeline: Pipeline) -> None:
    file = pipeline.drop(csv_file([spot(0), spot(1, isci="?")]))
    await pipeline.run()
    record, rejects = f"/files/{file.file_id}/records/0", f"/files/{file.file_id}/download/rejects.csv"

    async with browsing(pipeline) as browser:
        assert SECRET.partition("'")[2] not in (await browser.get(record)).text
        assert (await browser.get(rejects)).status_code == 409
        assert (await browser.get(f"/files/{file.file_id}/download/summary.json")).status_code == 200
    assert audited(pipeline, "ContentShown") == []

    async with browsing(pipeline, content=True) as browser:
        page = await browser.get(record)
        assert "content is shown" in page.text
        assert SECRET.replace("'", "&#39;") in page.text
        assert SECRET in (await browser.get(rejects)).text
    looks = audited(pipeline, "ContentShown")
    assert {(look["by"], look.get("records"), look.get("download")) for look in looks} == {
        ("Ada", "0", None),
        ("Ada", None, "rejects.csv"),
    }


async def test_a_download_is_an_attachment_that_no_browser_shows(pipeline: Pipeline) -> None:
    file = pipeline.drop(csv_file([spot(0)]))
    await pipeline.run()

    async with browsing(pipeline) as browser:
        answer = await browser.get(f"/files/{file.file_id}/download/summary.json")

    assert answer.headers["content-disposition"] == f"attachment; filename*=UTF-8''{file.file_id}.summary.json"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert json.loads(answer.content)["file_id"] == file.file_id


# -- hostile values


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_a_hostile_key_or_cell_is_text_and_nothing_else(hostile: str, pipeline: Pipeline) -> None:
    file = pipeline.drop(csv_file([spot(0, advertiser=hostile), spot(1, isci=hostile)]), f"traffic/{hostile}.csv")
    await pipeline.run()

    async with browsing(pipeline, content=True) as browser:
        pages = [
            await browser.get(path)
            for path in (
                "/files",
                f"/files/{file.file_id}",
                f"/files/{file.file_id}/records",
                f"/files/{file.file_id}/records/0",
                f"/files/{file.file_id}/records/1",
            )
        ]
        pages.append(await browser.get("/files", params={"key": hostile, "lane": hostile}))

    for page in pages:
        assert page.status_code == 200
        for live in ("<script>alert", "<img src=x", "<svg onload", "onmouseover='", "\u202e", "\u200b", "\x1b", "<!--"):
            assert live not in page.text
    assert visible(f"traffic/{hostile}.csv", LINES) in unescape(pages[0].text)
