"""Airports: which identifiers mean the same place, and which clock hangs there.

`airports.txt` has ICAO location indicators (Doc 7910), IATA location identifiers and IANA zones, reduced from
airportsdata 20260905 of PyPI (MIT, its licence stands at the top of the file). It is read when the first airport is
asked for. Curfews are the operator's policy.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

_DATA = Path(__file__).with_name("airports.txt")


class Airport(NamedTuple):
    """An airport by its ICAO and IATA identifiers, "" where it has none, and its IANA zone."""

    icao: str
    iata: str
    zone: str


def airport(code: str) -> Airport | None:
    """The airport of an ICAO or an IATA identifier. A city's code of several airports (LON, NYC) is none."""
    return _airports().get(code)


def same_airport(one: str, other: str) -> bool | None:
    """Whether two identifiers, of either kind, mean one place; None where the table cannot tell."""
    if one == other:
        return True
    here, there = airport(one), airport(other)
    return None if here is None or there is None else here == there


@cache
def _airports() -> dict[str, Airport]:
    return {code: known for known in _read() for code in (known.icao, known.iata) if code}


def _read() -> Iterator[Airport]:
    for line in _DATA.read_text(encoding="ascii").splitlines():
        if not line.startswith("#"):
            zone, *identifiers = line.split(" ")
            for icao, _, iata in (identifier.partition("/") for identifier in identifiers):
                yield Airport(icao, iata, zone)
