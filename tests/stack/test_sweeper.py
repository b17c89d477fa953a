"""A chunk that was given up: its file ends and says what is missing, and a redrive makes it whole."""

import json
from collections import Counter
from typing import Any

from tests.support.deployed import Deployed, File, counts, until
from tests.support.spots import csv_file, spot

STATION = "K-SWEPT"
RECORDS = 300


def test_a_chunk_in_a_dlq_ends_its_file_and_a_redrive_makes_it_whole(undisturbed: Deployed) -> None:
    # Given
    queue, dlq = undisturbed.outputs["ChunkQueueUrl"], undisturbed.outputs["ChunkDlqUrl"]
    undisturbed.switch("Validator", queue, on=False)
    try:
        file = undisturbed.drop("swept.csv", csv_file([spot(number, station=STATION) for number in range(RECORDS)]))
        until(lambda: undisturbed.move(queue, dlq, "traffic", most=1), "the file's chunk")
    finally:
        undisturbed.switch("Validator", queue, on=True)

    # When
    undisturbed.look("Sweeper", "work")

    # Expect
    report = undisturbed.ended(file)
    assert report["records"] == counts(RECORDS, dead=RECORDS)
    assert report["ranges"]["dead"] == f"0-{RECORDS - 1}"
    assert undisturbed.dead_letters() == {"Chunk": 1}, "the letter is there for a redrive"
    assert _applied(undisturbed) == Counter()

    # When
    until(lambda: undisturbed.move(dlq, queue, "traffic", most=1), "a redrive")

    # Expect
    whole = until(lambda: _summary_without_dead(undisturbed, file), "a file that is whole")
    assert whole["records"] == counts(RECORDS)
    assert whole["balanced"] is True
    assert _applied(undisturbed) == Counter(range(RECORDS))


def _summary_without_dead(deployed: Deployed, file: File) -> dict[str, Any] | None:
    report = json.loads(deployed.output(file, "summary.json") or b"{}")
    return report if report and not report["records"]["dead"] else None


def _applied(deployed: Deployed) -> Counter[int]:
    """How often the destination has which of the spots, by their numbers."""
    return Counter(int(record["spot_id"][1:]) for record in deployed.applied() if record["station"] == STATION)
