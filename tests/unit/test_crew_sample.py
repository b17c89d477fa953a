"""The crew sample is written from the regulations and the engine from them as well: here they meet."""

import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from penstock.feeds.crew import CREW
from penstock.feeds.crew.clauses import Breach
from penstock.feeds.crew.engine import examine
from penstock.feeds.crew.history import History
from penstock.feeds.feed import Record
from penstock.formats.format import HEAD
from penstock.model.findings import Severity
from penstock.outputs.outcomes import codes_of
from penstock.split.planner import Planner
from penstock.validate.judging import judge
from penstock_ops.samples import SAMPLES
from penstock_ops.samples.sample import SampleOptions
from tests.support.pipeline import Pipeline

#: Findings that only the claims show.
BY_CLAIM = {"crew.identity_conflict"}


@cache
def written(file_format: str, **options: Any) -> tuple[bytes, list[dict[str, Any]]]:
    """A generated file, and what must become of each of its duties."""
    body, beside = io.BytesIO(), io.BytesIO()
    SAMPLES["crew"].write(body, SampleOptions(format=file_format, **options), beside)
    return body.getvalue(), [json.loads(line) for line in beside.getvalue().splitlines()]


def records_in(body: bytes) -> list[Record | str]:
    """Each record as the model has it, or the code and field for which the model refuses it."""
    layout = CREW.recognise(body[:HEAD])
    planner = Planner(CREW, layout, size=len(body))
    found: dict[int, Record | str] = {}
    for span in [*planner.push(body), *planner.finish()]:
        judgement = judge(CREW, layout, span, body[span.start : span.end])
        found |= {one.ordinal: CREW.one.validate_json(one.payload) for one in judgement.accepted}
        for one in judgement.rejected:
            (finding,) = one.findings
            found[one.ordinal] = f"{finding.code} {finding.field}"
    return [found[ordinal] for ordinal in sorted(found)]


def said_of(body: bytes, expected: list[dict[str, Any]]) -> list[str]:
    """What model and engine say of each duty, as `required` would."""
    records = records_in(body)
    breaches = examined([record for record in records if not isinstance(record, str)])
    told: list[str] = []
    for record, line in zip(records, expected, strict=True):
        if isinstance(record, str):
            told.append(f"rejected {record}")
            continue
        found = next(breaches)
        hard = any(breach.severity is Severity.HARD for breach in found)
        words = [f"{breach.code} {breach.field}" for breach in found]
        told.append(" ".join(["rejected" if hard else _unless_claimed(line), *words]))
    return told


def examined(records: list[Record]) -> Iterator[list[Breach]]:
    """The findings of each: of those that have one identity the first counts before the second is looked at."""
    histories = {record["crew_id"]: History() for record in records}
    rounds: defaultdict[int, list[int]] = defaultdict(list)
    met: Counter[str] = Counter()
    for at, record in enumerate(records):
        rounds[met[record["duty_id"]]].append(at)
        met[record["duty_id"]] += 1
    found: dict[int, list[Breach]] = {}
    for places in rounds.values():
        found |= dict(zip(places, examine([records[at] for at in places], histories), strict=True))
    return iter(found[at] for at in range(len(records)))


def _unless_claimed(line: dict[str, Any]) -> str:
    """Of a repeated identity, only the claims know that it is one."""
    return line["outcome"] if line["outcome"] == "duplicate" or line["code"] in BY_CLAIM else "delivered"


def required(line: dict[str, Any]) -> str:
    """What must be said of the duty of this expectation."""
    if line["code"] in BY_CLAIM or line["code"] is None:
        return line["outcome"]
    return f"{line['outcome']} {line['code']} {line['field']}"


@pytest.mark.parametrize("seed", [1, 2])
def test_every_duty_is_judged_as_its_generator_expects(seed: int) -> None:
    body, expected = written("ndjson", records=2000, faults=0.2, seed=seed)

    said = said_of(body, expected)

    must = [required(line) for line in expected]
    assert {at: (said[at], must[at]) for at in range(len(must)) if said[at] != must[at]} == {}


@pytest.mark.parametrize(
    ("file_format", "options"), [("ndjson", {}), ("json", {}), ("csv", {}), ("csv", {"spelling": "trade"})]
)
def test_a_roster_is_the_same_in_every_format(file_format: str, options: dict[str, str]) -> None:
    body, expected = written(file_format, records=300, faults=0.2, seed=5, **options)
    _, as_ndjson = written("ndjson", records=300, faults=0.2, seed=5)

    assert said_of(body, expected) == [required(line) for line in expected]
    assert [line | {"line": 0} for line in expected] == [line | {"line": 0} for line in as_ndjson]


@pytest.mark.parametrize("file_format", ["ndjson", "json", "csv"])
def test_a_line_is_where_its_duty_begins(file_format: str) -> None:
    body, expected = written(file_format, records=40, faults=0.3, seed=6)

    lines = body.decode().split("\n")

    for line, record in zip(expected, records_in(body), strict=True):
        if not isinstance(record, str):
            assert record["duty_id"] in lines[line["line"] - 1]


def test_a_faultless_roster_has_nothing_to_be_told() -> None:
    body, expected = written("ndjson", records=1000, seed=9)

    assert said_of(body, expected) == ["delivered"] * 1000


def test_every_kind_of_fault_is_among_a_files_under_either_regulation() -> None:
    _, expected = written("ndjson", records=2000, faults=0.2, seed=1)

    assert {line["code"] or line["outcome"] for line in expected} == {
        "delivered",
        "duplicate",
        *(f"schema.{word}" for word in ("required", "pattern", "choice", "range")),
        *(f"crew.{word}" for word in ("qualification_expired", "oooi_order", "unknown_zone", "duties_overlap")),
        *(f"crew.{word}" for word in ("rest_facility", "block_discrepancy", "flight_time_mismatch", "broken_route")),
        *(f"crew.{word}" for word in ("identity_conflict", "superseded")),
        *(f"crew.far117.{word}" for word in ("fdp", "rest", "fdp_168h", "extension_used")),
        *(f"crew.easa.{word}" for word in ("fdp", "rest", "duty_7d", "discretion_used")),
    }


def test_members_come_one_after_the_other() -> None:
    body, _ = written("ndjson", records=500, faults=0.2, seed=4)

    crews = [json.loads(line)["crew_id"] for line in body.splitlines()]

    assert len([at for at in range(1, 500) if crews[at] != crews[at - 1]]) + 1 == len(set(crews))


def test_the_same_seed_writes_the_same_bytes_and_another_one_other_crews() -> None:
    one, _ = written("ndjson", records=50, faults=0.2, seed=1)
    again = io.BytesIO()
    SAMPLES["crew"].write(again, SampleOptions(records=50, format="ndjson", faults=0.2, seed=1), None)
    other, _ = written("ndjson", records=50, faults=0.2, seed=2)

    assert again.getvalue() == one
    assert {json.loads(line)["crew_id"] for line in one.splitlines()}.isdisjoint(
        json.loads(line)["crew_id"] for line in other.splitlines()
    )


async def test_a_file_of_them_runs_through_the_pipeline_as_its_generator_expects() -> None:
    # Given
    body, expected = written("ndjson", records=400, faults=0.25, seed=3)
    pipeline = Pipeline()
    file = pipeline.drop(body, "crew/roster.ndjson")
    # When
    await pipeline.run()
    outcome_lines = await pipeline.outcome_lines(file)
    # Expect
    await pipeline.assert_sound(file, len(expected))
    ends = [outcome_lines.get(at, {"outcome": "delivered"}) for at in range(len(expected))]
    assert [(end["outcome"], *codes_of(end)) for end in ends] == [
        (line["outcome"], *filter(None, [line["code"]])) for line in expected
    ]
