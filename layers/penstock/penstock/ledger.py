"""The ledger: what has become of every file, chunk and batch. States move forward only.

    file    splitting → sealed → settled        or refused
    chunk   sent → validated → settled          or dead
    batch   attempted → delivered | rejected | unknown

A worker holds a file or chunk by a *lease* and proves it by the lease's *fence*, a number that rises with every lease.
Every write names the fence it was made under, so a worker whose lease has passed can finish nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from penstock import ids
from penstock.findings import Account, Finding, Outcome, account
from penstock.messages import DispatchMessage, Layout, SourceFile, Span


class FileState(StrEnum):
    """Where a file is."""

    SPLITTING = "splitting"
    SEALED = "sealed"
    SETTLED = "settled"
    REFUSED = "refused"


class ChunkState(StrEnum):
    """Where a chunk is."""

    SENT = "sent"
    VALIDATED = "validated"
    SETTLED = "settled"
    DEAD = "dead"


class BatchState(StrEnum):
    """Where a batch is."""

    ATTEMPTED = "attempted"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file's row. `received` and `chunks` are known once it is sealed; `counted` and `findings` grow with every
    settled chunk, `attempts` with every call of its batches. Times are seconds since the epoch."""

    file: SourceFile
    state: FileState
    opened_at: float
    layout: Layout | None = None
    sealed_at: float | None = None
    settled_at: float | None = None
    chunks: int = 0
    chunks_settled: int = 0
    chunks_dead: int = 0
    received: int = 0
    counted: Account = field(default_factory=account)
    findings: Mapping[str, int] = field(default_factory=dict[str, int])
    sha256: str = ""
    refused: Finding | None = None

    @property
    def is_complete(self) -> bool:
        """Sealed, and every chunk has ended."""
        return self.state is FileState.SEALED and self.chunks_settled + self.chunks_dead == self.chunks


@dataclass(frozen=True, slots=True)
class ChunkRow:
    """A chunk's row. `accepted`, `rejected` and `findings` are the validator's count; `counted` the final one."""

    file_id: str
    span: Span
    state: ChunkState
    accepted: int = 0
    rejected: int = 0
    counted: Account = field(default_factory=account)
    findings: Mapping[str, int] = field(default_factory=dict[str, int])
    settled_at: float | None = None

    @property
    def chunk_id(self) -> str:
        """file_id + ordinal."""
        return ids.chunk_id(self.file_id, self.span.chunk)


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch's row. `ordinals` never change once written. `refused` are those of them that the destination refused
    for good, `returned` those it asked to have again: they go into a later batch. `attempts` counts calls begun;
    `unanswered` says that one was begun and nobody knows what it did."""

    number: int
    ordinals: tuple[int, ...]
    state: BatchState = BatchState.ATTEMPTED
    attempts: int = 0
    first_sent_at: float | None = None
    unanswered: bool = False
    refused: tuple[int, ...] = ()
    returned: tuple[int, ...] = ()

    def outcome_of(self, ordinal: int) -> Outcome | None:
        """What this batch says of a record: None while it is on its way, or if it was handed back."""
        if self.state is BatchState.ATTEMPTED or ordinal in self.returned:
            return None
        if self.state is BatchState.UNKNOWN:
            return Outcome.UNKNOWN
        if self.state is BatchState.REJECTED or ordinal in self.refused:
            return Outcome.REJECTED
        return Outcome.DELIVERED


@dataclass(frozen=True, slots=True)
class Lease[Row]:
    """The answer to a claim. With a `fence` the row is ours until the lease expires; without, `busy_for` is how many
    seconds another worker still holds it, and 0 means that the row is past this stage."""

    row: Row
    fence: int | None
    busy_for: float = 0.0


class Ledger(Protocol):
    """The port. Every write raises LeaseLost where the fence it names is no longer the row's, or the state has moved
    on.

    Any call may raise Transient (throttled, broken); doing it again is always safe.
    """

    async def claim_file(self, file: SourceFile, now: float, seconds: float) -> Lease[FileRow]:
        """Opens the file's row, or takes it over where its lease has expired and it is still splitting."""
        ...

    async def plan_chunks(self, file: SourceFile, spans: Sequence[Span]) -> None:
        """Writes the rows of chunks about to be sent; a row that is there already stays as it is."""
        ...

    async def seal_file(
        self, file_id: str, fence: int, *, layout: Layout, chunks: int, received: int, sha256: str, now: float
    ) -> None:
        """splitting → sealed: every chunk has been sent."""
        ...

    async def refuse_file(self, file_id: str, fence: int, finding: Finding, now: float) -> None:
        """splitting → refused."""
        ...

    async def settle_file(self, file_id: str, now: float) -> bool:
        """sealed → settled. False where it was settled before."""
        ...

    async def release_file(self, file_id: str, fence: int) -> None:
        """Gives the lease back early, so that the next attempt need not wait for it. Never raises LeaseLost."""
        ...

    async def file(self, file_id: str) -> FileRow | None:
        """The file's row, consistently read."""
        ...

    async def files(self, limit: int) -> list[FileRow]:
        """The files opened last, newest first."""
        ...

    async def claim_validation(self, file: SourceFile, span: Span, now: float, seconds: float) -> Lease[ChunkRow]:
        """Leases a chunk that is still `sent`; its row is made if the splitter's has not come to be seen."""
        ...

    async def mark_validated(self, message: DispatchMessage, fence: int) -> None:
        """sent → validated, with the validator's count. A chunk that has moved on meanwhile is left as it is."""
        ...

    async def claim_dispatch(self, message: DispatchMessage, now: float, seconds: float) -> Lease[ChunkRow]:
        """Leases a chunk for delivery. The message is the proof that it was validated, so a chunk that is still `sent`
        becomes `validated` here, whoever holds it for validation."""
        ...

    async def release_chunk(self, chunk: ChunkRow, fence: int) -> None:
        """Gives the lease back early. Never raises LeaseLost."""
        ...

    async def batches(self, file_id: str, chunk: int) -> list[BatchRow]:
        """The chunk's batches in order, consistently read."""
        ...

    async def fix_batches(self, chunk: ChunkRow, fence: int, batches: Sequence[BatchRow]) -> None:
        """Writes the composition of batches before the first of them is sent."""
        ...

    async def begin_attempt(self, chunk: ChunkRow, fence: int, batch: BatchRow, now: float) -> BatchRow:
        """Counts a call that is about to be made, and marks the batch unanswered."""
        ...

    async def note_answer(self, chunk: ChunkRow, fence: int, batch: BatchRow) -> None:
        """Writes the batch's `unanswered`: the call is known to have done nothing."""
        ...

    async def end_batch(self, chunk: ChunkRow, fence: int, batch: BatchRow) -> None:
        """attempted → the state in `batch`, with its refused and returned ordinals."""
        ...

    async def settle_chunk(
        self, chunk: ChunkRow, fence: int, counted: Account, findings: Mapping[str, int], now: float
    ) -> None:
        """validated → settled, in one transaction with the file's counters."""
        ...

    async def chunk(self, file_id: str, chunk: int) -> ChunkRow | None:
        """The chunk's row, consistently read."""
        ...

    async def chunks(self, file_id: str) -> list[ChunkRow]:
        """All of a file's chunks, in order."""
        ...

    async def reserve(self, destination: str, cost: float, now: float, horizon: float) -> float:
        """Books `cost` seconds of a destination's time for the caller; when they begin, now or later. All workers
        book from the same line, so no two get the same seconds.

        Raises:
            Transient: the line is longer than `horizon` seconds; nothing was booked.
        """
        ...


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds an identity: which record of which chunk, and the digest of its payload."""

    file_id: str
    chunk: int
    ordinal: int
    digest: str

    @property
    def trace(self) -> str:
        """The owning record."""
        return ids.trace(self.file_id, self.ordinal)


class Claims(Protocol):
    """Who holds which identity. One conditional insert a record, 25 to a call."""

    async def claim(self, feed: str, wanted: Mapping[str, Owner]) -> dict[str, Owner]:
        """Claims each identity for its owner, unless it is held. Who holds them now, the same owner included."""
        ...

    async def take_over(self, feed: str, identity: str, held: Owner, wanted: Owner) -> bool:
        """Hands an identity from an owner that has no use for it to another; False where it has changed hands."""
        ...

    async def give_up(self, feed: str, identity: str, owner: Owner) -> None:
        """Frees an identity if this owner still holds it."""
        ...
