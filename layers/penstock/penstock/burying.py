"""What becomes of a chunk whose message lies in a DLQ: it is dead, so that its file ends as incomplete and says which
records are missing, instead of hanging. The message stays where it is: redriven, it brings the chunk back to life.
"""

from dataclasses import replace

from penstock import ids
from penstock.accepted import load_accepted
from penstock.archiving import archive
from penstock.ending import Ending, EndingPorts, Round, end_chunk, endings_of, flags_of, joined, scope_of
from penstock.errors import Transient
from penstock.exceptions import found_of
from penstock.findings import Account, Finding, Outcome
from penstock.ledger import BatchRow, BatchState, ChunkRow, ChunkState, Lease
from penstock.messages import ChunkMessage, DispatchMessage

SECONDS = 120.0  #: that a burial may take

GAVE_UP = Finding(
    "delivery.gave_up", "its chunk failed too often and lies in a DLQ; redrive it once the cause is mended"
)


async def bury(ports: EndingPorts, message: ChunkMessage | DispatchMessage) -> Account | None:
    """Ends the chunk that a dead letter is about as dead; what it counts altogether. None where it is not this letter's
    to end: it has ended already, somebody works on it, or it has come further by another message.

    Raises:
        Transient: something broke; burying it again carries on.
    """
    chunk = message if isinstance(message, ChunkMessage) else message.chunk
    file_id, number = chunk.file.file_id, chunk.span.chunk
    if await ports.ledger.chunk(file_id, number) is None:
        return None
    lease = await ports.ledger.claim_ending(file_id, number, chunk.round, ports.clock.now(), SECONDS)
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
    ports: EndingPorts,
    message: ChunkMessage | DispatchMessage,
    about: ChunkMessage,
    lease: Lease[ChunkRow],
    fence: int,
) -> Account:
    row = lease.row
    letter = ids.work_key(row.file_id, row.span.chunk, "dead-letter.json")
    await archive(ports.store, about.file.feed, letter, message.model_dump_json().encode(), "application/json")
    body = await ports.store.get(ids.work_key(row.file_id, row.span.chunk, "accepted", row.round))
    if isinstance(message, ChunkMessage) or body is None:
        dead = dict.fromkeys(scope_of(row), Ending(Outcome.DEAD, (GAVE_UP,)))
        return await end_chunk(ports, about, row, fence, Round(dead), ChunkState.DEAD)
    records = {record.ordinal: record for record in load_accepted(body)}
    endings = dict.fromkeys(records, Ending(Outcome.DEAD, (GAVE_UP,)))
    for batch in await ports.ledger.batches(row.file_id, row.span.chunk):
        if batch.round == row.round:
            endings |= await _endings_of(ports, row, fence, batch)
    flags = joined(await flags_of(ports.store, row) if message.flagged else {}, await found_of(ports.store, row))
    ended = Round(endings, message.rejected, message.findings, records, flags)
    return await end_chunk(ports, about, row, fence, ended, ChunkState.DEAD)


async def _endings_of(ports: EndingPorts, row: ChunkRow, fence: int, batch: BatchRow) -> dict[int, Ending]:
    """What a batch of a chunk that dies says of its records. One that was never answered may have been applied: its
    records keep their claims, and it is sent again under its key if the chunk comes back. One that surely was not gives
    its records back."""
    if batch.state is not BatchState.ATTEMPTED:
        return await endings_of(ports.store, row, batch)
    if batch.unanswered:
        doubt = Ending(Outcome.UNKNOWN, batch=ids.batch_id(row.file_id, row.span.chunk, batch.number))
        return dict.fromkeys(batch.ordinals, doubt)
    await ports.ledger.end_batch(row, fence, replace(batch, state=BatchState.DROPPED))
    return {}
