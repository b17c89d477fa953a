"""The first stage: a dropped file becomes chunk messages, and is sealed when the last of them is sent.

Restartable: the same object gives the same chunks, so a splitter that was killed anywhere is simply run again; chunks
that went out twice are told apart by their ids (R28). What it has behind it is in the file's checkpoint, now and then,
and when its invocation nears its end:

    hop 0    S3's event ── claim ── chunks … ── message of hop 1 ── checkpoint ── release
    hop 1                                        └─ claim ── chunks … ── message of hop 2 ── checkpoint ── release
    …                                                                    └─ claim ── chunks … ── seal

The message goes out before the checkpoint says so. So there is always a message of the hop that the checkpoint tells
of, or of a later one, and an earlier one that finds another splitter at work is not needed any more.

Where a file cannot be read any further, as its object is gone or as a function of ours fails at it, it is refused; or,
where chunks of it are on their way, it is sealed with these alone. What we have failed at can be gone on with by a
replay (see `operate.replay`), once it is mended.
"""

import asyncio
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import cached_property

from penstock.account.completion import BROKEN_OFF, complete_file, refuse_as_pinned, refuse_file, report_unpacked
from penstock.feeds import feed_named
from penstock.feeds.feed import Feed
from penstock.formats.format import HEAD
from penstock.io.failing import tell_if_failing
from penstock.io.reader import read_blocks
from penstock.io.retry import Try
from penstock.io.sending import outgoing, send_all
from penstock.model.defects import at_a_file, broken_off_at, is_defect
from penstock.model.errors import Busy, Defective, LeaseLost, ObjectMissing, OtherCut, Permanent, Refused, Transient
from penstock.model.findings import Finding, Noted
from penstock.model.messages import Checkpoint, ChunkMessage, Layout, Place, SourceFile, Span, SplitMessage, ZipEntry
from penstock.model.rows import FileRow
from penstock.model.setbacks import Setback
from penstock.model.stage_result import StageResult
from penstock.ports.clock import Clock
from penstock.ports.event_bus import EventBus
from penstock.ports.ledger import Ledger
from penstock.ports.object_store import ObjectStore
from penstock.ports.queue import Outlet
from penstock.split.control import is_sidecar, totals_beside, with_control_totals
from penstock.split.cut import cut_of, feed_that_cuts, layout_of
from penstock.split.planner import Planner
from penstock.split.returned import with_origin, with_rows_again
from penstock.split.staging import Staging
from penstock.split.tree_digest import TreeDigest

ANNOUNCED = 20  #: chunks written to the ledger and sent together, but for the first, which goes at once
KEPT = 500  #: chunks announced until a checkpoint is written: what a splitter that dies leaves to be done again
RESERVE = 30.0  #: seconds of an invocation kept for handing the rest on
LOOK_AGAIN = 60  #: seconds until a file that waits for its sidecar is looked at again
PAUSE = 1  #: seconds until the message that hands on can be received: the lease is released by then

#: The largest object that S3 takes, 50 TB, read at a slow 60 MB/s for the 870 s that an invocation has, takes 958 hops.
#: A splitter that has come so far hands nothing on any more: its message fails, and ends in the DLQ for people to see.
MOST_HOPS = 1000


@dataclass(frozen=True, slots=True)
class SplitterPorts:
    """What the splitter needs of the world. `intake` is the queue that its own messages come from, `documents` that of
    the extractor; `sheets` is as in `Staging`. `awaits` has by feed for how many seconds its files wait for the sidecar
    with their control totals; others do not."""

    store: ObjectStore
    ledger: Ledger
    intake: Outlet
    chunks: Outlet
    documents: Outlet
    events: EventBus
    clock: Clock
    rng: random.Random
    sheets: Mapping[str, str] = field(default_factory=dict[str, str])
    awaits: Mapping[str, float] = field(default_factory=dict[str, float])


async def split(ports: SplitterPorts, message: SplitMessage, deadline: float) -> StageResult:
    """Splits a file, or as much of it as time allows; `deadline` is when the invocation ends, in seconds since the
    epoch.

    Raises:
        Busy: another splitter is at this file.
        Transient: something broke; splitting again carries on.
    """
    file, now = message.file, ports.clock.now()
    if is_sidecar(file):
        return StageResult("tells of another file", file.feed, file.file_id)
    lease = await ports.ledger.claim_file(file, now, deadline - now)
    checkpoint = lease.row.checkpoint
    if lease.fence is None:
        if lease.busy_for and (checkpoint is None or checkpoint.hops <= message.hop):
            raise Busy("another splitter holds the file", after=lease.busy_for)
        if lease.busy_for:
            return StageResult("handed on before", file.feed, file.file_id)
        counts = await complete_file(ports, file.file_id)
        return StageResult("seen before", file.feed, file.file_id, counts)
    try:
        if lease.row.refused:
            return await refuse_as_pinned(ports, lease.row, lease.row.refused, lease.fence)
        staging = Staging(ports.store, ports.clock, ports.rng, deadline, ports.sheets)
        entry = message.entry or await staging.entry_of(lease.row.file)
        if await _is_document(staging, lease.row, entry):
            return await _hand_to_extractor(ports, lease.row.file, entry, lease.fence)
        if await _is_to_wait(ports, lease.row):
            return await _wait(ports, message, lease.row, lease.fence)
        prepared = await _prepare(ports, staging, lease.row, entry, lease.fence)
        if isinstance(prepared, list):
            return await _unpack(ports, lease.row, prepared, lease.fence)
        return await _split(ports, prepared, lease.row, lease.fence, deadline)
    except (Refused, ObjectMissing, Defective) as refusal:
        return await refuse_file(ports, lease.row, refusal, lease.fence)
    except Exception as error:
        setback = Try("splitter", lease.row.setback, ports.clock.now()).failed(error, ports.rng)
        await ports.ledger.release_file(file.file_id, lease.fence, setback)
        await tell_if_failing(ports.events, file, lease.row.setback, setback)
        raise


async def _is_document(staging: Staging, row: FileRow, entry: ZipEntry | None) -> bool:
    """Whether the file has to be read into records before it can be cut."""
    is_document = feed_named(row.file.feed).documents
    if is_document is None or row.file.is_staged or row.checkpoint or row.cut:
        return False
    head = await staging.head_of(row.file, entry)
    with at_a_file(row.file.feed):
        return bool(head) and is_document(head)


async def _hand_to_extractor(ports: SplitterPorts, file: SourceFile, entry: ZipEntry | None, fence: int) -> StageResult:
    """The document goes to the extractor, and comes back as a staged file of records."""
    message = SplitMessage(file=file, entry=entry)
    await send_all(ports.documents, [outgoing(message, PAUSE)], ports.clock, ports.rng)
    await ports.ledger.release_file(file.file_id, fence)
    return StageResult("handed to the extractor", file.feed, file.file_id, {"DocumentsHandedOver": 1})


async def _is_to_wait(ports: SplitterPorts, row: FileRow) -> bool:
    """Whether the file's sidecar is still to come."""
    patience = ports.awaits.get(row.file.feed, 0.0)
    has_begun = row.checkpoint or row.cut or row.file.origin
    if has_begun or ports.clock.now() >= row.opened_at + patience:
        return False
    return await totals_beside(feed_named(row.file.feed), row.file, ports.store) is None


async def _wait(ports: SplitterPorts, message: SplitMessage, row: FileRow, fence: int) -> StageResult:
    """The file's message comes again in a while. That it waits, and for what, is seen in the ledger."""
    file = row.file
    await send_all(ports.intake, [outgoing(message, LOOK_AGAIN)], ports.clock, ports.rng)
    reason = "no file with its control totals has come yet"
    setback = Setback("splitter", reason, 0, row.opened_at, ports.clock.now() + LOOK_AGAIN)
    await ports.ledger.release_file(file.file_id, fence, setback)
    return StageResult("waits for its control totals", file.feed, file.file_id)


async def _prepare(
    ports: SplitterPorts, staging: Staging, row: FileRow, entry: ZipEntry | None, fence: int
) -> SourceFile | list[SplitMessage]:
    """The file as it can be cut; of an archive, a message for each of its files."""
    if row.checkpoint or row.cut:
        return row.file
    prepared = await staging.prepare(row.file, entry)
    if isinstance(prepared, SourceFile) and prepared != row.file:
        await ports.ledger.stage_file(prepared, fence)
    return prepared


async def _unpack(ports: SplitterPorts, row: FileRow, files: list[SplitMessage], fence: int) -> StageResult:
    """The archive's files go their own ways; that they do is its end. Their rows come before the messages: one that is
    lost is sent again, as all work is that nobody has begun."""
    file_id = row.file.file_id
    await ports.ledger.open_each(file_id, fence, [message.file for message in files], ports.clock.now())
    await send_all(ports.intake, map(outgoing, files), ports.clock, ports.rng)
    now = ports.clock.now()
    await report_unpacked(ports, row, [message.file for message in files], now)
    await ports.ledger.unpack_file(file_id, fence, len(files), now)
    return StageResult("unpacked", row.file.feed, file_id, {"FilesUnpacked": 1})


async def _split(ports: SplitterPorts, file: SourceFile, row: FileRow, fence: int, deadline: float) -> StageResult:
    feed, checkpoint = feed_named(file.feed), row.checkpoint
    if not file.size:
        raise Refused("format.empty", "the file is empty; drop it again with its records")
    if row.cut:
        feed = feed_that_cuts(feed, row.cut)
    begun = checkpoint or (_beginning(row.layout) if row.layout else None)
    work = _Splitting(ports, feed, file, fence, begun, deadline) if begun else None
    try:
        async with aclosing(
            read_blocks(ports.store, file, ports.clock, ports.rng, _start(begun) if begun else 0)
        ) as blocks:
            async for block in blocks:
                if work is None:
                    begun = _beginning(await _recognise(ports, feed, file, block[:HEAD], deadline))
                    work = _Splitting(ports, feed, file, fence, begun, deadline)
                if row.cut is None:
                    row = await work.pin(row)
                await work.take(block)
                if work.is_over:
                    return await work.hand_on()
        assert work is not None
        return await work.seal()
    except (ObjectMissing, Defective) as stop:
        if work is None or not await work.has_announced():
            raise
        return await work.break_off(stop)


def _why(stop: Permanent, byte: int) -> Finding:
    """Why a file was broken off behind a byte."""
    if is_defect(stop.code):
        return broken_off_at(byte, stop)
    message = f"the object was deleted while it was split: what it had from byte {byte:,} on is in no record"
    return Finding(BROKEN_OFF, message)


async def _recognise(ports: SplitterPorts, feed: Feed, file: SourceFile, head: bytes, deadline: float) -> Layout:
    """The file's layout, once its control totals are known, if it has any."""
    ready = deadline - 2 * RESERVE
    with at_a_file(feed.name):
        layout = with_origin(layout_of(feed, head), file)
        layout = await with_rows_again(feed, file, layout, head, ports.store, ports.clock, ports.rng)
        return await with_control_totals(
            feed, file, layout, ports.store, ports.clock, ports.rng, ready, is_awaited=_is_awaited(ports, file)
        )


def _is_awaited(ports: SplitterPorts, file: SourceFile) -> bool:
    """Whether there should be a sidecar by now; files of an archive have none of their own."""
    return file.feed in ports.awaits and "!" not in file.dropped.key


def _beginning(layout: Layout) -> Checkpoint:
    """Where nothing is split yet."""
    return Checkpoint(layout=layout, place=Place(byte=layout.first_byte, line=layout.first_line))


def _start(checkpoint: Checkpoint) -> int:
    """The first byte that is in no chunk yet, or in no finished leaf of the digest."""
    return min(checkpoint.place.byte, TreeDigest(checkpoint.leaves).byte)


class _Splitting:
    """One splitter's work at one file."""

    def __init__(
        self, ports: SplitterPorts, feed: Feed, file: SourceFile, fence: int, checkpoint: Checkpoint, deadline: float
    ) -> None:
        self._ports, self._feed, self._file, self._fence, self._deadline = ports, feed, file, fence, deadline
        self._begun = checkpoint
        self._follows = fence > 1  # an earlier splitter may have planned what we plan
        self._end = checkpoint.layout.until or file.size  # of the records
        self._left = self._end - _start(checkpoint)  # bytes of records still to come
        self._digest = TreeDigest(checkpoint.leaves, checkpoint.nodes)
        self._digested = self._digest.byte - _start(checkpoint)  # bytes that come again, and are in the digest
        self._waiting: list[Span] = []
        self._unkept = 0  # chunks announced since the last checkpoint

    @cached_property
    def _planner(self) -> Planner:
        """Made when it is needed: what an earlier release has left may be what ours fails at."""
        begun, start = self._begun, _start(self._begun)
        with at_a_file(self._feed.name):
            return Planner(self._feed, begun.layout, begun.place, start=start, size=self._end)

    def _guarded(self, spans: Iterator[Span]) -> Iterator[Span]:
        """The planner's spans; what it fails at is a defect of ours at this file."""
        with at_a_file(self._feed.name):
            yield from spans

    @property
    def is_over(self) -> bool:
        """Whether the rest is to be handed on. One that has not moved hands nothing on: it would go on for ever.

        Raises:
            Transient: the time is over, and nothing has moved.
        """
        now = self._ports.clock.now()
        if now <= self._deadline - RESERVE:
            return False
        if self._reached(self._checkpoint()) > self._reached(self._begun):
            return True
        if now > self._deadline:
            raise Transient("a whole invocation has not come as far as the next chunk")
        return False

    def _reached(self, checkpoint: Checkpoint) -> tuple[int, int]:
        """How far it goes; once all is in chunks, the digest is still to be finished."""
        byte = checkpoint.place.byte
        return byte, checkpoint.leaves if byte == self._end else 0

    async def pin(self, row: FileRow) -> FileRow:
        """Has whoever goes on with the file cut it as we do."""
        layout, cut = self._begun.layout, cut_of(self._feed)
        await self._ports.ledger.pin_cut(self._file.file_id, self._fence, layout, cut)
        return replace(row, layout=layout, cut=cut)

    async def take(self, block: bytes) -> None:
        """The file's next block: what it completes is announced, as far as time allows."""
        again = min(self._digested, len(block))
        self._digested -= again
        self._digest.push(memoryview(block)[again:])
        records = block[: max(0, self._left)]
        self._left -= len(block)
        for span in self._guarded(self._planner.push(records)):
            await self._add(span)
            if not self._waiting and self.is_over:
                return

    async def hand_on(self) -> StageResult:
        """Leaves the rest to another splitter."""
        await self._announce()
        ledger, clock, file = self._ports.ledger, self._ports.clock, self._file
        if self._begun.hops == MOST_HOPS:
            await ledger.note_checkpoint(file.file_id, self._fence, self._checkpoint())
            raise Transient(f"the file has been handed on {MOST_HOPS} times, which is too often")
        checkpoint = self._checkpoint(hops=self._begun.hops + 1)
        message = SplitMessage(file=file, hop=checkpoint.hops)
        await send_all(self._ports.intake, [outgoing(message, PAUSE)], clock, self._ports.rng)
        await ledger.note_checkpoint(file.file_id, self._fence, checkpoint)
        await ledger.release_file(file.file_id, self._fence)
        return StageResult("handed on", self._feed.name, file.file_id, {"FilesHandedOn": 1})

    async def seal(self) -> StageResult:
        """The file's end."""
        planner, file = self._planner, self._file
        for span in self._guarded(planner.finish()):
            await self._add(span)
        if not planner.records:
            raise Refused("format.no_records", "the file has a header and no records; drop it again with its records")
        await self._announce()
        digest = self._digest.hexdigest()
        return await self._seal("sealed", planner.chunks, planner.records, file.size, digest, planner.noted)

    async def has_announced(self) -> bool:
        """Whether chunks of the file are on their way, be it by an earlier splitter."""
        return bool(await self._ports.ledger.chunks(self._file.file_id))

    async def break_off(self, stop: Permanent) -> StageResult:
        """The file can be read no further, and chunks of it are on their way: what they hold is all that its account is
        about, so that it balances. What our own function has failed at is gone on with by a replay."""
        ours = is_defect(stop.code)
        if ours:
            await self._announce()
        spans = [chunk.span for chunk in await self._ports.ledger.chunks(self._file.file_id)]
        # An earlier splitter may have planned them, and stopped before they were sent.
        await self._send(spans)
        # What the envelopes said may be what we have failed at. It is said again once the file is gone on with.
        noted = Noted() if ours else self._planner.noted
        noted.add(_why(stop, spans[-1].end))
        records = sum(span.records for span in spans)
        return await self._seal("broken off", len(spans), records, spans[-1].end, "", noted, goes_on=ours)

    async def _seal(
        self, how: str, chunks: int, records: int, size: int, sha256_tree: str, noted: Noted, *, goes_on: bool = False
    ) -> StageResult:
        ports, file = self._ports, self._file
        for finding in file.notes:
            noted.add(finding)
        await ports.ledger.seal_file(
            file.file_id,
            self._fence,
            layout=self._begun.layout,
            chunks=chunks,
            received=records,
            sha256_tree=sha256_tree,
            noted=noted,
            goes_on=goes_on,
            now=ports.clock.now(),
        )
        counts = {"RecordsReceived": records, "ChunksSent": chunks, "BytesSplit": size}
        counts |= {"InternalErrors": 1} if goes_on else {}
        ended = await complete_file(ports, file.file_id)
        return StageResult(how, self._feed.name, file.file_id, counts | ended)

    async def _add(self, span: Span) -> None:
        """One chunk more. The first goes out at once: its records are on their way while the rest is being split."""
        self._waiting.append(span)
        if span.chunk == 0 or len(self._waiting) >= ANNOUNCED:
            await self._announce()
            if self._unkept >= KEPT:
                await self._keep()

    async def _keep(self) -> None:
        """A checkpoint on the way. One that cannot be written now is written after the next chunks."""
        try:
            await self._ports.ledger.note_checkpoint(self._file.file_id, self._fence, self._checkpoint())
        except LeaseLost:
            raise
        except Transient:
            return
        self._unkept = 0

    async def _announce(self) -> None:
        """Chunks into the ledger first, then onto the queue: a message never points at a row that is not there.

        Raises:
            OtherCut: an earlier splitter has planned the file's chunks otherwise.
        """
        spans = self._waiting
        if not spans:
            return
        if self._follows:
            self._follows = await self._are_planned(spans)
        await self._ports.ledger.plan_chunks(self._file.file_id, self._fence, spans)
        await self._send(spans)
        self._waiting = []
        self._unkept += len(spans)

    async def _are_planned(self, spans: Sequence[Span]) -> bool:
        """Whether any of these chunks are in the ledger, as we would plan them."""
        ledger, file_id = self._ports.ledger, self._file.file_id
        rows = await asyncio.gather(*(ledger.chunk(file_id, span.chunk) for span in spans))
        if any(row and row.span != span for row, span in zip(rows, spans, strict=True)):
            raise OtherCut(f"chunks of file {file_id} have been cut otherwise, by a release that pinned no cut")
        return any(rows)

    async def _send(self, spans: Sequence[Span]) -> None:
        file, layout = self._file, self._begun.layout
        messages = (outgoing(ChunkMessage(file=file, layout=span.layout or layout, span=span)) for span in spans)
        await send_all(self._ports.chunks, messages, self._ports.clock, self._ports.rng)

    def _checkpoint(self, hops: int | None = None) -> Checkpoint:
        """Where another would go on; what waits must have been announced."""
        with at_a_file(self._feed.name):
            place = self._planner.place
        return Checkpoint(
            layout=self._begun.layout,
            place=place,
            leaves=self._digest.leaves,
            nodes=self._digest.nodes,
            hops=self._begun.hops if hops is None else hops,
        )
