"""What becomes of a chunk whose message lies in a DLQ: it is dead, so that its file ends as incomplete and says which
records are missing, instead of hanging. The message stays where it is: redriven, it brings the chunk back to life.
"""

from dataclasses import replace

from penstock.account.finalising import ChunkEnd, end_chunk
from penstock.account.ports import FinalisingPorts
from penstock.io.archiving import archive
from penstock.model import ids
from penstock.model.errors import Transient
from penstock.model.findings import Account, Finding, Outcome
from penstock.model.messages import ChunkMessage, DispatchMessage
from penstock.model.rows import BatchRow, BatchState, ChunkRow, ChunkState, Lease, scope_of
from penstock.outputs.accepted import load_accepted
from penstock.outputs.answers import ends_of
from penstock.outputs.examination_findings import found_of
from penstock.outputs.findings import flags_of, joined
from penstock.outputs.handover import dispatch_message_of
from penstock.outputs.outcomes import RecordEnd
from penstock.outputs.work import read_work

SECONDS = 120.0  #: that a burial may take

GAVE_UP = Finding(
    "delivery.gave_up", "its chunk failed too often and lies in a DLQ; redrive it once the cause is mended"
)


async def bury(ports: FinalisingPorts, message: ChunkMessage | DispatchMessage) -> Account | None:
    """Ends the chunk that a dead letter is about as dead; what it counts altogether. None where it is not this letter's
    to end: it has ended already, somebody works on it, it has come further by another message, or the letter is of
    another cut of the file.

    Raises:
        Transient: something broke; burying it again carries on.
    """
    chunk = message if isinstance(message, ChunkMessage) else message.chunk
    file_id, number = chunk.file.file_id, chunk.span.chunk
    planned = await ports.ledger.chunk(file_id, number)
    if planned is None or planned.span != chunk.span:
        return None
    lease = await ports.ledger.claim_ending(file_id, number, chunk.generation, ports.clock.now(), SECONDS)
    if lease.fence is None:
        return None
    if isinstance(message, ChunkMessage) and lease.row.state is ChunkState.VALIDATED:
        await ports.ledger.release_chunk(lease.row, lease.fence)
        return None
    try:
        return await _bury(ports, message, chunk, lease, lease.fence)
    except Transient:
        await ports.ledger.release_chunk(lease.row, lease.fence)
        raise


async def _bury(
    ports: FinalisingPorts,
    message: ChunkMessage | DispatchMessage,
    about: ChunkMessage,
    lease: Lease[ChunkRow],
    fence: int,
) -> Account:
    row = lease.row
    letter = ids.work_key(row.file_id, row.span.chunk, "dead-letter.json")
    await archive(ports.store, about.file.feed, letter, message.model_dump_json().encode(), "application/json")
    batches = await ports.ledger.batches(row.file_id, row.span.chunk)
    begun = [batch for batch in batches if batch.generation == row.generation]
    judged = message if isinstance(message, DispatchMessage) else None
    if begun and judged is None:
        # It was on its way to delivery, died, and was to be judged anew. What was sent before has its end.
        judged = await dispatch_message_of(ports.store, about, row)
    body = await read_work(ports.store, row, "accepted", row.generation)
    if judged is None or body is None:
        dead = dict.fromkeys(scope_of(row), RecordEnd(Outcome.DEAD, (GAVE_UP,)))
        return await end_chunk(ports, about, row, fence, ChunkEnd(dead), ChunkState.DEAD)
    records = {record.ordinal: record for record in load_accepted(body)}
    ends = dict.fromkeys(records, RecordEnd(Outcome.DEAD, (GAVE_UP,)))
    for batch in begun:
        ends |= await _ends_of(ports, row, fence, batch)
    flags = joined(await flags_of(ports.store, row) if judged.flagged else {}, await found_of(ports.store, row))
    ended = ChunkEnd(ends, judged.rejected, judged.findings, records, flags)
    return await end_chunk(ports, about, row, fence, ended, ChunkState.DEAD)


async def _ends_of(ports: FinalisingPorts, row: ChunkRow, fence: int, batch: BatchRow) -> dict[int, RecordEnd]:
    """What a batch of a chunk that dies says of its records. One that was never answered may have been applied: its
    records keep their claims, and it is sent again under its key if the chunk comes back. One that surely was not gives
    its records back."""
    if batch.state is not BatchState.ATTEMPTED:
        return await ends_of(ports.store, row, batch)
    if batch.unanswered:
        doubt = RecordEnd(Outcome.UNKNOWN, batch=ids.batch_id(row.file_id, row.span.chunk, batch.number))
        return dict.fromkeys(batch.ordinals, doubt)
    await ports.ledger.end_batch(row, fence, replace(batch, state=BatchState.DROPPED))
    return {}
