"""14 CFR Part 117, of one duty by itself.

What crew a duty has decides its table: more than two pilots with a rest facility are an augmented crew (117.3), to
Table C; more than two without one are to Table B, and flagged. Clocks are of the reference zone, the theater in which
the crew member is, or was last, acclimated (117.13(b)(2), 117.17(b)(2)).

What a record does not tell is not checked: fitness (117.5), in-flight rest of the landing and the monitoring pilot
(117.17(c)), training, the parts of 117.15 and 117.27 about how a rest was scheduled.
"""

from penstock.feeds.crew import part117_tables as tables
from penstock.feeds.crew.clauses import Breach, Clause, Lawbook
from penstock.feeds.crew.common import DutyRule
from penstock.feeds.crew.duty import Duty
from penstock.feeds.crew.part117_split import split_credit
from penstock.feeds.crew.policy import Policy
from penstock.feeds.crew.times import DAY, HOUR, WOCL, clock, hours
from penstock.model.findings import Severity

NOT_ACCLIMATED = 30
MOST_SEGMENTS_AUGMENTED = 3
EXTENSION = 2 * HOUR
REPORTABLE = 30
MOST_RAP = 14 * HOUR
RAP_BONUS = 4 * HOUR
MOST_RAP_AND_FDP = 16 * HOUR
LONG_CALL_NOTICE, LONG_CALL_REST = 12 * HOUR, 10 * HOUR

LAW = Lawbook[DutyRule]()


def fdp_length(duty: Duty) -> int:
    """The FDP in minutes, without a split-duty rest that does not count (117.15)."""
    return duty.fdp_end - duty.fdp_start - split_credit(duty).minutes


def longest_fdp(duty: Duty) -> int:
    """The maximum FDP in minutes before any extension: Table B or C (117.13(a), 117.17(a)), 30 minutes less for a
    crew member who is not acclimated (117.13(b)(1), 117.17(b)(1))."""
    table = (
        tables.augmented(duty.clock, duty.rest_class, duty.pilots)
        if duty.augmented
        else tables.unaugmented(duty.clock, duty.sectors)
    )
    return table if duty.acclimatised == "yes" else table - NOT_ACCLIMATED


def extended_by(duty: Duty) -> int:
    """Minutes by which the FDP is over the tables: the extension that was taken, 0 if none."""
    return max(0, fdp_length(duty) - longest_fdp(duty)) if duty.flies else 0


FLIGHT_TIME = Clause(
    "crew.far117.flight_time",
    "flight_time_minutes",
    "14 CFR 117.11(a), Table A",
    "flight time is within Table A, or 13 and 17 hours for three and four pilots",
)
FLIGHT_TIME_AFTER_TAKEOFF = Clause(
    "crew.far117.flight_time_after_takeoff",
    "flight_time_minutes",
    "14 CFR 117.11(b), (c)",
    "flight time may be exceeded to land after takeoff; to be reported within 10 days",
    Severity.SOFT,
)


@LAW.rule(FLIGHT_TIME, FLIGHT_TIME_AFTER_TAKEOFF)
def flight_time(duty: Duty, policy: Policy) -> list[Breach]:
    """117.11: flight time is within Table A by time of report with the minimum crew, 13 hours with three pilots and 17
    with four. What arose after takeoff of the last sector may exceed it to land, and is reported (b), (c)."""
    limit = tables.flight_time(duty.clock, duty.pilots)
    over = duty.flight_time - limit
    if over <= 0:
        return []
    message = f"{hours(duty.flight_time)} of flight time, {hours(over)} over the {hours(limit)} of 117.11(a)"
    if duty.extension == "discretion" and over <= duty.after_takeoff:
        message += "; it arose after takeoff: report it within 10 days"
        return [FLIGHT_TIME_AFTER_TAKEOFF.breach(message, (duty.id,), limit, duty.flight_time)]
    message += "; shorten the duty, or add a pilot"
    return [FLIGHT_TIME.breach(message, (duty.id,), limit, duty.flight_time)]


FDP = Clause(
    "crew.far117.fdp",
    "fdp_end_at",
    "14 CFR 117.13, Table B",
    "the FDP of an unaugmented crew is within Table B, 30 minutes less if not acclimated",
)
FDP_AUGMENTED = Clause(
    "crew.far117.fdp_augmented",
    "fdp_end_at",
    "14 CFR 117.17, Table C",
    "the FDP of an augmented crew is within Table C, 30 minutes less if not acclimated",
)
EXTENSION_TOO_LONG = Clause(
    "crew.far117.extension",
    "extension",
    "14 CFR 117.19(a)(1)",
    "before takeoff an FDP may be extended by up to 2 hours",
)
EXTENSION_USED = Clause(
    "crew.far117.extension_used",
    "extension",
    "14 CFR 117.19(a), (b)",
    "an extension is flagged; one of more than 30 minutes is to be reported within 10 days",
    Severity.SOFT,
)
NO_PLANNED_EXTENSION = Clause(
    "crew.far117.planned_extension",
    "extension",
    "14 CFR 117.19",
    "Part 117 knows extensions by unforeseen circumstances only, none that are planned",
    Severity.SOFT,
)


@LAW.rule(FDP, FDP_AUGMENTED, EXTENSION_TOO_LONG, EXTENSION_USED, NO_PLANNED_EXTENSION)
def flight_duty_period(duty: Duty, policy: Policy) -> list[Breach]:
    """117.13, 117.17 and 117.19: the FDP is within Table B or C.

    In unforeseen operational circumstances (`extension` is `discretion`) pilot in command and carrier may extend it by
    up to 2 hours before takeoff (117.19(a)(1)), and after takeoff as far as landing takes (117.19(b)(1)). What arose
    after takeoff is what the last sector took longer than planned. Any extension is flagged, and one of more than 30
    minutes is reported within 10 days (117.19(a)(4), (b)(4)).
    """
    if not duty.flies:
        return []
    limit, actual = longest_fdp(duty), fdp_length(duty)
    over = actual - limit
    found: list[Breach] = []
    if duty.extension == "planned":
        message = "an extension is said to be planned, and Part 117 has none such; the tables' limits hold"
        found.append(NO_PLANNED_EXTENSION.breach(message, (duty.id,)))
    if duty.extension == "discretion":
        before_takeoff = over - duty.after_takeoff
        if before_takeoff > EXTENSION:
            message = f"{hours(before_takeoff)} of extension before takeoff, up to 2:00 are allowed"
            return [EXTENSION_TOO_LONG.breach(message, (duty.id,), limit + EXTENSION, actual)]
        message = f"an extension is used: the FDP takes {hours(actual)}, the table allows {hours(limit)}"
        if over > REPORTABLE:
            message += "; report it within 10 days"
        found.append(EXTENSION_USED.breach(message, (duty.id,), limit, actual))
    elif over > 0:
        message = (
            f"the FDP takes {hours(actual)}, {hours(over)} over the {hours(limit)} for a start at"
            f" {clock(duty.clock)} with {duty.sectors} segments"
            f"{'' if duty.acclimatised == 'yes' else ', not acclimated'}; shorten it, or augment the crew"
        )
        clause = FDP_AUGMENTED if duty.augmented else FDP
        found.append(clause.breach(message, (duty.id,), limit, actual))
    return found


SEGMENTS_AUGMENTED = Clause(
    "crew.far117.segments_augmented",
    "sectors",
    "14 CFR 117.17(d)",
    "an augmented crew flies no more than three segments",
    unit="sectors",
)


@LAW.rule(SEGMENTS_AUGMENTED)
def segments_augmented(duty: Duty, policy: Policy) -> list[Breach]:
    """117.17(d): an augmented FDP has no more than three flight segments. What is legal with two pilots is none,
    whoever else is on board."""
    if not duty.augmented or duty.sectors <= MOST_SEGMENTS_AUGMENTED:
        return []
    two = duty._replace(pilots=2)
    if not any(
        one.severity is Severity.HARD for rule in (flight_time, flight_duty_period) for one in rule(two, policy)
    ):
        return []
    message = f"{duty.sectors} segments with an augmented crew; plan no more than three"
    return [SEGMENTS_AUGMENTED.breach(message, (duty.id,), MOST_SEGMENTS_AUGMENTED, duty.sectors)]


SPLIT_NOT_CREDITED = Clause(
    "crew.far117.split_rest",
    "split_rest",
    "14 CFR 117.15",
    "a split-duty rest counts as FDP unless it meets all conditions",
    Severity.SOFT,
)


@LAW.rule(SPLIT_NOT_CREDITED)
def split_rest(duty: Duty, policy: Policy) -> list[Breach]:
    """117.15: a rest within the FDP that meets not all conditions is FDP, and that is said."""
    why_not = split_credit(duty).why_not
    if not why_not:
        return []
    return [SPLIT_NOT_CREDITED.breach(f"the split-duty rest counts as FDP: {why_not}", (duty.id,))]


RAP = Clause(
    "crew.far117.reserve_period",
    "standby",
    "14 CFR 117.21(c)(1)",
    "a reserve availability period takes no more than 14 hours",
)
RAP_AND_FDP = Clause(
    "crew.far117.reserve_and_fdp",
    "fdp_end_at",
    "14 CFR 117.21(c)(3), (4)",
    "reserve and FDP end within the table's FDP plus 4 hours, unaugmented within 16 hours",
)


@LAW.rule(RAP, RAP_AND_FDP)
def reserve(duty: Duty, policy: Policy) -> list[Breach]:
    """117.21(c): a short-call reserve availability period takes at most 14 hours; from its beginning, reserve and FDP
    together at most 4 hours more than Table B, and 16 hours, or than Table C with an augmented crew, each up to 2
    hours more with an extension (117.19(a)(1)), and as far as landing takes after takeoff.

    Airport standby is FDP (117.21(b)), and so is in `flight_duty_period`.
    """
    if duty.standby != "short_call":
        return []
    found: list[Breach] = []
    period = duty.standby_end - duty.standby_start
    if period > MOST_RAP:
        message = f"a reserve availability period of {hours(period)}; at most 14:00 are allowed"
        found.append(RAP.breach(message, (duty.id,), MOST_RAP, period))
    if duty.flies:
        limit = longest_fdp(duty) + RAP_BONUS
        limit = limit if duty.augmented else min(limit, MOST_RAP_AND_FDP)
        allowed = limit + EXTENSION + duty.after_takeoff if duty.extension == "discretion" else limit
        actual = duty.fdp_end - duty.standby_start
        if actual > allowed:
            message = (
                f"reserve and FDP take {hours(actual)} together, {hours(allowed)} are allowed; end the FDP earlier"
            )
            found.append(RAP_AND_FDP.breach(message, (duty.id,), allowed, actual))
    return found


LONG_CALL = Clause(
    "crew.far117.long_call_notice",
    "standby",
    "14 CFR 117.21(d)",
    "long-call reserve has 12 hours' notice of an FDP that begins before and runs into the window of circadian low",
    least=True,
)
LONG_CALL_REST_BEFORE = Clause(
    "crew.far117.long_call_rest",
    "standby",
    "14 CFR 117.3 (long-call reserve), 117.25(e)",
    "who is on long-call reserve is told before the rest of 10 hours that precedes the FDP",
    least=True,
)


@LAW.rule(LONG_CALL, LONG_CALL_REST_BEFORE)
def long_call(duty: Duty, policy: Policy) -> list[Breach]:
    """117.21(a), (d): who is on long-call reserve, or on reserve without any other name, is told 12 hours before
    report of an FDP that begins before the window of circadian low and runs into it, and of any before the rest that
    precedes it (117.3, 117.25(e)). The call is at `standby.called_at`, or else at the reserve's end."""
    if duty.standby != "long_call" or not duty.flies:
        return []
    notice = duty.report - duty.called
    begin, end = duty.local(duty.fdp_start), duty.local(duty.fdp_end)
    next_wocl = (begin - WOCL[0] + DAY) // DAY * DAY + WOCL[0]
    if notice < LONG_CALL_NOTICE and not WOCL[0] <= begin % DAY < WOCL[1] and end > next_wocl:
        message = f"{hours(notice)} of notice to an FDP that runs into the window of circadian low; 12:00 are demanded"
        return [LONG_CALL.breach(message, (duty.id,), LONG_CALL_NOTICE, notice)]
    if notice < LONG_CALL_REST:
        message = f"{hours(notice)} of notice on long-call reserve; 10:00 of rest are demanded after it"
        return [LONG_CALL_REST_BEFORE.breach(message, (duty.id,), LONG_CALL_REST, notice)]
    return []
