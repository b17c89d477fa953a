"""Documents on their way: read in ranges of pages, in any order, by workers that die, and assembled once."""

import gzip
import io
import random
import zipfile
from dataclasses import replace
from typing import Any

import pytest

from penstock.feeds import FEEDS
from penstock.formats.text import UTF8_BOM
from penstock.model.messages import Dropped, PagesMessage, SourceFile, SplitMessage
from penstock.model.rows import FileState
from penstock_testing.pages import BEGINS, DRIFTED, document, page
from tests.support.budget import faults, with_faults
from tests.support.pipeline import Fault, Pipeline
from tests.support.spots import spot

PAGES = [page(spot(2 * number), spot(2 * number + 1)) for number in range(7)]
RECORDS = 14


@pytest.fixture(autouse=True)
def reads_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    """The traffic feed, as if spots came on paper."""
    papers = replace(FEEDS["traffic"], documents=lambda head: head.removeprefix(UTF8_BOM).startswith(BEGINS))
    monkeypatch.setitem(FEEDS, "traffic", papers)


async def dropped(body: bytes, key: str = "traffic/paper.pdf", **made: Any) -> tuple[Pipeline, SourceFile]:
    pipeline = Pipeline(**made)
    file = pipeline.drop(body, key)
    await pipeline.run()
    return pipeline, file


async def test_a_documents_records_are_delivered_once() -> None:
    pipeline, file = await dropped(document(*PAGES))

    assert await pipeline.assert_sound(file, RECORDS) == {"delivered": RECORDS}
    assert pipeline.reader.read_pages == dict.fromkeys(range(1, 8), 1)
    whats = [worked.what for worked in pipeline.worked]
    assert whats[:2] == ["handed to the extractor", "pages sent"]
    assert (whats.count("pages read"), whats.count("read")) == (3, 1)


async def test_a_document_of_one_range_is_read_at_once() -> None:
    pipeline, file = await dropped(document(*PAGES[:2]))

    assert await pipeline.assert_sound(file, 4) == {"delivered": 4}
    assert [worked.what for worked in pipeline.worked[:2]] == ["handed to the extractor", "read"]


async def test_what_is_no_document_is_split_as_ever() -> None:
    pipeline, file = await dropped(page(spot(1)) + b"\n", "traffic/spots.ndjson")

    assert await pipeline.assert_sound(file, 1) == {"delivered": 1}
    assert pipeline.reader.read_pages == {}


async def test_a_compressed_document_is_one() -> None:
    pipeline, file = await dropped(gzip.compress(document(*PAGES)))

    assert await pipeline.assert_sound(file, RECORDS) == {"delivered": RECORDS}


async def test_each_document_of_an_archive_is_one_beside_other_files() -> None:
    with io.BytesIO() as made:
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.pdf", document(*PAGES[:5]))
            archive.writestr("b.ndjson", page(spot(100)) + b"\n")
        pipeline, file = await dropped(made.getvalue(), "traffic/week.zip")

    def entry(name: str) -> SourceFile:
        return file.model_copy(
            update={"origin": Dropped(bucket=file.bucket, key=f"{file.key}!{name}", version_id=file.version_id)}
        )

    assert await pipeline.assert_sound(entry("a.pdf"), 10) == {"delivered": 10}
    assert await pipeline.assert_sound(entry("b.ndjson"), 1) == {"delivered": 1}


@with_faults
async def test_a_fault_at_any_call_loses_nothing_and_doubles_nothing() -> None:
    body = document(*PAGES[:5])
    healthy, _ = await dropped(body)
    struck: set[str] = set()
    for at, kills, after in faults(healthy.fault.calls):
        pipeline, file = await dropped(body, fault=Fault(at, kills, after))
        struck.add(pipeline.fault.struck)
        assert await pipeline.assert_sound(file, 10) == {"delivered": 10}, (at, pipeline.fault.struck)
    assert struck >= {"has", "put", "stage", "stage_file", "send_batch", "release_file"}


@pytest.mark.parametrize("seed", range(20))
async def test_ranges_are_read_in_any_order_and_at_once(seed: int) -> None:
    """With doubled notices, and ranges asked for twice."""
    pipeline = Pipeline(turns=random.Random(seed))
    file = pipeline.drop(document(*PAGES), events=2)
    for first in (3, 5, 3):
        asked = PagesMessage(file=file, first=first, last=first + 1)
        pipeline.put(pipeline.documents, asked.model_dump_json())
    await pipeline.run()

    assert await pipeline.assert_sound(file, RECORDS) == {"delivered": RECORDS}


async def test_of_a_document_whose_messages_are_lost_only_what_is_missing_is_read_again() -> None:
    # Given one of whose ranges two are lost
    pipeline = Pipeline()
    file = pipeline.drop(document(*PAGES))
    await pipeline.handle_next(pipeline.intake)
    await pipeline.clock.sleep(2)
    await pipeline.handle_next(pipeline.documents)
    lost = [receipt for receipt, held in pipeline.documents.messages.items() if '"first":3' in held.body]
    lost += [receipt for receipt, held in pipeline.documents.messages.items() if '"first":7' in held.body]
    for receipt in lost:
        del pipeline.documents.messages[receipt]
    await pipeline.run()
    assert (await pipeline.row(file)).state is FileState.SPLITTING

    # When its split message is sent again, as the sweeper does with idle work
    pipeline.put(pipeline.intake, SplitMessage(file=file).model_dump_json())
    await pipeline.run()

    # Expect
    assert await pipeline.assert_sound(file, RECORDS) == {"delivered": RECORDS}
    assert pipeline.reader.read_pages == dict.fromkeys(range(1, 8), 1)


async def test_another_release_reads_the_ranges_that_were_decided() -> None:
    pipeline = Pipeline()
    file = pipeline.drop(document(*PAGES))
    await pipeline.handle_next(pipeline.intake)
    await pipeline.clock.sleep(2)
    await pipeline.handle_next(pipeline.documents)
    pipeline.reader.at_once = 5
    pipeline.put(pipeline.documents, SplitMessage(file=file).model_dump_json())
    await pipeline.run()

    assert await pipeline.assert_sound(file, RECORDS) == {"delivered": RECORDS}


async def test_a_document_that_cannot_be_read_is_refused_by_name() -> None:
    pipeline, file = await dropped(UTF8_BOM + document(*PAGES))

    row = await pipeline.row(file)
    assert (row.state, row.refused and row.refused.code) == (FileState.REFUSED, "document.unsupported")
    assert pipeline.told("FileRefused") == [file.file_id]
    assert pipeline.dead_letters == []


async def test_a_document_that_is_deleted_between_its_ranges_is_refused() -> None:
    pipeline = Pipeline()
    file = pipeline.drop(document(*PAGES))
    await pipeline.handle_next(pipeline.intake)
    await pipeline.clock.sleep(2)
    await pipeline.handle_next(pipeline.documents)
    pipeline.store.sources.clear()
    await pipeline.run()

    row = await pipeline.row(file)
    assert (row.state, row.refused and row.refused.code) == (FileState.REFUSED, "format.gone")


async def test_a_change_of_a_form_is_told_once_however_many_documents_have_it() -> None:
    pipeline = Pipeline()
    for number in range(3):
        pipeline.drop(document(DRIFTED + page(spot(1)) + b"\n" + page(spot(number + 2))), f"traffic/{number}.pdf")
    pipeline.drop(document(DRIFTED + page(spot(9))), "traffic/other.pdf")
    await pipeline.run()

    told = [detail for kind, detail in pipeline.events.published if kind == "TemplateDrifted"]
    assert [(detail["template"], detail["key"]) for detail in told] == [
        ("form/1", "traffic/0.pdf"),
        ("form/1", "traffic/other.pdf"),
    ]
    assert len({detail["signature"] for detail in told}) == 2
    assert all(detail["bucket"] for detail in told), "by which a stack knows its own"
