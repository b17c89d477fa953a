"""A splitter hands the rest of a file on before its time is over, as often as it takes (R17, R28)."""

import random
import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock import feeds
from penstock.feeds.feed import Limits
from penstock.feeds.traffic import TRAFFIC
from penstock.formats.edifact import Edifact
from penstock.formats.format import Format
from penstock.formats.x12 import X12
from penstock.io import reader
from penstock.model.errors import Busy, LeaseLost, Transient
from penstock.model.findings import Finding
from penstock.model.messages import Checkpoint, ChunkMessage, SourceFile, Span, SplitMessage, read_message
from penstock.model.rows import FileRow, FileState
from penstock.ports.queue import Outgoing
from penstock.split import stage as splitter
from penstock.split import tree_digest
from penstock.split.stage import RESERVE, SplitterPorts, split
from penstock.split.tree_digest import TreeDigest
from penstock_testing.ledger import MemoryLedger
from penstock_testing.memory import MemoryClock, MemoryEvents, MemoryQueue, MemoryStore
from tests.support import edi
from tests.support.endless import ENDLESS, Checking, Endless, EndlessStore, Forgetful
from tests.support.spots import csv_file, spot

FILE = csv_file(spot(at, station=f"K{at // 7}") for at in range(200))
TIME = RESERVE + 1.0  #: seconds of an invocation: what is kept at its end, and one for work


class Dies(BaseException):
    """The process is gone."""


class Slow(MemoryQueue):
    """A queue that takes time."""

    def __init__(self, clock: MemoryClock, seconds: float = 0.0) -> None:
        super().__init__(clock)
        self.seconds, self.calls = seconds, 0

    async def send_batch(self, messages: Sequence[Outgoing]) -> list[int]:
        self.calls += 1
        await self._clock.sleep(self.seconds)
        return await super().send_batch(messages)


@dataclass
class Bench:
    """A splitter's world. Each call that sends chunks takes `seconds`; the call of `dies_at` is its process's last."""

    seconds: float = 0.0
    clock: MemoryClock = field(default_factory=MemoryClock)

    def __post_init__(self) -> None:
        self.store, self.events, self.ledger = MemoryStore(), MemoryEvents(), MemoryLedger()
        self.intake, self.chunks = MemoryQueue(self.clock), Slow(self.clock, self.seconds)
        self.ports = SplitterPorts(
            self.store, self.ledger, self.intake, self.chunks, self.chunks, self.events, self.clock, random.Random(1)
        )

    def drop(self, body: bytes = FILE) -> SplitMessage:
        return SplitMessage(file=self.store.drop("traffic/spots.csv", body))

    async def hop(self, message: SplitMessage, seconds: float = TIME) -> str:
        return (await split(self.ports, message, self.clock.now() + seconds)).what

    def sent_on(self) -> list[SplitMessage]:
        return [read_message(held.body, SplitMessage) for held in self.intake.messages.values()]

    async def run(self, message: SplitMessage, seconds: float = TIME) -> int:
        """Until the file is sealed; how many hops it took."""
        hops = 0
        while (what := await self.hop(message, seconds)) == "handed on":
            hops += 1
            message = self.sent_on()[-1]
            assert message.hop == hops
        assert what == "sealed"
        return hops

    def sent(self) -> list[ChunkMessage]:
        """Of each chunk one; one sent again is the same."""
        sent = [read_message(held.body, ChunkMessage) for held in self.chunks.messages.values()]
        by_number = {message.span.chunk: message for message in sent}
        assert all(by_number[message.span.chunk] == message for message in sent)
        return [by_number[number] for number in sorted(by_number)]

    def spans(self) -> list[Span]:
        return [message.span for message in self.sent()]

    async def row(self, file: SourceFile) -> FileRow:
        row = await self.ledger.file(file.file_id)
        assert row
        return row


@pytest.fixture(autouse=True)
def small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(feeds.FEEDS, "traffic", replace(TRAFFIC, limits=Limits(records=5), group=("station",)))
        patch.setattr(reader, "BLOCK", 1000)
        patch.setattr(tree_digest, "LEAF", 256)
        patch.setattr(splitter, "ANNOUNCED", 3)
        yield


async def in_one_go(body: bytes = FILE) -> tuple[list[Span], FileRow]:
    bench = Bench()
    message = bench.drop(body)
    assert await bench.run(message) == 0
    return bench.spans(), await bench.row(message.file)


def account(row: FileRow) -> tuple[object, ...]:
    # What numbers have before their fraction is told by the first records, of which a block as small as here has fewer.
    layout = row.layout and row.layout.model_copy(update={"separator": ""})
    return row.state, row.chunks, row.received, row.sha256_tree, layout, row.checkpoint, row.noted


async def in_any_hops(data: st.DataObject, body: bytes, longest: float) -> tuple[Bench, FileRow]:
    """Through splitters that work for any time up to `longest` seconds, a second a call, and read, announce and keep
    whatever they like at once."""
    bench = Bench(seconds=1.0)
    message, what = bench.drop(body), "handed on"
    with pytest.MonkeyPatch.context() as patch:
        while what == "handed on":
            patch.setattr(reader, "BLOCK", data.draw(st.integers(200, 2000)))
            patch.setattr(splitter, "ANNOUNCED", data.draw(st.integers(1, 4)))
            patch.setattr(splitter, "KEPT", data.draw(st.sampled_from([1, 4, 500])))
            what = await bench.hop(message, RESERVE + data.draw(st.floats(0.5, longest)))
    return bench, await bench.row(message.file)


async def test_a_file_that_takes_many_hops_is_the_same_in_the_end() -> None:
    whole, row = await in_one_go()
    bench = Bench(seconds=0.6)
    message = bench.drop()
    assert await bench.run(message) >= 5
    assert bench.spans() == whole
    assert account(await bench.row(message.file)) == account(row)
    digest = TreeDigest()
    digest.push(FILE)
    assert row.sha256_tree == digest.hexdigest()


@settings(max_examples=40, deadline=None)
@given(st.data())
async def test_wherever_it_stops_and_whatever_it_reads_at_once(data: st.DataObject) -> None:
    body = csv_file(spot(at, station=data.draw(st.sampled_from("AAB"))) for at in range(data.draw(st.integers(1, 60))))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tree_digest, "LEAF", data.draw(st.integers(16, 700)))
        whole, row = await in_one_go(body)
        bench, ended = await in_any_hops(data, body, 9.0)
    assert bench.spans() == whole
    assert account(ended) == account(row)


X12_FILE = b"".join(
    edi.interchange([edi.st(at) for at in range(5)], sender=sender, delimiters=marks, control=at).replace(
        edi.written([("GE", "5", "1")], marks).encode(), edi.written([("GE", wrong, "1")], marks).encode()
    )
    for at, (sender, marks, wrong) in enumerate(
        [("ONE", edi.STARS, "5"), ("TWO", edi.BARS, "6"), ("TWO", edi.LINES, "4"), ("ONE", edi.STARS, "5")]
    )
)
MESSAGE = "UNH+{0}+INVOIC:D:96A:UN'BGM+380+{0}'UNT+3+{0}'"
EDIFACT_FILE = "".join(
    f"UNB+UNOC:3+{sender}+PAYER+261120:2115+{at}'{''.join(map(MESSAGE.format, range(5)))}UNZ+{said}+{at}'"
    for at, (sender, said) in enumerate([("ONE", 5), ("TWO", 6), ("ONE", 5)])
).encode()


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([(X12(), X12_FILE, 2), (Edifact(), EDIFACT_FILE, 1)]), st.data())
async def test_what_envelopes_say_goes_from_hop_to_hop_and_into_the_account(
    kind: tuple[Format, bytes, int], data: st.DataObject
) -> None:
    one_format, body, wrong = kind
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(
            feeds.FEEDS, "traffic", replace(edi.feed_of(one_format), name="traffic", limits=Limits(records=2))
        )
        whole, row = await in_one_go(body)
        bench, ended = await in_any_hops(data, body, 4.0)
    assert bench.spans() == whole
    assert account(ended) == account(row)
    # Each chunk's message has what its own records are read by,
    for one in bench.sent():
        records = one_format.parse(one.layout, one_format.split(one.layout, body[one.span.start : one.span.end]))
        assert len(records) == one.span.records
        assert not any(isinstance(record, Finding) for record in records)
    # and the file's row what is wrong round them.
    (code,) = ended.noted.counts
    assert (code.rsplit("_", 1)[1], ended.noted.counts[code], len(ended.noted.examples)) == ("count", wrong, wrong)


async def test_the_first_chunk_is_sent_before_the_second_is_cut() -> None:
    bench = Bench()
    sizes: list[int] = []
    sending = bench.chunks.send_batch

    async def watched(messages: Sequence[Outgoing]) -> list[int]:
        sizes.append(len(messages))
        return await sending(messages)

    bench.chunks.send_batch = watched
    await bench.run(bench.drop())
    assert sizes[:2] == [1, 3]


async def test_the_lease_goes_with_the_rest() -> None:
    """So the next hop starts at once."""
    bench = Bench(seconds=2.0)
    message = bench.drop()
    assert await bench.hop(message) == "handed on"
    (following,) = bench.sent_on()
    (held,) = bench.intake.messages.values()
    assert (following.hop, held.group) == (1, "traffic")
    assert held.visible_at <= bench.clock.now() + splitter.PAUSE
    row = await bench.row(message.file)
    assert row.checkpoint
    assert (row.checkpoint.hops, row.checkpoint.place.chunk) == (1, len(bench.spans()))
    assert await bench.hop(following) == "handed on"


async def test_messages_of_hops_that_are_over_do_nothing_while_another_is_at_work() -> None:
    """S3's event again, or a hop's message: they need not wait for a lease, and do not end in the DLQ."""
    bench = Bench(seconds=2.0)
    first = bench.drop()
    await bench.hop(first)
    second = bench.sent_on()[-1]
    await bench.hop(second)
    third = bench.sent_on()[-1]
    await bench.ledger.claim_file(first.file, bench.clock.now(), 100.0)
    assert [await bench.hop(message) for message in (first, second)] == ["handed on before"] * 2
    with pytest.raises(Busy):
        await bench.hop(third)
    assert len(bench.sent_on()) == 2


async def test_a_message_of_an_earlier_hop_goes_on_where_nobody_is_at_work() -> None:
    """S3's event again: whoever finds a file lying takes it up where it lies."""
    whole, _ = await in_one_go()
    bench = Bench(seconds=2.0)
    message = bench.drop()
    await bench.hop(message)
    sent = len(bench.spans())
    bench.chunks.messages.clear()
    bench.chunks.seconds = 0.0
    assert await bench.hop(message) == "sealed"
    assert bench.spans() == whole[sent:]
    # And the message that was handed on finds its work done.
    assert await bench.hop(bench.sent_on()[-1]) == "seen before"


@pytest.mark.parametrize("port", ["intake", "ledger", "chunks"])
@pytest.mark.parametrize("after", [True, False], ids=["after", "before"])
async def test_a_splitter_that_dies_at_any_step_leaves_nothing_out(port: str, after: bool) -> None:
    whole, row = await in_one_go()
    for at in range(40):
        bench = Bench(seconds=0.6)
        message = bench.drop()
        ports = replace(bench.ports, **{port: Dying(getattr(bench, port), at, after)})
        waiting = [message]
        while waiting:
            message = waiting.pop(0)
            known = len(bench.sent_on())
            try:
                await split(ports, message, bench.clock.now() + TIME)
            except Dies:
                # The message comes again once the lease is over, and what it sent on is there as well.
                await bench.clock.sleep(TIME)
                waiting.append(message)
            waiting += bench.sent_on()[known:]
        assert bench.spans() == whole
        assert account(await bench.row(message.file)) == account(row)


@dataclass
class Dying:
    """A port at whose call number `at` the process dies."""

    port: object
    at: int
    after: bool
    calls: int = 0

    def __getattr__(self, name: str) -> object:
        method = getattr(self.port, name)

        async def call(*args: object, **named: object) -> object:
            number, self.calls = self.calls, self.calls + 1
            if number == self.at and not self.after:
                raise Dies
            answer = await method(*args, **named)
            if number == self.at:
                raise Dies
            return answer

        return call


async def test_a_splitter_that_dies_begins_again_at_the_last_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitter, "KEPT", 6)
    whole, _ = await in_one_go()
    bench = Bench()
    message = bench.drop()
    ports = replace(bench.ports, chunks=Dying(bench.chunks, 8, after=False))
    with pytest.raises(Dies):
        await split(ports, message, bench.clock.now() + TIME)
    row = await bench.row(message.file)
    assert row.checkpoint
    # One, and then three at a time: 1 + 3 + 3 are six or more, and so are the next two times three.
    assert (row.checkpoint.hops, row.checkpoint.place.chunk) == (0, 19)
    bench.chunks.messages.clear()
    await bench.clock.sleep(TIME)
    assert await bench.hop(message) == "sealed"
    assert bench.spans() == whole[19:]


async def test_a_checkpoint_that_cannot_be_written_is_written_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitter, "KEPT", 3)
    bench = Bench()
    message = bench.drop()
    noting, places = bench.ledger.note_checkpoint, list[int]()

    async def throttled(file_id: str, fence: int, checkpoint: Checkpoint) -> None:
        places.append(checkpoint.place.chunk)
        if len(places) == 1:
            raise Transient("throttled")
        await noting(file_id, fence, checkpoint)

    bench.ledger.note_checkpoint = throttled
    assert await bench.hop(message) == "sealed"
    assert places[:3] == [4, 7, 10]


async def test_who_has_lost_the_lease_notes_no_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """R22."""
    monkeypatch.setattr(splitter, "KEPT", 1)
    bench = Bench(seconds=TIME * 2)
    message = bench.drop()
    sending = bench.chunks.send_batch

    async def overtaken(messages: Sequence[Outgoing]) -> list[int]:
        answer = await sending(messages)
        await bench.ledger.claim_file(message.file, bench.clock.now(), 1000.0)
        return answer

    bench.chunks.send_batch = overtaken
    with pytest.raises(LeaseLost):
        await bench.hop(message)
    assert (await bench.row(message.file)).checkpoint is None


async def test_who_has_not_moved_hands_nothing_on() -> None:
    """It would go round for ever: the message's receives are counted instead, and end it."""
    bench = Bench()
    message = bench.drop(csv_file([spot(1, notes="n" * 5000)]))
    reading = bench.store.read_source

    async def slowly(file: SourceFile, start: int, end: int) -> bytes:
        await bench.clock.sleep(TIME / 2)
        return await reading(file, start, end)

    bench.store.read_source = slowly
    with pytest.raises(Transient, match="next chunk"):
        await bench.hop(message)
    assert bench.sent_on() == []


async def test_hops_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """R17: past the bound nothing is sent any more; the message fails, and keeps what it has done."""
    monkeypatch.setattr(splitter, "MOST_HOPS", 2)
    whole, _ = await in_one_go()
    bench = Bench(seconds=2.0)
    message = bench.drop()
    await bench.hop(message)
    await bench.hop(bench.sent_on()[-1])
    last = bench.sent_on()[-1]
    with pytest.raises(Transient, match="handed on 2 times"):
        await bench.hop(last)
    assert len(bench.sent_on()) == 2
    # An operator who redrives it has it go on where it was.
    bench.chunks.seconds = 0.0
    assert await bench.hop(last) == "sealed"
    assert bench.spans() == whole


async def test_a_checkpoint_stays_small() -> None:
    """Whatever the file: DynamoDB takes 400 kB an item."""
    bench = Bench(seconds=2.0)
    message = bench.drop()
    await bench.hop(message)
    row = await bench.row(message.file)
    assert row.checkpoint
    assert len(row.checkpoint.model_copy(update={"nodes": ("f" * 64,) * 26}).model_dump_json()) < 10_000


# -- files that are longer than any memory


async def through(bench: Bench, kind: Endless, size: int, blocks: int) -> tuple[int, int]:
    """Takes a file that makes its own bytes through hops of so many blocks; how many they were, and the peak memory of
    them all, in bytes."""
    rows = kind.many(size)
    store, chunks = EndlessStore(kind, rows), Checking(kind, rows)
    queues: dict[str, Any] = {"chunks": chunks, "ledger": Forgetful(), "store": store}
    ports, message = replace(bench.ports, **queues), SplitMessage(file=store.file)
    reading, hops = store.read_source, 0

    async def slowly(file: SourceFile, start: int, end: int) -> bytes:
        await bench.clock.sleep(1.0)
        return await reading(file, start, end)

    store.read_source = slowly
    tracemalloc.start()
    try:
        while (await split(ports, message, bench.clock.now() + RESERVE + blocks)).what == "handed on":
            bench.intake.messages.clear()
            hops += 1
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert chunks.is_done
    return hops, peak


@pytest.mark.parametrize("name", ENDLESS)
async def test_memory_does_not_grow_with_the_file(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 5. `python -m tests.bench --only huge` shows the same up to 20 GB."""
    kind = ENDLESS[name]
    monkeypatch.setitem(feeds.FEEDS, "traffic", kind.feed())
    monkeypatch.setattr(reader, "BLOCK", 128 * 1024)
    monkeypatch.setattr(tree_digest, "LEAF", 256 * 1024)
    hops, small = await through(Bench(), kind, 2_000_000, 12)
    many_hops, large = await through(Bench(), kind, 8_000_000, 12)
    assert many_hops > hops > 0
    # Four times the file, and not a tenth more.
    assert large < 1.1 * small


# -- a file that is gone before its end


async def test_a_file_deleted_on_the_way_is_accounted_for_as_far_as_it_was_split() -> None:
    bench = Bench(seconds=1.0)
    message = bench.drop()
    assert await bench.hop(message, RESERVE + 3) == "handed on"
    announced = bench.spans()
    bench.store.sources.clear()

    assert await bench.hop(bench.sent_on()[-1]) == "broken off"

    row = await bench.row(message.file)
    assert row.state is FileState.SEALED
    assert bench.spans() == announced
    assert (row.chunks, row.received) == (len(announced), sum(span.records for span in announced))
    (note,) = row.noted.examples
    assert note.code == "format.broken_off"
    assert f"from byte {announced[-1].end:,} on" in note.message


async def test_chunks_that_were_planned_and_not_sent_are_sent_when_the_file_breaks_off() -> None:
    bench = Bench(seconds=1.0)
    message = bench.drop()
    assert await bench.hop(message, RESERVE + 3) == "handed on"
    planned = bench.spans()[-1]
    further = planned.model_copy(
        update={"chunk": planned.chunk + 1, "first_record": planned.first_record + planned.records}
    )
    lease = await bench.ledger.claim_file(message.file, bench.clock.now(), 60)
    assert lease.fence
    await bench.ledger.plan_chunks(message.file.file_id, lease.fence, [further])
    await bench.ledger.release_file(message.file.file_id, lease.fence)
    bench.store.sources.clear()

    await bench.hop(bench.sent_on()[-1])

    assert bench.spans()[-1] == further
    assert (await bench.row(message.file)).chunks == further.chunk + 1


async def test_a_file_deleted_before_its_first_checkpoint_is_accounted_for_if_chunks_of_it_are_on_their_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever followed knew of no chunk before a checkpoint did, and refused what was being delivered."""
    bench = Bench(seconds=1.0)
    message = bench.drop()

    async def breaks(*_: object) -> None:
        raise Transient("throttled")

    with monkeypatch.context() as patch:
        patch.setattr(bench.ledger, "note_checkpoint", breaks)
        with pytest.raises(Transient):
            await bench.hop(message, RESERVE + 3)
    announced = bench.spans()
    assert announced
    bench.store.sources.clear()

    assert await bench.hop(message) == "broken off"
    assert bench.spans() == announced
    row = await bench.row(message.file)
    assert (row.chunks, row.received) == (len(announced), sum(span.records for span in announced))


async def test_a_splitter_that_outlives_its_lease_announces_no_chunk_of_a_file_that_was_refused_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It planned chunks of a file that had an end, and what was in them was delivered without an account."""
    bench = Bench()
    message = bench.drop()
    claimed = bench.ledger.pin_cut

    async def long_call(*named: Any) -> None:
        await claimed(*named)
        monkeypatch.setattr(bench.ledger, "pin_cut", claimed)
        await bench.clock.sleep(2 * TIME)
        bench.store.sources.clear()
        assert await bench.hop(message) == "refused: format.gone"

    monkeypatch.setattr(bench.ledger, "pin_cut", long_call)
    with pytest.raises(LeaseLost):
        await bench.hop(message)

    assert bench.spans() == []
    assert await bench.ledger.chunks(message.file.file_id) == []
    assert (await bench.row(message.file)).state is FileState.REFUSED


async def test_a_file_deleted_before_anything_was_split_is_refused() -> None:
    bench = Bench()
    message = bench.drop()
    bench.store.sources.clear()

    assert await bench.hop(message) == "refused: format.gone"
