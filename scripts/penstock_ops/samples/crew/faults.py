"""Duties with exactly one fault, or one thing to be flagged, so that what must become of them is certain.

The limits are those of the regulations for the duties that `roster` makes: acclimated, unaugmented, reported between
06:00 and 09:00, two to four sectors.
"""

import copy
import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from penstock_ops.samples.sample import DELIVERED, Expectation

from .roster import DAYS_ON, RELEASE, WEEKS, Base, Duty, Roster, duty, minutes

#: 14 CFR 117.13, Table B: minutes by segments, for a start from 06:00 and from 07:00.
FAR_BEFORE_SEVEN = {2: 13 * 60, 3: 12 * 60, 4: 12 * 60}
FAR_FROM_SEVEN = {2: 14 * 60, 3: 13 * 60, 4: 13 * 60}
#: ORO.FTL.205(b)(1), Table 2: by sectors, for a start from 06:00 to 13:29.
EASA = {2: 13 * 60, 3: 12 * 60 + 30, 4: 12 * 60}
#: 117.25(e) and ORO.FTL.235(a) at home base.
REST = {"far117": 10 * 60, "easa": 12 * 60}
#: 117.23(c)(1): 60 hours of FDP in 168 hours. ORO.FTL.210(a)(1): 60 hours of duty in 7 days. Five FDPs of ten and a
#: half hours are within either, six are within none.
BUSY_DAYS, BUSY_FDP = 6, 10 * 60 + 30

type Entry = tuple[dict[str, Any], Expectation]


class Place(NamedTuple):
    """A duty behind those of its crew member that are done with: `entries`, of which those at `intact` are as the
    roster had them, and those at `taken` are ones that another one refers to."""

    base: Base
    duty: Duty
    entries: list[Entry]
    intact: set[int]
    taken: set[int]
    rng: random.Random

    @property
    def regulation(self) -> str:
        """What it is flown under."""
        return self.base.regulation

    def record(self) -> dict[str, Any]:
        """What is to be spoilt."""
        return copy.deepcopy(self.duty.record)

    def earlier(self) -> int | None:
        """An intact one that nothing refers to yet."""
        free = sorted(self.intact - self.taken)
        return self.rng.choice(free) if free else None


type Kind = Callable[[Place], Entry | None]
"""A fault: the spoilt duty and what becomes of it, None where the place does not allow it."""


class Faults:
    """Spoils rosters. Every kind once, in some order, and again."""

    def __init__(self, seed: int, rate: float) -> None:
        self._rng = random.Random(f"{seed}:crew-faults")
        self._rate = rate
        self._bag: list[Kind] = []
        # About as often as any other kind.
        self._busy = rate * WEEKS * DAYS_ON / (len(KINDS) + 1)

    def spoil(self, roster: Roster) -> Iterator[Entry]:
        """The member's duties, some of them spoilt, each with what must become of it: whatever that is, the others are
        judged as if it were not there."""
        # The last week, so that its sixth duty takes the recovery rest from no later one as well.
        busy = WEEKS - 1 if self._rng.random() < self._busy else None
        entries: list[Entry] = []
        intact, taken = set[int](), set[int]()
        for one in roster.duties:
            if one.week == busy:
                if one.first:
                    entries += _busy_week(roster, one, self._rng)
                continue
            place = Place(roster.base, one, entries, intact, taken, self._rng)
            spoilt = self._fault(place) if self._rng.random() < self._rate else None
            if spoilt is None:
                intact.add(len(entries))
                entries.append((one.record, DELIVERED))
            else:
                entries.append(spoilt)
        yield from entries

    def _fault(self, place: Place) -> Entry | None:
        if not self._bag:
            self._bag = self._rng.sample(KINDS, len(KINDS))
        for kind in self._bag:
            spoilt = kind(place)
            if spoilt is not None:
                self._bag.remove(kind)
                return spoilt
        return None


def _rejected(record: dict[str, Any], code: str, field: str | None) -> Entry:
    return record, Expectation("rejected", code, field)


def _flagged(record: dict[str, Any], code: str, field: str) -> Entry:
    return record, Expectation("delivered", code, field)


# What the regulations do not allow


def _fdp_too_long(place: Place) -> Entry:
    record = _with_fdp(place.record(), _most(place) + place.rng.randint(1, 60))
    return _rejected(record, f"crew.{place.regulation}.fdp", "fdp_end_at")


def _rest_too_short(place: Place) -> Entry | None:
    rest = REST[place.regulation] - place.rng.randint(10, 60)
    record = _after_the_one_before(place, rest)
    return _rejected(record, f"crew.{place.regulation}.rest", "report_at") if record else None


def _overlapping(place: Place) -> Entry | None:
    record = _after_the_one_before(place, -place.rng.randint(20, 90))
    return _rejected(record, "crew.duties_overlap", "report_at") if record else None


def _expired(place: Place) -> Entry:
    record = place.record()
    the_day_before = place.duty.time("report_at").date() - timedelta(days=1)
    place.rng.choice(record["qualifications"])["valid_until"] = the_day_before.isoformat()
    return _rejected(record, "crew.qualification_expired", "qualifications")


def _busy_week(roster: Roster, first: Duty, rng: random.Random) -> Iterator[Entry]:
    """Six long days in place of four short ones: the sixth is over the limit of a week."""
    begins = first.time("report_at").replace(tzinfo=None)
    crew = first.record["crew_id"]
    for day in range(BUSY_DAYS):
        report = begins + timedelta(days=day, minutes=rng.randint(-5, 5))
        name = f"{crew}-{first.week + 1}{day + 1}"
        record = _with_fdp(duty(roster.base, crew, name, report, 3, rng), BUSY_FDP)
        if day < BUSY_DAYS - 1:
            yield record, DELIVERED
        elif roster.base.regulation == "far117":
            yield _rejected(record, "crew.far117.fdp_168h", "fdp_end_at")
        else:
            yield _rejected(record, "crew.easa.duty_7d", "release_at")


# What cannot be


def _off_before_out(place: Place) -> Entry:
    record = place.record()
    sector = place.rng.choice(record["sectors"])
    sector["actual_off"] = _moved(sector["actual_out"], -10)
    return _rejected(record, "crew.oooi_order", "sectors")


def _no_such_zone(place: Place) -> Entry:
    return _rejected(place.record() | {"reference_tz": "Atlantic/Atlantis"}, "crew.unknown_zone", "reference_tz")


def _without_release(place: Place) -> Entry:
    record = place.record()
    del record["release_at"]
    return _rejected(record, "schema.required", "release_at")


def _without_offset(place: Place) -> Entry:
    record = place.record()
    record["report_at"] = record["report_at"][:19]
    return _rejected(record, "schema.pattern", "report_at")


def _another_regulation(place: Place) -> Entry:
    return _rejected(place.record() | {"regulation": "part135"}, "schema.choice", "regulation")


def _too_many_pilots(place: Place) -> Entry:
    return _rejected(place.record() | {"pilots": 7}, "schema.range", "pilots")


def _no_airport(place: Place) -> Entry:
    record = place.record()
    record["sectors"][0]["destination"] = "Boston"
    return _rejected(record, "schema.pattern", "sectors.destination")


# What is allowed, and told


def _extended(place: Place) -> Entry | None:
    """By the pilot in command or commander: within half an hour, which is no reportable extension of 117.19(b), nor
    more than the two hours of ORO.FTL.205(f)(1). What follows has days to rest."""
    if not place.duty.last:
        return None
    record = _with_fdp(place.record(), _most(place) + place.rng.randint(5, 30)) | {"extension": "discretion"}
    used = {"far117": "crew.far117.extension_used", "easa": "crew.easa.discretion_used"}[place.regulation]
    return _flagged(record, used, "extension")


def _lesser_rest_facility(place: Place) -> Entry | None:
    """An augmented crew flies three segments at most (117.17(d), CS FTL.1.205(c)) and rests longer afterwards."""
    record = place.record()
    if len(record["sectors"]) > 3 or not place.duty.last:
        return None
    record |= {"pilots": 3, "rest_facility_class": place.rng.choice((2, 3))}
    return _flagged(record, "crew.rest_facility", "rest_facility_class")


def _arrived_late(place: Place) -> Entry:
    """By more than half an hour, before the next sector leaves."""
    record = place.record()
    first = record["sectors"][0]
    longer = 36 - minutes(_block(first, "actual") - _block(first, "planned"))
    for name in ("actual_on", "actual_in"):
        first[name] = _moved(first[name], longer)
    record["flight_time_minutes"] += longer
    return _flagged(record, "crew.block_discrepancy", "sectors")


def _misadded(place: Place) -> Entry:
    record = place.record()
    record["flight_time_minutes"] += 45
    return _flagged(record, "crew.flight_time_mismatch", "flight_time_minutes")


def _from_elsewhere(place: Place) -> Entry:
    record = place.record()
    record["sectors"][1]["origin"] = "ZRH"
    return _flagged(record, "crew.broken_route", "sectors")


# What was there before


def _again(place: Place) -> Entry | None:
    earlier = place.earlier()
    if earlier is None:
        return None
    place.taken.add(earlier)
    return place.entries[earlier][0], Expectation("duplicate", duplicate_of=earlier)


def _contradicted(place: Place) -> Entry | None:
    earlier = place.earlier()
    if earlier is None:
        return None
    place.taken.add(earlier)
    record = copy.deepcopy(place.entries[earlier][0])
    record["sectors"][0]["flight"] = "PS99"
    return record, Expectation("rejected", "crew.identity_conflict", None, earlier)


def _corrected(place: Place) -> Entry | None:
    return _revised(place, 2, DELIVERED)


def _outdated(place: Place) -> Entry | None:
    return _revised(place, 0, Expectation("rejected", "crew.superseded", "revision"))


def _revised(place: Place, revision: int, expected: Expectation) -> Entry | None:
    """An earlier duty, at the same times, in another revision."""
    earlier = place.earlier()
    if earlier is None:
        return None
    place.taken.add(earlier)
    record: dict[str, Any] = copy.deepcopy(place.entries[earlier][0]) | {"revision": revision}
    record["sectors"][0]["flight"] = "PS98"
    return record, expected


KINDS: list[Kind] = [
    _fdp_too_long,
    _rest_too_short,
    _overlapping,
    _expired,
    _off_before_out,
    _no_such_zone,
    _without_release,
    _without_offset,
    _another_regulation,
    _too_many_pilots,
    _no_airport,
    _extended,
    _lesser_rest_facility,
    _arrived_late,
    _misadded,
    _from_elsewhere,
    _again,
    _contradicted,
    _corrected,
    _outdated,
]


def _most(place: Place) -> int:
    """The longest FDP, in minutes."""
    sectors = len(place.duty.record["sectors"])
    if place.regulation == "easa":
        return EASA[sectors]
    before_seven = place.duty.time("report_at").hour < 7
    return FAR_BEFORE_SEVEN[sectors] if before_seven else FAR_FROM_SEVEN[sectors]


def _with_fdp(record: dict[str, Any], length: int) -> dict[str, Any]:
    """The same flights, and a wait behind them."""
    end = _moved(record["report_at"], length)
    return record | {"fdp_end_at": end, "release_at": _moved(end, RELEASE)}


def _after_the_one_before(place: Place, rest: int) -> dict[str, Any] | None:
    """A short duty so many minutes after the release of the day before, where that one is as it was."""
    before = len(place.entries) - 1
    if place.duty.first or before not in place.intact:
        return None
    record = place.record()
    release = datetime.fromisoformat(place.entries[before][0]["release_at"]).replace(tzinfo=None)
    report = release + timedelta(minutes=rest)
    return duty(place.base, record["crew_id"], record["duty_id"], report, 2, place.rng)


def _block(sector: dict[str, Any], which: str) -> timedelta:
    return datetime.fromisoformat(sector[f"{which}_in"]) - datetime.fromisoformat(sector[f"{which}_out"])


def _moved(moment: str, by: int) -> str:
    return (datetime.fromisoformat(moment) + timedelta(minutes=by)).isoformat()
