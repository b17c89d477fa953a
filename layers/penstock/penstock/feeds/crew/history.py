"""A crew member's duties in order of time, and their sums in any window.

Sums come from running totals, so that a year's window costs as much as a day's: two binary searches.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Literal

from penstock.feeds.crew.duty import Duty
from penstock.feeds.crew.part117_split import split_credit
from penstock.feeds.crew.periods import joins, periods
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
                continue
            at = bisect_left(self.starts, start)
            free_from, free_to = self.ends[at - 1] if at else start, self.starts[at] if at < len(self.starts) else end
            if free_from <= start < end <= free_to:
                self._insert(at, start, end)
            elif start < end:
                self._rebuild([*zip(self.starts, self.ends, strict=True), (start, end)])

    def drop(self, intervals: Sequence[tuple[int, int]]) -> bool:
        """Takes out intervals if they are here as they are, one behind the other; False if they are not."""
        if not intervals:
            return True
        first = bisect_left(self.starts, intervals[0][0])
        beyond = first + len(intervals)
        if list(zip(self.starts[first:beyond], self.ends[first:beyond], strict=True)) != intervals:
            return False
        length = self._sums[beyond] - self._sums[first]
        del self.starts[first:beyond], self.ends[first:beyond]
        self._sums[first + 1 :] = [one - length for one in self._sums[beyond + 1 :]]
        return True

    def _insert(self, at: int, start: int, end: int) -> None:
        length = end - start
        self.starts.insert(at, start)
        self.ends.insert(at, end)
        self._sums[at + 1 :] = [one + length for one in self._sums[at:]]

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


class _Line:
    """Activities in order of time."""

    def __init__(self, activities: Iterable[Duty] = ()) -> None:
        self.duties = sorted(activities, key=_place)
        self.places = list(map(_place, self.duties))

    def add(self, duty: Duty) -> None:
        at = bisect_left(self.places, _place(duty))
        self.places.insert(at, _place(duty))
        self.duties.insert(at, duty)

    def discard(self, duty: Duty) -> None:
        at = bisect_left(self.places, _place(duty))
        del self.places[at], self.duties[at]

    def before(self, duty: Duty) -> Iterator[Duty]:
        at = bisect_left(self.places, _place(duty))
        while at > 0:
            at -= 1
            yield self.duties[at]

    def after(self, duty: Duty) -> Iterator[Duty]:
        for at in range(bisect_right(self.places, _place(duty)), len(self.duties)):
            yield self.duties[at]


class History:
    """One crew member's activities that count: accepted ones, each in its latest revision.

    `before`, `after` and the timelines are of duty periods, which are what the rules are about (see `periods`); one is
    mostly a single activity. What is no duty is beside them.
    """

    def __init__(self, activities: Iterable[Duty] = ()) -> None:
        self.restore(activities)

    def restore(self, activities: Iterable[Duty]) -> None:
        """Holds these activities and no others."""
        self._by_id = {one.id: one for one in activities}
        standing = [one for one in self._by_id.values() if not one.withdrawn]
        self._line = _Line(one for one in standing if not one.beside)
        self._beside = _Line(one for one in standing if one.beside)
        self._free = self._free_time()
        whole = periods(self._line.duties)
        self._periods = _Line()
        self._periods.duties = [period for period, _ in whole]
        self._periods.places = [_place(period) for period, _ in whole]
        self._parts = {period.id: parts for period, parts in whole if len(parts) > 1}
        self._rules = Counter((one.regulation, one.zone) for one in self._line.duties)
        self.timelines: dict[Quantity, Timeline] = {
            "flight_time": self._timeline("flight_time"),
            "fdp": self._timeline("fdp"),
            "duty": self._timeline("duty"),
        }

    def _timeline(self, quantity: Quantity) -> Timeline:
        return Timeline(interval for period in self.duties for interval in intervals_of(period, quantity))

    def _free_time(self) -> Timeline:
        return Timeline((one.begin, one.release) for one in self._beside.duties if one.free)

    @property
    def duties(self) -> Sequence[Duty]:
        """The duty periods in order of time."""
        return self._periods.duties

    @property
    def activities(self) -> list[Duty]:
        """All that is known, in no order: what is withdrawn, and what is no duty, as well."""
        return list(self._by_id.values())

    @property
    def governed(self) -> Iterable[tuple[str, str]]:
        """The regulations that duties here are under, with the reference zones that these go by."""
        return self._rules.keys()

    def of_id(self, duty_id: str) -> Duty | None:
        """The activity of that id."""
        return self._by_id.get(duty_id)

    def add(self, duty: Duty) -> Duty:
        """Puts in an activity whose id is not there; gives the duty period that it is in, itself if it is in none."""
        self._by_id[duty.id] = duty
        if duty.withdrawn:
            return duty
        if duty.beside:
            self._beside.add(duty)
            if duty.free:
                self._free.add([(duty.begin, duty.release)])
            return duty
        self._line.add(duty)
        self._rules[duty.regulation, duty.zone] += 1
        at = bisect_left(self._periods.places, _place(duty))
        # One between the activities of a period may part them.
        before = at > 0 and (self.duties[at - 1].release > duty.begin or joins(self.duties[at - 1], duty))
        if before or (at < len(self.duties) and joins(duty, self.parts(self.duties[at])[0])):
            self._put_together(at - before, sorted([*(self._take_out(at - 1) if before else ()), duty], key=_place))
            return self.duties[self._at(duty)]
        self._put_in(duty, [duty])
        return duty

    def discard(self, duty_id: str) -> None:
        """Takes out the activity of that id, if it is there."""
        duty = self._by_id.pop(duty_id, None)
        if duty is None or duty.withdrawn:
            return
        if duty.beside:
            self._beside.discard(duty)
            if duty.free and not self._free.drop([(duty.begin, duty.release)]):
                self._free = self._free_time()
            return
        at = self._at(duty)
        self._line.discard(duty)
        self._rules -= Counter({(duty.regulation, duty.zone): 1})
        left = [one for one in self._take_out(at) if one.id != duty_id]
        joint = 0 < at < len(self.duties) and joins(self.duties[at - 1], self.parts(self.duties[at])[0])
        if left or joint:
            before = at > 0
            self._put_together(at - before, [*(self._take_out(at - 1) if before else ()), *left])

    def _at(self, duty: Duty) -> int:
        """Where the period is that an activity is in."""
        at = bisect_right(self._periods.places, duty.begin, key=itemgetter(0)) - 1
        while at >= 0 and not any(one.id == duty.id for one in self.parts(self.duties[at])):
            at -= 1
        return at

    def parts(self, period: Duty) -> Sequence[Duty]:
        """The activities of a duty period."""
        return self._parts.get(period.id) or (period,)

    def named(self, ids: Iterable[str]) -> tuple[str, ...]:
        """These periods' ids, as those of all activities in them."""
        if not self._parts:
            return tuple(ids)
        named = (one.id for name in ids for one in self._parts.get(name) or (self._by_id.get(name),) if one)
        return tuple(dict.fromkeys(named))

    def _put_together(self, at: int, loose: list[Duty]) -> None:
        """Makes periods of loose activities, from the place `at` on, and of those behind that go on with them."""
        made = periods(loose)
        while made and at < len(self.duties) and joins(made[-1][0], self.parts(self.duties[at])[0]):
            loose = sorted([*loose, *self._take_out(at)], key=_place)
            made = periods(loose)
        for period, parts in made:
            self._put_in(period, parts)

    def _put_in(self, period: Duty, parts: list[Duty]) -> None:
        self._periods.add(period)
        if len(parts) > 1:
            self._parts[period.id] = parts
        for quantity, timeline in self.timelines.items():
            timeline.add(intervals_of(period, quantity))

    def _take_out(self, at: int) -> list[Duty]:
        """Takes out a period; gives the activities it was made of."""
        period = self.duties[at]
        self._periods.discard(period)
        for quantity, timeline in self.timelines.items():
            if not timeline.drop(intervals_of(period, quantity)):
                self.timelines[quantity] = self._timeline(quantity)
        return list(self._parts.pop(period.id, (period,)))

    def kept(self) -> list[Duty]:
        """The activities to keep: those that end no more than `KEPT` before the last one does. The latest few are kept
        in any case: of a duty with a wrong year, however far ahead, the past must not be forgotten."""
        known = sorted(self._by_id.values(), key=_place)
        last = max((duty.release for duty in known), default=0)
        return [duty for duty in known[:-LEAST] if duty.release > last - KEPT] + known[-LEAST:]

    def before(self, duty: Duty) -> Iterator[Duty]:
        """The duty periods before this one, the latest first."""
        return self._periods.before(duty)

    def after(self, duty: Duty) -> Iterator[Duty]:
        """The duty periods after this one, in order."""
        return self._periods.after(duty)

    def beside_before(self, duty: Duty) -> Iterator[Duty]:
        """What began before this one and is no duty: reserve and free time, the latest first."""
        return self._beside.before(duty)

    def overlapping(self, duty: Duty) -> list[Duty]:
        """What an activity, which is not in the history, cannot be beside. A reserve that is no duty can be beside
        all."""
        if duty.beside and not duty.free:
            return []
        before, after = next(self._line.before(duty), None), next(self._line.after(duty), None)
        found = [before] if before and before.release > duty.begin else []
        if after and after.begin < duty.release:
            found.append(after)
        if not duty.free and self._free.total(duty.begin, duty.release):
            found += [one for one in self._beside.duties if one.free and _overlap(one, duty)]
        return found

    def has_within(self, begin: int, end: int, regulation: str, zone: str | None = None) -> bool:
        """Whether a duty period under a regulation, by this reference zone or any, has a part in a window."""
        at = bisect_left(self._periods.places, (end,))
        while at > 0 and (one := self.duties[at - 1]).release > begin:
            if one.regulation == regulation and zone in (None, one.zone):
                return True
            at -= 1
        return False

    def ids_within(self, begin: int, end: int) -> tuple[str, ...]:
        """The duty periods that have a part in a window."""
        return tuple(duty.id for duty in self.duties if duty.begin < end and duty.release > begin)


def _overlap(one: Duty, other: Duty) -> bool:
    return one.begin < other.release and other.begin < one.release


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
