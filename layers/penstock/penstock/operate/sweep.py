"""The sweeper: what no message is on its way for any more, found on a schedule and brought to its end, or reported.

dead letters   their chunks are ended as dead, so that their files end as incomplete
finished       files whose last chunk has ended, and whose end a crash interrupted
stalled        files that have been open for too long: an event, once
overdue        files that have not ended within their lane's deadline: a count, for an alarm, and an event a lane
idle           work that was begun, and that nobody has worked on for hours: its messages are sent again
overlooked     dropped objects without a row in the ledger: an event each time

Each file, letter and drop is looked at by itself (see `ByItself`). A look that does not come to its end goes on there
the next time, and says that it did not.
"""

import json
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from penstock.account.completion import complete_file
from penstock.feeds.lanes import lane_of
from penstock.io.by_itself import ByItself
from penstock.model.errors import MalformedMessage, NewerRelease
from penstock.model.lane_names import told
from penstock.model.messages import ChunkMessage, DispatchMessage, SourceFile, read_any
from penstock.model.rows import FileRow, FileState
from penstock.model.stage_result import StageResult
from penstock.operate.bury import bury
from penstock.operate.deadlines import Overdue, open_since, overdue
from penstock.operate.resend import begin_resend, plan_resend
from penstock.ports.claims import Claims
from penstock.ports.clock import Clock
from penstock.ports.destination import Directory
from penstock.ports.event_bus import EventBus
from penstock.ports.histories import Histories
from penstock.ports.ledger import Ledger
from penstock.ports.object_store import Drops, ObjectStore
from penstock.ports.queue import Outlet, Queue, Received
from penstock.ports.throttle import Circuit, Throttle
from penstock.split.control import is_sidecar

STALLED = 6 * 3600.0  #: seconds after which a file that is still open is worth a look
LOOKED_AT = 500  #: files a look, the oldest that have not had their turn
UNSEEN = (
    900.0  #: seconds a dead letter is out of others' sight when it has been looked at, less than between two sweeps
)
SETTLING_IN = 1800.0  #: seconds a drop may wait for its row: the intake may be busy
LOOKED_BACK = 26 * 3600.0  #: seconds drops are looked for; more than between two looks


@dataclass(frozen=True, slots=True)
class SweeperPorts:
    """What the sweeper needs of the world. `dead_letters` are the chunk and dispatch queues' DLQs, `dispatches` the
    feeds' queues."""

    store: ObjectStore
    ledger: Ledger
    claims: Claims
    histories: Histories
    throttle: Throttle
    drops: Drops
    dead_letters: Sequence[Queue]
    intake: Outlet
    chunks: Outlet
    dispatches: Mapping[str, Outlet]
    directory: Directory
    events: EventBus
    clock: Clock
    rng: random.Random


@dataclass(slots=True)
class _Turns:
    """Files in turn, the oldest first, as many as one look takes. It goes on behind those that had their turn in the
    look before, and at the beginning again once all have. `cut_short` says that some are left for the next."""

    ports: SweeperPorts
    look: str
    deadline: float
    find: Callable[[int, float], Awaitable[list[FileRow]]]  #: as `Ledger.open_files`
    cut_short: bool = False

    async def files(self) -> AsyncGenerator[FileRow]:
        """Those whose turn it is, until the deadline."""
        ledger, now = self.ports.ledger, self.ports.clock.now
        at = float(await ledger.cursor(self.look) or 0)
        rows = await self.find(LOOKED_AT, at)
        self.cut_short = len(rows) == LOOKED_AT
        for row in rows:
            if now() > self.deadline:
                self.cut_short = True
                break
            at = row.opened_at
            yield row
        await ledger.keep_cursor(self.look, repr(at) if self.cut_short else "")


async def sweep(ports: SweeperPorts, deadline: float) -> list[StageResult]:
    """Everything that lies in a DLQ or is open; `deadline` is when the invocation ends, in seconds since the epoch.

    Raises:
        Transient: nothing could be looked at; the next sweep begins anew.
    """
    by_itself = ByItself(ports, "work", deadline)
    buried = [
        await by_itself.at(f"DLQ {number}", _bury_all(ports, by_itself, queue, deadline))
        for number, queue in enumerate(ports.dead_letters)
    ]
    ended, still_open = list[StageResult](), list[FileRow]()
    stalled, turns = 0, _Turns(ports, "work", deadline, ports.ledger.open_files)
    async for row in turns.files():
        file, counts = row.file, await by_itself.at(row.file.file_id, complete_file(ports, row.file.file_id))
        if counts:
            ended.append(StageResult("finished", file.feed, file.file_id, counts))
            continue
        still_open.append(row)
        if ports.clock.now() - open_since(row) > STALLED:
            stalled += 1
            await by_itself.at(file.file_id, _report_stalled(ports, row))
    late = await overdue(ports.directory, still_open, ports.clock.now())
    for one in late:
        ended.append(StageResult(f"{one.files} files are overdue", one.oldest.file.feed, one.lane))
        await by_itself.at(one.lane, _tell_overdue(ports, one))
    counts = {
        "FilesOverdue": float(sum(one.files for one in late)),
        "ChunksBuried": float(sum(filter(None, buried))),
        "FilesStalled": float(stalled),
        "LookFaults": float(by_itself.faults),
        "LooksCutShort": float(turns.cut_short),
        "WorkLooks": 1.0,
    }
    return [*ended, StageResult("swept", "", "sweeper", counts)]


async def send_idle_again(ports: SweeperPorts, after: float, deadline: float) -> list[StageResult]:
    """Sends again what was begun, and that nobody has worked on for `after` seconds, once in such a time; where a
    feed's circuit is not closed, once.

    Raises:
        Transient: nothing could be looked at; the next look begins anew.
    """
    by_itself, before = ByItself(ports, "idle", deadline), ports.clock.now() - after
    sent, cut_short = list[StageResult](), False
    for turns in (
        _Turns(ports, "idle", deadline, ports.ledger.open_files),
        _Turns(ports, "again", deadline, ports.ledger.files_begun_again),
    ):
        async for row in turns.files():
            number = await by_itself.at(row.file.file_id, _send_again(ports, row, before))
            if number:
                counts = {"MessagesResent": float(number)}
                sent.append(StageResult("sent again", row.file.feed, row.file.file_id, counts))
        cut_short |= turns.cut_short
    counts = {"LookFaults": float(by_itself.faults), "LooksCutShort": float(cut_short), "IdleLooks": 1.0}
    return [*sent, StageResult("looked for idle work", "", "sweeper", counts)]


async def _send_again(ports: SweeperPorts, row: FileRow, before: float) -> int:
    """How many messages were."""
    file = row.file
    circuits = [(await ports.throttle.row(name)).circuit for name in {file.feed, lane_of(file)}]
    is_closed = all(circuit is Circuit.CLOSED for circuit in circuits)
    resend = await plan_resend(ports, row, before, once=not is_closed)
    if resend.messages:
        await begin_resend(ports, resend)
        detail = {"feed": file.feed, "key": file.dropped.key, "file_id": file.file_id, "messages": resend.messages}
        await ports.events.put("WorkResent", detail)
    return resend.messages


async def look_for_overlooked(ports: SweeperPorts, deadline: float) -> list[StageResult]:
    """Dropped objects that never came to have a row: S3 did not tell of them, or nobody could read what it told.

    Raises:
        Transient: the drops could not be listed; the next look goes on where this one was.
    """
    by_itself, now, found, last = ByItself(ports, "drops", deadline), ports.clock.now(), 0, ""
    begin = await ports.ledger.cursor("drops")
    after = tuple[str, str](json.loads(begin)) if begin else None
    async for place, file in ports.drops.between(now - LOOKED_BACK, now - SETTLING_IN, after):
        if file:
            found += bool(await by_itself.at(file.file_id, _tell_if_overlooked(ports, file)))
        if ports.clock.now() > deadline:
            last = json.dumps(place)
            break
    await ports.ledger.keep_cursor("drops", last)
    counts = {
        "FilesOverlooked": float(found),
        "LookFaults": float(by_itself.faults),
        "LooksCutShort": float(bool(last)),
        "DropsLooks": 1.0,
    }
    return [StageResult("looked for overlooked files", "", "sweeper", counts)]


async def _tell_if_overlooked(ports: SweeperPorts, file: SourceFile) -> bool:
    if is_sidecar(file) or await ports.ledger.file(file.file_id) is not None:
        return False
    await ports.events.put("FileOverlooked", {"feed": file.feed, "key": file.key, "file_id": file.file_id})
    return True


async def _bury_all(ports: SweeperPorts, by_itself: ByItself, queue: Queue, deadline: float) -> int:
    """How many chunks were ended as dead. The letters stay in the DLQ, for an operator to redrive."""
    buried, seen = 0, list[str]()
    while ports.clock.now() < deadline:
        received = await queue.receive(10, UNSEEN)
        if not received:
            break
        seen += [letter.receipt for letter in received]
        for letter in received:
            buried += bool(await _bury(ports, by_itself, letter))
    for receipt in seen:
        await queue.hold_back(receipt, 0)
    return buried


async def _bury(ports: SweeperPorts, by_itself: ByItself, letter: Received) -> bool | None:
    """Whether the letter's chunk was ended. Nobody can read some letters, and some only a newer release."""
    try:
        message = read_any(letter.body)
    except (MalformedMessage, NewerRelease):
        return None
    if not isinstance(message, ChunkMessage | DispatchMessage):
        return None
    chunk = message if isinstance(message, ChunkMessage) else message.chunk
    return await by_itself.at(chunk.chunk_id, bury(ports, message)) is not None


async def _tell_overdue(ports: SweeperPorts, late: Overdue) -> None:
    file = late.oldest.file
    detail = told(late.lane) | {
        "key": file.dropped.key,
        "file_id": file.file_id,
        "files": late.files,
        "deadline_hours": late.deadline_hours,
    }
    await ports.events.put("FilesOverdue", detail)


async def _report_stalled(ports: SweeperPorts, row: FileRow) -> None:
    if await ports.ledger.note_stalled(row.file.file_id, ports.clock.now()):
        detail = {
            "feed": row.file.feed,
            "key": row.file.dropped.key,
            "file_id": row.file.file_id,
            "state": str(row.state),
            "chunks": {"expected": row.chunks, "settled": row.chunks_settled, "dead": row.chunks_dead}
            if row.state is FileState.SEALED
            else None,
            "open_for_seconds": round(ports.clock.now() - open_since(row)),
        }
        await ports.events.put("FileStalled", detail)
