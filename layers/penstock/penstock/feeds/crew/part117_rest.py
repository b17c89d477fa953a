"""14 CFR Part 117, of a duty among those around it: rest, extensions, consecutive nights.

Every rule looks back from a duty of the history. What is before the first known duty counts as rest.
"""

from penstock.feeds.crew.airports import same_airport
from penstock.feeds.crew.clauses import Breach, Clause, Lawbook
from penstock.feeds.crew.common import HistoryRule
from penstock.feeds.crew.duty import Duty
from penstock.feeds.crew.history import History
from penstock.feeds.crew.part117 import REPORTABLE, extended_by
from penstock.feeds.crew.part117_split import rest_at_night
from penstock.feeds.crew.policy import Policy
from penstock.feeds.crew.times import HOUR, hours, in_wocl, physiological_nights, text_of
from penstock.model.findings import Severity

REST = 10 * HOUR
WEEK = 168 * HOUR
WEEKLY_REST = 30 * HOUR
HOMECOMING_REST = 56 * HOUR
HOMECOMING_NIGHTS = 3
THEATER = 4 * HOUR  #: 60 degrees of longitude are four hours of the sun
MOST_NIGHTS, MOST_NIGHTS_WITH_REST, NIGHT_REST = 3, 5, 2 * HOUR

LAW = Lawbook[HistoryRule]()

REST_BEFORE = Clause(
    "crew.far117.rest",
    "report_at",
    "14 CFR 117.25(e)",
    "10 consecutive hours of rest, with 8 of sleep opportunity, before any reserve or FDP",
    least=True,
)


@LAW.rule(REST_BEFORE)
def rest_before(history: History, duty: Duty, policy: Policy) -> list[Breach]:
    """117.25(e): 10 consecutive hours from release to the next reserve or FDP. That 8 of them can be slept is for the
    flightcrew member to say (117.25(f)); no record tells."""
    before = next(history.before(duty), None)
    if before is None or not _reserve_or_fdp(duty):
        return []
    rest = duty.begin - before.release
    if rest >= REST:
        return []
    message = f"{hours(rest)} of rest after {before.id}, 10:00 are demanded; report no earlier than"
    message += f" {text_of(before.release + REST)}"
    return [REST_BEFORE.breach(message, (before.id, duty.id), REST, rest)]


REST_IN_WEEK = Clause(
    "crew.far117.rest_168h",
    "report_at",
    "14 CFR 117.25(b)",
    "30 consecutive hours free from all duty within the 168 hours before any reserve or FDP",
    least=True,
)


@LAW.rule(REST_IN_WEEK)
def rest_in_week(history: History, duty: Duty, policy: Policy) -> list[Breach]:
    """117.25(b): 30 consecutive hours free from all duty within the 168 hours before a reserve or FDP."""
    if not _reserve_or_fdp(duty):
        return []
    window = duty.begin - WEEK
    longest, end, ids = 0, duty.begin, [duty.id]
    for before in history.before(duty):
        longest = max(longest, end - max(before.release, window))
        if longest >= WEEKLY_REST:
            return []
        end = before.begin
        if end <= window:
            break
        ids.append(before.id)
    longest = max(longest, end - window)
    if longest >= WEEKLY_REST:
        return []
    message = f"the longest rest in the 168 hours before is {hours(longest)}; 30:00 are demanded: give them before"
    return [REST_IN_WEEK.breach(message, tuple(reversed(ids)), WEEKLY_REST, longest)]


SHIFT = Clause(
    "crew.far117.shift_to_short_call",
    "report_at",
    "14 CFR 117.21(e)",
    "from long-call to short-call reserve one shifts by way of 10 hours of rest",
    least=True,
)


@LAW.rule(SHIFT)
def shift_to_short_call(history: History, duty: Duty, policy: Policy) -> list[Breach]:
    """117.21(e): long-call reserve may be shifted to short-call only if the crew member has a rest as 117.25(e)
    describes, from when they are told, which is when the long-call ends."""
    if duty.standby != "short_call":
        return []
    before = next((one for one in history.beside_before(duty) if one.standby == "long_call"), None)
    if before is None or duty.begin - before.release > REST:
        return []
    rest = max(0, duty.begin - before.called)
    if rest >= REST:
        return []
    message = f"{hours(rest)} from the end of long-call reserve {before.id} to short-call; 10:00 of rest are demanded"
    return [SHIFT.breach(message, (before.id, duty.id), REST, rest)]


HOMECOMING = Clause(
    "crew.far117.rest_at_home_base",
    "report_at",
    "14 CFR 117.25(d)",
    "56 hours with three physiological nights at home base after more than 168 hours away beyond 60 degrees",
    Severity.SOFT,
    least=True,
)


@LAW.rule(HOMECOMING)
def rest_at_home_base(history: History, duty: Duty, policy: Policy) -> list[Breach]:
    """117.25(d): 56 consecutive hours of rest that hold three physiological nights, upon return to home base from more
    than 168 hours away that went beyond 60 degrees of longitude.

    Without a home base in the record, it may be where the duty begins. Longitude is told by the offsets that the
    sectors' times are written with, four hours for 60 degrees: nearly, so this is a soft finding; times written in UTC
    tell nothing.
    """
    home = duty.home_base or duty.origin
    before = next(history.before(duty), None)
    if not home or before is None or any(same_airport(one, home) is False for one in (duty.origin, before.destination)):
        return []
    rest = duty.begin - before.release
    nights = physiological_nights(duty.zone, before.release, duty.begin)
    if rest >= HOMECOMING_REST and nights >= HOMECOMING_NIGHTS:
        return []
    ids: list[str] = []
    least, greatest = before.offsets
    for trip in history.before(duty):
        ids.append(trip.id)
        least, greatest = min(least, trip.offsets[0]), max(greatest, trip.offsets[1])
        if same_airport(trip.origin, home):
            if before.release - trip.report <= WEEK or greatest - least <= THEATER:
                return []
            message = (
                f"{hours(rest)} of rest with {nights} physiological nights after {hours(before.release - trip.report)}"
                " away; 56:00 with three are demanded if the travel was more than 60 degrees of longitude"
            )
            return [HOMECOMING.breach(message, (*reversed(ids), duty.id), HOMECOMING_REST, rest)]
    return []


EXTENDED_TWICE = Clause(
    "crew.far117.extended_twice",
    "extension",
    "14 CFR 117.19(a)(2), (b)(2)",
    "one extension of more than 30 minutes before the next rest of 30 hours",
)


@LAW.rule(EXTENDED_TWICE)
def extended_twice(history: History, duty: Duty, policy: Policy) -> list[Breach]:
    """117.19(a)(2), (b)(2): an extension of more than 30 minutes is used once before a rest as 117.25(b) describes."""
    if duty.extension != "discretion" or extended_by(duty) <= REPORTABLE:
        return []
    begin = duty.begin
    for before in history.before(duty):
        if begin - before.release >= WEEKLY_REST:
            return []
        if before.far and before.extension == "discretion" and extended_by(before) > REPORTABLE:
            message = (
                f"extended by {hours(extended_by(duty))}, and {before.id} by {hours(extended_by(before))}, without 30"
                " hours of rest between; keep this FDP within 0:30 of the table"
            )
            return [EXTENDED_TWICE.breach(message, (before.id, duty.id), REPORTABLE, extended_by(duty))]
        begin = before.begin
    return []


NIGHTS = Clause(
    "crew.far117.consecutive_nights",
    "report_at",
    "14 CFR 117.27",
    "no more than three consecutive FDPs infringe on the window of circadian low, five with 2 hours of rest in each",
    unit="duties",
)


@LAW.rule(NIGHTS)
def consecutive_nights(history: History, duty: Duty, policy: Policy) -> list[Breach]:
    """117.27: at most three consecutive FDPs infringe on the window of circadian low, at most five if each has two
    hours of rest in a suitable accommodation as 117.15(a), (c), (d) and (e) describe.

    The text does not say what ends a series. Here a physiological night of rest between two FDPs does, and an FDP that
    does not infringe.
    """
    if not _at_night(duty):
        return []
    chain = [duty]
    for before in history.before(duty):
        if not before.flies:
            continue
        rested = physiological_nights(duty.zone, before.release, chain[-1].begin)
        if rested or not _at_night(before):
            break
        chain.append(before)
    most = MOST_NIGHTS_WITH_REST if all(rest_at_night(one) >= NIGHT_REST for one in chain) else MOST_NIGHTS
    if len(chain) <= most:
        return []
    message = f"{len(chain)} consecutive FDPs infringe on the window of circadian low; give a night's rest after {most}"
    return [NIGHTS.breach(message, tuple(one.id for one in reversed(chain)), most, len(chain))]


def _reserve_or_fdp(duty: Duty) -> bool:
    """Is it what 117.25 demands rest before? Long-call reserve is not: it may run through a rest."""
    return duty.flies or duty.standby in ("airport", "short_call")


def _at_night(duty: Duty) -> bool:
    return duty.flies and in_wocl(duty.local(duty.fdp_start), duty.local(duty.fdp_end)) > 0
