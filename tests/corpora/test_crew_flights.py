"""Real flights of the US Department of Transportation as one-sector duties: what their times say, read apart."""

import csv
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from penstock.feeds.crew import CREW, times
from penstock.feeds.crew.engine import examine
from penstock.feeds.crew.history import History
from tests.corpora.corpus import FOLDER

CREW_FOLDER = FOLDER / "crew"
FLIGHTS = CREW_FOLDER / "bts_oooi_flights_2015.ndjson"
THRESHOLD = 30


@pytest.fixture(scope="module")
def zones() -> dict[str, str]:
    with (CREW_FOLDER / "nycflights13_airports.csv").open(newline="") as file:
        return {row["faa"]: row["tzone"] for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def flown(zones: dict[str, str]) -> list[dict[str, Any]]:
    """The rows that were flown as planned, between airports whose zone is known."""
    rows: list[dict[str, Any]] = [json.loads(line) for line in FLIGHTS.read_bytes().splitlines()]
    return [
        row
        for row in rows
        if not row["CANCELLED"] and not row["DIVERTED"] and row["ORIGIN"] in zones and row["DEST"] in zones
    ]


def moment(day: datetime, clock: str, zone: str, not_before: datetime | None = None) -> datetime:
    """A clock time at an airport, on that day or the next, so that it is not long before another."""
    begin = day.replace(tzinfo=ZoneInfo(zone)) + timedelta(hours=int(clock[:2]), minutes=int(clock[2:]))
    # By the wall clock: the next day may begin 23 or 25 hours later.
    while not_before and begin.astimezone(UTC) < not_before:
        begin += timedelta(days=1)
    return begin.astimezone(UTC)


def duty_of_flight(number: int, row: dict[str, Any], zones: dict[str, str]) -> dict[str, Any]:
    """A duty of this flight alone, an hour and a half hour around it."""
    day, origin, destination = datetime.fromisoformat(row["FL_DATE"]), zones[row["ORIGIN"]], zones[row["DEST"]]
    planned_out = moment(day, row["CRS_DEP_TIME"], origin)
    # The actual time is the planned one and the delay, of a day or more at times.
    out = planned_out + timedelta(minutes=row["DEP_DELAY"])
    off = out + timedelta(minutes=row["TAXI_OUT"])
    on = moment(off.astimezone(ZoneInfo(destination)).replace(hour=0, minute=0, second=0, tzinfo=None),
                row["WHEELS_ON"], destination, off)  # fmt: skip
    into = on + timedelta(minutes=row["TAXI_IN"])
    planned_in = into - timedelta(minutes=row["ARR_DELAY"])
    report, end = min(out, planned_out) - timedelta(hours=1), into + timedelta(minutes=15)
    sector = {
        "flight": f"{row['UNIQUE_CARRIER']}1",
        "origin": row["ORIGIN"],
        "destination": row["DEST"],
        "planned_out": planned_out.isoformat(),
        "planned_in": planned_in.isoformat(),
        "actual_out": out.isoformat(),
        "actual_off": off.isoformat(),
        "actual_on": on.isoformat(),
        "actual_in": into.isoformat(),
    }
    return {
        "duty_id": f"F{number}",
        "crew_id": f"C{number}",
        "regulation": "far117",
        "acclimatised": "yes",
        "reference_tz": origin,
        "report_at": report.isoformat(),
        "fdp_end_at": end.isoformat(),
        "release_at": (end + timedelta(minutes=15)).isoformat(),
        "sectors": [sector],
    }


def test_real_flights_are_read_and_their_times_hold(flown: list[dict[str, Any]], zones: dict[str, str]) -> None:
    # Given
    duties = [duty_of_flight(number, row, zones) for number, row in enumerate(flown)]
    assert len(duties) > 2000

    # When
    records = [CREW.one.validate_python(one) for one in duties]
    found = examine(records, {one["crew_id"]: History() for one in records})

    # Expect
    told = Counter(breach.code for each in found for breach in each)
    assert not {"crew.time_order", "crew.oooi_order", "crew.sector_order"} & set(told)
    # Block time differs from the planned by as much as the delay grew on the way.
    beyond = [number for number, row in enumerate(flown) if abs(row["ARR_DELAY"] - row["DEP_DELAY"]) > THRESHOLD]
    discrepant = [at for at, each in enumerate(found) if any(one.code == "crew.block_discrepancy" for one in each)]
    assert discrepant == beyond
    assert len(beyond) > 20


def test_the_local_clock_is_the_one_of_the_timetable(flown: list[dict[str, Any]], zones: dict[str, str]) -> None:
    """Planned arrival, computed from the actual one and its delay, at the destination's clock."""
    for number, row in enumerate(flown):
        duty = duty_of_flight(number, row, zones)
        planned_in = times.minute_of(datetime.fromisoformat(duty["sectors"][0]["planned_in"]))
        clock = int(row["CRS_ARR_TIME"][:2]) % 24 * 60 + int(row["CRS_ARR_TIME"][2:])
        assert times.local(zones[row["DEST"]], planned_in) % times.DAY == clock
