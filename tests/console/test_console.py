"""A person's tasks in the console, in a browser: find what is stuck, decide, drop, and be kept out.

Pages are held to axe-core's rules, to their weight and to a phone's width; screenshots are looked at, not asserted.
"""

import io
import json
import os
from collections.abc import AsyncGenerator, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Page, Request

from penstock import feeds
from penstock.feeds.feed import Limits, Record, Rule
from penstock.feeds.traffic import TRAFFIC
from penstock.model.findings import Severity
from tests.console.served import chromium, served
from tests.support.destination import Api, refusing
from tests.support.invoices import x12_file
from tests.support.operators import audited
from tests.support.papers import Papers, lease, lease_template, pdf
from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, spot
from tests.unit.test_freight_again import bill

AXE = Path(__file__).parent / "axe/axe.min.js"
SHOTS = Path(os.environ.get("PENSTOCK_SHOTS", Path(__file__).parents[2] / ".proof/console"))
MOST_BYTES = 100_000  #: of a page with all that it loads
DOUBTFUL = "Dubious & Sons"


def doubtful(records: list[Record]) -> list[int]:
    return [at for at, one in enumerate(records) if one.get("advertiser") == DOUBTFUL]


FLAGGED = Rule("traffic.doubtful", "advertiser", "look at this advertiser", doubtful, Severity.SOFT, "House rule 7")  # type: ignore[arg-type]
HOLDS = replace(TRAFFIC, rules=(*TRAFFIC.rules, FLAGGED), soft="hold", limits=Limits(records=100))


@pytest.fixture(autouse=True)
def a_feed_that_holds() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(feeds.FEEDS, "traffic", HOLDS)
        yield


@pytest.fixture
async def pipeline() -> Pipeline:
    """A day's files: one with rejects and held records, one refused, one delivered, one on its way."""
    pipeline = Pipeline(Api(refuses=refusing("station", "KBAD")))
    changes = {3: {"station": "KBAD"}, 5: {"isci": "?"}, 7: {"advertiser": DOUBTFUL}, 11: {"advertiser": DOUBTFUL}}
    pipeline.drop(csv_file(spot(at, **changes.get(at % 40, {})) for at in range(300)), "traffic/2026-11-20/evening.csv")
    await pipeline.run()
    await pipeline.clock.sleep(3600)
    pipeline.drop(b"\x00\x01", "traffic/2026-11-20/broken.csv")
    pipeline.drop(csv_file(spot(at) for at in range(1000, 1400)), "traffic/2026-11-21/morning.csv")
    await pipeline.run()
    await pipeline.clock.sleep(3600)
    pipeline.drop(csv_file(spot(at) for at in range(2000, 2400)), "traffic/2026-11-22/<b>late</b>.csv")
    await pipeline.handle_next(pipeline.intake)
    return pipeline


@pytest.fixture
async def papers() -> AsyncGenerator[Papers]:
    """A form that has changed waits to be accepted."""
    papers = Papers(Pipeline())
    papers.templates.files["Lease-1.yaml"] = lease_template()
    with papers.reads():
        papers.drop(pdf([lease("TX-10001", rent_at=330)]), "tower/midwest/lease.pdf")
        await papers.pipeline.run()
        yield papers


@pytest.fixture
async def page(pipeline: Pipeline) -> AsyncGenerator[Page]:
    """The console's first page, opened by its link. Whatever a page says to the browser's console is an error."""
    said: list[str] = []
    async with served(pipeline) as session, chromium() as context:
        page = await context.new_page()
        await page.set_viewport_size({"width": 1100, "height": 760})
        await page.goto(session.link)
        await page.get_by_role("heading", name="Now").wait_for()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        yield page
    assert said == []


async def looked_at(page: Page, name: str) -> None:
    """Axe finds nothing, in the dark neither; nothing sticks out on a phone; and a screenshot is taken of it."""
    for scheme in ("dark", "light"):
        await page.emulate_media(color_scheme=scheme)
        await page.evaluate(AXE.read_text(encoding="utf-8"))
        found = await page.evaluate("axe.run().then(found => found.violations)")
        told = [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in found]
        assert told == [], (name, scheme, json.dumps(told, indent=1))
    await page.set_viewport_size({"width": 390, "height": 760})
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390, name
    await page.set_viewport_size({"width": 1100, "height": 760})
    _keep(await page.screenshot(), name)


def _keep(shot: bytes, name: str) -> None:
    """A screenshot in few colours: it is plain, and lies in the repository."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    with Image.open(io.BytesIO(shot)) as image:
        image.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE).save(SHOTS / f"{name}.png", optimize=True)


async def test_somebody_finds_the_stuck_file_and_its_reason_and_looks_at_every_page(page: Page) -> None:
    await looked_at(page, "now")
    await page.get_by_role("link", name="traffic/2026-11-22/<b>late</b>.csv").click()
    await page.get_by_text("it is on its way").wait_for()

    await page.get_by_role("link", name="Files").first.click()
    await page.get_by_label("State").select_option("refused")
    await page.get_by_role("button", name="Show").click()
    await page.get_by_text("NUL bytes").wait_for()
    await page.get_by_role("link", name="all files").click()
    await page.get_by_role("link", name="evening.csv").wait_for()
    await looked_at(page, "files")

    await page.get_by_role("link", name="evening.csv").click()
    await page.get_by_text("balanced").wait_for()
    await looked_at(page, "file")
    await page.get_by_role("link", name="rejected", exact=True).click()
    await page.get_by_role("heading", name="Records that are rejected").wait_for()
    await looked_at(page, "records")
    await page.get_by_role("link", name="3", exact=True).click()
    await page.get_by_text("the destination answered 422").first.wait_for()
    await looked_at(page, "record")


async def test_somebody_finds_a_record_by_its_number(page: Page) -> None:
    await page.get_by_role("link", name="Find").click()
    await page.get_by_label("Feed").select_option("traffic")
    await page.get_by_role("button", name="Its fields").click()
    await page.get_by_label("Another field").fill(f"spot_id={spot(5)['spot_id']}")
    await page.get_by_role("button", name="Find", exact=True).click()
    await page.get_by_role("heading", name="1 record found").wait_for()
    await looked_at(page, "find")
    await page.get_by_role("link", name="5", exact=True).click()
    await page.get_by_role("heading", name="Record 5").wait_for()


async def test_somebody_releases_held_records_with_a_note(page: Page, pipeline: Pipeline) -> None:
    await page.get_by_role("link", name="held records").click()
    await page.get_by_label("Record 7 of").check()
    await page.get_by_label("Record 11 of").check()
    await looked_at(page, "held")
    await page.get_by_role("button", name="Release").click()
    await page.get_by_text("2 records (7,11) would be judged anew and delivered").wait_for()
    await looked_at(page, "plan")
    assert audited(pipeline, "HeldReleased") == []

    await page.get_by_label("Note").fill("agreed with the client")
    await page.get_by_role("button", name="Release them").click()
    await page.get_by_text("2 records are released").wait_for()

    await pipeline.run()
    assert [line["note"] for line in audited(pipeline, "HeldReleased")] == ["agreed with the client"]
    await page.get_by_role("link", name="Decisions").click()
    await page.get_by_text("agreed with the client").wait_for()
    await looked_at(page, "decisions")
    for at in (7, 11):
        assert spot(at)["spot_id"] in [one["spot_id"] for _, body in pipeline.api.bodies for one in body["records"]]


async def test_somebody_mends_rejects_and_sees_them_delivered(page: Page, pipeline: Pipeline) -> None:
    await page.goto(f"{page.url}files?key=evening")
    await page.get_by_role("link", name="evening.csv").click()
    await page.get_by_role("link", name="Mend the rejected records").click()
    await page.get_by_label("isci of record 5", exact=True).fill("!!")
    await page.get_by_text("0 of 1 changed row would be taken.").wait_for()
    await page.get_by_label("isci of record 5", exact=True).fill("ABCD0005")
    await page.get_by_label("station of record 3", exact=True).fill("WXYZ")
    await page.get_by_text("2 of 2 changed rows would be taken.").wait_for()
    await looked_at(page, "mend")

    await page.get_by_role("button", name="Drop what is mended").click()
    await page.get_by_role("heading", name="Dropped").wait_for()
    await pipeline.run()
    await page.get_by_text("balanced").wait_for()
    await page.get_by_text("Came back from the rejects of").wait_for()
    delivered = [one["spot_id"] for _, body in pipeline.api.bodies for one in body["records"]]
    assert {spot(3)["spot_id"], spot(5)["spot_id"]} <= set(delivered)


async def test_somebody_drops_a_file_by_drag_once_the_check_is_seen(page: Page, pipeline: Pipeline) -> None:
    await page.get_by_role("link", name="Drop").click()
    await looked_at(page, "drop")
    await page.get_by_label("Feed").select_option("traffic")
    body = csv_file([spot(9000), spot(9001, isci="?")]).decode()
    dragged = await page.evaluate_handle(
        """body => { const moved = new DataTransfer();
        moved.items.add(new File([body], "night.csv", {type: "text/csv"})); return moved; }""",
        body,
    )
    await page.dispatch_event("[data-drop]", "drop", {"dataTransfer": dragged})
    await page.get_by_role("button", name="Check it").click()
    await page.get_by_text("It is not dropped yet.").wait_for()
    await looked_at(page, "checked")
    assert not any(key == "traffic/night.csv" for _, key, _ in pipeline.store.sources)

    await page.get_by_role("button", name="Drop it as traffic/night.csv").click()
    await page.get_by_role("heading", name="Dropped").wait_for()
    await pipeline.run()
    await page.get_by_text("balanced").wait_for()
    assert page.url.rpartition("/")[0].endswith("/files")


async def weight_of(loads: Iterable[Request]) -> int:
    """The bytes of what was loaded."""
    answers = [await request.response() for request in loads]
    return sum([len(await answer.body()) for answer in answers if answer])


async def test_a_page_is_light_and_loads_nothing_from_elsewhere(page: Page) -> None:
    loads: list[Request] = []
    page.on("requestfinished", lambda request: loads.append(request))
    here = page.url.rstrip("/")
    for path in ("/", "/find", "/files", "/worklists/held", "/worklists/again", "/documents", "/decisions", "/drop"):
        loads.clear()
        await page.goto(f"{here}{path}", wait_until="load")
        assert {request.url[: len(here)] for request in loads} == {here}
        assert 1000 < await weight_of(loads) <= MOST_BYTES, path


async def test_somebody_looks_at_what_may_have_come_before_beside_the_earlier_one(
    page: Page, pipeline: Pipeline
) -> None:
    for name, day in (("first", "20261120"), ("again", "20261122")):
        pipeline.drop(x12_file(bill(day=day)), f"freight/{name}.edi")
        await pipeline.run()
    await page.goto(f"{page.url}worklists/again")
    await page.get_by_role("checkbox", name="Record 0 of freight/again.edi").check()
    await looked_at(page, "again")
    await page.get_by_role("button", name="Refuse").click()
    await page.get_by_label("Note").fill("paid in November")
    await page.get_by_role("button", name="Refuse them").click()
    await page.get_by_text("1 record is refused").wait_for()


async def test_somebody_accepts_a_form_that_has_changed(papers: Papers) -> None:
    pipeline = papers.pipeline
    async with served(pipeline, papers=papers) as session, chromium() as context:
        page = await context.new_page()
        await page.set_viewport_size({"width": 1100, "height": 760})
        await page.goto(session.link)
        await page.get_by_role("link", name="Documents").click()
        await looked_at(page, "documents")
        await page.get_by_role("link", name="Look at form 0").click()
        await page.locator("figure.sheet image").wait_for()
        await page.wait_for_load_state("networkidle")
        loads: list[Request] = []
        page.on("requestfinished", lambda request: loads.append(request))
        await page.reload(wait_until="networkidle")
        assert await weight_of(loads) <= MOST_BYTES
        await looked_at(page, "form")
        await page.get_by_role("button", name="Accept how it looks now").click()
        await page.get_by_role("heading", name="Lease/2 against Lease/1").wait_for()
        await looked_at(page, "accept")
        await page.get_by_label("Note").fill("the landlord has a new form")
        await page.get_by_role("button", name="Accept Lease/2").click()
        await page.get_by_role("heading", name="Lease/2 is accepted").wait_for()
        await pipeline.run()
        await page.get_by_role("link", name="Back to the documents").click()
        await page.get_by_text("No document waits for a template.").wait_for()
    assert [one["site_id"] for _, body in pipeline.api.bodies for one in body["records"]] == ["TX-10001"]


async def test_without_the_link_there_is_only_the_door(pipeline: Pipeline) -> None:
    async with served(pipeline) as session, chromium() as context:
        page = await context.new_page()
        await page.goto(f"http://127.0.0.1:{session.port}/files")
        await page.get_by_text("Open the link that").wait_for()
        assert "evening.csv" not in await page.content()
        await looked_at(page, "door")
        await page.get_by_label("Link").fill("x")
        await page.get_by_role("button", name="Open").click()
        await page.get_by_text("this is not the link").wait_for()
