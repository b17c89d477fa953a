"""The first stage: a dropped file becomes chunk messages, and is sealed when the last of them is sent.

Restartable: the same object gives the same chunks, so a splitter that was killed anywhere is simply run again; chunks
that went out twice are told apart by their ids (R28).
"""

import hashlib
import random
from dataclasses import dataclass

from penstock.errors import Busy, ObjectMissing, OutOfTime, Refused
from penstock.feeds import FEEDS, feed_of_key
from penstock.findings import Finding
from penstock.formats.format import HEAD
from penstock.ledger import Ledger
from penstock.messages import ChunkMessage, Layout, SourceFile, Span
from penstock.ports import Clock, EventBus, ObjectStore, Outgoing, Queue
from penstock.reader import read_blocks
from penstock.sending import send_all
from penstock.settling import finish_if_complete, report_refusal
from penstock.splitting import Planner
from penstock.worked import Worked

ANNOUNCED = 20  #: chunks written to the ledger and sent together


@dataclass(frozen=True, slots=True)
class SplitterPorts:
    """What the splitter needs of the world."""

    store: ObjectStore
    ledger: Ledger
    chunks: Queue
    events: EventBus
    clock: Clock
    rng: random.Random


async def split(ports: SplitterPorts, file: SourceFile, deadline: float) -> Worked:
    """Splits one file; `deadline` is when the invocation ends, in seconds since the epoch.

    Raises:
        Busy: another splitter is at this file.
        Transient: something broke; splitting again carries on.
    """
    now = ports.clock.now()
    lease = await ports.ledger.claim_file(file, now, deadline - now)
    if lease.fence is None:
        if lease.busy_for:
            raise Busy("another splitter holds the file", after=lease.busy_for)
        counts = await finish_if_complete(ports.ledger, ports.store, ports.events, ports.clock, file.file_id)
        return Worked("seen before", file.feed, file.file_id, counts)
    try:
        return await _split(ports, file, lease.fence, deadline)
    except (Refused, ObjectMissing) as refusal:
        finding = Finding(refusal.code, refusal.message)
        row = await ports.ledger.file(file.file_id)
        await report_refusal(ports.store, ports.events, file, finding, row.opened_at if row else now, ports.clock.now())
        await ports.ledger.refuse_file(file.file_id, lease.fence, finding, ports.clock.now())
        # A key that names no feed must not become a metric's dimension: anybody could make as many as they like.
        feed = file.feed if file.feed in FEEDS else ""
        return Worked(f"refused: {refusal.code}", feed, file.file_id, {"FilesRefused": 1})
    except Exception:
        await ports.ledger.release_file(file.file_id, lease.fence)
        raise


async def _split(ports: SplitterPorts, file: SourceFile, fence: int, deadline: float) -> Worked:
    feed = feed_of_key(file.key)
    if not file.size:
        raise Refused("format.empty", "the file is empty; drop it again with its records")
    sha256 = hashlib.sha256()
    layout: Layout | None = None
    planner: Planner | None = None
    waiting: list[Span] = []
    async for block in read_blocks(ports.store, file, ports.clock, ports.rng):
        if layout is None or planner is None:
            layout = feed.recognise(block[:HEAD])
            planner = Planner(feed, layout)
        if ports.clock.now() > deadline:
            raise OutOfTime("the file could not be split within one invocation")
        sha256.update(block)
        for span in planner.push(block):
            waiting.append(span)
            if len(waiting) == ANNOUNCED:
                await _announce(ports, file, layout, waiting)
                waiting = []
    assert layout is not None
    assert planner is not None
    waiting.extend(planner.finish())
    if not planner.records:
        raise Refused("format.no_records", "the file has a header and no records; drop it again with its records")
    await _announce(ports, file, layout, waiting)
    chunks = planner.chunks
    await ports.ledger.seal_file(
        file.file_id,
        fence,
        layout=layout,
        chunks=chunks,
        received=planner.records,
        sha256=sha256.hexdigest(),
        now=ports.clock.now(),
    )
    counts = {"RecordsReceived": planner.records, "ChunksSent": chunks, "BytesSplit": file.size}
    ended = await finish_if_complete(ports.ledger, ports.store, ports.events, ports.clock, file.file_id)
    return Worked("sealed", feed.name, file.file_id, counts | ended)


async def _announce(ports: SplitterPorts, file: SourceFile, layout: Layout, spans: list[Span]) -> None:
    """Chunks into the ledger first, then onto the queue: a message never points at a row that is not there."""
    await ports.ledger.plan_chunks(file, spans)
    messages = (
        Outgoing(ChunkMessage(file=file, layout=layout, span=span).model_dump_json(), group=file.feed) for span in spans
    )
    await send_all(ports.chunks, messages, ports.clock, ports.rng)
