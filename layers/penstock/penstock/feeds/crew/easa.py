"""ORO.FTL and CS FTL.1, of one duty by itself.

A crew member is acclimatised, and Table 2 holds by the clock of the reference zone, or is not, and Table 3 holds (4
under fatigue risk management) at any time of day. `no` is read as `unknown`: ORO.FTL.105(1) knows no third state, and
a crew member who is acclimatised to the zone of departure is acclimatised, with that as the reference zone.

What a record does not tell is not checked: whether a delayed report was notified a second time (CS
FTL.1.205(d)(1)(ii)), in-flight rest of each pilot (CS FTL.1.205(c)(2)), travelling, accommodation while on standby.
"""

from penstock.feeds.crew import easa_tables as tables
from penstock.feeds.crew.clauses import Breach, Clause, Lawbook
from penstock.feeds.crew.common import DutyRule
from penstock.feeds.crew.duty import Duty
from penstock.feeds.crew.policy import Policy
from penstock.feeds.crew.times import DAY, HOUR, clock, hours, in_wocl
from penstock.model.findings import Severity

MOST_SECTORS_IN_FLIGHT_REST = 3
DISCRETION, DISCRETION_AUGMENTED, REPORTABLE = 2 * HOUR, 3 * HOUR, HOUR
LEAST_BREAK, UNSUITED_BREAK = 3 * HOUR, 6 * HOUR
AIRPORT_STANDBY_FREE, MOST_WITH_AIRPORT_STANDBY = 4 * HOUR, 16 * HOUR
STANDBY_FREE, STANDBY_FREE_WITH_REST, MOST_STANDBY, MOST_AWAKE = 6 * HOUR, 8 * HOUR, 16 * HOUR, 18 * HOUR
RESERVE_NOTICE = 10 * HOUR
DELAY = 4 * HOUR

LAW = Lawbook[DutyRule]()


def basic_fdp(duty: Duty, policy: Policy) -> int | None:
    """ORO.FTL.205(b): Table 2 by the reference time of the start, or Table 3, or 4 under fatigue risk management; the
    stricter of both where a record does not say. None where the tables end. A reduction for standby is not in it."""
    acclimatised, unknown = _table_2(duty), tables.unknown(duty.sectors, policy.frm)
    if duty.acclimatised == "yes":
        return acclimatised
    if duty.acclimatised or acclimatised is None or unknown is None:
        return unknown
    return min(acclimatised, unknown)


def _table_2(duty: Duty) -> int | None:
    """Table 2. Where reporting was delayed by less than 4 hours it goes by the original time of report, by more by the
    more limiting of both (CS FTL.1.205(d)(1)(iii), (iv)); where nobody says from when, by the most limiting there is.
    That a delay of 10 hours is a rest if nobody disturbs it (v) no record tells."""
    if duty.delayed:
        return tables.acclimatised_at_worst(duty.sectors)
    original = tables.acclimatised(duty.original_clock, duty.sectors)
    if original is None or duty.delay < DELAY:
        return original
    return min(original, tables.acclimatised(duty.clock, duty.sectors) or 0)


def longest_fdp(duty: Duty, policy: Policy) -> int | None:
    """The maximum FDP in minutes without a planned extension or discretion: basic; or with in-flight rest (CS
    FTL.1.205(c)); or half of a break more (CS FTL.1.220(c)); less what a standby takes away (CS FTL.1.225). What is
    legal with two pilots is so with more on board."""
    if duty.augmented:
        limit = _with_in_flight_rest(duty)
        return max(limit - standby_reduction(duty, policy), longest_fdp(duty.unaugmented, policy) or 0)
    basic = basic_fdp(duty, policy)
    return None if basic is None else basic + split_credit(duty, policy) - standby_reduction(duty, policy)


def _with_in_flight_rest(duty: Duty) -> int:
    """CS FTL.1.205(c)(3) by the pilots on board, (4) by the rest that a cabin crew member had; where a record tells of
    both, and not whose it is, the stricter of them."""
    of_cabin = tables.cabin_in_flight_rest(duty.rest_class, duty.in_flight_rest)
    if duty.role == "cabin":
        return of_cabin
    of_pilots = tables.in_flight_rest(duty.pilots, duty.rest_class, duty.sectors, duty.longest_sector)
    return of_pilots if duty.role else min(of_pilots, of_cabin)


def split_credit(duty: Duty, policy: Policy) -> int:
    """CS FTL.1.220: half of a break on the ground of at least 3 consecutive hours, not with in-flight rest. In an
    unknown state of acclimatisation, more than Table 3 asks for fatigue risk management (EASA's FAQ 47625).

    `split_rest` is the break itself, without the 30 minutes or more for duties and travelling before and after it (b);
    so the 3 hours are net of them. Without a suitable accommodation, what is beyond 6 hours and what lies in the
    window of circadian low earns nothing (e).
    """
    if duty.augmented or duty.split_end - duty.split_start < LEAST_BREAK:
        return 0
    if duty.acclimatised != "yes" and not policy.frm:
        return 0
    if duty.split_suitable:
        return (duty.split_end - duty.split_start) // 2
    end = min(duty.split_end, duty.split_start + UNSUITED_BREAK)
    return (end - duty.split_start - in_wocl(duty.local(duty.split_start), duty.local(end))) // 2


def standby_reduction(duty: Duty, policy: Policy) -> int:
    """CS FTL.1.225: at the airport, standby of more than 4 hours shortens the FDP by what is over (a)(2)(i). Elsewhere
    that of more than 6 hours does, 8 with in-flight rest or a break that counts (b)(7), (8); it goes on until report
    (b)(5), and if it starts between 23:00 and 07:00, the time between them counts from the call only (b)(9), by the
    clock of the reference zone: all of it where nobody says when the call came."""
    if duty.standby == "airport":
        return max(0, duty.report - duty.standby_start - AIRPORT_STANDBY_FREE)
    if duty.standby != "other":
        return 0
    free = STANDBY_FREE_WITH_REST if duty.augmented or split_credit(duty, policy) else STANDBY_FREE
    start = duty.local(duty.standby_start)
    night_end = (start - 7 * HOUR) // DAY * DAY + DAY + 7 * HOUR
    asleep = 0
    if start >= night_end - 8 * HOUR and duty.call_is_told:
        asleep = max(0, min(duty.local(min(duty.called, duty.report)), night_end) - start)
    return max(0, duty.report - duty.standby_start - asleep - free)


FDP = Clause(
    "crew.easa.fdp",
    "fdp_end_at",
    "ORO.FTL.205(b)",
    "the FDP is within Table 2, 3 or 4, with a break on the ground within CS FTL.1.220",
)
FDP_IN_FLIGHT_REST = Clause(
    "crew.easa.fdp_in_flight_rest",
    "fdp_end_at",
    "ORO.FTL.205(e), CS FTL.1.205(c)(3)",
    "the FDP with in-flight rest is within the limit of the rest facility's class",
)
CABIN_REST = Clause(
    "crew.easa.cabin_in_flight_rest",
    "in_flight_rest_minutes",
    "ORO.FTL.205(e), CS FTL.1.205(c)(4)",
    "the FDP of cabin crew with in-flight rest is within what their rest extends it to, by the facility's class",
)
FDP_EXTENDED = Clause(
    "crew.easa.fdp_extended",
    "fdp_end_at",
    "ORO.FTL.205(d), CS FTL.1.205(b)",
    "the FDP with a planned extension is within the table of extensions",
)
SECTORS = Clause(
    "crew.easa.sectors",
    "sectors",
    "ORO.FTL.205(b)",
    "the tables end at 10 sectors, in an unknown state of acclimatisation at 8",
    unit="sectors",
)
EXTENSION_NOT_ALLOWED = Clause(
    "crew.easa.extension_not_allowed",
    "extension",
    "ORO.FTL.205(d)(3), (4), CS FTL.1.205(b)",
    "an extension is planned only for the starts and sectors of the table, and not with a break or in-flight rest",
)
EXTENSION_USED = Clause(
    "crew.easa.extension_used",
    "extension",
    "ORO.FTL.205(d)",
    "a planned extension is flagged",
    Severity.SOFT,
)
DISCRETION_TOO_LONG = Clause(
    "crew.easa.discretion",
    "extension",
    "ORO.FTL.205(f)(1)(i)",
    "the commander may add no more than 2 hours, 3 with an augmented crew",
)
DISCRETION_USED = Clause(
    "crew.easa.discretion_used",
    "extension",
    "ORO.FTL.205(f)",
    "commander's discretion is flagged; more than an hour is reported to the authority within 28 days",
    Severity.SOFT,
)


@LAW.rule(
    FDP,
    FDP_IN_FLIGHT_REST,
    CABIN_REST,
    FDP_EXTENDED,
    SECTORS,
    EXTENSION_NOT_ALLOWED,
    EXTENSION_USED,
    DISCRETION_TOO_LONG,
    DISCRETION_USED,
)
def flight_duty_period(duty: Duty, policy: Policy) -> list[Breach]:
    """ORO.FTL.205(b), (e) and 220: the FDP is within its maximum; `extension` decides what may be added."""
    if not duty.flies:
        return []
    limit = longest_fdp(duty, policy)
    if limit is None:
        most = 10 if duty.acclimatised == "yes" else 8
        message = f"{duty.sectors} sectors, and the table of FDPs ends at {most}; no FDP is allowed for more"
        return [SECTORS.breach(message, (duty.id,), most, duty.sectors)]
    if duty.extension == "planned":
        return _planned(duty, limit, policy)
    if duty.extension == "discretion":
        return _discretion(duty, limit)
    actual = duty.fdp_end - duty.fdp_start
    if actual <= limit:
        return []
    clause = FDP if not duty.augmented else CABIN_REST if duty.role == "cabin" else FDP_IN_FLIGHT_REST
    return [clause.breach(f"{_fdp_over(duty, limit)}; shorten it", (duty.id,), limit, actual)]


def is_extended(duty: Duty, policy: Policy) -> bool:
    """Is there a planned extension? One that the FDP does not need extends nothing."""
    if duty.extension != "planned":
        return False
    limit = longest_fdp(duty, policy)
    return limit is None or duty.fdp_end - duty.fdp_start > limit


def _planned(duty: Duty, limit: int, policy: Policy) -> list[Breach]:
    """ORO.FTL.205(d), CS FTL.1.205(b): an extension without in-flight rest, up to the table's values, where it has
    one; at most 5 sectors, 4 if the window of circadian low is encroached by up to 2 hours, 2 if by more (d)(3); never
    with in-flight rest or a break (d)(4). The table goes by the time of start, so that in an unknown state of
    acclimatisation, whose tables do not, none is allowed: our reading."""
    actual = duty.fdp_end - duty.fdp_start
    used = EXTENSION_USED.breach(
        f"a planned extension: the FDP takes {hours(actual)}, without it {hours(limit)} are allowed",
        (duty.id,),
        limit,
        actual,
    )
    if actual <= limit:
        return [used]
    extended = _extended(duty)
    why_not = ""
    encroached = in_wocl(duty.local(duty.fdp_start), duty.local(duty.fdp_end))
    most = 5 if encroached == 0 else 4 if encroached <= 2 * HOUR else 2
    if duty.augmented or split_credit(duty, policy):
        why_not = "it does not go with in-flight rest or a break on the ground"
    elif duty.acclimatised != "yes":
        why_not = "the crew member is not known to be acclimatised"
    elif extended is None:
        why_not = f"there is none for a start at {clock(duty.clock)} and {duty.sectors} sectors"
    elif duty.sectors > most:
        why_not = f"{duty.sectors} sectors are more than {most} with {hours(encroached)} of the circadian low"
    if extended is None or why_not:
        message = f"the planned extension is not allowed: {why_not}; the FDP takes {hours(actual)}"
        return [EXTENSION_NOT_ALLOWED.breach(message, (duty.id,), limit, actual)]
    extended -= standby_reduction(duty, policy)
    if actual > extended:
        message = f"{_fdp_over(duty, extended)} with a planned extension; shorten it"
        return [FDP_EXTENDED.breach(message, (duty.id,), extended, actual)]
    return [used]


def _extended(duty: Duty) -> int | None:
    """CS FTL.1.205(b), with delayed reporting as in `_table_2`: at some times of report there is none."""
    if duty.delayed:
        return None
    original = tables.extended(duty.original_clock, duty.sectors)
    if original is None or duty.delay < DELAY:
        return original
    delayed = tables.extended(duty.clock, duty.sectors)
    return delayed and min(original, delayed)


def _discretion(duty: Duty, limit: int) -> list[Breach]:
    """ORO.FTL.205(f): in unforeseen circumstances the commander may add 2 hours to the maximum after (b), (e) and 220,
    3 hours with an augmented crew; what arises after takeoff of the final sector may go on to the destination or an
    alternate (f)(1)(ii). It is reported, to the authority within 28 days if of more than an hour (f)(5), (6)."""
    actual = duty.fdp_end - duty.fdp_start
    allowed = limit + (DISCRETION_AUGMENTED if duty.augmented else DISCRETION)
    if actual - duty.after_takeoff > allowed:
        message = f"{_fdp_over(duty, allowed)} with commander's discretion; no more can be added"
        return [DISCRETION_TOO_LONG.breach(message, (duty.id,), allowed, actual)]
    message = f"commander's discretion: the FDP takes {hours(actual)}, the maximum is {hours(limit)}"
    if actual - limit > REPORTABLE:
        message += "; report it to the authority within 28 days"
    return [DISCRETION_USED.breach(message, (duty.id,), limit, actual)]


def _fdp_over(duty: Duty, limit: int) -> str:
    actual = duty.fdp_end - duty.fdp_start
    state = "acclimatised" if duty.acclimatised == "yes" else "not known to be acclimatised"
    if duty.delayed:
        state += "; delayed, and original_report_at does not say from when"
    return (
        f"the FDP takes {hours(actual)}, {hours(actual - limit)} over the {hours(limit)} for a start at"
        f" {clock(duty.clock)} with {duty.sectors} sectors, {state}"
    )


SECTORS_IN_FLIGHT_REST = Clause(
    "crew.easa.sectors_in_flight_rest",
    "sectors",
    "CS FTL.1.205(c)(2)(i)",
    "an FDP with in-flight rest has no more than three sectors",
    unit="sectors",
)


@LAW.rule(SECTORS_IN_FLIGHT_REST)
def sectors_in_flight_rest(duty: Duty, policy: Policy) -> list[Breach]:
    """CS FTL.1.205(c)(2)(i): an FDP that in-flight rest extends has no more than three sectors. What is legal with two
    pilots needs no in-flight rest, whoever else is on board."""
    if not duty.augmented or duty.sectors <= MOST_SECTORS_IN_FLIGHT_REST:
        return []
    if not any(one.severity is Severity.HARD for one in flight_duty_period(duty.unaugmented, policy)):
        return []
    message = f"{duty.sectors} sectors with in-flight rest; plan no more than three"
    return [SECTORS_IN_FLIGHT_REST.breach(message, (duty.id,), MOST_SECTORS_IN_FLIGHT_REST, duty.sectors)]


SPLIT_NOT_CREDITED = Clause(
    "crew.easa.split_rest",
    "split_rest",
    "ORO.FTL.220, CS FTL.1.220",
    "a break extends the FDP if it takes 3 hours, and not together with in-flight rest",
    Severity.SOFT,
)


@LAW.rule(SPLIT_NOT_CREDITED)
def split_rest(duty: Duty, policy: Policy) -> list[Breach]:
    """CS FTL.1.220(a), (e), (f): a break that earns nothing, and that is said."""
    if not duty.split or split_credit(duty, policy):
        return []
    why = (
        "it does not go with in-flight rest"
        if duty.augmented
        else "it takes less than 3 hours"
        if duty.split_end - duty.split_start < LEAST_BREAK
        else "the state of acclimatisation is unknown, and there is no fatigue risk management"
        if duty.acclimatised != "yes" and not policy.frm
        else "the accommodation is not said to be suitable, and the break lies in the window of circadian low"
    )
    return [SPLIT_NOT_CREDITED.breach(f"the break on the ground does not extend the FDP: {why}", (duty.id,))]


AIRPORT_STANDBY = Clause(
    "crew.easa.airport_standby",
    "fdp_end_at",
    "CS FTL.1.225(a)(2)(ii)",
    "airport standby and FDP together take no more than 16 hours",
)
STANDBY_TOO_LONG = Clause(
    "crew.easa.standby",
    "standby",
    "CS FTL.1.225(b)(1)",
    "a standby other than at the airport takes no more than 16 hours",
)
AWAKE = Clause(
    "crew.easa.awake",
    "standby",
    "CS FTL.1.225(b)(2)",
    "standby and FDP do not lead to more than 18 hours awake",
    Severity.SOFT,
)


@LAW.rule(AIRPORT_STANDBY, STANDBY_TOO_LONG, AWAKE)
def standby(duty: Duty, policy: Policy) -> list[Breach]:
    """CS FTL.1.225: airport standby and an FDP as of ORO.FTL.205(b) and (d), that is without in-flight rest or a break,
    take at most 16 hours (a)(2)(ii); standby elsewhere at most 16 hours (b)(1), and it is flagged where with the FDP it
    takes more than 18, of which one may be awake (b)(2)."""
    found: list[Breach] = []
    together = duty.fdp_end - duty.standby_start
    if duty.standby == "airport" and duty.flies and not duty.augmented and not split_credit(duty, policy):
        if together > MOST_WITH_AIRPORT_STANDBY:
            message = f"airport standby and FDP take {hours(together)} together, 16:00 are allowed; end the FDP earlier"
            found.append(AIRPORT_STANDBY.breach(message, (duty.id,), MOST_WITH_AIRPORT_STANDBY, together))
    elif duty.standby == "other":
        length = duty.standby_end - duty.standby_start
        if length > MOST_STANDBY:
            message = f"a standby of {hours(length)}; at most 16:00 are allowed"
            found.append(STANDBY_TOO_LONG.breach(message, (duty.id,), MOST_STANDBY, length))
        if duty.flies and together > MOST_AWAKE and not duty.augmented:
            message = f"standby and FDP take {hours(together)}; make sure that no more than 18:00 of it were awake"
            found.append(AWAKE.breach(message, (duty.id,), MOST_AWAKE, together))
    return found


RESERVE = Clause(
    "crew.easa.reserve_notice",
    "standby",
    "CS FTL.1.230",
    "who is on reserve is told 10 hours before report",
    least=True,
)


@LAW.rule(RESERVE)
def reserve(duty: Duty, policy: Policy) -> list[Breach]:
    """CS FTL.1.230: at least 10 hours from the notification of a duty, which is `standby.end`, to report."""
    notice = duty.report - duty.called
    if duty.standby != "reserve" or not duty.flies or notice >= RESERVE_NOTICE:
        return []
    message = f"{hours(notice)} of notice on reserve; 10:00 are demanded, to protect 8 hours of sleep"
    return [RESERVE.breach(message, (duty.id,), RESERVE_NOTICE, notice)]
