"""Rest for time zone differences: CS FTL.1.235(b)(3).

The reference time of a rotation is taken to be its home base's; differences are of the clocks there and where the crew
member rests, as the table of airports has them. Of an airport that no table has, nothing is known.
"""

from typing import NamedTuple

from penstock.feeds.crew.acclimatisation import zone_of
from penstock.feeds.crew.airports import same_airport
from penstock.feeds.crew.clauses import Breach, Clause, Lawbook
from penstock.feeds.crew.common import HistoryRule
from penstock.feeds.crew.duty import Duty
from penstock.feeds.crew.easa_tables import nights_at_home
from penstock.feeds.crew.history import History
from penstock.feeds.crew.policy import Policy
from penstock.feeds.crew.times import DAY, HOUR, clocks_ahead, clocks_apart, hours, local_nights

DIFFERENCE = 4 * HOUR
REST_AWAY = 14 * HOUR
NIGHTS_BETWEEN_DIRECTIONS = 3
LONGEST_ROTATION = 28 * DAY

LAW = Lawbook[HistoryRule]()


class _Rotation(NamedTuple):
    """What one was away for: when it began and ended, by how far its clocks were apart, and whether to the east."""

    first: Duty
    last: Duty
    apart: int
    east: bool


AT_HOME = Clause(
    "crew.easa.time_zone_rest",
    "report_at",
    "CS FTL.1.235(b)(3)(i), (iii)",
    "at home base a rotation of 4 or more hours of time difference is followed by 2 to 5 local nights of rest, 3 before"
    " one in the other direction",
    unit="local nights",
    least=True,
)
AWAY = Clause(
    "crew.easa.time_zone_rest_away",
    "report_at",
    "CS FTL.1.235(b)(3)(ii)",
    "away from home base an FDP of 4 or more hours of time difference is followed by rest as long as the duty, at least"
    " 14 hours",
    least=True,
)


@LAW.rule(AT_HOME, AWAY)
def time_zone_rest(history: History, duty: Duty, policy: Policy) -> list[Breach]:
    """CS FTL.1.235(b)(3): after a rotation with a time difference of 4 hours or more, as many local nights of rest at
    home base as its table says by the difference and the time since the rotation began, and 3 between an eastward and
    a westward one; away from home base 14 hours, or as long as the duty, after an FDP of such a difference. Without a
    home base in the record, where a duty begins and the one before ended may be it; where these are not one place,
    nobody knows where the rest was."""
    before = next(history.before(duty), None)
    # Who came back in the same duty rested nowhere else.
    if before is None or not duty.flies or before.origin == before.destination:
        return []
    if same_airport(duty.origin, before.destination) is not True:
        # Nobody knows where the crew member has rested.
        return []
    if same_airport(duty.origin, duty.home_base) is not True and (found := _away(before, duty)):
        return [found]
    home = duty.home_base or duty.origin
    if not (zone := zone_of(home)) or any(
        same_airport(one, home) is False for one in (duty.origin, before.destination)
    ):
        return []
    rotation = _rotation(history, duty, home, zone)
    if rotation is None:
        return []
    nights = local_nights(zone, before.release, duty.begin)
    elapsed = before.release - rotation.first.report
    need = nights_at_home(rotation.apart, elapsed)
    ahead = _ahead(zone, duty)
    if abs(ahead) >= DIFFERENCE and (ahead > 0) is not rotation.east:
        need = max(need, NIGHTS_BETWEEN_DIRECTIONS)
    if nights >= need:
        return []
    message = (
        f"{nights} local nights of rest after {hours(elapsed)} away, as far as {hours(rotation.apart)} from the clocks"
        f" of home base; {need} are demanded"
    )
    return [AT_HOME.breach(message, (rotation.first.id, before.id, duty.id), need, nights)]


def _away(before: Duty, duty: Duty) -> Breach | None:
    there, here = zone_of(before.origin), zone_of(before.destination)
    if not (before.flies and there and here) or clocks_apart(there, here, before.release) < DIFFERENCE:
        return None
    rest, need = duty.begin - before.release, max(REST_AWAY, before.release - before.duty_start)
    if rest >= need:
        return None
    message = f"{hours(rest)} of rest after {before.id}, which crossed 4 hours or more; {hours(need)} are demanded"
    return AWAY.breach(message, (before.id, duty.id), need, rest)


def _rotation(history: History, duty: Duty, home: str, zone: str) -> _Rotation | None:
    """The rotation that ended before a duty, if it involved a time difference of 4 hours or more."""
    last: Duty | None = None
    apart, east = 0, False
    for one in history.before(duty):
        if last is None:
            last = one
        elif (ahead := _ahead(zone, one)) and abs(ahead) > apart:
            # Between this one and the next the crew member rested where this one ended.
            apart, east = abs(ahead), ahead > 0
        if duty.begin - one.report > LONGEST_ROTATION:
            return None
        if same_airport(one.origin, home):
            return _Rotation(one, last, apart, east) if apart >= DIFFERENCE else None
    return None


def _ahead(zone: str, duty: Duty) -> int:
    """By how much the clocks where a duty ends are ahead of a zone's."""
    there = zone_of(duty.destination)
    return clocks_ahead(there, zone, duty.release) if there else 0
