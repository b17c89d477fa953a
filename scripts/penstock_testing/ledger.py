"""The ledger's twin: the same conditions, in one dictionary."""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from penstock.model import versions
from penstock.model.errors import LeaseLost
from penstock.model.findings import Account, Finding, Noted, Outcome
from penstock.model.messages import Checkpoint, ChunkMessage, Cut, DispatchMessage, Layout, SourceFile, Span
from penstock.model.rows import (
    KEPT,
    MOST_RETURNS,
    BatchRow,
    BatchState,
    ChunkRow,
    ChunkState,
    Fault,
    FileRow,
    FileState,
    Lease,
)
from penstock.model.setbacks import Setback


@dataclass(slots=True)
class _Kept[Row]:
    """A row with its lease, and the version that a release must know to act on it."""

    row: Row
    version: int
    fence: int = 0

    def lease(self, now: float, seconds: float, version: int) -> Lease[Row]:
        leased_until = cast(Any, self.row).leased_until
        if leased_until > now:
            return Lease(self.row, None, leased_until - now)
        self.fence += 1
        self.version = version
        self.change(worked_at=now, leased_until=now + seconds)
        return Lease(self.row, self.fence)

    def release(self, fence: int, setback: Setback | None) -> None:
        if self.fence == fence and cast(Any, self.row).state in (FileState.SPLITTING, *_GOING):
            self.change(leased_until=0.0, **({"setback": setback} if setback else {}))

    def change(self, **changes: Any) -> None:
        self.row = cast(Row, replace(cast(Any, self.row), **changes))


@dataclass(slots=True)
class _KeptChunk(_Kept[ChunkRow]):
    batches: dict[int, BatchRow] = field(default_factory=dict[int, BatchRow])
    batch_versions: dict[int, int] = field(default_factory=dict[int, int])


class MemoryLedger:
    """As `Ledger`."""

    def __init__(self) -> None:
        self._files: dict[str, _Kept[FileRow]] = {}
        self._chunks: dict[tuple[str, int], _KeptChunk] = {}
        self._stalled: set[str] = set()
        self._again: set[str] = set()
        self._cursors: dict[str, str] = {}
        self._faults: dict[tuple[str, str], Fault] = {}

    async def claim_file(self, file: SourceFile, now: float, seconds: float) -> Lease[FileRow]:
        """As `Ledger.claim_file`."""
        opened = _Kept(FileRow(file, FileState.SPLITTING, opened_at=now), versions.FILE)
        kept = _known_file(self._files.setdefault(file.file_id, opened))
        if kept.row.state is not FileState.SPLITTING:
            return Lease(kept.row, None)
        return kept.lease(now, seconds, versions.FILE)

    async def plan_chunks(self, file_id: str, fence: int, spans: Sequence[Span]) -> None:
        """As `Ledger.plan_chunks`."""
        self._splitting(file_id, fence)
        for span in spans:
            self._chunk(file_id, span)

    async def pin_cut(self, file_id: str, fence: int, layout: Layout, cut: Cut) -> None:
        """As `Ledger.pin_cut`."""
        kept = self._splitting(file_id, fence)
        kept.row = replace(kept.row, layout=layout, cut=cut)

    async def seal_file(
        self,
        file_id: str,
        fence: int,
        *,
        layout: Layout,
        chunks: int,
        received: int,
        sha256_tree: str,
        noted: Noted,
        now: float,
        goes_on: bool = False,
    ) -> None:
        """As `Ledger.seal_file`."""
        kept = self._splitting(file_id, fence)
        kept.row = replace(
            kept.row,
            state=FileState.SEALED,
            layout=layout,
            chunks=chunks,
            received=received,
            sha256_tree=sha256_tree,
            noted=noted,
            checkpoint=kept.row.checkpoint if goes_on else None,
            setback=None,
            sealed_at=now,
        )

    async def note_checkpoint(self, file_id: str, fence: int, checkpoint: Checkpoint) -> None:
        """As `Ledger.note_checkpoint`."""
        kept = self._splitting(file_id, fence)
        kept.row = replace(kept.row, checkpoint=checkpoint)

    async def pin_refusal(self, file_id: str, fence: int, finding: Finding) -> None:
        """As `Ledger.pin_refusal`."""
        self._splitting(file_id, fence).change(refused=finding)

    async def refuse_file(self, file_id: str, fence: int, finding: Finding, now: float) -> None:
        """As `Ledger.refuse_file`."""
        kept = self._splitting(file_id, fence)
        kept.row = replace(kept.row, state=FileState.REFUSED, refused=finding, settled_at=now)

    async def reopen_file(self, row: FileRow, now: float) -> bool:
        """As `Ledger.reopen_file`."""
        kept = _known_file(self._files[row.file.file_id])
        if (kept.row.state, kept.row.ends) != (row.state, row.ends):
            return False
        if row.state is FileState.REFUSED:
            kept.row = replace(kept.row, layout=None, cut=None, checkpoint=None)
        kept.row = replace(
            kept.row,
            state=FileState.SPLITTING,
            refused=None,
            taken_up_at=now,
            worked_at=now,
            ends=kept.row.ends + 1,
            leased_until=0.0,
        )
        self._stalled.discard(row.file.file_id)
        return True

    async def stage_file(self, file: SourceFile, fence: int) -> None:
        """As `Ledger.stage_file`."""
        kept = self._splitting(file.file_id, fence)
        kept.row = replace(kept.row, file=file)

    async def open_each(self, archive_id: str, fence: int, files: Sequence[SourceFile], now: float) -> None:
        """As `Ledger.open_each`."""
        self._splitting(archive_id, fence)
        for place, file in enumerate(files):
            opened = FileRow(file, FileState.SPLITTING, opened_at=now + place / 1e6)
            self._files.setdefault(file.file_id, _Kept(opened, versions.FILE))

    async def unpack_file(self, file_id: str, fence: int, files: int, now: float) -> None:
        """As `Ledger.unpack_file`."""
        kept = self._splitting(file_id, fence)
        kept.row = replace(kept.row, state=FileState.UNPACKED, files=files, settled_at=now)

    async def settle_file(self, file_id: str, ends: int, now: float) -> bool:
        """As `Ledger.settle_file`."""
        kept = self._files.get(file_id)
        if kept is None or _known_file(kept).row.state is not FileState.SEALED or kept.row.ends != ends:
            return False
        first = kept.row.first_settled_at or kept.row.settled_at or now
        kept.row = replace(kept.row, state=FileState.SETTLED, settled_at=now, first_settled_at=first)
        return True

    async def release_file(self, file_id: str, fence: int, setback: Setback | None = None) -> None:
        """As `Ledger.release_file`."""
        if file_id in self._files:
            self._files[file_id].release(fence, setback)

    async def file(self, file_id: str) -> FileRow | None:
        """As `Ledger.file`."""
        kept = self._files.get(file_id)
        return _known_file(kept).row if kept else None

    async def files(
        self, limit: int, *, before: float | None = None, after: float = 0.0, states: Collection[FileState] = KEPT
    ) -> list[FileRow]:
        """As `Ledger.files`."""
        rows = (
            _listed(kept)
            for kept in self._files.values()
            if kept.row.state in states and after < kept.row.opened_at < (before or math.inf)
        )
        return sorted(rows, key=lambda row: -row.opened_at)[:limit]

    async def open_files(self, limit: int, after: float = 0.0) -> list[FileRow]:
        """As `Ledger.open_files`."""
        rows = (
            _listed(kept) for kept in self._files.values() if kept.row.state in _OPEN and kept.row.opened_at > after
        )
        return sorted(rows, key=lambda row: row.opened_at)[:limit]

    async def note_begun_again(self, file_id: str, now: float) -> None:
        """As `Ledger.note_begun_again`."""
        self._again.add(file_id)

    async def files_begun_again(self, limit: int, after: float = 0.0) -> list[FileRow]:
        """As `Ledger.files_begun_again`."""
        kept = (self._files[file_id] for file_id in self._again if file_id in self._files)
        rows = (_listed(one) for one in kept if one.row.opened_at > after)
        return sorted(rows, key=lambda row: row.opened_at)[:limit]

    async def note_stalled(self, file_id: str, now: float) -> bool:
        """As `Ledger.note_stalled`."""
        kept = _known_file(self._files[file_id])
        if file_id in self._stalled or kept.row.state not in _OPEN:
            return False
        self._stalled.add(file_id)
        return True

    async def note_resent(self, file_id: str, chunks: Sequence[int], now: float) -> None:
        """As `Ledger.note_resent`."""
        for chunk in chunks:
            kept = self._chunks[file_id, chunk]
            kept.row = replace(kept.row, resent_at=now)
        file = self._files[file_id]
        file.row = replace(file.row, resent_at=now)

    async def tie_return(self, file_id: str, origin: str) -> None:
        """As `Ledger.tie_return`."""
        file, first = self._files.get(file_id), self._files.get(origin)
        if file and len(file.row.origins) < MOST_RETURNS:
            file.row = replace(file.row, origins=_with(file.row.origins, origin))
        if first and len(first.row.returns) < MOST_RETURNS:
            first.row = replace(first.row, returns=_with(first.row.returns, file_id))

    async def cursor(self, look: str) -> str:
        """As `Ledger.cursor`."""
        return self._cursors.get(look, "")

    async def keep_cursor(self, look: str, cursor: str) -> None:
        """As `Ledger.keep_cursor`."""
        self._cursors[look] = cursor

    async def note_fault(self, fault: Fault) -> None:
        """As `Ledger.note_fault`."""
        self._faults[fault.look, fault.about] = fault

    async def faults(self, since: float) -> list[Fault]:
        """As `Ledger.faults`."""
        return sorted((fault for fault in self._faults.values() if fault.at >= since), key=lambda fault: fault.at)

    async def claim_validation(self, message: ChunkMessage, now: float, seconds: float) -> Lease[ChunkRow]:
        """As `Ledger.claim_validation`."""
        kept = _known_chunk(self._chunk(message.file.file_id, message.span))
        if kept.row.state is ChunkState.DEAD and kept.row.generation == message.generation:
            kept.row = replace(kept.row, state=ChunkState.SENT)
        if kept.row.state is ChunkState.SETTLED and kept.row.generation < message.generation:
            begun = {"generation": message.generation, "only": message.only, "released": message.released}
            kept.row = replace(kept.row, state=ChunkState.SENT, **begun)
        if kept.row.state is not ChunkState.SENT or kept.row.generation != message.generation:
            return Lease(kept.row, None)
        return kept.lease(now, seconds, versions.CHUNK)

    async def mark_validated(self, message: DispatchMessage, fence: int) -> None:
        """As `Ledger.mark_validated`."""
        kept = _known_chunk(self._chunk(message.chunk.file.file_id, message.chunk.span))
        if kept.row.state is not ChunkState.SENT or kept.row.generation != message.chunk.generation:
            return
        if kept.fence != fence:
            raise LeaseLost("another validator has taken the chunk over")
        kept.change(state=ChunkState.VALIDATED, leased_until=0.0, setback=None)

    async def begin_generation(self, message: ChunkMessage, now: float) -> bool:
        """As `Ledger.begin_generation`."""
        kept = _known_chunk(self._chunk(message.file.file_id, message.span))
        again = kept.row.state is ChunkState.DEAD and kept.row.generation == message.generation
        later = kept.row.state is ChunkState.SETTLED and kept.row.generation < message.generation
        if not (again or later):
            return False
        file = _known_file(self._files[message.file.file_id])
        begun = {"generation": message.generation, "only": message.only, "released": message.released}
        kept.row, kept.version = replace(kept.row, state=ChunkState.SENT, worked_at=now, **begun), versions.CHUNK
        settled = file.row.state is FileState.SETTLED
        state = FileState.SEALED if settled else file.row.state
        reopened = now if settled else file.row.reopened_at
        file.row = replace(file.row, state=state, reopened_at=reopened, taken_up_at=now, ends=file.row.ends + 1)
        self._stalled.discard(message.file.file_id)
        return True

    async def claim_dispatch(self, message: DispatchMessage, now: float, seconds: float) -> Lease[ChunkRow]:
        """As `Ledger.claim_dispatch`."""
        kept = _known_chunk(self._chunk(message.chunk.file.file_id, message.chunk.span))
        if kept.row.generation != message.chunk.generation:
            return Lease(kept.row, None)
        if kept.row.state in (ChunkState.SENT, ChunkState.DEAD):
            kept.change(state=ChunkState.VALIDATED, leased_until=0.0)
        if kept.row.state is not ChunkState.VALIDATED:
            return Lease(kept.row, None)
        return kept.lease(now, seconds, versions.CHUNK)

    async def claim_ending(
        self, file_id: str, chunk: int, in_generation: int, now: float, seconds: float
    ) -> Lease[ChunkRow]:
        """As `Ledger.claim_ending`."""
        kept = _known_chunk(self._chunks[file_id, chunk])
        if kept.row.state not in _GOING or kept.row.generation != in_generation:
            return Lease(kept.row, None)
        return kept.lease(now, seconds, versions.CHUNK)

    async def claim_generation(self, chunk: ChunkRow, only: str, now: float, seconds: float) -> Lease[ChunkRow]:
        """As `Ledger.claim_generation`."""
        kept = _known_chunk(self._chunks[chunk.file_id, chunk.span.chunk])
        if kept.row.state is not ChunkState.SETTLED or kept.row.generation != chunk.generation:
            return Lease(kept.row, None)
        begun = {"generation": chunk.generation + 1, "only": only, "released": False}
        kept.change(state=ChunkState.VALIDATED, leased_until=0.0, **begun)
        return kept.lease(now, seconds, versions.CHUNK)

    async def release_chunk(self, chunk: ChunkRow, fence: int, setback: Setback | None = None) -> None:
        """As `Ledger.release_chunk`."""
        kept = self._chunks.get((chunk.file_id, chunk.span.chunk))
        if kept:
            kept.release(fence, setback)

    async def holds(self, chunk: ChunkRow, fence: int) -> bool:
        """As `Ledger.holds`."""
        kept = self._chunk(chunk.file_id, chunk.span)
        return kept.fence == fence and kept.row.state in _GOING

    async def batches(self, file_id: str, chunk: int) -> list[BatchRow]:
        """As `Ledger.batches`."""
        kept = self._chunks.get((file_id, chunk))
        for version in kept.batch_versions.values() if kept else ():
            versions.ensure_known("the batch's row", version, versions.BATCH)
        return [kept.batches[number] for number in sorted(kept.batches)] if kept else []

    async def fix_batches(self, chunk: ChunkRow, fence: int, batches: Sequence[BatchRow]) -> None:
        """As `Ledger.fix_batches`."""
        kept = self._held(chunk, fence)
        if any(batch.number in kept.batches for batch in batches):
            raise LeaseLost("a batch of that number is there already")
        kept.batches |= {batch.number: batch for batch in batches}
        kept.batch_versions |= dict.fromkeys((batch.number for batch in batches), versions.BATCH)

    async def begin_attempt(self, chunk: ChunkRow, fence: int, batch: BatchRow, now: float) -> BatchRow:
        """As `Ledger.begin_attempt`."""
        kept = self._on_its_way(chunk, fence, batch)
        begun = replace(
            kept.batches[batch.number],
            attempts=batch.attempts + 1,
            first_sent_at=now if batch.first_sent_at is None else batch.first_sent_at,
            unanswered=True,
            sent=batch.sent,
        )
        kept.batches[batch.number] = begun
        return begun

    async def note_answer(self, chunk: ChunkRow, fence: int, batch: BatchRow) -> None:
        """As `Ledger.note_answer`."""
        kept = self._on_its_way(chunk, fence, batch)
        kept.batches[batch.number] = replace(kept.batches[batch.number], unanswered=batch.unanswered)

    async def end_batch(self, chunk: ChunkRow, fence: int, batch: BatchRow) -> None:
        """As `Ledger.end_batch`."""
        kept = self._on_its_way(chunk, fence, batch, BatchState.HELD)
        kept.batches[batch.number] = replace(
            kept.batches[batch.number],
            state=batch.state,
            refused=batch.refused,
            returned=batch.returned,
            unanswered=batch.unanswered,
            reason=batch.reason,
            answered=batch.answered,
        )

    async def end_chunk(
        self,
        chunk: ChunkRow,
        fence: int,
        state: ChunkState,
        counted: Account,
        findings: Mapping[str, int],
        now: float,
    ) -> None:
        """As `Ledger.end_chunk`."""
        kept = self._held(chunk, fence)
        file, was = _known_file(self._files[chunk.file_id]), kept.row
        kept.row = replace(
            was,
            state=state,
            ended=state,
            ended_under=fence,
            counted=dict(counted),
            findings=dict(findings),
            settled_at=now,
            leased_until=0.0,
            setback=None,
        )
        changed = Counter(findings)
        changed.subtract(was.findings)
        found = Counter(file.row.findings)
        found.update(changed)
        reopened = was.ended is not None and file.row.state is FileState.SETTLED
        file.row = replace(
            file.row,
            state=FileState.SEALED if reopened else file.row.state,
            reopened_at=chunk.round_began_at if reopened else file.row.reopened_at,
            ends=file.row.ends + 1,
            chunks_settled=file.row.chunks_settled + _change(was.ended, state, ChunkState.SETTLED),
            chunks_dead=file.row.chunks_dead + _change(was.ended, state, ChunkState.DEAD),
            counted={one: file.row.counted[one] + counted[one] - was.counted[one] for one in Outcome},
            findings={code: number for code, number in found.items() if number},
        )

    async def chunk(self, file_id: str, chunk: int) -> ChunkRow | None:
        """As `Ledger.chunk`."""
        kept = self._chunks.get((file_id, chunk))
        return _known_chunk(kept).row if kept else None

    async def chunks(self, file_id: str) -> list[ChunkRow]:
        """As `Ledger.chunks`."""
        return [_known_chunk(self._chunks[place]).row for place in sorted(self._chunks) if place[0] == file_id]

    def _chunk(self, file_id: str, span: Span) -> _KeptChunk:
        return self._chunks.setdefault(
            (file_id, span.chunk), _KeptChunk(ChunkRow(file_id, span, ChunkState.SENT), versions.CHUNK)
        )

    def _splitting(self, file_id: str, fence: int) -> _Kept[FileRow]:
        kept = self._files[file_id]
        if kept.fence != fence or kept.row.state is not FileState.SPLITTING:
            raise LeaseLost("another splitter has taken the file over")
        return kept

    def _held(self, chunk: ChunkRow, fence: int) -> _KeptChunk:
        kept = self._chunk(chunk.file_id, chunk.span)
        if kept.fence != fence or kept.row.state not in _GOING:
            raise LeaseLost("another dispatcher has taken the chunk over")
        return kept

    def _on_its_way(self, chunk: ChunkRow, fence: int, batch: BatchRow, *others: BatchState) -> _KeptChunk:
        kept = self._held(chunk, fence)
        known = kept.batches.get(batch.number)
        if known is None or known.state not in (BatchState.ATTEMPTED, BatchState.UNKNOWN, *others):
            raise LeaseLost("the batch was never fixed, or has ended already")
        kept.batch_versions[batch.number] = versions.BATCH
        return kept


_OPEN = (FileState.SPLITTING, FileState.SEALED)
_GOING = (ChunkState.SENT, ChunkState.VALIDATED)


def _known_file(kept: _Kept[FileRow]) -> _Kept[FileRow]:
    versions.ensure_known("the file's row", kept.version, versions.FILE)
    return kept


def _known_chunk(kept: _KeptChunk) -> _KeptChunk:
    versions.ensure_known("the chunk's row", kept.version, versions.CHUNK)
    return kept


def _listed(kept: _Kept[FileRow]) -> FileRow:
    if kept.version > versions.FILE:
        return FileRow(kept.row.file, FileState.NEWER, kept.row.opened_at)
    return kept.row


def _change(was: ChunkState | None, now: ChunkState, counted: ChunkState) -> int:
    """By how much the number of chunks that ended so has changed."""
    return (now is counted) - (was is counted)


def _with(ids: tuple[str, ...], one: str) -> tuple[str, ...]:
    return tuple(sorted({*ids, one}))
