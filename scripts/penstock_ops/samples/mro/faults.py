"""Records with exactly one fault each, so that what must become of them is certain.

Written from the instructions of the forms, 14 CFR 43 and Part-145, and from what real exports of the FAA's service
difficulty reports look like.
"""

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from penstock_ops.samples.sample import DELIVERED, Expectation, Outcome

from .shop import Record, block_date

#: Of all faults, the share of records that come twice.
REPEATED = 0.1

CONFLICT = "mro.identity_conflict"
NOT_INSTALLED = Expectation("delivered", "mro.removed_twice", "removal_date")

type Entry = tuple[Record, Expectation]
type Change = Callable[[Record, Record | None], Record]
"""A spoilt record of a good one, given the component's record before it."""


class Kind(NamedTuple):
    """A fault: what it is found as, and in which records it can be made."""

    code: str
    field: str | None
    fits: Callable[[Record, Record | None], bool]
    change: Change
    outcome: Outcome = "rejected"


class Faults:
    """Spoils components' records, at most one of each component's. Every kind once, in some order, and again."""

    def __init__(self, seed: int, rate: float) -> None:
        self._rng, self._rate = random.Random(f"{seed}:mro-faults"), rate
        self._bag: list[Kind] = []
        self._seen = 0

    def spoil(self, done: list[Record]) -> Iterator[Entry]:
        """A component's records, each with what must become of it; whatever that is, it changes nothing for the
        others, but that a removal is remarked on whose installation was rejected."""
        entries: list[Entry] = []
        spoilt, before = False, None
        for record in done:
            kind = self._next(record, before) if not spoilt and self._rng.random() < self._rate else None
            spoilt = spoilt or kind is not None
            gone = before is not None and before["event"] == "installation" and entries[-1][1].outcome == "rejected"
            good = NOT_INSTALLED if gone and entries[-1][1].code != CONFLICT else DELIVERED
            entries.append(_spoilt(kind, record, before) if kind else (record, good))
            if not spoilt and self._rng.random() < self._rate * REPEATED:
                spoilt = True
                entries.append(self._again(record, self._seen + len(entries) - 1))
            before = record
        self._seen += len(entries)
        yield from entries

    def _again(self, record: Record, last: int) -> Entry:
        """The record that was last, once more: the same, or with something else in it."""
        if self._rng.random() < 0.5:
            return record, Expectation("duplicate", duplicate_of=last)
        other = record | {"work_order": "WO-00001"}
        return other, Expectation("rejected", CONFLICT, None, last)

    def _next(self, record: Record, before: Record | None) -> Kind | None:
        if not self._bag:
            self._bag = self._rng.sample(KINDS, len(KINDS))
        for at, kind in enumerate(self._bag):
            if kind.fits(record, before):
                return self._bag.pop(at)
        return None


def _spoilt(kind: Kind, record: Record, before: Record | None) -> Entry:
    return kind.change(record, before), Expectation(kind.outcome, kind.code, kind.field)


def _any(record: Record, before: Record | None) -> bool:
    return True


def _maintained(record: Record, before: Record | None) -> bool:
    return record["cert_status"] != "NEW"


def _new(record: Record, before: Record | None) -> bool:
    return record["cert_status"] == "NEW"


def _serial(record: Record, before: Record | None) -> bool:
    return record["component_sn"] != "N/A"


def _removed(record: Record, before: Record | None) -> bool:
    """A removal that tells hours and cycles."""
    return record["event"] == "removal" and "hours_since_new" in record


def _removed_before_may(record: Record, before: Record | None) -> bool:
    return _removed(record, before) and date.fromisoformat(record["removal_date"]).month < 5


def _installed(record: Record, before: Record | None) -> bool:
    """An installation whose removal is told as well."""
    return record["event"] == "installation" and before is not None


def _reported(record: Record, before: Record | None) -> bool:
    return "control_number" in record


def _on_form(form_type: str) -> Callable[[Record, Record | None], bool]:
    def fits(record: Record, before: Record | None) -> bool:
        return record["form_type"] == form_type and record["cert_status"] != "NEW"

    return fits


def _put(**values: object) -> Change:
    def change(record: Record, before: Record | None) -> Record:
        return record | values

    return change


def _without(*names: str) -> Change:
    def change(record: Record, before: Record | None) -> Record:
        return {name: value for name, value in record.items() if name not in names}

    return change


def _moved(field: str, by: int) -> Change:
    def change(record: Record, before: Record | None) -> Record:
        return record | {field: (date.fromisoformat(record[field]) + timedelta(by)).isoformat()}

    return change


def _completed_before_removal(record: Record, before: Record | None) -> Record:
    day = date.fromisoformat(record["removal_date"]) - timedelta(1)
    return record | {"completion_date": day.isoformat()}


def _released_before_completion(record: Record, before: Record | None) -> Record:
    between = " " if " " in record["release_date"] else "/"
    day = date.fromisoformat(record["completion_date"]) - timedelta(1)
    return record | {"release_date": block_date(between, day)}


def _after_submission(record: Record, before: Record | None) -> Record:
    reported = date.fromisoformat(record["removal_date"]) - timedelta(3)
    return _without("control_number")(record, before) | {"submitted_on": reported.isoformat()}


def _swapped(record: Record, before: Record | None) -> Record:
    """As a spreadsheet stores 12 May that takes it for 5 December; the control number keeps the day as it was."""
    wrong = date.fromisoformat(record["removal_date"]).replace(month=12, day=5)
    return record | {"submitted_on": wrong.isoformat(), "control_number": f"PSTA{wrong:%Y%d%m}00001"}


def _other_day(record: Record, before: Record | None) -> Record:
    reported = date.fromisoformat(record["submitted_on"]) + timedelta(40)
    return record | {"control_number": f"PSTA{reported:%Y%m%d}00001"}


def _reported_in_the_future(record: Record, before: Record | None) -> Record:
    return _without("control_number")(record, before) | {"submitted_on": "2099-01-01"}


def _limited_by_cycles_not_told(record: Record, before: Record | None) -> Record:
    return _without("cycles_since_new")(record, before) | {"life_limited": True, "life_limit_cycles": 20_000}


def _over_its_limit(record: Record, before: Record | None) -> Record:
    return record | {"life_limited": True, "life_limit_cycles": record["cycles_since_new"] - 1}


def _fewer_hours(record: Record, before: Record | None) -> Record:
    return record | {"hours_since_new": str(Decimal(record["hours_since_new"]) - 1)}


def _more_hours(record: Record, before: Record | None) -> Record:
    return record | {"hours_since_new": str(Decimal(record["hours_since_new"]) + 1)}


def _more_since_overhaul(record: Record, before: Record | None) -> Record:
    return record | {"hours_since_overhaul": str(Decimal(record["hours_since_new"]) + 5)}


_CORRECTION = "This certificate corrects the error(s) in block 8 of the certificate issued before"

KINDS = [
    Kind("schema.required", "component_sn", _any, _without("component_sn")),
    Kind("schema.required", "form_type", _any, _without("form_type")),
    Kind("schema.required", "cert_status", _any, _without("cert_status")),
    Kind("schema.required", "removal_date", _any, _without("removal_date")),
    Kind("schema.choice", "form_type", _any, _put(form_type="JAA FORM ONE")),
    Kind("schema.pattern", "component_sn", _serial, _put(component_sn="B24365;DL8018")),
    Kind("schema.pattern", "part_number", _any, _put(part_number="2612312*1")),
    Kind("schema.type", "removal_date", _any, _put(removal_date="2024-02-30")),
    Kind("schema.type", "removal_date", _any, _put(removal_date="3/4/2024")),
    Kind("schema.range", "cycles_since_new", _serial, _put(cycles_since_new=-1)),
    Kind("mro.status_of_form", "cert_status", _on_form("EASA_FORM_1"), _put(cert_status="TESTED")),
    Kind("mro.status_of_form", "cert_status", _on_form("FAA_8130-3"), _put(cert_status="REPAIRED AND TESTED")),
    Kind("mro.authority_of_form", "authority", _on_form("EASA_FORM_1"), _put(authority="FAA/United States")),
    Kind("mro.authority_of_form", "authority", _on_form("FAA_8130-3"), _put(authority="EASA")),
    Kind("mro.tracking_number", "form_tracking_number", _any, _without("form_tracking_number")),
    Kind("mro.part_number", "part_number", _any, _without("part_number")),
    Kind("mro.item", "item", _any, _put(items=3)),
    Kind("mro.correction_unnamed", "remarks", _maintained, _put(remarks=_CORRECTION)),
    Kind("mro.both_releases", "release_signature", _maintained, _put(production_signature="A. Lund")),
    Kind("mro.release_missing", "release_signature", _maintained, _without("release_signature")),
    Kind("mro.release_missing", "release_signature", _maintained, _without("release_certificate")),
    Kind("mro.conformity_missing", "production_signature", _new, _without("production_signature")),
    Kind("mro.design_data", "design_data", _new, _put(design_data="non_approved")),
    Kind("mro.release_date", "release_date", _on_form("FAA_8130-3"), _put(release_date="05 MAR 2024")),
    Kind("mro.release_date", "release_date", _on_form("EASA_FORM_1"), _put(release_date="05/MAR/2024")),
    Kind("mro.serial_placeholder", "component_sn", _serial, _put(component_sn="UNKNOWN")),
    Kind("mro.part_placeholder", "part_number", _any, _put(part_number="UNKNOWN")),
    Kind("mro.serial_of_many", "quantity", _serial, _put(quantity=2)),
    Kind(
        "mro.life_limited_without_serial",
        "component_sn",
        _removed,
        _put(life_limited=True, component_sn="N/A"),
    ),
    Kind("mro.life_status_missing", "cycles_since_new", _removed, _limited_by_cycles_not_told),
    Kind("mro.installed_over_life", "cycles_since_new", _installed, _over_its_limit),
    Kind("mro.hours_since_overhaul", "hours_since_overhaul", _removed, _more_since_overhaul),
    Kind("mro.future_date", "removal_date", _any, _reported_in_the_future),
    Kind("mro.completed_before_removal", "completion_date", _removed, _completed_before_removal),
    Kind("mro.released_before_completion", "release_date", _removed, _released_before_completion),
    Kind("mro.after_submission", "removal_date", _removed, _after_submission),
    Kind("mro.day_and_month_swapped", "submitted_on", _removed_before_may, _swapped),
    Kind("mro.control_number_day", "control_number", _reported, _other_day),
    Kind("mro.hours_fall", "hours_since_new", _installed, _fewer_hours),
    Kind("mro.time_off_aircraft", "hours_since_new", _installed, _more_hours, "held"),
    Kind("mro.another_removal", "removal_date", _installed, _moved("removal_date", -1), "held"),
    Kind("mro.ocr_confidence", "ocr_confidence", _any, _put(ocr_confidence="0.61"), "held"),
    Kind("mro.hours_per_cycle", "hours_since_new", _new, _put(hours_since_new="30", cycles_since_new=1), "held"),
]
