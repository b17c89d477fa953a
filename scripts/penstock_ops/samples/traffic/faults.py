"""Faulty records: each has exactly one fault, so that what must become of it is certain."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from penstock_ops.samples.sample import DELIVERED, Expectation

from .schedule import Row, Schedule

#: Rows that a repeat or a conflict looks back, mostly.
NEAR = 500
#: Rows kept from further back, for the others.
KEEPSAKES = 64

_OWN_SPOT_ID = "(its own spot_id)"


@dataclass(frozen=True, slots=True)
class Ragged:
    """A row with more or fewer columns than the header."""

    row: Row
    #: Columns too many, or less than 0 for columns too few.
    surplus: int


@dataclass(frozen=True, slots=True)
class Garbled:
    """A line of text where a JSON object should be."""

    text: str


type Entry = Row | Ragged | Garbled


class Kind(NamedTuple):
    """A fault that is one wrong value in a valid row."""

    record_type: str
    #: Field and wrong value, one of them a record.
    values: Sequence[tuple[str, str]]
    #: Whether the finding names the field.
    names_field: bool = True


#: By the code of the finding. A lone surrogate stands for the byte that it is written as.
_WRONG_VALUES = {
    "schema.required": Kind("spot", [("spot_id", ""), ("station", ""), ("air_date", ""), ("air_time", "")]),
    "schema.pattern": Kind(
        "spot",
        [
            ("isci", "0QPX1234567"),
            ("isci", "ABC123"),
            ("isci", "ABCD-12345"),
            ("isci", "QPXR12345678901"),
            ("air_time", "31:00:00"),
            ("air_time", "25:61:00"),
            ("air_time", "20:15:75"),
            ("air_time", "evening"),
        ],
    ),
    "schema.type": Kind(
        "spot",
        [
            ("air_date", "2026-13-45"),
            ("air_date", "2026-02-30"),
            ("air_date", "tomorrow"),
            ("rate", "abc"),
            ("length_s", "x"),
        ],
    ),
    "schema.choice": Kind("spot", [("record_type", "promo"), ("record_type", "filler")]),
    "schema.range": Kind("spot", [("length_s", "0"), ("length_s", "-30"), ("length_s", "864000"), ("rate", "-50.00")]),
    "format.encoding": Kind("spot", [("product", "Caf\udce9 menu")], names_field=False),
    "format.nul": Kind("spot", [("product", "Spring\0sale")], names_field=False),
    "traffic.spot_needs_material": Kind("spot", [("isci", "")]),
    "traffic.spot_needs_length": Kind("spot", [("length_s", "")]),
    "traffic.make_good_needs_spot": Kind("make_good", [("make_good_for", ""), ("make_good_for", _OWN_SPOT_ID)]),
    "traffic.billing_needs_rate": Kind("billing", [("rate", "")]),
    "traffic.billing_needs_code": Kind("billing", [("billing_code", "")]),
    "traffic.avail_has_advertiser": Kind("avail", [("advertiser", "Harbor Lane Furniture")]),
    "destination.rejected": Kind("spot", [("advertiser", "ACME UNKNOWN")], names_field=False),
}

_DUPLICATE = "duplicate"
_CONFLICT = "traffic.identity_conflict"
_RAGGED = "format.ragged_row"
_GARBLED = "format.json"

#: Kinds that not every format can have.
_KINDS_OF_FORMAT = {
    "csv": [_RAGGED, "format.nul"],
    "tsv": [_RAGGED, "format.nul"],
    "ndjson": [_GARBLED],
}
_ONLY_SOMETIMES = {"format.nul", "destination.rejected"}

_GARBLES = ["not JSON", '["spot", "WPNS"]', '"spot"', "42", "null", '{"spot_id": "K7QD1", "sta']


def kinds_of(log_format: str, *, destination_faults: bool) -> list[str]:
    """Every kind of fault that a file of this format can have: finding codes, and `duplicate`."""
    everywhere = [code for code in _WRONG_VALUES if code not in _ONLY_SOMETIMES]
    asked = ["destination.rejected"] if destination_faults else []
    return [*everywhere, *_KINDS_OF_FORMAT[log_format], _CONFLICT, _DUPLICATE, *asked]


class Faults:
    def __init__(self, seed: int, rate: float, kinds: list[str], schedule: Schedule) -> None:
        self._rng = random.Random(f"{seed}:faults")
        self._rate = rate
        self._schedule = schedule
        self._kinds = kinds
        self._bag: list[str] = []
        #: Rows of former blocks that will be delivered, with their ordinals.
        self._keepsakes: list[tuple[int, Row]] = []

    def spoil(self, rows: list[Row], first: int) -> tuple[list[Entry], dict[int, Expectation]]:
        """Puts faulty entries into a block of rows whose first ordinal is `first`.

        Returns the block, and the expectation of each entry that will not be delivered, by its
        place in the block.
        """
        entries: list[Entry] = [*rows]
        expected: dict[int, Expectation] = {}
        if not self._rate:
            return entries, expected
        random_, rate = self._rng.random, self._rate
        for place in [place for place in range(len(rows)) if random_() < rate]:
            earlier = self._earlier(rows, first, place, expected)
            entry, expectation = self._fault(rows[place], earlier)
            entries[place] = entry
            if expectation is not DELIVERED:
                expected[place] = expectation
        self._keep(rows, first, expected)
        return entries, expected

    def _fault(self, row: Row, earlier: tuple[int, Row] | None) -> tuple[Entry, Expectation]:
        kind = self._next_kind()
        if kind in (_DUPLICATE, _CONFLICT):
            if earlier is None:
                # Nothing went before: this one stays as it is.
                return row, DELIVERED
            ordinal, original = earlier
            if kind == _DUPLICATE:
                return original, Expectation("duplicate", duplicate_of=ordinal)
            return self._contradict(original), Expectation("rejected", kind, None, ordinal)
        if kind == _RAGGED:
            # Without notes, so that what is cut off is never half a quoted text.
            whole = self._schedule.recast(row, "spot")._replace(notes="")
            return Ragged(whole, self._rng.choice((-3, -1, 1, 2))), Expectation("rejected", kind)
        if kind == _GARBLED:
            return Garbled(self._rng.choice(_GARBLES)), Expectation("rejected", kind)
        record_type, values, names_field = _WRONG_VALUES[kind]
        field, value = self._rng.choice(values)
        good = self._schedule.recast(row, record_type)
        wrong = good._replace(**{field: good.spot_id if value is _OWN_SPOT_ID else value})
        return wrong, Expectation("rejected", kind, field if names_field else None)

    def _next_kind(self) -> str:
        """Every kind once, in some order, and again."""
        if not self._bag:
            self._bag = self._rng.sample(self._kinds, len(self._kinds))
        return self._bag.pop()

    def _earlier(
        self, rows: list[Row], first: int, place: int, expected: dict[int, Expectation]
    ) -> tuple[int, Row] | None:
        """A row before `place` that will be delivered, and its ordinal."""
        if self._keepsakes and self._rng.random() < 0.25:
            return self._rng.choice(self._keepsakes)
        for _ in range(8):
            before = place - 1 - int(self._rng.random() * min(place, NEAR))
            if before >= 0 and before not in expected:
                return first + before, rows[before]
        return None

    def _keep(self, rows: list[Row], first: int, expected: dict[int, Expectation]) -> None:
        place = self._rng.randrange(len(rows))
        if place in expected:
            return
        if len(self._keepsakes) == KEEPSAKES:
            del self._keepsakes[self._rng.randrange(KEEPSAKES)]
        self._keepsakes.append((first + place, rows[place]))

    def _contradict(self, row: Row) -> Row:
        """The same placement with something else in it."""
        changes = [("notes", "Corrected by the traffic desk")]
        if row.rate:
            # No order has a rate like this.
            changes.append(("rate", "4321.50"))
        field, value = self._rng.choice(changes)
        return row._replace(**{field: value})
