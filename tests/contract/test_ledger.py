"""The ledger's contract, on the twin and on DynamoDB."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from penstock.adapters.aws_clients import AwsClients
from penstock.adapters.aws_ledger import ATTEMPTS, DynamoLedger
from penstock.adapters.memory import MemoryClock
from penstock.adapters.memory_ledger import MemoryLedger
from penstock.errors import LeaseLost, Transient
from penstock.findings import Finding, Outcome, Severity, account
from penstock.ledger import BatchRow, BatchState, ChunkRow, ChunkState, FileState, Lease, Ledger
from penstock.messages import ChunkMessage, DispatchMessage, Layout, SourceFile, Span
from tests.contract.stubs import Scripted, refusal
from tests.support.emulators import Emulator

pytestmark = pytest.mark.asyncio(loop_scope="session")

NOW = 1_800_000_000.0
LEASE = 900.0
KEEP = 90 * 86_400
LAYOUT = Layout(format="csv", delimiter=",", columns=("spot_id", ""), header=("Spot", "Köhler"), unknown=("Köhler",))
REFUSAL = Finding("format.empty", "the file is empty", severity=Severity.HARD, rule="RFC 4180")
COUNTED = account([(Outcome.DELIVERED, 2), (Outcome.REJECTED, 1)])
FINDINGS = {"schema.type": 1, "traffic.spot_needs_material": 2}


def the_file(name: str = "spots") -> SourceFile:
    key = f"traffic/2026-11-20/{name} früh.csv"
    return SourceFile(feed="traffic", bucket="drop", key=key, version_id="v1", etag="e", size=1000, sequencer="01")


FILE = the_file()


def span(chunk: int = 0, **changes: Any) -> Span:
    return Span(
        chunk=chunk, start=chunk * 100, end=chunk * 100 + 100, first_record=3 * chunk, records=3, line=2
    ).model_copy(update=changes)


def message(chunk: int = 0, file: SourceFile = FILE) -> DispatchMessage:
    return DispatchMessage(
        chunk=ChunkMessage(file=file, layout=LAYOUT, span=span(chunk)),
        accepted=2,
        rejected=1,
        findings={"schema.type": 1},
    )


@pytest.fixture
def table(ministack: Emulator) -> str:
    return ministack.table("Ledger")


@pytest.fixture
def on_dynamodb(on_ministack: AwsClients, table: str) -> DynamoLedger:
    """On MiniStack: chunks are planned by PartiQL INSERT, which moto gets wrong, and moto's transactions slow down with
    every row."""
    return DynamoLedger(on_ministack.dynamodb, table, MemoryClock(NOW), KEEP, random.Random(7))


@pytest.fixture(params=["memory", "dynamodb"])
def ledger(request: pytest.FixtureRequest) -> Ledger:
    return MemoryLedger() if request.param == "memory" else request.getfixturevalue("on_dynamodb")


# -- getting somewhere


def held[Row](lease: Lease[Row]) -> tuple[Row, int]:
    """What a lease that was granted gives."""
    assert lease.fence is not None
    assert lease.busy_for == 0
    return lease.row, lease.fence


async def opened(ledger: Ledger, file: SourceFile = FILE, now: float = NOW) -> int:
    return held(await ledger.claim_file(file, now, LEASE))[1]


async def sealed(ledger: Ledger, chunks: int = 1, file: SourceFile = FILE, now: float = NOW) -> None:
    fence = await opened(ledger, file, now)
    await ledger.plan_chunks(file, [span(chunk) for chunk in range(chunks)])
    await seal(ledger, fence, file, chunks)


async def seal(ledger: Ledger, fence: int, file: SourceFile = FILE, chunks: int = 1) -> None:
    await ledger.seal_file(
        file.file_id, fence, layout=LAYOUT, chunks=chunks, received=3 * chunks, sha256="5ha", now=NOW + 1
    )


async def dispatched(ledger: Ledger, chunk: int = 0, now: float = NOW) -> tuple[ChunkRow, int]:
    """A chunk that is leased for delivery."""
    return held(await ledger.claim_dispatch(message(chunk), now, LEASE))


async def settle(ledger: Ledger, row: ChunkRow, fence: int) -> None:
    await ledger.settle_chunk(row, fence, COUNTED, FINDINGS, NOW + 5)


async def state_of(ledger: Ledger, chunk: int = 0) -> ChunkState:
    row = await ledger.chunk(FILE.file_id, chunk)
    assert row is not None
    return row.state


# -- files: what a row tells


async def test_a_file_nobody_opened_is_none(ledger: Ledger) -> None:
    assert await ledger.file(FILE.file_id) is None


async def test_a_file_is_opened_once_with_all_that_is_known_of_it(ledger: Ledger) -> None:
    row, _ = held(await ledger.claim_file(FILE, NOW, LEASE))

    assert (row.file, row.state, row.opened_at) == (FILE, FileState.SPLITTING, NOW)
    assert (row.received, row.chunks, row.counted, dict(row.findings)) == (0, 0, account(), {})
    assert await ledger.file(FILE.file_id) == row


async def test_a_sealed_file_tells_what_it_expects(ledger: Ledger) -> None:
    await sealed(ledger, chunks=2)

    row = await ledger.file(FILE.file_id)
    assert row is not None
    assert (row.state, row.layout, row.chunks, row.received) == (FileState.SEALED, LAYOUT, 2, 6)
    assert (row.sha256, row.sealed_at, row.opened_at, row.is_complete) == ("5ha", NOW + 1, NOW, False)


async def test_a_refused_file_tells_why(ledger: Ledger) -> None:
    await ledger.refuse_file(FILE.file_id, await opened(ledger), REFUSAL, NOW + 2)

    row = await ledger.file(FILE.file_id)
    assert row is not None
    assert (row.state, row.refused, row.settled_at) == (FileState.REFUSED, REFUSAL, NOW + 2)


async def test_a_file_is_settled_once(ledger: Ledger) -> None:
    await sealed(ledger)

    assert await ledger.settle_file(FILE.file_id, NOW + 9) is True
    assert await ledger.settle_file(FILE.file_id, NOW + 99) is False
    row = await ledger.file(FILE.file_id)
    assert row is not None
    assert (row.state, row.settled_at) == (FileState.SETTLED, NOW + 9)


async def test_of_many_that_settle_a_file_one_does(ledger: Ledger) -> None:
    await sealed(ledger)

    settled = await asyncio.gather(*(ledger.settle_file(FILE.file_id, NOW + n) for n in range(10)))

    assert sorted(settled) == [False] * 9 + [True]


@pytest.mark.parametrize("seen", [True, False])
async def test_a_file_that_is_not_sealed_is_not_settled(ledger: Ledger, seen: bool) -> None:
    if seen:
        await opened(ledger)

    assert await ledger.settle_file(FILE.file_id, NOW) is False


async def test_files_are_shown_newest_first_whatever_their_state(ledger: Ledger) -> None:
    for number in range(12):
        file, now = the_file(f"{number}"), NOW + (number * 7) % 12
        fence = await opened(ledger, file, now)
        if number % 4 == 1:
            await ledger.refuse_file(file.file_id, fence, REFUSAL, now)
        elif number % 4:
            await seal(ledger, fence, file)
        if number % 4 == 3:
            assert await ledger.settle_file(file.file_id, now)

    shown = await ledger.files(10)
    assert [row.opened_at for row in shown] == [NOW + n for n in range(11, 1, -1)]
    assert {row.state for row in shown} == set(FileState)
    assert shown[0] == await ledger.file(shown[0].file.file_id)


async def test_there_may_be_fewer_files_than_asked_for(ledger: Ledger) -> None:
    assert await ledger.files(5) == []
    await opened(ledger)
    assert len(await ledger.files(5)) == 1


# -- files: leases and fences


async def test_a_file_is_leased_to_one_splitter(ledger: Ledger) -> None:
    """R1: the same event twice, at once."""
    leases = await asyncio.gather(*(ledger.claim_file(FILE, NOW, LEASE) for _ in range(10)))

    assert sum(lease.fence is not None for lease in leases) == 1
    assert {lease.busy_for for lease in leases if lease.fence is None} == {LEASE}
    assert all(lease.row.file == FILE for lease in leases)


async def test_it_is_busy_for_as_long_as_the_lease_lasts(ledger: Ledger) -> None:
    await opened(ledger)

    lease = await ledger.claim_file(FILE, NOW + LEASE - 10, LEASE)
    assert (lease.fence, lease.busy_for) == (None, 10)


async def test_an_expired_lease_passes_on_with_a_higher_fence(ledger: Ledger) -> None:
    first = await opened(ledger)

    row, second = held(await ledger.claim_file(FILE, NOW + LEASE, LEASE))
    assert second > first
    assert row.opened_at == NOW, "it was opened by the first"


async def test_of_many_one_takes_an_expired_lease_over(ledger: Ledger) -> None:
    await opened(ledger)

    leases = await asyncio.gather(*(ledger.claim_file(FILE, NOW + LEASE + 1, LEASE) for _ in range(10)))
    assert sum(lease.fence is not None for lease in leases) == 1


async def test_a_released_file_can_be_claimed_at_once(ledger: Ledger) -> None:
    await ledger.release_file(FILE.file_id, await opened(ledger))

    held(await ledger.claim_file(FILE, NOW, LEASE))


async def test_a_stale_fence_releases_nothing(ledger: Ledger) -> None:
    stale = await opened(ledger)
    await opened(ledger, now=NOW + LEASE)

    await ledger.release_file(FILE.file_id, stale)

    assert (await ledger.claim_file(FILE, NOW + LEASE, LEASE)).busy_for == LEASE


async def test_releasing_what_nobody_opened_does_nothing(ledger: Ledger) -> None:
    await ledger.release_file(FILE.file_id, 1)

    assert await ledger.file(FILE.file_id) is None


async def test_a_splitter_that_lost_its_lease_finishes_nothing(ledger: Ledger) -> None:
    stale = await opened(ledger)
    fence = await opened(ledger, now=NOW + LEASE)

    with pytest.raises(LeaseLost):
        await seal(ledger, stale)
    with pytest.raises(LeaseLost):
        await ledger.refuse_file(FILE.file_id, stale, REFUSAL, NOW)
    row = await ledger.file(FILE.file_id)
    assert row is not None
    assert row.state is FileState.SPLITTING
    await seal(ledger, fence)


async def test_a_lease_that_expired_unnoticed_still_finishes(ledger: Ledger) -> None:
    """Nobody else took it: the fence is still the row's."""
    await seal(ledger, await opened(ledger))


@pytest.mark.parametrize("end", [FileState.SEALED, FileState.SETTLED, FileState.REFUSED])
async def test_a_file_never_goes_back(ledger: Ledger, end: FileState) -> None:
    """R22; not even for the one who holds the fence."""
    fence = await opened(ledger)
    if end is FileState.REFUSED:
        await ledger.refuse_file(FILE.file_id, fence, REFUSAL, NOW)
    else:
        await seal(ledger, fence)
    if end is FileState.SETTLED:
        await ledger.settle_file(FILE.file_id, NOW)
    before = await ledger.file(FILE.file_id)

    with pytest.raises(LeaseLost):
        await seal(ledger, fence, chunks=77)
    with pytest.raises(LeaseLost):
        await ledger.refuse_file(FILE.file_id, fence, REFUSAL, NOW + 50)
    late = await ledger.claim_file(FILE, NOW + 10 * LEASE, LEASE)
    assert (late.row, late.fence, late.busy_for) == (before, None, 0)
    assert await ledger.file(FILE.file_id) == before


# -- chunks: what a row tells


async def test_planned_chunks_are_sent_and_in_order(ledger: Ledger) -> None:
    """More than one call of 25, and of two kinds of number."""
    await opened(ledger)
    spans = [span(chunk, oversize=chunk == 3) for chunk in (*range(60), 999_999)]
    await ledger.plan_chunks(FILE, spans[30:])
    await ledger.plan_chunks(FILE, spans[:30])

    rows = await ledger.chunks(FILE.file_id)
    assert rows == [ChunkRow(file_id=FILE.file_id, span=one, state=ChunkState.SENT) for one in spans]
    assert await ledger.chunk(FILE.file_id, 3) == rows[3]


async def test_chunks_of_another_file_are_not_ours(ledger: Ledger) -> None:
    await ledger.plan_chunks(FILE, [span(0)])

    assert await ledger.chunks(the_file("other").file_id) == []
    assert await ledger.chunk(the_file("other").file_id, 0) is None
    assert await ledger.chunk(FILE.file_id, 1) is None


async def test_planning_again_sets_no_chunk_back(ledger: Ledger) -> None:
    """R28: a splitter that was killed is run again while its chunks are on their way."""
    await sealed(ledger, chunks=3)
    await dispatched(ledger, 1)
    await settle(ledger, *await dispatched(ledger, 2))
    before = await ledger.chunks(FILE.file_id)
    assert [row.state for row in before] == [ChunkState.SENT, ChunkState.VALIDATED, ChunkState.SETTLED]

    await ledger.plan_chunks(FILE, [span(chunk) for chunk in range(3)])

    assert await ledger.chunks(FILE.file_id) == before
    busy = await ledger.claim_dispatch(message(1), NOW + 1, LEASE)
    assert busy.busy_for == LEASE - 1, "its lease stays, too"


async def test_planning_a_chunk_twice_at_once_is_planning_it_once(ledger: Ledger) -> None:
    spans = [span(chunk) for chunk in range(30)]

    await asyncio.gather(*(ledger.plan_chunks(FILE, spans) for _ in range(4)))

    assert [row.span for row in await ledger.chunks(FILE.file_id)] == spans


async def test_a_validated_chunk_tells_the_validators_count(ledger: Ledger) -> None:
    await ledger.plan_chunks(FILE, [span()])
    _, fence = held(await ledger.claim_validation(FILE, span(), NOW, LEASE))

    await ledger.mark_validated(message(), fence)

    assert await ledger.chunk(FILE.file_id, 0) == ChunkRow(
        FILE.file_id, span(), ChunkState.VALIDATED, accepted=2, rejected=1, findings={"schema.type": 1}
    )


async def test_a_settled_chunk_tells_how_it_ended(ledger: Ledger) -> None:
    await sealed(ledger)
    await settle(ledger, *await dispatched(ledger))

    row = await ledger.chunk(FILE.file_id, 0)
    assert row is not None
    assert (row.state, row.counted, dict(row.findings), row.settled_at) == (
        ChunkState.SETTLED,
        COUNTED,
        FINDINGS,
        NOW + 5,
    )
    assert (row.accepted, row.rejected) == (2, 1)


# -- chunks: leases and fences

type Claim = Callable[[Ledger, float], Awaitable[Lease[ChunkRow]]]


def to_validate(ledger: Ledger, now: float) -> Awaitable[Lease[ChunkRow]]:
    return ledger.claim_validation(FILE, span(), now, LEASE)


def to_dispatch(ledger: Ledger, now: float) -> Awaitable[Lease[ChunkRow]]:
    return ledger.claim_dispatch(message(), now, LEASE)


both_stages = pytest.mark.parametrize("claim", [to_validate, to_dispatch])


@both_stages
@pytest.mark.parametrize("planned", [True, False])
async def test_a_chunk_is_leased_to_one_worker(ledger: Ledger, claim: Claim, planned: bool) -> None:
    """Also where the splitter's row has not come to be seen."""
    if planned:
        await ledger.plan_chunks(FILE, [span()])

    leases = await asyncio.gather(*(claim(ledger, NOW) for _ in range(10)))

    assert sum(lease.fence is not None for lease in leases) == 1
    assert {lease.busy_for for lease in leases if lease.fence is None} == {LEASE}
    assert all(lease.row.span == span() for lease in leases)


@both_stages
async def test_an_expired_lease_on_a_chunk_passes_on_with_a_higher_fence(ledger: Ledger, claim: Claim) -> None:
    _, first = held(await claim(ledger, NOW))
    almost = await claim(ledger, NOW + LEASE - 1)
    assert (almost.fence, almost.busy_for) == (None, 1)

    _, second = held(await claim(ledger, NOW + LEASE))
    assert second > first


@both_stages
async def test_a_released_chunk_can_be_claimed_at_once(ledger: Ledger, claim: Claim) -> None:
    row, fence = held(await claim(ledger, NOW))

    await ledger.release_chunk(row, fence)

    _, second = held(await claim(ledger, NOW))
    assert second > fence


@both_stages
async def test_a_stale_fence_releases_no_chunk(ledger: Ledger, claim: Claim) -> None:
    row, stale = held(await claim(ledger, NOW))
    await claim(ledger, NOW + LEASE)

    await ledger.release_chunk(row, stale)

    assert (await claim(ledger, NOW + LEASE)).busy_for == LEASE


async def test_releasing_what_is_not_there_makes_no_row(ledger: Ledger) -> None:
    await ledger.release_chunk(ChunkRow(FILE.file_id, span(), ChunkState.SENT), 1)

    assert await ledger.chunk(FILE.file_id, 0) is None


async def test_a_validator_that_lost_its_lease_marks_nothing(ledger: Ledger) -> None:
    _, stale = held(await to_validate(ledger, NOW))
    await to_validate(ledger, NOW + LEASE)

    with pytest.raises(LeaseLost):
        await ledger.mark_validated(message(), stale)
    assert await state_of(ledger) is ChunkState.SENT


async def test_marking_what_was_never_claimed_marks_nothing(ledger: Ledger) -> None:
    with pytest.raises(LeaseLost):
        await ledger.mark_validated(message(), 1)


async def test_a_validated_chunk_is_free_for_the_dispatcher(ledger: Ledger) -> None:
    _, fence = held(await to_validate(ledger, NOW))
    await ledger.mark_validated(message(), fence)

    row, _ = held(await to_dispatch(ledger, NOW))
    assert row.state is ChunkState.VALIDATED


async def test_the_dispatch_message_proves_that_a_chunk_was_validated(ledger: Ledger) -> None:
    """It may overtake the validator's own mark, which then changes nothing and is no error."""
    _, validating = held(await to_validate(ledger, NOW))

    row, fence = held(await to_dispatch(ledger, NOW))
    assert (row.state, row.accepted, row.rejected) == (ChunkState.VALIDATED, 2, 1)

    await ledger.mark_validated(message(), validating)
    await ledger.release_chunk(row, validating)
    assert (await to_dispatch(ledger, NOW)).busy_for == LEASE, "the dispatcher still holds it"
    await ledger.fix_batches(row, fence, [BatchRow(0, (0, 1))])


async def test_a_validator_finds_nothing_to_do_once_a_chunk_is_validated(ledger: Ledger) -> None:
    """R22: a late duplicate of the chunk message."""
    await sealed(ledger)
    row, fence = await dispatched(ledger)

    late = await ledger.claim_validation(FILE, span(), NOW, LEASE)
    assert (late.fence, late.busy_for, late.row.state) == (None, 0, ChunkState.VALIDATED)
    await settle(ledger, row, fence)
    late = await ledger.claim_validation(FILE, span(), NOW + 2 * LEASE, LEASE)
    assert (late.fence, late.busy_for, late.row.state) == (None, 0, ChunkState.SETTLED)


async def test_a_late_duplicate_overwrites_no_final_state(ledger: Ledger) -> None:
    """R22; whatever it claims to know."""
    await sealed(ledger)
    _, validating = held(await to_validate(ledger, NOW))
    row, fence = await dispatched(ledger)
    await settle(ledger, row, fence)
    chunk, file = await ledger.chunk(FILE.file_id, 0), await ledger.file(FILE.file_id)

    other = message().model_copy(update={"accepted": 0, "rejected": 3, "findings": {}})
    late = await ledger.claim_dispatch(other, NOW + 10 * LEASE, LEASE)
    assert (late.fence, late.busy_for, late.row) == (None, 0, chunk)
    await ledger.mark_validated(other, validating)
    await ledger.mark_validated(other, fence)
    await ledger.plan_chunks(FILE, [span()])
    await ledger.release_chunk(row, fence)

    assert await ledger.chunk(FILE.file_id, 0) == chunk
    assert await ledger.file(FILE.file_id) == file


# -- batches


async def batch(ledger: Ledger, number: int = 0) -> BatchRow:
    (found,) = [one for one in await ledger.batches(FILE.file_id, 0) if one.number == number]
    return found


async def test_a_chunk_without_batches_has_none(ledger: Ledger) -> None:
    assert await ledger.batches(FILE.file_id, 0) == []


@pytest.mark.parametrize("number", [1, 90, 91, 1_100])
async def test_batches_are_kept_in_order(ledger: Ledger, number: int) -> None:
    """More than one transaction of 100, more than three digits."""
    row, fence = await dispatched(ledger)
    batches = [BatchRow(n, (3 * n, 3 * n + 1, 3 * n + 2)) for n in range(number)]

    await ledger.fix_batches(row, fence, batches)

    assert await ledger.batches(FILE.file_id, 0) == batches


async def test_batches_belong_to_their_chunk(ledger: Ledger) -> None:
    await ledger.fix_batches(*await dispatched(ledger, 1), [BatchRow(0, (7,))])

    assert await ledger.batches(FILE.file_id, 0) == []
    assert await ledger.batches(FILE.file_id, 11) == []


@pytest.mark.parametrize("ordinals", [(0,), (0, 2, 4), (5, 6, 7, 9, 10, 499), tuple(range(500))])
async def test_a_batchs_ordinals_come_back_as_they_were(ledger: Ledger, ordinals: tuple[int, ...]) -> None:
    await ledger.fix_batches(*await dispatched(ledger), [BatchRow(0, ordinals)])

    assert (await batch(ledger)).ordinals == ordinals


async def test_a_batch_that_is_fixed_is_never_fixed_anew(ledger: Ledger) -> None:
    """And if one of them is there, none of the others is made."""
    row, fence = await dispatched(ledger)
    await ledger.fix_batches(row, fence, [BatchRow(1, (1,))])

    with pytest.raises(LeaseLost):
        await ledger.fix_batches(row, fence, [BatchRow(0, (0,)), BatchRow(1, (7, 8)), BatchRow(2, (2,))])
    assert await ledger.batches(FILE.file_id, 0) == [BatchRow(1, (1,))]


async def test_an_attempt_is_counted_before_it_is_made(ledger: Ledger) -> None:
    row, fence = await dispatched(ledger)
    await ledger.fix_batches(row, fence, [BatchRow(0, (0, 1))])

    first = await ledger.begin_attempt(row, fence, await batch(ledger), NOW + 1)
    assert first == BatchRow(0, (0, 1), attempts=1, first_sent_at=NOW + 1, unanswered=True)
    assert await batch(ledger) == first

    second = await ledger.begin_attempt(row, fence, first, NOW + 60)
    assert second == replace(first, attempts=2), "the key's age counts from the first"
    assert await batch(ledger) == second


async def test_an_answer_that_did_nothing_takes_the_doubt_away(ledger: Ledger) -> None:
    row, fence = await dispatched(ledger)
    await ledger.fix_batches(row, fence, [BatchRow(0, (0, 1))])
    begun = await ledger.begin_attempt(row, fence, await batch(ledger), NOW)

    await ledger.note_answer(row, fence, replace(begun, unanswered=False))

    assert await batch(ledger) == replace(begun, unanswered=False)


@pytest.mark.parametrize(
    "end",
    [
        {"state": BatchState.DELIVERED},
        {"state": BatchState.DELIVERED, "refused": (0, 4), "returned": (5, 6, 7)},
        {"state": BatchState.REJECTED},
        {"state": BatchState.UNKNOWN},
    ],
)
async def test_a_batch_ends_as_it_is_told_and_for_good(ledger: Ledger, end: dict[str, Any]) -> None:
    """R22: forward only, for the one who holds the lease, too."""
    row, fence = await dispatched(ledger)
    await ledger.fix_batches(row, fence, [BatchRow(0, (0, 4, 5, 6, 7))])
    begun = await ledger.begin_attempt(row, fence, await batch(ledger), NOW)

    ended = replace(begun, unanswered=False, **end)
    await ledger.end_batch(row, fence, ended)
    assert await batch(ledger) == ended

    for late in (
        ledger.end_batch(row, fence, replace(begun, state=BatchState.UNKNOWN)),
        ledger.begin_attempt(row, fence, begun, NOW),
        ledger.note_answer(row, fence, begun),
    ):
        with pytest.raises(LeaseLost):
            await late
    assert await batch(ledger) == ended


async def test_no_later_write_changes_what_a_batch_is_made_of(ledger: Ledger) -> None:
    row, fence = await dispatched(ledger)
    await ledger.fix_batches(row, fence, [BatchRow(0, (0, 1))])
    other = BatchRow(0, (7, 8, 9))

    await ledger.begin_attempt(row, fence, other, NOW)
    assert (await batch(ledger)).ordinals == (0, 1)
    await ledger.note_answer(row, fence, other)
    assert (await batch(ledger)).ordinals == (0, 1)
    await ledger.end_batch(row, fence, replace(other, state=BatchState.DELIVERED))
    ended = await batch(ledger)
    assert (ended.ordinals, ended.attempts, ended.first_sent_at) == ((0, 1), 1, NOW)


async def test_a_batch_that_was_not_fixed_cannot_be_sent(ledger: Ledger) -> None:
    row, fence = await dispatched(ledger)

    with pytest.raises(LeaseLost):
        await ledger.begin_attempt(row, fence, BatchRow(0, (0,)), NOW)
    assert await ledger.batches(FILE.file_id, 0) == []


async def test_a_dispatcher_that_lost_its_lease_writes_nothing(ledger: Ledger) -> None:
    await sealed(ledger)
    row, stale = await dispatched(ledger)
    await ledger.fix_batches(row, stale, [BatchRow(0, (0, 1))])
    begun = await ledger.begin_attempt(row, stale, await batch(ledger), NOW)
    await dispatched(ledger, now=NOW + LEASE)
    file = await ledger.file(FILE.file_id)

    for late in (
        ledger.fix_batches(row, stale, [BatchRow(1, (2,))]),
        ledger.begin_attempt(row, stale, begun, NOW),
        ledger.note_answer(row, stale, replace(begun, unanswered=False)),
        ledger.end_batch(row, stale, replace(begun, state=BatchState.DELIVERED)),
        settle(ledger, row, stale),
    ):
        with pytest.raises(LeaseLost):
            await late

    assert await ledger.batches(FILE.file_id, 0) == [begun]
    assert await state_of(ledger) is ChunkState.VALIDATED
    assert await ledger.file(FILE.file_id) == file


async def test_batches_are_sent_at_once_under_one_lease(ledger: Ledger) -> None:
    row, fence = await dispatched(ledger)
    await ledger.fix_batches(row, fence, [BatchRow(n, (n,)) for n in range(20)])

    async def deliver(one: BatchRow) -> None:
        begun = await ledger.begin_attempt(row, fence, one, NOW)
        await ledger.end_batch(row, fence, replace(begun, state=BatchState.DELIVERED, unanswered=False))

    await asyncio.gather(*(deliver(one) for one in await ledger.batches(FILE.file_id, 0)))

    assert {(one.state, one.attempts) for one in await ledger.batches(FILE.file_id, 0)} == {(BatchState.DELIVERED, 1)}


# -- settling: R23


async def test_settling_a_chunk_counts_in_the_file(ledger: Ledger) -> None:
    await sealed(ledger, chunks=2)
    await settle(ledger, *await dispatched(ledger, 0))
    row = await ledger.file(FILE.file_id)
    assert row is not None
    assert (row.chunks_settled, row.counted, dict(row.findings), row.is_complete) == (1, COUNTED, FINDINGS, False)

    await settle(ledger, *await dispatched(ledger, 1))
    row = await ledger.file(FILE.file_id)
    assert row is not None
    assert (row.chunks_settled, row.is_complete) == (2, True)
    assert row.counted == {outcome: 2 * number for outcome, number in COUNTED.items()}
    assert dict(row.findings) == {code: 2 * number for code, number in FINDINGS.items()}


async def test_settling_again_counts_nothing(ledger: Ledger) -> None:
    await sealed(ledger)
    row, fence = await dispatched(ledger)
    await settle(ledger, row, fence)

    with pytest.raises(LeaseLost):
        await ledger.settle_chunk(row, fence, account([(Outcome.UNKNOWN, 3)]), {}, NOW + 99)
    after = await ledger.file(FILE.file_id)
    assert after is not None
    assert (after.chunks_settled, after.counted) == (1, COUNTED)


async def test_every_outcome_is_counted(ledger: Ledger) -> None:
    await sealed(ledger)
    row, fence = await dispatched(ledger)
    counted = account((outcome, 10 + place) for place, outcome in enumerate(Outcome))

    await ledger.settle_chunk(row, fence, counted, {}, NOW)

    file = await ledger.file(FILE.file_id)
    assert file is not None
    assert file.counted == counted


async def test_chunks_that_settle_at_once_are_all_counted(ledger: Ledger) -> None:
    await sealed(ledger, chunks=20)
    leased = [await dispatched(ledger, chunk) for chunk in range(20)]

    await asyncio.gather(*(settle(ledger, row, fence) for row, fence in leased))

    file = await ledger.file(FILE.file_id)
    assert file is not None
    assert file.chunks_settled == 20
    assert file.counted == {outcome: 20 * number for outcome, number in COUNTED.items()}
    assert file.is_complete


async def test_a_chunk_that_is_settled_by_many_at_once_counts_once(ledger: Ledger) -> None:
    await sealed(ledger)
    row, fence = await dispatched(ledger)

    ends = await asyncio.gather(*(settle(ledger, row, fence) for _ in range(10)), return_exceptions=True)

    assert [end for end in ends if end is None] == [None]
    assert {type(end) for end in ends if end is not None} == {LeaseLost}
    file = await ledger.file(FILE.file_id)
    assert file is not None
    assert (file.chunks_settled, file.counted) == (1, COUNTED)


async def test_a_chunk_may_settle_while_its_file_is_still_being_split(ledger: Ledger) -> None:
    fence = await opened(ledger)
    await settle(ledger, *await dispatched(ledger))

    await seal(ledger, fence)

    row = await ledger.file(FILE.file_id)
    assert row is not None
    assert (row.counted, row.is_complete) == (COUNTED, True)


# -- the rate: R24


async def test_the_first_books_now(ledger: Ledger) -> None:
    assert await ledger.reserve("traffic", 0.5, NOW, 60) == NOW


async def test_the_next_comes_after_the_one_before(ledger: Ledger) -> None:
    assert [await ledger.reserve("traffic", 0.5, NOW + n / 10, 60) for n in range(4)] == [
        NOW,
        NOW + 0.5,
        NOW + 1,
        NOW + 1.5,
    ]


async def test_time_that_nobody_booked_is_gone(ledger: Ledger) -> None:
    await ledger.reserve("traffic", 0.5, NOW, 60)

    assert await ledger.reserve("traffic", 0.5, NOW + 100, 60) == NOW + 100
    assert await ledger.reserve("traffic", 0.5, NOW + 100, 60) == NOW + 100.5


async def test_destinations_have_lines_of_their_own(ledger: Ledger) -> None:
    await ledger.reserve("traffic", 50, NOW, 60)

    assert await ledger.reserve("invoices", 1, NOW, 60) == NOW


async def test_a_line_that_is_too_long_takes_nobody_and_says_for_how_long(ledger: Ledger) -> None:
    await ledger.reserve("traffic", 61, NOW, 60)

    with pytest.raises(Transient) as booked_out:
        await ledger.reserve("traffic", 1, NOW, 60)
    assert booked_out.value.after == 61
    assert await ledger.reserve("traffic", 1, NOW + 1, 60) == NOW + 61, "nothing was booked by the one turned away"


@pytest.mark.parametrize("booked", [True, False])
async def test_who_has_no_time_left_books_none(ledger: Ledger, booked: bool) -> None:
    """The horizon of an invocation that ends is below zero."""
    if booked:
        await ledger.reserve("traffic", 1, NOW - 100, 60)

    with pytest.raises(Transient):
        await ledger.reserve("traffic", 50, NOW, -1)
    assert await ledger.reserve("traffic", 50, NOW, 0) == NOW


async def test_workers_at_once_never_overlap(ledger: Ledger) -> None:
    """R24, and the line never reaches beyond the horizon."""
    began: list[float] = []
    turned_away: list[float | None] = []

    async def book(worker: int) -> None:
        try:
            began.append(await ledger.reserve("traffic", 2, NOW + worker / 1000, 40))
        except Transient as error:
            turned_away.append(error.after)

    await asyncio.gather(*(book(worker) for worker in range(40)))

    began.sort()
    assert all(later - earlier >= 1.999 for earlier, later in pairwise(began))
    assert began[-1] <= NOW + 0.04 + 40
    assert (len(began), len(turned_away)) == (21, 19)
    assert None not in turned_away, "they were told that the line is long, and nothing else"


# -- DynamoDB alone


async def test_every_row_expires_long_after_it_was_made(
    on_dynamodb: DynamoLedger, ministack: Emulator, table: str
) -> None:
    """R25, whoever made it."""
    await opened(on_dynamodb)
    await on_dynamodb.plan_chunks(FILE, [span(0)])
    await on_dynamodb.claim_validation(FILE, span(1), NOW, LEASE)
    await on_dynamodb.claim_dispatch(message(2), NOW, LEASE)
    await on_dynamodb.fix_batches(*await dispatched(on_dynamodb, 0), [BatchRow(0, (0,))])
    rows = {item["sk"]["S"]: item.get("expires_at", {}).get("N") for item in ministack.items(table)}

    expected = ["BATCH#000000#000", "CHUNK#000000", "CHUNK#000001", "CHUNK#000002", "FILE"]
    assert rows == dict.fromkeys(expected, str(int(NOW) + KEEP))


def stubbed(**scripts: list[Any]) -> tuple[DynamoLedger, Scripted]:
    client = Scripted(**scripts)
    return DynamoLedger(client, "ledger", MemoryClock(NOW), KEEP, random.Random(7)), client


def cancelled(*codes: str) -> Exception:
    return refusal("TransactionCanceledException", CancellationReasons=[{"Code": code} for code in codes])


HELD = ChunkRow(FILE.file_id, span(), ChunkState.VALIDATED)


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
async def test_a_transaction_that_met_another_is_tried_again(code: str) -> None:
    """On AWS chunks of one file that settle at once do meet; MiniStack has them wait for one another."""
    ledger, client = stubbed(transact_write_items=[cancelled("None", code), cancelled(code, code), {}])

    await settle(ledger, HELD, 1)

    assert len(client.calls) == 3
    assert client.calls[0] == client.calls[2]


async def test_a_transaction_that_met_another_and_lost_its_lease_is_not() -> None:
    ledger, client = stubbed(transact_write_items=[cancelled("ConditionalCheckFailed", "TransactionConflict")])

    with pytest.raises(LeaseLost):
        await settle(ledger, HELD, 1)
    assert len(client.calls) == 1


async def test_conflicts_without_end_are_transient() -> None:
    ledger, _ = stubbed(transact_write_items=[cancelled("None", "TransactionConflict") for _ in range(ATTEMPTS)])

    with pytest.raises(Transient) as error:
        await settle(ledger, HELD, 1)
    assert not isinstance(error.value, LeaseLost)


async def test_a_defect_is_not_retried() -> None:
    ledger, client = stubbed(transact_write_items=[cancelled("None", "ValidationError")])

    with pytest.raises(Exception, match="ValidationError") as error:
        await settle(ledger, HELD, 1)
    assert not isinstance(error.value, Transient)
    assert len(client.calls) == 1


THROTTLED = {"Error": {"Code": "ThrottlingError"}}
DUPLICATE = {"Error": {"Code": "DuplicateItem"}}


async def test_chunks_that_were_throttled_are_planned_again_alone() -> None:
    ledger, client = stubbed(batch_execute_statement=[{"Responses": [THROTTLED, DUPLICATE, {}]}, {"Responses": [{}]}])

    await ledger.plan_chunks(FILE, [span(chunk) for chunk in range(3)])

    planned = [[one["Parameters"][1]["S"] for one in request["Statements"]] for _, request in client.calls]
    assert planned == [["CHUNK#000000", "CHUNK#000001", "CHUNK#000002"], ["CHUNK#000000"]]


async def test_chunks_that_cannot_be_planned_are_transient() -> None:
    """And are not sent: a message never points at a row that is not there."""
    ledger, _ = stubbed(batch_execute_statement=[{"Responses": [THROTTLED]} for _ in range(ATTEMPTS)])

    with pytest.raises(Transient):
        await ledger.plan_chunks(FILE, [span()])


async def test_a_file_that_moves_on_while_the_index_is_read_is_shown_once(
    on_dynamodb: DynamoLedger, ministack: Emulator, table: str
) -> None:
    """The states are asked for one after the other, and the index runs after the rows."""
    await opened(on_dynamodb)
    (row,) = ministack.items(table)
    keys = {"pk": row["pk"], "sk": row["sk"], "opened_at": row["opened_at"]}
    ledger, _ = stubbed(
        query=[{"Items": [keys]}, {"Items": [keys]}, {"Items": []}, {"Items": []}],
        batch_get_item=[{"Responses": {"ledger": [row]}}],
    )

    assert len(await ledger.files(5)) == 1


async def test_files_that_could_not_all_be_read_are_read_on(
    on_dynamodb: DynamoLedger, ministack: Emulator, table: str
) -> None:
    for number in range(2):
        await opened(on_dynamodb, the_file(f"{number}"), NOW + number)
    rows = ministack.items(table)
    left = {"ledger": {"Keys": [{"pk": rows[1]["pk"], "sk": rows[1]["sk"]}]}}
    ledger, client = stubbed(
        query=[{"Items": rows}, {"Items": []}, {"Items": []}, {"Items": []}],
        batch_get_item=[
            {"Responses": {"ledger": rows[:1]}, "UnprocessedKeys": left},
            {"Responses": {"ledger": rows[1:]}, "UnprocessedKeys": {}},
        ],
    )

    assert [row.opened_at for row in await ledger.files(5)] == [NOW + 1, NOW]
    assert client.calls[-1] == ("batch_get_item", {"RequestItems": left})


@pytest.mark.parametrize("code", ["ThrottlingException", "ProvisionedThroughputExceededException"])
async def test_throttling_is_transient(code: str) -> None:
    ledger, _ = stubbed(
        update_item=[refusal(code)],
        get_item=[refusal(code)],
        query=[refusal(code), refusal(code)],
        transact_write_items=[refusal(code)],
    )
    calls: Sequence[Awaitable[Any]] = (
        ledger.claim_file(FILE, NOW, LEASE),
        ledger.file(FILE.file_id),
        ledger.files(1),
        ledger.chunks(FILE.file_id),
        settle(ledger, HELD, 1),
    )

    for call in calls:
        with pytest.raises(Transient) as error:
            await call
        assert not isinstance(error.value, LeaseLost)
