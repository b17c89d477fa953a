"""Real flights of the US Department of Transportation as one-sector duties: what their times say, read apart."""

from collections import Counter
from datetime import datetime

from penstock.feeds.crew import CREW, times
from penstock.feeds.crew.engine import examine
from penstock.feeds.crew.history import History
from tests.corpora.flights import THRESHOLD, duty_of_flight, flown, zones


def test_real_flights_are_read_and_their_times_hold() -> None:
    # Given
    duties = [duty_of_flight(number, row) for number, row in enumerate(flown())]
    assert len(duties) > 2000

    # When
    records = [CREW.one.validate_python(one) for one in duties]
    found = examine(records, {one["crew_id"]: History() for one in records})

    # Expect
    told = Counter(breach.code for each in found for breach in each)
    assert not {"crew.time_order", "crew.oooi_order", "crew.sector_order"} & set(told)
    # Block time differs from the planned by as much as the delay grew on the way.
    beyond = [number for number, row in enumerate(flown()) if abs(row["ARR_DELAY"] - row["DEP_DELAY"]) > THRESHOLD]
    discrepant = [at for at, each in enumerate(found) if any(one.code == "crew.block_discrepancy" for one in each)]
    assert discrepant == beyond
    assert len(beyond) > 20


def test_the_local_clock_is_the_one_of_the_timetable() -> None:
    """Planned arrival, computed from the actual one and its delay, at the destination's clock."""
    for number, row in enumerate(flown()):
        duty = duty_of_flight(number, row)
        planned_in = times.minute_of(datetime.fromisoformat(duty["sectors"][0]["planned_in"]))
        clock = int(row["CRS_ARR_TIME"][:2]) % 24 * 60 + int(row["CRS_ARR_TIME"][2:])
        assert times.local(zones()[row["DEST"]], planned_in) % times.DAY == clock
