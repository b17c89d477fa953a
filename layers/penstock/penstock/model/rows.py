"""The ledger: what has become of every file, chunk and batch. States move forward only.

    file    splitting → sealed → settled        or refused, or (an archive) unpacked
    chunk   sent → validated → settled          or dead
    batch   attempted → delivered | rejected | unknown | dropped        or held

A chunk goes its way in *rounds*. The first is every file's; a later one is a replay of some of a settled chunk's
records. A dead chunk is taken up again in its own round, when its message is redriven or it is replayed. A replay opens
its file again; one that a function of ours has failed at is `splitting` then. An ending that follows another
changes the file's account by the difference, in the same transaction, and has the file's end written anew.

A worker holds a file or chunk by a *lease* and proves it by the lease's *fence*, a number that rises with every lease.
Every write names the fence it was made under, so a worker whose lease has passed can finish nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from penstock.model import ids
from penstock.model.findings import Account, Finding, Noted, Outcome, account
from penstock.model.messages import Checkpoint, Cut, Layout, SourceFile, Span
from penstock.model.ordinals import unfolded
from penstock.model.setbacks import Setback
from penstock.model.usage import NOTHING, Usage

MOST_RETURNS = 500  #: files that a file's row is tied to, each way


class FileState(StrEnum):
    """Where a file is. `NEWER` stands in no row: a list shows so a file whose row a newer release has written."""

    SPLITTING = "splitting"
    SEALED = "sealed"
    SETTLED = "settled"
    REFUSED = "refused"
    UNPACKED = "unpacked"
    NEWER = "newer"


KEPT = tuple(state for state in FileState if state is not FileState.NEWER)
"""The states that stand in rows."""


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
    """A file's row. `layout` and `cut` are pinned before its first chunk is planned. `received`, `chunks` and `noted`
    are known once it is sealed; `counted` and `findings` change with every chunk that ends, `ends` counts how often
    one did. An unpacked archive has no records of its own, but so many `files`. `worked_at` is when a splitter claimed
    it last, until when it may work on it is `leased_until`, and `setback` is why the last one came no further;
    `resent_at` is when work of it was sent again, and `taken_up_at` when a replay of it was begun. It is settled at
    `settled_at`, for the first time at `first_settled_at`; in between it was reopened by a round that began at
    `reopened_at`. `origins` are the files whose reject files it came back from, and `returns` those that came back from
    its own, by their ids. `used` is what was done for it and for no single chunk, and `settling` what it will take to
    write that it is settled. Times are seconds since the epoch."""

    file: SourceFile
    state: FileState
    opened_at: float
    layout: Layout | None = None
    cut: Cut | None = None
    sealed_at: float | None = None
    settled_at: float | None = None
    chunks: int = 0
    chunks_settled: int = 0
    chunks_dead: int = 0
    ends: int = 0
    received: int = 0
    counted: Account = field(default_factory=account)
    findings: Mapping[str, int] = field(default_factory=dict[str, int])
    noted: Noted = field(default_factory=Noted)
    sha256_tree: str = ""
    checkpoint: Checkpoint | None = None
    refused: Finding | None = None
    files: int = 0
    worked_at: float | None = None
    resent_at: float | None = None
    leased_until: float = 0.0
    setback: Setback | None = None
    first_settled_at: float | None = None
    reopened_at: float | None = None
    origins: tuple[str, ...] = ()
    returns: tuple[str, ...] = ()
    taken_up_at: float | None = None
    used: Usage = NOTHING
    settling: Usage = field(default=NOTHING, compare=False)

    @property
    def is_complete(self) -> bool:
        """Sealed, and every chunk has ended."""
        return self.state is FileState.SEALED and self.chunks_settled + self.chunks_dead == self.chunks


@dataclass(frozen=True, slots=True)
class ChunkRow:
    """A chunk's row. `generation` is the one it is in, and `only` the records it is about ("" is all of them, else
    ordinals as "3,7-9"); `released` ones are not held again. `worked_at` is when it was claimed last, until when that
    holds is `leased_until`, and `setback` is why it came no further; `resent_at` is when its message was sent again.
    `used` is what was done for it, in all rounds.
    The rest is of its last ending, None before the first: how it ended, under which fence, and what the file's account
    has of it."""

    file_id: str
    span: Span
    state: ChunkState
    generation: int = 0
    only: str = ""
    ended: ChunkState | None = None
    ended_under: int = 0
    counted: Account = field(default_factory=account)
    findings: Mapping[str, int] = field(default_factory=dict[str, int])
    settled_at: float | None = None
    released: bool = False
    worked_at: float | None = None
    resent_at: float | None = None
    leased_until: float = 0.0
    setback: Setback | None = None
    used: Usage = NOTHING

    @property
    def chunk_id(self) -> str:
        """file_id + ordinal."""
        return ids.chunk_id(self.file_id, self.span.chunk)

    @property
    def round_began_at(self) -> float:
        """When the round began to be worked on, as far as the row tells."""
        times = [self.worked_at, self.setback.since if self.setback else None]
        return min((time for time in times if time is not None), default=0.0)

    @property
    def is_going(self) -> bool:
        """Whether its round has not ended."""
        return self.state in (ChunkState.SENT, ChunkState.VALIDATED)


@dataclass(frozen=True, slots=True)
class Sent:
    """What a batch was last sent as: its key, SHA-256 of what was posted, where to and on whose account, without
    secrets; until when the destination keeps the key, in seconds since the epoch; and which of the batch's attempts it
    was. A release that does not know of it counts attempts on, and so leaves one that is not the last."""

    key: str
    body: str
    destination: str
    key_kept_until: float
    attempt: int


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch's row. `ordinals` never change once written. `refused` are those of them that the destination refused
    for good, `returned` those it asked to have again: they go into a later batch. `attempts` counts calls begun;
    `unanswered` says that one was begun and nobody knows what it did, and `sent` what the last one was. `reason` is why
    its outcome is unknown, a sentence, and `answered` the destination's last word on it: the status, and SHA-256 of the
    body, as "201:e3b0…". A dropped batch was surely not applied, and never
    will be: an operator, or a chunk's death, has ended it. A held batch is never sent: a scheduler decides its records,
    and those that a later round has taken up since are `returned`."""

    number: int
    ordinals: tuple[int, ...]
    generation: int = 0
    state: BatchState = BatchState.ATTEMPTED
    attempts: int = 0
    first_sent_at: float | None = None
    unanswered: bool = False
    refused: tuple[int, ...] = ()
    returned: tuple[int, ...] = ()
    sent: Sent | None = None
    reason: str = ""
    answered: str = ""

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
class Fault:
    """What a scheduled look failed at: which look, at what (a file, a letter, a feed), the exception's type and its
    place in our code; never its text, which may quote a record. `at` is in seconds since the epoch."""

    look: str
    about: str
    error: str
    place: str
    at: float


@dataclass(frozen=True, slots=True)
class Lease[Row]:
    """The answer to a claim. With a `fence` the row is ours until the lease expires; without, `busy_for` is how many
    seconds another worker still holds it, and 0 means that the row is past this stage."""

    row: Row
    fence: int | None
    busy_for: float = 0.0


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds an identity: which record of which chunk, the digest of its payload, and its revision where the feed
    has them; and the fence of the lease under which it was claimed, so that no worker whose lease has passed gives up
    what its successor holds. A correction keeps in `was` the owner that it corrects, which keeps its own while it may
    still come to nothing: the claim of who is not delivered is void. `ended` is how its record has ended, where that
    keeps the identity without having been delivered: held, or unknown."""

    file_id: str
    chunk: int
    ordinal: int
    digest: str
    revision: int = 0
    fence: int = 0
    was: "Owner | None" = None
    ended: Outcome | None = None

    @property
    def trace(self) -> str:
        """The owning record."""
        return ids.trace(self.file_id, self.ordinal)

    def noting(self, owner: "Owner") -> "Owner":
        """With how that owner has ended, where it is this one or one that this is to correct, under no later fence."""
        if self.is_same(owner) and self.fence <= owner.fence:
            return replace(self, ended=owner.ended)
        return replace(self, was=self.was.noting(owner)) if self.was else self

    def is_same(self, other: "Owner") -> bool:
        """Whether both are the same record of the same chunk."""
        ours, others = (self.file_id, self.chunk, self.ordinal), (other.file_id, other.chunk, other.ordinal)
        return self is other or ours == others


def scope_of(chunk: ChunkRow) -> frozenset[int]:
    """The ordinals that the chunk's round is about."""
    span = chunk.span
    return frozenset(unfolded(chunk.only) or range(span.first_record, span.first_record + span.records))
