"""The circuit: what opens it, what closes it, and that an outage of hours costs no message its attempts (R15, R36)."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from penstock.deliver import probing
from penstock.deliver.circuit import FIRST_PROBE, LAST_PROBE, Breaker, CircuitPorts, next_probe, trips
from penstock.ports.destination import Answer, DestinationSettings
from penstock.ports.throttle import Calls, Circuit
from penstock_testing.memory import MemoryClock, MemoryEvents, MemoryMappings, MemoryStore
from penstock_testing.throttle import MemoryThrottle
from tests.support.destination import UNSENT, Api
from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, spot

SETTINGS = DestinationSettings(
    url="api", batch_records=1, rate_per_second=1000.0, burst=1000, concurrency=1, honours_idempotency_key=True
)


class Down(Api):
    """An API that is down for as long as the test says so."""

    down = True
    calls = 0

    async def post(self, settings: DestinationSettings, key: str, body: bytes) -> Answer:
        self.calls += 1
        return Answer(503) if self.down else await super().post(settings, key, body)


@pytest.mark.parametrize(
    ("made", "failed", "opens"),
    [
        (0, 0, False),
        (1, 1, False),
        (2, 2, False),
        (3, 3, True),  # all of at least three
        (4, 3, False),  # too few for a share
        (19, 18, False),
        (20, 1, False),  # 5 % is not above 5 %
        (20, 2, True),
        (100, 5, False),
        (100, 6, True),
    ],
)
def test_it_opens_above_the_share_or_when_all_of_a_few_failed(made: int, failed: int, opens: bool) -> None:
    assert trips(Calls(made, failed), SETTINGS) is opens


def test_probes_become_rarer_up_to_five_minutes() -> None:
    waits = [next_probe(1000.0, failed) - 1000.0 for failed in range(6)]
    assert waits == [FIRST_PROBE, 60, 120, 240, LAST_PROBE, LAST_PROBE]


async def hours_of_outage(hours: float, files: int = 3) -> tuple[Pipeline, Down]:
    api = Down(SETTINGS)
    pipeline = Pipeline(api)
    for number in range(files):
        pipeline.drop(csv_file(spot(100 * number + at) for at in range(3)), f"traffic/{number}.csv")
    until = pipeline.clock.now() + hours * 3600
    while pipeline.clock.now() < until:
        await pipeline.step()
        await pipeline.clock.sleep(60)
    return pipeline, api


async def test_an_outage_of_six_hours_dead_letters_nothing_and_everything_is_delivered_after_it() -> None:
    pipeline, api = await hours_of_outage(6)
    assert pipeline.mappings.off == {"traffic"}
    assert pipeline.dead_letters == []
    assert (await pipeline.throttle.row("traffic")).reason == "the destination answered 503"
    # A probe in five minutes is all the destination hears of us.
    assert api.calls < 6 * 12 + 20
    api.down = False
    await pipeline.run()
    assert pipeline.mappings.off == set()
    assert len(api.applied) == 9
    assert [kind for kind, _ in pipeline.events.published if kind.startswith("Circuit")][-1] == "CircuitClosed"


async def test_every_change_is_told_and_audited() -> None:
    pipeline, api = await hours_of_outage(0.05)
    api.down = False
    await pipeline.run()
    told = [kind for kind, _ in pipeline.events.published if kind.startswith("Circuit")]
    assert told[0] == "CircuitOpened"
    assert told[-2:] == ["CircuitHalfOpened", "CircuitClosed"]
    audited = [key.split("-")[3] for key in pipeline.store.archive if key.startswith("audit/")]
    assert sorted(audited) == sorted(told)


async def test_while_it_is_open_nobody_but_the_probe_calls() -> None:
    pipeline, api = await hours_of_outage(0.05)
    calls = api.calls
    (held, *_) = pipeline.dispatches.messages.values()
    # A message that was under way when the mapping went off
    worked = await pipeline.work(pipeline.dispatches, held.body)
    assert worked.what == "put off: the destination's circuit is open"
    assert api.calls == calls


async def test_a_probe_that_fails_keeps_it_open_and_a_probe_with_nothing_to_send_closes_it() -> None:
    pipeline, _ = await hours_of_outage(0.05, files=1)
    await pipeline.clock.sleep(400)
    await pipeline.probe()
    row = await pipeline.throttle.row("traffic")
    assert (row.circuit, row.failed_probes >= 1) == (Circuit.OPEN, True)
    pipeline.dispatches.messages.clear()
    await pipeline.clock.sleep(400)
    await pipeline.probe()
    assert (await pipeline.throttle.row("traffic")).circuit is Circuit.CLOSED
    assert pipeline.mappings.off == set()


async def test_a_probe_that_was_lost_is_made_again_and_the_mapping_set_right() -> None:
    pipeline, api = await hours_of_outage(0.05)
    await pipeline.clock.sleep(400)
    # Given a prober that died in the middle, and a mapping that somebody switched on
    assert await pipeline.throttle.begin_probe("traffic", pipeline.clock.now(), 300)
    pipeline.mappings.off.clear()
    await pipeline.probe()
    assert pipeline.mappings.off == {"traffic"}
    assert (await pipeline.throttle.row("traffic")).circuit is Circuit.HALF_OPEN
    # When its time is over
    api.down = False
    await pipeline.clock.sleep(301)
    await pipeline.probe()
    # Expect another to have made it
    assert (await pipeline.throttle.row("traffic")).circuit is Circuit.CLOSED


async def test_what_fails_at_a_probe_is_told_by_metric_and_event_and_in_the_ledger(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fails(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("Mrs Miller")

    pipeline, _ = await hours_of_outage(0.05)
    await pipeline.clock.sleep(400)
    # Given messages at which our own code fails
    with monkeypatch.context() as patched:
        patched.setattr(probing, "dispatch", fails)
        looked = await pipeline.probe()
    # Expect
    assert looked
    assert looked.counts["LookFaults"] == min(probing.TRIED, len(pipeline.dispatches.messages))
    # Given a mapping that cannot be switched
    monkeypatch.setattr(MemoryMappings, "switch", fails)
    with pytest.raises(ZeroDivisionError):
        await pipeline.probe()
    # Expect
    faults = {fault.about: fault for fault in await pipeline.ledger.faults(0)}
    assert (faults["traffic"].look, faults["traffic"].error) == ("circuits", "ZeroDivisionError")
    told = [detail for kind, detail in pipeline.events.published if kind == "LookFailed"]
    assert {detail["about"] for detail in told} == faults.keys()
    assert "Miller" not in str(told)


async def test_one_failure_in_many_calls_opens_nothing() -> None:
    api = Api(replace(SETTINGS, batch_records=1), [UNSENT])
    pipeline = Pipeline(api)
    file = pipeline.drop(csv_file(spot(at) for at in range(30)))
    await pipeline.run()
    assert await pipeline.assert_sound(file, 30) == {"delivered": 30}
    assert not [kind for kind, _ in pipeline.events.published if kind.startswith("Circuit")]


class SlowThrottle(MemoryThrottle):
    """As the ledger is: others go on while it counts."""

    async def count(self, feed: str, now: float, calls: Calls) -> None:
        await asyncio.sleep(0)
        await super().count(feed, now, calls)


async def test_calls_that_fail_at_the_same_time_count_once_each() -> None:
    """Counted twice, three failures of three calls would be three of four, and open nothing."""
    throttle, clock = SlowThrottle(), MemoryClock()
    ports = CircuitPorts(throttle, MemoryMappings(), MemoryStore(), MemoryEvents(), clock)
    breaker = Breaker(ports, "traffic", SETTINGS)

    await asyncio.gather(*(breaker.failed("the destination is down") for _ in range(3)))

    assert await throttle.counted("traffic", clock.now(), 60) == Calls(3, 3)
    assert (await throttle.row("traffic")).circuit is Circuit.OPEN
