"""Invented invoices: who, when, for what, and how much; how they are written is each format's."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from string import ascii_uppercase
from typing import NamedTuple

FIRST_DAY = date(2026, 9, 1)
#: The share of 210s.
MOTOR = 0.7


class Place(NamedTuple):
    name: str
    street: str
    city: str
    state: str
    postal_code: str


class Line(NamedTuple):
    description: str
    #: In cents; a discount is negative.
    amount: int
    #: The special charge code, none for the way itself.
    code: str
    pounds: int
    pieces: int


@dataclass(frozen=True, slots=True)
class Bill:
    scac: str
    carrier: str
    number: str
    day: date
    #: The carrier's own number for the shipment.
    pro: str
    shipper: Place
    consignee: Place
    lines: tuple[Line, ...]
    #: In X12 it is a 210, else an 810.
    motor: bool

    @property
    def total(self) -> int:
        return sum(line.amount for line in self.lines)


#: By SCAC; each carrier's name.
CARRIERS = {
    "PNSK": "Penstock Motor Lines",
    "WIRF": "Weir & Flume Freight",
    "SLCE": "Sluice Gate Express",
    "DAM": "Dam Transport",
    "TB": "Tailrace Bros.",
    "HDWR": "Headwater Haulage, Inc.",
}

_PLACES = [
    Place("Harbor Lane Furniture", "4 Quay Road", "Duluth", "MN", "55802"),
    Place("Tri-County Paper", "1180 Mill Street", "Appleton", "WI", "54911"),
    Place("O'Hara Plumbing Supply", "77 Copper Court", "Toledo", "OH", "43604"),
    Place("Valley Regional Hospital", "1 Hospital Drive", "Concord", "NH", "03301"),
    Place("Pine Ridge Ski Resort", "900 Summit Road", "Truckee", "CA", "96161"),
    Place("Bäckerei Köhler", "12 Market Square", "Fredericksburg", "TX", "78624"),
]

_GOODS = ["PAPER ON SKIDS", "PUMPS, CRATED", "FLOUR, BAGGED", "CHAIRS, KNOCKED DOWN", "PIPE FITTINGS"]

#: Charges that come on top, and the most that they cost in cents.
_EXTRAS = [("FUEL SURCHARGE", "FUE", 9_000), ("LIFT GATE", "400", 7_500), ("DETENTION", "DET", 12_000)]


def bills(seed: int) -> Iterator[Bill]:
    """Sound invoices without end, no two with one identity. Each seed has numbers of its own: the records of two files
    never meet."""
    rng = random.Random(f"{seed}:bills")
    prefix = "".join(rng.choices(ascii_uppercase, k=4))
    for number in count(1):
        scac = rng.choice(list(CARRIERS))
        shipper, consignee = rng.sample(_PLACES, 2)
        yield Bill(
            scac=scac,
            carrier=CARRIERS[scac],
            number=f"{prefix}{number:07}",
            day=FIRST_DAY + timedelta(days=rng.randrange(80)),
            pro=str(rng.randrange(10**7, 10**8)),
            shipper=shipper,
            consignee=consignee,
            lines=tuple(_lines(rng)),
            motor=rng.random() < MOTOR,
        )


def _lines(rng: random.Random) -> Iterator[Line]:
    way = 0
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 6))):
        amount = rng.randrange(4_000, 400_000)
        way += amount
        yield Line(rng.choice(_GOODS), amount, "", rng.randrange(80, 24_000), rng.randrange(1, 40))
    for description, code, most in rng.sample(_EXTRAS, rng.randrange(3)):
        yield Line(description, rng.randrange(100, most), code, 0, 0)
    if rng.random() < 0.6:
        yield Line("DISCOUNT", -rng.randrange(way // 10, way * 3 // 4), "DSC", 0, 0)
