"""The circuit before a destination: opened by a share of failing calls, closed by a probe that succeeds.

While it is open, the feed's mapping is off: its messages stay in the queue, no attempt is counted, and an outage of
hours ends in no DLQ. A feed with lanes keeps its mapping on, as other lanes' destinations may be up: what waits there,
waits by a message of its own (`deliver.lanes`). Opening and closing go to EventBridge and into the audit.
"""

from contextlib import suppress
from dataclasses import dataclass

from penstock.feeds.lanes import has_lanes
from penstock.io.auditing import audit
from penstock.model.errors import Transient
from penstock.model.lane_names import told
from penstock.ports.clock import Clock
from penstock.ports.destination import DestinationSettings
from penstock.ports.event_bus import EventBus
from penstock.ports.mappings import Mappings
from penstock.ports.object_store import ObjectStore
from penstock.ports.throttle import Calls, Throttle

FIRST_PROBE = 30.0  #: seconds from opening to the first probe; doubled with each that fails
LAST_PROBE = 300.0
FEW = 3  #: calls that all failed open the circuit, also where there are too few for a share


def trips(calls: Calls, settings: DestinationSettings) -> bool:
    """Whether so many calls failed that no more should be made."""
    if calls.failed == calls.made:
        return calls.failed >= FEW
    return calls.made >= settings.error_calls and calls.failed > settings.error_share * calls.made


def next_probe(now: float, failed_probes: int) -> float:
    """When to probe next, in seconds since the epoch."""
    return now + min(LAST_PROBE, FIRST_PROBE * 2**failed_probes)


@dataclass(frozen=True, slots=True)
class CircuitPorts:
    """What a change of the circuit needs of the world."""

    throttle: Throttle
    mappings: Mappings
    store: ObjectStore
    events: EventBus
    clock: Clock


@dataclass(slots=True)
class Breaker:
    """Counts the calls of one delivery, and changes the circuit by what they say; `feed` names the destination, as in
    `Throttle`. A delivery is `probing` until its first call has decided.

    Counting never fails a delivery: a call that was made must be accounted for first of all, and what could not be
    counted or switched, the prober sets right.
    """

    ports: CircuitPorts
    feed: str
    settings: DestinationSettings
    probing: bool = False
    _made: int = 0

    async def succeeded(self) -> None:
        """A call was answered, whatever it said of the records."""
        self._made += 1
        if self.probing:
            self.probing = False
            with suppress(Transient):
                await close(self.ports, self.feed)

    async def failed(self, reason: str) -> None:
        """A call failed for the destination's fault, or its way's; `reason` is a sentence without record content."""
        self._made += 1
        probing, self.probing = self.probing, False
        with suppress(Transient):
            await (self._fail_probe(reason) if probing else self._fail(reason))

    async def end(self) -> None:
        """The delivery has ended: its calls are counted for the others."""
        with suppress(Transient):
            await self._count(failed=0)

    async def _fail(self, reason: str) -> None:
        ports, now = self.ports, self.ports.clock.now()
        await self._count(failed=1)
        # Of calls that hang until they time out, few end within a short window.
        seconds = max(self.settings.error_window_seconds, (FEW + 1) * self.settings.timeout_seconds)
        if trips(await ports.throttle.counted(self.feed, now, seconds), self.settings):
            probe_at = next_probe(now, 0)
            if await ports.throttle.trip(self.feed, now, probe_at, reason):
                await _shut(ports, self.feed, reason, probe_at)

    async def _fail_probe(self, reason: str) -> None:
        ports, now = self.ports, self.ports.clock.now()
        probe_at = next_probe(now, (await ports.throttle.row(self.feed)).failed_probes + 1)
        if await ports.throttle.end_probe(self.feed, now, probe_at, reason):
            await _shut(ports, self.feed, reason, probe_at)

    async def _count(self, failed: int) -> None:
        # Taken before anything else can run: calls of one delivery fail at the same time, and each counts once.
        made, self._made = self._made, 0
        if made:
            await self.ports.throttle.count(self.feed, self.ports.clock.now(), Calls(made, failed))


async def _shut(ports: CircuitPorts, feed: str, reason: str, probe_at: float) -> None:
    """The circuit is open now: the mapping goes off, and everybody hears of it."""
    await switch(ports.mappings, feed, on=False)
    now = ports.clock.now()
    await _tell(ports, "CircuitOpened", feed, {"reason": reason, "probe_in_seconds": round(probe_at - now)})


async def close(ports: CircuitPorts, feed: str) -> None:
    """half-open → closed: calls go through again."""
    if await ports.throttle.end_probe(feed, ports.clock.now(), None):
        await switch(ports.mappings, feed, on=True)
        await _tell(ports, "CircuitClosed", feed, {})


async def switch(mappings: Mappings, feed: str, *, on: bool) -> None:
    """The mapping of a feed without lanes goes with its circuit."""
    if not has_lanes(feed):
        await mappings.switch(feed, on=on)


async def half_open(ports: CircuitPorts, feed: str, seconds: float, *, early: bool) -> bool:
    """open → half-open, once it is time, or `early`: the caller is the probe for so many seconds."""
    if not await ports.throttle.begin_probe(feed, ports.clock.now(), seconds, early=early):
        return False
    await _tell(ports, "CircuitHalfOpened", feed, {})
    return True


async def _tell(ports: CircuitPorts, kind: str, feed: str, detail: dict[str, object]) -> None:
    await audit(ports.store, kind, ports.clock.now(), told(feed) | detail)
    await ports.events.put(kind, told(feed) | detail)
