"""Scans on their way through an engine elsewhere: its jobs, the notices of their end, what may go wrong with both."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from penstock.extract.ranges import Range
from penstock.feeds import FEEDS
from penstock.formats.text import UTF8_BOM
from penstock.model.errors import MalformedMessage, Throttled
from penstock.model.ids import range_id
from penstock.model.messages import SourceFile, SplitMessage, read_document_message
from penstock.model.rows import FileState
from penstock.model.textract import JobNotice
from penstock_testing.pages import BEGINS, SCANNED, document, page
from penstock_testing.recognition import MemoryRecognition, Responses, notice, responses
from tests.support.budget import faults, with_faults
from tests.support.pipeline import Fault, Pipeline
from tests.support.spots import spot

#: Three ranges of two pages: a text and a scan, two scans, two texts.
PAGES = [page(spot(2 * number), spot(2 * number + 1)) for number in range(6)]
MIXED = [PAGES[0], SCANNED + PAGES[1], SCANNED + PAGES[2], SCANNED + PAGES[3], PAGES[4], PAGES[5]]
RECORDS = 12


@pytest.fixture(autouse=True)
def reads_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    """The traffic feed, as if spots came on paper."""
    papers = replace(FEEDS["traffic"], documents=lambda head: head.removeprefix(UTF8_BOM).startswith(BEGINS))
    monkeypatch.setitem(FEEDS, "traffic", papers)


def with_engine(pipeline: Pipeline, **outcome: Any) -> MemoryRecognition:
    """The pipeline's feed has an engine that reads what stands on pictures, in responses of two blocks each; other
    outcomes are as in `responses`."""

    def record(key: str) -> Responses:
        lines = [one.decode().splitlines() for one in pipeline.store.work[key].split(b"\f")]
        return responses(*lines, at_once=2, **outcome)

    engine = pipeline.engines["traffic"] = MemoryRecognition(record)
    return engine


async def run_with_notices(pipeline: Pipeline, engine: MemoryRecognition) -> None:
    """Until nothing is left to do: jobs end, and it is told of them."""
    await pipeline.run()
    while waiting := [job for job in engine.jobs if job not in engine.ended]:
        for job in waiting:
            pipeline.put(pipeline.documents, engine.end(job))
        await pipeline.run()


def whats(pipeline: Pipeline) -> list[str]:
    return [worked.what for worked in pipeline.worked]


async def test_scans_are_read_by_jobs_and_their_records_delivered_once() -> None:
    pipeline = Pipeline()
    engine, file = with_engine(pipeline), pipeline.drop(document(*MIXED))
    await run_with_notices(pipeline, engine)

    assert await pipeline.assert_sound(file, RECORDS) == {"delivered": RECORDS}
    assert engine.begun == {range_id(file.file_id, 1, 2): 1, range_id(file.file_id, 3, 4): 1}
    assert pipeline.reader.read_pages == dict.fromkeys(range(1, 7), 1)
    assert whats(pipeline).count("a job reads the pages") == 2


async def test_only_scans_are_sent() -> None:
    pipeline = Pipeline()
    engine, file = with_engine(pipeline), pipeline.drop(document(*MIXED))
    await run_with_notices(pipeline, engine)

    pictures = {key[-15:]: body for key, body in pipeline.store.work.items() if key.endswith(".pdf")}
    assert pictures == {"00001-00002.pdf": PAGES[1], "00003-00004.pdf": b"\f".join(PAGES[2:4])}
    assert file.file_id in pipeline.told("FileSettled")


async def test_a_scan_of_one_range_takes_a_job_too() -> None:
    pipeline = Pipeline()
    engine, file = with_engine(pipeline), pipeline.drop(document(SCANNED + PAGES[0]))
    await run_with_notices(pipeline, engine)

    assert await pipeline.assert_sound(file, 2) == {"delivered": 2}
    assert list(engine.begun.values()) == [1]


async def test_scans_of_a_feed_without_an_engine_are_read_here() -> None:
    pipeline = Pipeline()
    pipeline.engines["crew"] = with_engine(pipeline)
    del pipeline.engines["traffic"]
    file = pipeline.drop(document(*MIXED))
    await pipeline.run()

    assert await pipeline.assert_sound(file, RECORDS) == {"delivered": RECORDS}
    assert pipeline.engines["crew"].begun == {}


async def test_a_lost_notice_costs_time_only() -> None:
    # Given jobs of whose end nobody is told
    pipeline = Pipeline()
    engine, file = with_engine(pipeline), pipeline.drop(document(*MIXED))
    await pipeline.run()
    for job in list(engine.jobs):
        engine.end(job)
    await pipeline.run()
    assert (await pipeline.row(file)).state is FileState.SPLITTING

    # When its split message is sent again, as the sweeper does with idle work
    pipeline.put(pipeline.intake, SplitMessage(file=file).model_dump_json())
    await pipeline.run()

    assert await pipeline.assert_sound(file, RECORDS) == {"delivered": RECORDS}
    assert set(engine.begun.values()) == {1}, "what is read is not paid for twice"


async def test_notices_that_come_twice_too_early_or_for_nobody_do_nothing() -> None:
    pipeline = Pipeline()
    engine, file = with_engine(pipeline), pipeline.drop(document(*MIXED))
    await pipeline.run()
    for job, (_, tag) in engine.jobs.items():
        pipeline.put(pipeline.documents, notice(job, tag))
    pipeline.put(pipeline.documents, notice("job-1", range_id("0" * 20, 1, 2)))
    await pipeline.run()
    told = [engine.end(job) for job in engine.jobs]
    for one in told * 2:
        pipeline.put(pipeline.documents, one)
    await pipeline.run()

    assert await pipeline.assert_sound(file, RECORDS) == {"delivered": RECORDS}
    assert pipeline.reader.read_pages == dict.fromkeys(range(1, 7), 1)
    assert "a notice of nobody's job" in whats(pipeline)


async def test_what_an_engine_kept_for_too_short_is_read_by_another_job() -> None:
    pipeline = Pipeline()
    engine, file = with_engine(pipeline), pipeline.drop(document(*MIXED))
    await pipeline.run()
    engine.forget()
    pipeline.put(pipeline.intake, SplitMessage(file=file).model_dump_json())
    await run_with_notices(pipeline, engine)

    assert await pipeline.assert_sound(file, RECORDS) == {"delivered": RECORDS}
    assert set(engine.begun.values()) == {2}


class Busy(MemoryRecognition):
    """Has enough to do, so many times."""

    times = 12

    async def begin(self, key: str, tag: str, token: str) -> str:
        if self.times:
            self.times -= 1
            raise Throttled("Amazon Textract has enough to do: LimitExceededException")
        return await super().begin(key, tag, token)


async def test_an_engine_that_has_enough_to_do_is_waited_for_and_no_attempt_counted() -> None:
    pipeline = Pipeline()
    engine = pipeline.engines["traffic"] = Busy(with_engine(pipeline).record)
    file = pipeline.drop(document(SCANNED + PAGES[0]))
    began = pipeline.clock.now()
    await run_with_notices(pipeline, engine)

    assert await pipeline.assert_sound(file, 2) == {"delivered": 2}
    assert len(pipeline.put_off) == Busy.times
    assert pipeline.clock.now() - began > 3600, "longer and longer, and at most for a quarter of an hour at once"


def unread(pipeline: Pipeline, file: SourceFile) -> Iterator[str]:
    """What is written where an engine failed, by page of the document."""
    for line in pipeline.store.work[f"staged/{file.file_id}"].splitlines():
        if said := json.loads(line).get("unread"):
            yield said


async def test_pages_of_a_job_that_failed_say_so() -> None:
    pipeline = Pipeline()
    failed = {"status": "FAILED", "StatusMessage": "INTERNAL_ERROR"}
    engine, file = with_engine(pipeline, **failed), pipeline.drop(document(*MIXED))
    await run_with_notices(pipeline, engine)

    assert list(unread(pipeline, file)) == ["Amazon Textract could not read it (FAILED: INTERNAL_ERROR)"] * 3
    assert (await pipeline.assert_sound(file, 9))["delivered"] == 6, "texts are read all the same"


async def test_pages_that_a_job_could_not_read_say_so_and_the_others_are_read() -> None:
    pipeline = Pipeline()
    partly = {"status": "PARTIAL_SUCCESS", "Warnings": [{"ErrorCode": "UNREADABLE", "Pages": [2]}]}
    engine, file = with_engine(pipeline, **partly), pipeline.drop(document(*MIXED[2:4]))
    await run_with_notices(pipeline, engine)

    assert list(unread(pipeline, file)) == ["Amazon Textract could not read it (PARTIAL_SUCCESS: UNREADABLE)"]
    assert (await pipeline.assert_sound(file, 3))["delivered"] == 2


async def test_where_something_is_missing_and_nobody_says_where_nothing_is_believed() -> None:
    pipeline = Pipeline()
    engine = with_engine(pipeline, status="PARTIAL_SUCCESS")
    file = pipeline.drop(document(*MIXED[2:4]))
    await run_with_notices(pipeline, engine)

    assert len(list(unread(pipeline, file))) == 2
    assert "delivered" not in await pipeline.assert_sound(file, 2)


async def test_a_page_that_an_answer_leaves_out_is_no_empty_page() -> None:
    pipeline = Pipeline()
    engine = with_engine(pipeline)
    engine.record = lambda _: responses(["{}"])
    file = pipeline.drop(document(*MIXED[2:4]))
    await run_with_notices(pipeline, engine)

    assert list(unread(pipeline, file)) == ["Amazon Textract says nothing of it"]


async def test_pictures_that_an_engine_does_not_take_say_so() -> None:
    pipeline = Pipeline()
    engine, file = with_engine(pipeline), pipeline.drop(document(*MIXED[2:4]))
    engine.record = lambda _: "Amazon Textract takes no such document (DocumentTooLargeException)"
    await run_with_notices(pipeline, engine)

    assert set(unread(pipeline, file)) == {"Amazon Textract takes no such document (DocumentTooLargeException)"}


@with_faults
async def test_a_fault_at_any_call_loses_nothing_and_doubles_nothing() -> None:
    async def dropped(fault: Fault) -> tuple[Pipeline, MemoryRecognition, SourceFile]:
        pipeline = Pipeline(fault=fault)
        engine, file = with_engine(pipeline), pipeline.drop(document(*MIXED[:4]))
        await run_with_notices(pipeline, engine)
        return pipeline, engine, file

    healthy, _, _ = await dropped(Fault())
    struck: set[str] = set()
    for at, kills, after in faults(healthy.fault.calls):
        pipeline, engine, file = await dropped(Fault(at, kills, after))
        struck.add(pipeline.fault.struck)
        assert await pipeline.assert_sound(file, 8) == {"delivered": 8}, (at, pipeline.fault.struck)
        assert set(engine.begun.values()) == {1}, (at, pipeline.fault.struck)
    assert struck >= {"begin", "answer", "has", "put", "get"}


def test_a_notice_says_which_range_it_is_of() -> None:
    tag = range_id("4c9e4c9d6dd5e4d71ae7", 11, 20)
    read = read_document_message(notice("job-1", tag))

    assert isinstance(read, JobNotice)
    assert (read.file_id, Range(*read.pages)) == ("4c9e4c9d6dd5e4d71ae7", Range(11, 20))
    assert re.fullmatch("[a-zA-Z0-9-_]{1,64}", tag), "what Textract takes as a token and as a tag"


def test_a_notice_of_somebody_elses_job_is_malformed() -> None:
    with pytest.raises(MalformedMessage):
        read_document_message(notice("job-1", "invoices-of-another-team"))
