"""The page of one file: its account, what was found, its chunks, its steps, its records."""

from starlette.requests import Request
from starlette.responses import Response

from penstock.model.findings import Outcome
from penstock_ops.console.advice import sentences_of
from penstock_ops.documents.form_pages import is_document
from penstock_ops.operate.file_pages import WrongFilter
from penstock_ops.operate.record_pages import records_of
from penstock_ops.operate.timeline import chunk_told, timeline
from penstock_ops.web.desk import desk_of
from penstock_ops.web.downloads import offered
from penstock_ops.web.rendering import rendered, said

RECORDS = 20  #: records on the page
CHUNKS = 100  #: chunks on the page: those that are open or failed first


async def page(request: Request) -> Response:
    """A file, by its id, the beginning of it, or its key."""
    desk, file_id = desk_of(request), request.path_params["file_id"]
    report = await desk.records.report(file_id)
    row = await desk.records.row(report["file_id"])
    chunks = await desk.records.ledger.chunks(row.file.file_id)
    told = sorted(map(chunk_told, chunks), key=lambda one: (one["state"] == "settled", -one["failures"], one["number"]))
    worst = _worst(report["records"])
    listed, _ = await records_of(desk.records.ledger, desk.records.store, row, 0, worst)
    return rendered(
        request,
        "file.html",
        report=report,
        findings=sorted(report["findings"].items(), key=lambda one: (-one[1], one[0])),
        sentences=sentences_of(row.file.feed),
        chunks=told[:CHUNKS],
        chunks_left_out=max(0, len(told) - CHUNKS),
        steps=timeline(row, chunks),
        downloads=await offered(desk.records, row),
        records=listed[:RECORDS],
        outcome=worst,
        is_document=await is_document(desk.records.store, row.file),
    )


def _worst(counts: dict[str, int]) -> str:
    """The outcome whose records are shown first: what somebody may have to do something about."""
    order = (Outcome.DEAD, Outcome.UNKNOWN, Outcome.HELD, Outcome.REJECTED)
    return next((str(outcome) for outcome in order if counts[outcome]), "")


async def records(request: Request) -> Response:
    """A file's records from one ordinal on, of one outcome or of any."""
    desk = desk_of(request)
    row = await desk.records.row(request.path_params["file_id"])
    outcome, first = said(request, "outcome"), said(request, "from") or "0"
    if outcome not in ("", *map(str, Outcome)) or not (first.isascii() and first.isdigit()):
        raise WrongFilter("records are asked for from an ordinal on, and by an outcome")
    listed, more = await records_of(desk.records.ledger, desk.records.store, row, int(first), outcome)
    told = await desk.records.report(row.file.file_id)
    return rendered(request, "records.html", report=told, records=listed, more=more, outcome=outcome, first=int(first))
