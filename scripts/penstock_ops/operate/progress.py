"""How far a file on its way has come, and what it waits for.

pending    planned, and nobody has begun it
running    a worker has it
delayed    it came no further, and is tried again at a time that is known
waiting    it is due, or its message is: whoever is free takes it up
done       it has ended; so has a record whose batch has, although its chunk has not
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from penstock.model import ids
from penstock.model.ordinals import folded, unfolded
from penstock.model.rows import BatchRow, BatchState, ChunkRow, ChunkState, FileRow, FileState, scope_of
from penstock.model.setbacks import Setback
from penstock.ports.ledger import Ledger
from penstock.ports.throttle import Circuit, ThrottleRow
from penstock_ops.operate.circuits import described
from penstock_ops.operate.times import utc

STAGES = ("pending", "running", "delayed", "waiting", "done")
LOOKED_INTO = 100  #: chunks of a file whose batches are read; of the others the records count as a whole
TOLD = 20  #: setbacks of a file, those that have failed most
_GOING = (ChunkState.SENT, ChunkState.VALIDATED)
_OPEN = (FileState.SPLITTING, FileState.SEALED)


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A chunk on its way, and the ordinals of its round's records that have ended with their batches."""

    row: ChunkRow
    batches: Sequence[BatchRow]
    ended: frozenset[int]


def is_open(row: FileRow) -> bool:
    """Whether a file has not ended."""
    return row.state in _OPEN and not row.is_complete


async def progress_of(ledger: Ledger, row: FileRow, throttle: ThrottleRow, now: float) -> dict[str, Any] | None:
    """How far a file has come; None once it has ended. `chunks` and `records` count by stage, `waits` tells of those
    that came no further, and `reason` is the one sentence about why the file is open; times are ISO 8601."""
    if not is_open(row):
        return None
    chunks = await ledger.chunks(row.file.file_id)
    going = [chunk for chunk in chunks if chunk.state in _GOING]
    looked_into = [await _look(ledger, chunk) for chunk in sorted(going, key=_interest)[:LOOKED_INTO]]
    ended = {one.row.span.chunk: len(one.ended) for one in looked_into}
    count, records = Counter[str](), Counter[str]()
    for chunk in chunks:
        stage, done = stage_of(chunk, now), ended.get(chunk.span.chunk, 0)
        count[stage] += 1
        # What a round is not about has ended before it.
        about = len(unfolded(chunk.only)) or chunk.span.records
        records["done"] += done + chunk.span.records - about
        records[stage] += about - done
    waits = [_told(one, now) for one in looked_into if one.row.setback]
    return {
        "chunks": {stage: count[stage] for stage in STAGES},
        "records": {stage: records[stage] for stage in STAGES},
        "splitting": _splitting(row, now) if row.state is FileState.SPLITTING else None,
        "waits": waits[:TOLD],
        "waits_left_out": max(0, sum(chunk.setback is not None for chunk in going) - TOLD),
        "reason": _reason(row, going, throttle, now),
    }


def stage_of(chunk: ChunkRow, now: float) -> str:
    """Which stage of its way a chunk is in, as the module says."""
    if chunk.state not in _GOING:
        return "done"
    if chunk.leased_until > now:
        return "running"
    if chunk.setback and chunk.setback.again_at and chunk.setback.again_at > now:
        return "delayed"
    return "pending" if chunk.worked_at is None else "waiting"


def told_of(setback: Setback, now: float) -> dict[str, Any]:
    """A setback, for people and machines. What is due has no next try any more: it is tried as soon as somebody is
    free."""
    again_at = setback.again_at if setback.again_at and setback.again_at > now else None
    return {
        "stage": setback.stage,
        "reason": setback.reason,
        "failures": setback.failures,
        "since": utc(setback.since),
        "next_try": utc(again_at) if again_at else None,
    }


def _interest(chunk: ChunkRow) -> tuple[int, float]:
    """Which chunks are looked into first: those that fail most, then those that somebody has begun."""
    return (-chunk.setback.failures if chunk.setback else 1, -(chunk.worked_at or 0))


async def _look(ledger: Ledger, chunk: ChunkRow) -> _Chunk:
    if chunk.state is not ChunkState.VALIDATED:
        return _Chunk(chunk, (), frozenset())
    batches = [
        batch for batch in await ledger.batches(chunk.file_id, chunk.span.chunk) if batch.generation == chunk.generation
    ]
    ended = frozenset(at for batch in batches for at in batch.ordinals if batch.outcome_of(at))
    return _Chunk(chunk, batches, ended)


def _told(chunk: _Chunk, now: float) -> dict[str, Any]:
    row, setback = chunk.row, chunk.row.setback
    assert setback is not None
    left = sorted(scope_of(row) - chunk.ended)
    why = {number: reason for reason, numbers in setback.batches.items() for number in unfolded(numbers)}
    return {
        "chunk": row.chunk_id,
        "state": stage_of(row, now),
        "records": folded(left),
        **told_of(setback, now),
        "batches": [
            {
                "batch_id": ids.batch_id(row.file_id, row.span.chunk, batch.number),
                "records": folded(batch.ordinals),
                "attempts": batch.attempts,
                "first_sent": utc(batch.first_sent_at) if batch.first_sent_at else None,
                "reason": why.get(batch.number, ""),
            }
            for batch in chunk.batches
            if batch.state is BatchState.ATTEMPTED
        ][:TOLD],
    }


def _splitting(row: FileRow, now: float) -> dict[str, Any]:
    stage = "running" if row.leased_until > now else "delayed" if row.setback else "waiting"
    return {"state": stage} | (told_of(row.setback, now) if row.setback else {})


def _reason(row: FileRow, going: Sequence[ChunkRow], throttle: ThrottleRow, now: float) -> str:
    """Why the file is open: what fails most, else the circuit, else what it waits for, else that it is on its way."""
    if row.state is FileState.SPLITTING:
        return _sentence(row.setback) if row.setback else "it is being split"
    back = [chunk.setback for chunk in going if chunk.setback]
    worst = max(back, key=lambda one: one.failures, default=None)
    if throttle.circuit is not Circuit.CLOSED:
        circuit = described(throttle, now)
        return f"the circuit of {throttle.feed} is {circuit['circuit']}: {circuit['why']}"
    if worst is None:
        return "it is on its way" if going else "its end is being written"
    others = sum(one.reason == worst.reason for one in back)
    return f"{_sentence(worst)}{f' ({others} chunks)' if others > 1 else ''}"


def _sentence(setback: Setback) -> str:
    times = "once" if setback.failures == 1 else f"{setback.failures} times"
    return f"{setback.stage}: {setback.reason}{f'; failed {times}' if setback.failures else ''}"
