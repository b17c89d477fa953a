"""What an operator demands beyond the regulation: data, never code.

A policy is validated across its fields: what could never be broken, or never be kept, is refused with the reason, since
whoever wrote it believes that it holds.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, with_config

from penstock.feeds.crew.airports import airport
from penstock.feeds.crew.record import AircraftType, Airport, Word
from penstock.feeds.crew.times import minute_of
from penstock.model.findings import Severity

type Measure = Literal[
    "fdp",
    "flight_time",
    "duty",
    "sectors",
    "rest_before",
    "early_starts",
    "night_duties",
    "consecutive_days",
    "days_off",
]
"""What can be limited: `fdp`, `flight_time`, `duty` and `rest_before` in minutes, `sectors` in sectors, `early_starts`
and `night_duties` in duties, `consecutive_days` of duty and `days_off` in days. Without a window it is of one duty, or
of what is right before it."""

SUMS = ("fdp", "flight_time", "duty")
COUNTS = ("early_starts", "night_duties")
_WINDOWED = (*COUNTS, "days_off")
_SINGLE = ("sectors", "rest_before", "consecutive_days")
_MOST = {"sectors": 24, **dict.fromkeys(SUMS, 4 * 24 * 60)}
"""What no record can have more of."""

LEAST_REST = 10 * 60
"""14 CFR 117.25(e), ORO.FTL.235(b): what is shorter is no rest to either regulation."""

type Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
"""The end of the finding's code, `crew.policy.<code>`."""

type Source = Annotated[str, Field(min_length=1, max_length=128)]
"""The manual's paragraph."""

type Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
"""A time of the day, as the airport's clock shows it."""

_STRICT = ConfigDict(extra="forbid")


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class PolicyLimit:
    """One limit of the operations manual. `rest_before` and `days_off` must be at least `limit`, all else at most.

    `code` ends the finding's code, `crew.policy.<code>`; `source` is the manual's paragraph. `window_hours` makes it a
    rolling sum of `fdp`, `flight_time` or `duty`, and is what `early_starts`, `night_duties` and `days_off` are counted
    in; the last in whole local days. `regulation` limits it to duties under that one.
    """

    code: Code
    measure: Measure
    limit: Annotated[int, Field(ge=0)]
    source: Source
    severity: Severity = Severity.SOFT
    window_hours: Annotated[int, Field(ge=1, le=24 * 366)] | None = None
    regulation: Literal["far117", "easa"] | None = None

    def __post_init__(self) -> None:
        """Refuses what would never be enforced, or could never be kept.

        Raises:
            ValueError: with the reason.
        """
        why_not = self._never() or self._always()
        if why_not:
            raise ValueError(f"{self.code}: {why_not}")

    def _never(self) -> str:
        if self.window_hours is not None and self.measure in _SINGLE:
            return f"{self.measure} is not counted in a window, so that window_hours would be ignored; leave it out"
        if self.window_hours is None and self.measure in _WINDOWED:
            return f"{self.measure} is counted in a window; give window_hours"
        if self.measure in ("rest_before", "days_off") and self.limit == 0:
            return "a minimum of 0 is never missed"
        if self.measure == "rest_before" and self.limit < LEAST_REST:
            return f"the regulations demand {LEAST_REST} minutes themselves"
        if self.window_hours is not None and self.measure in SUMS and self.limit >= self.window_hours * 60:
            return f"{self.window_hours} hours never hold more than {self.window_hours * 60} minutes"
        if self.window_hours is None and self.limit >= _MOST.get(self.measure, self.limit + 1):
            return f"no record has more than {_MOST[self.measure]}"
        if self.measure == "consecutive_days" and self.limit >= 366:
            return "nobody is known to have had a duty on more days than that"
        if self.measure in COUNTS and self.window_hours and self.limit >= self.window_hours / 10:
            return f"with 10 hours of rest between, {self.window_hours} hours never hold more than {self.limit}"
        return ""

    def _always(self) -> str:
        if self.measure == "days_off" and self.window_hours and self.limit * 24 >= self.window_hours:
            return f"{self.window_hours} hours that end with a duty never hold {self.limit} whole days off"
        if self.limit == 0 and self.measure in (*SUMS, "sectors", "consecutive_days"):
            return f"every flight has more {self.measure.replace('_', ' ')} than 0"
        return ""


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class RequiredQualification:
    """A qualification that a duty asks for: on sectors by an aircraft type, at an airport, or on a route, all that is
    given together; where nothing is, on all that is or may be flown, standby as well. It is held if `qualifications`
    of the record has it; whether it is still valid is asked of all that is held."""

    code: Code
    qualification: Word
    source: Source
    severity: Severity = Severity.HARD
    aircraft_type: AircraftType | None = None
    airport: Airport | None = None
    route: tuple[Airport, Airport] | None = None
    role: Literal["flight", "cabin"] | None = None

    def __post_init__(self) -> None:
        """Raises:
        ValueError: it names an airport that no table has, or a route from an airport to itself.
        """
        for code in (self.airport, *(self.route or ())):
            _ensure_airport(self.code, code)
        if self.route and self.route[0] == self.route[1]:
            raise ValueError(f"{self.code}: a route from an airport to itself is flown by nobody")


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class Recency:
    """Landings and takeoffs (sectors with `landing` and `takeoff`) that a pilot has made within so many days before a
    duty with a sector (14 CFR 61.57, FCL.060). It is asked only of whom the history knows for as long. With an aircraft
    type, of duties with a sector in it, and of what was made in it: one rule for each type that is flown
    (61.57(a)(1)(ii), FCL.060(b)(1))."""

    code: Code
    landings: Annotated[int, Field(ge=0, le=100)]
    days: Annotated[int, Field(ge=1, le=366)]
    source: Source
    severity: Severity = Severity.SOFT
    aircraft_type: AircraftType | None = None
    takeoffs: Annotated[int, Field(ge=0, le=100)] = 0

    def __post_init__(self) -> None:
        """Raises:
        ValueError: it demands neither.
        """
        if not (self.landings or self.takeoffs):
            raise ValueError(f"{self.code}: a minimum of 0 landings and 0 takeoffs is never missed")


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class Curfew:
    """When an airport takes no takeoffs or landings, by its own clock; past midnight where `begins` is after `ends`."""

    code: Code
    airport: Airport
    begins: Clock
    ends: Clock
    source: Source
    severity: Severity = Severity.SOFT
    takeoffs: bool = True
    landings: bool = True

    def __post_init__(self) -> None:
        """Raises:
        ValueError: it would never hold, or nobody can tell when.
        """
        _ensure_airport(self.code, self.airport)
        if self.begins == self.ends:
            raise ValueError(f"{self.code}: a curfew that ends as it begins never holds")
        if not (self.takeoffs or self.landings):
            raise ValueError(f"{self.code}: a curfew of neither takeoffs nor landings never holds")


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class TurnRound:
    """Minutes on blocks between two sectors with the same registration, and that it leaves from where it arrived: one
    tail is at one place. With an airport or an aircraft type, of these only. It is asked within a record, and across
    the records of all crew members, in any file; what two records break together is soft at most, as nobody can tell
    which of them is wrong."""

    code: Code
    minutes: Annotated[int, Field(ge=1, le=1440)]
    source: Source
    severity: Severity = Severity.SOFT
    airport: Airport | None = None
    aircraft_type: AircraftType | None = None

    def __post_init__(self) -> None:
        """Raises:
        ValueError: it names an airport that no table has.
        """
        _ensure_airport(self.code, self.airport)


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class Award:
    """Leave or days off that a crew member was awarded: whole days, of the reference zone, without a duty."""

    code: Code
    crew_id: Word
    first_day: date
    last_day: date
    source: Source
    severity: Severity = Severity.HARD

    def __post_init__(self) -> None:
        """Raises:
        ValueError: it ends before it begins.
        """
        if self.last_day < self.first_day:
            raise ValueError(f"{self.code}: it ends before it begins, so that it never holds")


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class Example:
    """What a policy is expected to find: records, as a file has them, and the codes found in the last of them beside
    those of the regulation, without `crew.policy.`."""

    says: Annotated[str, Field(min_length=1, max_length=256)]
    records: Annotated[Sequence[Mapping[str, Any]], Field(min_length=1, max_length=100)]
    finds: Sequence[Code] = ()


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class Policy:
    """How one operator applies the rules.

    `edition` names the policy in its findings, `effective` is the first day it holds: no duty that began before, in
    UTC, is judged by any of it. `frm`: fatigue risk management is implemented and approved: Table 4 instead of Table 3
    (ORO.FTL.205(b)(3)), and reduced rest (CS FTL.1.235(c)). `schedule`: the type of disruptive schedule that the
    authority has assigned (ORO.FTL.105(8)). `preferred_rest_class`: an augmented crew with a lesser facility is
    flagged. `block_threshold`: minutes by which actual block time may differ from the planned unflagged.

    `penstock feeds show crew --policy FILE` shows a policy, and tries its `examples`.
    """

    frm: bool = False
    schedule: Literal["early", "late"] = "early"
    preferred_rest_class: Annotated[int, Field(ge=1, le=3)] = 1
    block_threshold: Annotated[int, Field(ge=0, le=1440)] = 30
    limits: Sequence[PolicyLimit] = ()
    edition: Annotated[str, Field(max_length=128)] = ""
    effective: date | None = None
    qualifications: Sequence[RequiredQualification] = ()
    recency: Sequence[Recency] = ()
    curfews: Sequence[Curfew] = ()
    turn_rounds: Sequence[TurnRound] = ()
    awards: Sequence[Award] = ()
    examples: Annotated[Sequence[Example], Field(max_length=100)] = ()

    def __post_init__(self) -> None:
        """Raises:
        ValueError: two rules have one code, an award is over before the policy holds, or an example waits for a code
            that no rule has.
        """
        codes = Counter(one.code for one in self.rules)
        twice = [code for code, times in codes.items() if times > 1]
        if twice:
            raise ValueError(f"{twice[0]} is the code of two rules; a finding could not say which")
        for award in self.awards:
            if self.effective and award.last_day < self.effective:
                raise ValueError(f"{award.code}: it ends before the policy is effective, so that it never holds")
        for example in self.examples:
            unknown = [code for code in example.finds if code not in codes]
            if unknown:
                raise ValueError(f'the example "{example.says}" waits for {unknown[0]}, and no rule has that code')

    @property
    def rules(self) -> Sequence[PolicyLimit | RequiredQualification | Recency | Curfew | TurnRound | Award]:
        """All that can be broken."""
        return (
            *self.limits,
            *self.qualifications,
            *self.recency,
            *self.curfews,
            *self.turn_rounds,
            *self.awards,
        )

    def at(self, instant: int) -> "Policy":
        """What holds of it at an instant, in minutes since 1970."""
        return self if self.effective is None or instant >= _first_instant(self.effective) else REGULATION_ONLY


@cache
def _first_instant(day: date) -> int:
    return minute_of(datetime(day.year, day.month, day.day, tzinfo=UTC))


def _ensure_airport(rule: str, code: str | None) -> None:
    if code and airport(code) is None:
        raise ValueError(f"{rule}: {code} is in no table of airports, so that it would never hold")


REGULATION_ONLY = Policy()
"""Nothing beyond the regulation."""
