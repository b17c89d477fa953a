"""Real flights of the US Department of Transportation as one-sector duties."""

import csv
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from tests.corpora.corpus import FOLDER

CREW_FOLDER = FOLDER / "crew"
FLIGHTS = CREW_FOLDER / "bts_oooi_flights_2015.ndjson"
THRESHOLD = 30  #: minutes that block time may differ from the planned, as the feed has it unless told otherwise


@cache
def zones() -> dict[str, str]:
    """The time zones of airports, by their IATA codes."""
    with (CREW_FOLDER / "nycflights13_airports.csv").open(newline="") as file:
        return {row["faa"]: row["tzone"] for row in csv.DictReader(file)}


@cache
def flown() -> list[dict[str, Any]]:
    """The rows that were flown as planned, between airports whose zone is known."""
    rows: list[dict[str, Any]] = [json.loads(line) for line in FLIGHTS.read_bytes().splitlines()]
    return [
        row
        for row in rows
        if not row["CANCELLED"] and not row["DIVERTED"] and row["ORIGIN"] in zones() and row["DEST"] in zones()
    ]


def moment(day: datetime, clock: str, zone: str, not_before: datetime | None = None) -> datetime:
    """A clock time at an airport, on that day or the next, so that it is not long before another."""
    begin = day.replace(tzinfo=ZoneInfo(zone)) + timedelta(hours=int(clock[:2]), minutes=int(clock[2:]))
    # By the wall clock: the next day may begin 23 or 25 hours later.
    while not_before and begin.astimezone(UTC) < not_before:
        begin += timedelta(days=1)
    return begin.astimezone(UTC)


def duty_of_flight(number: int, row: dict[str, Any]) -> dict[str, Any]:
    """A duty of this flight alone, an hour and a half hour around it."""
    day, origin, destination = datetime.fromisoformat(row["FL_DATE"]), zones()[row["ORIGIN"]], zones()[row["DEST"]]
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
