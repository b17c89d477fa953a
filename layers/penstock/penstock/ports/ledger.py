"""The port of the ledger: every write is conditional, and names the fence that it is made under."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from penstock.model.findings import Account, Finding, Noted
from penstock.model.messages import Checkpoint, ChunkMessage, Cut, DispatchMessage, Layout, SourceFile, Span
from penstock.model.rows import KEPT, BatchRow, ChunkRow, ChunkState, Fault, FileRow, FileState, Lease
from penstock.model.setbacks import Setback


class Files(Protocol):
    """The life of a file: claimed, cut, sealed, refused or settled."""

    async def claim_file(self, file: SourceFile, now: float, seconds: float) -> Lease[FileRow]:
        """Opens the file's row, or takes it over where its lease has expired and it is still splitting."""
        ...

    async def plan_chunks(self, file_id: str, fence: int, spans: Sequence[Span]) -> None:
        """While it is splitting: writes the rows of chunks about to be sent; a row that is there already stays as it
        is."""
        ...

    async def pin_cut(self, file_id: str, fence: int, layout: Layout, cut: Cut) -> None:
        """While it is splitting, and before its first chunk is planned: how the file is read, and cut into chunks, by
        whoever goes on with it."""
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
        goes_on: bool = False,
    ) -> None:
        """splitting → sealed: every chunk has been sent. The checkpoint has served its purpose, unless the file
        `goes_on` from it one day."""
        ...

    async def note_checkpoint(self, file_id: str, fence: int, checkpoint: Checkpoint) -> None:
        """Writes how far the splitting of a file has come; whoever claims it next goes on from there."""
        ...

    async def pin_refusal(self, file_id: str, fence: int, finding: Finding) -> None:
        """While it is splitting: the file will be refused, with this finding, by whoever goes on with it."""
        ...

    async def refuse_file(self, file_id: str, fence: int, finding: Finding, now: float) -> None:
        """splitting → refused."""
        ...

    async def reopen_file(self, row: FileRow, now: float) -> bool:
        """refused or settled → splitting: it is cut anew, or gone on with from its checkpoint. False where it is no
        longer as in `row`."""
        ...

    async def stage_file(self, file: SourceFile, fence: int) -> None:
        """While it is splitting: the file is read from here from now on, by whoever reads it."""
        ...

    async def open_each(self, archive_id: str, fence: int, files: Sequence[SourceFile], now: float) -> None:
        """While the archive is splitting: opens the rows of its files before anybody is told of them, each at a time of
        its own, as files have their turns by when they were opened. A row that is there already stays as it is."""
        ...

    async def unpack_file(self, file_id: str, fence: int, files: int, now: float) -> None:
        """splitting → unpacked: each of the archive's files goes its own way."""
        ...

    async def settle_file(self, file_id: str, ends: int, now: float) -> bool:
        """sealed → settled, if no more chunks have ended than these. False where some have, or it is settled."""
        ...

    async def release_file(self, file_id: str, fence: int, setback: Setback | None = None) -> None:
        """Gives the lease back early, so that the next attempt need not wait for it, and says why it came no further.
        Never raises LeaseLost."""
        ...

    async def file(self, file_id: str) -> FileRow | None:
        """The file's row, consistently read."""
        ...

    async def tie_return(self, file_id: str, origin: str) -> None:
        """Has the rows of a file and of the one that it came back from, by its rejects, know of each other, as far as
        they are there. Of more than `MOST_RETURNS` nothing more is noted."""
        ...


class Chunks(Protocol):
    """The life of a chunk: claimed by stage after stage, and ended."""

    async def claim_validation(self, message: ChunkMessage, now: float, seconds: float) -> Lease[ChunkRow]:
        """Leases a chunk that is `sent` in the message's round; its row is made if the splitter's has not come to be
        seen. A dead one becomes `sent` again. The message of a later round begins it, if the chunk is settled, and says
        once and for all which records it is about."""
        ...

    async def mark_validated(self, message: DispatchMessage, fence: int) -> None:
        """sent → validated, so that what set its validation back is past. A chunk that has moved on meanwhile is left
        as it is."""
        ...

    async def begin_generation(self, message: ChunkMessage, now: float) -> bool:
        """Begins what a message asks for, or is about to: a later round of a settled chunk, or a dead one's own again,
        is `sent`, and in the same transaction its file is open again. False where the chunk has moved on."""
        ...

    async def claim_dispatch(self, message: DispatchMessage, now: float, seconds: float) -> Lease[ChunkRow]:
        """Leases a chunk for delivery. The message is the proof that it was validated in this round, so a chunk that is
        still `sent` becomes `validated` here, whoever holds it for validation; so does a dead one, which is begun first
        as by `begin_generation`."""
        ...

    async def claim_ending(
        self, file_id: str, chunk: int, in_generation: int, now: float, seconds: float
    ) -> Lease[ChunkRow]:
        """Leases a chunk that is `sent` or `validated` in that round, for somebody who ends it from outside."""
        ...

    async def claim_generation(self, chunk: ChunkRow, only: str, now: float, seconds: float) -> Lease[ChunkRow]:
        """Begins the next round of a settled chunk as `validated`, for an operator who decides it himself. It must be
        as in `chunk` still."""
        ...

    async def release_chunk(self, chunk: ChunkRow, fence: int, setback: Setback | None = None) -> None:
        """Gives the lease back early, and says why it came no further, until it has. Never raises LeaseLost."""
        ...

    async def holds(self, chunk: ChunkRow, fence: int) -> bool:
        """Whether nobody has leased the chunk since the lease of this fence, nor ended it; consistently read."""
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
        one, and the file is settled, the file becomes sealed again, so that its end is written anew: it counts as
        reopened since the chunk's round began to be worked on."""
        ...

    async def chunk(self, file_id: str, chunk: int) -> ChunkRow | None:
        """The chunk's row, consistently read."""
        ...

    async def chunks(self, file_id: str) -> list[ChunkRow]:
        """All of a file's chunks, in order."""
        ...


class Batches(Protocol):
    """What of a chunk is sent together, and how it went."""

    async def batches(self, file_id: str, chunk: int) -> list[BatchRow]:
        """The chunk's batches in order, consistently read."""
        ...

    async def fix_batches(self, chunk: ChunkRow, fence: int, batches: Sequence[BatchRow]) -> None:
        """Writes the composition of batches before the first of them is sent; of those that never are, held or unknown,
        once and for all."""
        ...

    async def begin_attempt(self, chunk: ChunkRow, fence: int, batch: BatchRow, now: float) -> BatchRow:
        """Counts a call that is about to be made, marks the batch unanswered, and writes what it is `sent` as."""
        ...

    async def note_answer(self, chunk: ChunkRow, fence: int, batch: BatchRow) -> None:
        """Writes the batch's `unanswered`: the call is known to have done nothing."""
        ...

    async def end_batch(self, chunk: ChunkRow, fence: int, batch: BatchRow) -> None:
        """attempted → the state in `batch`, with its refused and returned ordinals and its reason; also unknown →
        delivered or dropped, by an operator's decision, and of a held one what it has returned."""
        ...


class Looks(Protocol):
    """What the looks go by: which files are open, where a look goes on, and what it failed at."""

    async def files(
        self, limit: int, *, before: float | None = None, after: float = 0.0, states: Collection[FileState] = KEPT
    ) -> list[FileRow]:
        """The files in one of these states that were opened last, newest first; of those opened before one time, if one
        is said, and after another."""
        ...

    async def open_files(self, limit: int, after: float = 0.0) -> list[FileRow]:
        """The files that are not settled or refused yet, opened after that time, oldest first."""
        ...

    async def note_begun_again(self, file_id: str, now: float) -> None:
        """Notes, for two weeks, that a chunk is about to be worked on that had ended: its file may be settled, and is
        not among those that are open."""
        ...

    async def files_begun_again(self, limit: int, after: float = 0.0) -> list[FileRow]:
        """The files of which that was noted, opened after that time, oldest first."""
        ...

    async def note_stalled(self, file_id: str, now: float) -> bool:
        """Notes that a file was reported as stalled. False where it had been, or has ended meanwhile."""
        ...

    async def note_resent(self, file_id: str, chunks: Sequence[int], now: float) -> None:
        """Notes that messages of a file, or of these of its chunks, were sent again."""
        ...

    async def cursor(self, look: str) -> str:
        """Where a look that goes on from time to time is to go on, "" at its beginning."""
        ...

    async def keep_cursor(self, look: str, cursor: str) -> None:
        """Has the look go on there the next time."""
        ...

    async def note_fault(self, fault: Fault) -> None:
        """Keeps what a look has failed at for a while; the last fault at each thing."""
        ...

    async def faults(self, since: float) -> list[Fault]:
        """What looks have failed at since then, the latest last."""
        ...


class Ledger(Files, Chunks, Batches, Looks, Protocol):
    """The port. Every write raises LeaseLost where the fence it names is no longer the row's, or the state has moved
    on.

    Any call may raise Transient (throttled, broken); doing it again is always safe.
    """
