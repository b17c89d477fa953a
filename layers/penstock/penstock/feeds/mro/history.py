"""What is wrong with a record beside the others of the same component, and for the operator.

A component's records are put in order of their days: those that are known first of all, then each new one in its place,
where it is compared with the nearest before and after it. Known records are taken to be right, and a new one that is
not is passed over when the next is compared: one wrong record makes no other wrong.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal

from penstock.feeds.feed import Known, Record
from penstock.feeds.mro.policy import Policy
from penstock.feeds.mro.rules import NO_SERIAL, day_of, last_day_of
from penstock.model.findings import Finding, Severity

KEPT = 200  #: events of one component that are remembered, the latest
_BORN_AGAIN = "REBUILT"
_LIFE = "14 CFR 43.10(c)(1)"


@dataclass(frozen=True, slots=True)
class Event:
    """A removal or an installation, as far as others are compared with it. `day` is ISO 8601, `hours` a decimal."""

    day: str
    event: str
    id: str
    hours: str | None = None
    cycles: int | None = None
    registration: str | None = None
    temporary: bool = False
    rebuilt: bool = False

    @property
    def place(self) -> tuple[str, bool, str]:
        """Where it stands among the others; of one day, what came off before what was put on."""
        return self.day, self.event == "installation", self.id

    @property
    def is_installation(self) -> bool:
        """Whether the component is on an aircraft from now on."""
        return self.event == "installation"


def event_of(record: Record) -> Event:
    """What is compared of a record. Its id is its event and day, so that a corrected record, or the one of a corrected
    certificate, takes the place of the wrong one."""
    event, day = record.get("event", "removal"), day_of(record).isoformat()
    hours = record.get("hours_since_new")
    return Event(
        day,
        event,
        f"{event} {day}",
        None if hours is None else str(hours),
        record.get("cycles_since_new"),
        record.get("registration"),
        bool(record.get("temporary")),
        record["cert_status"] == _BORN_AGAIN and not record.get("life_limited"),
    )


def to_history(record: Record) -> Known:
    """What is remembered of a record; of one without a serial number nothing, as it says not whose history it is."""
    if record["component_sn"] == NO_SERIAL:
        return Known("", None)
    event = event_of(record)
    # Not by equality: 0 cycles are told, and equal False.
    told = {name: value for name, value in asdict(event).items() if value is not None and value is not False}
    return Known(event.id, told)


def prune(known: Sequence[Known]) -> Sequence[Known]:
    """The latest events; the gaps between older ones are too old to matter."""
    return sorted((one for one in known if one.kept), key=lambda one: Event(**one.kept).place)[-KEPT:]


def examine(records: Sequence[Record], known: Sequence[Known], policy: Policy) -> list[list[Finding]]:
    """The findings of each of one component's records."""
    found = [list(_by_policy(record, policy)) for record in records]
    timeline = sorted((Event(**one.kept) for one in known if one.kept), key=lambda event: event.place)
    events = {at: event_of(one) for at, one in enumerate(records) if one["component_sn"] != NO_SERIAL}
    # By all that is compared: of two with one id it is always the same that counts as the other's correction.
    for at in sorted(events, key=lambda at: (events[at].place, repr(events[at]))):
        event = events[at]
        others = [other for other in timeline if other.id != event.id]
        findings = list(_beside(records[at], event, others))
        found[at] += findings
        if not any(finding.severity is Severity.HARD for finding in findings):
            insort(others, event, key=lambda other: other.place)
            timeline = others
    return found


def _by_policy(record: Record, policy: Policy) -> Iterator[Finding]:
    confidence = record.get("ocr_confidence")
    if confidence is not None and confidence < policy.ocr_threshold:
        yield UNSURE
    if (last_day_of(record) - day_of(record)).days > policy.late_after_days:
        yield LATE


def _beside(record: Record, event: Event, timeline: Sequence[Event]) -> Iterator[Finding]:
    at = bisect_left(timeline, event.place, key=lambda other: other.place)
    before, after = timeline[:at], timeline[at:]
    yield from _times(event, before, after)
    if before:
        yield from _reconciled(record, event, before[-1])


def _times(event: Event, before: Sequence[Event], after: Sequence[Event]) -> Iterator[Finding]:
    """Hours and cycles since new never fall, and hours rise no faster than time goes by. A rebuilt component begins
    anew (14 CFR 91.421); one that is life-limited does not."""
    earlier = before[:0] if event.rebuilt else _since_rebuilt(before)
    later = _until_rebuilt(after)
    for code, of in ((HOURS_FALL, _hours), (CYCLES_FALL, _cycles)):
        own = of(event)
        below = next((of(other) for other in reversed(earlier) if of(other) is not None), None)
        above = next((of(other) for other in later if of(other) is not None), None)
        if own is not None and ((below is not None and own < below) or (above is not None and own > above)):
            yield code
    for first, then in ((_last_with_hours(earlier), event), (event, _last_with_hours(later[::-1]))):
        if first and then and _rises_too_fast(first, then):
            yield TOO_FAST
            break


def _since_rebuilt(before: Sequence[Event]) -> Sequence[Event]:
    """What came before in the life that the component is in."""
    begun = max((at for at, other in enumerate(before) if other.rebuilt), default=0)
    return before[begun:]


def _until_rebuilt(after: Sequence[Event]) -> Sequence[Event]:
    ends = next((at for at, other in enumerate(after) if other.rebuilt), len(after))
    return after[:ends]


def _last_with_hours(events: Sequence[Event]) -> Event | None:
    return next((other for other in reversed(events) if other.hours is not None), None)


def _hours(event: Event) -> Decimal | None:
    return None if event.hours is None else Decimal(event.hours)


def _cycles(event: Event) -> Decimal | None:
    return None if event.cycles is None else Decimal(event.cycles)


def _rises_too_fast(first: Event, then: Event) -> bool:
    begin, end = _hours(first), _hours(then)
    if begin is None or end is None:
        return False
    days = (date.fromisoformat(then.day) - date.fromisoformat(first.day)).days
    return end - begin > 24 * (days + 1)


def _reconciled(record: Record, event: Event, last: Event) -> Iterator[Finding]:
    """A component is removed from where it was installed, and installed where it is not on another aircraft already; in
    between it flies no hours."""
    elsewhere = None not in (event.registration, last.registration) and event.registration != last.registration
    if not event.is_installation:
        if last.is_installation and elsewhere:
            yield REMOVED_ELSEWHERE
        elif not last.is_installation:
            yield REMOVED_TWICE
        return
    if last.is_installation:
        yield INSTALLED_TWICE
        return
    if record["removal_date"].isoformat() != last.day:
        yield ANOTHER_REMOVAL
    grew = _grew(last, event)
    if last.temporary and (elsewhere or grew):
        yield NOT_TEMPORARY
    elif grew and not event.rebuilt:
        yield TIME_OFF_AIRCRAFT


def _grew(first: Event, then: Event) -> bool:
    pairs = ((_hours(first), _hours(then)), (_cycles(first), _cycles(then)))
    return any(begin is not None and end is not None and end > begin for begin, end in pairs)


def _finding(code: str, field: str, message: str, rule: str | None, severity: Severity = Severity.SOFT) -> Finding:
    return Finding(f"mro.{code}", message, field, severity, rule)


UNSURE = _finding(
    "ocr_confidence",
    "ocr_confidence",
    "the record was read from paper with less confidence than the operator demands; somebody must look at it",
    "the operator's policy, ocr_threshold",
)
LATE = _finding(
    "late",
    "removal_date",
    "the record's last date is much later than what it tells of; is the year right?",
    "the operator's policy, late_after_days",
)
HOURS_FALL = _finding(
    "hours_fall",
    "hours_since_new",
    "the component had more hours since new at an earlier event, or has fewer at a later one",
    _LIFE,
    Severity.HARD,
)
CYCLES_FALL = _finding(
    "cycles_fall",
    "cycles_since_new",
    "the component had more cycles since new at an earlier event, or has fewer at a later one",
    _LIFE,
    Severity.HARD,
)
TOO_FAST = _finding(
    "hours_rise_too_fast",
    "hours_since_new",
    "between two events of the component its hours rose by more than 24 a day",
    None,
    Severity.HARD,
)
REMOVED_TWICE = _finding(
    "removed_twice",
    "removal_date",
    "the component was removed before, and nobody told of an installation since",
    None,
    Severity.INFO,
)
REMOVED_ELSEWHERE = _finding(
    "removed_elsewhere",
    "registration",
    "the component was installed on another aircraft before",
    None,
)
INSTALLED_TWICE = _finding(
    "installed_twice",
    "installation_date",
    "the component was installed before, and nobody told of a removal since",
    None,
)
ANOTHER_REMOVAL = _finding(
    "another_removal", "removal_date", "the removal that is known of the component was on another day", None
)
NOT_TEMPORARY = _finding(
    "not_temporary",
    "temporary",
    "a removal that was told to be temporary ended on another aircraft, or with another life status: it was none",
    "14 CFR 43.10(b)",
)
TIME_OFF_AIRCRAFT = _finding(
    "time_off_aircraft",
    "hours_since_new",
    "the component has more hours or cycles than when it was removed, and was not installed in between",
    None,
)

FINDINGS = (
    UNSURE,
    LATE,
    HOURS_FALL,
    CYCLES_FALL,
    TOO_FAST,
    REMOVED_TWICE,
    REMOVED_ELSEWHERE,
    INSTALLED_TWICE,
    ANOTHER_REMOVAL,
    NOT_TEMPORARY,
    TIME_OFF_AIRCRAFT,
)
