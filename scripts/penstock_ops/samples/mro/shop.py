"""Components, and what was done to each: taken off, repaired, put on again; or new ones, put on for the first time."""

import random
import string
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

type Record = dict[str, Any]

#: Long ago enough to be nobody's future.
FIRST_DAY, DAYS = date(2022, 1, 10), 600

_LETTERS_AND_DIGITS = string.ascii_uppercase + string.digits
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


class Part(NamedTuple):
    """A kind of component. `limit` is its life in cycles, where it has one."""

    number: str
    description: str
    ata: str
    limit: int | None = None


PARTS = (
    Part("2612312-1", "BRAKE ASSY, MAIN", "3242"),
    Part("C20633000", "VALVE, ANTI-SKID", "3244"),
    Part("277A6111-1", "CYLINDER, SHOCK STRUT", "3211"),
    Part("162A1100-4", "ACTUATOR, RETRACTION", "3230"),
    Part("S1186-02", "WHEEL ASSY, NOSE", "3245"),
    Part("HG2050AC11", "UNIT, AIR DATA INERTIAL REFERENCE", "3421"),
    Part("3505240-10", "PUMP, ENGINE DRIVEN HYDRAULIC", "2911"),
    Part("340-116-504-0", "DISK, HP TURBINE STAGE 1", "7250", 20_000),
    Part("335-014-511-0", "HUB, FAN", "7221", 30_000),
)
#: Items without serial numbers, many on a certificate.
CONSUMABLES = (Part("M83461/1-214", "PACKING, PREFORMED", "3200"), Part("NAS1149F0332P", "WASHER, FLAT", "2000"))


class Shop(NamedTuple):
    """Who releases, on which form, and how that form writes its dates. `words` are what it has in block 11."""

    form_type: str
    authority: str
    organisation: str
    certificate: str
    between: str
    words: tuple[str, ...]


_FAA = ("OVERHAULED", "REPAIRED", "INSPECTED", "TESTED", "INSPECTED AND TESTED", "MODIFIED", "RETREADED")
_EASA = ("OVERHAULED", "REPAIRED", "INSPECTED/TESTED", "MODIFIED")

SHOPS = (
    Shop("FAA_8130-3", "FAA/United States", "Meridian Brake Services, Tulsa OK", "XQ4R512M", "/", _FAA),
    Shop("FAA_8130-3", "FAA/United States", "Lakeshore Turbine Repair, Duluth MN", "L7TR118K", "/", _FAA),
    Shop("EASA_FORM_1", "EASA", "Nordlys Component Care AS, Sola", "EASA.145.0871", " ", _EASA),
    Shop("EASA_FORM_1", "LBA Germany", "Elbe Fahrwerk Technik GmbH, Hamburg", "DE.145.0412", " ", _EASA),
    Shop(
        "TCCA_FORM_ONE", "Transport Canada", "Prairie Aero Accessories, Winnipeg MB", "AMO 41-09", "/", ("OVERHAULED",)
    ),
    Shop("CAAC_AAC-038", "CAAC", "Pearl Delta Accessories, Zhuhai", "D.4471", " ", ("REPAIRED", "OVERHAULED")),
)


def block_date(shop_between: str, day: date) -> str:
    """A date as blocks 13e and 14e have it."""
    return shop_between.join((f"{day.day:02d}", _MONTHS[day.month - 1], f"{day.year:04d}"))


def components(seed: int) -> Iterator[list[Record]]:
    """Without end: what was done to one component after the other. No two have the same serial number, nor has another
    seed's."""
    rng = random.Random(f"{seed}:mro")
    prefix = "".join(random.Random(f"{seed}:mro-serials").choices(_LETTERS_AND_DIGITS, k=5))
    number = 0
    while True:
        number += 1
        yield _Component(rng, f"{prefix}{number:06d}").done()


class _Component:
    """One component."""

    def __init__(self, rng: random.Random, number: str) -> None:
        self._rng, self._number = rng, number
        self._shop = rng.choice(SHOPS)
        self._part = rng.choice(PARTS)
        self._day = FIRST_DAY + timedelta(rng.randrange(DAYS))
        self._cycles = rng.randrange(500, 15_000)
        self._hours = Decimal(self._cycles * rng.randrange(12, 45)) / 10
        self._certificates = 0

    def done(self) -> list[Record]:
        """Its records, in order."""
        kind = self._rng.random()
        if kind < 0.1:
            return [self._consumable()]
        if kind < 0.25:
            return [self._new()]
        removed = self._removal()
        if kind < 0.5:
            return [removed]
        put_on = self._installation(removed)
        if kind < 0.9:
            return [removed, put_on]
        return [removed, put_on, self._next_removal(put_on)]

    def _removal(self) -> Record:
        shop, part = self._shop, self._part
        completed = self._day + timedelta(self._rng.randrange(1, 30))
        released = completed + timedelta(self._rng.randrange(3))
        record = self._certificate(part) | {
            "event": "removal",
            "component_sn": self._number,
            "cert_status": self._rng.choice(shop.words),
            "remarks": f"CMM {part.ata[:2]}-{part.ata[2:]}-31 rev {self._rng.randrange(1, 30)}; no AD outstanding",
            "removal_date": self._day.isoformat(),
            "completion_date": completed.isoformat(),
            "registration": self._registration(),
            "reason": self._rng.choice(("LEAKING", "WORN", "SCHEDULED", "FAULT MESSAGE", "LIFE LIMIT")),
            "hours_since_new": str(self._hours),
            "cycles_since_new": self._cycles,
            **self._released(released),
        }
        if part.limit:
            record |= {"life_limited": True, "life_limit_cycles": part.limit}
        if self._rng.random() < 0.3:
            reported = self._day + timedelta(self._rng.randrange(13))
            record |= {
                "submitted_on": reported.isoformat(),
                "control_number": f"PSTA{reported:%Y%m%d}{self._number[-5:]}",
            }
        if self._rng.random() < 0.2:
            record["ocr_confidence"] = f"0.{self._rng.randrange(86, 100)}".rstrip("0")
        return record

    def _installation(self, removed: Record) -> Record:
        """It comes back as it went, as nobody flew it meanwhile."""
        installed = date.fromisoformat(removed["completion_date"]) + timedelta(self._rng.randrange(3, 60))
        said = ("submitted_on", "control_number", "ocr_confidence", "reason")
        same = {name: value for name, value in removed.items() if name not in said}
        where = {"event": "installation", "installation_date": installed.isoformat(), "position": "MLG NR 2"}
        return same | where | {"registration": self._registration()}

    def _next_removal(self, put_on: Record) -> Record:
        """A while later, from where it was put on."""
        installed, days = date.fromisoformat(put_on["installation_date"]), self._rng.randrange(20, 300)
        self._day, self._shop = installed + timedelta(days), self._rng.choice(SHOPS)
        self._cycles += days * 3
        self._hours += Decimal(days * 9)
        return self._removal() | {"registration": put_on["registration"]}

    def _new(self) -> Record:
        """From the factory, in place of one that came off before."""
        shop, installed = self._shop, self._day + timedelta(self._rng.randrange(1, 20))
        return self._certificate(self._part) | {
            "event": "installation",
            "component_sn": self._number,
            "cert_status": "NEW",
            "removal_date": self._day.isoformat(),
            "installation_date": installed.isoformat(),
            "registration": self._registration(),
            "hours_since_new": "0",
            "cycles_since_new": 0,
            "design_data": "approved",
            "production_signature": "A. Lund",
            "production_approval": shop.certificate,
            "production_name": "Astrid Lund",
            "production_date": block_date(shop.between, self._day - timedelta(100)),
        }

    def _consumable(self) -> Record:
        part = self._rng.choice(CONSUMABLES)
        many = {"component_sn": "N/A", "quantity": self._rng.randrange(5, 500), "cert_status": self._shop.words[0]}
        released = self._released(self._day + timedelta(2))
        days = {"removal_date": self._day.isoformat(), "completion_date": (self._day + timedelta(1)).isoformat()}
        return self._certificate(part) | {"event": "removal"} | many | days | released

    def _certificate(self, part: Part) -> Record:
        shop = self._shop
        self._certificates += 1
        return {
            "form_type": shop.form_type,
            "authority": shop.authority,
            "form_tracking_number": f"{self._number}-{self._certificates}",
            "organisation": shop.organisation,
            "work_order": f"WO-{self._rng.randrange(10_000, 99_999)}",
            "description": part.description,
            "part_number": part.number,
            "quantity": 1,
            "ata": part.ata,
        }

    def _released(self, day: date) -> Record:
        return {
            "release_basis": "own",
            "release_signature": "J. Moreau",
            "release_certificate": self._shop.certificate,
            "release_name": "Jeanne Moreau",
            "release_date": block_date(self._shop.between, day),
        }

    def _registration(self) -> str:
        letters = "".join(self._rng.choices("ABCDEFGHJKLMNPQRSTUVWXYZ", k=2))
        return f"N{self._rng.randrange(1, 10)}{self._rng.randrange(100):02d}{letters}"
