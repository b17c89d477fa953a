"""Airports are known by either identifier; what is not known is told and makes no verdict milder."""

import subprocess
import sys

import pytest

from penstock.feeds.crew.airports import Airport, airport, same_airport
from penstock.feeds.crew.times import is_zone
from tests.support.duties import codes, easa, roster


@pytest.mark.parametrize(
    ("iata", "icao", "zone"),
    [
        ("FRA", "EDDF", "Europe/Berlin"),
        ("LHR", "EGLL", "Europe/London"),
        ("JFK", "KJFK", "America/New_York"),
        ("HNL", "PHNL", "Pacific/Honolulu"),
        ("PDL", "LPPD", "Atlantic/Azores"),
        ("KTM", "VNKT", "Asia/Kathmandu"),
    ],
)
def test_an_airport_by_either_identifier(iata: str, icao: str, zone: str) -> None:
    assert airport(iata) == airport(icao) == Airport(icao, iata, zone)
    assert same_airport(iata, icao) is True
    assert is_zone(zone)


def test_two_airports_and_what_the_table_cannot_tell() -> None:
    assert same_airport("FRA", "EGLL") is False
    assert same_airport("LON", "EGLL") is None
    assert same_airport("QQQ", "QQQ") is True


def test_the_table_is_not_read_before_it_is_needed() -> None:
    told = "from penstock.feeds.crew import airports; print(airports._airports.cache_info().misses)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"


def _sectors(origin: str, destination: str) -> list[dict[str, str]]:
    legs = ((origin, "EGLL"), ("EGLL", destination))
    return [{"flight": "PS1", "origin": here, "destination": there} for here, there in legs]


@pytest.mark.parametrize("home", ["EDDF", "FRA", "QQQ"])
def test_the_rest_at_the_home_base_is_12_hours_however_it_is_written(home: str) -> None:
    first = easa("08:00", "8:00", _sectors("EDDF", "EDDF"), home_base=home)
    second = easa("+1 03:30", "8:00", _sectors("EDDF", "EDDF"), home_base=home)
    assert "easa.rest" in codes(*roster(first, second))


def test_rest_away_from_home_is_10_hours() -> None:
    first = easa("08:00", "8:00", _sectors("EDDF", "EDDF"), home_base="MUC")
    second = easa("+1 03:30", "8:00", _sectors("EDDF", "EDDF"), home_base="MUC")
    assert codes(*roster(first, second)) == []


def test_a_route_may_change_its_identifiers() -> None:
    there = {"flight": "PS1", "origin": "FRA", "destination": "LHR"}
    assert codes(easa("08:00", "8:00", [there, {"flight": "PS2", "origin": "EGLL", "destination": "EDDF"}])) == []
    assert codes(easa("08:00", "8:00", [there, {"flight": "PS2", "origin": "EGKK", "destination": "EDDF"}])) == [
        "broken_route"
    ]


def test_an_unknown_airport_is_told() -> None:
    unknown = [{"flight": "PS1", "origin": "QQQQ", "destination": "FRA"}]
    assert codes(easa("08:00", "8:00", unknown, home_base="QQQ")) == ["unknown_airport", "unknown_airport"]
