"""Aircraft rotation: one tail is at one place, and stands its minutes there, in whosever records its flights are.

What an operator's policy demands of turn-rounds is asked of a tail's flights in the records of all crew members, in any
file: each part of a record that is about one tail belongs to that tail's history. Which of two records is wrong nobody
can tell, so that none is refused for the other: what is found is soft. A flight that is in no record may yet come;
so only that is found which no other flight could explain.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from penstock.feeds.crew.airports import same_airport
from penstock.feeds.crew.clauses import Breach, Clause
from penstock.feeds.crew.duty import arrived_at, is_flown, tails_of, times_of
from penstock.feeds.crew.policy import Policy, TurnRound
from penstock.feeds.crew.times import DAY, HOUR, hours, text_of
from penstock.feeds.feed import Known, Record
from penstock.model.findings import Severity
from penstock.model.versions import ensure_known

VERSION = 1
"""Of what a tail's history keeps of a duty (see `model.versions`)."""

KEPT = 45 * DAY
"""How far a tail's history goes back from its last flight: a plan of a month, and what comes late."""

MOST_KEPT = 1000
"""Duties of one tail that are kept at most, the latest: a crew of ten for each of a hundred flights."""

ONE_FLIGHT = 12 * HOUR
"""Records of one flight number from one place so far apart at most are of one flight, as different crew members'."""


class Movement(NamedTuple):
    """A flight of the tail. Times are instants, and block times."""

    flight: str
    origin: str
    destination: str
    out: int
    into: int
    aircraft_type: str


class _Duty(NamedTuple):
    """What a duty says of the tail, in one of its revisions."""

    crew: str
    duty: str
    revision: int
    movements: Sequence[Movement]

    @property
    def id(self) -> str:
        """One for each revision: none takes another's place, so that nobody waits for what becomes of it."""
        return f"{self.crew}\x1f{self.duty}\x1f{self.revision}"


def parts(record: Record, known: Mapping[str, Any], policy: Policy | None) -> Mapping[str, Record]:
    """What a record says of each tail: of those in its sectors, and of those that its duty has had before, which it has
    no more. Without turn-rounds in the policy nothing is asked."""
    if policy is not None and not policy.turn_rounds:
        return {}
    before: Mapping[str, Any] = known.get(record["duty_id"]) or {}
    tails: set[str] = {*tails_of(record), *before.get("tails", ())}
    withdrawn = record.get("status") in ("cancelled", "reassigned")
    flights = () if withdrawn else _flights(record)
    return {
        f"tail\x1f{tail}": {
            "tail": tail,
            "crew_id": record["crew_id"],
            "duty_id": record["duty_id"],
            "revision": record.get("revision", 0),
            "movements": [one for of, one in flights if of == tail],
        }
        for tail in sorted(tails)
    }


def is_part(record: Record) -> bool:
    """Whether it is what a record says of one tail, and no record."""
    return "tail" in record


def _flights(record: Record) -> list[tuple[str, Movement]]:
    found: list[tuple[str, Movement]] = []
    for sector in record.get("sectors") or ():
        tail, block = sector.get("registration"), times_of(sector).block
        if tail and block and is_flown(sector):
            place = sector["origin"], arrived_at(sector)
            found.append((tail, Movement(sector["flight"], *place, *block, sector.get("aircraft_type") or "")))
    return found


def to_history(part: Record) -> Known:
    """What is kept of a part."""
    duty = _duty_of(part)
    return Known(duty.id, {"v": VERSION, "duty": duty[:3], "movements": duty.movements})


def _duty_of(part: Record) -> _Duty:
    return _Duty(part["crew_id"], part["duty_id"], part["revision"], part["movements"])


def is_of_tail(known: Known) -> bool:
    """Whether it is kept of a tail's history, and not of a crew member's."""
    return isinstance(known.kept, dict) and "movements" in known.kept


def _loaded(known: Known) -> _Duty:
    """Raises:
    NewerRelease: a newer release has written it, in a form that this one does not know.
    """
    ensure_known("a duty in a tail's history", known.kept["v"], VERSION)
    crew, duty, revision = known.kept["duty"]
    return _Duty(crew, duty, revision, [Movement(*one) for one in known.kept["movements"]])


def prune(known: Sequence[Known]) -> Sequence[Known]:
    """What is not too old. That a duty has left the tail is kept as long as its other revisions are."""
    last = dict[tuple[str, str], int]()
    for one in known:
        ends = max((movement.into for movement in _loaded(one).movements), default=0)
        last[_whose(one)] = max(ends, last.get(_whose(one), 0))
    newest = max(last.values(), default=0)
    young = [one for one in known if last[_whose(one)] > newest - KEPT]
    return sorted(young, key=lambda one: (last[_whose(one)], one.id))[-MOST_KEPT:]


def _whose(known: Known) -> tuple[str, str]:
    crew, duty, _ = known.kept["duty"]
    return crew, duty


def examine(found_parts: Sequence[Record], known: Sequence[Known], policy: Policy) -> list[list[Breach]]:
    """What is found in each of the parts of records about one tail, beside what is known of it."""
    ours = [_duty_of(part) for part in found_parts]
    latest: dict[tuple[str, str], _Duty] = {}
    for duty in sorted((*map(_loaded, known), *ours), key=lambda one: one.revision):
        latest[duty.crew, duty.duty] = duty
    flights = sorted(
        ((movement, duty) for duty in latest.values() for movement in duty.movements), key=lambda one: one[0].out
    )
    tails = [part["tail"] for part in found_parts]
    return [
        list(_found(tail, duty, flights, policy)) if latest[duty.crew, duty.duty] is duty else []
        for tail, duty in zip(tails, ours, strict=True)
    ]


type _Flights = Sequence[tuple[Movement, _Duty]]


def _found(tail: str, duty: _Duty, flights: _Flights, policy: Policy) -> Iterator[Breach]:
    for movement in duty.movements:
        holds = policy.at(movement.out)
        others = [
            (other, of)
            for other, of in flights
            if (of.crew, of.duty) != (duty.crew, duty.duty) and not _is_one_flight(movement, other)
        ]
        before = [one for one in others if one[0].out <= movement.out]
        after = [one for one in others if one[0].out > movement.out]
        yield from _between(tail, duty, max(before, key=_in, default=None), (movement, duty), holds)
        yield from _between(tail, duty, (movement, duty), after[0] if after else None, holds)


def _in(one: tuple[Movement, _Duty]) -> int:
    return one[0].into


def _is_one_flight(one: Movement, other: Movement) -> bool:
    return (
        one.flight == other.flight
        and same_airport(one.origin, other.origin) is not False
        and abs(one.out - other.out) < ONE_FLIGHT
    )


def _between(
    tail: str, duty: _Duty, first: tuple[Movement, _Duty] | None, then: tuple[Movement, _Duty] | None, policy: Policy
) -> Iterator[Breach]:
    """What two flights that follow each other break, one of them of the duty. Where a flight between could explain that
    a tail leaves from elsewhere, with a turn-round before and after it, nothing is found."""
    if first is None or then is None:
        return
    (earlier, of_earlier), (later, of_later) = first, then
    ground = later.out - earlier.into
    other = of_later if of_earlier is duty else of_earlier
    of_other = f"of {other.duty} ({other.crew})"
    for rule in _asked(policy.turn_rounds, later):
        clause = _clause(rule, policy)
        ids = (of_earlier.duty, of_later.duty)
        if ground < rule.minutes:
            message = (
                f"{tail} has {hours(ground)} on blocks before {later.flight} at {text_of(later.out)}, beside a flight"
                f" {of_other}; {hours(rule.minutes)} are demanded"
            )
            yield clause.breach(message, ids, rule.minutes, ground)
        if ground < 2 * rule.minutes and same_airport(earlier.destination, later.origin) is False:
            message = (
                f"{tail} is in {earlier.destination} at {text_of(earlier.into)} and leaves {later.origin} at"
                f" {text_of(later.out)}, beside a flight {of_other}; one is wrong"
            )
            yield clause.breach(message, ids)


def _asked(rules: Iterable[TurnRound], later: Movement) -> Iterator[TurnRound]:
    for one in rules:
        if one.airport and same_airport(later.origin, one.airport) is False:
            continue
        if one.aircraft_type and later.aircraft_type not in ("", one.aircraft_type):
            continue
        yield one


def _clause(one: TurnRound, policy: Policy) -> Clause:
    severity = Severity.INFO if one.severity is Severity.INFO else Severity.SOFT
    return Clause(
        f"crew.policy.{one.code}",
        "sectors",
        one.source,
        "the operator's turn-round",
        severity,
        least=True,
        edition=policy.edition or None,
    )
