"""The console's page of what was decided and done: who, when, why."""

import pytest

from penstock.io.auditing import audit
from penstock_ops.operate import decisions
from penstock_ops.operate.decisions import Wanted, page_of
from tests.support.consoles import browsing, words_of
from tests.support.operators import archive_of
from tests.support.pipeline import Pipeline
from tests.unit.test_web_files import HOSTILE

DAY = 86_400


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline()


async def done(pipeline: Pipeline, what: str, **detail: object) -> None:
    """Something is done, a minute after what was done before."""
    await pipeline.clock.sleep(60)
    await audit(pipeline.store, what, pipeline.clock.now(), {"by": "Ada"} | detail)


async def test_every_decision_is_found_again_with_who_when_and_why(pipeline: Pipeline) -> None:
    await done(pipeline, "HeldReleased", scheduler="Grace", note="agreed by telephone", file_id="f00d", records="3,7")
    await done(pipeline, "UnknownDecided", note="the destination has it", batch="b1")

    async with browsing(pipeline) as browser:
        page = await browser.get("/decisions")

    words = words_of(page)
    assert words.index("the destination has it") < words.index("agreed by telephone")
    for said in ("Ada", "decided by Grace", "records 3,7", "2027-01-15 08:01:00"):
        assert said in words, said
    assert 'href="/files/f00d"' in page.text


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, "cba"),
        ({"what": "HeldRefused"}, "c"),
        ({"what": "ContentShown"}, "d"),
        ({"by": "gra"}, "b"),
        ({"about": "f1"}, "ca"),
        ({"before": "2027-01-15"}, "a"),
        ({"before": "2027-01-14"}, ""),
    ],
)
async def test_decisions_are_found_by_what_who_file_and_day(
    wanted: dict[str, str], found: str, pipeline: Pipeline
) -> None:
    await done(pipeline, "HeldReleased", note="a", file_id="f100")
    await pipeline.clock.sleep(DAY)
    await done(pipeline, "ReplayStarted", note="b", file_id="f200", scheduler="Grace")
    await done(pipeline, "HeldRefused", note="c", file_id="f101")
    await done(pipeline, "ContentShown", note="d")

    page = await page_of(archive_of(pipeline.store), Wanted(**wanted), pipeline.clock.now())

    assert "".join(act["note"] for act in page.acts) == found


async def test_page_follows_page_over_days_without_gap_or_repetition(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decisions, "PAGE", 3)
    monkeypatch.setattr(decisions, "LOOKED_AT", 4)
    monkeypatch.setattr(decisions, "DAYS", 3)
    for number in range(20):
        await done(pipeline, "ReplayStarted", note=str(number), by="Ada" if number % 2 else "Grace")
        await pipeline.clock.sleep(DAY if number % 5 == 0 else 0)

    seen: list[str] = []
    before = ""
    for _ in range(30):
        page = await page_of(archive_of(pipeline.store), Wanted(by="ada", before=before), pipeline.clock.now())
        seen += [act["note"] for act in page.acts]
        before = page.older

    assert seen == [str(number) for number in range(19, 0, -2)]


@pytest.mark.parametrize("before", ["yesterday", "2027-13-01", "0001-01-01", "audit/2027-01-15/../x", "audit/x/y", "☃"])
async def test_what_is_no_place_is_told(before: str, pipeline: Pipeline) -> None:
    async with browsing(pipeline) as browser:
        answer = await browser.get("/decisions", params={"before": before})

    assert answer.status_code == 409
    assert before in words_of(answer)


async def test_what_is_never_done_is_told(pipeline: Pipeline) -> None:
    async with browsing(pipeline) as browser:
        answer = await browser.get("/decisions", params={"what": "Wished"})

    assert "nothing called Wished is ever done" in words_of(answer)


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_a_hostile_note_is_text_and_nothing_else(hostile: str, pipeline: Pipeline) -> None:
    await done(pipeline, "HeldReleased", note=hostile, by=hostile, key=hostile, feed=hostile)

    async with browsing(pipeline) as browser:
        page = await browser.get("/decisions", params={"by": hostile})

    for live in ("<script>alert", "<img src=x", "<svg onload", "onmouseover='", "\u202e", "\u200b", "\x1b", "<!--"):
        assert live not in page.text
