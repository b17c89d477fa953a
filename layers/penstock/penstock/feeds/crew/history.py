"""A crew member's duties in order of time, and their sums in any window.

Sums come from running totals, so that a year's window costs as much as a day's: two binary searches.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from penstock.feeds.crew.duty import Duty
from penstock.feeds.crew.part117_split import split_credit
from penstock.feeds.crew.times import DAY

KEPT = 400 * DAY
"""How far back a history goes: a window of 12 calendar months, the longest, and a month for what comes late."""

LEAST = 500
"""Duties that are kept however old they are."""

type Quantity = Literal["flight_time", "fdp", "duty"]


class Timeline:
    """Intervals of time that do not overlap, in order."""

    def __init__(self, intervals: Iterable[tuple[int, int]] = ()) -> None:
        self.starts: list[int] = []
        self.ends: list[int] = []
        self._sums = [0]
        for start, end in sorted(intervals):
            self._append(start, end)

    def total(self, begin: int, end: int) -> int:
        """Minutes of [begin, end) that lie in an interval."""
        first, beyond = bisect_right(self.ends, begin), bisect_left(self.starts, end)
        if first >= beyond:
            return 0
        whole = self._sums[beyond] - self._sums[first]
        return whole - max(0, begin - self.starts[first]) - max(0, self.ends[beyond - 1] - end)

    def from_after(self, instant: int) -> Iterator[tuple[int, int]]:
        """The intervals that end after an instant."""
        for at in range(bisect_right(self.ends, instant), len(self.ends)):
            yield self.starts[at], self.ends[at]

    def add(self, intervals: Iterable[tuple[int, int]]) -> None:
        """Puts in intervals. Where they overlap with others, a minute counts once."""
        for start, end in intervals:
            if not self.ends or start >= self.ends[-1]:
                self._append(start, end)
            else:
                self._rebuild([*zip(self.starts, self.ends, strict=True), (start, end)])

    def drop_last(self, intervals: Sequence[tuple[int, int]]) -> bool:
        """Takes out the last intervals if they are these; False if they are not."""
        number = len(intervals)
        last = len(self.starts) - number
        if last < 0 or list(zip(self.starts[last:], self.ends[last:], strict=True)) != intervals:
            return False
        del self.starts[last:], self.ends[last:], self._sums[last + 1 :]
        return True

    def _rebuild(self, intervals: Iterable[tuple[int, int]]) -> None:
        rebuilt = Timeline(intervals)
        self.starts, self.ends, self._sums = rebuilt.starts, rebuilt.ends, rebuilt._sums

    def _append(self, start: int, end: int) -> None:
        if self.ends:
            start = max(start, self.ends[-1])
        if end > start:
            self.starts.append(start)
            self.ends.append(end)
            self._sums.append(self._sums[-1] + end - start)


class History:
    """One crew member's duties that count: accepted ones, each in its latest revision."""

    def __init__(self, duties: Iterable[Duty] = ()) -> None:
        self.restore(duties)

    def restore(self, duties: Iterable[Duty]) -> None:
        """Holds these duties and no others."""
        self.duties = sorted(duties, key=_place)
        self._places = list(map(_place, self.duties))
        self._by_id = {duty.id: duty for duty in self.duties}
        self.timelines: dict[Quantity, Timeline] = {
            "flight_time": self._timeline("flight_time"),
            "fdp": self._timeline("fdp"),
            "duty": self._timeline("duty"),
        }

    def _timeline(self, quantity: Quantity) -> Timeline:
        return Timeline(interval for duty in self.duties for interval in intervals_of(duty, quantity))

    def of_id(self, duty_id: str) -> Duty | None:
        """The duty of that id."""
        return self._by_id.get(duty_id)

    def add(self, duty: Duty) -> None:
        """Puts in a duty whose id is not there."""
        at = bisect_left(self._places, _place(duty))
        self._places.insert(at, _place(duty))
        self.duties.insert(at, duty)
        self._by_id[duty.id] = duty
        for quantity, timeline in self.timelines.items():
            timeline.add(intervals_of(duty, quantity))

    def discard(self, duty_id: str) -> None:
        """Takes out the duty of that id, if it is there."""
        duty = self._by_id.pop(duty_id, None)
        if duty is None:
            return
        at = bisect_left(self._places, _place(duty))
        del self._places[at], self.duties[at]
        for quantity, timeline in self.timelines.items():
            if not timeline.drop_last(intervals_of(duty, quantity)):
                self.timelines[quantity] = self._timeline(quantity)

    def kept(self) -> list[Duty]:
        """The duties to keep: those that end no more than `KEPT` before the last one does. The latest few are kept in
        any case: of a duty with a wrong year, however far ahead, the past must not be forgotten."""
        last = max((duty.release for duty in self.duties), default=0)
        return [duty for duty in self.duties[:-LEAST] if duty.release > last - KEPT] + self.duties[-LEAST:]

    def before(self, duty: Duty) -> Iterator[Duty]:
        """The duties before this one, the latest first."""
        at = bisect_left(self._places, _place(duty))
        while at > 0:
            at -= 1
            yield self.duties[at]

    def after(self, duty: Duty) -> Iterator[Duty]:
        """The duties after this one, in order."""
        for at in range(bisect_right(self._places, _place(duty)), len(self.duties)):
            yield self.duties[at]

    def ids_within(self, begin: int, end: int) -> tuple[str, ...]:
        """The duties that have a part in a window."""
        return tuple(duty.id for duty in self.duties if duty.begin < end and duty.release > begin)


def intervals_of(duty: Duty, quantity: Quantity) -> list[tuple[int, int]]:
    """When a duty adds to a quantity.

    Duty time is report to release, all of an airport standby (ORO.FTL.225(c)), and a quarter of a standby elsewhere
    (CS FTL.1.225(b)(3)), which is put right before report, or at its end if nobody was called. FDP is without a
    split-duty rest that Part 117 lets not count (117.15).
    """
    if quantity == "flight_time":
        return list(duty.flights)
    if quantity == "fdp":
        if duty.far and split_credit(duty).minutes:
            rest_start, rest_end = split_credit(duty).counted
            return [(duty.fdp_start, rest_start), (rest_end, duty.fdp_end)]
        return [(duty.fdp_start, duty.fdp_end)] if duty.flies else []
    if duty.standby in _BY_THE_QUARTER:
        until = duty.standby_end if duty.uncalled else duty.report
        counted = (until - duty.standby_start) // 4 if duty.standby == "other" else 0
        return [(until - counted, max(until, duty.release))]
    return [(duty.duty_start, duty.release)]


_BY_THE_QUARTER = frozenset({"other", "reserve"})
"""Standby that is no duty: elsewhere than at the airport a quarter of it counts, reserve not at all (CS FTL.1.230)."""


def _place(duty: Duty) -> tuple[int, int, str]:
    return duty.begin, duty.release, duty.id
