"""The rules of an operator's policy, but for sums in windows, which are in `cumulative`.

Each cites the manual's paragraph, and the policy's edition.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from operator import attrgetter

from penstock.feeds.crew import part117
from penstock.feeds.crew.acclimatisation import zone_of
from penstock.feeds.crew.activities import FLIGHT_DUTY
from penstock.feeds.crew.airports import same_airport
from penstock.feeds.crew.clauses import Breach, Clause
from penstock.feeds.crew.duty import Duty, Times, arrived_at, is_flown, is_operated
from penstock.feeds.crew.easa_rest import is_early_start, is_night_duty
from penstock.feeds.crew.history import History
from penstock.feeds.crew.policy import (
    COUNTS,
    Award,
    Curfew,
    Policy,
    PolicyLimit,
    Recency,
    RequiredQualification,
    TurnRound,
)
from penstock.feeds.crew.times import DAY, HOUR, clock, hours, local, midnight, text_of, within_daily
from penstock.feeds.feed import Record

_FIELDS = {
    "duty": "release_at",
    "sectors": "sectors",
    "flight_time": "flight_time_minutes",
    "fdp": "fdp_end_at",
}
_UNITS = {"sectors": "sectors", "consecutive_days": "days", "days_off": "days", **dict.fromkeys(COUNTS, "duties")}
_EPOCH = date(1970, 1, 1)

type _Flown = Sequence[tuple[int, Record, Times]]
"""The sectors that are flown, with their numbers and times."""


def limit_clause(one: PolicyLimit, policy: Policy) -> Clause:
    """A policy's limit as it is cited."""
    return Clause(
        f"crew.policy.{one.code}",
        _FIELDS.get(one.measure, "report_at"),
        one.source,
        f"the operator's limit on {one.measure.replace('_', ' ')}",
        one.severity,
        _UNITS.get(one.measure, "minutes"),
        one.measure in ("rest_before", "days_off"),
        policy.edition or None,
    )


def of_a_record(record: Record, times: Sequence[Times], duty: Duty, policy: Policy) -> list[Breach]:
    """What a record breaks by its own sectors and days: qualifications, curfews, turn-rounds, awards."""
    sectors: Sequence[Record] = record.get("sectors") or ()
    flown = [
        (number, sector, of)
        for number, (sector, of) in enumerate(zip(sectors, times, strict=True), 1)
        if is_flown(sector)
    ]
    found: list[Breach] = []
    for needed in policy.qualifications:
        found += _qualification(record, flown, duty, needed, policy)
    for curfew in policy.curfews:
        found += _curfew(flown, duty, curfew, policy)
    for turn_round in policy.turn_rounds:
        found += _turn_round(flown, duty, turn_round, policy)
    for award in policy.awards:
        found += _award(duty, award, policy)
    return found


type _Rule = RequiredQualification | Recency | Curfew | TurnRound | Award


def _clause(one: _Rule, policy: Policy, field: str, demands: str, unit: str = "minutes") -> Clause:
    code = f"crew.policy.{one.code}"
    return Clause(code, field, one.source, demands, one.severity, unit, True, policy.edition or None)


def _qualification(
    record: Record, flown: _Flown, duty: Duty, one: RequiredQualification, policy: Policy
) -> list[Breach]:
    held = {each["code"] for each in record.get("qualifications") or ()}
    if one.qualification in held or one.role not in (None, duty.role or one.role):
        return []
    asking = [f"sector {number}" for number, sector, _ in flown if is_operated(sector) and _asks(sector, one)]
    if not record.get("sectors") and _may_ask(duty, one):
        asking = [f"the {duty.activity.replace('_', ' ')}"]
    if not asking:
        return []
    clause = _clause(one, policy, "qualifications", "the operator's qualification")
    message = f"{asking[0]} asks for {one.qualification}, which is not among the qualifications; assign someone else"
    return [clause.breach(message, (duty.id,))]


def _may_ask(duty: Duty, one: RequiredQualification) -> bool:
    """A flight duty without a word of its sectors may have any; who stands by needs what every flight asks for."""
    stands_by = bool(duty.standby) and not duty.beside
    return duty.activity == FLIGHT_DUTY or (stands_by and not (one.aircraft_type or one.airport or one.route))


def _asks(sector: Record, one: RequiredQualification) -> bool:
    """Where a record does not tell the type, it may be the one."""
    if one.aircraft_type and (sector.get("aircraft_type") or one.aircraft_type) != one.aircraft_type:
        return False
    ends = sector["origin"], arrived_at(sector) or sector["destination"]
    if one.airport and all(same_airport(end, one.airport) is False for end in ends):
        return False
    return not one.route or any(
        all(same_airport(end, there) is not False for end, there in zip(ends, route, strict=True))
        for route in (one.route, one.route[::-1])
    )


def _curfew(flown: _Flown, duty: Duty, one: Curfew, policy: Policy) -> list[Breach]:
    """A movement without a time may have been at any of the duty, and one at an airport that no table has may have been
    there."""
    zone = zone_of(one.airport)
    clause = _clause(one, policy, "sectors", "the airport's curfew")
    closed = _minute_of_day(one.begins), _minute_of_day(one.ends)
    closed = closed if closed[0] < closed[1] else (closed[0], closed[1] + DAY)
    found: list[Breach] = []
    for number, sector, times in flown:
        for what, place, instant in _movements(sector, times, one):
            first, last = (duty.report, duty.release) if instant is None else (instant, instant)
            if same_airport(place, one.airport) is False:
                continue
            if not within_daily(local(zone, first), local(zone, last) + 1, *closed):
                continue
            when = "no known time" if instant is None else f"{clock(local(zone, instant))} of its clock"
            message = (
                f"sector {number} ({sector['flight']}): {what} at {place or one.airport} at {when},"
                f" {one.begins} to {one.ends} is closed"
            )
            found.append(clause.breach(message, (duty.id,)))
    return found


def _movements(sector: Record, times: Times, one: Curfew) -> Iterator[tuple[str, str, int | None]]:
    """Takeoff and landing, by block times where there are no others; None where there are none at all."""
    (out, off, on, into), (actual_out, actual_off, actual_on, actual_in), _ = times
    if one.takeoffs:
        takeoff = next((time for time in (actual_off, actual_out, off, out) if time is not None), None)
        yield "takeoff", sector["origin"], takeoff
    if one.landings:
        landing = next((time for time in (actual_on, actual_in, on, into) if time is not None), None)
        yield "landing", arrived_at(sector), landing


def _minute_of_day(time: str) -> int:
    return int(time[:2]) * HOUR + int(time[3:])


def _turn_round(flown: _Flown, duty: Duty, one: TurnRound, policy: Policy) -> list[Breach]:
    """Two sectors whose registrations are not told may be flown with one tail."""
    clause = _clause(one, policy, "sectors", "the operator's turn-round")
    found: list[Breach] = []
    for (_, before, of_before), (number, sector, of) in pairwise(flown):
        tails = {one for one in (before.get("registration"), sector.get("registration")) if one}
        there = arrived_at(before)
        if len(tails) > 1 or not (of.block and of_before.block):
            continue
        tail = next(iter(tails), "what may be the same aircraft")
        if one.airport and same_airport(sector["origin"], one.airport) is False:
            continue
        if one.aircraft_type and sector.get("aircraft_type") not in (None, one.aircraft_type):
            continue
        if there and same_airport(there, sector["origin"]) is False:
            message = f"{tail} arrives at {there} and leaves from {sector['origin']} with sector {number}; one is wrong"
            found.append(clause.breach(message, (duty.id,)))
        ground = of.block[0] - of_before.block[1]
        if ground < one.minutes:
            message = f"{tail} has {hours(ground)} on blocks before sector {number}; {hours(one.minutes)} are demanded"
            found.append(clause.breach(message, (duty.id,), one.minutes, ground))
    return found


def _award(duty: Duty, one: Award, policy: Policy) -> list[Breach]:
    if duty.crew != one.crew_id or duty.beside:
        return []
    first, last = ((day - _EPOCH) // timedelta(days=1) for day in (one.first_day, one.last_day))
    if duty.release <= midnight(duty.zone, first) or duty.begin >= midnight(duty.zone, last + 1):
        return []
    clause = _clause(one, policy, "report_at", "what was awarded")
    message = f"{one.first_day} to {one.last_day} was awarded as free of duty; assign someone else"
    return [clause.breach(message, (duty.id,))]


def of_a_duty(duty: Duty, policy: Policy) -> list[Breach]:
    """The limits of one duty by itself."""
    found: list[Breach] = []
    for one in policy.limits:
        if one.window_hours is None and one.measure in _MEASURED and one.regulation in (None, duty.regulation):
            actual = _MEASURED[one.measure](duty)
            if actual > one.limit:
                figures = _figures(actual, one)
                message = f"the operator's limit on {one.measure.replace('_', ' ')}: {figures}"
                found.append(limit_clause(one, policy).breach(message, (duty.id,), one.limit, actual))
    return found


def _fdp(duty: Duty) -> int:
    return part117.fdp_length(duty) if duty.far else duty.fdp_end - duty.fdp_start


_MEASURED: Mapping[str, Callable[[Duty], int]] = {
    "fdp": _fdp,
    "flight_time": attrgetter("flight_time"),
    "sectors": attrgetter("sectors"),
    "duty": lambda duty: duty.release - duty.duty_start,
}


def _figures(actual: int, one: PolicyLimit) -> str:
    if _UNITS.get(one.measure):
        return f"{actual} of at {'least' if one.measure == 'days_off' else 'most'} {one.limit}"
    return f"{hours(actual)} of {hours(one.limit)}"


def among_others(history: History, duty: Duty, policy: Policy) -> list[Breach]:
    """The limits on what is before a duty of the history."""
    found: list[Breach] = []
    for one in policy.limits:
        if one.regulation not in (None, duty.regulation):
            continue
        if one.measure == "rest_before":
            found += _rest(history, duty, one, policy)
        elif one.measure in COUNTS:
            found += _count(history, duty, one, policy)
        elif one.measure in ("consecutive_days", "days_off"):
            found += _days(history, duty, one, policy)
    for recency in policy.recency:
        found += _recency(history, duty, recency, policy)
    return found


def _rest(history: History, duty: Duty, one: PolicyLimit, policy: Policy) -> list[Breach]:
    before = next(history.before(duty), None)
    if before is None or duty.begin - before.release >= one.limit:
        return []
    rest = duty.begin - before.release
    message = f"{hours(rest)} of rest, the operator's minimum is {hours(one.limit)}"
    return [limit_clause(one, policy).breach(message, (before.id, duty.id), one.limit, rest)]


def _count(history: History, duty: Duty, one: PolicyLimit, policy: Policy) -> list[Breach]:
    """Early starts and night duties (ORO.FTL.105(8)) that begin within a window that ends with this duty."""

    def counts(of: Duty) -> bool:
        return is_early_start(of, policy) if one.measure == "early_starts" else is_night_duty(of)

    if not counts(duty):
        return []
    ids = [duty.id]
    for before in history.before(duty):
        if before.begin <= duty.begin - (one.window_hours or 0) * HOUR:
            break
        if counts(before):
            ids.append(before.id)
    if len(ids) <= one.limit:
        return []
    of = one.measure.replace("_", " ")
    message = f"the operator's limit on {of} in {one.window_hours} hours: {_figures(len(ids), one)}"
    return [limit_clause(one, policy).breach(message, tuple(reversed(ids)), one.limit, len(ids))]


def _days(history: History, duty: Duty, one: PolicyLimit, policy: Policy) -> list[Breach]:
    """Local days of the reference zone: those in a row up to a duty's last one that have a duty in them, or those that
    have none in a window that ends with it."""
    last = duty.local(duty.release - 1) // DAY
    most = one.limit + 1 if one.measure == "consecutive_days" else (one.window_hours or 0) // 24
    busy, ids = set[int](), list[str]()
    for of in (duty, *_back_to(history, duty, midnight(duty.zone, last - most))):
        busy |= set(range(duty.local(of.begin) // DAY, duty.local(of.release - 1) // DAY + 1))
        ids.append(of.id)
    if one.measure == "days_off":
        actual = sum(day not in busy for day in range(last - most + 1, last + 1))
        broken = actual < one.limit
    else:
        actual = next((number for number in range(most) if last - number not in busy), most)
        broken = actual > one.limit
    if not broken:
        return []
    message = (
        f"the operator's limit on {one.measure.replace('_', ' ')} to {text_of(duty.release)}: {_figures(actual, one)}"
    )
    return [limit_clause(one, policy).breach(message, tuple(reversed(ids)), one.limit, actual)]


def _back_to(history: History, duty: Duty, instant: int) -> Iterator[Duty]:
    for before in history.before(duty):
        if before.release <= instant:
            return
        yield before


def _flies_in(duty: Duty, aircraft_type: str | None) -> bool:
    """Whether a duty has, or may have, a sector with a type."""
    return not aircraft_type or not duty.types or not {"", aircraft_type}.isdisjoint(duty.types)


def _made_in(duty: Duty, one: Recency) -> tuple[int, int]:
    """Landings and takeoffs, of a type those of which it is told."""
    if one.aircraft_type:
        return duty.landed_in.count(one.aircraft_type), duty.taken_off_in.count(one.aircraft_type)
    return duty.landings, duty.takeoffs


def _recency(history: History, duty: Duty, one: Recency, policy: Policy) -> list[Breach]:
    """14 CFR 61.57, FCL.060: of whom nothing is known for as long as that, nothing is asked."""
    since = duty.begin - one.days * DAY
    first = next(iter(history.duties))
    if duty.role == "cabin" or not duty.sectors or first.begin > since or not _flies_in(duty, one.aircraft_type):
        return []
    made = [_made_in(before, one) for before in _back_to(history, duty, since)]
    of_type = f" with {one.aircraft_type}" if one.aircraft_type else ""
    found: list[Breach] = []
    for what, demanded, number in (
        ("landings", one.landings, sum(landings for landings, _ in made)),
        ("takeoffs", one.takeoffs, sum(takeoffs for _, takeoffs in made)),
    ):
        if number < demanded:
            clause = _clause(one, policy, "sectors", "the operator's recency", what)
            message = f"{number} {what}{of_type} in the {one.days} days before; {demanded} are demanded"
            found.append(clause.breach(message, (duty.id,), demanded, number))
    return found
