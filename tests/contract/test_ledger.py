"""The ledger's contract, on the twin and on DynamoDB."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.adapters.aws_clients import AwsClients
from penstock.adapters.aws_items import KNOWN
from penstock.adapters.aws_ledger import DynamoLedger
from penstock.adapters.aws_ledger.items import CHANGED
from penstock.adapters.aws_ledger.table import ATTEMPTS
from penstock.model import versions
from penstock.model.errors import LeaseLost, NewerRelease, Transient
from penstock.model.findings import Account, Finding, Noted, Outcome, Severity, account
from penstock.model.messages import (
    Checkpoint,
    ChunkMessage,
    Cut,
    DispatchMessage,
    LargeGroup,
    Layout,
    Place,
    SourceFile,
    Span,
)
from penstock.model.rows import BatchRow, BatchState, ChunkRow, ChunkState, Fault, FileRow, FileState, Lease, Sent
from penstock.model.setbacks import Setback
from penstock.ports.ledger import Ledger
from penstock_testing.ledger import MemoryLedger
from penstock_testing.memory import MemoryClock
from tests.contract.stubs import Scripted, refusal
from tests.support.emulators import Emulator

pytestmark = pytest.mark.asyncio(loop_scope="session")

NOW = 1_800_000_000.0
LEASE = 900.0
DAY = 86_400
KEEP = 90 * DAY
LAYOUT = Layout(format="csv", delimiter=",", columns=("spot_id", ""), header=("Spot", "Köhler"), unknown=("Köhler",))
CHECKPOINT = Checkpoint(
    layout=LAYOUT,
    place=Place(byte=900, line=9, chunk=3, record=40, after_cr=True, large_group=LargeGroup(key="ab", line=2)),
    leaves=3,
    nodes=("0a" * 32, "0b" * 32),
    hops=1,
)
SETBACK = Setback("dispatcher", "the destination answered 503", 3, NOW - 60, NOW + 9, {"…answered 503": "0-2,7"})
REFUSAL = Finding("format.empty", "the file is empty", severity=Severity.HARD, rule="RFC 4180")
COUNTED = account([(Outcome.DELIVERED, 2), (Outcome.REJECTED, 1)])
NOTED = Noted(
    counts=Counter({"format.group_count": 2}),
    examples=[Finding("format.group_count", "the GE at byte 9 …", severity=Severity.SOFT, rule="X12 AK905 5")],
)
FINDINGS = {"schema.type": 1, "traffic.spot_needs_material": 2}


def the_file(name: str = "spots") -> SourceFile:
    key = f"traffic/2026-11-20/{name} früh.csv"
    return SourceFile(feed="traffic", bucket="drop", key=key, version_id="v1", etag="e", size=1000, sequencer="01")


FILE = the_file()


def span(chunk: int = 0, **changes: Any) -> Span:
    return Span(
        chunk=chunk, start=chunk * 100, end=chunk * 100 + 100, first_record=3 * chunk, records=3, line=2
    ).model_copy(update=changes)


def chunk_message(chunk: int = 0, generation: int = 0) -> ChunkMessage:
    """A later generation is about some records only."""
    return ChunkMessage(
        file=FILE, layout=LAYOUT, span=span(chunk), generation=generation, only=f"{generation}-9" if generation else ""
    )


def message(chunk: int = 0, generation: int = 0) -> DispatchMessage:
    return DispatchMessage(chunk=chunk_message(chunk, generation), accepted=2, rejected=1, findings={"schema.type": 1})


@pytest.fixture
def table(ministack: Emulator) -> str:
    return ministack.table("Ledger")


@pytest.fixture
def on_dynamodb(on_ministack: AwsClients, table: str) -> DynamoLedger:
    """On MiniStack: moto's transactions slow down with every row."""
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
    await ledger.plan_chunks(file.file_id, fence, [span(chunk) for chunk in range(chunks)])
    await seal(ledger, fence, file, chunks)


async def seal(ledger: Ledger, fence: int, file: SourceFile = FILE, chunks: int = 1, *, goes_on: bool = False) -> None:
    await ledger.seal_file(
        file.file_id,
        fence,
        layout=LAYOUT,
        chunks=chunks,
        received=3 * chunks,
        sha256_tree="5ha",
        noted=NOTED,
        now=NOW + 1,
        goes_on=goes_on,
    )


async def dispatched(ledger: Ledger, chunk: int = 0, now: float = NOW) -> tuple[ChunkRow, int]:
    """A chunk that is leased for delivery."""
    return held(await ledger.claim_dispatch(message(chunk), now, LEASE))


async def settle(ledger: Ledger, row: ChunkRow, fence: int) -> None:
    await ledger.end_chunk(row, fence, ChunkState.SETTLED, COUNTED, FINDINGS, NOW + 5)


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
    assert (row.sha256_tree, row.sealed_at, row.opened_at, row.is_complete) == ("5ha", NOW + 1, NOW, False)
    assert row.noted == NOTED


async def test_a_refused_file_tells_why(ledger: Ledger) -> None:
    await ledger.refuse_file(FILE.file_id, await opened(ledger), REFUSAL, NOW + 2)

    row = await ledger.file(FILE.file_id)
    assert row is not None
    assert (row.state, row.refused, row.settled_at) == (FileState.REFUSED, REFUSAL, NOW + 2)


async def test_a_refusal_that_is_pinned_is_there_for_whoever_comes_next(ledger: Ledger) -> None:
    fence = await opened(ledger)
    await ledger.pin_refusal(FILE.file_id, fence, REFUSAL)

    row, fence = held(await ledger.claim_file(FILE, NOW + LEASE, LEASE))
    assert (row.state, row.refused) == (FileState.SPLITTING, REFUSAL)
    await ledger.refuse_file(FILE.file_id, fence, REFUSAL, NOW + LEASE)
    assert await ledger.reopen_file(await the_row(ledger), NOW + LEASE)
    assert (await the_row(ledger)).refused is None


async def test_the_files_of_an_archive_are_open_before_anybody_claims_them_each_at_a_time_of_its_own(
    ledger: Ledger,
) -> None:
    """More than one transaction takes; one of them was claimed before, by a message of an attempt that broke."""
    files = [the_file(f"entry {at:02}") for at in range(60)]
    fence = await opened(ledger)
    _, of_entry = held(await ledger.claim_file(files[7], NOW + 1, LEASE))

    for _ in range(2):
        await ledger.open_each(FILE.file_id, fence, files, NOW + 2)

    rows = await ledger.open_files(100, NOW)
    assert [row.file for row in rows] == [files[7], *files[:7], *files[8:]]
    assert len({row.opened_at for row in rows}) == 60
    assert {(row.state, row.worked_at) for row in rows[1:]} == {(FileState.SPLITTING, None)}
    row, first = held(await ledger.claim_file(files[0], NOW + 3, LEASE))
    assert (first, row.opened_at) == (1, rows[1].opened_at)
    await seal(ledger, of_entry, files[7])


async def test_an_unpacked_archive_tells_how_many_files_it_held(ledger: Ledger) -> None:
    await ledger.unpack_file(FILE.file_id, await opened(ledger), 3, NOW + 2)

    row = await ledger.file(FILE.file_id)
    assert row is not None
    assert (row.state, row.files, row.settled_at) == (FileState.UNPACKED, 3, NOW + 2)
    assert (row.received, row.chunks, row.is_complete) == (0, 0, False)


async def test_a_staged_file_is_read_where_it_is_staged_by_whoever_comes_next(ledger: Ledger) -> None:
    fence, staged = await opened(ledger), FILE.staged("work", "e2", 9_000)

    await ledger.stage_file(staged, fence)

    row = await ledger.file(FILE.file_id)
    assert row is not None
    assert (row.file, row.file.file_id, row.state) == (staged, FILE.file_id, FileState.SPLITTING)
    await ledger.release_file(FILE.file_id, fence)
    again = await ledger.claim_file(FILE, NOW + 1, LEASE)
    assert again.row.file == staged
    with pytest.raises(LeaseLost):
        await ledger.stage_file(FILE, fence)


async def test_whoever_claims_a_file_next_goes_on_where_the_last_splitter_left_it(ledger: Ledger) -> None:
    fence = await opened(ledger)
    await ledger.note_checkpoint(FILE.file_id, fence, CHECKPOINT)
    later = CHECKPOINT.model_copy(update={"hops": 2})
    await ledger.note_checkpoint(FILE.file_id, fence, later)
    await ledger.release_file(FILE.file_id, fence)

    row, _ = held(await ledger.claim_file(FILE, NOW + 1, LEASE))
    assert (row.checkpoint, row.state) == (later, FileState.SPLITTING)
    busy = await ledger.claim_file(FILE, NOW + 2, LEASE)
    assert (busy.fence, busy.row.checkpoint) == (None, later)


CUT = Cut(
    version=1,
    group=("station",),
    records=10,
    bytes=1000,
    record_bytes=2000,
    group_records=20,
    group_bytes=2000,
    lines=None,
)


async def test_a_pinned_cut_is_there_for_whoever_comes_next_and_stays(ledger: Ledger) -> None:
    fence = await opened(ledger)
    await ledger.pin_cut(FILE.file_id, fence, LAYOUT, CUT)
    row = (await ledger.claim_file(FILE, NOW + LEASE + 1, LEASE)).row
    assert (row.layout, row.cut) == (LAYOUT, CUT)
    await seal(ledger, fence + 1)
    row = await ledger.file(FILE.file_id)
    assert row
    assert (row.layout, row.cut) == (LAYOUT, CUT)


async def test_a_cut_is_refused_from_a_splitter_whose_lease_has_passed(ledger: Ledger) -> None:
    fence = await opened(ledger)
    await ledger.claim_file(FILE, NOW + LEASE + 1, LEASE)
    with pytest.raises(LeaseLost):
        await ledger.pin_cut(FILE.file_id, fence, LAYOUT, CUT)


async def test_what_was_sent_again_is_noted_at_its_file_and_at_its_chunks(ledger: Ledger) -> None:
    await sealed(ledger, chunks=3)
    await ledger.note_resent(FILE.file_id, [0, 2], NOW + 7)
    row = await ledger.file(FILE.file_id)
    assert row
    assert (row.resent_at, row.worked_at) == (NOW + 7, NOW)
    assert [chunk.resent_at for chunk in await ledger.chunks(FILE.file_id)] == [NOW + 7, None, NOW + 7]


async def test_a_file_and_the_one_that_it_came_back_from_know_of_each_other(ledger: Ledger) -> None:
    again = FILE.model_copy(update={"version_id": "v9"})
    for file in (FILE, again):
        await ledger.claim_file(file, NOW, 60)
    for _ in range(2):
        await ledger.tie_return(again.file_id, FILE.file_id)
    await ledger.tie_return(again.file_id, "0" * 20)

    first, second = await ledger.file(FILE.file_id), await ledger.file(again.file_id)
    assert first is not None
    assert second is not None
    assert (first.origins, first.returns) == ((), (again.file_id,))
    assert (second.origins, second.returns) == (tuple(sorted((FILE.file_id, "0" * 20))), ())
    assert await ledger.file("0" * 20) is None


async def test_a_claim_tells_when_it_was_worked_on_last(ledger: Ledger) -> None:
    await sealed(ledger)
    assert [chunk.worked_at for chunk in await ledger.chunks(FILE.file_id)] == [None]
    await ledger.claim_validation(chunk_message(), NOW + 5, LEASE)
    assert [chunk.worked_at for chunk in await ledger.chunks(FILE.file_id)] == [NOW + 5]


async def test_a_released_round_is_known_as_one(ledger: Ledger) -> None:
    await sealed(ledger)
    row, fence = await dispatched(ledger)
    await ledger.end_chunk(row, fence, ChunkState.SETTLED, COUNTED, FINDINGS, NOW + 5)
    again = chunk_message(generation=1).model_copy(update={"released": True})
    await ledger.claim_validation(again, NOW + 6, LEASE)
    chunk = await ledger.chunk(FILE.file_id, 0)
    assert chunk
    assert (chunk.generation, chunk.released) == (1, True)


async def test_open_files_are_found_behind_a_time(ledger: Ledger) -> None:
    files = [the_file(f"f{at}") for at in range(3)]
    for at, file in enumerate(files):
        await opened(ledger, file, NOW + at)
    found = await ledger.open_files(10, NOW)
    assert [row.file for row in found] == files[1:]
    assert await ledger.open_files(10, NOW + 2) == []


async def test_files_that_were_begun_again_are_found_whatever_their_state(ledger: Ledger) -> None:
    files = [the_file(f"f{at}") for at in range(4)]
    for at, file in enumerate(files):
        await opened(ledger, file, NOW + at)
    await ledger.refuse_file(files[1].file_id, 1, REFUSAL, NOW)
    assert await ledger.files_begun_again(10) == []
    for file in (files[3], files[1], files[0], files[3]):
        await ledger.note_begun_again(file.file_id, NOW)
    await ledger.note_begun_again("has expired", NOW)

    assert [row.file for row in await ledger.files_begun_again(10)] == [files[0], files[1], files[3]]
    assert [row.file for row in await ledger.files_begun_again(2)] == [files[0], files[1]]
    assert [row.file for row in await ledger.files_begun_again(10, NOW)] == [files[1], files[3]]


async def test_a_look_goes_on_where_it_was(ledger: Ledger) -> None:
    assert await ledger.cursor("work") == ""
    await ledger.keep_cursor("work", "17.5")
    await ledger.keep_cursor("drops", '["a", "b"]')
    assert (await ledger.cursor("work"), await ledger.cursor("drops")) == ("17.5", '["a", "b"]')
    await ledger.keep_cursor("work", "")
    assert await ledger.cursor("work") == ""


async def test_the_last_fault_at_each_thing_is_known_for_a_while(ledger: Ledger) -> None:
    first, second = (Fault("work", "f1", "KeyError", "penstock.a:7", NOW + at) for at in (0, 2))
    other = Fault("work", "f2", "ValueError", "penstock.b:8", NOW + 1)
    for fault in (first, other, second):
        await ledger.note_fault(fault)
    assert await ledger.faults(NOW) == [other, second]
    assert await ledger.faults(NOW + 2) == [second]


async def test_a_sealed_file_has_no_checkpoint(ledger: Ledger) -> None:
    fence = await opened(ledger)
    await ledger.note_checkpoint(FILE.file_id, fence, CHECKPOINT)
    await seal(ledger, fence)

    row = await ledger.file(FILE.file_id)
    assert row is not None
    assert row.checkpoint is None
    with pytest.raises(LeaseLost):
        await ledger.note_checkpoint(FILE.file_id, fence, CHECKPOINT)


async def test_a_file_that_goes_on_one_day_keeps_its_checkpoint(ledger: Ledger) -> None:
    await broken_off(ledger)
    assert (await the_row(ledger)).checkpoint == CHECKPOINT


async def broken_off(ledger: Ledger) -> None:
    """Sealed with one chunk, to be gone on with from its checkpoint."""
    fence = await opened(ledger)
    await ledger.pin_cut(FILE.file_id, fence, LAYOUT, CUT)
    await ledger.note_checkpoint(FILE.file_id, fence, CHECKPOINT)
    await ledger.plan_chunks(FILE.file_id, fence, [span(0)])
    await seal(ledger, fence, goes_on=True)


async def test_a_settled_file_that_goes_on_is_split_on_from_its_checkpoint(ledger: Ledger) -> None:
    await broken_off(ledger)
    await ended(ledger)
    assert await ledger.settle_file(FILE.file_id, 1, NOW + 9)
    await ledger.note_stalled(FILE.file_id, NOW + 9)

    assert await ledger.reopen_file(await the_row(ledger), NOW + 10)

    row = await the_row(ledger)
    assert (row.state, row.checkpoint, row.layout, row.cut) == (FileState.SPLITTING, CHECKPOINT, LAYOUT, CUT)
    assert (row.taken_up_at, row.worked_at, row.chunks_settled, row.counted) == (NOW + 10, NOW + 10, 1, COUNTED)
    assert not await ledger.settle_file(FILE.file_id, 1, NOW + 11), "an account of before is none any more"
    row, fence = held(await ledger.claim_file(FILE, NOW + 11, LEASE))
    await ledger.plan_chunks(FILE.file_id, fence, [span(1)])
    await seal(ledger, fence, chunks=2)
    await ended(ledger, 1)
    assert (await the_row(ledger)).is_complete


async def test_a_refused_file_that_is_opened_again_is_read_as_if_for_the_first_time(ledger: Ledger) -> None:
    fence = await opened(ledger)
    await ledger.pin_cut(FILE.file_id, fence, LAYOUT, CUT)
    await ledger.note_checkpoint(FILE.file_id, fence, CHECKPOINT)
    await ledger.refuse_file(FILE.file_id, fence, REFUSAL, NOW + 2)

    assert await ledger.reopen_file(await the_row(ledger), NOW + 3)

    row, _ = held(await ledger.claim_file(FILE, NOW + 4, LEASE))
    assert (row.state, row.refused, row.layout, row.cut) == (FileState.SPLITTING, None, None, None)
    assert (row.checkpoint, row.opened_at, row.taken_up_at) == (None, NOW, NOW + 3)


async def test_of_many_who_open_a_file_again_one_does(ledger: Ledger) -> None:
    await ledger.refuse_file(FILE.file_id, await opened(ledger), REFUSAL, NOW + 2)
    row = await the_row(ledger)

    opened_again = await asyncio.gather(*(ledger.reopen_file(row, NOW + 3) for _ in range(10)))

    assert sum(opened_again) == 1


async def test_a_checkpoint_is_refused_from_a_splitter_whose_lease_has_passed(ledger: Ledger) -> None:
    """R22."""
    late = await opened(ledger)
    await opened(ledger, now=NOW + LEASE + 1)

    with pytest.raises(LeaseLost):
        await ledger.note_checkpoint(FILE.file_id, late, CHECKPOINT)


async def test_a_file_is_settled_once(ledger: Ledger) -> None:
    await sealed(ledger)

    assert await ledger.settle_file(FILE.file_id, 0, NOW + 9) is True
    assert await ledger.settle_file(FILE.file_id, 0, NOW + 99) is False
    row = await ledger.file(FILE.file_id)
    assert row is not None
    assert (row.state, row.settled_at) == (FileState.SETTLED, NOW + 9)


async def test_of_many_that_settle_a_file_one_does(ledger: Ledger) -> None:
    await sealed(ledger)

    settled = await asyncio.gather(*(ledger.settle_file(FILE.file_id, 0, NOW + n) for n in range(10)))

    assert sorted(settled) == [False] * 9 + [True]


@pytest.mark.parametrize("seen", [True, False])
async def test_a_file_that_is_not_sealed_is_not_settled(ledger: Ledger, seen: bool) -> None:
    if seen:
        await opened(ledger)

    assert await ledger.settle_file(FILE.file_id, 0, NOW) is False


async def test_files_are_shown_newest_first_whatever_their_state(ledger: Ledger) -> None:
    for number in range(12):
        file, now = the_file(f"{number}"), NOW + (number * 7) % 12
        fence = await opened(ledger, file, now)
        if number % 5 == 1:
            await ledger.refuse_file(file.file_id, fence, REFUSAL, now)
        elif number % 5 == 4:
            await ledger.unpack_file(file.file_id, fence, 3, now)
        elif number % 5:
            await seal(ledger, fence, file)
        if number % 5 == 3:
            assert await ledger.settle_file(file.file_id, 0, now)

    shown = await ledger.files(10)
    assert [row.opened_at for row in shown] == [NOW + n for n in range(11, 1, -1)]
    assert {row.state for row in shown} == set(FileState) - {FileState.NEWER}
    assert shown[0] == await ledger.file(shown[0].file.file_id)


async def test_files_are_shown_page_by_page(ledger: Ledger) -> None:
    for number in range(7):
        fence = await opened(ledger, the_file(f"{number}"), NOW + number)
        if number % 2:
            await ledger.refuse_file(the_file(f"{number}").file_id, fence, REFUSAL, NOW + number)

    first = await ledger.files(3)
    second = await ledger.files(3, before=first[-1].opened_at)
    of_a_time = await ledger.files(10, before=NOW + 5, after=NOW + 1)
    of_a_state = await ledger.files(2, before=NOW + 5, states=[FileState.REFUSED])

    assert [row.opened_at - NOW for row in (*first, *second)] == [6, 5, 4, 3, 2, 1]
    assert [row.opened_at - NOW for row in of_a_time] == [4, 3, 2]
    assert [row.opened_at - NOW for row in of_a_state] == [3, 1]
    assert await ledger.files(3, before=NOW) == []


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
    with pytest.raises(LeaseLost):
        await ledger.pin_refusal(FILE.file_id, stale, REFUSAL)
    with pytest.raises(LeaseLost):
        await ledger.open_each(FILE.file_id, stale, [the_file("entry")], NOW)
    with pytest.raises(LeaseLost):
        await ledger.plan_chunks(FILE.file_id, stale, [span()])
    row = await ledger.file(FILE.file_id)
    assert row is not None
    assert (row.state, row.refused) == (FileState.SPLITTING, None)
    assert await ledger.chunks(FILE.file_id) == []
    assert await ledger.file(the_file("entry").file_id) is None
    await seal(ledger, fence)


async def test_a_lease_that_expired_unnoticed_still_finishes(ledger: Ledger) -> None:
    """Nobody else took it: the fence is still the row's."""
    await seal(ledger, await opened(ledger))


@pytest.mark.parametrize("end", [FileState.SEALED, FileState.SETTLED, FileState.REFUSED, FileState.UNPACKED])
async def test_a_file_never_goes_back(ledger: Ledger, end: FileState) -> None:
    """R22; not even for the one who holds the fence."""
    fence = await opened(ledger)
    if end is FileState.REFUSED:
        await ledger.refuse_file(FILE.file_id, fence, REFUSAL, NOW)
    elif end is FileState.UNPACKED:
        await ledger.unpack_file(FILE.file_id, fence, 3, NOW)
    else:
        await seal(ledger, fence)
    if end is FileState.SETTLED:
        await ledger.settle_file(FILE.file_id, 0, NOW)
    before = await ledger.file(FILE.file_id)

    with pytest.raises(LeaseLost):
        await ledger.plan_chunks(FILE.file_id, fence, [span()])
    assert await ledger.chunks(FILE.file_id) == []
    with pytest.raises(LeaseLost):
        await seal(ledger, fence, chunks=77)
    with pytest.raises(LeaseLost):
        await ledger.refuse_file(FILE.file_id, fence, REFUSAL, NOW + 50)
    with pytest.raises(LeaseLost):
        await ledger.pin_refusal(FILE.file_id, fence, REFUSAL)
    with pytest.raises(LeaseLost):
        await ledger.open_each(FILE.file_id, fence, [the_file("entry")], NOW + 50)
    with pytest.raises(LeaseLost):
        await ledger.unpack_file(FILE.file_id, fence, 7, NOW + 50)
    with pytest.raises(LeaseLost):
        await ledger.stage_file(FILE.staged("work", "e2", 9), fence)
    late = await ledger.claim_file(FILE, NOW + 10 * LEASE, LEASE)
    assert (late.row, late.fence, late.busy_for) == (before, None, 0)
    assert await ledger.file(FILE.file_id) == before


# -- chunks: what a row tells


async def test_planned_chunks_are_sent_and_in_order(ledger: Ledger) -> None:
    """More than one call of 25, and of two kinds of number."""
    fence = await opened(ledger)
    spans = [span(chunk, oversize=chunk == 3) for chunk in (*range(60), 999_999)]
    await ledger.plan_chunks(FILE.file_id, fence, spans[30:])
    await ledger.plan_chunks(FILE.file_id, fence, spans[:30])

    rows = await ledger.chunks(FILE.file_id)
    assert rows == [ChunkRow(file_id=FILE.file_id, span=one, state=ChunkState.SENT) for one in spans]
    assert await ledger.chunk(FILE.file_id, 3) == rows[3]


async def test_chunks_of_another_file_are_not_ours(ledger: Ledger) -> None:
    await ledger.plan_chunks(FILE.file_id, await opened(ledger), [span(0)])

    assert await ledger.chunks(the_file("other").file_id) == []
    assert await ledger.chunk(the_file("other").file_id, 0) is None
    assert await ledger.chunk(FILE.file_id, 1) is None


async def test_planning_again_sets_no_chunk_back(ledger: Ledger) -> None:
    """R28: a splitter that was killed is run again while its chunks are on their way. Some are there, some are not."""
    fence = await opened(ledger)
    await ledger.plan_chunks(FILE.file_id, fence, [span(chunk) for chunk in (0, 1, 3)])
    await dispatched(ledger, 1)
    await settle(ledger, *await dispatched(ledger, 3))
    before = await ledger.chunks(FILE.file_id)
    assert [row.state for row in before] == [ChunkState.SENT, ChunkState.VALIDATED, ChunkState.SETTLED]

    await ledger.plan_chunks(FILE.file_id, fence, [span(chunk) for chunk in range(5)])

    rows = await ledger.chunks(FILE.file_id)
    assert [rows[0], rows[1], rows[3]] == before
    assert [row.span for row in rows] == [span(chunk) for chunk in range(5)]
    busy = await ledger.claim_dispatch(message(1), NOW + 1, LEASE)
    assert busy.busy_for == LEASE - 1, "its lease stays, too"


async def test_planning_a_chunk_twice_at_once_is_planning_it_once(ledger: Ledger) -> None:
    fence, spans = await opened(ledger), [span(chunk) for chunk in range(30)]

    await asyncio.gather(*(ledger.plan_chunks(FILE.file_id, fence, spans) for _ in range(4)))

    assert [row.span for row in await ledger.chunks(FILE.file_id)] == spans


async def test_a_validated_chunk_tells_that_it_is(ledger: Ledger) -> None:
    await ledger.plan_chunks(FILE.file_id, await opened(ledger), [span()])
    _, fence = held(await ledger.claim_validation(chunk_message(), NOW, LEASE))

    await ledger.mark_validated(message(), fence)

    assert await ledger.chunk(FILE.file_id, 0) == ChunkRow(FILE.file_id, span(), ChunkState.VALIDATED, worked_at=NOW)


@pytest.mark.parametrize("end", [ChunkState.SETTLED, ChunkState.DEAD])
async def test_a_chunk_tells_how_it_ended(ledger: Ledger, end: ChunkState) -> None:
    await sealed(ledger)
    row, fence = await dispatched(ledger)
    await ledger.end_chunk(row, fence, end, COUNTED, FINDINGS, NOW + 5)

    assert await ledger.chunk(FILE.file_id, 0) == replace(
        row,
        state=end,
        ended=end,
        ended_under=fence,
        counted=COUNTED,
        findings=FINDINGS,
        settled_at=NOW + 5,
        leased_until=0.0,
    )


# -- chunks: leases and fences

type Claim = Callable[[Ledger, float], Awaitable[Lease[ChunkRow]]]


def to_validate(ledger: Ledger, now: float) -> Awaitable[Lease[ChunkRow]]:
    return ledger.claim_validation(chunk_message(), now, LEASE)


def to_dispatch(ledger: Ledger, now: float) -> Awaitable[Lease[ChunkRow]]:
    return ledger.claim_dispatch(message(), now, LEASE)


both_stages = pytest.mark.parametrize("claim", [to_validate, to_dispatch])


@both_stages
@pytest.mark.parametrize("planned", [True, False])
async def test_a_chunk_is_leased_to_one_worker(ledger: Ledger, claim: Claim, planned: bool) -> None:
    """Also where the splitter's row has not come to be seen."""
    if planned:
        await ledger.plan_chunks(FILE.file_id, await opened(ledger), [span()])

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


@both_stages
async def test_a_chunk_that_is_put_down_says_why_until_it_has_come_further(ledger: Ledger, claim: Claim) -> None:
    row, fence = held(await claim(ledger, NOW))

    await ledger.release_chunk(row, fence, SETBACK)

    assert await ledger.chunk(FILE.file_id, 0) == replace(row, leased_until=0.0, setback=SETBACK)
    again, _ = held(await claim(ledger, NOW + 9))
    assert again.setback == SETBACK, "whoever tries again knows of it"


async def test_what_set_a_validation_back_is_past_once_the_chunk_is_validated(ledger: Ledger) -> None:
    await ledger.release_chunk(*held(await to_validate(ledger, NOW)), SETBACK)
    _, fence = held(await to_validate(ledger, NOW + 9))

    await ledger.mark_validated(message(), fence)

    validated = await ledger.chunk(FILE.file_id, 0)
    assert validated
    assert validated.setback is None


@pytest.mark.parametrize("end", [ChunkState.SETTLED, ChunkState.DEAD])
async def test_nothing_sets_back_a_chunk_that_has_ended(ledger: Ledger, end: ChunkState) -> None:
    await sealed(ledger)
    await ledger.release_chunk(*await dispatched(ledger), SETBACK)
    row, fence = await dispatched(ledger, now=NOW + 9)

    await ledger.end_chunk(row, fence, end, COUNTED, FINDINGS, NOW + 10)

    ended = await ledger.chunk(FILE.file_id, 0)
    assert ended
    assert ended.setback is None


async def test_nor_does_who_ended_it_and_was_not_answered(ledger: Ledger) -> None:
    await sealed(ledger)
    row, fence = await dispatched(ledger)
    await settle(ledger, row, fence)
    ended = await ledger.chunk(FILE.file_id, 0)

    await ledger.release_chunk(row, fence, SETBACK)

    assert await ledger.chunk(FILE.file_id, 0) == ended


async def test_a_sealed_file_was_not_set_back(ledger: Ledger) -> None:
    fence = await opened(ledger)
    await seal(ledger, fence)

    await ledger.release_file(FILE.file_id, fence, SETBACK)

    row = await ledger.file(FILE.file_id)
    assert row
    assert row.setback is None


async def test_a_stale_fence_says_nothing_of_a_chunk(ledger: Ledger) -> None:
    row, stale = held(await to_validate(ledger, NOW))
    await to_validate(ledger, NOW + LEASE)

    await ledger.release_chunk(row, stale, SETBACK)

    now = await ledger.chunk(FILE.file_id, 0)
    assert now
    assert now.setback is None


async def test_a_file_that_is_put_down_says_why_until_it_is_sealed(ledger: Ledger) -> None:
    await ledger.release_file(FILE.file_id, await opened(ledger), SETBACK)
    put_down = await ledger.file(FILE.file_id)
    assert put_down
    assert (put_down.setback, put_down.leased_until) == (SETBACK, 0.0)

    fence = await opened(ledger, now=NOW + 9)
    await seal(ledger, fence)

    row = await ledger.file(FILE.file_id)
    assert row
    assert row.setback is None


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
    assert row.state is ChunkState.VALIDATED

    await ledger.mark_validated(message(), validating)
    await ledger.release_chunk(row, validating)
    assert (await to_dispatch(ledger, NOW)).busy_for == LEASE, "the dispatcher still holds it"
    await ledger.fix_batches(row, fence, [BatchRow(0, (0, 1))])


async def test_a_validator_finds_nothing_to_do_once_a_chunk_is_validated(ledger: Ledger) -> None:
    """R22: a late duplicate of the chunk message."""
    await sealed(ledger)
    row, fence = await dispatched(ledger)

    late = await ledger.claim_validation(chunk_message(), NOW, LEASE)
    assert (late.fence, late.busy_for, late.row.state) == (None, 0, ChunkState.VALIDATED)
    await settle(ledger, row, fence)
    late = await ledger.claim_validation(chunk_message(), NOW + 2 * LEASE, LEASE)
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
    await ledger.release_chunk(row, fence)

    assert await ledger.chunk(FILE.file_id, 0) == chunk
    assert await ledger.file(FILE.file_id) == file


async def test_a_round_is_about_what_the_message_said_that_began_it(ledger: Ledger) -> None:
    """Whatever a second one says: what was judged by then stands. Also where the round had died."""
    await sealed(ledger)
    await settle(ledger, *await dispatched(ledger))
    first = chunk_message(0, 1).model_copy(update={"only": "0", "released": True})
    second = chunk_message(0, 1).model_copy(update={"only": "1-2", "released": False})
    begun, fence = held(await ledger.claim_validation(first, NOW, LEASE))
    await ledger.release_chunk(begun, fence)

    row, fence = held(await ledger.claim_validation(second, NOW, LEASE))
    assert (row.generation, row.only, row.released) == (1, "0", True)
    await ledger.end_chunk(row, fence, ChunkState.DEAD, COUNTED, FINDINGS, NOW)
    row, fence = held(await ledger.claim_validation(second, NOW, LEASE))
    assert (row.state, row.only, row.released) == (ChunkState.SENT, "0", True)


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


async def test_who_has_leased_a_chunk_last_holds_it_until_it_ends(ledger: Ledger) -> None:
    await sealed(ledger)
    row, earlier = await dispatched(ledger)
    assert await ledger.holds(row, earlier)

    _, fence = await dispatched(ledger, now=NOW + LEASE + 1)

    assert not await ledger.holds(row, earlier)
    assert await ledger.holds(row, fence)
    await settle(ledger, row, fence)
    assert not await ledger.holds(row, fence)


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


async def test_what_is_fixed_as_unknown_says_why(ledger: Ledger) -> None:
    row, fence = await dispatched(ledger)
    in_doubt = BatchRow(0, (0, 1), state=BatchState.UNKNOWN, reason="another chunk has sent the same records")

    await ledger.fix_batches(row, fence, [in_doubt])

    assert await batch(ledger) == in_doubt


async def test_what_a_call_is_sent_as_is_noted_with_it(ledger: Ledger) -> None:
    row, fence = await dispatched(ledger)
    await ledger.fix_batches(row, fence, [BatchRow(0, (0, 1))])
    sent = Sent("key", "digest", "POST https://api.example/", NOW + 3600.5, attempt=1)

    begun = await ledger.begin_attempt(row, fence, replace(await batch(ledger), sent=sent), NOW)
    assert begun.sent == sent
    assert await batch(ledger) == begun

    other = replace(sent, destination="POST https://other.example/", attempt=2)
    await ledger.begin_attempt(row, fence, replace(begun, sent=other), NOW + 1)
    assert (await batch(ledger)).sent == other


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
        {"state": BatchState.DROPPED},
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


async def test_an_unknown_batch_says_why_until_an_operator_ends_it(ledger: Ledger) -> None:
    row, fence = await dispatched(ledger)
    await ledger.fix_batches(row, fence, [BatchRow(0, (0, 4))])
    begun = await ledger.begin_attempt(row, fence, await batch(ledger), NOW)

    unknown = replace(begun, state=BatchState.UNKNOWN, reason="the destination keeps no keys")
    await ledger.end_batch(row, fence, unknown)
    assert await batch(ledger) == unknown

    await ledger.end_batch(row, fence, replace(unknown, state=BatchState.DELIVERED, unanswered=False))
    assert (await batch(ledger)).state is BatchState.DELIVERED


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
        await ledger.end_chunk(row, fence, ChunkState.SETTLED, account([(Outcome.UNKNOWN, 3)]), {}, NOW + 99)
    after = await ledger.file(FILE.file_id)
    assert after is not None
    assert (after.chunks_settled, after.counted) == (1, COUNTED)


async def test_every_outcome_is_counted(ledger: Ledger) -> None:
    await sealed(ledger)
    row, fence = await dispatched(ledger)
    counted = account((outcome, 10 + place) for place, outcome in enumerate(Outcome))

    await ledger.end_chunk(row, fence, ChunkState.SETTLED, counted, {}, NOW)

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


# -- rounds


async def ended(
    ledger: Ledger,
    chunk: int = 0,
    generation: int = 0,
    state: ChunkState = ChunkState.SETTLED,
    counted: Account = COUNTED,
    findings: dict[str, int] = FINDINGS,
) -> None:
    """A generation's whole way."""
    _, fence = held(await ledger.claim_validation(chunk_message(chunk, generation), NOW, LEASE))
    await ledger.mark_validated(message(chunk, generation), fence)
    row, fence = held(await ledger.claim_dispatch(message(chunk, generation), NOW, LEASE))
    await ledger.end_chunk(row, fence, state, counted, findings, NOW + 5 + generation)


async def the_row(ledger: Ledger) -> FileRow:
    row = await ledger.file(FILE.file_id)
    assert row is not None
    return row


async def test_a_later_round_begins_where_the_chunk_is_settled(ledger: Ledger) -> None:
    await sealed(ledger)
    await ended(ledger)
    before = await ledger.chunk(FILE.file_id, 0)
    assert before is not None

    row, _ = held(await ledger.claim_validation(chunk_message(generation=1), NOW, LEASE))

    assert row == replace(before, state=ChunkState.SENT, generation=1, only="1-9", leased_until=NOW + LEASE), (
        "and what the last one counted stays"
    )
    assert await ledger.chunk(FILE.file_id, 0) == row


async def test_a_round_that_is_begun_before_its_message_is_known_without_it(ledger: Ledger) -> None:
    await sealed(ledger)
    await ended(ledger)
    assert await ledger.settle_file(FILE.file_id, 1, NOW + 9)
    before = await ledger.chunk(FILE.file_id, 0)
    assert before is not None

    assert await ledger.begin_generation(chunk_message(generation=1), NOW + 10)

    begun = replace(before, state=ChunkState.SENT, generation=1, only="1-9", worked_at=NOW + 10)
    assert await ledger.chunk(FILE.file_id, 0) == begun, "and what the last one counted stays"
    file = await the_row(ledger)
    assert (file.state, file.taken_up_at, file.ends, file.counted) == (FileState.SEALED, NOW + 10, 2, COUNTED)
    assert await ledger.note_stalled(FILE.file_id, NOW + 10)
    # And the message finds it begun.
    row, _ = held(await ledger.claim_validation(chunk_message(generation=1), NOW + 11, LEASE))
    assert row == replace(begun, worked_at=NOW + 11, leased_until=NOW + 11 + LEASE)


async def test_a_file_that_is_open_has_its_rounds_begun_too(ledger: Ledger) -> None:
    await sealed(ledger, chunks=2)
    await ended(ledger, 0)
    await ended(ledger, 1, state=ChunkState.DEAD)
    for message_of_one in (chunk_message(0, generation=1), chunk_message(1, generation=0)):
        assert await ledger.begin_generation(message_of_one, NOW + 10)
    assert [chunk.state for chunk in await ledger.chunks(FILE.file_id)] == [ChunkState.SENT] * 2
    assert ((await the_row(ledger)).state, (await the_row(ledger)).ends) == (FileState.SEALED, 4)


async def test_of_many_who_begin_a_round_one_does_and_nobody_begins_one_that_is_over(ledger: Ledger) -> None:
    await sealed(ledger)
    assert not await ledger.begin_generation(chunk_message(generation=0), NOW), "it is on its way"
    await ended(ledger)
    assert not await ledger.begin_generation(chunk_message(generation=0), NOW), "it has ended"

    begun = await asyncio.gather(*(ledger.begin_generation(chunk_message(generation=1), NOW) for _ in range(5)))

    assert sum(begun) == 1
    assert (await the_row(ledger)).ends == 2


async def test_whoever_wrote_the_end_before_a_round_began_does_not_settle_the_file(ledger: Ledger) -> None:
    await sealed(ledger)
    await ended(ledger)
    await ledger.begin_generation(chunk_message(generation=1), NOW)
    assert not await ledger.settle_file(FILE.file_id, 1, NOW + 9)


async def test_the_messages_of_a_round_that_is_over_or_not_begun_find_nothing_to_do(ledger: Ledger) -> None:
    await sealed(ledger)
    await ended(ledger)
    await ended(ledger, generation=1)
    _, validating = held(await ledger.claim_validation(chunk_message(generation=2), NOW, LEASE))
    row = await ledger.chunk(FILE.file_id, 0)

    for other in (0, 1, 3):
        for late in (
            await ledger.claim_validation(chunk_message(generation=other), NOW + 1, LEASE),
            await ledger.claim_dispatch(message(generation=other), NOW + 1, LEASE),
            await ledger.claim_ending(FILE.file_id, 0, other, NOW + 1, LEASE),
        ):
            assert (late.fence, late.busy_for, late.row) == (None, 0, row)
        await ledger.mark_validated(message(generation=other), validating)
    assert await ledger.chunk(FILE.file_id, 0) == row


@pytest.mark.parametrize("validated", [True, False])
async def test_no_round_begins_while_another_is_under_way(ledger: Ledger, validated: bool) -> None:
    await sealed(ledger)
    await dispatched(ledger) if validated else await to_validate(ledger, NOW)
    row = await ledger.chunk(FILE.file_id, 0)

    early = await ledger.claim_validation(chunk_message(generation=1), NOW + 2 * LEASE, LEASE)

    assert (early.fence, early.busy_for, early.row) == (None, 0, row)


async def test_no_later_round_begins_where_no_row_is(ledger: Ledger) -> None:
    """It has expired, and what the chunk once delivered is not to be delivered again."""
    for late in (
        await ledger.claim_validation(chunk_message(generation=1), NOW, LEASE),
        await ledger.claim_dispatch(message(generation=1), NOW, LEASE),
    ):
        assert (late.fence, late.busy_for) == (None, 0)
    await ledger.mark_validated(message(generation=1), 1)


async def test_of_many_replays_at_once_one_begins_the_round(ledger: Ledger) -> None:
    await sealed(ledger)
    await ended(ledger)

    leases = await asyncio.gather(
        *(ledger.claim_validation(chunk_message(generation=1), NOW, LEASE) for _ in range(10)),
    )
    assert sum(lease.fence is not None for lease in leases) == 1
    assert {lease.busy_for for lease in leases if lease.fence is None} == {LEASE}


async def test_a_worker_of_the_round_before_finishes_nothing(ledger: Ledger) -> None:
    await sealed(ledger)
    row, stale = await dispatched(ledger)
    await settle(ledger, row, stale)
    _, fence = held(await ledger.claim_validation(chunk_message(generation=1), NOW, LEASE))
    assert fence > stale

    with pytest.raises(LeaseLost):
        await settle(ledger, row, stale)
    with pytest.raises(LeaseLost):
        await ledger.fix_batches(row, stale, [BatchRow(0, (0,))])


async def test_batches_tell_their_round_and_their_numbers_go_on(ledger: Ledger) -> None:
    await sealed(ledger)
    row, fence = await dispatched(ledger)
    await ledger.fix_batches(row, fence, [BatchRow(0, (0, 1))])
    await settle(ledger, row, fence)
    await ledger.claim_validation(chunk_message(generation=1), NOW, LEASE)
    row, fence = held(await ledger.claim_dispatch(message(generation=1), NOW, LEASE))

    with pytest.raises(LeaseLost):
        await ledger.fix_batches(row, fence, [BatchRow(0, (1,), generation=1)])
    await ledger.fix_batches(row, fence, [BatchRow(1, (1,), generation=1)])

    assert await ledger.batches(FILE.file_id, 0) == [BatchRow(0, (0, 1)), BatchRow(1, (1,), generation=1)]


# -- a dead chunk, and its message redriven


@pytest.mark.parametrize("generation", [0, 1])
async def test_a_dead_chunk_is_validated_again_in_its_own_round(ledger: Ledger, generation: int) -> None:
    await sealed(ledger)
    for earlier in range(generation):
        await ended(ledger, generation=earlier)
    await ended(ledger, generation=generation, state=ChunkState.DEAD)

    row, _ = held(await ledger.claim_validation(chunk_message(generation=generation), NOW, LEASE))

    assert (row.state, row.generation, row.ended) == (ChunkState.SENT, generation, ChunkState.DEAD)
    assert (await to_validate_again(ledger, generation)).busy_for == LEASE


def to_validate_again(ledger: Ledger, generation: int) -> Awaitable[Lease[ChunkRow]]:
    return ledger.claim_validation(chunk_message(generation=generation), NOW, LEASE)


async def test_a_dead_chunk_is_delivered_again_by_its_dispatch_message(ledger: Ledger) -> None:
    await sealed(ledger)
    await ended(ledger, state=ChunkState.DEAD)

    row, _ = await dispatched(ledger)

    assert (row.state, row.ended) == (ChunkState.VALIDATED, ChunkState.DEAD)


async def test_a_dead_chunk_is_not_replayed(ledger: Ledger) -> None:
    await sealed(ledger)
    await ended(ledger, state=ChunkState.DEAD)

    for early in (
        await ledger.claim_validation(chunk_message(generation=1), NOW, LEASE),
        await ledger.claim_dispatch(message(generation=1), NOW, LEASE),
    ):
        assert (early.fence, early.busy_for, early.row.state) == (None, 0, ChunkState.DEAD)


async def test_a_dead_chunk_is_not_claimed_for_another_end(ledger: Ledger) -> None:
    await sealed(ledger)
    await ended(ledger, state=ChunkState.DEAD)

    late = await ledger.claim_ending(FILE.file_id, 0, 0, NOW, LEASE)
    assert (late.fence, late.busy_for, late.row.state) == (None, 0, ChunkState.DEAD)


# -- ending a chunk from outside


@pytest.mark.parametrize("stage", [ChunkState.SENT, ChunkState.VALIDATED])
async def test_a_chunk_that_nobody_holds_is_ended_from_outside(ledger: Ledger, stage: ChunkState) -> None:
    await sealed(ledger)
    row, fence = await dispatched(ledger) if stage is ChunkState.VALIDATED else held(await to_validate(ledger, NOW))
    busy = await ledger.claim_ending(FILE.file_id, 0, 0, NOW + 1, LEASE)
    assert (busy.fence, busy.busy_for) == (None, LEASE - 1)
    await ledger.release_chunk(row, fence)

    row, fence = held(await ledger.claim_ending(FILE.file_id, 0, 0, NOW + 1, LEASE))
    assert row.state is stage
    await ledger.end_chunk(row, fence, ChunkState.DEAD, account([(Outcome.DEAD, 3)]), {}, NOW + 2)

    assert await state_of(ledger) is ChunkState.DEAD
    file = await the_row(ledger)
    assert (file.chunks_settled, file.chunks_dead, file.is_complete) == (0, 1, True)
    assert file.counted == account([(Outcome.DEAD, 3)])


async def test_one_of_many_ends_a_chunk_from_outside(ledger: Ledger) -> None:
    await sealed(ledger)

    leases = await asyncio.gather(*(ledger.claim_ending(FILE.file_id, 0, 0, NOW, LEASE) for _ in range(10)))
    assert sum(lease.fence is not None for lease in leases) == 1


async def test_batches_are_written_under_the_lease_of_a_chunk_that_is_only_sent(ledger: Ledger) -> None:
    """Whoever ends it from outside drops what surely was not applied."""
    await sealed(ledger)
    row, fence = await dispatched(ledger)
    await ledger.fix_batches(row, fence, [BatchRow(0, (0, 1))])
    await ledger.end_chunk(row, fence, ChunkState.DEAD, COUNTED, {}, NOW)
    await ledger.release_chunk(*held(await to_validate(ledger, NOW)))
    row, fence = held(await ledger.claim_ending(FILE.file_id, 0, 0, NOW, LEASE))
    assert row.state is ChunkState.SENT

    await ledger.end_batch(row, fence, replace(await batch(ledger), state=BatchState.DROPPED))

    assert (await batch(ledger)).state is BatchState.DROPPED


# -- a generation that an operator decides himself


async def test_an_operator_begins_the_next_round_as_validated(ledger: Ledger) -> None:
    await sealed(ledger)
    await ended(ledger)
    before = await ledger.chunk(FILE.file_id, 0)
    assert before is not None

    row, fence = held(await ledger.claim_generation(before, "1", NOW, LEASE))

    assert row == replace(before, state=ChunkState.VALIDATED, generation=1, only="1", leased_until=NOW + LEASE)
    assert (await ledger.claim_dispatch(message(generation=1), NOW, LEASE)).busy_for == LEASE
    await ledger.end_chunk(row, fence, ChunkState.SETTLED, COUNTED, FINDINGS, NOW + 7)
    after = await ledger.chunk(FILE.file_id, 0)
    assert after == replace(row, state=ChunkState.SETTLED, ended_under=fence, settled_at=NOW + 7, leased_until=0.0)


async def test_an_operator_who_has_seen_an_earlier_round_begins_none(ledger: Ledger) -> None:
    await sealed(ledger)
    await ended(ledger)
    seen = await ledger.chunk(FILE.file_id, 0)
    assert seen is not None

    leases = await asyncio.gather(*(ledger.claim_generation(seen, "1", NOW, LEASE) for _ in range(10)))
    assert sum(lease.fence is not None for lease in leases) == 1
    assert {lease.busy_for for lease in leases} == {0}
    row, fence = held(next(lease for lease in leases if lease.fence))
    await settle(ledger, row, fence)

    late = await ledger.claim_generation(seen, "1", NOW + 2 * LEASE, LEASE)
    assert (late.fence, late.row.generation, late.row.state) == (None, 1, ChunkState.SETTLED)


@pytest.mark.parametrize("state", [ChunkState.SENT, ChunkState.VALIDATED, ChunkState.DEAD])
async def test_an_operator_decides_settled_chunks_only(ledger: Ledger, state: ChunkState) -> None:
    await sealed(ledger)
    if state is ChunkState.DEAD:
        await ended(ledger, state=state)
    elif state is ChunkState.VALIDATED:
        await ledger.release_chunk(*await dispatched(ledger))
    row = await ledger.chunk(FILE.file_id, 0)
    assert row is not None

    refused = await ledger.claim_generation(row, "1", NOW, LEASE)

    assert (refused.fence, refused.busy_for, refused.row) == (None, 0, row)


@pytest.mark.parametrize("decided", [BatchState.DELIVERED, BatchState.DROPPED])
async def test_an_operator_decides_a_batch_that_is_unknown_for_good(ledger: Ledger, decided: BatchState) -> None:
    await sealed(ledger)
    row, fence = await dispatched(ledger)
    await ledger.fix_batches(row, fence, [BatchRow(0, (0, 1))])
    begun = await ledger.begin_attempt(row, fence, await batch(ledger), NOW)
    parked = replace(begun, state=BatchState.UNKNOWN, reason="the destination keeps no keys")
    await ledger.end_batch(row, fence, parked)
    assert await batch(ledger) == parked
    await settle(ledger, row, fence)
    seen = await ledger.chunk(FILE.file_id, 0)
    assert seen is not None
    row, fence = held(await ledger.claim_generation(seen, "0-1", NOW, LEASE))

    await ledger.end_batch(row, fence, replace(parked, state=decided, unanswered=False))

    assert await batch(ledger) == replace(parked, state=decided, unanswered=False)
    with pytest.raises(LeaseLost):
        await ledger.end_batch(row, fence, parked)


async def test_a_held_batch_is_fixed_as_it_is_and_never_sent(ledger: Ledger) -> None:
    await sealed(ledger)
    row, fence = await dispatched(ledger)
    waits = BatchRow(0, (0, 1, 2), state=BatchState.HELD)

    await ledger.fix_batches(row, fence, [waits])

    assert await batch(ledger) == waits
    for late in (ledger.begin_attempt(row, fence, waits, NOW), ledger.note_answer(row, fence, waits)):
        with pytest.raises(LeaseLost):
            await late
    assert await batch(ledger) == waits


async def test_later_rounds_take_records_out_of_a_held_batch(ledger: Ledger) -> None:
    await sealed(ledger)
    row, fence = await dispatched(ledger)
    waits = BatchRow(0, (0, 1, 2), state=BatchState.HELD)
    await ledger.fix_batches(row, fence, [waits])

    for returned in ((1,), (0, 1)):
        await settle(ledger, row, fence)
        seen = await ledger.chunk(FILE.file_id, 0)
        assert seen is not None
        row, fence = held(await ledger.claim_generation(seen, "0-1", NOW, LEASE))
        await ledger.end_batch(row, fence, replace(waits, returned=returned))
        assert await batch(ledger) == replace(waits, returned=returned)
    assert [(await batch(ledger)).outcome_of(ordinal) for ordinal in (0, 1, 2)] == [None, None, Outcome.HELD]


# -- an ending that follows another


async def test_the_file_counts_by_what_an_ending_changes(ledger: Ledger) -> None:
    await sealed(ledger, chunks=2)
    await ended(ledger, 0, state=ChunkState.DEAD, counted=account([(Outcome.DEAD, 3)]), findings={"a": 2, "b": 1})
    await ended(ledger, 1)
    before = await the_row(ledger)
    assert (before.chunks_settled, before.chunks_dead, before.ends) == (1, 1, 2)

    delivered = account([(Outcome.DELIVERED, 2), (Outcome.DUPLICATE, 1)])
    await ended(ledger, 0, counted=delivered, findings={"a": 1, "c": 3})

    after = await the_row(ledger)
    assert (after.chunks_settled, after.chunks_dead, after.ends) == (2, 0, 3)
    assert after.counted == {one: delivered[one] + COUNTED[one] for one in Outcome}
    assert dict(after.findings) == {"a": 1, "c": 3} | FINDINGS, "what is counted no more is not shown"


async def test_an_ending_that_changes_nothing_is_one_all_the_same(ledger: Ledger) -> None:
    await sealed(ledger)
    await ended(ledger)
    before = await the_row(ledger)

    await ended(ledger, generation=1)

    assert await the_row(ledger) == replace(before, ends=2)


async def test_a_settled_file_is_sealed_again_and_settled_anew(ledger: Ledger) -> None:
    await sealed(ledger, chunks=2)
    await ended(ledger, 0)
    await ended(ledger, 1)
    assert await ledger.settle_file(FILE.file_id, 2, NOW + 9)
    assert not (await the_row(ledger)).is_complete

    await ended(ledger, 0, generation=1)

    row = await the_row(ledger)
    assert (row.state, row.is_complete) == (FileState.SEALED, True)
    assert await ledger.settle_file(FILE.file_id, 3, NOW + 99)
    row = await the_row(ledger)
    assert (row.state, row.settled_at) == (FileState.SETTLED, NOW + 99)
    assert (row.first_settled_at, row.reopened_at) == (NOW + 9, NOW), "each round has its own time"


async def test_whoever_wrote_the_end_of_an_earlier_account_does_not_settle_the_file(ledger: Ledger) -> None:
    await sealed(ledger)
    await ended(ledger)
    await ended(ledger, generation=1)

    assert not await ledger.settle_file(FILE.file_id, 1, NOW + 9)
    assert await ledger.settle_file(FILE.file_id, 2, NOW + 9)


async def test_a_file_that_is_still_being_split_stays_so_whatever_ends(ledger: Ledger) -> None:
    fence = await opened(ledger)
    await ended(ledger, state=ChunkState.DEAD)
    await ended(ledger)

    assert (await the_row(ledger)).state is FileState.SPLITTING
    await seal(ledger, fence)
    assert (await the_row(ledger)).is_complete


async def test_replays_that_end_at_once_while_the_file_is_settled_are_all_counted(ledger: Ledger) -> None:
    await sealed(ledger, chunks=10)
    for chunk in range(10):
        await ended(ledger, chunk)
    assert await ledger.settle_file(FILE.file_id, 10, NOW + 9)
    better = account([(Outcome.DELIVERED, 3)])

    async def finish() -> None:
        while (row := await the_row(ledger)).ends < 20:
            await ledger.settle_file(FILE.file_id, row.ends, NOW + 10)
            await asyncio.sleep(0)

    await asyncio.gather(finish(), *(ended(ledger, chunk, 1, counted=better, findings={}) for chunk in range(10)))

    row = await the_row(ledger)
    assert (row.state, row.ends, row.chunks_settled) == (FileState.SEALED, 20, 10)
    assert (row.counted, dict(row.findings)) == (account([(Outcome.DELIVERED, 30)]), {})


# -- files that are open, and stalled


async def test_open_files_are_shown_oldest_first(ledger: Ledger) -> None:
    for number in range(10):
        file, now = the_file(f"{number}"), NOW + (number * 7) % 10
        fence = await opened(ledger, file, now)
        if number % 4 == 1:
            await ledger.refuse_file(file.file_id, fence, REFUSAL, now)
        elif number % 4:
            await seal(ledger, fence, file)
        if number % 4 == 3:
            assert await ledger.settle_file(file.file_id, 0, now)

    opened_at = sorted(NOW + (number * 7) % 10 for number in range(10) if number % 4 in (0, 2))
    assert [row.opened_at for row in await ledger.open_files(10)] == opened_at
    assert [row.opened_at for row in await ledger.open_files(3)] == opened_at[:3]
    assert {row.state for row in await ledger.open_files(10)} == {FileState.SPLITTING, FileState.SEALED}


async def test_a_stalled_file_is_noted_once(ledger: Ledger) -> None:
    await sealed(ledger)
    before = await the_row(ledger)

    noted = await asyncio.gather(*(ledger.note_stalled(FILE.file_id, NOW + n) for n in range(10)))

    assert sorted(noted) == [False] * 9 + [True]
    assert await the_row(ledger) == before


async def test_a_file_that_has_ended_is_not_stalled(ledger: Ledger) -> None:
    await sealed(ledger)
    assert await ledger.settle_file(FILE.file_id, 0, NOW)

    assert not await ledger.note_stalled(FILE.file_id, NOW)


# -- the twin and DynamoDB say the same, whatever is done in whatever order

CHUNKS = st.integers(0, 1)
ROUNDS = st.sampled_from([0, 0, 1, -1])  #: from the one the chunk is in
HANDS = st.sampled_from([0, 0, 1, 2])
ENDS = st.sampled_from([ChunkState.SETTLED, ChunkState.DEAD])
BATCHES = st.integers(0, 2)
ENDED_BATCHES = st.sampled_from([BatchState.DELIVERED, BatchState.UNKNOWN, BatchState.DROPPED])

FURTHER = st.tuples(st.just("further"), CHUNKS, ENDS, st.integers(0, 3))
ANYTHING = st.one_of(
    st.tuples(st.just("claim_validation"), CHUNKS, ROUNDS),
    st.tuples(st.just("claim_dispatch"), CHUNKS, ROUNDS),
    st.tuples(st.just("claim_ending"), CHUNKS, ROUNDS),
    st.tuples(st.just("claim_generation"), CHUNKS, ROUNDS),
    st.tuples(st.just("mark_validated"), HANDS, ROUNDS),
    st.tuples(st.just("release"), HANDS),
    st.tuples(st.just("fix"), HANDS, BATCHES),
    st.tuples(st.just("begin"), HANDS, BATCHES),
    st.tuples(st.just("end_batch"), HANDS, BATCHES, ENDED_BATCHES),
    st.tuples(st.just("end"), HANDS, ENDS, st.integers(0, 3)),
    st.tuples(st.just("settle"), st.sampled_from([0, 0, 1])),
    st.tuples(st.just("pass"), st.sampled_from([1.0, LEASE])),
)


@dataclass
class Walk:
    """One ledger's way through a sequence of steps. `hands` are the leases it has given, the last first."""

    ledger: Ledger
    file: SourceFile
    now: float = NOW
    hands: list[tuple[ChunkRow, int]] = field(default_factory=list[tuple[ChunkRow, int]])

    async def step(self, kind: str, *how: Any) -> Any:
        """Does a step: what it gave, or the error it raised."""
        try:
            given = await self._do(kind, *how)
        except LeaseLost:
            return "lost"
        if isinstance(given, Lease) and given.fence is not None:
            self.hands.insert(0, (given.row, given.fence))
        return given

    async def _do(self, kind: str, *how: Any) -> Any:
        ledger, file_id, now = self.ledger, self.file.file_id, self.now
        match kind, *how:
            case "further", chunk, *end:
                return await self._further(await self._row(chunk), *end)
            case "claim_validation", chunk, later:
                return await ledger.claim_validation((await self._message(chunk, later)).chunk, now, LEASE)
            case "claim_dispatch", chunk, later:
                return await ledger.claim_dispatch(await self._message(chunk, later), now, LEASE)
            case "claim_ending", chunk, later:
                return await ledger.claim_ending(
                    file_id, chunk, (await self._row(chunk)).generation + later, now, LEASE
                )
            case "claim_generation", chunk, later:
                row = await self._row(chunk)
                return await ledger.claim_generation(replace(row, generation=row.generation + later), "7", now, LEASE)
            case "pass", seconds:
                self.now += seconds
                return None
            case "settle", behind:
                row = await ledger.file(file_id)
                assert row is not None
                return await ledger.settle_file(file_id, row.ends - behind, now)
            case _, hand, *rest if hand < len(self.hands):
                return await self._by_hand(kind, *self.hands[hand], *rest)
            case _:
                return None

    async def _further(self, row: ChunkRow, end: ChunkState, number: int) -> Any:
        """What comes next for a chunk, once nobody holds it."""
        self.now += LEASE
        chunk = row.span.chunk
        match row.state:
            case ChunkState.SENT:
                lease = await self.step("claim_validation", chunk, 0)
                return lease, await self.step("mark_validated", 0, 0)
            case ChunkState.VALIDATED:
                lease = await self.step("claim_dispatch", chunk, 0)
                fresh = len(await self.ledger.batches(row.file_id, chunk))
                begun = [await self.step(kind, 0, fresh) for kind in ("fix", "begin")]
                return lease, begun, await self.step("end", 0, end, number)
            case ChunkState.SETTLED:
                return await self.step("claim_validation", chunk, 1)
            case ChunkState.DEAD:
                return await self.step("claim_dispatch" if number % 2 else "claim_validation", chunk, 0)

    async def _by_hand(self, kind: str, row: ChunkRow, fence: int, *how: Any) -> Any:
        ledger = self.ledger
        match kind, *how:
            case "mark_validated", later:
                return await ledger.mark_validated(await self._message(row.span.chunk, later), fence)
            case ("release",):
                return await ledger.release_chunk(row, fence)
            case "fix", number:
                return await ledger.fix_batches(row, fence, [BatchRow(number, (number, 7), generation=row.generation)])
            case "begin", number:
                return await ledger.begin_attempt(row, fence, await self._batch(row, number), self.now)
            case "end_batch", number, state:
                return await ledger.end_batch(row, fence, replace(await self._batch(row, number), state=state))
            case "end", state, number:
                counted = account([(Outcome.DELIVERED, number), (Outcome.DEAD, 3 - number)])
                findings = {f"code.{number}": 2, "code.always": 1}
                return await ledger.end_chunk(row, fence, state, counted, findings, self.now)
            case _:
                raise AssertionError(kind)

    async def _batch(self, row: ChunkRow, number: int) -> BatchRow:
        batches = await self.ledger.batches(row.file_id, row.span.chunk)
        return next((one for one in batches if one.number == number), BatchRow(number, (number,)))

    async def _row(self, chunk: int) -> ChunkRow:
        row = await self.ledger.chunk(self.file.file_id, chunk)
        assert row is not None
        return row

    async def _message(self, chunk: int, later: int) -> DispatchMessage:
        """Of the generation the chunk is in, or of one before or after."""
        at = max(0, (await self._row(chunk)).generation + later)
        about = chunk_message(chunk, at).model_copy(update={"file": self.file})
        return message().model_copy(update={"chunk": about})

    async def begin(self) -> None:
        """A sealed file of two chunks."""
        await sealed(self.ledger, 2, self.file)

    async def rows(self) -> Any:
        """All there is to be read."""
        file_id = self.file.file_id
        batches = [await self.ledger.batches(file_id, chunk) for chunk in (0, 1)]
        return await self.ledger.file(file_id), await self.ledger.chunks(file_id), batches


WALKS = count()


@given(st.lists(FURTHER | FURTHER | ANYTHING, min_size=20, max_size=40))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_twin_and_dynamodb_say_the_same(on_dynamodb: DynamoLedger, steps: list[tuple[Any, ...]]) -> None:
    file = the_file(f"walk-{next(WALKS)}")
    twin, real = Walk(MemoryLedger(), file), Walk(on_dynamodb, file)
    await twin.begin()
    await real.begin()

    for step in steps:
        assert await real.step(*step) == await twin.step(*step), step
    assert await real.rows() == await twin.rows()


# -- other releases


@pytest.fixture
def newer_release(monkeypatch: pytest.MonkeyPatch) -> Callable[[], AbstractContextManager[None]]:
    """A release whose rows this one does not know, at work."""

    @contextmanager
    def at_work() -> Generator[None]:
        with monkeypatch.context() as release:
            for name in ("FILE", "CHUNK", "BATCH"):
                release.setattr(versions, name, 2)
            yield

    return at_work


type AtWork = Callable[[], AbstractContextManager[None]]


async def test_a_file_that_a_newer_release_has_begun_is_left_alone_and_listed(
    ledger: Ledger, newer_release: AtWork
) -> None:
    await opened(ledger, now=NOW - 2 * LEASE)
    await opened(ledger, the_file("older"))
    with newer_release():
        fence = await opened(ledger)

    for acting in (
        ledger.claim_file(FILE, NOW + 2 * LEASE, LEASE),
        ledger.file(FILE.file_id),
        ledger.note_stalled(FILE.file_id, NOW),
    ):
        with pytest.raises(NewerRelease, match="the file's row was written by a newer release"):
            await acting

    for rows in (await ledger.files(5), await ledger.open_files(5)):
        assert {(row.file, row.state) for row in rows} == {
            (FILE, FileState.NEWER),
            (the_file("older"), FileState.SPLITTING),
        }
    with newer_release():
        await seal(ledger, fence)


async def test_a_chunk_that_a_newer_release_has_begun_is_left_alone(ledger: Ledger, newer_release: AtWork) -> None:
    await sealed(ledger)
    with newer_release():
        row, fence = await dispatched(ledger)

    late = NOW + 2 * LEASE
    for acting in (
        lambda: ledger.claim_validation(chunk_message(), late, LEASE),
        lambda: ledger.claim_dispatch(message(), late, LEASE),
        lambda: ledger.claim_ending(FILE.file_id, 0, 0, late, LEASE),
        lambda: ledger.claim_generation(row, "0", late, LEASE),
        lambda: ledger.chunk(FILE.file_id, 0),
        lambda: ledger.chunks(FILE.file_id),
    ):
        with pytest.raises(NewerRelease, match="the chunk's row was written by a newer release"):
            await acting()
    with newer_release():
        assert await ledger.holds(row, fence)


async def test_a_batch_that_a_newer_release_has_fixed_is_left_alone(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sealed(ledger)
    row, fence = await dispatched(ledger)
    with monkeypatch.context() as newer:
        newer.setattr(versions, "BATCH", 2)
        await ledger.fix_batches(row, fence, [BatchRow(0, (0,))])

    with pytest.raises(NewerRelease, match="the batch's row"):
        await ledger.batches(FILE.file_id, 0)


async def test_a_chunk_does_not_end_in_a_file_that_a_newer_release_has_taken_over(
    ledger: Ledger, newer_release: AtWork
) -> None:
    await ledger.plan_chunks(FILE.file_id, await opened(ledger), [span()])
    row, chunk_fence = await dispatched(ledger)
    with newer_release():
        held(await ledger.claim_file(FILE, NOW + 2 * LEASE, LEASE))

    with pytest.raises(NewerRelease):
        await settle(ledger, row, chunk_fence)

    assert await state_of(ledger) is ChunkState.VALIDATED
    with newer_release():
        await settle(ledger, row, chunk_fence)
        assert await state_of(ledger) is ChunkState.SETTLED


# -- DynamoDB alone


def expiries(ministack: Emulator, table: str) -> dict[str, float]:
    """Seconds that each row lives, from `NOW` on."""
    return {item["sk"]["S"]: int(item["expires_at"]["N"]) - NOW for item in ministack.items(table)}


async def test_every_row_expires_long_after_it_was_made(
    on_dynamodb: DynamoLedger, ministack: Emulator, table: str
) -> None:
    """R25, whoever made it; a day after the claims that were made meanwhile."""
    await on_dynamodb.plan_chunks(FILE.file_id, await opened(on_dynamodb), [span(0)])
    await on_dynamodb.claim_validation(chunk_message(1), NOW, LEASE)
    await on_dynamodb.claim_dispatch(message(2), NOW, LEASE)
    await on_dynamodb.fix_batches(*await dispatched(on_dynamodb, 0), [BatchRow(0, (0,))])

    expected = ["BATCH#000000#000", "CHUNK#000000", "CHUNK#000001", "CHUNK#000002", "FILE"]
    assert expiries(ministack, table) == dict.fromkeys(expected, KEEP + DAY)


async def test_every_change_of_a_row_keeps_it_alive_from_then_on(
    on_dynamodb: DynamoLedger, ministack: Emulator, table: str
) -> None:
    clock, lived = on_dynamodb.clock, KEEP + DAY
    fence = await opened(on_dynamodb)
    await on_dynamodb.plan_chunks(FILE.file_id, fence, [span(0), span(1)])
    await clock.sleep(100)
    await seal(on_dynamodb, fence, chunks=2)
    assert expiries(ministack, table) == {"FILE": lived + 100, "CHUNK#000000": lived, "CHUNK#000001": lived}

    await clock.sleep(100)
    row, fence = await dispatched(on_dynamodb)
    await on_dynamodb.fix_batches(row, fence, [BatchRow(0, (0,)), BatchRow(1, (1,))])
    await clock.sleep(100)
    begun = await on_dynamodb.begin_attempt(row, fence, BatchRow(0, (0,)), NOW)
    assert expiries(ministack, table) == {
        "FILE": lived + 100,
        "CHUNK#000000": lived + 200,
        "CHUNK#000001": lived,
        "BATCH#000000#000": lived + 300,
        "BATCH#000000#001": lived + 200,
    }

    await clock.sleep(100)
    await on_dynamodb.end_batch(row, fence, replace(begun, state=BatchState.DELIVERED))
    await clock.sleep(100)
    await settle(on_dynamodb, row, fence)
    assert expiries(ministack, table) == {
        "FILE": lived + 500,
        "CHUNK#000000": lived + 500,
        "CHUNK#000001": lived,
        "BATCH#000000#000": lived + 400,
        "BATCH#000000#001": lived + 200,
    }


async def test_rows_of_an_earlier_release_are_read_and_what_a_later_one_has_added_is_passed_over(
    on_dynamodb: DynamoLedger, ministack: Emulator, table: str
) -> None:
    """A later release may add what this one can overlook, in every place, under the same version."""
    await sealed(on_dynamodb)
    row, fence = await dispatched(on_dynamodb)
    await on_dynamodb.fix_batches(row, fence, [BatchRow(0, (0, 1))])
    before = await on_dynamodb.file(FILE.file_id), await on_dynamodb.chunk(FILE.file_id, 0)
    client = ministack.client("dynamodb")
    for item in ministack.items(table):
        item["colour"] = {"S": "red"}
        del item["v"]
        for name in {"file", "layout", "span", "noted"} & item.keys():
            item[name] = {"S": json.dumps(json.loads(item[name]["S"]) | {"colour": "red"})}
        client.put_item(TableName=table, Item=item)

    assert (await on_dynamodb.file(FILE.file_id), await on_dynamodb.chunk(FILE.file_id, 0)) == before
    assert await on_dynamodb.batches(FILE.file_id, 0) == [BatchRow(0, (0, 1))]
    await settle(on_dynamodb, row, fence)
    assert all(item["colour"] == {"S": "red"} for item in ministack.items(table))


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


async def test_a_checkpoint_that_met_a_chunks_end_is_tried_again() -> None:
    """On AWS; a file's chunks end while it is still being split."""
    met = refusal("TransactionConflictException")
    ledger, client = stubbed(update_item=[met, met, {"Attributes": {}}])

    await ledger.note_checkpoint(FILE.file_id, 1, CHECKPOINT)

    assert len(client.calls) == 3
    assert client.calls[0] == client.calls[2]
    ledger, client = stubbed(update_item=[met] * ATTEMPTS)
    with pytest.raises(Transient):
        await ledger.note_checkpoint(FILE.file_id, 1, CHECKPOINT)
    assert len(client.calls) == ATTEMPTS


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


REPLAYED = replace(HELD, generation=1, ended=ChunkState.SETTLED, counted=COUNTED, findings=FINDINGS)


def of_the_file(client: Scripted) -> list[tuple[str, str]]:
    """What each transaction would have done with the file, and on what condition."""
    updates = [request["TransactItems"][1]["Update"] for _, request in client.calls]
    return [(update["UpdateExpression"], update["ConditionExpression"]) for update in updates]


async def test_a_file_that_is_not_settled_after_all_is_not_reopened() -> None:
    ledger, client = stubbed(transact_write_items=[cancelled("None", "ConditionalCheckFailed"), {}])
    there = f"attribute_exists(pk) AND {KNOWN}"

    await settle(ledger, REPLAYED, 1)

    assert of_the_file(client) == [
        (
            f"SET file_state = :sealed, reopened_at = :began, {CHANGED} ADD #c0 :c0",
            f"{there} AND file_state = :settled",
        ),
        (f"SET {CHANGED} ADD #c0 :c0", f"{there} AND file_state <> :settled"),
    ]


async def test_a_file_that_was_settled_in_between_is_reopened_all_the_same() -> None:
    moved = [cancelled("None", "ConditionalCheckFailed") for _ in range(2)]
    ledger, client = stubbed(transact_write_items=[*moved, {}])

    await settle(ledger, REPLAYED, 1)

    assert of_the_file(client)[2] == of_the_file(client)[0]


async def test_a_replay_that_lost_its_lease_is_not_tried_again() -> None:
    for codes in (("ConditionalCheckFailed", "None"), ("ConditionalCheckFailed", "ConditionalCheckFailed")):
        ledger, client = stubbed(transact_write_items=[cancelled(*codes)])

        with pytest.raises(LeaseLost):
            await settle(ledger, REPLAYED, 1)
        assert len(client.calls) == 1


@pytest.mark.parametrize("row", [HELD, REPLAYED])
async def test_a_file_that_is_not_there_is_transient(row: ChunkRow) -> None:
    """It cannot be: but nothing is counted as if it were."""
    refused = [cancelled("None", "ConditionalCheckFailed") for _ in range(ATTEMPTS)]
    ledger, _ = stubbed(transact_write_items=refused, get_item=[{}])

    with pytest.raises(Transient) as error:
        await settle(ledger, row, 1)
    assert not isinstance(error.value, LeaseLost)


def planned(client: Scripted) -> list[list[str]]:
    """The chunks that each transaction would have planned, behind the condition on their file."""
    return [[item["Put"]["Item"]["sk"]["S"] for item in request["TransactItems"][1:]] for _, request in client.calls]


async def test_chunks_that_are_there_are_left_out_and_the_others_planned_without_them() -> None:
    ledger, client = stubbed(transact_write_items=[cancelled("None", "None", "ConditionalCheckFailed", "None"), {}])

    await ledger.plan_chunks(FILE.file_id, 1, [span(chunk) for chunk in range(3)])

    assert planned(client) == [["CHUNK#000000", "CHUNK#000001", "CHUNK#000002"], ["CHUNK#000000", "CHUNK#000002"]]


async def test_no_chunk_is_planned_beside_those_that_are_there_once_the_lease_is_lost() -> None:
    ledger, client = stubbed(transact_write_items=[cancelled("ConditionalCheckFailed", "ConditionalCheckFailed")])

    with pytest.raises(LeaseLost):
        await ledger.plan_chunks(FILE.file_id, 1, [span()])
    assert len(client.calls) == 1


async def test_chunks_that_cannot_be_planned_are_transient() -> None:
    """And are not sent: a message never points at a row that is not there."""
    ledger, _ = stubbed(transact_write_items=[cancelled("None", "ThrottlingError") for _ in range(ATTEMPTS)])

    with pytest.raises(Transient) as error:
        await ledger.plan_chunks(FILE.file_id, 1, [span()])
    assert not isinstance(error.value, LeaseLost)


async def test_a_file_that_moves_on_while_the_index_is_read_is_shown_once(
    on_dynamodb: DynamoLedger, ministack: Emulator, table: str
) -> None:
    """The states are asked for one after the other, and the index runs after the rows."""
    await opened(on_dynamodb)
    (row,) = ministack.items(table)
    keys = {"pk": row["pk"], "sk": row["sk"], "opened_at": row["opened_at"]}
    ledger, _ = stubbed(
        query=[{"Items": [keys]}, {"Items": [keys]}, *[{"Items": []}] * 3],
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
        query=[{"Items": rows}, *[{"Items": []}] * 4],
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
