"""Real files of each other feed through the deployed stack, to a balanced report; the as-run log has its own tests."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.corpora.corpus import FOLDER
from tests.corpora.flights import THRESHOLD, duty_of_flight, flown
from tests.corpora.reports import is_fragment, judged, reports, table
from tests.support.deployed import Deployed, counts

FLIGHTS = 300


@dataclass(frozen=True)
class Real:
    """A real file, and what must be told of it: records that are not delivered, and findings."""

    feed: str
    name: str
    body: Callable[[], bytes]
    received: int
    outcomes: dict[str, int]
    findings: dict[str, int]


def _flights() -> bytes:
    duties = (duty_of_flight(number, row) for number, row in enumerate(flown()[:FLIGHTS]))
    return "".join(f"{json.dumps(duty)}\n" for duty in duties).encode()


#: A crew of two that waited 583 minutes in Atlanta, and one that flew ten hours, from there to Honolulu.
TOO_LONG = {"crew.far117.fdp": 1, "crew.far117.flight_time": 1}
_FLAGGED = {
    "crew.block_discrepancy": sum(abs(row["ARR_DELAY"] - row["DEP_DELAY"]) > THRESHOLD for row in flown()[:FLIGHTS])
}


def _invoice(name: str) -> Callable[[], bytes]:
    return (FOLDER / "freight" / name).read_bytes


REAL = [
    Real("crew", "flights.ndjson", _flights, FLIGHTS, {"rejected": len(TOO_LONG)}, TOO_LONG | _FLAGGED),
    Real("freight", "carrier.edi", _invoice("x12/210-MGCTLYST-SAMPLE.EDI"), 1, {"held": 1}, {}),  # ISA15 says T
    Real("freight", "invoice.xml", _invoice("ubl/UBL-Invoice-2.1-Example.xml"), 1, {}, {}),
    Real("freight", "order.edi", _invoice("x12/x12.850.edi"), 1, {"rejected": 1}, {"freight.document_type": 1}),
]


@pytest.mark.parametrize("real", REAL, ids=lambda one: one.name)
def test_a_real_file_ends_in_a_balanced_report(real: Real, deployed: Deployed) -> None:
    file = deployed.drop(real.name, real.body(), real.feed)
    report = deployed.ended(file)

    assert report["state"] == "settled"
    assert report["records"] == counts(real.received, **real.outcomes)
    assert {code: report["findings"].get(code) for code in real.findings} == real.findings


def test_real_difficulty_reports_end_as_their_rows_deserve(deployed: Deployed) -> None:
    """What a spreadsheet has broken comes back with its reason; the rest is delivered, or held for somebody to look."""
    file = deployed.drop("difficulties.csv", table(), "mro")
    records = deployed.ended(file)["records"]

    told = deployed.outcomes(file)
    ended = Counter(told.get(at, {"outcome": "delivered"})["outcome"] for at in range(len(reports())))

    assert records["received"] == len(reports())
    assert ended == Counter({name: count for name, count in records.items() if name != "received" and count})
    rejected = {at for at, outcome_line in told.items() if outcome_line["outcome"] == "rejected"}
    assert {one.ordinal for one in judged().rejected} <= rejected
    assert {at for at, report in enumerate(reports()) if is_fragment(report)} <= rejected
    assert ended["delivered"] + ended["held"] > 0
