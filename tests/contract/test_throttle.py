"""The throttle's contract, on the twin and on DynamoDB."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count, pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.adapters.aws_clients import AwsClients
from penstock.adapters.aws_throttle import ATTEMPTS, CALLS_KEPT, DynamoThrottle
from penstock.model.errors import BookedOut, CircuitOpen, Transient
from penstock.ports.throttle import SLOWEST, STEP, Calls, Circuit, Throttle, ThrottleRow
from penstock_testing.throttle import MemoryThrottle
from tests.contract.stubs import Scripted, refusal
from tests.support.emulators import Emulator

pytestmark = pytest.mark.asyncio(loop_scope="session")

NOW = 1_800_000_000.0
FEED = "traffic"


@pytest.fixture
def table(ministack: Emulator) -> str:
    return ministack.table("Ledger")


@pytest.fixture
def on_dynamodb(on_ministack: AwsClients, table: str) -> DynamoThrottle:
    return DynamoThrottle(on_ministack.dynamodb, table)


@pytest.fixture(params=["memory", "dynamodb"])
def throttle(request: pytest.FixtureRequest) -> Throttle:
    return MemoryThrottle() if request.param == "memory" else request.getfixturevalue("on_dynamodb")


async def book(throttle: Throttle, cost: float, now: float = NOW, horizon: float = 60) -> float:
    """Books one call; when it begins."""
    (begin,) = await throttle.book(FEED, [cost], now, horizon)
    return begin


async def test_a_destination_that_was_never_called_has_a_new_row(throttle: Throttle) -> None:
    assert await throttle.row(FEED) == ThrottleRow(FEED)
    assert await throttle.counted(FEED, NOW, 60) == Calls()


# -- the places of a lane


async def test_a_lane_has_so_many_places(throttle: Throttle) -> None:
    assert [await throttle.enter("tower/north", 2, NOW, NOW + 300) for _ in range(3)] == [0, 1, None]
    assert await throttle.enter("tower/south", 2, NOW, NOW + 300) == 0, "another's places are others"


async def test_a_place_is_free_again_once_it_is_given_back_or_its_time_is_over(throttle: Throttle) -> None:
    for _ in range(2):
        await throttle.enter("tower/north", 2, NOW, NOW + 300)

    await throttle.leave("tower/north", 1, NOW + 300)
    assert await throttle.enter("tower/north", 2, NOW + 1, NOW + 301) == 1
    assert await throttle.enter("tower/north", 2, NOW + 299, NOW + 600) is None
    assert await throttle.enter("tower/north", 2, NOW + 300, NOW + 600) == 0


async def test_whoever_comes_too_late_gives_no_others_place_back(throttle: Throttle) -> None:
    await throttle.enter("tower/north", 1, NOW, NOW + 300)
    await throttle.enter("tower/north", 1, NOW + 300, NOW + 600)

    await throttle.leave("tower/north", 0, NOW + 300)
    assert await throttle.enter("tower/north", 1, NOW + 301, NOW + 900) is None


async def test_of_workers_that_come_at_once_none_takes_anothers_place(throttle: Throttle) -> None:
    places = await asyncio.gather(*(throttle.enter("tower/north", 3, NOW, NOW + 300) for _ in range(6)))
    assert sorted(place for place in places if place is not None) == [0, 1, 2]


async def test_places_and_line_of_one_lane_leave_each_other_alone(throttle: Throttle) -> None:
    await throttle.enter("tower/north", 2, NOW, NOW + 300)
    await throttle.book("tower/north", [1], NOW, 60)

    assert await throttle.row("tower/north") == ThrottleRow("tower/north", booked_until=NOW + 1)
    assert await throttle.row("tower") == ThrottleRow("tower")


# -- the line: R24


async def test_the_first_books_now(throttle: Throttle) -> None:
    assert await book(throttle, 0.5) == NOW
    assert await throttle.row(FEED) == ThrottleRow(FEED, booked_until=NOW + 0.5)


async def test_the_next_comes_after_the_one_before(throttle: Throttle) -> None:
    assert [await book(throttle, 0.5, NOW + n / 8) for n in range(4)] == [NOW, NOW + 0.5, NOW + 1, NOW + 1.5]


async def test_time_that_nobody_booked_is_gone(throttle: Throttle) -> None:
    await book(throttle, 0.5)

    assert await book(throttle, 0.5, NOW + 100) == NOW + 100
    assert await book(throttle, 0.5, NOW + 100) == NOW + 100.5


async def test_a_line_that_ends_now_is_no_wait(throttle: Throttle) -> None:
    await book(throttle, 5)

    assert await book(throttle, 1, NOW + 5, horizon=0) == NOW + 5


async def test_destinations_have_lines_of_their_own(throttle: Throttle) -> None:
    await book(throttle, 50)

    assert await throttle.book("invoices", [1], NOW, 60) == [NOW]


async def test_a_line_that_is_too_long_takes_nobody_and_says_for_how_long(throttle: Throttle) -> None:
    await book(throttle, 61)

    with pytest.raises(BookedOut) as booked_out:
        await book(throttle, 1)
    assert booked_out.value.after == 61
    assert await book(throttle, 1, NOW + 1) == NOW + 61, "nothing was booked by the one turned away"


@pytest.mark.parametrize("booked", [True, False])
async def test_who_has_no_time_left_books_none(throttle: Throttle, booked: bool) -> None:
    """The horizon of an invocation that ends is below zero."""
    if booked:
        await book(throttle, 1, NOW - 100)

    with pytest.raises(BookedOut):
        await book(throttle, 50, horizon=-1)
    assert await book(throttle, 50, horizon=0) == NOW


async def test_calls_that_are_booked_together_come_one_after_the_other(throttle: Throttle) -> None:
    assert await throttle.book(FEED, [1, 2, 4], NOW, 60) == [NOW, NOW + 1, NOW + 3]
    assert await throttle.book(FEED, [0.5, 0.5], NOW, 60) == [NOW + 7, NOW + 7.5]
    assert (await throttle.row(FEED)).booked_until == NOW + 8


@pytest.mark.parametrize("waits", [0, 8])
async def test_if_the_last_would_begin_too_late_only_the_first_is_booked(throttle: Throttle, waits: float) -> None:
    if waits:
        await book(throttle, waits)
    begin = NOW + waits

    assert await throttle.book(FEED, [5, 5, 9], NOW, waits + 9.5) == [begin]
    assert (await throttle.row(FEED)).booked_until == begin + 5
    assert await throttle.book(FEED, [5, 5, 9], NOW, waits + 15) == [begin + 5, begin + 10, begin + 15]


async def test_workers_at_once_never_overlap(throttle: Throttle) -> None:
    """R24, and the line never reaches beyond the horizon."""
    began: list[float] = []
    turned_away: list[float | None] = []

    async def one(worker: int) -> None:
        try:
            began.append(await book(throttle, 2, NOW + worker / 1024, 40))
        except BookedOut as error:
            turned_away.append(error.after)

    await asyncio.gather(*(one(worker) for worker in range(40)))

    began.sort()
    assert all(later - earlier == 2 for earlier, later in pairwise(began))
    assert began[-1] <= NOW + 0.04 + 40
    assert (len(began), len(turned_away)) == (21, 19)
    assert None not in turned_away, "they were told that the line is long, and nothing else"


async def test_workers_with_adapters_of_their_own_never_overlap(on_ministack: AwsClients, table: str) -> None:
    """What one of them presumes, the others do not know."""
    workers = [DynamoThrottle(on_ministack.dynamodb, table) for _ in range(20)]
    await workers[0].slow_down(FEED, NOW, 30)

    async def three(worker: DynamoThrottle, place: int) -> list[float]:
        return [at for turn in range(3) for at in await worker.book(FEED, [0.25, 0.5], NOW + place / 64 + turn, 1e4)]

    booked = await asyncio.gather(*(three(worker, place) for place, worker in enumerate(workers)))

    begins = sorted(at for one in booked for at in one)
    assert len(begins) == 120
    assert sorted({later - earlier for earlier, later in pairwise(begins)}) == [0.5, 1.0], "each at half the speed"
    assert (await workers[0].row(FEED)).booked_until == begins[-1] + 1


# -- the pace


async def test_slowing_down_stretches_what_is_booked_for_a_while(throttle: Throttle) -> None:
    assert await throttle.slow_down(FEED, NOW, 30) == 2

    assert await throttle.book(FEED, [1, 1], NOW, 60) == [NOW, NOW + 2]
    assert await book(throttle, 1, NOW + 29) == NOW + 29
    assert await book(throttle, 1, NOW + 30) == NOW + 31, "the call before took two seconds"
    assert await book(throttle, 1, NOW + 30) == NOW + 32, "and this one takes one again"


async def test_it_slows_down_further_and_no_further_than_sixteen_times(throttle: Throttle) -> None:
    assert [await throttle.slow_down(FEED, NOW + n, 30) for n in range(6)] == [2, 4, 8, 16, SLOWEST, SLOWEST]
    assert (await throttle.row(FEED)).paced_until == NOW + 35


async def test_calls_that_were_made_at_the_same_time_slow_down_together(throttle: Throttle) -> None:
    assert await throttle.slow_down(FEED, NOW, 30) == 2
    assert await throttle.slow_down(FEED, NOW + 0.5, 60) == 2
    assert await throttle.slow_down(FEED, NOW + 0.75, 10) == 2

    row = await throttle.row(FEED)
    assert (row.pace, row.paced_until) == (2, NOW + 60.5), "for the longest that one was asked for"
    assert await throttle.slow_down(FEED, NOW + 1, 30) == 4


@pytest.mark.parametrize("before", [0, 1, 2])
async def test_many_at_once_slow_down_once(throttle: Throttle, before: int) -> None:
    for second in range(before):
        await throttle.slow_down(FEED, NOW + second, 30)

    paces = await asyncio.gather(*(throttle.slow_down(FEED, NOW + 5, 30) for _ in range(20)))

    assert set(paces) == {2 ** (before + 1)}
    row = await throttle.row(FEED)
    assert (row.pace, row.paced_until) == (2 ** (before + 1), NOW + 35)


async def test_after_a_while_it_begins_with_half_the_pace_again(throttle: Throttle) -> None:
    await throttle.slow_down(FEED, NOW, 30)
    await throttle.slow_down(FEED, NOW + 1, 30)

    assert await throttle.slow_down(FEED, NOW + 31, 30) == 2


async def test_a_pace_that_is_over_and_not_doubled_again_is_the_full_one(throttle: Throttle) -> None:
    await throttle.slow_down(FEED, NOW, 0.25)

    assert await throttle.slow_down(FEED, NOW + 0.5, 30) == 1
    assert await throttle.book(FEED, [1, 1], NOW + 0.5, 60) == [NOW + 0.5, NOW + 1.5]


async def test_the_pace_counts_for_how_many_calls_fit(throttle: Throttle) -> None:
    await throttle.slow_down(FEED, NOW, 30)

    assert await throttle.book(FEED, [5, 5], NOW, 9) == [NOW]
    assert (await throttle.row(FEED)).booked_until == NOW + 10
    assert await throttle.book(FEED, [5, 5], NOW, 20) == [NOW + 10, NOW + 20]


async def test_neither_slowing_down_nor_booking_changes_anything_else(throttle: Throttle) -> None:
    await throttle.trip(FEED, NOW, NOW + 30, "down")
    await throttle.slow_down(FEED, NOW, 30)
    await throttle.book(FEED, [1], NOW, 60, probing=True)

    assert await throttle.row(FEED) == ThrottleRow(
        FEED,
        booked_until=NOW + 2,
        pace=2,
        paced_until=NOW + 30,
        circuit=Circuit.OPEN,
        since=NOW,
        opened_at=NOW,
        probe_at=NOW + 30,
        reason="down",
    )


# -- calls


async def test_calls_are_counted_by_steps_of_ten_seconds(throttle: Throttle) -> None:
    for second in range(0, 120, 5):
        await throttle.count(FEED, NOW + second, Calls(made=2, failed=1))

    assert await throttle.counted(FEED, NOW + 119, 60) == Calls(24, 12), "the last six steps"
    assert await throttle.counted(FEED, NOW + 119, 65) == Calls(24, 12)
    assert await throttle.counted(FEED, NOW + 119, 70) == Calls(28, 14)
    assert await throttle.counted(FEED, NOW + 119, STEP) == Calls(4, 2)
    assert await throttle.counted(FEED, NOW + 119, STEP - 1) == Calls()
    assert await throttle.counted(FEED, NOW + 120, 60) == Calls(20, 10), "a new step has begun"
    assert await throttle.counted(FEED, NOW + 1000, 60) == Calls()


async def test_feeds_are_counted_apart(throttle: Throttle) -> None:
    await throttle.count("traffic", NOW, Calls(3, 1))
    await throttle.count("traffic-2", NOW, Calls(5, 2))

    assert await throttle.counted("traffic", NOW, 60) == Calls(3, 1)


async def test_calls_that_are_counted_at_once_are_all_counted(throttle: Throttle) -> None:
    await asyncio.gather(*(throttle.count(FEED, NOW + n / 4, Calls(n, 1)) for n in range(20)))

    assert await throttle.counted(FEED, NOW, 10) == Calls(190, 20)


# -- the circuit: every state, and everything that can be done in it

type Reach = Callable[[Throttle], Awaitable[Any]]


async def closed(throttle: Throttle) -> None:
    await book(throttle, 0)


async def opened(throttle: Throttle) -> None:
    assert await throttle.trip(FEED, NOW, NOW + 30, "down")


async def half_open(throttle: Throttle) -> None:
    await opened(throttle)
    assert await throttle.begin_probe(FEED, NOW + 30, 30)


async def closed_again(throttle: Throttle) -> None:
    await half_open(throttle)
    assert await throttle.end_probe(FEED, NOW + 31, None)


async def open_again(throttle: Throttle) -> None:
    await half_open(throttle)
    assert await throttle.end_probe(FEED, NOW + 31, NOW + 60)


async def never_called(throttle: Throttle) -> None:
    assert await throttle.row(FEED) == ThrottleRow(FEED)


def trip(throttle: Throttle) -> Awaitable[bool]:
    return throttle.trip(FEED, NOW + 60, NOW + 90, "down once more")


def begin_probe(throttle: Throttle) -> Awaitable[bool]:
    return throttle.begin_probe(FEED, NOW + 60, 300)


def begin_probe_early(throttle: Throttle) -> Awaitable[bool]:
    return throttle.begin_probe(FEED, NOW + 29.5, 300)


def succeed(throttle: Throttle) -> Awaitable[bool]:
    return throttle.end_probe(FEED, NOW + 60, None)


def fail(throttle: Throttle) -> Awaitable[bool]:
    return throttle.end_probe(FEED, NOW + 60, NOW + 120, "still down")


TRANSITIONS: dict[Reach, dict[Reach, Circuit | None]] = {
    never_called: {trip: Circuit.OPEN, begin_probe: None, begin_probe_early: None, succeed: None, fail: None},
    closed: {trip: Circuit.OPEN, begin_probe: None, begin_probe_early: None, succeed: None, fail: None},
    closed_again: {trip: Circuit.OPEN, begin_probe: None, begin_probe_early: None, succeed: None, fail: None},
    opened: {trip: None, begin_probe: Circuit.HALF_OPEN, begin_probe_early: None, succeed: None, fail: None},
    open_again: {trip: None, begin_probe: Circuit.HALF_OPEN, begin_probe_early: None, succeed: None, fail: None},
    half_open: {
        trip: None,
        begin_probe: Circuit.HALF_OPEN,  # the probe that had until now was never ended
        begin_probe_early: None,
        succeed: Circuit.CLOSED,
        fail: Circuit.OPEN,
    },
}


@pytest.mark.parametrize(
    ("reach", "act", "circuit"),
    [
        pytest.param(reach, act, circuit, id=f"{reach.__name__}-{act.__name__}")
        for reach, acts in TRANSITIONS.items()
        for act, circuit in acts.items()
    ],
)
async def test_the_circuit_changes_so_and_not_otherwise(
    throttle: Throttle, reach: Reach, act: Reach, circuit: Circuit | None
) -> None:
    await reach(throttle)
    before = await throttle.row(FEED)

    assert await act(throttle) is (circuit is not None)

    after = await throttle.row(FEED)
    if circuit:
        assert (after.circuit, after.since) == (circuit, NOW + 60)
    else:
        assert after == before


async def test_an_open_circuit_tells_since_when_why_and_when_it_is_probed(throttle: Throttle) -> None:
    await opened(throttle)
    row = await throttle.row(FEED)
    assert row == ThrottleRow(FEED, circuit=Circuit.OPEN, since=NOW, opened_at=NOW, probe_at=NOW + 30, reason="down")

    await throttle.begin_probe(FEED, NOW + 30, 300)
    row = await throttle.row(FEED)
    assert (row.since, row.probe_at, row.failed_probes, row.reason) == (NOW + 30, NOW + 330, 0, "down")

    await throttle.end_probe(FEED, NOW + 40, NOW + 100)
    row = await throttle.row(FEED)
    assert (row.since, row.probe_at, row.failed_probes, row.reason) == (NOW + 40, NOW + 100, 1, "down")

    await throttle.begin_probe(FEED, NOW + 100, 300)
    await throttle.end_probe(FEED, NOW + 101, NOW + 220, "still down")
    row = await throttle.row(FEED)
    assert (row.since, row.probe_at, row.failed_probes, row.reason) == (NOW + 101, NOW + 220, 2, "still down")
    assert row.opened_at == NOW, "probes that fail do not make it younger"

    await throttle.begin_probe(FEED, NOW + 220, 300)
    await throttle.end_probe(FEED, NOW + 221, None)
    row = await throttle.row(FEED)
    assert (row.circuit, row.since, row.failed_probes, row.reason) == (Circuit.CLOSED, NOW + 221, 0, "")
    assert row.opened_at == 0


async def test_an_operator_need_not_wait_until_it_is_time_to_probe(throttle: Throttle) -> None:
    await opened(throttle)
    assert not await throttle.begin_probe(FEED, NOW + 1, 300)

    assert await throttle.begin_probe(FEED, NOW + 1, 300, early=True)

    row = await throttle.row(FEED)
    assert (row.circuit, row.probe_at, row.opened_at) == (Circuit.HALF_OPEN, NOW + 301, NOW)
    assert not await throttle.begin_probe(FEED, NOW + 2, 300, early=True), "another probes"
    assert await throttle.begin_probe(FEED, NOW + 301, 300, early=True), "and was never ended"


async def test_an_operator_probes_nothing_that_is_closed(throttle: Throttle) -> None:
    assert not await throttle.begin_probe(FEED, NOW, 300, early=True)


async def test_a_circuit_that_opens_anew_counts_its_probes_anew(throttle: Throttle) -> None:
    await open_again(throttle)
    await throttle.begin_probe(FEED, NOW + 60, 30)
    await throttle.end_probe(FEED, NOW + 61, None)

    await throttle.trip(FEED, NOW + 70, NOW + 100, "down")

    assert (await throttle.row(FEED)).failed_probes == 0


@pytest.mark.parametrize("reach", [opened, half_open])
async def test_only_the_probe_goes_through_a_circuit_that_is_not_closed(throttle: Throttle, reach: Reach) -> None:
    await book(throttle, 5)
    await reach(throttle)
    row = await throttle.row(FEED)

    with pytest.raises(CircuitOpen) as refused:
        await book(throttle, 1, NOW + 20)
    assert refused.value.after == row.probe_at - NOW - 20
    with pytest.raises(CircuitOpen) as refused:
        await book(throttle, 1, NOW + 1000, horizon=-1)
    assert refused.value.after == 0
    assert await throttle.row(FEED) == row, "nothing was booked"

    assert await throttle.book(FEED, [1], NOW + 2, 60, probing=True) == [NOW + 5]


async def test_calls_go_through_once_it_is_closed_again(throttle: Throttle) -> None:
    await closed_again(throttle)

    assert await book(throttle, 1, NOW + 31) == NOW + 31


@pytest.mark.parametrize(
    ("reach", "act"), [(closed, trip), (opened, begin_probe), (half_open, succeed), (half_open, fail)]
)
async def test_of_many_at_once_one_changes_the_circuit(throttle: Throttle, reach: Reach, act: Reach) -> None:
    """And so one tells of it."""
    await reach(throttle)

    changed = await asyncio.gather(*(act(throttle) for _ in range(10)))

    assert sorted(changed) == [False] * 9 + [True]


# -- the twin and DynamoDB say the same, whatever is done in whatever order

EIGHTHS = st.integers(0, 24).map(lambda eighths: eighths / 8)  #: exact in binary, and in 6 decimals
COSTS = st.lists(EIGHTHS, min_size=1, max_size=4)
HORIZONS = st.sampled_from([-1.0, 0.0, 2.0, 5.0, 20.0])
STEPS = st.one_of(
    st.tuples(st.just("book"), st.integers(0, 1), COSTS, HORIZONS, st.booleans()),
    st.tuples(st.just("book"), st.integers(0, 1), COSTS, HORIZONS, st.just(False)),
    st.tuples(st.just("pass"), EIGHTHS),
    st.tuples(st.just("pass"), st.sampled_from([10.0, 30.0])),
    st.tuples(st.just("slow_down"), EIGHTHS),
    st.tuples(st.just("count"), st.integers(1, 9)),
    st.tuples(st.just("counted"), st.sampled_from([0.0, 10.0, 35.0, 60.0])),
    st.tuples(st.just("trip"), EIGHTHS),
    st.tuples(st.just("begin_probe"), EIGHTHS),
    st.tuples(st.just("end_probe"), st.none() | EIGHTHS),
)

WALKS = count()


async def stepped(throttle: Throttle, feed: str, now: float, kind: str, *how: Any) -> Any:
    """Does a step: what it gave, or the error it raised."""
    try:
        match kind, *how:
            case "book", costs, horizon, probing:
                return await throttle.book(feed, costs, now, horizon, probing=probing)
            case "slow_down", seconds:
                return await throttle.slow_down(feed, now, seconds)
            case "count", made:
                return await throttle.count(feed, now, Calls(made, made // 2))
            case "counted", seconds:
                return await throttle.counted(feed, now, seconds)
            case "trip", seconds:
                return await throttle.trip(feed, now, now + seconds, f"down at {now}")
            case "begin_probe", seconds:
                return await throttle.begin_probe(feed, now, seconds)
            case "end_probe", None:
                return await throttle.end_probe(feed, now, None)
            case "end_probe", seconds:
                return await throttle.end_probe(feed, now, now + seconds, "still down" if seconds > 1 else "")
            case _:
                raise AssertionError(kind)
    except (BookedOut, CircuitOpen) as error:
        return type(error), error.after


@given(st.lists(STEPS, min_size=5, max_size=60))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_twin_and_dynamodb_say_the_same(
    on_ministack: AwsClients, on_dynamodb: DynamoThrottle, steps: list[tuple[Any, ...]]
) -> None:
    """Two workers book by turns, so that what one of them presumes is often wrong."""
    feed, now = f"walk-{next(WALKS)}", NOW
    twin = MemoryThrottle()
    workers = [on_dynamodb, DynamoThrottle(on_ministack.dynamodb, on_dynamodb.table)]

    for kind, *how in steps:
        if kind == "pass":
            now += how[0]
            continue
        worker = workers[how.pop(0)] if kind == "book" else on_dynamodb
        assert await stepped(worker, feed, now, kind, *how) == await stepped(twin, feed, now, kind, *how), (kind, how)
        assert await on_dynamodb.row(feed) == await twin.row(feed), (kind, how)


# -- DynamoDB alone


def counting(on_ministack: AwsClients, table: str) -> tuple[DynamoThrottle, list[str]]:
    """A throttle, and the operations it has called."""
    called: list[str] = []

    class Client:
        def __getattr__(self, operation: str) -> Any:
            called.append(operation)
            return getattr(on_ministack.dynamodb, operation)

    return DynamoThrottle(Client(), table), called


async def test_a_booking_usually_is_one_call(on_ministack: AwsClients, table: str) -> None:
    throttle, called = counting(on_ministack, table)

    for paced in (False, True):
        if paced:
            await throttle.slow_down(FEED, NOW, 1000)
            await book(throttle, 1, horizon=1e9)  # learns of it
        else:
            await book(throttle, 1)
            await book(throttle, 1)  # learns that there is a line
        called.clear()
        for _ in range(10):
            await throttle.book(FEED, [1, 1], NOW, 1e9)
        assert called == ["update_item"] * 10


@pytest.mark.parametrize("before", [0, 1, 2])
async def test_a_booking_whose_presumptions_are_wrong_is_two(on_ministack: AwsClients, table: str, before: int) -> None:
    throttle, called = counting(on_ministack, table)
    other = DynamoThrottle(on_ministack.dynamodb, table)
    for second in range(before):
        await other.slow_down(FEED, NOW + second, 30)
    await book(throttle, 1, NOW + 2)
    await book(throttle, 1, NOW + 2)
    line = (await other.row(FEED)).booked_until
    await other.slow_down(FEED, NOW + 2, 30)
    called.clear()

    assert await book(throttle, 1, NOW + 2) == line
    assert called == ["update_item"] * 2
    assert (await other.row(FEED)).booked_until == line + 2 ** (before + 1), "at the pace as it is now"


async def test_a_pace_that_is_over_is_presumed_once_more_and_not_again(on_ministack: AwsClients, table: str) -> None:
    throttle, called = counting(on_ministack, table)
    await throttle.slow_down(FEED, NOW, 30)
    await book(throttle, 60)
    called.clear()

    assert await throttle.book(FEED, [1, 1], NOW + 30, 1000) == [NOW + 120, NOW + 121]
    assert await throttle.book(FEED, [1, 1], NOW + 30, 1000) == [NOW + 122, NOW + 123]
    assert called == ["update_item"] * 3


async def test_times_are_kept_to_the_microsecond(on_dynamodb: DynamoThrottle) -> None:
    """A call may cost any fraction of a second; what is lost of it adds up to nothing that counts."""
    now = NOW + 0.123_456_7
    begins = [await book(on_dynamodb, 1 / 3, now) for _ in range(30)]

    assert begins == pytest.approx([now + n / 3 for n in range(30)], abs=2e-5, rel=0)


async def test_counted_calls_expire_and_the_row_does_not(
    on_dynamodb: DynamoThrottle, ministack: Emulator, table: str
) -> None:
    await book(on_dynamodb, 1)
    await on_dynamodb.count(FEED, NOW + 15, Calls(1, 1))

    rows = {item["sk"]["S"]: item.get("expires_at", {}).get("N") for item in ministack.items(table)}
    assert rows == {"THROTTLE": None, "CALLS#180000001": str(int(NOW) + 15 + CALLS_KEPT)}


def stubbed(**scripts: list[Any]) -> tuple[DynamoThrottle, Scripted]:
    client = Scripted(**scripts)
    return DynamoThrottle(client, "ledger"), client


def moved_on(at: float) -> Exception:
    return refusal("ConditionalCheckFailedException", Item={"booked_until": {"N": f"{at:.6f}"}})


async def test_a_line_that_others_keep_changing_is_transient() -> None:
    throttle, client = stubbed(update_item=[moved_on(NOW + n % 2) for n in range(ATTEMPTS)])

    with pytest.raises(Transient) as error:
        await book(throttle, 1)
    assert not isinstance(error.value, BookedOut)
    assert len(client.calls) == ATTEMPTS


async def test_a_pace_that_others_keep_changing_is_transient() -> None:
    throttle, _ = stubbed(get_item=[{}], update_item=[moved_on(NOW) for _ in range(ATTEMPTS)])

    with pytest.raises(Transient):
        await throttle.slow_down(FEED, NOW, 30)


async def test_throttling_is_transient() -> None:
    throttle, _ = stubbed(
        update_item=[refusal("ThrottlingException") for _ in range(7)],
        get_item=[refusal("ThrottlingException"), refusal("InternalServerError", 500)],
        query=[refusal("ThrottlingException")],
    )
    calls: tuple[Awaitable[Any], ...] = (
        book(throttle, 1),
        throttle.slow_down(FEED, NOW, 1),
        throttle.row(FEED),
        throttle.count(FEED, NOW, Calls(1)),
        throttle.counted(FEED, NOW, 60),
        throttle.trip(FEED, NOW, NOW, ""),
        throttle.begin_probe(FEED, NOW, 1),
        throttle.end_probe(FEED, NOW, None),
        throttle.enter(FEED, 1, NOW, NOW),
        throttle.leave(FEED, 0, NOW),
    )

    for call in calls:
        with pytest.raises(Transient):
            await call
