"""What a duty record says: the crew feed's canonical fields.

Beyond the canonical names a few more are understood where a sender has them, because a rule needs them and nothing
else tells: `home_base` (the rest that ORO.FTL.235 and 117.25(d) ask for depends on it), and a sector's `positioning`
(deadhead: part of the FDP, and no sector, ORO.FTL.215; no flight segment of Part 117 either).
"""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, NotRequired, Required, TypedDict

from pydantic import ConfigDict, Field, GetCoreSchemaHandler, StringConstraints, with_config
from pydantic_core import CoreSchema, core_schema

from penstock.feeds.crew.activities import Activity, SectorStatus, Status

type Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]

_ISO = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:?\d{2})$"


_FIRST, _BEYOND = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""No duty lies outside: exports write 0001-01-01 or 9999-12-31 where they know nothing."""


class _Iso8601:
    """Text first, then a time: a bare number would be taken for seconds since 1970, and a time without an offset
    says nothing."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.chain_schema(
            [
                core_schema.str_schema(strip_whitespace=True, pattern=_ISO),
                core_schema.datetime_schema(tz_constraint="aware", ge=_FIRST, lt=_BEYOND),
            ]
        )


type Moment = Annotated[datetime, _Iso8601()]
"""ISO 8601 with seconds or without, and an offset: Z, +02:00 or +0200; of the years 1970 to 2199."""


class _DayOrMoment:
    """As `_Iso8601`; a date by itself stays one."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        moment_or_day: list[CoreSchema | tuple[CoreSchema, str]] = [
            core_schema.datetime_schema(tz_constraint="aware"),
            core_schema.date_schema(),
        ]
        return core_schema.chain_schema(
            [
                core_schema.str_schema(strip_whitespace=True, pattern=rf"{_ISO}|^\d{{4}}-\d{{2}}-\d{{2}}$"),
                core_schema.union_schema(moment_or_day, mode="left_to_right"),
            ]
        )


type DayOrMoment = Annotated[date, _DayOrMoment()]
"""A day, or an instant as `Moment`, which Python takes for a kind of date."""

type Airport = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Z]{3,4}$")]
"""IATA, three letters, or ICAO, four (ICAO Doc 7910)."""

type Flight = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        pattern=r"^(?:(?:[A-Z][A-Z0-9]|[0-9][A-Z])\s?\d{1,4}[A-Z]?|[A-Z]{3}\s?\d{1,4}[A-Z]{0,2})$",
    ),
]
"""A carrier's IATA or ICAO code and a number of up to four digits, perhaps with a suffix (SSIM, chapter 2)."""

type AircraftType = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Z0-9]{2,4}$")]
"""A type designator: of ICAO, four characters at most (Doc 8643), or of IATA, three."""

type Registration = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Z0-9]{1,3}-?[A-Z0-9]{1,7}$")]
"""Nationality mark and registration (ICAO Annex 7). Loose: carriers' own tail numbers are seen in real files."""

type Zone = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z][A-Za-z0-9_+\-/]{1,63}$")]
"""An IANA zone's name."""

_MODEL = ConfigDict(str_strip_whitespace=True, extra="ignore", hide_input_in_errors=True)


@with_config(_MODEL)
class Sector(TypedDict, total=False):
    """One flight of a duty. Block time is out to in (14 CFR 1.1, flight time; ORO.FTL.105(13)). `destination` is where
    it was to go, `diverted_to` where it went instead; `takeoff` and `landing` say that the crew member made them."""

    flight: Required[Flight]
    origin: Required[Airport]
    destination: Required[Airport]
    registration: Registration | None
    aircraft_type: AircraftType | None
    planned_out: Moment | None
    planned_off: Moment | None
    planned_on: Moment | None
    planned_in: Moment | None
    actual_out: Moment | None
    actual_off: Moment | None
    actual_on: Moment | None
    actual_in: Moment | None
    positioning: bool | None
    status: SectorStatus | None
    diverted_to: Airport | None
    landing: bool | None
    takeoff: bool | None


@with_config(_MODEL)
class SplitRest(TypedDict):
    """A break on the ground within the FDP, from reaching the accommodation to leaving it."""

    start: Moment
    end: Moment
    suitable: NotRequired[bool | None]


@with_config(_MODEL)
class Standby(TypedDict):
    """Reserve or standby before the duty, or in place of one. `end` is when it ended by a call, or by itself; where the
    call came earlier, it is at `called_at`.

    `airport`: 117.21(b), CS FTL.1.225(a). `short_call`, `long_call`: 117.21. `home`, `other`: CS FTL.1.225(b).
    `reserve`: CS FTL.1.230, and under Part 117 long-call, as 117.21(a) says of all that is not called otherwise.
    """

    kind: Literal["airport", "short_call", "long_call", "home", "other", "reserve"]
    start: Moment
    end: Moment
    called_at: NotRequired[Moment | None]


@with_config(_MODEL)
class Qualification(TypedDict):
    """What a crew member must hold, and the last day it is valid, or the instant it ends at."""

    code: Word
    valid_until: DayOrMoment


@with_config(_MODEL)
class DutyRecord(TypedDict, total=False):
    """One activity of one crew member, from `report_at` to `release_at`, whatever it is."""

    duty_id: Required[Word]
    revision: Annotated[int, Field(ge=0, le=1_000_000_000)]
    activity: Activity | None
    status: Status | None
    reassigned_to: Word | None
    crew_id: Required[Word]
    regulation: Required[Literal["far117", "easa"]]
    acclimatised: Literal["yes", "no", "unknown"]
    reference_tz: Required[Zone]
    report_at: Required[Moment]
    original_report_at: Moment | None
    fdp_end_at: Moment | None
    release_at: Required[Moment]
    pilots: Annotated[int, Field(ge=2, le=4)]
    rest_facility_class: Annotated[int, Field(ge=1, le=3)] | None
    role: Literal["flight", "cabin"] | None
    in_flight_rest_minutes: Annotated[int, Field(ge=0, le=1440)] | None
    split_rest: SplitRest | None
    extension: Literal["none", "planned", "discretion"]
    standby: Standby | None
    flight_time_minutes: Annotated[int, Field(ge=0, le=2880)] | None
    qualifications: Annotated[list[Qualification], Field(max_length=100)] | None
    sectors: Annotated[list[Sector], Field(max_length=24)] | None
    home_base: Airport | None
