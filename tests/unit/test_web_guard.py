"""The console's guard: who may come in, who may write, and what every answer carries."""

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from penstock_ops.web.app import create_app
from penstock_ops.web.session import Session
from tests.support.consoles import PORT, at_the_door, browsing, desk_over
from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, spot

OURS = f"http://127.0.0.1:{PORT}"


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline()


def app_of(pipeline: Pipeline) -> Starlette:
    return create_app(desk_over(pipeline), Session(PORT), Path())._app


async def test_without_the_link_nothing_of_the_stack_is_told(pipeline: Pipeline) -> None:
    file = pipeline.drop(csv_file([spot(0)]), "traffic/secret.csv")
    await pipeline.run()

    async with at_the_door(pipeline) as browser:
        for path in ("/", "/files", f"/files/{file.file_id}", "/static/nothing.js", "/session", "/nowhere"):
            answer = await browser.get(path)
            assert answer.status_code in (401, 404, 405), path
            for secret in ("secret.csv", "local world", browser.session.word, browser.session.cookie):
                assert secret not in answer.text, path


async def test_the_link_opens_it_and_its_token_is_in_no_page(pipeline: Pipeline) -> None:
    async with at_the_door(pipeline) as browser:
        answer = await browser.enter()
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        page = await browser.get("/")
        assert page.status_code == 200
        assert browser.session.token not in page.text
        assert browser.session.cookie not in page.text


@pytest.mark.parametrize("token", ["", "x", "☃", "a" * 43])
async def test_no_other_token_opens_it(token: str, pipeline: Pipeline) -> None:
    async with at_the_door(pipeline) as browser:
        assert (await browser.try_token(token)).status_code == 403
        assert (await browser.get("/files")).status_code == 401


async def test_the_cookie_of_another_start_opens_nothing(pipeline: Pipeline) -> None:
    async with browsing(pipeline) as before, at_the_door(pipeline) as browser:
        browser.client.cookies = before.client.cookies
        assert (await browser.get("/files")).status_code == 401


@pytest.mark.parametrize("address", ["192.0.2.7", "10.0.0.1", "2001:db8::1", "not an address"])
async def test_only_this_machine_is_answered(address: str, pipeline: Pipeline) -> None:
    async with at_the_door(pipeline, address=address) as browser:
        answer = await browser.enter()
        assert answer.status_code == 403
        assert "this machine only" in answer.text


@pytest.mark.parametrize(
    "host",
    ["attacker.example", f"attacker.example:{PORT}", "127.0.0.1", "127.0.0.1:80", f"127.0.0.1.nip.io:{PORT}", ""],
)
async def test_a_foreign_name_is_refused_be_it_resolved_to_loopback(host: str, pipeline: Pipeline) -> None:
    """DNS rebinding: the page of another site has its own name made to mean this machine."""
    async with browsing(pipeline) as browser:
        assert (await browser.get("/files", headers={"host": host})).status_code == 421


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]"])
async def test_every_name_of_this_machine_is_known(name: str, pipeline: Pipeline) -> None:
    async with at_the_door(pipeline) as browser:
        assert (await browser.get("/files", headers={"host": f"{name}:{PORT}"})).status_code == 401


def written(pipeline: Pipeline) -> list[str]:
    """The paths of every write there is."""
    routes = [route for route in app_of(pipeline).routes if isinstance(route, Route)]
    return [route.path for route in routes if "POST" in (route.methods or ())]


def test_there_are_writes(pipeline: Pipeline) -> None:
    assert {"/session", "/drop/now", "/worklists/held/decide"} <= set(written(pipeline))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "null"},
        {"origin": "https://attacker.example"},
        {"origin": f"http://127.0.0.1:{PORT + 1}"},
        {"origin": f"http://localhost:{PORT}"},
        {"origin": OURS, "sec-fetch-site": "same-site"},
        {"origin": OURS, "sec-fetch-site": "cross-site"},
    ],
)
async def test_no_write_is_taken_from_elsewhere(headers: dict[str, str], pipeline: Pipeline) -> None:
    async with browsing(pipeline) as browser:
        for path in written(pipeline):
            answer = await browser.client.post(path, data={"word": browser.session.word}, headers=headers)
            assert answer.status_code == 403, path


@pytest.mark.parametrize("word", ["", "wrong", "☃"])
async def test_no_write_is_done_without_the_word_of_a_page(word: str, pipeline: Pipeline) -> None:
    async with browsing(pipeline) as browser:
        for path in written(pipeline):
            answer = await browser.post(path, {"word": word})
            assert answer.status_code == 403, path


async def test_what_only_reads_takes_no_write(pipeline: Pipeline) -> None:
    async with browsing(pipeline) as browser:
        assert (await browser.post("/files")).status_code == 405


async def test_every_answer_keeps_scripts_frames_and_caches_out(pipeline: Pipeline) -> None:
    file = pipeline.drop(csv_file([spot(0)]))
    await pipeline.run()
    async with browsing(pipeline) as browser:
        for path in ("/", "/files", f"/files/{file.file_id}", "/static/console.js", "/nowhere", "/files/ffffffff"):
            headers = (await browser.get(path)).headers
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "script-src 'self'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cache-control"] == "no-store"
