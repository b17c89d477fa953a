"""What is wrong with an event beside the others of the same component: hours and cycles that fall or rise too fast, and
removals and installations that do not follow each other."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from penstock.feeds.mro.history import Event
from penstock.feeds.rules import Casebook, Record
from penstock.model.findings import Severity

_LIFE = "14 CFR 43.10(c)(1)"

type _Quantity = Callable[[Event], Decimal | None]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """An event, its record, and the events of its component before and after it, in order. A rebuilt component begins
    anew (14 CFR 91.421), one that is life-limited does not: `earlier` and `later` are those of the same life."""

    record: Record
    event: Event
    before: Sequence[Event]
    earlier: Sequence[Event]
    later: Sequence[Event]

    @property
    def last(self) -> Event | None:
        """The nearest event before it."""
        return self.before[-1] if self.before else None

    @property
    def elsewhere(self) -> bool:
        """Whether the last event was on another aircraft, as far as both say on which."""
        last = self.last
        said = last is not None and None not in (self.event.registration, last.registration)
        return said and last is not None and self.event.registration != last.registration

    @property
    def grew(self) -> bool:
        """Whether its hours or cycles are more than at the last event."""
        last = self.last
        if last is None:
            return False
        pairs = ((_hours(last), _hours(self.event)), (_cycles(last), _cycles(self.event)))
        return any(begin is not None and end is not None and end > begin for begin, end in pairs)

    @property
    def was_removed(self) -> bool:
        """Whether it is an installation of what was removed last."""
        return self.event.is_installation and self.last is not None and not self.last.is_installation


def neighbours_of(record: Record, event: Event, timeline: Sequence[Event]) -> Neighbours:
    """An event in its place among those that are known, in order."""
    at = bisect_left(timeline, event.place, key=lambda other: other.place)
    before, after = timeline[:at], timeline[at:]
    earlier = before[:0] if event.rebuilt else _since_rebuilt(before)
    return Neighbours(record, event, before, earlier, _until_rebuilt(after))


def _since_rebuilt(before: Sequence[Event]) -> Sequence[Event]:
    """What came before in the life that the component is in."""
    begun = max((at for at, other in enumerate(before) if other.rebuilt), default=0)
    return before[begun:]


def _until_rebuilt(after: Sequence[Event]) -> Sequence[Event]:
    ends = next((at for at, other in enumerate(after) if other.rebuilt), len(after))
    return after[:ends]


RULES = Casebook[Neighbours]("mro")


@RULES.rule(
    "hours_fall",
    "hours_since_new",
    "the component had more hours since new at an earlier event, or has fewer at a later one",
    _LIFE,
)
def _hours_fall(one: Neighbours) -> bool:
    return _falls(one, _hours)


@RULES.rule(
    "cycles_fall",
    "cycles_since_new",
    "the component had more cycles since new at an earlier event, or has fewer at a later one",
    _LIFE,
)
def _cycles_fall(one: Neighbours) -> bool:
    return _falls(one, _cycles)


def _falls(one: Neighbours, of: _Quantity) -> bool:
    own = of(one.event)
    below = next((of(other) for other in reversed(one.earlier) if of(other) is not None), None)
    above = next((of(other) for other in one.later if of(other) is not None), None)
    return own is not None and ((below is not None and own < below) or (above is not None and own > above))


@RULES.rule(
    "hours_rise_too_fast",
    "hours_since_new",
    "between two events of the component its hours rose by more than 24 a day",
)
def _hours_rise_too_fast(one: Neighbours) -> bool:
    pairs = ((_last_with_hours(one.earlier), one.event), (one.event, _last_with_hours(one.later[::-1])))
    return any(first and then and _rises_too_fast(first, then) for first, then in pairs)


def _last_with_hours(events: Sequence[Event]) -> Event | None:
    return next((other for other in reversed(events) if other.hours is not None), None)


def _rises_too_fast(first: Event, then: Event) -> bool:
    begin, end = _hours(first), _hours(then)
    if begin is None or end is None:
        return False
    days = (date.fromisoformat(then.day) - date.fromisoformat(first.day)).days
    return end - begin > 24 * (days + 1)


@RULES.rule(
    "removed_twice",
    "removal_date",
    "the component was removed before, and nobody told of an installation since",
    severity=Severity.INFO,
)
def _removed_twice(one: Neighbours) -> bool:
    return not one.event.is_installation and one.last is not None and not one.last.is_installation


@RULES.rule(
    "removed_elsewhere",
    "registration",
    "the component was installed on another aircraft before",
    severity=Severity.SOFT,
)
def _removed_elsewhere(one: Neighbours) -> bool:
    return not one.event.is_installation and one.last is not None and one.last.is_installation and one.elsewhere


@RULES.rule(
    "installed_twice",
    "installation_date",
    "the component was installed before, and nobody told of a removal since",
    severity=Severity.SOFT,
)
def _installed_twice(one: Neighbours) -> bool:
    return one.event.is_installation and one.last is not None and one.last.is_installation


@RULES.rule(
    "another_removal",
    "removal_date",
    "the removal that is known of the component was on another day",
    severity=Severity.SOFT,
)
def _another_removal(one: Neighbours) -> bool:
    return one.was_removed and one.last is not None and one.record["removal_date"].isoformat() != one.last.day


@RULES.rule(
    "not_temporary",
    "temporary",
    "a removal that was told to be temporary ended on another aircraft, or with another life status: it was none",
    "14 CFR 43.10(b)",
    severity=Severity.SOFT,
)
def _not_temporary(one: Neighbours) -> bool:
    temporary = one.last is not None and one.last.temporary
    return one.was_removed and temporary and (one.elsewhere or one.grew)


@RULES.rule(
    "time_off_aircraft",
    "hours_since_new",
    "the component has more hours or cycles than when it was removed, and was not installed in between",
    severity=Severity.SOFT,
)
def _time_off_aircraft(one: Neighbours) -> bool:
    return one.was_removed and one.grew and not one.event.rebuilt and not _not_temporary(one)


def _hours(event: Event) -> Decimal | None:
    return None if event.hours is None else Decimal(event.hours)


def _cycles(event: Event) -> Decimal | None:
    return None if event.cycles is None else Decimal(event.cycles)
