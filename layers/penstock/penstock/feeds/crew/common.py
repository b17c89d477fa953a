"""Rules that are the same under either regulation, of one duty by itself."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from penstock.feeds.crew.activities import FLIGHT_DUTY
from penstock.feeds.crew.airports import airport
from penstock.feeds.crew.clauses import Breach, Clause, Lawbook
from penstock.feeds.crew.duty import Duty
from penstock.feeds.crew.editions import EDITIONS, in_force_since
from penstock.feeds.crew.history import History
from penstock.feeds.crew.policy import Policy
from penstock.feeds.crew.times import DAY, minute_of
from penstock.feeds.feed import Record
from penstock.model.findings import Severity

UNKNOWN_ZONE = Clause(
    "crew.unknown_zone",
    "reference_tz",
    "IANA time zone database",
    "the reference zone exists",
)

_EPOCH = date(1970, 1, 1)

type DutyRule = Callable[[Duty, Policy], list[Breach]]
"""A rule about one duty by itself."""

type HistoryRule = Callable[[History, Duty, Policy], list[Breach]]
"""A rule about a duty of the history, by what is before it."""

LAW = Lawbook[Callable[..., list[Breach]]]()

QUALIFICATION = Clause(
    "crew.qualification_expired",
    "qualifications",
    "14 CFR 61.3, 121.436, 121.441; ORO.FC.145, FCL.045",
    "what a crew member must hold is valid until the end of the duty",
)


@LAW.rule(QUALIFICATION)
def qualifications(duty: Duty, certificates: Sequence[Record]) -> list[Breach]:
    """Licences, ratings, checks and medicals are valid to the end of the FDP, or of a standby. A date is valid to the
    end of that day, by the reference zone. Who travels, trains or renews them needs none."""
    if not (duty.flies or duty.standby):
        return []
    end = duty.fdp_end if duty.flies else duty.release
    last_day = _EPOCH + timedelta(duty.local(end - 1) // DAY)
    expired = [one for one in certificates if _expired(one["valid_until"], end, last_day)]
    return [
        QUALIFICATION.breach(
            f"{one['code']} is valid until {one['valid_until'].isoformat()}, before the duty's end; renew it, or"
            " assign someone else",
            (duty.id,),
        )
        for one in expired
    ]


def _expired(valid_until: date, end: int, last_day: date) -> bool:
    if isinstance(valid_until, datetime):
        return minute_of(valid_until) < end
    return valid_until < last_day


REST_FACILITY = Clause(
    "crew.rest_facility",
    "rest_facility_class",
    "14 CFR 117.3, 117.17; CS FTL.1.205(c); operator policy, preferred_rest_class",
    "an augmented crew has a rest facility of the preferred class",
    Severity.SOFT,
    unit="class",
)


@LAW.rule(REST_FACILITY)
def rest_facility(duty: Duty, policy: Policy) -> list[Breach]:
    """An augmented crew without a rest facility is no augmented crew to the tables (117.3, CS FTL.1.205(c)); one whose
    facility is of a lesser class than the operator prefers is flagged."""
    if duty.pilots < 3 or not duty.flies or 1 <= duty.rest_class <= policy.preferred_rest_class:
        return []
    preferred = policy.preferred_rest_class
    if duty.rest_class == 0:
        message = f"{duty.pilots} pilots and no rest facility: the limits of an unaugmented crew hold"
        return [REST_FACILITY.breach(message, (duty.id,))]
    message = f"a rest facility of class {duty.rest_class} where class {preferred} is preferred"
    return [REST_FACILITY.breach(message, (duty.id,), preferred, duty.rest_class)]


EDITION = Clause(
    "crew.edition",
    "report_at",
    "record",
    "a duty is judged by the edition of a regulation that was applied when it began",
    Severity.INFO,
)


@LAW.rule(EDITION)
def edition(duty: Duty) -> list[Breach]:
    """The rules here are those of one edition of each regulation. What began before it was applied is judged by it all
    the same, and that is said."""
    if duty.begin >= in_force_since(duty.regulation):
        return []
    message = f"judged by {EDITIONS[duty.regulation].name}, which was not applied yet"
    return [EDITION.breach(message, (duty.id,))]


UNTOLD_SECTORS = Clause(
    "crew.untold_sectors",
    "sectors",
    "14 CFR 117.13, Table B; ORO.FTL.205(b)",
    "a flight duty says which sectors it has; where it does not, they are the most that the tables know",
    Severity.INFO,
)


@LAW.rule(UNTOLD_SECTORS)
def untold_sectors(duty: Duty, sectors: Sequence[Record] | None) -> list[Breach]:
    """An FDP without a word of its sectors is judged as one of the most sectors there are, and of as much flight time
    as it has room for."""
    if sectors or duty.activity != FLIGHT_DUTY or not duty.flies:
        return []
    message = f"no sectors are told, so that {duty.sectors} count; send them"
    return [UNTOLD_SECTORS.breach(message, (duty.id,))]


UNKNOWN_AIRPORT = Clause(
    "crew.unknown_airport",
    "sectors",
    "ICAO Doc 7910, IATA; airportsdata 20260905",
    "an airport is in the table of airports; where it is not, the stricter reading holds",
    Severity.INFO,
)


@LAW.rule(UNKNOWN_AIRPORT)
def unknown_airport(duty: Duty, sectors: Sequence[Record]) -> list[Breach]:
    """Airports that the table does not have. Nothing is milder for it: they may be the home base, and the airports of
    any of the policy's rules."""
    named = {duty.home_base} | {sector[end] for sector in sectors for end in ("origin", "destination")}
    return [
        UNKNOWN_AIRPORT.breach(
            f"{code} is in no table of airports; correct it, or expect the stricter of two readings", (duty.id,)
        )
        for code in sorted(named - {""})
        if airport(code) is None
    ]
