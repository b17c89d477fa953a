"""The ledger: what has become of every file, chunk and batch. States move forward only.

    file    splitting → sealed → settled        or refused, or (an archive) unpacked
    chunk   sent → validated → settled          or dead
    batch   attempted → delivered | rejected | unknown | dropped        or held

A chunk goes its way in *rounds*. The first is every file's; a later one is a replay of some of a settled chunk's
records. A dead chunk is taken up again in its own round, when its message is redriven. An ending that follows another
changes the file's account by the difference, in the same transaction, and has the file's end written anew.

A worker holds a file or chunk by a *lease* and proves it by the lease's *fence*, a number that rises with every lease.
Every write names the fence it was made under, so a worker whose lease has passed can finish nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from penstock import ids
from penstock.findings import Account, Finding, Noted, Outcome, account
from penstock.messages import Checkpoint, ChunkMessage, DispatchMessage, Layout, SourceFile, Span


class FileState(StrEnum):
    """Where a file is."""

    SPLITTING = "splitting"
    SEALED = "sealed"
    SETTLED = "settled"
    REFUSED = "refused"
    UNPACKED = "unpacked"


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
    DROPPED = "dropped"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file's row. `received`, `chunks` and `noted` are known once it is sealed; `counted` and `findings` change with
    every chunk that ends, `endings` counts how often one did. An unpacked archive has no records of its own, but so
    many `files`. Times are seconds since the epoch."""

    file: SourceFile
    state: FileState
    opened_at: float
    layout: Layout | None = None
    sealed_at: float | None = None
    settled_at: float | None = None
    chunks: int = 0
    chunks_settled: int = 0
    chunks_dead: int = 0
    endings: int = 0
    received: int = 0
    counted: Account = field(default_factory=account)
    findings: Mapping[str, int] = field(default_factory=dict[str, int])
    noted: Noted = field(default_factory=Noted)
    sha256_tree: str = ""
    checkpoint: Checkpoint | None = None
    refused: Finding | None = None
    files: int = 0

    @property
    def is_complete(self) -> bool:
        """Sealed, and every chunk has ended."""
        return self.state is FileState.SEALED and self.chunks_settled + self.chunks_dead == self.chunks


@dataclass(frozen=True, slots=True)
class ChunkRow:
    """A chunk's row. `round` is the one it is in, and `only` the records it is about ("" is all of them, else ordinals
    as "3,7-9"). The rest is of its last ending, None before the first: how it ended, under
    which fence, and what the file's account has of it."""

    file_id: str
    span: Span
    state: ChunkState
    round: int = 0
    only: str = ""
    ended: ChunkState | None = None
    ended_under: int = 0
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
    `unanswered` says that one was begun and nobody knows what it did. A dropped batch was surely not applied, and never
    will be: an operator, or a chunk's death, has ended it. A held batch is never sent: a scheduler decides its records,
    and those that a later round has taken up since are `returned`."""

    number: int
    ordinals: tuple[int, ...]
    round: int = 0
    state: BatchState = BatchState.ATTEMPTED
    attempts: int = 0
    first_sent_at: float | None = None
    unanswered: bool = False
    refused: tuple[int, ...] = ()
    returned: tuple[int, ...] = ()

    def outcome_of(self, ordinal: int) -> Outcome | None:
        """What this batch says of a record: None while it is on its way, or if another batch will say it."""
        if self.state in (BatchState.ATTEMPTED, BatchState.DROPPED) or ordinal in self.returned:
            return None
        if self.state is BatchState.UNKNOWN:
            return Outcome.UNKNOWN
        if self.state is BatchState.HELD:
            return Outcome.HELD
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
    ) -> None:
        """splitting → sealed: every chunk has been sent. The checkpoint has served its purpose."""
        ...

    async def note_checkpoint(self, file_id: str, fence: int, checkpoint: Checkpoint) -> None:
        """Writes how far the splitting of a file has come; whoever claims it next goes on from there."""
        ...

    async def refuse_file(self, file_id: str, fence: int, finding: Finding, now: float) -> None:
        """splitting → refused."""
        ...

    async def stage_file(self, file: SourceFile, fence: int) -> None:
        """While it is splitting: the file is read from here from now on, by whoever reads it."""
        ...

    async def unpack_file(self, file_id: str, fence: int, files: int, now: float) -> None:
        """splitting → unpacked: each of the archive's files goes its own way."""
        ...

    async def settle_file(self, file_id: str, endings: int, now: float) -> bool:
        """sealed → settled, if no more chunks have ended than these. False where some have, or it is settled."""
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

    async def open_files(self, limit: int) -> list[FileRow]:
        """The files that are not settled or refused yet, oldest first."""
        ...

    async def note_stalled(self, file_id: str, now: float) -> bool:
        """Notes that a file was reported as stalled. False where it had been, or has ended meanwhile."""
        ...

    async def claim_validation(self, message: ChunkMessage, now: float, seconds: float) -> Lease[ChunkRow]:
        """Leases a chunk that is `sent` in the message's round; its row is made if the splitter's has not come to be
        seen. A dead one becomes `sent` again, and the message of a later round begins it, if the chunk is settled."""
        ...

    async def mark_validated(self, message: DispatchMessage, fence: int) -> None:
        """sent → validated. A chunk that has moved on meanwhile is left as it is."""
        ...

    async def claim_dispatch(self, message: DispatchMessage, now: float, seconds: float) -> Lease[ChunkRow]:
        """Leases a chunk for delivery. The message is the proof that it was validated in this round, so a chunk that is
        still `sent` becomes `validated` here, whoever holds it for validation; so does a dead one."""
        ...

    async def claim_ending(
        self, file_id: str, chunk: int, in_round: int, now: float, seconds: float
    ) -> Lease[ChunkRow]:
        """Leases a chunk that is `sent` or `validated` in that round, for somebody who ends it from outside."""
        ...

    async def claim_round(self, chunk: ChunkRow, only: str, now: float, seconds: float) -> Lease[ChunkRow]:
        """Begins the next round of a settled chunk as `validated`, for an operator who decides it himself. It must be
        as in `chunk` still."""
        ...

    async def release_chunk(self, chunk: ChunkRow, fence: int) -> None:
        """Gives the lease back early. Never raises LeaseLost."""
        ...

    async def holds(self, chunk: ChunkRow, fence: int) -> bool:
        """Whether nobody has leased the chunk since the lease of this fence, nor ended it; consistently read."""
        ...

    async def batches(self, file_id: str, chunk: int) -> list[BatchRow]:
        """The chunk's batches in order, consistently read."""
        ...

    async def fix_batches(self, chunk: ChunkRow, fence: int, batches: Sequence[BatchRow]) -> None:
        """Writes the composition of batches before the first of them is sent; of held ones, once and for all."""
        ...

    async def begin_attempt(self, chunk: ChunkRow, fence: int, batch: BatchRow, now: float) -> BatchRow:
        """Counts a call that is about to be made, and marks the batch unanswered."""
        ...

    async def note_answer(self, chunk: ChunkRow, fence: int, batch: BatchRow) -> None:
        """Writes the batch's `unanswered`: the call is known to have done nothing."""
        ...

    async def end_batch(self, chunk: ChunkRow, fence: int, batch: BatchRow) -> None:
        """attempted → the state in `batch`, with its refused and returned ordinals; also unknown → delivered or
        dropped, by an operator's decision, and of a held one what it has returned."""
        ...

    async def end_chunk(
        self,
        chunk: ChunkRow,
        fence: int,
        state: ChunkState,
        counted: Account,
        findings: Mapping[str, int],
        now: float,
    ) -> None:
        """sent or validated → settled or dead, in one transaction with the file's counters; the lease ends.

        `chunk` is the row as it was claimed. The counters change by what differs from its ending before; if there was
        one, and the file is settled, the file becomes sealed again, so that its end is written anew."""
        ...

    async def chunk(self, file_id: str, chunk: int) -> ChunkRow | None:
        """The chunk's row, consistently read."""
        ...

    async def chunks(self, file_id: str) -> list[ChunkRow]:
        """All of a file's chunks, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds an identity: which record of which chunk, the digest of its payload, and its revision where the feed
    has them; and the fence of the lease under which it was claimed, so that no worker whose lease has passed gives up
    what its successor holds. A correction keeps in `was` the owner that it corrects, which keeps its own while it may
    still come to nothing: the claim of who is not delivered is void."""

    file_id: str
    chunk: int
    ordinal: int
    digest: str
    revision: int = 0
    fence: int = 0
    was: "Owner | None" = None

    @property
    def trace(self) -> str:
        """The owning record."""
        return ids.trace(self.file_id, self.ordinal)

    def is_same(self, other: "Owner") -> bool:
        """Whether both are the same record."""
        return self is other or (self.ordinal == other.ordinal and self.file_id == other.file_id)


class Claims(Protocol):
    """Who holds which identity. One conditional insert a record, 25 to a call."""

    async def claim(self, feed: str, wanted: Mapping[str, Owner]) -> dict[str, Owner]:
        """Claims each identity for its owner, unless it is held. Who holds them now, the same owner included."""
        ...

    async def take_over(self, feed: str, identity: str, held: Owner, wanted: Owner) -> bool:
        """Hands an identity from an owner that has no use for it, or is corrected, to another; False where it has
        changed hands, be it to the same record under another fence."""
        ...

    async def give_up(self, feed: str, identity: str, owner: Owner) -> None:
        """Frees an identity if this owner still holds it, and under no later fence; a correction's goes back to whom it
        was to correct."""
        ...
