"""A document becomes a staged file of records: read in ranges of pages, by many workers, and assembled once.

    splitter ── split message ─► plan ── pages messages ─► read ─► read ─► read … the last one assembles ─┐
       ▲                          └─ of a document of one range, read and assembled at once ──────────────┤
       └── split message of the staged file ◄─────────────────────────────────────────────────────────────┘

What is read of a range is an object named after it, so that reading it twice is harmless, in any order, and whoever
comes later knows what is missing. The file's lease is held by who plans or assembles, never by who only reads. A file
that stands still is sent again by its split message, as every file is; then only what is missing is read.

Where a feed's pages are read by an engine elsewhere (see `jobs`), the message of a range begins a job and is done with;
the notice of its end brings the range back.
"""

import random
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from penstock.account.completion import refuse_as_pinned, refuse_file
from penstock.extract.drift import tell_of_drift
from penstock.extract.jobs import Job, ask, make_pictures
from penstock.extract.ranges import Range, Ranges
from penstock.feeds import feed_named
from penstock.io import metering
from penstock.io.failing import tell_if_failing
from penstock.io.retry import Try
from penstock.io.sending import LONGEST_DELAY, outgoing, send_all
from penstock.model.defects import at_a_file
from penstock.model.errors import Busy, Defective, ObjectMissing, Permanent, Refused, Throttled, Transient
from penstock.model.messages import PagesMessage, SourceFile, SplitMessage, ZipEntry
from penstock.model.rows import FileRow, FileState
from penstock.model.stage_result import StageResult
from penstock.model.textract import JobNotice, RecognisedPage
from penstock.model.usage import Usage
from penstock.ports.clock import Clock
from penstock.ports.event_bus import EventBus
from penstock.ports.ledger import Ledger
from penstock.ports.object_store import ObjectStore
from penstock.ports.pages import OpenDocument, PageReader
from penstock.ports.queue import Outlet
from penstock.ports.recognition import Recognition
from penstock.split.staging import Staging

PAUSE = 1  #: seconds until the splitter can receive the staged file: the lease is released by then
FIRST_WAIT = 15.0  #: seconds until an engine that had enough to do is asked again; each time it has, twice as many
RESERVE = 15.0  #: seconds of an invocation kept for writing down what was read

type Work = Callable[[FileRow, int], Awaitable[StageResult]]
"""(the file's row, the fence of the lease on it) → what was done."""


@dataclass(frozen=True, slots=True)
class ExtractorPorts:
    """What the extractor needs of the world. `intake` is the splitter's queue, `documents` its own. `engines` has by
    feed the engine elsewhere that reads its scans; those of others the reader reads itself."""

    store: ObjectStore
    ledger: Ledger
    reader: PageReader
    intake: Outlet
    documents: Outlet
    events: EventBus
    clock: Clock
    rng: random.Random
    engines: Mapping[str, Recognition] = field(default_factory=dict[str, Recognition])


async def extract(
    ports: ExtractorPorts, message: SplitMessage | PagesMessage | JobNotice, deadline: float
) -> StageResult:
    """Does what a message asks for; `deadline` is when the invocation ends, in seconds since the epoch.

    Raises:
        Busy: another worker is at this file.
        Transient: something broke; doing it again carries on.
    """
    if isinstance(message, SplitMessage):
        return await _begin(ports, message, deadline)
    if isinstance(message, JobNotice):
        job = await Job.kept(ports.store, message.file_id, Range(*message.pages))
        if job is None:
            return StageResult("a notice of nobody's job", "", message.file_id)
        message = job.message
    return await _read_range(ports, message, deadline)


async def _begin(ports: ExtractorPorts, message: SplitMessage, deadline: float) -> StageResult:
    """Plans the ranges, and sends those that are missing on their way; of a document of one range, all of it."""
    file_id = message.file.file_id

    async def begin(row: FileRow, fence: int) -> StageResult:
        ranges = await Ranges.kept(ports.store, file_id) or await _plan(ports, row.file, message.entry, deadline)
        missing = await ranges.missing(ports.store, file_id)
        if not missing:
            return await _assemble(ports, row, ranges, fence, deadline)
        await _send(ports, row.file, missing, message.entry)
        await ports.ledger.release_file(file_id, fence)
        return StageResult("pages sent", row.file.feed, file_id, {"RangesSent": len(missing)})

    return await _holding(ports, message.file, deadline, begin)


async def _plan(ports: ExtractorPorts, file: SourceFile, entry: ZipEntry | None, deadline: float) -> Ranges:
    """The ranges, which are kept. As the document is here, the only one is read, unless it takes a job."""
    async with _opened(ports, file, entry, deadline) as document:
        with at_a_file(file.feed):
            pages, at_once, sha256 = await document.survey()
        ranges = Ranges(pages=pages, at_once=at_once, sha256=sha256)
        await ranges.keep(ports.store, file.file_id)
        if pages <= at_once and file.feed not in ports.engines:
            await _read(ports, document, file, Range(1, pages), deadline)
    return ranges


async def _send(ports: ExtractorPorts, file: SourceFile, ranges: Sequence[Range], entry: ZipEntry | None) -> None:
    messages = (PagesMessage(file=file, first=one.first, last=one.last, entry=entry) for one in ranges)
    await send_all(ports.documents, map(outgoing, messages), ports.clock, ports.rng)


async def _read_range(ports: ExtractorPorts, message: PagesMessage, deadline: float) -> StageResult:
    """Reads the range, unless somebody has, or a job is still at it; whoever finds that it was the last assembles."""
    file, file_id, one = message.file, message.file.file_id, Range(message.first, message.last)
    row, ranges = await ports.ledger.file(file_id), await Ranges.kept(ports.store, file_id)
    if row is None or row.state is not FileState.SPLITTING or ranges is None:
        return StageResult("seen before", file.feed, file_id)

    async def assemble(row: FileRow, fence: int) -> StageResult:
        return await _assemble(ports, row, ranges, fence, deadline)

    try:
        if not await ports.store.has(one.key(file_id)):
            recognised = await _recognised(ports, message, one, deadline)
            if recognised is None:
                return StageResult("a job reads the pages", file.feed, file_id)
            async with _opened(ports, file, message.entry, deadline) as document:
                await _read(ports, document, file, one, deadline, recognised)
    except Throttled as reason:
        await _come_back_later(ports, message)
        return StageResult(f"put off: {reason}", file.feed, file_id, {"DocumentsPutOff": 1})
    except (Refused, ObjectMissing, Defective) as refusal:
        return await _holding(ports, file, deadline, _raising(refusal))
    if await ranges.are_read(ports.store, file_id, one):
        return await _holding(ports, file, deadline, assemble)
    return StageResult("pages read", file.feed, file_id, {"PagesRead": one.pages})


async def _recognised(
    ports: ExtractorPorts, message: PagesMessage, one: Range, deadline: float
) -> Mapping[int, RecognisedPage] | None:
    """What an engine elsewhere has read of the range, if the feed has one; None while it is at it."""
    engine, file = ports.engines.get(message.file.feed), message.file
    if engine is None:
        return {}
    job = await Job.kept(ports.store, file.file_id, one)
    if job is None:
        async with _opened(ports, file, message.entry, deadline) as document:
            with at_a_file(file.feed):
                job = await make_pictures(ports.store, document, message, _seconds_until(deadline, ports.clock))
    recognised = await ask(ports.store, engine, job)
    if recognised is not None and job.used:
        metering.take_over(Usage.unpacked(job.used))
    return recognised


async def _come_back_later(ports: ExtractorPorts, message: PagesMessage) -> None:
    """A message to ourselves; this one is done with, so that it counts as no attempt."""
    wait = min(float(LONGEST_DELAY), FIRST_WAIT * 2 ** min(message.waits, 10))
    delay = min(LONGEST_DELAY, round(wait + ports.rng.uniform(0, FIRST_WAIT)))
    again = message.model_copy(update={"waits": message.waits + 1})
    await send_all(ports.documents, [outgoing(again, delay)], ports.clock, ports.rng)


def _raising(error: Permanent) -> Work:
    async def work(row: FileRow, fence: int) -> StageResult:
        raise error

    return work


def _opened(
    ports: ExtractorPorts, file: SourceFile, entry: ZipEntry | None, deadline: float
) -> AbstractAsyncContextManager[OpenDocument]:
    blocks = Staging(ports.store, ports.clock, ports.rng, deadline).whole(file, entry)
    return ports.reader.opened(file.file_id, blocks)


async def _read(
    ports: ExtractorPorts,
    document: OpenDocument,
    file: SourceFile,
    one: Range,
    deadline: float,
    recognised: Mapping[int, RecognisedPage] | None = None,
) -> None:
    with at_a_file(file.feed):
        body = await document.read(one.first, one.last, _seconds_until(deadline, ports.clock), recognised)
    # Who reads a range may hold no lease, and so has no row to tell what it took: who assembles them does. Two puts are
    # still to come, and a look whether the next range has been read.
    used = metering.tell(Usage(s3_puts=2, s3_gets=1)).packed().encode()
    await ports.store.put(one.used_key(file.file_id), used, "text/plain")
    await ports.store.put(one.key(file.file_id), body, "application/gzip")


def _seconds_until(deadline: float, clock: Clock) -> float:
    return deadline - RESERVE - clock.now()


async def _holding(ports: ExtractorPorts, file: SourceFile, deadline: float, work: Work) -> StageResult:
    """What has to be done by one worker at a time. What came no further than to be staged is handed back again."""
    now = ports.clock.now()
    lease = await ports.ledger.claim_file(file, now, deadline - now)
    if lease.fence is None:
        if lease.busy_for:
            raise Busy("another worker holds the file", after=lease.busy_for)
        return StageResult("seen before", file.feed, file.file_id)
    try:
        if lease.row.refused:
            return await refuse_as_pinned(ports, lease.row, lease.row.refused, lease.fence)
        if lease.row.file.is_staged:
            return await _hand_back(ports, lease.row.file, lease.fence, 0)
        return await work(lease.row, lease.fence)
    except (Refused, ObjectMissing, Defective) as refusal:
        return await refuse_file(ports, lease.row, refusal, lease.fence)
    except Exception as error:
        setback = Try("extractor", lease.row.setback, ports.clock.now()).failed(error, ports.rng)
        await ports.ledger.release_file(file.file_id, lease.fence, setback)
        await tell_if_failing(ports.events, file, lease.row.setback, setback)
        raise


async def _assemble(ports: ExtractorPorts, row: FileRow, ranges: Ranges, fence: int, deadline: float) -> StageResult:
    """The records of all pages, staged; what they have drifted from is told before anybody can overlook it."""
    file, filed = row.file, feed_named(row.file.feed).filed
    filed_as: Mapping[str, str] = filed(file.dropped.key) if filed else {}
    assembled = ports.reader.assemble(file.feed, ranges.sha256, _bodies(ports, ranges, file.file_id), filed_as)
    staged = await ports.store.stage(row.file, _until(deadline, ports.clock, assembled.lines))
    await tell_of_drift(ports, row.file, assembled.drifted)
    await ports.ledger.stage_file(staged, fence)
    return await _hand_back(ports, staged, fence, ranges.pages)


async def _bodies(ports: ExtractorPorts, ranges: Ranges, file_id: str) -> AsyncGenerator[bytes]:
    for one in ranges.all():
        body = await ports.store.get(one.key(file_id))
        if body is None:
            raise Transient("what was read of a document is gone; its pages are read again")
        if used := await ports.store.get(one.used_key(file_id)):
            metering.take_over(Usage.unpacked(used.decode()))
        yield body


async def _until(deadline: float, clock: Clock, parts: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    async for part in parts:
        if clock.now() > deadline:
            raise Transient("the document's records could not be assembled before the invocation ended")
        yield part


async def _hand_back(ports: ExtractorPorts, staged: SourceFile, fence: int, pages: int) -> StageResult:
    """The splitter goes on with the staged file."""
    await send_all(ports.intake, [outgoing(SplitMessage(file=staged), PAUSE)], ports.clock, ports.rng)
    await ports.ledger.release_file(staged.file_id, fence)
    return StageResult("read", staged.feed, staged.file_id, {"DocumentsRead": 1, "DocumentPages": pages})
