"""Batches of unknown outcome: sent, never answered, and not to be sent again. An operator who has asked the destination
says whether they were applied; their records are delivered then, or dead and can be replayed.
"""

from dataclasses import dataclass, replace

from penstock import ids
from penstock.accepted import load_accepted
from penstock.ending import Ending, EndingPorts, Round, end_chunk
from penstock.errors import Busy, PenstockError
from penstock.findings import Finding, Outcome
from penstock.ledger import BatchRow, BatchState, ChunkRow, ChunkState, FileRow, Lease, Ledger
from penstock.messages import ChunkMessage
from penstock.ordinals import folded

SECONDS = 120.0  #: that a decision may take


class NotToBeResolved(PenstockError):
    """Raised when a batch's outcome is not open, or not yet."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A batch of unknown outcome."""

    chunk: ChunkRow
    batch: BatchRow

    @property
    def batch_id(self) -> str:
        """What the destination knows it by: its Idempotency-Key."""
        return ids.batch_id(self.chunk.file_id, self.chunk.span.chunk, self.batch.number)


async def unknowns_of(ledger: Ledger, file_id: str) -> list[Unknown]:
    """A file's batches of unknown outcome, in order."""
    return [
        Unknown(chunk, batch)
        for chunk in await ledger.chunks(file_id)
        if chunk.counted[Outcome.UNKNOWN]
        for batch in await ledger.batches(file_id, chunk.span.chunk)
        if batch.state is BatchState.UNKNOWN
    ]


async def resolve(ports: EndingPorts, row: FileRow, unknown: Unknown, *, delivered: bool) -> None:
    """Ends a batch of unknown outcome as its operator says. Doing it again after it broke carries on.

    Raises:
        NotToBeResolved: its outcome was decided otherwise, or its chunk is in the middle of another round.
        Busy: somebody else decides it right now.
        Transient: something broke.
    """
    assert row.layout is not None
    chunk, batch = unknown.chunk, unknown.batch
    only = folded(batch.ordinals)
    if chunk.state is ChunkState.SETTLED and batch.state is not BatchState.UNKNOWN:
        raise NotToBeResolved(f"batch {unknown.batch_id} is {batch.state}: there is nothing to decide")
    lease = await _claim(ports, chunk, only)
    if lease.fence is None:
        raise Busy("somebody else is at this chunk", after=lease.busy_for)
    state = BatchState.DELIVERED if delivered else BatchState.DROPPED
    if batch.state is BatchState.UNKNOWN:
        await ports.ledger.end_batch(lease.row, lease.fence, replace(batch, state=state, unanswered=False))
    elif batch.state is not state:
        raise NotToBeResolved(f"batch {unknown.batch_id} has been resolved as {batch.state}")
    ending = Ending(Outcome.DELIVERED, batch=unknown.batch_id) if delivered else Ending(Outcome.DEAD, (NOT_APPLIED,))
    body = await ports.store.get(ids.work_key(chunk.file_id, chunk.span.chunk, "accepted", batch.round))
    records = {record.ordinal: record for record in load_accepted(body or b"") if record.ordinal in batch.ordinals}
    ended = Round(dict.fromkeys(batch.ordinals, ending), records=records)
    layout, span = chunk.span.layout or row.layout, chunk.span
    message = ChunkMessage(file=row.file, layout=layout, span=span, round=lease.row.round, only=lease.row.only)
    await end_chunk(ports, message, lease.row, lease.fence, ended, ChunkState.SETTLED)


NOT_APPLIED = Finding("delivery.not_applied", "an operator found that the destination never applied it; replay it")


async def _claim(ports: EndingPorts, chunk: ChunkRow, only: str) -> Lease[ChunkRow]:
    now = ports.clock.now()
    if chunk.state is ChunkState.SETTLED:
        return await ports.ledger.claim_round(chunk, only, now, SECONDS)
    if chunk.state is ChunkState.VALIDATED and chunk.only == only:
        return await ports.ledger.claim_ending(chunk.file_id, chunk.span.chunk, chunk.round, now, SECONDS)
    raise NotToBeResolved(f"chunk {chunk.chunk_id} is {chunk.state}: it has to end before its batches can be resolved")
