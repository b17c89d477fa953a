"""Every other feed's generated files, through the same stack to their balance, each record as its generator expects."""

import io
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from penstock.model.findings import Severity
from penstock.outputs.outcomes import codes_of
from penstock_ops.samples import SAMPLES
from penstock_ops.samples.sample import SampleOptions
from tests.support.deployed import Deployed, File, counts

RECORDS = 200
#: Traffic's files are in test_generated_files, documents in test_documents.
FEEDS = [feed for feed in SAMPLES if feed not in ("traffic", "tower")]
FILES = [(feed, name) for feed in FEEDS for name in SAMPLES[feed].formats]


@dataclass(frozen=True)
class Ended:
    """A file that has ended, and what its generator expected."""

    file: File
    report: Mapping[str, Any]
    expected: list[dict[str, Any]]


@pytest.fixture(scope="module")
def applied_before(deployed: Deployed) -> dict[str, int]:
    """What the destinations have from other tests."""
    return {feed: deployed.books(feed)["applied_records"] for feed, _ in FILES}


@pytest.fixture(scope="module")
def ended(applied_before: dict[str, int], deployed: Deployed) -> dict[tuple[str, str], Ended]:
    """All files; no record is in two of them. Feed after feed, or each would start dispatchers of its own."""
    ended: dict[tuple[str, str], Ended] = {}
    for feed in {feed: None for feed, _ in FILES}:
        dropped: dict[tuple[str, str], tuple[File, list[dict[str, Any]]]] = {}
        for seed, name in enumerate(SAMPLES[feed].formats):
            body, beside = io.BytesIO(), io.BytesIO()
            SAMPLES[feed].write(body, SampleOptions(RECORDS, name, faults=0.25, seed=seed), beside)
            expected = [json.loads(line) for line in beside.getvalue().splitlines()]
            dropped[feed, name] = deployed.drop(f"sample-{seed}", body.getvalue(), feed), expected
        ended |= {which: Ended(file, deployed.ended(file), expected) for which, (file, expected) in dropped.items()}
    return ended


@pytest.fixture(params=FILES, ids=["-".join(which) for which in FILES])
def one(request: pytest.FixtureRequest, ended: dict[tuple[str, str], Ended]) -> Ended:
    return ended[request.param]


def test_each_record_ends_as_its_sender_could_expect(one: Ended, deployed: Deployed) -> None:
    # Given
    rivals = _rivals(one.expected)

    # When
    told = deployed.outcomes(one.file)
    # A record of which nothing is told was delivered.
    outcome_lines = [told.get(ordinal, {"outcome": "delivered"}) for ordinal in range(len(one.expected))]

    # Expect
    pairs = enumerate(zip(outcome_lines, one.expected, strict=True))
    assert {at: pair for at, pair in pairs if at not in rivals and not _fits(*pair)} == {}
    # Of those with one identity another may come first.
    assert Counter(outcome_lines[at]["outcome"] for at in rivals) == Counter(
        one.expected[at]["outcome"] for at in rivals
    )


def test_the_report_counts_them(one: Ended) -> None:
    outcomes = Counter(line["outcome"] for line in one.expected)
    del outcomes["delivered"]

    assert one.report["state"] == "settled"
    assert one.report["records"] == counts(len(one.expected), **outcomes)


def test_each_feeds_destination_has_what_was_delivered_and_once(
    ended: dict[tuple[str, str], Ended], applied_before: dict[str, int], deployed: Deployed
) -> None:
    deployed.idle()

    for feed in {feed for feed, _ in FILES}:
        reports = [one.report["records"] for (other, _), one in ended.items() if other == feed]
        books = deployed.books(feed)
        delivered = sum(report["delivered"] for report in reports)
        assert books["applied_records"] - applied_before[feed] == delivered, feed
        assert books["applied_more_than_once"] == 0, feed
    assert deployed.dead_letters() == {}


def _fits(outcome_line: dict[str, Any], expected: Mapping[str, Any]) -> bool:
    """Whether the record ended so, for that reason; without one, nothing but what only tells was found."""
    if expected["code"]:
        return outcome_line["outcome"] == expected["outcome"] and expected["code"] in codes_of(outcome_line)
    told = [one for one in outcome_line.get("findings", ()) if one["severity"] != Severity.INFO]
    return outcome_line["outcome"] == expected["outcome"] and not told


def _rivals(expected: list[dict[str, Any]]) -> set[int]:
    """Ordinals of records whose identity another one has."""
    repeated = [line for line in expected if line["duplicate_of"] is not None]
    return {line["ordinal"] for line in repeated} | {line["duplicate_of"] for line in repeated}
