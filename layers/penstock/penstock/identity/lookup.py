"""What became of records: those of our own chunk, and those of others, as the ledger tells."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from penstock.identity.ours import Ours
from penstock.model.findings import Finding, Outcome
from penstock.model.records import Accepted
from penstock.model.rows import BatchRow, BatchState, ChunkRow, ChunkState, Owner, scope_of
from penstock.outputs.outcomes import RecordEnd
from penstock.ports.histories import Entry
from penstock.ports.ledger import Ledger


@dataclass(slots=True)
class Progress:
    """How far the records of our own chunk have come in its generation: its accepted records, how those ended that
    have, by ordinal, and what its examination found of the others. `batches` are those of all its generations."""

    chunk: ChunkRow
    records: Mapping[int, Accepted]
    batches: dict[int, BatchRow] = field(default_factory=dict[int, BatchRow])
    ends: dict[int, RecordEnd] = field(default_factory=dict[int, RecordEnd])
    flags: dict[int, tuple[Finding, ...]] = field(default_factory=dict[int, tuple[Finding, ...]])

    def undecided(self) -> list[int]:
        """The ordinals of records that have not ended."""
        return [ordinal for ordinal in self.records if ordinal not in self.ends]

    def was_sent(self, ordinal: int) -> bool:
        """Whether the record has ever been in a batch."""
        return any(ordinal in batch.ordinals for batch in self.batches.values())

    def outcome_of(self, ordinal: int) -> Outcome | None:
        """The record's outcome, None while it is on its way. One that is undecided holds an identity in vain: an
        attempt that broke has claimed it, before those that come first are decided again."""
        ending = self.ends.get(ordinal)
        if ending:
            return ending.outcome
        last = [batch for batch in self.batches.values() if ordinal in batch.ordinals][-1:]
        if last and last[0].generation == self.chunk.generation and last[0].state is BatchState.ATTEMPTED:
            return None
        return (last[0].outcome_of(ordinal) if last else None) or Outcome.REJECTED


class ChunkOutcomes:
    """What became of the records of another chunk."""

    def __init__(self, row: ChunkRow | None, batches: Iterable[BatchRow]) -> None:
        self._row = row
        self._last = {ordinal: batch for batch in batches for ordinal in batch.ordinals}
        self._sent = frozenset(self._last)
        # What an earlier generation said of the records of this one does not count any more.
        if row and row.generation and row.state is not ChunkState.SETTLED:
            for ordinal in scope_of(row):
                if ordinal in self._last and self._last[ordinal].generation < row.generation:
                    del self._last[ordinal]

    @property
    def forgotten(self) -> bool:
        """Whether the chunk's row has expired. Rows of its batches may still be there."""
        return self._row is None

    def knows(self, ordinal: int) -> bool:
        """Whether anything is known of the record here."""
        return not self.forgotten or ordinal in self._last

    def was_sent(self, ordinal: int) -> bool:
        """Whether the record has ever been in a batch."""
        return ordinal in self._sent

    def outcome_of(self, ordinal: int) -> Outcome | None:
        """The record's outcome, None while it is on its way. Who ended without a batch has no use for the claim, as if
        rejected; nor has who died, unless a batch of it may have been applied."""
        batch = self._last.get(ordinal)
        outcome = batch.outcome_of(ordinal) if batch else None
        if outcome:
            return outcome
        if self._row is None or self._row.state is ChunkState.DEAD:
            return Outcome.UNKNOWN if batch and batch.unanswered else Outcome.REJECTED
        return Outcome.REJECTED if self._row.state is ChunkState.SETTLED else None


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of a record: `outcome` is None while it is on its way. It is `forgotten` where its chunk's row has
    expired, so that nothing will change it any more; `was_sent` says that it has ever been in a batch."""

    outcome: Outcome | None
    forgotten: bool = False
    was_sent: bool = True


class Lookup:
    """One look at what became of records: another chunk is seen as it was when the look first came to it."""

    def __init__(self, ledger: Ledger, ours: Ours, progress: Progress) -> None:
        self._ledger, self._ours, self._progress = ledger, ours, progress
        self._seen: dict[tuple[str, int], ChunkOutcomes] = {}

    async def of_owner(self, owner: Owner) -> Seen:
        """What became of an owner's record. Where the ledger has forgotten it, the claim itself knows: who ended in
        another way than delivered has given it up, or has noted that on it. Who took it over in doubt, and died before
        a batch of that was fixed, leaves the doubt behind."""
        seen = await self._see(owner.file_id, owner.chunk, owner.ordinal, owner.ended or Outcome.DELIVERED)
        if owner.ended is Outcome.UNKNOWN and seen.outcome is Outcome.REJECTED and not seen.was_sent:
            return Seen(Outcome.UNKNOWN, forgotten=True)
        return seen

    async def of_entry(self, entry: Entry) -> Outcome | None:
        """What became of an entry's record, None while it is on its way. Where the ledger has forgotten it, nobody
        knows, and it counts."""
        return (await self._see(entry.file_id, entry.chunk, entry.ordinal, Outcome.UNKNOWN)).outcome

    async def _see(self, file_id: str, chunk: int, ordinal: int, forgotten_as: Outcome) -> Seen:
        if (file_id, chunk) == (self._ours.file_id, self._ours.chunk):
            return Seen(self._progress.outcome_of(ordinal), was_sent=self._progress.was_sent(ordinal))
        if (file_id, chunk) not in self._seen:
            # The row first: a chunk that is seen settled has all its batches.
            row = await self._ledger.chunk(file_id, chunk)
            self._seen[file_id, chunk] = ChunkOutcomes(row, await self._ledger.batches(file_id, chunk))
        seen = self._seen[file_id, chunk]
        if seen.knows(ordinal):
            return Seen(seen.outcome_of(ordinal), seen.forgotten, seen.was_sent(ordinal))
        return Seen(forgotten_as, forgotten=True)
