"""To which clock a crew member is acclimatised, as the history tells, beside what a record says of it.

What is said is compared with what is computed: if a record claims more than its history allows, that is told, and the
FDP has to be legal by what is computed, too. Where an airport is in no table, or nothing is known of before, nothing
can be computed. Zones are compared by their clocks at report.
"""

from functools import cache
from typing import NamedTuple

from penstock.feeds.crew import easa, part117
from penstock.feeds.crew.airports import airport
from penstock.feeds.crew.clauses import Breach, Clause, Lawbook
from penstock.feeds.crew.common import DutyRule, HistoryRule
from penstock.feeds.crew.duty import Duty
from penstock.feeds.crew.easa_tables import UNKNOWN, acclimatised_after
from penstock.feeds.crew.history import History
from penstock.feeds.crew.policy import Policy
from penstock.feeds.crew.times import HOUR, clocks_apart, hours, is_zone
from penstock.model.findings import Severity

BAND = 2 * HOUR  #: "a 2-hour wide time zone" (ORO.FTL.105(1))
LONGEST = 120 * HOUR  #: after which all are acclimatised where they are (ORO.FTL.105(1), Table 1)
THEATER = 4 * HOUR  #: 60 degrees of longitude are four hours of the sun (14 CFR 117.3)
REST_THERE, STAY_THERE = 36 * HOUR, 72 * HOUR

EASA, FAR = Lawbook[HistoryRule](), Lawbook[HistoryRule]()


class State(NamedTuple):
    """What a record should say, by which earlier duty; `why` says so in words."""

    acclimatised: str
    zone: str
    before: Duty
    why: str
    limit: int | None = None
    actual: int | None = None


@cache
def zone_of(code: str) -> str:
    """The zone of an airport; "" if no table has it."""
    known = airport(code) if code else None
    return known.zone if known and is_zone(known.zone) else ""


CLAIMED = Clause(
    "crew.easa.acclimatised",
    "acclimatised",
    "ORO.FTL.105(1), Table 1",
    "who is said to be acclimatised is so by the time since they reported at their reference time",
    Severity.SOFT,
)


@EASA.rule(CLAIMED)
def acclimatised(history: History, duty: Duty, policy: Policy) -> list[Breach]:
    """ORO.FTL.105(1): by how far the clocks of the place where the duty starts are from those where the crew member was
    last acclimatised and reported, and by how long ago that was, they are still acclimatised there, here, or in an
    unknown state."""
    state = _by_table_1(history, duty)
    if state is None or _is_as_computed(duty, state, policy):
        return []
    told = [CLAIMED.breach(state.why, (state.before.id, duty.id))] if duty.acclimatised else []
    return told + _by(duty, state, easa.flight_duty_period, policy)


def _by_table_1(history: History, duty: Duty) -> State | None:
    if not duty.flies or not (here := zone_of(duty.origin)):
        return None
    for before in history.before(duty):
        there = zone_of(before.origin)
        if not there or duty.report - before.report > 2 * LONGEST:
            return None
        if before.acclimatised != "yes" or clocks_apart(there, before.zone, before.report) > BAND:
            continue
        apart, elapsed = clocks_apart(there, here, duty.report), duty.report - before.report
        if apart <= BAND:
            return None
        became = acclimatised_after(apart, elapsed)
        zone = {"B": there, "D": here}.get(became, "")
        why = (
            f"the duty starts {hours(apart)} from the clocks of {there}, {hours(elapsed)} after reporting there"
            f" ({before.id}): {f'acclimatised to {zone}' if zone else 'in an unknown state'}"
        )
        return State("unknown" if became == UNKNOWN else "yes", zone, before, why)
    return None


def _is_as_computed(duty: Duty, state: State, policy: Policy) -> bool:
    """A state that is unknown, or not said, asks for more, but under fatigue risk management."""
    if duty.acclimatised != "yes":
        return state.acclimatised != "yes" or not policy.frm
    return state.acclimatised == "yes" and clocks_apart(duty.zone, state.zone, duty.report) <= BAND


def _by(duty: Duty, state: State, rule: DutyRule, policy: Policy) -> list[Breach]:
    """What the FDP breaks by what is computed, and not by what is said."""
    said = {one.code for one in rule(duty, policy)}
    computed = duty._replace(acclimatised=state.acclimatised, zone=state.zone or duty.zone)
    return [one for one in rule(computed, policy) if one.severity is Severity.HARD and one.code not in said]


ACCLIMATED = Clause(
    "crew.far117.acclimated",
    "acclimatised",
    "14 CFR 117.3, 117.25(c)",
    "in a new theater one is acclimated after 36 hours of rest, or 72 hours there",
    Severity.SOFT,
    least=True,
)


@FAR.rule(ACCLIMATED)
def acclimated(history: History, duty: Duty, policy: Policy) -> list[Breach]:
    """117.3 and 117.25(c): who is said to be acclimated in a new theater has had 36 consecutive hours of rest there, or
    been there for 72 hours; nobody is acclimated to a theater in which they are not; and who is not acclimated goes by
    the clock of where they were last (117.13(b), 117.17(b)). A theater is another one where the clocks are more than 4
    hours off: 60 degrees of longitude, nearly; so this is a soft finding."""
    state = _without_rest(history, duty)
    if state is None and duty.acclimatised == "yes":
        state = _in_another_theater(history, duty)
    if state is None:
        return []
    told = [ACCLIMATED.breach(state.why, (state.before.id, duty.id), state.limit, state.actual)]
    return (told if duty.acclimatised else []) + _by(duty, state, part117.flight_duty_period, policy)


def _in_another_theater(history: History, duty: Duty) -> State | None:
    here = zone_of(duty.origin)
    if not here or clocks_apart(here, duty.zone, duty.report) <= THEATER:
        return None
    arrived = duty.begin
    for before in history.before(duty):
        if arrived - before.release >= REST_THERE or duty.begin - before.release >= STAY_THERE:
            return None
        arrived, there = before.begin, zone_of(before.origin)
        if before.acclimatised == "yes" and there and clocks_apart(there, before.zone, before.report) <= THEATER:
            why = f"acclimated to {duty.zone}, and since {before.id} the duty starts in {here}; say `no`"
            return State("no", duty.zone, before, why)
    return None


def _without_rest(history: History, duty: Duty) -> State | None:
    arrived = duty.begin
    for before in history.before(duty):
        if clocks_apart(duty.zone, before.zone, duty.begin) <= THEATER or arrived - before.release >= REST_THERE:
            return None
        arrived = before.begin
        if before.acclimatised == "yes":
            stay = duty.begin - before.release
            why = (
                f"acclimated to {duty.zone}, {hours(stay)} after {before.id} in {before.zone} and without 36 hours of"
                " rest; say `no`, and the reference zone of before"
            )
            return None if stay >= STAY_THERE else State("no", before.zone, before, why, STAY_THERE, stay)
    return None
