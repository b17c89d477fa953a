"""How one record came to its end, from the ledger and from what each stage wrote."""

import json
from typing import Any

from penstock.model import ids
from penstock.model.findings import Finding, Outcome, Severity
from penstock.model.rows import BatchRow, BatchState, ChunkRow, ChunkState, FileRow, FileState, scope_of
from penstock.outputs.accepted import load_accepted
from penstock.outputs.outcomes import load_lines, outcome_lines_of
from penstock.outputs.work import read_work
from penstock.ports.ledger import Ledger
from penstock.ports.object_store import ObjectStore
from penstock_ops.operate.errors import NotFound
from penstock_ops.operate.progress import told_of
from penstock_ops.operate.times import utc


async def explain(ledger: Ledger, store: ObjectStore, row: FileRow, ordinal: int, now: float) -> dict[str, Any]:
    """What became of the record with this ordinal, stage by stage. `outcome` is None while it is on its way, and the
    `setback` of its chunk says what it waits for; after a replay of it, `before` is how it had ended until then.

    Raises:
        NotFound: the file has no such record, or not yet.
    """
    file_id = row.file.file_id
    chunk = next((one for one in await ledger.chunks(file_id) if _has(one, ordinal)), None)
    if chunk is None:
        so_far = " yet: it is being split" if row.state is FileState.SPLITTING else "; they are counted from 0"
        raise NotFound(f"file {file_id} has no record {ordinal}{so_far}")
    explanation: dict[str, Any] = {
        "trace": ids.trace(file_id, ordinal),
        "file_id": file_id,
        "ordinal": ordinal,
        "key": row.file.dropped.key,
        "feed": row.file.feed,
        "chunk": {
            "id": chunk.chunk_id,
            "state": str(chunk.state),
            "round": chunk.generation,
            "bytes": [chunk.span.start, chunk.span.end],
        }
        | ({"resent": utc(chunk.resent_at)} if chunk.resent_at else {})
        | ({"setback": told_of(chunk.setback, now)} if chunk.setback else {}),
        "outcome": None,
    }
    explanation |= await _judged(store, chunk, ordinal)
    batches = [
        _sent(chunk, batch, ordinal)
        for batch in await ledger.batches(file_id, chunk.span.chunk)
        if ordinal in batch.ordinals
    ]
    if batches or explanation.get("stage") == "dispatcher":
        explanation["batches"] = batches
    ended = await _ended(store, chunk, ordinal)
    if chunk.state in (ChunkState.SENT, ChunkState.VALIDATED) and ordinal in scope_of(chunk):
        return explanation | ({"before": ended} if ended else {})
    return explanation | ended


def _has(chunk: ChunkRow, ordinal: int) -> bool:
    return chunk.span.first_record <= ordinal < chunk.span.first_record + chunk.span.records


async def _judged(store: ObjectStore, chunk: ChunkRow, ordinal: int) -> dict[str, Any]:
    """What the validator said of a record, the last time it was judged; nothing before the first."""
    for generation in range(chunk.generation, -1, -1):
        body = await _output(store, chunk, "findings.ndjson", generation)
        findings = [line for line in load_lines(body) if line.get("ordinal") == ordinal]
        found: dict[str, Any] = (
            {"findings": [Finding.from_dict(line).as_dict() for line in findings]} if findings else {}
        )
        if any(line.get("severity") == Severity.HARD for line in findings):
            return {"line": findings[0]["line"], "sha256": findings[0]["sha256"], "stage": "validator"} | found
        accepted = load_accepted(await _output(store, chunk, "accepted", generation))
        record = next((one for one in accepted if one.ordinal == ordinal), None)
        if record:
            return {
                "stage": "dispatcher",
                "sha256": record.raw,
                "identity": record.identity,
                "payload_digest": record.digest,
                "record": json.loads(record.payload),
            } | found
    return {}


async def _output(store: ObjectStore, chunk: ChunkRow, name: str, generation: int) -> bytes:
    return await read_work(store, chunk, name, generation) or b""


def _sent(chunk: ChunkRow, batch: BatchRow, ordinal: int) -> dict[str, Any]:
    """A batch that a record went in. What was dropped was not delivered, by somebody's decision; what was returned went
    into another."""
    if batch.state is BatchState.DROPPED:
        outcome = "not delivered"
    elif ordinal in batch.returned:
        outcome = "returned"
    else:
        outcome = batch.outcome_of(ordinal) or "on its way"
    return {
        "batch_id": ids.batch_id(chunk.file_id, chunk.span.chunk, batch.number),
        "round": batch.generation,
        "state": str(batch.state),
        "attempts": batch.attempts,
        "first_sent_at": batch.first_sent_at,
        "outcome": str(outcome),
    }


async def _ended(store: ObjectStore, chunk: ChunkRow, ordinal: int) -> dict[str, Any]:
    """How a record has ended, by the last generation that did; nothing before the first."""
    if chunk.ended is None:
        return {}
    outcome_lines = await outcome_lines_of(store, chunk)
    return outcome_lines.get(ordinal, {"outcome": str(Outcome.DELIVERED)})
