"""What a delivery's calls do to the circuit before its destination, call by call."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from penstock.deliver.circuit import FIRST_PROBE, Breaker, CircuitPorts, close, half_open, switch
from penstock.model.errors import Transient
from penstock.ports.destination import DestinationSettings
from penstock.ports.throttle import Calls, Circuit
from penstock_testing.memory import MemoryClock, MemoryEvents, MemoryMappings, MemoryStore
from penstock_testing.throttle import MemoryThrottle

SETTINGS = DestinationSettings(
    url="api", batch_records=1, rate_per_second=1000.0, burst=1000, concurrency=1, honours_idempotency_key=True
)


class Unreachable(MemoryThrottle):
    """A ledger that cannot be written to now."""

    async def count(self, feed: str, now: float, calls: Calls) -> None:
        raise Transient("the ledger is throttled")

    async def end_probe(self, feed: str, now: float, probe_at: float | None, reason: str = "") -> bool:
        raise Transient("the ledger is throttled")


@dataclass
class World:
    """The ports, and a breaker for each delivery."""

    throttle: MemoryThrottle = field(default_factory=MemoryThrottle)
    clock: MemoryClock = field(default_factory=MemoryClock)
    mappings: MemoryMappings = field(default_factory=MemoryMappings)
    events: MemoryEvents = field(default_factory=MemoryEvents)
    feed: str = "traffic"

    @property
    def ports(self) -> CircuitPorts:
        return CircuitPorts(self.throttle, self.mappings, MemoryStore(), self.events, self.clock)

    def delivery(self, *, probing: bool = False, **changes: Any) -> Breaker:
        return Breaker(self.ports, self.feed, replace(SETTINGS, **changes), probing)

    async def counted(self) -> Calls:
        return await self.throttle.counted(self.feed, self.clock.now(), 60)

    async def opened(self, *, ago: float = FIRST_PROBE) -> None:
        """The circuit has been open for so many seconds; its first probe is due, if nothing else is said."""
        breaker = self.delivery()
        for _ in range(3):
            await breaker.failed("the destination answered 503")
        await self.clock.sleep(ago)

    def told(self, kind: str) -> Mapping[str, Any]:
        return [detail for one, detail in self.events.published if one == kind][-1]


async def test_what_was_answered_is_counted_when_the_delivery_ends() -> None:
    world = World()
    breaker = world.delivery()

    await breaker.succeeded()
    await breaker.succeeded()
    assert await world.counted() == Calls(0, 0)
    await breaker.end()
    await breaker.end()

    assert await world.counted() == Calls(2, 0)


async def test_a_failure_is_counted_at_once_with_what_was_answered_before_it() -> None:
    world = World()
    breaker = world.delivery()

    await breaker.succeeded()
    await breaker.succeeded()
    await breaker.failed("no answer within 20 s")

    assert await world.counted() == Calls(3, 1)


async def test_the_first_probe_comes_half_a_minute_after_the_circuit_has_opened() -> None:
    world = World()
    breaker = world.delivery()

    for _ in range(3):
        await breaker.failed("the destination answered 503")

    row = await world.throttle.row("traffic")
    assert (row.circuit, row.since, row.probe_at) == (Circuit.OPEN, world.clock.now(), world.clock.now() + FIRST_PROBE)
    assert row.reason == "the destination answered 503"
    assert world.mappings.off == {"traffic"}
    told = world.told("CircuitOpened")
    assert (told["reason"], told["probe_in_seconds"]) == ("the destination answered 503", 30)


async def test_calls_that_hang_are_counted_over_four_of_their_timeouts() -> None:
    """Of calls of half a minute, hardly three would fall into a window of one."""
    for timeout, after, opens in ((30.0, 55.0, True), (30.0, 65.0, False), (1.0, 55.0, False)):
        world = World()
        breaker = world.delivery(timeout_seconds=timeout, error_window_seconds=60)
        for _ in range(3):
            await breaker.failed("no answer")
            await world.clock.sleep(after)
        assert ((await world.throttle.row("traffic")).circuit is Circuit.OPEN) is opens, timeout


async def test_a_probe_that_is_answered_closes_the_circuit_once() -> None:
    world = World()
    await world.opened()
    assert await half_open(world.ports, "traffic", 300, early=False)
    breaker = world.delivery(probing=True)

    await breaker.succeeded()
    await breaker.succeeded()

    row = await world.throttle.row("traffic")
    assert (row.circuit, row.since) == (Circuit.CLOSED, world.clock.now())
    assert world.mappings.off == set()
    assert [kind for kind, _ in world.events.published] == ["CircuitOpened", "CircuitHalfOpened", "CircuitClosed"]


async def test_a_probe_that_fails_makes_the_next_one_later_and_says_why() -> None:
    world = World()
    await world.opened()
    world.mappings.off.clear()
    assert await half_open(world.ports, "traffic", 300, early=False)
    breaker = world.delivery(probing=True)

    await breaker.failed("no route to host")

    row = await world.throttle.row("traffic")
    assert (row.circuit, row.reason, row.failed_probes) == (Circuit.OPEN, "no route to host", 1)
    assert row.since == world.clock.now()
    assert row.probe_at - world.clock.now() == 2 * FIRST_PROBE
    assert world.mappings.off == {"traffic"}
    told = world.told("CircuitOpened")
    assert (told["feed"], told["reason"], told["probe_in_seconds"]) == ("traffic", "no route to host", 60)


async def test_only_the_first_call_of_a_probe_decides() -> None:
    world = World()
    await world.opened()
    assert await half_open(world.ports, "traffic", 300, early=False)
    breaker = world.delivery(probing=True)

    await breaker.failed("no route to host")
    await breaker.succeeded()

    assert (await world.throttle.row("traffic")).circuit is Circuit.OPEN


async def test_what_fails_after_the_probe_was_answered_is_counted_as_any_call_is() -> None:
    world = World()
    await world.opened(ago=400)
    assert await half_open(world.ports, "traffic", 300, early=False)
    breaker = world.delivery(probing=True)

    await breaker.succeeded()
    await breaker.failed("no route to host")

    assert await world.counted() == Calls(2, 1)


async def test_nobody_probes_before_its_time_but_who_asks_for_it() -> None:
    world = World()
    await world.opened(ago=FIRST_PROBE - 1)

    assert not await half_open(world.ports, "traffic", 300, early=False)
    assert await half_open(world.ports, "traffic", 300, early=True)
    assert not await half_open(world.ports, "traffic", 300, early=True), "one probe at a time"
    assert (await world.throttle.row("traffic")).probe_at - world.clock.now() == 300


async def test_what_cannot_be_counted_fails_no_delivery() -> None:
    world = World(throttle=Unreachable())
    for probing in (False, True):
        breaker = world.delivery(probing=probing)
        await breaker.succeeded()
        await breaker.failed("no answer")
        await breaker.succeeded()
        await breaker.end()
    await world.delivery(probing=True).failed("no answer")

    assert world.events.published == []


async def test_a_circuit_that_is_closed_already_is_not_closed_again() -> None:
    world = World()
    world.mappings.off.add("traffic")

    await close(world.ports, "traffic")

    assert world.mappings.off == {"traffic"}, "whoever switched it off had another reason"
    assert world.events.published == []


@pytest.mark.parametrize("on", [True, False])
async def test_the_mapping_of_a_feed_with_lanes_stays_on(on: bool) -> None:
    mappings = MemoryMappings(off={"tower/north", "traffic"} if on else set())

    await switch(mappings, "tower/north", on=on)
    await switch(mappings, "traffic", on=on)

    assert mappings.off == ({"tower/north"} if on else {"traffic"})
