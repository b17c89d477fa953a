"""The ledger's twin: the same conditions, in one dictionary."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from penstock.errors import LeaseLost, Transient
from penstock.findings import Account, Finding, Outcome
from penstock.ledger import BatchRow, BatchState, ChunkRow, ChunkState, FileRow, FileState, Lease, Owner
from penstock.messages import DispatchMessage, Layout, SourceFile, Span


@dataclass(slots=True)
class _Kept[Row]:
    """A row with its lease."""

    row: Row
    fence: int = 0
    leased_until: float = 0.0

    def lease(self, now: float, seconds: float) -> Lease[Row]:
        if self.leased_until > now:
            return Lease(self.row, None, self.leased_until - now)
        self.fence += 1
        self.leased_until = now + seconds
        return Lease(self.row, self.fence)


@dataclass(slots=True)
class _KeptChunk(_Kept[ChunkRow]):
    batches: dict[int, BatchRow] = field(default_factory=dict[int, BatchRow])


class MemoryLedger:
    """As `Ledger`."""

    def __init__(self) -> None:
        self._files: dict[str, _Kept[FileRow]] = {}
        self._chunks: dict[tuple[str, int], _KeptChunk] = {}
        self._booked: dict[str, float] = {}

    async def claim_file(self, file: SourceFile, now: float, seconds: float) -> Lease[FileRow]:
        """As `Ledger.claim_file`."""
        kept = self._files.setdefault(file.file_id, _Kept(FileRow(file, FileState.SPLITTING, opened_at=now)))
        if kept.row.state is not FileState.SPLITTING:
            return Lease(kept.row, None)
        return kept.lease(now, seconds)

    async def plan_chunks(self, file: SourceFile, spans: Sequence[Span]) -> None:
        """As `Ledger.plan_chunks`."""
        for span in spans:
            self._chunk(file.file_id, span)

    async def seal_file(
        self, file_id: str, fence: int, *, layout: Layout, chunks: int, received: int, sha256: str, now: float
    ) -> None:
        """As `Ledger.seal_file`."""
        kept = self._splitting(file_id, fence)
        kept.row = replace(
            kept.row,
            state=FileState.SEALED,
            layout=layout,
            chunks=chunks,
            received=received,
            sha256=sha256,
            sealed_at=now,
        )

    async def refuse_file(self, file_id: str, fence: int, finding: Finding, now: float) -> None:
        """As `Ledger.refuse_file`."""
        kept = self._splitting(file_id, fence)
        kept.row = replace(kept.row, state=FileState.REFUSED, refused=finding, settled_at=now)

    async def settle_file(self, file_id: str, now: float) -> bool:
        """As `Ledger.settle_file`."""
        kept = self._files.get(file_id)
        if kept is None or kept.row.state is not FileState.SEALED:
            return False
        kept.row = replace(kept.row, state=FileState.SETTLED, settled_at=now)
        return True

    async def release_file(self, file_id: str, fence: int) -> None:
        """As `Ledger.release_file`."""
        kept = self._files.get(file_id)
        if kept and kept.fence == fence:
            kept.leased_until = 0.0

    async def file(self, file_id: str) -> FileRow | None:
        """As `Ledger.file`."""
        kept = self._files.get(file_id)
        return kept.row if kept else None

    async def files(self, limit: int) -> list[FileRow]:
        """As `Ledger.files`."""
        return sorted((kept.row for kept in self._files.values()), key=lambda row: -row.opened_at)[:limit]

    async def claim_validation(self, file: SourceFile, span: Span, now: float, seconds: float) -> Lease[ChunkRow]:
        """As `Ledger.claim_validation`."""
        kept = self._chunk(file.file_id, span)
        if kept.row.state is not ChunkState.SENT:
            return Lease(kept.row, None)
        return kept.lease(now, seconds)

    async def mark_validated(self, message: DispatchMessage, fence: int) -> None:
        """As `Ledger.mark_validated`."""
        kept = self._chunk(message.chunk.file.file_id, message.chunk.span)
        if kept.row.state is ChunkState.SENT and kept.fence == fence:
            kept.row = _validated(kept.row, message)
            kept.leased_until = 0.0
        elif kept.row.state is ChunkState.SENT:
            raise LeaseLost("another validator has taken the chunk over")

    async def claim_dispatch(self, message: DispatchMessage, now: float, seconds: float) -> Lease[ChunkRow]:
        """As `Ledger.claim_dispatch`."""
        kept = self._chunk(message.chunk.file.file_id, message.chunk.span)
        if kept.row.state is ChunkState.SENT:
            kept.row = _validated(kept.row, message)
            kept.leased_until = 0.0
        if kept.row.state is not ChunkState.VALIDATED:
            return Lease(kept.row, None)
        return kept.lease(now, seconds)

    async def release_chunk(self, chunk: ChunkRow, fence: int) -> None:
        """As `Ledger.release_chunk`."""
        kept = self._chunks.get((chunk.file_id, chunk.span.chunk))
        if kept and kept.fence == fence:
            kept.leased_until = 0.0

    async def batches(self, file_id: str, chunk: int) -> list[BatchRow]:
        """As `Ledger.batches`."""
        kept = self._chunks.get((file_id, chunk))
        return [kept.batches[number] for number in sorted(kept.batches)] if kept else []

    async def fix_batches(self, chunk: ChunkRow, fence: int, batches: Sequence[BatchRow]) -> None:
        """As `Ledger.fix_batches`."""
        kept = self._held(chunk, fence)
        if any(batch.number in kept.batches for batch in batches):
            raise LeaseLost("a batch of that number is there already")
        kept.batches |= {batch.number: batch for batch in batches}

    async def begin_attempt(self, chunk: ChunkRow, fence: int, batch: BatchRow, now: float) -> BatchRow:
        """As `Ledger.begin_attempt`."""
        kept = self._on_its_way(chunk, fence, batch)
        begun = replace(
            kept.batches[batch.number],
            attempts=batch.attempts + 1,
            first_sent_at=now if batch.first_sent_at is None else batch.first_sent_at,
            unanswered=True,
        )
        kept.batches[batch.number] = begun
        return begun

    async def note_answer(self, chunk: ChunkRow, fence: int, batch: BatchRow) -> None:
        """As `Ledger.note_answer`."""
        kept = self._on_its_way(chunk, fence, batch)
        kept.batches[batch.number] = replace(kept.batches[batch.number], unanswered=batch.unanswered)

    async def end_batch(self, chunk: ChunkRow, fence: int, batch: BatchRow) -> None:
        """As `Ledger.end_batch`."""
        kept = self._on_its_way(chunk, fence, batch)
        kept.batches[batch.number] = replace(
            kept.batches[batch.number],
            state=batch.state,
            refused=batch.refused,
            returned=batch.returned,
            unanswered=batch.unanswered,
        )

    async def settle_chunk(
        self, chunk: ChunkRow, fence: int, counted: Account, findings: Mapping[str, int], now: float
    ) -> None:
        """As `Ledger.settle_chunk`."""
        kept = self._held(chunk, fence)
        file = self._files[chunk.file_id]
        kept.row = replace(
            kept.row, state=ChunkState.SETTLED, counted=dict(counted), findings=dict(findings), settled_at=now
        )
        file.row = replace(
            file.row,
            chunks_settled=file.row.chunks_settled + 1,
            counted={outcome: file.row.counted[outcome] + counted[outcome] for outcome in Outcome},
            findings={
                code: file.row.findings.get(code, 0) + findings.get(code, 0)
                for code in file.row.findings.keys() | findings.keys()
            },
        )

    async def chunk(self, file_id: str, chunk: int) -> ChunkRow | None:
        """As `Ledger.chunk`."""
        kept = self._chunks.get((file_id, chunk))
        return kept.row if kept else None

    async def chunks(self, file_id: str) -> list[ChunkRow]:
        """As `Ledger.chunks`."""
        return [self._chunks[place].row for place in sorted(self._chunks) if place[0] == file_id]

    async def reserve(self, destination: str, cost: float, now: float, horizon: float) -> float:
        """As `Ledger.reserve`."""
        begin = max(now, self._booked.get(destination, 0.0))
        if begin - now > horizon:
            raise Transient("the destination's time is booked out", after=begin - now)
        self._booked[destination] = begin + cost
        return begin

    def _chunk(self, file_id: str, span: Span) -> _KeptChunk:
        return self._chunks.setdefault(
            (file_id, span.chunk), _KeptChunk(ChunkRow(file_id=file_id, span=span, state=ChunkState.SENT))
        )

    def _splitting(self, file_id: str, fence: int) -> _Kept[FileRow]:
        kept = self._files[file_id]
        if kept.fence != fence or kept.row.state is not FileState.SPLITTING:
            raise LeaseLost("another splitter has taken the file over")
        return kept

    def _held(self, chunk: ChunkRow, fence: int) -> _KeptChunk:
        kept = self._chunk(chunk.file_id, chunk.span)
        if kept.fence != fence or kept.row.state is not ChunkState.VALIDATED:
            raise LeaseLost("another dispatcher has taken the chunk over")
        return kept

    def _on_its_way(self, chunk: ChunkRow, fence: int, batch: BatchRow) -> _KeptChunk:
        kept = self._held(chunk, fence)
        known = kept.batches.get(batch.number)
        if known is None or known.state is not BatchState.ATTEMPTED:
            raise LeaseLost("the batch was never fixed, or has ended already")
        return kept


def _validated(row: ChunkRow, message: DispatchMessage) -> ChunkRow:
    return replace(
        row,
        state=ChunkState.VALIDATED,
        accepted=message.accepted,
        rejected=message.rejected,
        findings=dict(message.findings),
    )


class MemoryClaims:
    """As `Claims`."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], Owner] = {}

    async def claim(self, feed: str, wanted: Mapping[str, Owner]) -> dict[str, Owner]:
        """As `Claims.claim`."""
        return {identity: self.held.setdefault((feed, identity), owner) for identity, owner in wanted.items()}

    async def take_over(self, feed: str, identity: str, held: Owner, wanted: Owner) -> bool:
        """As `Claims.take_over`."""
        if self.held.get((feed, identity), held) != held:
            return False
        self.held[feed, identity] = wanted
        return True

    async def give_up(self, feed: str, identity: str, owner: Owner) -> None:
        """As `Claims.give_up`."""
        if self.held.get((feed, identity)) == owner:
            del self.held[feed, identity]
