"""The throttle of a destination: how fast calls may go through, and whether any may; and the places at a lane. All
workers share it.

    circuit    closed ─► open ─► half-open ─► closed
                           ▲         │
                           └─────────┘ the probe failed

The rate is a *line*: until when the destination's time is booked. Whoever is about to call books the next stretch of
it, so no two workers ever have the same seconds. The *pace* stretches every booking for a while after the destination
has said that calls come too fast.

A *place* is for one worker at a time: of a feed with lanes, none has more workers than it has places.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Circuit(StrEnum):
    """Whether calls may go through: all, none, or a probe's."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class ThrottleRow:
    """A destination's row. Times are seconds since the epoch. `since` is when the circuit came to be as it is. Of one
    that is not closed, `opened_at` is when it was last, whatever was probed since, and `reason` what opened it; from
    `probe_at` on an open circuit is to be probed, and until then a half-open one is being so. `pace` is how many times
    slower than allowed calls go until `paced_until`."""

    feed: str
    booked_until: float = 0.0
    pace: float = 1.0
    paced_until: float = 0.0
    circuit: Circuit = Circuit.CLOSED
    since: float = 0.0
    opened_at: float = 0.0
    probe_at: float = 0.0
    failed_probes: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls of a while, and those of them that failed."""

    made: int = 0
    failed: int = 0


class Throttle(Protocol):
    """The port. Any call may raise Transient; doing it again does no harm. `feed` names a destination: a feed, or a
    lane, "tower/north", that has one of its own."""

    async def book(
        self, feed: str, costs: Sequence[float], now: float, horizon: float, *, probing: bool = False
    ) -> list[float]:
        """Books the destination's time for calls of `costs` seconds each, one after the other; when each begins, now or
        later. Where all of them would not begin within `horizon` seconds, only the first is booked.

        Raises:
            BookedOut: not even the first would; nothing was booked.
            CircuitOpen: no call may go through, unless it is the probe's.
        """
        ...

    async def slow_down(self, feed: str, now: float, seconds: float) -> float:
        """Has calls go twice as slowly for `seconds` from now; the pace as it is then. Calls that were made at the same
        time slow down together: it is doubled once a second at most, and is never above `SLOWEST`."""
        ...

    async def count(self, feed: str, now: float, calls: Calls) -> None:
        """Adds to the calls of these seconds."""
        ...

    async def counted(self, feed: str, now: float, seconds: float) -> Calls:
        """The calls of the last `seconds`, in steps of ten."""
        ...

    async def trip(self, feed: str, now: float, probe_at: float, reason: str) -> bool:
        """closed → open. False where it was not closed."""
        ...

    async def begin_probe(self, feed: str, now: float, seconds: float, *, early: bool = False) -> bool:
        """open → half-open for `seconds`, once it is time, or `early`; also where an earlier probe was never ended.
        False where there is nothing to probe, or another does."""
        ...

    async def end_probe(self, feed: str, now: float, probe_at: float | None, reason: str = "") -> bool:
        """half-open → closed, or → open again until `probe_at`. False where it was not half-open."""
        ...

    async def enter(self, lane: str, places: int, now: float, until: float) -> int | None:
        """Takes one of the lane's so many places, which is free again at `until` if nobody leaves it before: its
        number, from 0. None where all are taken."""
        ...

    async def leave(self, lane: str, place: int, until: float) -> None:
        """Gives a place back that was taken until then; one that is another's by now stays his."""
        ...

    async def row(self, feed: str) -> ThrottleRow:
        """The destination's row, consistently read; a new one where nothing was ever called."""
        ...


STEP = 10  #: seconds; calls are counted by steps
SLOWEST = 16.0  #: times slower, at most
