"""Work whose only trace was a message, sent again: whatever the ledger knows as begun, and nobody has worked on since.

    a file that is being split      a split message, from its checkpoint
    a chunk that was sent           its chunk message
    a chunk that was validated      its dispatch message, made again from what the validator has written

A copy of a message that is still there is harmless: at most one of them works, under its lease, and the other finds
that everything has been done. What an operator's decision has begun (see `decide`) has no message, and is not sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from penstock.io.sending import outgoing, send_all
from penstock.model.messages import ChunkMessage, DispatchMessage, SplitMessage
from penstock.model.rows import ChunkRow, ChunkState, FileRow, FileState
from penstock.operate.replay import ReplayPorts, split_message_of
from penstock.outputs.handover import dispatch_message_of, message_of
from penstock.ports.queue import Outlet

KEPT = 7 * 86_400.0  #: seconds that a queue keeps a message


class ResendPorts(ReplayPorts, Protocol):
    """What sending work again needs of the world. `dispatches` are the feeds' queues."""

    @property
    def dispatches(self) -> Mapping[str, Outlet]:
        """Where dispatch messages go, by feed."""
        ...


@dataclass(slots=True)
class Resend:
    """What of a file is to be sent again."""

    row: FileRow
    split: SplitMessage | None = None
    chunks: list[ChunkMessage] = field(default_factory=list[ChunkMessage])
    dispatches: list[DispatchMessage] = field(default_factory=list[DispatchMessage])

    @property
    def numbers(self) -> list[int]:
        """The chunks that it is about."""
        return sorted(one.span.chunk for one in (*self.chunks, *(message.chunk for message in self.dispatches)))

    @property
    def messages(self) -> int:
        """How many messages it takes."""
        return len(self.numbers) + (self.split is not None)


async def plan_resend(ports: ResendPorts, row: FileRow, before: float, *, once: bool = False) -> Resend:
    """What of a file nobody has worked on, nor sent again, since `before`, in seconds since the epoch. What waits for
    its destination only `once` since it was worked on, while that message may still be there. Nothing is changed."""
    resend = Resend(row)
    if row.state is FileState.SPLITTING:
        if _is_idle(row.worked_at or row.opened_at, row.resent_at, before):
            resend.split = await split_message_of(ports, row)
        return resend
    if row.sealed_at is None:
        return resend
    for chunk in await ports.ledger.chunks(row.file.file_id):
        if _is_idle(chunk.worked_at or row.sealed_at, chunk.resent_at, before):
            await _plan(ports, resend, chunk, once)
    return resend


def _is_idle(worked_at: float, resent_at: float | None, before: float) -> bool:
    return max(worked_at, resent_at or worked_at) <= before


async def _plan(ports: ResendPorts, resend: Resend, chunk: ChunkRow, once: bool) -> None:
    if chunk.state is ChunkState.SENT:
        resend.chunks.append(message_of(resend.row, chunk))
    elif chunk.state is ChunkState.VALIDATED and not (once and _has_its_copy(chunk, ports.clock.now())):
        dispatch = await dispatch_message_of(ports.store, message_of(resend.row, chunk), chunk)
        if dispatch:
            resend.dispatches.append(dispatch)


def _has_its_copy(chunk: ChunkRow, now: float) -> bool:
    """Whether a message that was sent again waits for a worker still."""
    return (chunk.resent_at or 0.0) > max(chunk.worked_at or 0.0, now - KEPT)


async def begin_resend(ports: ResendPorts, resend: Resend) -> None:
    """Sends it on its way, and notes that it was.

    Raises:
        Transient: not every message was taken; begin it again.
    """
    feed, clock, rng = resend.row.file.feed, ports.clock, ports.rng
    if resend.split:
        await send_all(ports.intake, [outgoing(resend.split)], clock, rng)
    if resend.chunks:
        await send_all(ports.chunks, map(outgoing, resend.chunks), clock, rng)
    if resend.dispatches:
        await send_all(ports.dispatches[feed], map(outgoing, resend.dispatches), clock, rng)
    if resend.messages:
        await ports.ledger.note_resent(resend.row.file.file_id, resend.numbers, clock.now())
