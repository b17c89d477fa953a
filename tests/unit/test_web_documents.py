"""The console's pages of documents: what waits for a template, where each field was read, a changed form accepted."""

import io
from collections.abc import AsyncGenerator
from urllib.parse import quote

import pytest
from PIL import Image

from penstock.model.messages import SourceFile
from tests.support.consoles import browsing, words_of
from tests.support.operators import audited
from tests.support.papers import Papers, lease, lease_template, pdf, scanned
from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, spot
from tests.unit.test_web_files import HOSTILE

MOVED = 330.0  #: points from the top, at which the rent of a changed form stands


@pytest.fixture
async def papers() -> AsyncGenerator[Papers]:
    """A pipeline that reads leases."""
    papers = Papers(Pipeline())
    papers.templates.files["Lease-1.yaml"] = lease_template()
    with papers.reads():
        yield papers


async def drop(papers: Papers, body: bytes, key: str = "tower/midwest/lease.pdf") -> SourceFile:
    file = papers.drop(body, key)
    await papers.pipeline.run()
    return file


async def test_a_form_has_a_box_round_each_field_and_what_was_read_there(papers: Papers) -> None:
    file = await drop(papers, pdf([lease("TX-10001")]))
    form = f"/files/{file.file_id}/forms/0"

    async with browsing(papers.pipeline, content=True, papers=papers) as browser:
        page = await browser.get(form)
        sheet = await browser.get(f"{form}/pages/1")
        picture = await browser.get(f"{form}/pages/1/picture")
        about = await browser.get(f"/files/{file.file_id}")

    words = words_of(page)
    for said in ("TX-10001", "2150", "$2,150.00", "Lease/1", "from its text"):
        assert said in words, said
    assert f'href="{form}"' in about.text
    assert 'viewBox="0 0 612.0 792.24"' in sheet.text
    assert sheet.text.count('<rect class="read"') == 4
    assert picture.headers["content-type"] == "image/webp"
    with Image.open(io.BytesIO(picture.content)) as shown:
        assert shown.height / shown.width == pytest.approx(792 / 612, abs=0.01)


@pytest.mark.prove
async def test_a_scan_is_shown_upright_as_it_was_read(papers: Papers) -> None:
    file = await drop(papers, scanned(pdf([lease("TX-10001")])), "tower/midwest/scan.png")

    async with browsing(papers.pipeline, content=True, papers=papers) as browser:
        page = await browser.get(f"/files/{file.file_id}/forms/0")
        sheet = await browser.get(f"/files/{file.file_id}/forms/0/pages/1")

    assert "from pictures" in words_of(page)
    assert sheet.text.count('<rect class="') == 4


async def test_what_stands_on_a_page_is_content_and_a_look_at_it_is_audited(papers: Papers) -> None:
    file = await drop(papers, pdf([lease("TX-10001")]))
    form = f"/files/{file.file_id}/forms/0"

    async with browsing(papers.pipeline, papers=papers) as browser:
        for path in (form, f"{form}/pages/1", f"{form}/pages/1/picture"):
            answer = await browser.get(path)
            assert (answer.status_code, "TX-10001" in answer.text) == (409, False)
        assert form not in (await browser.get(f"/files/{file.file_id}")).text
        for path in ("/documents/plan", "/documents/accept"):
            assert (await browser.post(path, {"file": file.file_id, "note": "x"})).status_code == 409
    assert audited(papers.pipeline, "ContentShown") == []

    async with browsing(papers.pipeline, content=True, papers=papers) as browser:
        await browser.get(f"{form}/pages/1")
    (look,) = audited(papers.pipeline, "ContentShown")
    assert (look["by"], look["file_id"], look["form"], look["page"]) == ("Ada", file.file_id, "0", "1")


async def test_a_changed_form_waits_is_looked_at_and_accepted_with_a_note(papers: Papers) -> None:
    pipeline = papers.pipeline
    file = await drop(papers, pdf([lease("TX-10001", rent_at=MOVED)]))

    async with browsing(pipeline, content=True, papers=papers) as browser:
        waiting = await browser.get("/documents")
        assert f'href="/files/{file.file_id}/forms/0"' in waiting.text

        form = await browser.get(f"/files/{file.file_id}/forms/0")
        assert "monthly_rent_usd moved the verdict hangs on it" in words_of(form)
        sheet = await browser.get(f"/files/{file.file_id}/forms/0/pages/1")
        assert sheet.text.count('<rect class="before"') == 1

        plan = await browser.post("/documents/plan", {"file": file.file_id})
        words = words_of(plan)
        assert "Lease/2 against Lease/1" in words
        assert "monthly_rent_usd place" in words
        assert "+120 down" in words
        assert "form 0 would be rejected there" in words
        assert list(papers.templates.files) == ["Lease-1.yaml"]

        chosen = {"file": file.file_id, "new": "Lease/2"}
        meanwhile = await browser.post("/documents/accept", chosen | {"new": "Lease/3", "note": "seen before"})
        assert "look again" in words_of(meanwhile)
        assert (await browser.post("/documents/accept", chosen)).status_code == 409
        assert list(papers.templates.files) == ["Lease-1.yaml"]
        done = await browser.post("/documents/accept", chosen | {"note": "the landlord has a new form"})
        assert "Lease/2 is accepted" in words_of(done)
        assert "monthly_rent_usd place" in words_of(await browser.get("/documents/templates/Lease/2"))
        again = await browser.post("/documents/accept", chosen | {"note": "twice"})
        assert again.status_code == 409

    await pipeline.run()
    assert [one["site_id"] for _, body in pipeline.api.bodies for one in body["records"]] == ["TX-10001"]
    (kept,) = audited(pipeline, "TemplatesKept")
    assert (kept["by"], kept["note"], len(kept["templates"])) == ("Ada", "the landlord has a new form", 1)
    assert [one["note"] for one in audited(pipeline, "HeldRefused")] == ["the landlord has a new form (Lease/2)"]
    async with browsing(pipeline, content=True, papers=papers) as browser:
        assert "No document waits" in words_of(await browser.get("/documents"))


async def test_what_is_not_there_is_told(papers: Papers) -> None:
    document = await drop(papers, pdf([lease("TX-10001")]))
    spots = papers.pipeline.drop(csv_file([spot(0)]))
    await papers.pipeline.run()

    async with browsing(papers.pipeline, content=True, papers=papers) as browser:
        for path, told in (
            (f"/files/{document.file_id}/forms/7", "has no form 7"),
            (f"/files/{document.file_id}/forms/0/pages/2", "the form is not on page 2"),
            (f"/files/{spots.file_id}/forms/0", "has no form 0"),
            ("/documents/templates/Nobody/1", "Nobody/1"),
        ):
            answer = await browser.get(path)
            assert (answer.status_code, told in words_of(answer)) == (404, True), path


async def test_both_readings_are_told_where_two_disagree(papers: Papers, monkeypatch: pytest.MonkeyPatch) -> None:
    """One look reads another site than the next: the person sees both, and where."""
    file = await drop(papers, pdf([lease("TX-10001")]))
    (key,) = [key for key in papers.pipeline.store.work if "staged" in key]
    line = papers.pipeline.store.work[key].replace(
        b'"read": "TX-10001"', b'"doubt": "one look reads TX-10001, another TX-1OOO1", "read": "TX-10001"'
    )
    papers.pipeline.store.work[key] = line

    async def read(file_: SourceFile, start: int, end: int) -> bytes:
        return line

    monkeypatch.setattr(papers.pipeline.store, "read_source", read)
    async with browsing(papers.pipeline, content=True, papers=papers) as browser:
        page = await browser.get(f"/files/{file.file_id}/forms/0")
        sheet = await browser.get(f"/files/{file.file_id}/forms/0/pages/1")

    assert "TX-10001 by one reading, TX-1OOO1 by another" in words_of(page)
    assert sheet.text.count('<rect class="doubtful"') == 1


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_a_hostile_name_is_text_and_nothing_else(hostile: str) -> None:
    pipeline = Pipeline()
    async with browsing(pipeline, content=True, papers=Papers(pipeline)) as browser:
        answers = [
            await browser.get(f"/documents/templates/{quote(hostile, safe='')}/1"),
            await browser.post("/documents/plan", {"file": hostile}),
            await browser.post("/worklists/held/plan", {"act": hostile, "record": hostile}),
        ]

    for answer in answers:
        assert answer.status_code in (404, 409)
        for live in ("<script>alert", "<img src=x", "<svg onload", "onmouseover='", "\u202e", "\u200b", "\x1b", "<!--"):
            assert live not in answer.text
