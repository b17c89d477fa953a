"""The sweeper: what no message is on its way for any more, found on a schedule and brought to its end, or reported.

dead letters   their chunks are ended as dead, so that their files end as incomplete
finished       files whose last chunk has ended, and whose end a crash interrupted
stalled        files that have been open for too long: an event, once
overlooked     dropped objects without a row in the ledger: an event each time
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from penstock.account.completion import complete_file
from penstock.model.errors import MalformedMessage, Transient
from penstock.model.messages import ChunkMessage, DispatchMessage, read_any
from penstock.model.rows import FileRow, FileState
from penstock.model.stage_result import StageResult
from penstock.operate.bury import bury
from penstock.ports.claims import Claims
from penstock.ports.clock import Clock
from penstock.ports.event_bus import EventBus
from penstock.ports.histories import Histories
from penstock.ports.ledger import Ledger
from penstock.ports.object_store import Drops, ObjectStore
from penstock.ports.queue import Queue

STALLED = 6 * 3600.0  #: seconds after which a file that is still open is worth a look
LOOKED_AT = 500  #: open files a sweep, the oldest
UNSEEN = (
    900.0  #: seconds a dead letter is out of others' sight when it has been looked at, less than between two sweeps
)
SETTLING_IN = 1800.0  #: seconds a drop may wait for its row: the intake may be busy
LOOKED_BACK = 26 * 3600.0  #: seconds drops are looked for; more than between two looks


@dataclass(frozen=True, slots=True)
class SweeperPorts:
    """What the sweeper needs of the world. `dead_letters` are the chunk and dispatch queues' DLQs."""

    store: ObjectStore
    ledger: Ledger
    claims: Claims
    histories: Histories
    drops: Drops
    dead_letters: Sequence[Queue]
    events: EventBus
    clock: Clock
    rng: random.Random


async def sweep(ports: SweeperPorts, deadline: float) -> list[StageResult]:
    """Everything that lies in a DLQ or is open; `deadline` is when the invocation ends, in seconds since the epoch.

    Raises:
        Transient: something broke; the next sweep begins anew.
    """
    buried = [await _bury_all(ports, queue, deadline) for queue in ports.dead_letters]
    results: list[StageResult] = []
    stalled = 0
    for row in await ports.ledger.open_files(LOOKED_AT):
        if ports.clock.now() > deadline:
            break
        counts = await complete_file(ports, row.file.file_id)
        if counts:
            results.append(StageResult("finished", row.file.feed, row.file.file_id, counts))
        elif ports.clock.now() - row.opened_at > STALLED:
            stalled += 1
            await _report_stalled(ports, row)
    counts = {"ChunksBuried": float(sum(buried)), "FilesStalled": float(stalled)}
    return [*results, StageResult("swept", "", "sweeper", counts)]


async def look_for_overlooked(ports: SweeperPorts, deadline: float) -> list[StageResult]:
    """Dropped objects that never came to have a row: S3 did not tell of them, or nobody could read what it told.

    Raises:
        Transient: something broke; the next look begins anew.
    """
    now, found = ports.clock.now(), 0
    async for file in ports.drops.between(now - LOOKED_BACK, now - SETTLING_IN):
        if await ports.ledger.file(file.file_id) is None:
            found += 1
            await ports.events.put("FileOverlooked", {"feed": file.feed, "key": file.key, "file_id": file.file_id})
        if ports.clock.now() > deadline:
            break
    return [StageResult("looked for overlooked files", "", "sweeper", {"FilesOverlooked": float(found)})]


async def _bury_all(ports: SweeperPorts, queue: Queue, deadline: float) -> int:
    """How many chunks were ended as dead. The letters stay in the DLQ, for an operator to redrive."""
    buried, seen = 0, list[str]()
    while ports.clock.now() < deadline:
        received = await queue.receive(10, UNSEEN)
        if not received:
            break
        seen += [letter.receipt for letter in received]
        for letter in received:
            try:
                message = read_any(letter.body)
                if isinstance(message, ChunkMessage | DispatchMessage):
                    buried += await bury(ports, message) is not None
            except (MalformedMessage, Transient):
                continue
    for receipt in seen:
        await queue.hold_back(receipt, 0)
    return buried


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
            "open_for_seconds": round(ports.clock.now() - row.opened_at),
        }
        await ports.events.put("FileStalled", detail)
