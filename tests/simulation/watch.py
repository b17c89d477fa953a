"""Looks over the shoulders of ledger and store: states move forward only, one lease at a time, a lost lease writes
nothing, and a first word stands."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from penstock.model import versions
from penstock.model.findings import Outcome
from penstock.model.rows import BatchRow, BatchState, ChunkRow, ChunkState, FileRow, FileState, Lease
from penstock_testing.ledger import MemoryLedger
from penstock_testing.memory import MemoryStore
from tests.simulation.releases import Deployed
from tests.simulation.virtual import VirtualClock

type Row = tuple[str, int | None]
"""A file's row, or a chunk's."""

_OF_FILES = {
    FileState.SPLITTING: 0,
    FileState.SEALED: 1,
    FileState.SETTLED: 2,
    FileState.REFUSED: 2,
    FileState.UNPACKED: 2,
}
_OF_CHUNKS = {ChunkState.SENT: 0, ChunkState.VALIDATED: 1, ChunkState.SETTLED: 2, ChunkState.DEAD: 2}

_CLAIMS = frozenset({"claim_file", "claim_validation", "claim_dispatch", "claim_ending", "claim_generation"})
_RELEASES = frozenset({"release_file", "release_chunk"})
_FENCED = frozenset(
    {
        "plan_chunks", "pin_cut", "stage_file", "seal_file", "refuse_file", "open_each", "unpack_file",
        "note_checkpoint",
        "fix_batches", "begin_attempt", "note_answer", "end_batch", "end_chunk",
    }
)  # fmt: skip


async def _nothing(file_id: str) -> None:
    """Who looks at nothing."""


class WatchedLedger:
    """The twin, watched. `broken` are the promises that were not kept."""

    def __init__(self, ledger: MemoryLedger, clock: VirtualClock, deployed: Deployed) -> None:
        self._ledger, self._clock, self._deployed = ledger, clock, deployed
        self._fences: dict[Row, int] = {}
        self._until: dict[Row, float] = {}
        self._files: dict[str, FileRow] = {}
        self._chunks: dict[Row, tuple[ChunkRow, list[BatchRow]]] = {}
        self.broken: list[str] = []
        #: Chunks that have had an ending with unknown or held records, whatever became of them later.
        self.once_open: set[Row] = set()
        #: Who looks at a file that was settled just now.
        self.settled: Callable[[str], Awaitable[None]] = _nothing
        #: When batches ended as unknown.
        self.doubted: dict[tuple[str, int, int], float] = {}

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._ledger, name)
        if name not in _CLAIMS | _RELEASES | _FENCED | {"mark_validated", "settle_file", "begin_generation"}:
            return method

        async def watched(*args: Any, **named: Any) -> Any:
            return await self._watch(name, method, *args, **named)

        setattr(self, name, watched)
        return watched

    async def _watch(self, name: str, method: Callable[..., Awaitable[Any]], *args: Any, **named: Any) -> Any:
        row = _row(name, args)
        of_newer = self._is_of_newer_release(row)
        answer = await method(*args, **named)
        if name in _CLAIMS:
            self._claimed(name, row, answer, *args[-2:])
            if of_newer and answer.fence is not None:
                self.broken.append(f"{name} of {row}, which a newer release had begun")
        elif name in _RELEASES:
            if self._fences.get(row) == args[1]:
                self._until.pop(row, None)
        elif (name == "mark_validated" and self._is_sent(row)) or (
            name == "end_chunk" and self._fences.get(row) == args[1]
        ):
            self._until.pop(row, None)
        elif name in _FENCED and self._fences.get(row) != args[1]:
            self.broken.append(f"{name} of {row} by a worker whose lease had passed on")
        with self._deployed.outside():
            await self._look(row)
            if name == "settle_file" and answer:
                await self.settled(row[0])
        return answer

    def _is_of_newer_release(self, row: Row) -> bool:
        """Whether a newer release than that of whoever calls has written a row."""
        chunks, files = self._ledger._chunks, self._ledger._files
        kept = files.get(row[0]) if row[1] is None else chunks.get(_of(row))
        known = versions.FILE if row[1] is None else versions.CHUNK
        return kept is not None and kept.version > known + self._deployed.mine.newer_rows

    def _claimed(self, name: str, row: Row, lease: Lease[Any], now: float, seconds: float) -> None:
        if lease.fence is None:
            return
        # A dispatcher need not wait for a validator: the message is the proof that it is done.
        follows = name == "claim_dispatch" and self._is_sent(row)
        if self._until.get(row, 0.0) > now and not follows:
            self.broken.append(f"{name} of {row} while another's lease holds")
        if lease.fence <= self._fences.get(row, 0):
            self.broken.append(f"{name} of {row} under a fence that is not new")
        self._fences[row], self._until[row] = lease.fence, now + seconds

    def _is_sent(self, row: Row) -> bool:
        known = self._chunks.get(row)
        return known is None or known[0].state is ChunkState.SENT

    async def _look(self, row: Row) -> None:
        """Compares with what was there before."""
        file = await self._ledger.file(row[0])
        if file:
            self._look_at_file(file)
        if row[1] is not None:
            chunk = await self._ledger.chunk(row[0], row[1])
            if chunk:
                self._look_at_chunk(row, chunk, await self._ledger.batches(row[0], row[1]))

    def _look_at_file(self, row: FileRow) -> None:
        was = self._files.get(row.file.file_id)
        self._files[row.file.file_id] = row
        if was is None or was is row:
            return
        # A chunk that ends again has the file's end written anew.
        reopened = was.state is FileState.SETTLED and row.ends > was.ends
        backwards = _OF_FILES[row.state] < _OF_FILES[was.state] or (was.state in _ENDED and _ended(row) != _ended(was))
        if backwards and not reopened:
            self.broken.append(f"file {row.file.file_id} went from {was.state} to {row.state} or changed after its end")
        if any(row.counted[outcome] < was.counted[outcome] for outcome in _GOOD):
            self.broken.append(f"file {row.file.file_id} took a good outcome back")
        if row.state is FileState.SETTLED and row.chunks_settled + row.chunks_dead != row.chunks:
            self.broken.append(f"file {row.file.file_id} was settled before its chunks")

    def _look_at_chunk(self, at: Row, row: ChunkRow, batches: list[BatchRow]) -> None:
        known = self._chunks.get(at)
        self._chunks[at] = (row, batches)
        was, before = known or (row, [])
        begins = was.state is ChunkState.SETTLED and row.generation == was.generation + 1
        comes_back = was.state is ChunkState.DEAD and row.generation == was.generation
        backwards = _OF_CHUNKS[row.state] < _OF_CHUNKS[was.state] or (
            was.state is ChunkState.SETTLED and _ended(row) != _ended(was)
        )
        if backwards and not (begins or comes_back):
            self.broken.append(f"chunk {row.chunk_id} went from {was.state} to {row.state} or changed after its end")
        if row.counted[Outcome.UNKNOWN] or row.counted[Outcome.HELD]:
            self.once_open.add(at)
        now = {batch.number: batch for batch in batches}
        for batch in before:
            if batch is now.get(batch.number):
                continue
            if batch.number not in now or now[batch.number].ordinals != batch.ordinals:
                self.broken.append(f"batch {batch.number} of {row.chunk_id} was composed anew")
            elif batch.state not in (BatchState.ATTEMPTED, BatchState.UNKNOWN, BatchState.HELD):
                self.broken.append(f"batch {batch.number} of {row.chunk_id} changed after its end")
        for batch in batches:
            if batch.state is BatchState.UNKNOWN:
                self.doubted.setdefault((*_of(at), batch.number), self._clock.now())


class WatchedStore(MemoryStore):
    """The twin, watched: what is said once and for all stays as it was."""

    def __init__(self) -> None:
        super().__init__()
        self.broken: list[str] = []

    async def put_first(self, key: str, body: bytes, content_type: str) -> bool:
        """As `ObjectStore.put_first`."""
        was = self.work.get(key, body)
        is_first = await super().put_first(key, body, content_type)
        if is_first and body != was:
            self.broken.append(f"{key} was put first, and again with other bytes")
        return is_first


_ENDED = (FileState.SETTLED, FileState.REFUSED, FileState.UNPACKED)
_GOOD = (Outcome.DELIVERED, Outcome.DUPLICATE)


def _ended[Kept: (FileRow, ChunkRow)](row: Kept) -> Kept:
    """All of a row but for when its work was sent again last: that may be noted when it is done by then."""
    return replace(row, resent_at=None)


def _of(row: Row) -> tuple[str, int]:
    return row[0], row[1] or 0


def _row(name: str, args: tuple[Any, ...]) -> Row:
    """The row that a call is about."""
    if name in ("claim_file", "stage_file"):
        return args[0].file_id, None
    if name in ("claim_validation", "begin_generation"):
        return args[0].file.file_id, args[0].span.chunk
    if name == "claim_ending":
        return args[0], args[1]
    if name in ("claim_dispatch", "mark_validated"):
        return args[0].chunk.file.file_id, args[0].chunk.span.chunk
    if isinstance(args[0], ChunkRow):
        return args[0].file_id, args[0].span.chunk
    return args[0], None
