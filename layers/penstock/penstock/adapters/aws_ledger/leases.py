"""Leases on rows: what a claim writes, and what its answer says.

Who may write a row that is leased:

    fence 3, leased_until 10:05 ────────── 10:05 ────────────────────────
    worker A claims: fence := 3            worker B claims: fence := 4
    A writes under fence 3: taken          A writes under fence 3: LeaseLost
"""

from penstock.adapters.aws_items import Item, Updated, float_of, integer_of, number
from penstock.adapters.aws_ledger.items import CHANGED, chunk_row
from penstock.model.messages import ChunkMessage
from penstock.model.rows import ChunkRow, ChunkState, Lease

FENCED = "fence = :fence"
FREE = "leased_until <= :now"
LEASED = f"fence = if_not_exists(fence, :zero) + :one, leased_until = :until, worked_at = :now, {CHANGED}"


def leasing(now: float, seconds: float) -> Item:
    """The values of `FREE`, and of `LEASED` beside those of `CHANGED`: a lease of so many seconds."""
    return {":now": number(now), ":until": number(now + seconds), ":zero": number(0), ":one": number(1)}


def chunk_lease(item: Updated, now: float, in_generation: int, *stages: ChunkState) -> Lease[ChunkRow]:
    """The answer to a claim: another has the chunk, if it is in this round and at one of these stages."""
    if item.was is None:
        return Lease(chunk_row(item.now), integer_of(item.now, "fence"))
    row = chunk_row(item.was)
    return Lease(row, None, busy_for(item.was, now) if row.generation == in_generation and row.state in stages else 0.0)


def message_lease(item: Updated, now: float, message: ChunkMessage, stage: ChunkState) -> Lease[ChunkRow]:
    """The answer to a claim by a message."""
    if item.was is not None and not item.was:
        return Lease(chunk_or_planned(item.was, message), None)
    return chunk_lease(item, now, message.generation, stage)


def chunk_or_planned(item: Item, message: ChunkMessage) -> ChunkRow:
    """The chunk's row; where it has none yet, as the splitter plans it."""
    return chunk_row(item) if item else ChunkRow(message.file.file_id, message.span, ChunkState.SENT)


def busy_for(item: Item, now: float) -> float:
    """Seconds for which another worker holds the row; never 0, which would say that it is past this stage."""
    return max(0.1, float_of(item, "leased_until") - now)
