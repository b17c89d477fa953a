"""The first two stages: their leases (R22), their queues (R20), and that they can be run again (R28)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from penstock import feeds
from penstock.feeds.feed import Limits
from penstock.feeds.traffic import TRAFFIC
from penstock.model.errors import Busy, LeaseLost, ObjectMissing, Transient
from penstock.model.findings import Finding, Noted
from penstock.model.messages import ChunkMessage, DispatchMessage, SourceFile, read_message
from penstock.model.rows import FileState
from penstock.outputs.judged import part_of
from penstock.ports.queue import Outgoing
from penstock_testing.memory import MemoryQueue, MemoryStore
from tests.support.pipeline import Fault, Pipeline
from tests.support.spots import csv_file, spot

FILE = csv_file(spot(at) for at in range(50))


@pytest.fixture(autouse=True)
def small_chunks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(feeds.FEEDS, "traffic", replace(TRAFFIC, limits=Limits(records=2)))
        yield


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline()


def only_message(queue: MemoryQueue) -> str:
    (held,) = queue.messages.values()
    return held.body


def chunk_messages(pipeline: Pipeline) -> list[ChunkMessage]:
    return [read_message(held.body, ChunkMessage) for held in pipeline.chunks.messages.values()]


class Stubborn(MemoryQueue):
    """Takes the first entry of a call only; none at all once it is stuck."""

    stuck = False

    async def send_batch(self, messages: Sequence[Outgoing]) -> list[int]:
        if self.stuck:
            return list(range(len(messages)))
        await super().send_batch(messages[:4])
        return list(range(4, len(messages)))


async def test_a_file_is_sealed_when_every_chunk_is_sent(pipeline: Pipeline) -> None:
    pipeline.chunks = Stubborn(pipeline.clock)
    file = pipeline.drop(FILE)
    await pipeline.work(pipeline.intake, only_message(pipeline.intake))
    row = await pipeline.row(file)
    assert (row.state, row.chunks, row.received) == (FileState.SEALED, 25, 50)
    assert sorted(message.span.chunk for message in chunk_messages(pipeline)) == list(range(25))


async def test_a_file_is_never_sealed_with_an_unsent_chunk(pipeline: Pipeline) -> None:
    """R20; and the next attempt need not wait for the lease of the one that failed."""
    queue = Stubborn(pipeline.clock)
    queue.stuck = True
    pipeline.chunks = queue
    file = pipeline.drop(FILE)
    with pytest.raises(Transient):
        await pipeline.work(pipeline.intake, only_message(pipeline.intake))
    assert (await pipeline.row(file)).state is FileState.SPLITTING
    queue.stuck = False
    assert (await pipeline.work(pipeline.intake, only_message(pipeline.intake))).what == "sealed"
    await pipeline.run()
    assert await pipeline.assert_sound(file, 50) == {"delivered": 50}


async def test_splitting_again_gives_the_same_chunks(pipeline: Pipeline) -> None:
    """R28: messages that go out twice are the same messages."""
    pipeline.drop(FILE)
    message = only_message(pipeline.intake)
    await pipeline.work(pipeline.intake, message)
    first = chunk_messages(pipeline)
    again = Pipeline()
    again.drop(FILE)
    await again.work(again.intake, only_message(again.intake))
    assert chunk_messages(again) == first
    assert [message.span.first_record for message in first] == list(range(0, 50, 2))


async def test_messages_carry_the_feed_as_their_fair_queues_group(pipeline: Pipeline) -> None:
    """R19."""
    pipeline.drop(FILE)
    await pipeline.work(pipeline.intake, only_message(pipeline.intake))
    await pipeline.work(pipeline.chunks, next(iter(pipeline.chunks.messages.values())).body)
    groups = {held.group for queue in (pipeline.chunks, pipeline.dispatches) for held in queue.messages.values()}
    assert groups == {"traffic"}


async def test_a_file_that_another_splitter_holds_is_busy(pipeline: Pipeline) -> None:
    file = pipeline.drop(FILE)
    await pipeline.ledger.claim_file(file, pipeline.clock.now(), 120.0)
    with pytest.raises(Busy) as error:
        await pipeline.work(pipeline.intake, only_message(pipeline.intake))
    assert error.value.after == pytest.approx(120)
    # Given that the other one died, its lease runs out
    await pipeline.run()
    assert await pipeline.assert_sound(file, 50) == {"delivered": 50}


async def test_a_splitter_whose_lease_has_passed_reports_no_refusal(pipeline: Pipeline) -> None:
    """It was held up where the object could not be read for a while, and another has read it since."""

    class Gone(MemoryStore):
        async def read_source(self, file: SourceFile, start: int, end: int) -> bytes:
            if started:
                return await super().read_source(file, start, end)
            started.append(True)
            await pipeline.clock.sleep(pipeline.invocation + 1)
            await pipeline.work(pipeline.intake, body)
            raise ObjectMissing("format.gone", "it was not there")

    started, store = list[bool](), pipeline.store
    pipeline.store = Gone()
    vars(pipeline.store).update(vars(store))
    file = pipeline.drop(FILE)
    body = only_message(pipeline.intake)
    with pytest.raises(LeaseLost):
        await pipeline.work(pipeline.intake, body)
    assert pipeline.told("FileRefused") == []
    await pipeline.run()
    assert await pipeline.assert_sound(file, 50) == {"delivered": 50}


@pytest.mark.parametrize("after", [False, True])
async def test_a_refusal_that_breaks_off_anywhere_is_told_by_whoever_comes_next(after: bool) -> None:
    """Once it is pinned nobody reads the file any more, whatever another release would say of it."""
    for at in range(50):
        pipeline = Pipeline(fault=Fault(at, kills=True, after=after))
        file = pipeline.drop(b"")
        await pipeline.run()
        row = await pipeline.row(file)
        assert (row.state, row.refused and row.refused.code) == (FileState.REFUSED, "format.empty")
        assert pipeline.report(file)["refused"]["code"] == "format.empty"
        assert pipeline.told("FileRefused")
        if not pipeline.fault.struck:
            return
    raise AssertionError("there is no end of calls")


async def test_a_splitter_whose_lease_has_passed_seals_nothing(pipeline: Pipeline) -> None:
    """R22."""
    file = pipeline.drop(FILE)
    lease = await pipeline.ledger.claim_file(file, pipeline.clock.now(), 10.0)
    assert lease.fence
    await pipeline.clock.sleep(11)
    await pipeline.work(pipeline.intake, only_message(pipeline.intake))
    sealed = await pipeline.row(file)
    with pytest.raises(LeaseLost):
        await pipeline.ledger.refuse_file(file.file_id, lease.fence, Finding("format.empty", ""), 0.0)
    assert sealed.layout
    with pytest.raises(LeaseLost):
        await pipeline.ledger.seal_file(
            file.file_id,
            lease.fence,
            layout=sealed.layout,
            chunks=1,
            received=1,
            sha256_tree="",
            noted=Noted(),
            now=0.0,
        )
    await pipeline.ledger.release_file(file.file_id, lease.fence)
    assert await pipeline.row(file) == sealed


async def test_a_chunk_that_another_validator_holds_is_busy(pipeline: Pipeline) -> None:
    pipeline.drop(csv_file([spot(1)]))
    await pipeline.work(pipeline.intake, only_message(pipeline.intake))
    message = read_message(only_message(pipeline.chunks), ChunkMessage)
    await pipeline.ledger.claim_validation(message, pipeline.clock.now(), 90.0)
    with pytest.raises(Busy) as error:
        await pipeline.work(pipeline.chunks, message.model_dump_json())
    assert error.value.after == pytest.approx(90)


async def test_a_validator_whose_lease_has_passed_marks_nothing(pipeline: Pipeline) -> None:
    """R22."""
    pipeline.drop(csv_file([spot(1)]))
    await pipeline.work(pipeline.intake, only_message(pipeline.intake))
    message = read_message(only_message(pipeline.chunks), ChunkMessage)
    late = await pipeline.ledger.claim_validation(message, pipeline.clock.now(), 10.0)
    await pipeline.clock.sleep(11)
    await pipeline.ledger.claim_validation(message, pipeline.clock.now(), 10.0)
    assert late.fence
    with pytest.raises(LeaseLost):
        await pipeline.ledger.mark_validated(DispatchMessage(chunk=message, accepted=9, rejected=0), late.fence)


async def test_validating_twice_at_once_delivers_once(pipeline: Pipeline) -> None:
    """Two dispatch messages of one chunk: the second finds it settled."""
    file = pipeline.drop(csv_file([spot(1), spot(2, isci="?")]))
    await pipeline.work(pipeline.intake, only_message(pipeline.intake))
    message = only_message(pipeline.chunks)
    await pipeline.work(pipeline.chunks, message)
    written = dict(pipeline.store.work)
    assert (await pipeline.work(pipeline.chunks, message)).what == "seen before"
    (held,) = pipeline.dispatches.messages.values()
    await pipeline.dispatches.send_batch([Outgoing(held.body, "traffic")])
    await pipeline.run()
    assert written.items() <= pipeline.store.work.items()
    assert await pipeline.assert_sound(file, 2) == {"delivered": 1, "rejected": 1}


async def test_a_message_that_comes_before_its_row_is_seen_still_works(pipeline: Pipeline) -> None:
    """The row is made where the splitter's has not come to be seen."""
    file = pipeline.drop(csv_file([spot(1)]))
    await pipeline.work(pipeline.intake, only_message(pipeline.intake))
    message = read_message(only_message(pipeline.chunks), ChunkMessage)
    other = Pipeline()
    other.store = pipeline.store
    await other.work(other.chunks, message.model_dump_json())
    row = await other.ledger.chunk(file.file_id, 0)
    assert row is not None
    assert row.state == "validated"


async def test_findings_are_written_beside_the_chunk_without_a_value(pipeline: Pipeline) -> None:
    """R32."""
    file = pipeline.drop(csv_file([spot(1), spot(2, isci="SECRET-VALUE", rate="SECRET")]))
    await pipeline.run()
    findings = part_of(pipeline.store.work[f"chunks/{file.file_id}/000000/accepted"], "findings.ndjson")
    assert findings is not None
    assert findings.count(b"\n") == 2
    assert b"SECRET" not in findings
