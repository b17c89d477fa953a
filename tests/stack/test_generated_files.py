"""Generated files with every kind of fault, compared record by record with what the generator says must become of them.

The destination behaves as real ones do, and worse: it is slow, it loses answers, and it refuses records.
"""

import io
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from penstock_ops.samples import SAMPLES
from penstock_ops.samples.sample import SampleOptions
from tests.support import sent
from tests.support.deployed import Deployed, File, counts
from tests.support.sent import Sent

CONFLICT = "traffic.identity_conflict"

type End = tuple[str, str | None, str | None]
"""Outcome, code and field."""


@dataclass(frozen=True)
class Plan:
    options: SampleOptions
    read: Callable[[bytes], list[Sent]]
    chunks: int


PLANS = {
    "spots.csv": Plan(SampleOptions(10_400, "csv", faults=0.1, seed=1, destination_faults=True), sent.read_csv, 3),
    "trade-export.tsv": Plan(
        SampleOptions(1_500, "tsv", faults=0.15, seed=2, spelling="trade", destination_faults=True),
        sent.read_trade_tsv,
        1,
    ),
    "spots.ndjson": Plan(
        SampleOptions(1_500, "ndjson", faults=0.15, seed=3, destination_faults=True), sent.read_ndjson, 1
    ),
    "AR20261102.tvb": Plan(SampleOptions(1_000, "asrun", faults=0.1, seed=4), sent.read_asrun, 1),
}


@dataclass(frozen=True)
class Ended:
    """A file that has ended, what was sent in it, and what the generator expected."""

    plan: Plan
    file: File
    report: Mapping[str, Any]
    sent: list[Sent]
    expected: list[dict[str, Any]]


@pytest.fixture(scope="module")
def rough(deployed: Deployed) -> Iterator[Deployed]:
    """The destination at its worst that is still its everyday self."""
    deployed.behave(latency_seconds=0.02, fault_rates={"unavailable": 0.02, "lost_answer": 0.1})
    yield deployed
    deployed.calm()


@pytest.fixture(scope="module")
def ended(rough: Deployed) -> dict[str, Ended]:
    """All files, dropped at once."""
    dropped: dict[str, tuple[File, list[dict[str, Any]]]] = {}
    for name, plan in PLANS.items():
        body, beside = io.BytesIO(), io.BytesIO()
        SAMPLES["traffic"].write(body, plan.options, beside)
        expected = [json.loads(line) for line in beside.getvalue().splitlines()]
        dropped[name] = rough.drop(name, body.getvalue()), expected
    return {
        name: Ended(PLANS[name], file, rough.ended(file), PLANS[name].read(file.body), expected)
        for name, (file, expected) in dropped.items()
    }


@pytest.fixture(params=list(PLANS))
def one(request: pytest.FixtureRequest, ended: dict[str, Ended]) -> Ended:
    return ended[request.param]


def test_each_record_ends_as_its_sender_could_expect(one: Ended, deployed: Deployed) -> None:
    # Given
    rejects = {int(row["penstock_ordinal"]): row for row in deployed.rejects(one.file)}
    outcomes = deployed.outcomes(one.file)
    rivals = _rivals(one.expected)

    # When
    ends = {ordinal: _end(ordinal, rejects, outcomes) for ordinal in range(len(one.expected))}
    must = {line["ordinal"]: (line["outcome"], line["code"], line["field"]) for line in one.expected}
    for group in rivals:
        must |= _ends_of_rivals(group, ends, one.sent)

    # Expect
    assert {at: (ends[at], must[at]) for at in must if ends[at] != must[at]} == {}
    assert {at: int(row["penstock_line"]) for at, row in rejects.items()} == {
        at: one.expected[at]["line"] for at in rejects
    }
    for group in rivals:
        winner = f"{one.file.file_id}:{_winner(group, ends)}"
        losers = [at for at in group if ends[at][0] != "delivered"]
        assert {outcomes[at]["of"] for at in losers} == {winner}


def test_the_destination_has_what_was_delivered_and_each_record_once(one: Ended, deployed: Deployed) -> None:
    # Given
    refused = {int(row["penstock_ordinal"]) for row in deployed.rejects(one.file)}
    not_delivered = refused | deployed.outcomes(one.file).keys()
    identities = {sent.identity(record) for record in one.sent if record}

    # When
    applied = [sent.words(record) for record in deployed.applied()]
    ours = Counter(sent.content(record) for record in applied if sent.identity(record) in identities)

    # Expect
    delivered = [record for at, record in enumerate(one.sent) if at not in not_delivered]
    assert ours == Counter(sent.content(record or {}) for record in delivered)


def test_the_report_has_the_same_figures(one: Ended, deployed: Deployed) -> None:
    # Given
    rejects = deployed.rejects(one.file)
    duplicates = [line for line in deployed.outcomes(one.file).values() if line["outcome"] == "duplicate"]
    unknown_columns = ["Priority"] if one.plan.options.spelling == "trade" else one.report["unknown_fields"]

    # When
    findings = Counter(code for row in rejects for code in row["penstock_code"].split())
    findings.update({"format.unknown_field": len(unknown_columns)})

    # Expect
    assert one.report["state"] == "settled"
    assert one.report["records"] == counts(len(one.sent), rejected=len(rejects), duplicate=len(duplicates))
    told = {code: count for code, count in one.report["findings"].items() if not code.startswith("tidied.")}
    assert told == {code: count for code, count in findings.items() if count}
    assert one.report["unknown_fields"] == unknown_columns
    assert one.report["chunks"] == {"expected": one.plan.chunks, "settled": one.plan.chunks, "dead": 0}


def test_every_kind_of_fault_was_among_them(one: Ended, deployed: Deployed) -> None:
    kinds = {line["code"] or line["outcome"] for line in one.expected}

    assert len(kinds) > (5 if one.plan.options.format == "asrun" else 15)
    assert ("destination.rejected" in kinds) == one.plan.options.destination_faults


def test_answers_were_lost_and_nothing_was_applied_twice(ended: dict[str, Ended], rough: Deployed) -> None:
    rough.idle()
    books = rough.books()

    assert books["lost_answers"] > 0
    assert books["replayed_answers"] >= books["lost_answers"]
    assert books["applied_more_than_once"] == 0
    assert rough.dead_letters() == {}


def test_the_same_records_under_another_name_are_all_duplicates(ended: dict[str, Ended], rough: Deployed) -> None:
    # Given
    rough.calm()
    first = ended["spots.ndjson"]
    before = rough.books()["applied_records"]

    # When
    again = rough.drop("spots-again.ndjson", first.file.body)
    report = rough.ended(again)

    # Expect
    # A repeat of a record that was delivered is a duplicate; what was refused is refused again, and for the same.
    rejected = first.report["records"]["rejected"]
    assert report["records"] == counts(len(first.sent), rejected=rejected, duplicate=len(first.sent) - rejected)
    assert _reasons(rough.rejects(again)) == _reasons(rough.rejects(first.file))
    assert {line["of"].split(":")[0] for line in rough.outcomes(again).values() if "of" in line} == {first.file.file_id}
    assert rough.books()["applied_records"] == before


def _end(ordinal: int, rejects: Mapping[int, Mapping[str, str]], outcomes: Mapping[int, Mapping[str, Any]]) -> End:
    if ordinal in rejects:
        row = rejects[ordinal]
        return "rejected", row["penstock_code"], row["penstock_field"] or None
    if ordinal in outcomes:
        return outcomes[ordinal]["outcome"], None, None
    return "delivered", None, None


def _rivals(expected: list[dict[str, Any]]) -> list[list[int]]:
    """Ordinals of records that have one identity, group by group."""
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for line in expected:
        if line["duplicate_of"] is not None:
            groups[line["duplicate_of"]].append(line["ordinal"])
    return [[first, *later] for first, later in groups.items()]


def _winner(group: list[int], ends: Mapping[int, End]) -> int:
    """The one of them that was delivered."""
    (winner,) = (at for at in group if ends[at][0] == "delivered")
    return winner


def _ends_of_rivals(group: list[int], ends: Mapping[int, End], records: list[Sent]) -> dict[int, End]:
    """What must become of them. Whichever comes first is delivered: chunks may overtake one another. Of the others,
    those that say the same are its duplicates, and those that say otherwise are in conflict with it."""
    winner = _winner(group, ends)
    must: dict[int, End] = {}
    for at in group:
        same = records[at] == records[winner]
        must[at] = ("duplicate", None, None) if same else ("rejected", CONFLICT, None)
    return must | {winner: ("delivered", None, None)}


def _reasons(rejects: list[dict[str, str]]) -> set[tuple[str, str]]:
    """What the records were refused for; the conflicts name the same record, but are found in another place."""
    return {(row["penstock_ordinal"], row["penstock_code"]) for row in rejects}
