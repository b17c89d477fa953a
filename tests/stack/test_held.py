"""A scheduler at the deployed stack: what waits is listed, and delivered or rejected by that word only."""

import io
import json

from penstock.model.ordinals import folded
from penstock_ops.samples import SAMPLES
from penstock_ops.samples.sample import SampleOptions
from tests.support.deployed import Deployed


def test_held_records_are_delivered_or_come_back_as_a_scheduler_says(deployed: Deployed) -> None:
    # Given component records, some of which somebody has to look at
    body, beside = io.BytesIO(), io.BytesIO()
    SAMPLES["mro"].write(body, SampleOptions(60, "ndjson", faults=0.5, seed=4711), beside)
    file = deployed.drop("held.ndjson", body.getvalue(), "mro")
    report = deployed.ended(file)
    expected = [json.loads(line) for line in beside.getvalue().splitlines()]
    waiting = [line["ordinal"] for line in expected if line["outcome"] == "held"]
    assert report["ranges"] == {"held": folded(waiting)}
    applied = deployed.books("mro")["applied_records"]

    # When
    listed = deployed.penstock("held", "list", "--file", file.file_id, "--json")

    # Expect
    assert listed.code == 1, listed.err
    assert [record["ordinal"] for record in listed.json] == waiting
    codes = {expected[record["ordinal"]]["code"]: record["findings"] for record in listed.json}
    assert all(code in [finding["code"] for finding in findings] for code, findings in codes.items())
    assert all(record["identity"]["component_sn"] for record in listed.json)

    # When
    some, rest = waiting[::2], waiting[1::2]
    word = ("--file", file.file_id, "--by", "Ada King", "--note", "seen on paper", "--json")
    released = deployed.penstock("held", "release", "--records", folded(some), *word)
    refused = deployed.penstock("held", "refuse", "--records", folded(rest), *word)
    again = deployed.penstock("held", "release", "--records", folded(some), *word)

    # Expect
    assert (released.code, released.json["still_held"]) == (1, ""), released.err
    assert released.json["report"]["records"]["held"] == len(rest)
    assert refused.code == 0, refused.err
    records = refused.json["report"]["records"]
    assert (records["held"], refused.json["report"]["balanced"]) == (0, True)
    assert records["rejected"] == report["records"]["rejected"] + len(rest)
    assert records["delivered"] == report["records"]["delivered"] + len(some)
    assert (again.code, "these records are not held" in again.err) == (3, True)
    assert deployed.books("mro")["applied_records"] == applied + len(some)
    assert deployed.books("mro")["applied_more_than_once"] == 0
    told = [row for row in deployed.rejects(file) if row["penstock_code"] == "delivery.refused"]
    assert [int(row["penstock_ordinal"]) for row in told] == rest
