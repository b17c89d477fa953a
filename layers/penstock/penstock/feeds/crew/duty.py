"""A duty as the rules see it: plain figures, no text to parse again.

It is also what a crew member's history keeps of each duty, by the names of its fields.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple, cast

from penstock.feeds.crew.activities import FLIGHT_DUTY, FREE, STANDBY, WITHDRAWN, WORK, activity_of
from penstock.feeds.crew.times import is_zone, local, minute_of
from penstock.feeds.feed import Record
from penstock.model.versions import ensure_known

_STANDBY = {
    "far117": {"home": "long_call", "other": "long_call", "reserve": "long_call"},
    "easa": {"short_call": "other", "home": "other", "long_call": "reserve"},
}
"""What a kind of standby is to the regulation. Under Part 117 all that is not called airport standby or short-call is
long-call (117.21(a)); under EASA all that is not at the airport is other (CS FTL.1.225(b)), or reserve (CS
FTL.1.230)."""

_NO_DUTY = frozenset({"long_call", "reserve"})
"""Standby that is no duty and may run through a rest: long-call and reserve (117.21(a), CS FTL.1.230)."""

_THROUGH_REST = _NO_DUTY | {""}


class Duty(NamedTuple):
    """Times are instants in minutes (see `times`), lengths are minutes.

    `begin` is when rest before it ends: at the start of an airport standby, a reserve availability period or another
    standby, otherwise at report. `fdp_start` is report, or under Part 117 the start of an airport standby, all of
    which is FDP (117.21(b)). A duty without flights has an FDP of no length, unless its end is given.

    `standby` is one of `airport`, `short_call`, `long_call` under Part 117, and of `airport`, `other`, `reserve` under
    EASA; "" is none. `rest_class` is 0 without a rest facility.

    What a record does not tell counts as its longest: `acclimatised` is "" then, which takes the stricter table, a
    sector without times fills its FDP, and a flight duty without a word of its sectors has `MOST_SECTORS`. The FDP ends
    when the last sector that is operated is in, or later where the record says so and nothing explains that: neither a
    sector that was cancelled nor positioning, behind it (14 CFR 117.3, ORO.FTL.105(12), 215); at release where neither
    is told. Flight time is what the sectors add up to, and what the record says where they do not tell.

    `flights` are block times, actual ones where known; `sectors` are those operated, `longest_sector` the longest block
    time of them that is known, `first_in` when the first of them ends, the end of the FDP if unknown. `after_takeoff`
    is by how much the last one operated took longer, from off to in, than planned: the part of an extension that arose
    after takeoff.
    `offsets` are the least and the greatest offset from UTC that the sectors' planned times are written with.
    `origin` and `destination` are where the duty begins and ends, whatever was planned.

    `activity` is what it is (see `activities`), `withdrawn` that it is no more. `original_report` is the report before
    it was delayed, 0 if it was not, and `delayed` that nobody says which it was. `role` is `flight`, `cabin`, or ""
    where in-flight rest is told of somebody who is not said to be either; `in_flight_rest` is that. `called_at` is when
    the standby's call came, 0 if nobody says. `landings` and `takeoffs` are those that the crew member made,
    `landed_in` and `taken_off_in` the aircraft types that they were made in, and `types` those of the sectors that are
    operated, "" where they are not told; all three are empty where none is. `tails` are the registrations of the
    aircraft.
    """

    id: str
    crew: str
    revision: int
    regulation: str
    acclimatised: str
    zone: str
    begin: int
    report: int
    fdp_start: int
    fdp_end: int
    release: int
    pilots: int
    rest_class: int
    split_start: int
    split_end: int
    split_suitable: bool
    extension: str
    standby: str
    standby_start: int
    standby_end: int
    flight_time: int
    flights: tuple[tuple[int, int], ...]
    sectors: int
    longest_sector: int
    first_in: int
    after_takeoff: int
    origin: str
    destination: str
    home_base: str
    offsets: tuple[int, int]
    activity: str = FLIGHT_DUTY
    withdrawn: bool = False
    original_report: int = 0
    role: str = "flight"
    in_flight_rest: int = 0
    called_at: int = 0
    landings: int = 0
    delayed: bool = False
    types: tuple[str, ...] = ()
    landed_in: tuple[str, ...] = ()
    tails: tuple[str, ...] = ()
    takeoffs: int = 0
    taken_off_in: tuple[str, ...] = ()

    @property
    def works(self) -> bool:
        """Is it duty without an FDP of its own?"""
        return self.activity in WORK

    @property
    def free(self) -> bool:
        """Is it time free from all duty?"""
        return self.activity in FREE

    @property
    def beside(self) -> bool:
        """Is it no duty: free time, or a reserve that nobody was called from, which is none (CS FTL.1.230, EASA's FAQ
        47645; 117.3 has long-call reserve be notified before a rest)?"""
        return self.activity in FREE or (self.standby in _NO_DUTY and not self.flies)

    @property
    def far(self) -> bool:
        """Is it flown under Part 117?"""
        return self.regulation == "far117"

    @property
    def flies(self) -> bool:
        """Does it have an FDP?"""
        return self.fdp_end > self.fdp_start

    @property
    def augmented(self) -> bool:
        """More pilots than the minimum crew, or cabin crew who rest in flight, and a facility where they can."""
        of_pilots, of_cabin = self.pilots > 2, self.in_flight_rest > 0
        rested = of_cabin if self.role == "cabin" else of_pilots and (of_cabin or self.role == "flight")
        return self.rest_class > 0 and rested

    @property
    def unaugmented(self) -> "Duty":
        """The same with nobody more on board than is needed."""
        return self._replace(pilots=2, in_flight_rest=0)

    @property
    def split(self) -> bool:
        """Is there a break on the ground?"""
        return self.split_end > self.split_start

    @property
    def uncalled(self) -> bool:
        """Is it a standby or reserve that led to no duty, and goes on after what it names as report?"""
        return bool(self.standby) and not self.flies and self.standby_end > self.report

    @property
    def clock(self) -> int:
        """The minute of the day, 0 to 1439, at which the FDP starts, by the reference zone."""
        return local(self.zone, self.fdp_start) % 1440

    @property
    def original_clock(self) -> int:
        """As `clock`, of the report before it was delayed."""
        return local(self.zone, min(self.original_report or self.report, self.fdp_start)) % 1440

    @property
    def delay(self) -> int:
        """By how much reporting was delayed."""
        return self.report - self.original_report if self.original_report else 0

    @property
    def called(self) -> int:
        """When the standby's call came, at the latest: where nobody says, at its end."""
        return self.called_at or self.standby_end

    @property
    def call_is_told(self) -> bool:
        """Does somebody say when the call came? A standby that ends before report was ended by it."""
        return bool(self.called_at) or self.standby_end < self.report

    @property
    def duty_start(self) -> int:
        """When duty time begins: with an airport standby (ORO.FTL.225(c)), otherwise at report; of a standby that led
        to no duty, when it ends."""
        if self.standby == "airport":
            return min(self.report, self.standby_start)
        return self.standby_end if self.uncalled else self.report

    def local(self, instant: int) -> int:
        """The reference zone's local time of an instant."""
        return local(self.zone, instant)


type Oooi = tuple[int | None, int | None, int | None, int | None]
"""Out, off, on and in as instants; None where it is not said."""


class Times(NamedTuple):
    """When a sector was to be flown, and when it was; `block` is (out, in), None where they are not known."""

    planned: Oooi
    actual: Oooi
    block: tuple[int, int] | None


def _block(planned: Oooi, actual: Oooi) -> tuple[int, int] | None:
    """(out, in): actual where known; a flight under way is taken to last as long as planned, and no shorter than what
    is known of its takeoff and landing."""
    (planned_out, _, _, planned_in), (out, off, on, into) = planned, actual
    late = out - planned_out if out is not None and planned_out is not None else 0
    if out is None:
        out = min((time for time in (planned_out, off) if time is not None), default=None)
    if into is None:
        expected = planned_in + late if planned_in is not None else None
        into = max((time for time in (expected, on) if time is not None), default=None)
    return None if out is None or into is None else (out, into)


def times_of(sector: Record) -> Times:
    """A sector's times. What was planned of an arrival says nothing of one that went elsewhere."""
    said = sector.get
    planned = _instants(said("planned_out"), said("planned_off"), said("planned_on"), said("planned_in"))
    if said("diverted_to") or said("status") in _ELSEWHERE:
        planned = (*planned[:2], None, None)
    actual = _instants(said("actual_out"), said("actual_off"), said("actual_on"), said("actual_in"))
    return Times(planned, actual, _block(planned, actual))


_ELSEWHERE = frozenset({"diverted", "returned"})


def arrived_at(sector: Record) -> str:
    """Where a sector ended; "" where it was diverted and nobody says to where."""
    status = sector.get("status")
    if status == "returned":
        return sector["origin"]
    return sector.get("diverted_to") or ("" if status == "diverted" else sector["destination"])


def is_flown(sector: Record) -> bool:
    """Is it, or will it be, flown? A cancelled one is no sector."""
    return sector.get("status") != "cancelled"


def is_operated(sector: Record) -> bool:
    """Does the crew member operate it? Positioning is no sector (ORO.FTL.215)."""
    return not sector.get("positioning") and sector.get("status") != "cancelled"


def _instants(out: datetime | None, off: datetime | None, on: datetime | None, into: datetime | None) -> Oooi:
    return (
        out and minute_of(out),
        off and minute_of(off),
        on and minute_of(on),
        into and minute_of(into),
    )


class Reading(NamedTuple):
    """What the rules need of a record: when its sectors are flown, and the duty."""

    times: Sequence[Times]
    duty: Duty


_READING = "reading"


def read(record: Record) -> Record:
    """A record with its reading beside its fields, of which none is called so. To make one takes as long as to judge by
    it, and it is judged and kept. One in a zone that nobody knows has none."""
    return {**record, _READING: reading_of(record)} if is_zone(record["reference_tz"]) else record


def reading_of(record: Record) -> Reading:
    """The reading of a valid record: the one beside it, if it has one. Its zone must exist (`times.is_zone`)."""
    known: Reading | None = record.get(_READING)
    if known is not None:
        return known
    times = [times_of(sector) for sector in record.get("sectors") or ()]
    return Reading(times, _duty_of(record, times))


def duty_of(record: Record) -> Duty:
    """What a valid record says. Its zone must exist (`times.is_zone`)."""
    return reading_of(record).duty


def _duty_of(record: Record, times: Sequence[Times]) -> Duty:
    report, release = minute_of(record["report_at"]), minute_of(record["release_at"])
    activity, regulation = activity_of(record), record["regulation"]
    sectors: Sequence[Record] = record.get("sectors") or ()
    told = bool(sectors)
    last_is_gone = told and not is_operated(sectors[-1])
    if any(sector.get("status") == "cancelled" for sector in sectors):
        flown_ones = [(sector, of) for sector, of in zip(sectors, times, strict=True) if is_flown(sector)]
        sectors, times = [sector for sector, _ in flown_ones], [of for _, of in flown_ones]
    kind, standby_start, standby_end, called = _standby(record, activity, report, release)
    kind = _STANDBY[regulation].get(kind, kind)
    begin = report if kind in _THROUGH_REST else min(report, standby_start)
    split, split_start, split_end = _interval(record.get("split_rest"), 0)
    operated = [time for time, sector in zip(times, sectors, strict=True) if not sector.get("positioning")]
    flights = blocks = tuple(block for time in operated if (block := time.block))
    untold = activity == FLIGHT_DUTY and not told
    untimed = len(operated) - len(blocks) + untold
    fdp_end = blocks[-1][1] if blocks else report
    in_is_told = told and (not operated or operated[-1].block is not None)
    if not (in_is_told and last_is_gone):
        fdp_end = max(fdp_end, _fdp_end_said(record, activity, report, report if in_is_told else release))
    flown = sum(end - start for start, end in flights)
    said: int | None = record.get("flight_time_minutes")
    if said is None and untimed:
        # Nobody says how long these took: as long as the FDP had room for.
        flights = _around(report, fdp_end, split_start, split_end)
        flown = max(flown, sum(end - start for start, end in flights))
    elif said is not None and untimed:
        # The total is the record's own word; where sectors do not tell when it was flown, it was before the end.
        if abs(said - flown) > len(blocks):
            flights = ((fdp_end - said, fdp_end),) if said else ()
        flown = said
    original = record.get("original_report_at")
    landings, landed_in = _made(sectors, "landing")
    return Duty(
        record["duty_id"],
        record["crew_id"],
        record.get("revision", 0),
        regulation,
        record.get("acclimatised", ""),
        record["reference_tz"],
        begin,
        report,
        min(report, standby_start) if kind == "airport" and regulation == "far117" else report,
        fdp_end,
        release,
        record.get("pilots", 2),
        record.get("rest_facility_class") or 0,
        split_start,
        split_end,
        bool(split and split.get("suitable")),
        record.get("extension", "none"),
        kind,
        standby_start,
        standby_end,
        flown,
        flights,
        _most_sectors(record) if untold else len(operated),
        _longest(blocks, len(operated), said),
        _first_in(operated, fdp_end),
        _after_takeoff(sectors, times),
        sectors[0]["origin"] if sectors else "",
        arrived_at(sectors[-1]) if sectors else "",
        record.get("home_base") or "",
        _offsets(sectors),
        activity,
        record.get("status") in WITHDRAWN,
        minute_of(original) if original else 0,
        record.get("role") or ("flight" if record.get("in_flight_rest_minutes") is None else ""),
        record.get("in_flight_rest_minutes") or 0,
        called,
        landings,
        record.get("status") == "delayed" and not original,
        _types(sectors),
        landed_in,
        tails_of(record),
        *_made(sectors, "takeoff"),
    )


def tails_of(record: Record) -> tuple[str, ...]:
    """The registrations in a record."""
    sectors: Sequence[Record] = record.get("sectors") or ()
    return tuple(sorted({tail for sector in sectors if (tail := sector.get("registration"))}))


def _types(sectors: Sequence[Record]) -> tuple[str, ...]:
    """The aircraft types that are operated."""
    if not any(sector.get("aircraft_type") for sector in sectors):
        return ()
    return tuple(sorted({sector.get("aircraft_type") or "" for sector in sectors if is_operated(sector)}))


def _made(sectors: Sequence[Record], what: str) -> tuple[int, tuple[str, ...]]:
    """How often the crew member made a takeoff or a landing, and in which types, if any is told."""
    made = [sector.get("aircraft_type") or "" for sector in sectors if sector.get(what) and is_operated(sector)]
    told = made and any(sector.get("aircraft_type") for sector in sectors)
    return len(made), tuple(made) if told else ()


def _standby(record: Record, activity: str, report: int, release: int) -> tuple[str, int, int, int]:
    """(kind, start, end, call): of a duty that somebody was called to, or of a standby by itself; no call is 0."""
    standby: Record | None = record.get("standby")
    if standby:
        end = minute_of(standby["end"])
        called = standby.get("called_at")
        return standby["kind"], minute_of(standby["start"]), end, minute_of(called) if called else 0
    if activity in STANDBY:
        return STANDBY[activity], report, release, 0
    return "", report, report, 0


def _fdp_end_said(record: Record, activity: str, report: int, latest: int) -> int:
    """As the record says, or at the latest. Airport standby is FDP to Part 117, whether it leads to a flight or not
    (117.21(b))."""
    said: datetime | None = record.get("fdp_end_at")
    if said:
        return minute_of(said)
    to_the_end = activity == FLIGHT_DUTY or (activity == "airport_standby" and record["regulation"] == "far117")
    return latest if to_the_end else report


def _around(begin: int, end: int, split_start: int, split_end: int) -> tuple[tuple[int, int], ...]:
    """All of the FDP but for a break in it."""
    if not begin <= split_start < split_end <= end:
        return ((begin, end),)
    return tuple((start, until) for start, until in ((begin, split_start), (split_end, end)) if until > start)


MOST_SECTORS = {"far117": 7, "easa": 10}
"""Where the tables end: Table B at 7 or more, Table 2 at 10."""


def _most_sectors(record: Record) -> int:
    """In a state of acclimatisation that is not known the tables end at 8 (ORO.FTL.205(b)(2), (3))."""
    most = MOST_SECTORS[record["regulation"]]
    return most if record.get("acclimatised") == "yes" else min(most, 8)


def _first_in(operated: Sequence[Times], fdp_end: int) -> int:
    if not operated:
        return 0
    first = operated[0].block
    return first[1] if first else fdp_end


def _longest(blocks: Sequence[tuple[int, int]], operated: int, said: int | None) -> int:
    """The longest block time that is known. Of a single sector without times it is the flight time that is said."""
    if operated == 1 and not blocks:
        return said or 0
    return max((end - start for start, end in blocks), default=0)


def _offsets(sectors: Sequence[Record]) -> tuple[int, int]:
    times = [sector.get(name) for sector in sectors for name in ("planned_out", "planned_in")]
    offsets = [int(time.utcoffset().total_seconds()) // 60 for time in times if time is not None]
    return (min(offsets), max(offsets)) if offsets else (0, 0)


def _after_takeoff(sectors: Sequence[Record], times: Sequence[Times]) -> int:
    """Of the last sector that is operated, wherever it landed: it was planned to where it was to go."""
    last = next((at for at in reversed(range(len(sectors))) if is_operated(sectors[at])), None)
    if last is None:
        return 0
    (_, planned_off, _, _), (_, off, _, into), _ = times[last]
    planned_in: datetime | None = sectors[last].get("planned_in")
    if planned_off is None or planned_in is None or off is None or into is None:
        return 0
    return max(0, (into - off) - (minute_of(planned_in) - planned_off))


def _interval(field: Record | None, nowhere: int) -> tuple[Record | None, int, int]:
    return (field, minute_of(field["start"]), minute_of(field["end"])) if field else (None, nowhere, nowhere)


VERSION = 3
"""Of what a history keeps of a duty (see `model.versions`). 1 was its values in the order of `_IN_VERSION_1`; 2 knew
duties only, so that what is withdrawn, or is no duty, is of version 3."""

_IN_VERSION_1 = (
    "id", "crew", "revision", "regulation", "acclimatised", "zone", "begin", "report", "fdp_start", "fdp_end",
    "release", "pilots", "rest_class", "split_start", "split_end", "split_suitable", "extension", "standby",
    "standby_start", "standby_end", "flight_time", "flights", "sectors", "longest_sector", "first_in",
    "after_takeoff", "origin", "destination", "home_base", "offsets",
)  # fmt: skip

_DEFAULTS: Mapping[str, Any] = Duty._field_defaults
"""The values of fields that an older release has not written."""

_in_order = cast(Callable[[Mapping[str, Any]], tuple[Any, ...]], itemgetter(*Duty._fields))


_TUPLES = ("offsets", "types", "landed_in", "tails", "taken_off_in")

_OLD = len(_IN_VERSION_1)
_NEW = Duty._fields[_OLD:]


def dumped(duty: Duty) -> dict[str, Any]:
    """A duty by name, as JSON takes it, without what is as it mostly is."""
    of_now = {name: value for name, value in zip(_NEW, duty[_OLD:], strict=True) if value != _DEFAULTS[name]}
    return {
        "v": VERSION if duty.withdrawn or duty.beside else 2,
        **dict(zip(_IN_VERSION_1, duty, strict=False)),
        **of_now,
    }


def loaded(rows: Iterable[Mapping[str, Any] | Sequence[Any]]) -> list[Duty]:
    """Duties as `dumped` wrote them, in this release or an earlier one. What a later one has added is passed over.

    Raises:
        NewerRelease: a newer release has written one, in a form that this one does not know.
    """
    return [_loaded(row if isinstance(row, dict) else dict(zip(_IN_VERSION_1, row, strict=True))) for row in rows]


def _loaded(row: Mapping[str, Any]) -> Duty:
    ensure_known("a duty in a history", row.get("v", 1), VERSION)
    plain = {name: tuple(row[name]) for name in _TUPLES if name in row}
    flights = tuple([(out, into) for out, into in row["flights"]])
    duty = Duty._make(_in_order({**_DEFAULTS, **row, **plain, "flights": flights}))
    if duty.activity == FLIGHT_DUTY and not duty.flies:
        # Without a word about it, it is a release's that knew of no other activity, or was flown by nobody.
        return duty._replace(activity=_UNCALLED.get(duty.standby, FLIGHT_DUTY))
    return duty


_UNCALLED = {
    "airport": "airport_standby",
    "other": "home_standby",
    "short_call": "short_call_reserve",
    "long_call": "long_call_reserve",
    "reserve": "long_call_reserve",
}
