"""What an operator decides about records of a settled chunk: a round that no message begins, and that ends at once."""

from penstock.account.ports import FinalisingPorts
from penstock.model.errors import Busy, PenstockError
from penstock.model.rows import ChunkRow, ChunkState
from penstock.outputs.work import read_work
from penstock.ports.object_store import ObjectStore

SECONDS = 120.0  #: that a decision may take


class NotToBeDecided(PenstockError):
    """Raised when there is nothing to decide, or not yet."""


async def begin_decision(ports: FinalisingPorts, chunk: ChunkRow, only: str) -> tuple[ChunkRow, int]:
    """The chunk's row in the round of the decision about the records `only`, and the fence of the lease on it. What has
    broken off goes on.

    Raises:
        NotToBeDecided: the chunk is in the middle of another round, or dead, or another decision broke off.
        Busy: somebody else is at it right now.
    """
    now, left = ports.clock.now(), await broken_off(ports.store, chunk)
    if chunk.state is ChunkState.SETTLED:
        lease = await ports.ledger.claim_generation(chunk, only, now, SECONDS)
    elif left == only:
        lease = await ports.ledger.claim_ending(chunk.file_id, chunk.span.chunk, chunk.generation, now, SECONDS)
    elif left:
        raise NotToBeDecided(f"a decision about the records {left} of chunk {chunk.chunk_id} broke off: make it again")
    else:
        raise NotToBeDecided(f"chunk {chunk.chunk_id} is {chunk.state}: its records can be decided once it is settled")
    if lease.fence is None:
        raise Busy("somebody else is at this chunk", after=lease.busy_for)
    return lease.row, lease.fence


async def broken_off(store: ObjectStore, chunk: ChunkRow) -> str:
    """The records of a decision that has begun the chunk's round and not ended it, "" if there is none. What a message
    has begun ends by itself; it has a validator's outputs."""
    if chunk.state is not ChunkState.VALIDATED:
        return ""
    body = await read_work(store, chunk, "accepted", chunk.generation)
    return chunk.only if body is None else ""
