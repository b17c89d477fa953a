"""The console's page to drop a file: what the check finds first, and only then the drop. And the page of now."""

import pytest

from penstock.ports.throttle import Circuit
from penstock_ops.web.drop import KEPT
from tests.support.consoles import Browser, browsing, words_of
from tests.support.destination import UNSENT, Api
from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, spot

BODY = csv_file([spot(0), spot(1, isci="?"), spot(0)])


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline()


async def check(browser: Browser, name: str = "spots.csv", body: bytes = BODY, feed: str = "traffic") -> str:
    answer = await browser.post("/drop/check", {"feed": feed}, files={"file": (name, body)})
    assert answer.status_code == 200, answer.text
    return answer.text.partition('name="name" value="')[2].partition('"')[0]


async def test_the_check_says_what_would_happen_and_nothing_is_dropped(pipeline: Pipeline) -> None:
    async with browsing(pipeline) as browser:
        answer = await browser.post("/drop/check", {"feed": "traffic"}, files={"file": ("spots.csv", BODY)})

    words = words_of(answer)
    for said in ("3 records", "valid 1", "rejected 1", "duplicate 1", "schema.pattern", "It is not dropped yet."):
        assert said in words or said in " ".join(reversed(words.split())), said
    assert pipeline.store.sources == {}


async def test_what_was_checked_is_dropped_by_another_click_and_once(pipeline: Pipeline) -> None:
    async with browsing(pipeline) as browser:
        name = await check(browser)
        dropped = await browser.post("/drop/now", {"name": name})
        again = await browser.post("/drop/now", {"name": name})
        waits = await browser.get(dropped.headers["location"])
        await pipeline.run()
        there = await browser.get(dropped.headers["location"])

    assert [(key, body) for (_, key, _), body in pipeline.store.sources.items()] == [("traffic/spots.csv", BODY)]
    assert again.status_code == 409
    assert "as soon as a splitter has heard of it" in words_of(waits)
    assert there.headers["location"].startswith("/files/")


@pytest.mark.parametrize("called", ["../../etc/passwd", "..\\..\\boot.ini", "/home/nobody/.bashrc"])
async def test_a_name_cannot_lead_elsewhere(called: str, pipeline: Pipeline) -> None:
    async with browsing(pipeline) as browser:
        await browser.post("/drop/now", {"name": await check(browser, called)})
        assert (await browser.post("/drop/now", {"name": "../../etc/passwd"})).status_code == 409

    ((_, key, _),) = pipeline.store.sources
    assert key in ("traffic/passwd", "traffic/boot.ini", "traffic/.bashrc")


async def test_a_file_that_would_be_refused_is_told_so(pipeline: Pipeline) -> None:
    async with browsing(pipeline) as browser:
        answer = await browser.post("/drop/check", {"feed": "traffic"}, files={"file": ("x.csv", b"\x00\x01")})

    assert "It would be refused:" in words_of(answer)


async def test_no_feed_or_no_file_is_told(pipeline: Pipeline) -> None:
    async with browsing(pipeline) as browser:
        answer = await browser.post("/drop/check", {"feed": "nobody"}, files={"file": ("x.csv", BODY)})
        assert (answer.status_code, "there is no feed nobody" in answer.text) == (409, True)
        assert (await browser.post("/drop/check", {"feed": "traffic"})).status_code == 409


async def test_only_so_many_files_wait(pipeline: Pipeline) -> None:
    async with browsing(pipeline) as browser:
        first, *_ = [await check(browser, f"{number}.csv") for number in range(KEPT + 1)]
        assert (await browser.post("/drop/now", {"name": first})).status_code == 409


# -- now


async def test_a_quiet_pipe_needs_nobody(pipeline: Pipeline) -> None:
    async with browsing(pipeline) as browser:
        words = words_of(await browser.get("/"))

    assert "Nothing does." in words
    assert "Nothing is on its way." in words


async def test_an_open_circuit_a_refused_file_and_what_waits_for_it_are_seen() -> None:
    pipeline = Pipeline(Api(troubles=[UNSENT] * 40))
    pipeline.drop(b"\x00\x01", "traffic/broken.csv")
    file = pipeline.drop(csv_file(spot(at) for at in range(4)), "traffic/waits.csv")
    for _ in range(60):
        if (await pipeline.throttle.row("traffic")).circuit is not Circuit.CLOSED:
            break
        await pipeline.step()
        await pipeline.clock.sleep(5)

    async with browsing(pipeline) as browser:
        page = await browser.get("/")

    words = words_of(page)
    assert "the circuit of traffic" in words.partition("The pipe")[0]
    assert "1 refused file its sender has to mend it" in words
    assert "traffic/waits.csv" in words.partition("Open longest")[2]
    assert f"/files/{file.file_id}" in page.text
