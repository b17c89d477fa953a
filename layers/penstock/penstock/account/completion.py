"""The file's end: whoever settles the last chunk of a sealed file balances it, reports it, and tells the world.

The reports are written, then the event is put, then the file is acknowledged (see `acknowledging`), then it is settled:
a crash in between repeats the same reports, and at worst the same events, which name the file and so can be told apart.
Where a replay has changed a settled file's account, its end is written anew; `account_version` says which of two is the
later one. Whoever was held up while he wrote an earlier one looks before each report is put: the later one may be
there, and he may break before he sees it.
"""

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from penstock.account.acknowledging import acknowledge, acknowledge_refusal
from penstock.account.cost import cost_of, used_by
from penstock.account.ports import CompletionPorts
from penstock.feeds import FEEDS, feed_named
from penstock.feeds.lanes import lane_of
from penstock.io.archiving import archive, is_archived
from penstock.io.metering import untold
from penstock.model.defects import is_defect
from penstock.model.errors import PenstockError, Permanent
from penstock.model.findings import Finding, Outcome, balances
from penstock.model.ids import account_key, report_key
from penstock.model.lane_names import told
from penstock.model.messages import SourceFile, Span
from penstock.model.ordinals import folded
from penstock.model.rows import FileRow, FileState
from penstock.model.stage_result import StageResult
from penstock.model.tidied import TIDIED
from penstock.model.usage import Usage
from penstock.outputs.exception_report import are_among, exceptions_of
from penstock.outputs.outcomes import outcome_lines_of, rejects_of
from penstock.outputs.reject_files import RejectFiles
from penstock.outputs.reject_workbook import XLSX
from penstock.ports.ledger import Ledger
from penstock.ports.object_store import ObjectStore

BROKEN_OFF = "format.broken_off"  #: the finding of a file whose object was gone before its end was seen
MOST_RANGES = 1000  #: characters of the ordinals of one outcome that an event has; the report has them all


class _Overtaken(PenstockError):
    """Raised when another chunk has ended since the account was read that is being reported."""


async def complete_file(ports: CompletionPorts, file_id: str) -> dict[str, float]:
    """Settles the file if its last chunk has ended; the file's figures by metric, if this call was the one that did."""
    ledger = ports.ledger
    row = await ledger.file(file_id)
    if row is None or not await _is_to_be_reported(ledger, row):
        return {}
    while True:
        now = ports.clock.now()
        with suppress(_Overtaken):
            await _report(ports, row, now)
            faults = await acknowledge(ports, row)
            if await ledger.settle_file(file_id, row.ends, now):
                return {
                    "FilesSettled": 1,
                    "FilesIncomplete": 1 if _shown(_settled(row)) == "incomplete" else 0,
                    "FileDuration": now - (row.reopened_at or row.opened_at),
                    "ImbalancedFiles": 0 if balances(row.received, row.counted) else 1,
                    "LookFaults": faults,
                }
        reported, row = row, await ledger.file(file_id)
        # Another has settled it with this account; or it has changed, and ours must not be the last word of it.
        if row is None or row.ends == reported.ends:
            return {}


async def _is_to_be_reported(ledger: Ledger, row: FileRow) -> bool:
    """Whether all of a file has ended. A worker that comes again to a file settled anew may have broken with a report
    of an earlier account just put."""
    if not row.is_complete:
        return row.state is FileState.SETTLED and row.ends > row.chunks
    # A chunk that was taken up again counts as it ended before, until it ends anew.
    return row.taken_up_at is None or not any(chunk.is_going for chunk in await ledger.chunks(row.file.file_id))


async def _report(ports: CompletionPorts, row: FileRow, now: float) -> None:
    ledger, store, file_id = ports.ledger, ports.store, row.file.file_id
    # After a replay also where it has left none: the rejects of the end before must not stay.
    if row.counted[Outcome.REJECTED] or row.ends > row.chunks:
        await _put_rejects(ports, row)
    feed = feed_named(row.file.feed)
    if are_among(feed, row.findings) or (feed.examination and row.ends > row.chunks):
        exceptions = _if_latest(ledger, row, exceptions_of(ledger, store, feed, file_id))
        await store.put_parts(report_key(file_id, "exceptions.ndjson"), exceptions, "application/x-ndjson")
    report, ranges = summary(_settled(row), now), await _ranges(ledger, store, row)
    used = await used_by(ledger, row)
    await _ensure_latest(ledger, row)
    # What is written below; an acknowledgement is for the file's next account.
    to_come = _reporting(row.file) + Usage(s3_puts=1) + row.settling
    report |= {"cost": cost_of(used + untold(), to_come)}
    await _keep(store, row.file, report | {"ranges": ranges})
    # Before it is settled, so that no account is missing in the log of who breaks here: see `receipts.stage`.
    await store.put(account_key(file_id, row.ends), b"{}", "application/json")
    await ports.events.put("FileSettled", report | {"ranges": {name: _shortened(one) for name, one in ranges.items()}})


def _reporting(file: SourceFile) -> Usage:
    """What it takes to keep a file's report, and to put its event."""
    return Usage(s3_puts=1 + is_archived(file.feed), events=1)


def _settled(row: FileRow) -> FileRow:
    """The row as it will be once the file is settled."""
    return replace(row, state=FileState.SETTLED)


async def _ensure_latest(ledger: Ledger, row: FileRow) -> None:
    """Raises `_Overtaken` if the file's account is another than in `row` by now."""
    now = await ledger.file(row.file.file_id)
    if now is None or now.ends != row.ends:
        raise _Overtaken("another chunk has ended meanwhile")


async def _if_latest(ledger: Ledger, row: FileRow, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """A report's parts, which break off before it is put if it has been overtaken."""
    async for part in parts:
        yield part
    await _ensure_latest(ledger, row)


def _shortened(ranges: str) -> str:
    """As many ranges as an event may have; those left out are told by dots."""
    if len(ranges) <= MOST_RANGES:
        return ranges
    return ranges[: ranges.rindex(",", 0, MOST_RANGES) + 1] + "…"


async def refuse_file(ports: CompletionPorts, row: FileRow, refusal: Permanent, fence: int) -> StageResult:
    """The end of a file that cannot be read: pinned, reported, told, and noted in the ledger. Whoever has lost the file
    cannot pin it, and so reports nothing of what another may be reading."""
    finding = Finding(refusal.code, refusal.message)
    await ports.ledger.pin_refusal(row.file.file_id, fence, finding)
    return await refuse_as_pinned(ports, row, finding, fence)


async def refuse_as_pinned(ports: CompletionPorts, row: FileRow, finding: Finding, fence: int) -> StageResult:
    """As `refuse_file`, where somebody has pinned it."""
    file, now = row.file, ports.clock.now()
    refused = FileRow(file, FileState.REFUSED, row.opened_at, settled_at=now, refused=finding)
    to_come = _reporting(file) + row.settling
    report = summary(refused, now) | {"cost": cost_of(row.used + untold(), to_come)}
    await _keep(ports.store, file, report)
    await ports.events.put("FileRefused", report)
    faults = await acknowledge_refusal(ports, file, finding.message, row.opened_at)
    await ports.ledger.refuse_file(file.file_id, fence, finding, ports.clock.now())
    # A key that names no feed must not become a metric's dimension: anybody could make as many as they like.
    feed = file.feed if file.feed in FEEDS else ""
    counts: dict[str, float] = {"FilesRefused": 1}
    if faults:
        counts["LookFaults"] = faults
    if is_defect(finding.code):
        counts["InternalErrors"] = 1
    return StageResult(f"refused: {finding.code}", feed, file.file_id, counts)


async def report_unpacked(ports: CompletionPorts, archive: FileRow, files: Sequence[SourceFile], now: float) -> None:
    """The report of a zip file whose files go their own ways: which they are."""
    row = replace(archive, state=FileState.UNPACKED, files=len(files), settled_at=now)
    to_come = _reporting(row.file) + archive.settling
    report = summary(row, now) | {"cost": cost_of(archive.used + untold(), to_come)}
    await ports.events.put("FileUnpacked", report)
    named = {"unpacked": [{"file_id": file.file_id, "key": file.dropped.key} for file in files]}
    await _keep(ports.store, row.file, report | named)


async def _keep(store: ObjectStore, file: SourceFile, report: Mapping[str, Any]) -> None:
    """Writes a file's report. In the archive, the report of each of its accounts stays."""
    key, body = report_key(file.file_id, "summary.json"), json.dumps(report, indent=2).encode()
    await archive(store, file.feed, key, body, "application/json")
    await store.put(key, body, "application/json")


def summary(row: FileRow, now: float) -> dict[str, Any]:
    """The file's account. `balanced` is None until the file has ended; `seconds` is from its first event to its first
    end, or to now, and `round_seconds` what the round took that has changed its account since. A complete file that is
    being settled is shown as settled, one that a replay has opened again as replaying. `notes` are the first findings
    about the file and not about one of its records; `findings` counts all of both, but what was tidied once a kind.
    `control_totals` are what the sender declared of the file, and what of it differs, in words. `returned_from` are the
    files whose reject files it came back from, `returned_in` those that came back from its own; neither is there where
    there are none, nor is `lane` where the file is in none."""
    ended = _has_ended(row) or row.state in (FileState.REFUSED, FileState.UNPACKED)
    findings = Counter(row.findings) + row.noted.counts
    for code in findings.keys() & TIDIED.keys():
        findings[code] = 1
    if row.layout and row.layout.unknown:
        findings["format.unknown_field"] = len(row.layout.unknown)
    returns = {"returned_from": list(row.origins), "returned_in": list(row.returns)}
    return {
        "file_id": row.file.file_id,
        **told(lane_of(row.file)),
        "key": row.file.dropped.key,
        "version_id": row.file.dropped.version_id,
        "state": _shown(row),
        "records": {"received": row.received} | {str(outcome): row.counted[outcome] for outcome in Outcome},
        "balanced": balances(row.received, row.counted) if ended else None,
        "account_version": row.ends,
        "chunks": {"expected": row.chunks, "settled": row.chunks_settled, "dead": row.chunks_dead},
        "findings": dict(sorted(findings.items())),
        "notes": [finding.as_dict() for finding in row.noted.examples],
        "control_totals": {"declared": row.layout.declared, "differ": row.layout.control or None}
        if row.layout and (row.layout.declared or row.layout.control)
        else None,
        "unknown_fields": list(row.layout.unknown) if row.layout else [],
        "refused": row.refused.as_dict() if row.refused else None,
        "files": row.files,
        "sha256_tree": row.sha256_tree,
        "seconds": round((row.first_settled_at or row.settled_at or now) - row.opened_at, 3),
        "round_seconds": _round_seconds(row, now),
    } | {name: files for name, files in returns.items() if files}


def _round_seconds(row: FileRow, now: float) -> float | None:
    if row.reopened_at is None:
        return None
    until = row.settled_at if row.state is FileState.SETTLED else None
    return round((until or now) - row.reopened_at, 3)


def _has_ended(row: FileRow) -> bool:
    return row.state is FileState.SETTLED or (row.is_complete and row.taken_up_at is None)


def _shown(row: FileRow) -> str:
    if _has_ended(row):
        broken_off = any(code == BROKEN_OFF or is_defect(code) for code in row.noted.counts)
        return "incomplete" if row.counted[Outcome.DEAD] or row.chunks_dead or broken_off else "settled"
    return "replaying" if row.is_complete else str(row.state)


async def _ranges(ledger: Ledger, store: ObjectStore, row: FileRow) -> dict[str, str]:
    """Which records have no good end yet: their ordinals by outcome, as "3,7-9"."""
    ordinals: dict[Outcome, list[int]] = {outcome: [] for outcome in _NOT_ENDED_WELL if row.counted[outcome]}
    if not ordinals:
        return {}
    for chunk in await ledger.chunks(row.file.file_id):
        if any(chunk.counted[outcome] for outcome in ordinals):
            for ordinal, outcome_line in (await outcome_lines_of(store, chunk)).items():
                if outcome_line["outcome"] in ordinals:
                    ordinals[Outcome(outcome_line["outcome"])].append(ordinal)
    return {str(outcome): folded(found) for outcome, found in ordinals.items()}


_NOT_ENDED_WELL = (Outcome.HELD, Outcome.UNKNOWN, Outcome.DEAD)


async def _put_rejects(ports: CompletionPorts, row: FileRow) -> None:
    """The files to mend and drop again."""
    assert row.layout is not None
    ledger, store, file_id = ports.ledger, ports.store, row.file.file_id
    files = RejectFiles(feed_named(row.file.feed), row.layout, file_id)
    last = files.document_ends()
    made: list[tuple[str, str, AsyncIterator[bytes]]] = [
        ("rejects.csv", "text/csv; charset=utf-8", _reject_parts(ports, row, files.csv_header(), files.csv_of))
    ]
    if files.has_json:
        made.append(("rejects.ndjson", "application/x-ndjson", _reject_parts(ports, row, b"", files.json_of)))
    if files.document:
        parts = _reject_parts(ports, row, files.document_begins(), files.document_of, last)
        made.append((files.document, "application/octet-stream", parts))
    for name, kind, parts in made:
        await store.put_parts(report_key(file_id, name), _if_latest(ledger, row, parts), kind)
    book = files.workbook()
    await _ensure_latest(ledger, row)
    await store.put(report_key(file_id, "rejects.xlsx"), book, XLSX)


async def _reject_parts(
    ports: CompletionPorts,
    row: FileRow,
    begin: bytes,
    form: Callable[[Span, bytes], bytes],
    end: bytes = b"",
) -> AsyncIterator[bytes]:
    """Each chunk's rejects in this form, between a beginning and an end."""
    yield begin
    for chunk in await ports.ledger.chunks(row.file.file_id):
        if chunk.counted[Outcome.REJECTED]:
            yield form(chunk.span, await rejects_of(ports.store, chunk))
    yield end
