"""ORO.FTL and CS FTL.1, of a duty among those around it: rest, extensions, consecutive nights.

Every rule looks back from a duty of the history. What is before the first known duty counts as a recovery rest.

Not checked, for want of what no record tells: two local days twice a month (ORO.FTL.235(d); a month must be over).
Rest for time zone differences is in `timezones`.
"""

from typing import NamedTuple

from penstock.feeds.crew.airports import same_airport
from penstock.feeds.crew.clauses import Breach, Clause, Lawbook
from penstock.feeds.crew.common import HistoryRule
from penstock.feeds.crew.duty import Duty
from penstock.feeds.crew.easa import basic_fdp, is_extended, longest_fdp, split_credit
from penstock.feeds.crew.history import History
from penstock.feeds.crew.policy import Policy
from penstock.feeds.crew.times import DAY, HOUR, hours, local_nights, text_of, within_daily
from penstock.model.findings import Severity

REST_HOME, REST_AWAY = 12 * HOUR, 10 * HOUR
REDUCED_HOME, REDUCED_AWAY = 12 * HOUR, 10 * HOUR
LEAST_WITH_DISCRETION = 10 * HOUR
REST_AFTER_IN_FLIGHT_REST = 14 * HOUR
EXTENSION_REST_EACH, EXTENSION_REST_AFTER = 2 * HOUR, 4 * HOUR
MOST_EXTENSIONS, EXTENSION_DAYS = 2, 7
RECOVERY, RECOVERY_NIGHTS, RECOVERY_AFTER_DISRUPTION = 36 * HOUR, 2, 60 * HOUR
MOST_BETWEEN_RECOVERIES = 168 * HOUR
TWO_WEEKS = 14 * DAY
MOST_DISRUPTIVE = 4
MOST_REDUCED = 2
MOST_SECTORS_AT_NIGHT = 4

LAW = Lawbook[HistoryRule]()

REST_BEFORE = Clause(
    "crew.easa.rest",
    "report_at",
    "ORO.FTL.235(a), (b)",
    "rest before an FDP is as long as the preceding duty, at least 12 hours at home base and 10 away; longer after an"
    " extension (205(d)) and after in-flight rest (CS FTL.1.205(c))",
    least=True,
)
REST_WITH_DISCRETION = Clause(
    "crew.easa.rest_with_discretion",
    "report_at",
    "ORO.FTL.205(f)(1)(iii)",
    "the commander may reduce the rest after an FDP, never below 10 hours; flagged",
    Severity.SOFT,
    least=True,
)
REDUCED_REST = Clause(
    "crew.easa.reduced_rest",
    "report_at",
    "ORO.FTL.235(c), CS FTL.1.235(c)",
    "reduced rest under fatigue risk management is flagged",
    Severity.SOFT,
    least=True,
)


@LAW.rule(REST_BEFORE, REST_WITH_DISCRETION, REDUCED_REST)
def rest_before(history: History, duty: Duty, policy: Policy) -> list[Breach]:
    """ORO.FTL.235(a), (b): rest before an FDP is as long as the duty before, and at least 12 hours at home base and 10
    away from it.

    More after a planned extension: 2 hours before and after that FDP, or 4 after (205(d)(1)), all of it together
    between two extended ones (d)(2); 14 hours after in-flight rest that extended the FDP (CS FTL.1.205(c)); what a
    reduced rest before lacked (CS FTL.1.235(c)(3)). Less by commander's discretion, never below 10 hours
    (205(f)(1)(iii)), and under fatigue risk management (CS FTL.1.235(c)); both are flagged.

    A record without `home_base` may start there: 12 hours.
    """
    before = next(history.before(duty), None)
    if before is None or not (duty.flies or duty.standby in ("airport", "other")):
        return []
    rest, ids = duty.begin - before.release, (before.id, duty.id)
    need = _needed(history, before, duty, policy)
    if rest >= need:
        return []
    message = f"{hours(rest)} of rest after {before.id}, {hours(need)} are demanded"
    if not duty.home_base and rest >= REST_AWAY:
        message += " if this is the home base: give home_base if it is not"
    if before.extension == "discretion" and rest >= LEAST_WITH_DISCRETION:
        message += "; reduced by commander's discretion"
        return [REST_WITH_DISCRETION.breach(message, ids, need, rest)]
    if policy.frm and _reduced_by(history, duty, policy) and need == _basic_rest(before, duty):
        return [REDUCED_REST.breach(f"{message}; reduced", ids, need, rest)]
    message += f"; report no earlier than {text_of(before.release + need)}"
    return [REST_BEFORE.breach(message, ids, need, rest)]


def _basic_rest(before: Duty, duty: Duty) -> int:
    """ORO.FTL.235(a)(1), (b)."""
    least = REST_HOME if _at_home(duty) else REST_AWAY
    return max(least, before.release - before.duty_start)


def _at_home(duty: Duty) -> bool:
    """Where neither record nor table of airports can tell, it is the home base, which asks for more."""
    return _may_be_home(duty, duty.origin)


def _may_be_home(duty: Duty, airport: str) -> bool:
    return not (duty.home_base and airport) or same_airport(airport, duty.home_base) is not False


def _needed(history: History, before: Duty, duty: Duty, policy: Policy) -> int:
    """The rest between two duties."""
    need = _basic_rest(before, duty) + _owed_after(history, before, policy)
    if before.augmented and before.fdp_end - before.fdp_start > (basic_fdp(before, policy) or 0):
        need = max(need, REST_AFTER_IN_FLIGHT_REST)
    return need


def _owed_after(history: History, duty: Duty, policy: Policy) -> int:
    """What a duty adds to the rest after it, by its own extension and by a reduced rest before it."""
    owed = _reduced_by(history, duty, policy)
    if is_extended(duty, policy):
        before = next(history.before(duty), None)
        spare = duty.begin - before.release - _needed(history, before, duty, policy) if before else EXTENSION_REST_EACH
        owed += EXTENSION_REST_EACH if spare >= EXTENSION_REST_EACH else EXTENSION_REST_AFTER
    return owed


def _reduced_by(history: History, duty: Duty, policy: Policy) -> int:
    """CS FTL.1.235(c): by how much the rest before a duty was reduced, under fatigue risk management and not by the
    commander; 0 if it was not, or below the least reduced rest of 12 hours at home base and 10 away."""
    before = next(history.before(duty), None) if policy.frm else None
    if before is None or before.extension == "discretion":
        return 0
    rest = duty.begin - before.release
    least = REDUCED_HOME if _at_home(duty) else REDUCED_AWAY
    return max(0, _basic_rest(before, duty) - rest) if rest >= least else 0


FDP_AFTER_REDUCED_REST = Clause(
    "crew.easa.fdp_after_reduced_rest",
    "fdp_end_at",
    "CS FTL.1.235(c)(4)",
    "the FDP after a reduced rest is shorter by what the rest lacks",
)


@LAW.rule(FDP_AFTER_REDUCED_REST)
def fdp_after_reduced_rest(history: History, duty: Duty, policy: Policy) -> list[Breach]:
    """CS FTL.1.235(c)(4): the FDP after a reduced rest is shorter by what the rest lacks."""
    reduced = _reduced_by(history, duty, policy)
    if not reduced:
        return []
    limit, actual = longest_fdp(duty, policy), duty.fdp_end - duty.fdp_start
    if limit is None or actual <= limit - reduced:
        return []
    message = f"the FDP takes {hours(actual)}; after a rest reduced by {hours(reduced)} it is {hours(limit - reduced)}"
    return [FDP_AFTER_REDUCED_REST.breach(message, (duty.id,), limit - reduced, actual)]


SPLIT_AFTER_REDUCED_REST = Clause(
    "crew.easa.split_after_reduced_rest",
    "split_rest",
    "ORO.FTL.220(c)",
    "split duty does not follow a reduced rest",
)


@LAW.rule(SPLIT_AFTER_REDUCED_REST)
def split_after_reduced_rest(history: History, duty: Duty, policy: Policy) -> list[Breach]:
    """ORO.FTL.220(c): split duty does not follow a reduced rest. A break that extends nothing is none."""
    reduced = _reduced_by(history, duty, policy) if duty.split else 0
    if not reduced or not split_credit(duty, policy):
        return []
    message = f"a break on the ground extends the FDP, and the rest before was reduced by {hours(reduced)}"
    return [SPLIT_AFTER_REDUCED_REST.breach(message, (duty.id,))]


class _Since(NamedTuple):
    """The duties since the last recovery rest, in order."""

    duties: list[Duty]
    rests_reduced: int


def _since_recovery(history: History, duty: Duty, policy: Policy) -> _Since:
    """The duties since the last recurrent extended recovery rest: 36 hours with two local nights, 60 hours after four
    night duties, early starts or late finishes. Of two weeks: no two recovery rests are further apart than one, and
    from the second on it does not matter what was counted before the first."""
    earlier: list[Duty] = []
    begin = duty.begin
    for before in history.before(duty):
        if duty.begin - before.release > TWO_WEEKS:
            break
        if begin - before.release >= RECOVERY_AFTER_DISRUPTION and _nights(before, begin) >= RECOVERY_NIGHTS:
            break
        earlier.append(before)
        begin = before.begin
    since: list[Duty] = []
    reduced = disruptive = 0
    for one in (*reversed(earlier), duty):
        if since:
            rest = one.begin - since[-1].release
            least = RECOVERY_AFTER_DISRUPTION if disruptive >= MOST_DISRUPTIVE else RECOVERY
            if rest >= least and _nights(since[-1], one.begin) >= RECOVERY_NIGHTS:
                since, reduced, disruptive = [], 0, 0
            else:
                reduced += _reduced_by(history, one, policy) > 0
        disruptive += _disruptive(one, policy)
        since.append(one)
    return _Since(since, reduced)


def _nights(before: Duty, begin: int) -> int:
    return local_nights(before.zone, before.release, begin)


RECOVERY_REST = Clause(
    "crew.easa.recovery_rest",
    "release_at",
    "ORO.FTL.235(d), CS FTL.1.235(a)(2)",
    "no more than 168 hours between two recovery rests of 36 hours with two local nights, the second of 60 hours after"
    " four disruptive duties",
)


@LAW.rule(RECOVERY_REST)
def recovery_rest(history: History, duty: Duty, policy: Policy) -> list[Breach]:
    """ORO.FTL.235(d): at most 168 hours from the end of one recurrent extended recovery rest to the start of the next,
    of 36 hours with two local nights; CS FTL.1.235(a)(2): of 60 hours after four or more night duties, early starts or
    late finishes. Commander's discretion does not stretch it."""
    since = _since_recovery(history, duty, policy).duties
    elapsed = duty.release - since[0].begin
    if elapsed <= MOST_BETWEEN_RECOVERIES:
        return []
    disruptive = sum(_disruptive(one, policy) for one in since)
    message = (
        f"released {hours(elapsed)} after the last recovery rest ended; 36 hours with two local nights"
        f"{f' (60 after {disruptive} disruptive duties)' if disruptive >= MOST_DISRUPTIVE else ''} are demanded within"
        " 168:00"
    )
    return [RECOVERY_REST.breach(message, tuple(one.id for one in since), MOST_BETWEEN_RECOVERIES, elapsed)]


REDUCED_TOO_OFTEN = Clause(
    "crew.easa.reduced_rests",
    "report_at",
    "CS FTL.1.235(c)(5)",
    "no more than two reduced rests between two recurrent extended recovery rests",
    unit="rests",
)


@LAW.rule(REDUCED_TOO_OFTEN)
def reduced_rests(history: History, duty: Duty, policy: Policy) -> list[Breach]:
    """CS FTL.1.235(c)(5): at most two reduced rests between two recurrent extended recovery rests."""
    if not _reduced_by(history, duty, policy):
        return []
    since = _since_recovery(history, duty, policy)
    if since.rests_reduced <= MOST_REDUCED:
        return []
    message = f"{since.rests_reduced} reduced rests since the last recovery rest; no more than two are allowed"
    ids = tuple(one.id for one in since.duties)
    return [REDUCED_TOO_OFTEN.breach(message, ids, MOST_REDUCED, since.rests_reduced)]


EXTENSIONS = Clause(
    "crew.easa.extensions_7d",
    "extension",
    "ORO.FTL.205(d)(1)",
    "no more than two planned extensions in any 7 consecutive days",
    unit="extensions",
)


@LAW.rule(EXTENSIONS)
def extensions(history: History, duty: Duty, policy: Policy) -> list[Breach]:
    """ORO.FTL.205(d)(1): at most two planned extensions in any 7 consecutive days, by the day of report."""
    if not is_extended(duty, policy):
        return []
    day = duty.local(duty.report) // DAY
    ids = [duty.id]
    for before in history.before(duty):
        if duty.local(before.report) // DAY <= day - EXTENSION_DAYS:
            break
        if is_extended(before, policy):
            ids.append(before.id)
    if len(ids) <= MOST_EXTENSIONS:
        return []
    message = f"{len(ids)} planned extensions in 7 consecutive days; no more than two are allowed"
    return [EXTENSIONS.breach(message, tuple(reversed(ids)), MOST_EXTENSIONS, len(ids))]


NIGHT_SECTORS = Clause(
    "crew.easa.night_sectors",
    "sectors",
    "CS FTL.1.205(a)(1)",
    "consecutive night duties have no more than four sectors each",
    unit="sectors",
)


@LAW.rule(NIGHT_SECTORS)
def night_sectors(history: History, duty: Duty, policy: Policy) -> list[Breach]:
    """CS FTL.1.205(a)(1): consecutive night duties have at most four sectors each. Here two are consecutive if no other
    duty and no local night of rest is between them."""
    before = next(history.before(duty), None)
    if before is None or not (is_night_duty(duty) and is_night_duty(before)) or _nights(before, duty.begin):
        return []
    most = max(duty.sectors, before.sectors)
    if most <= MOST_SECTORS_AT_NIGHT:
        return []
    message = f"{most} sectors in one of two consecutive night duties; plan no more than four"
    return [NIGHT_SECTORS.breach(message, (before.id, duty.id), MOST_SECTORS_AT_NIGHT, most)]


TRANSITION = Clause(
    "crew.easa.late_to_early",
    "report_at",
    "CS FTL.1.235(a)(1)",
    "at home base, from a late finish or night duty to an early start, rest includes a local night",
    unit="local nights",
    least=True,
)


@LAW.rule(TRANSITION)
def late_to_early(history: History, duty: Duty, policy: Policy) -> list[Breach]:
    """CS FTL.1.235(a)(1): at home base, the rest from a late finish or a night duty to an early start includes a local
    night. Without a home base in the record, it may be there."""
    before = next(history.before(duty), None)
    if before is None or not duty.flies or not before.flies:
        return []
    if not (_may_be_home(duty, duty.origin) and _may_be_home(duty, before.destination)):
        return []
    if not is_early_start(duty, policy):
        return []
    if not (_late_finish(before, policy) or is_night_duty(before)) or _nights(before, duty.begin):
        return []
    message = f"no local night of rest between {before.id}, which ended late, and this early start"
    return [TRANSITION.breach(message, (before.id, duty.id), 1, 0)]


def _disruptive(duty: Duty, policy: Policy) -> bool:
    """ORO.FTL.105(8): a night duty, an early start or a late finish."""
    return is_night_duty(duty) or is_early_start(duty, policy) or (_is_duty(duty) and _late_finish(duty, policy))


def _is_duty(duty: Duty) -> bool:
    """Is it a duty period (ORO.FTL.105(11)), with a flight or without? Standby elsewhere than at the airport is none,
    unless it leads to one."""
    return duty.flies or duty.works or duty.standby == "airport"


def is_night_duty(duty: Duty) -> bool:
    """A duty that encroaches any portion of 02:00 to 04:59, to the minute: one that ends at 02:00 does."""
    start, end = duty.local(duty.duty_start), duty.local(duty.release)
    return _is_duty(duty) and within_daily(start, end + 1, 2 * HOUR, 5 * HOUR) > 0


def is_early_start(duty: Duty, policy: Policy) -> bool:
    """A duty that starts from 05:00 to 05:59 (early type), to 06:59 (late type)."""
    return (
        _is_duty(duty)
        and 5 * HOUR <= duty.local(duty.duty_start) % DAY < (6 if policy.schedule == "early" else 7) * HOUR
    )


def _late_finish(duty: Duty, policy: Policy) -> bool:
    """A duty that ends from 23:00 (early type), from 00:00 (late type), to 01:59."""
    end = duty.local(duty.release) % DAY
    return end < 2 * HOUR or (policy.schedule == "early" and end >= 23 * HOUR)
