"""The throttle's twin: the same conditions, in two dictionaries."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from penstock.model.errors import BookedOut, CircuitOpen
from penstock.ports.throttle import SLOWEST, STEP, Calls, Circuit, ThrottleRow


class MemoryThrottle:
    """As `Throttle`."""

    def __init__(self) -> None:
        self._rows: dict[str, ThrottleRow] = {}
        self._calls: dict[tuple[str, int], Calls] = {}
        self._slowed: dict[str, float] = {}
        self._places: dict[tuple[str, int], float] = {}

    async def book(
        self, feed: str, costs: Sequence[float], now: float, horizon: float, *, probing: bool = False
    ) -> list[float]:
        """As `Throttle.book`."""
        row = await self.row(feed)
        if row.circuit is not Circuit.CLOSED and not probing:
            raise CircuitOpen("the destination's circuit is open", after=max(0.0, row.probe_at - now))
        begin = max(now, row.booked_until)
        if begin - now > horizon:
            raise BookedOut("the destination's time is booked out", after=begin - now)
        pace = row.pace if row.paced_until > now else 1.0
        *begins, until = accumulate((cost * pace for cost in costs), initial=begin)
        if begins[-1] - now > horizon:
            begins, until = begins[:1], begins[1]
        self._rows[feed] = replace(row, booked_until=until)
        return begins

    async def slow_down(self, feed: str, now: float, seconds: float) -> float:
        """As `Throttle.slow_down`."""
        row = await self.row(feed)
        pace = row.pace if row.paced_until > now else 1.0
        if now - self._slowed.get(feed, 0.0) >= 1:
            self._slowed[feed] = now
            pace = min(SLOWEST, pace * 2)
        self._rows[feed] = replace(row, pace=pace, paced_until=max(now + seconds, row.paced_until))
        return pace

    async def count(self, feed: str, now: float, calls: Calls) -> None:
        """As `Throttle.count`."""
        step = feed, int(now // STEP)
        was = self._calls.get(step, Calls())
        self._calls[step] = Calls(was.made + calls.made, was.failed + calls.failed)

    async def counted(self, feed: str, now: float, seconds: float) -> Calls:
        """As `Throttle.counted`."""
        last = int(now // STEP)
        steps = [self._calls.get((feed, step), Calls()) for step in range(last - int(seconds // STEP) + 1, last + 1)]
        return Calls(sum(calls.made for calls in steps), sum(calls.failed for calls in steps))

    async def trip(self, feed: str, now: float, probe_at: float, reason: str) -> bool:
        """As `Throttle.trip`."""
        row = await self.row(feed)
        if row.circuit is not Circuit.CLOSED:
            return False
        self._rows[feed] = replace(
            row, circuit=Circuit.OPEN, since=now, opened_at=now, probe_at=probe_at, failed_probes=0, reason=reason
        )
        return True

    async def begin_probe(self, feed: str, now: float, seconds: float, *, early: bool = False) -> bool:
        """As `Throttle.begin_probe`."""
        row = await self.row(feed)
        is_due = row.probe_at <= now or (early and row.circuit is Circuit.OPEN)
        if row.circuit is Circuit.CLOSED or not is_due:
            return False
        self._rows[feed] = replace(row, circuit=Circuit.HALF_OPEN, since=now, probe_at=now + seconds)
        return True

    async def end_probe(self, feed: str, now: float, probe_at: float | None, reason: str = "") -> bool:
        """As `Throttle.end_probe`."""
        row = await self.row(feed)
        if row.circuit is not Circuit.HALF_OPEN:
            return False
        if probe_at is None:
            row = replace(row, circuit=Circuit.CLOSED, since=now, opened_at=0.0, failed_probes=0, reason="")
        else:
            row = replace(
                row,
                circuit=Circuit.OPEN,
                since=now,
                probe_at=probe_at,
                failed_probes=row.failed_probes + 1,
                reason=reason or row.reason,
            )
        self._rows[feed] = row
        return True

    async def enter(self, lane: str, places: int, now: float, until: float) -> int | None:
        """As `Throttle.enter`."""
        free = next((place for place in range(places) if self._places.get((lane, place), 0.0) <= now), None)
        if free is not None:
            self._places[lane, free] = until
        return free

    async def leave(self, lane: str, place: int, until: float) -> None:
        """As `Throttle.leave`."""
        if self._places.get((lane, place)) == until:
            del self._places[lane, place]

    async def row(self, feed: str) -> ThrottleRow:
        """As `Throttle.row`."""
        return self._rows.get(feed, ThrottleRow(feed))
