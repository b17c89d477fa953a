"""The lease on a chunk, and what is written under it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from penstock.identity.ours import Ours
from penstock.io.retry import Try
from penstock.model.errors import LeaseLost
from penstock.model.rows import BatchRow, ChunkRow
from penstock.model.setbacks import Setback
from penstock.ports.ledger import Ledger


@dataclass(frozen=True, slots=True)
class ChunkLease:
    """A chunk's row as it was claimed, and the fence that every write about it names. Each write raises LeaseLost where
    another dispatcher has taken the chunk over."""

    ledger: Ledger
    chunk: ChunkRow
    fence: int

    @property
    def ours(self) -> Ours:
        """What the lease makes ours."""
        return Ours(self.chunk.file_id, self.chunk.span.chunk, self.fence)

    async def ensure_held(self) -> None:
        """Raises LeaseLost where the chunk is another's by now."""
        if not await self.ledger.holds(self.chunk, self.fence):
            raise LeaseLost("another dispatcher has taken the chunk over")

    async def fix(self, batches: Sequence[BatchRow]) -> None:
        """As `Ledger.fix_batches`."""
        await self.ledger.fix_batches(self.chunk, self.fence, batches)

    async def begin_attempt(self, batch: BatchRow, now: float) -> BatchRow:
        """As `Ledger.begin_attempt`."""
        return await self.ledger.begin_attempt(self.chunk, self.fence, batch, now)

    async def note_nothing_done(self, batch: BatchRow, *, in_doubt: bool) -> None:
        """The call just begun has surely done nothing; the batch is as much `in_doubt` as before it."""
        await self.ledger.note_answer(self.chunk, self.fence, replace(batch, unanswered=in_doubt))

    async def end(self, batch: BatchRow) -> None:
        """As `Ledger.end_batch`."""
        await self.ledger.end_batch(self.chunk, self.fence, batch)

    async def release(self, setback: Setback) -> None:
        """As `Ledger.release_chunk`."""
        await self.ledger.release_chunk(self.chunk, self.fence, setback)

    def a_try(self, now: float) -> Try:
        """The dispatcher's try at the chunk, as it ends."""
        return Try("dispatcher", self.chunk.setback, now)
