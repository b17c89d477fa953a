"""The file's end: whoever settles the last chunk of a sealed file balances it, reports it, and tells the world.

The reports are written, then the event is put, then the file is settled: a crash in between repeats the same reports,
and at worst the same event, which names the file and so can be told apart.
"""

import json
from collections.abc import AsyncIterator
from typing import Any

from penstock import rejects
from penstock.feeds import feed_named
from penstock.findings import Finding, Outcome, balances
from penstock.ids import report_key, work_key
from penstock.ledger import FileRow, FileState, Ledger
from penstock.messages import SourceFile
from penstock.ports import Clock, EventBus, ObjectStore


async def finish_if_complete(
    ledger: Ledger, store: ObjectStore, events: EventBus, clock: Clock, file_id: str
) -> dict[str, float]:
    """Settles the file if its last chunk has ended; the file's figures by metric, if this call was the one that did."""
    row = await ledger.file(file_id)
    if row is None or not row.is_complete:
        return {}
    if row.counted[Outcome.REJECTED]:
        await store.put_parts(
            report_key(file_id, "rejects.csv"), _reject_parts(ledger, store, row), "text/csv; charset=utf-8"
        )
    now = clock.now()
    report = summary(row, now)
    await store.put(report_key(file_id, "summary.json"), json.dumps(report, indent=2).encode(), "application/json")
    await events.put("FileSettled", report)
    if not await ledger.settle_file(file_id, now):
        return {}
    return {
        "FilesSettled": 1,
        "FileDuration": now - row.opened_at,
        "ImbalancedFiles": 0 if balances(row.received, row.counted) else 1,
    }


async def report_refusal(
    store: ObjectStore, events: EventBus, file: SourceFile, finding: Finding, opened_at: float, now: float
) -> None:
    """The report of a file that was refused as a whole."""
    row = FileRow(file=file, state=FileState.REFUSED, opened_at=opened_at, settled_at=now, refused=finding)
    report = summary(row, now)
    await store.put(report_key(file.file_id, "summary.json"), json.dumps(report, indent=2).encode(), "application/json")
    await events.put("FileRefused", report)


def summary(row: FileRow, now: float) -> dict[str, Any]:
    """The file's account. `balanced` is None until the file has ended; `seconds` is from its first event to its end, or
    to now. A complete file that is being settled is shown as settled."""
    ended = row.is_complete or row.state in (FileState.SETTLED, FileState.REFUSED)
    findings = dict(row.findings)
    if row.layout and row.layout.unknown:
        findings["format.unknown_field"] = len(row.layout.unknown)
    return {
        "file_id": row.file.file_id,
        "feed": row.file.feed,
        "key": row.file.key,
        "version_id": row.file.version_id,
        "state": str(FileState.SETTLED if row.is_complete else row.state),
        "records": {"received": row.received} | {str(outcome): row.counted[outcome] for outcome in Outcome},
        "balanced": balances(row.received, row.counted) if ended else None,
        "chunks": {"expected": row.chunks, "settled": row.chunks_settled, "dead": row.chunks_dead},
        "findings": dict(sorted(findings.items())),
        "unknown_fields": list(row.layout.unknown) if row.layout else [],
        "refused": row.refused.as_dict() if row.refused else None,
        "sha256": row.sha256,
        "seconds": round((row.settled_at or now) - row.opened_at, 3),
    }


async def _reject_parts(ledger: Ledger, store: ObjectStore, row: FileRow) -> AsyncIterator[bytes]:
    """The header, then each chunk's rejects in order: the validator's, then those from delivery."""
    assert row.layout is not None
    yield rejects.header(feed_named(row.file.feed), row.layout)
    for chunk in await ledger.chunks(row.file.file_id):
        if chunk.counted[Outcome.REJECTED]:
            for name in ("rejects.csv", "rejects-delivery.csv"):
                part = await store.get(work_key(row.file.file_id, chunk.span.chunk, name))
                if part:
                    yield part
