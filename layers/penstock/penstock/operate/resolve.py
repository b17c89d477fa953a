"""Batches of unknown outcome: sent, never answered, and not to be sent again. An operator who has asked the destination
says whether they were applied; their records are delivered then, or dead and can be replayed.
"""

from dataclasses import dataclass, replace

from penstock.account.finalising import ChunkEnd, end_chunk
from penstock.account.ports import FinalisingPorts
from penstock.model import ids
from penstock.model.findings import Finding, Outcome
from penstock.model.ordinals import folded
from penstock.model.rows import BatchRow, BatchState, ChunkRow, ChunkState, FileRow
from penstock.operate.decide import NotToBeDecided, begin_decision
from penstock.outputs.accepted import load_accepted
from penstock.outputs.answers import IN_DOUBT
from penstock.outputs.handover import message_of
from penstock.outputs.outcomes import OutcomeLine, RecordEnd, outcome_lines_of
from penstock.outputs.work import read_work
from penstock.ports.ledger import Ledger


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


async def resolve(ports: FinalisingPorts, row: FileRow, unknown: Unknown, *, delivered: bool) -> None:
    """Ends a batch of unknown outcome as its operator says. Doing it again after it broke carries on.

    Raises:
        NotToBeDecided: its outcome was decided otherwise, or its chunk is in the middle of another round.
        Busy: somebody else decides it right now.
        Transient: something broke.
    """
    chunk, batch = unknown.chunk, unknown.batch
    if chunk.state is ChunkState.SETTLED and batch.state is not BatchState.UNKNOWN:
        raise NotToBeDecided(f"batch {unknown.batch_id} is {batch.state}: there is nothing to decide")
    chunk, fence = await begin_decision(ports, chunk, folded(batch.ordinals))
    state = BatchState.DELIVERED if delivered else BatchState.DROPPED
    if batch.state is BatchState.UNKNOWN:
        await ports.ledger.end_batch(chunk, fence, replace(batch, state=state, unanswered=False))
    elif batch.state is not state:
        raise NotToBeDecided(f"batch {unknown.batch_id} has been resolved as {batch.state}")
    ending = (
        RecordEnd(Outcome.DELIVERED, batch=unknown.batch_id) if delivered else RecordEnd(Outcome.DEAD, (NOT_APPLIED,))
    )
    body = await read_work(ports.store, chunk, "accepted", batch.generation)
    records = {record.ordinal: record for record in load_accepted(body or b"") if record.ordinal in batch.ordinals}
    outcome_lines = await outcome_lines_of(ports.store, unknown.chunk)
    flags = {at: _flags(outcome_lines[at]) for at in batch.ordinals if at in outcome_lines}
    ended = ChunkEnd(dict.fromkeys(batch.ordinals, ending), records=records, flags=flags)
    await end_chunk(ports, message_of(row, chunk), chunk, fence, ended, ChunkState.SETTLED)


def _flags(outcome_line: OutcomeLine) -> tuple[Finding, ...]:
    """What was found of a record, without why its outcome was unknown."""
    found = map(Finding.from_dict, outcome_line.get("findings", ()))
    return tuple(finding for finding in found if finding.code != IN_DOUBT)


NOT_APPLIED = Finding("delivery.not_applied", "an operator found that the destination never applied it; replay it")
