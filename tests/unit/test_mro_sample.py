"""The mro sample is written from the forms and the regulations, and the feed from them as well: here they meet."""

import csv
import io
import json
from collections import Counter
from functools import cache
from typing import Any

import pytest

from penstock.feeds.mro import MRO
from penstock.outputs.outcomes import codes_of
from penstock_ops.samples import SAMPLES
from penstock_ops.samples.mro.faults import KINDS
from penstock_ops.samples.sample import SampleOptions
from tests.support.pipeline import Pipeline
from tests.support.reading import judge_file

FORMATS = ["ndjson", "json", "csv"]


@cache
def written(file_format: str, **options: Any) -> tuple[bytes, list[dict[str, Any]]]:
    """A generated file, and what must become of each of its records."""
    body, beside = io.BytesIO(), io.BytesIO()
    SAMPLES["mro"].write(body, SampleOptions(format=file_format, **options), beside)
    return body.getvalue(), [json.loads(line) for line in beside.getvalue().splitlines()]


@pytest.mark.parametrize("file_format", FORMATS)
def test_the_same_seed_writes_the_same_bytes(file_format: str) -> None:
    first = written.__wrapped__(file_format, records=500, seed=3, faults=0.1)
    assert first == written.__wrapped__(file_format, records=500, seed=3, faults=0.1)
    assert first != written.__wrapped__(file_format, records=500, seed=4, faults=0.1)


def test_two_seeds_have_no_component_in_common() -> None:
    def serials(seed: int) -> set[str]:
        return {json.loads(line)["component_sn"] for line in written("ndjson", records=500, seed=seed)[0].splitlines()}

    assert serials(1) & serials(2) == {"N/A"}


@pytest.mark.parametrize(("file_format", "spelling"), [*((one, "canonical") for one in FORMATS), ("csv", "trade")])
def test_without_faults_nothing_is_found(file_format: str, spelling: str) -> None:
    body, expected = written(file_format, records=2_000, seed=5, spelling=spelling)
    judged = judge_file(MRO, body)
    assert (judged.rejected, judged.unknown) == ([], set())
    assert len(judged.accepted) == len(expected) == 2_000
    assert judged.findings == {}


@pytest.mark.parametrize("file_format", FORMATS)
def test_each_record_begins_on_the_line_that_is_told(file_format: str) -> None:
    body, expected = written(file_format, records=200, seed=6, faults=0.3)
    lines = body.decode().splitlines()
    for line in expected:
        text = lines[line["line"] - 1]
        record = (
            dict(zip(next(csv.reader([lines[0]])), next(csv.reader([text])), strict=True))
            if file_format == "csv"
            else json.loads(text.rstrip(","))
        )
        assert record["authority"]


def test_every_kind_of_fault_is_made() -> None:
    _, expected = written("ndjson", records=6_000, seed=7, faults=0.3)
    made = {(line["code"], line["field"]) for line in expected if line["code"]}
    beside = {("mro.identity_conflict", None), ("mro.removed_twice", "removal_date")}
    assert made == {(kind.code, kind.field) for kind in KINDS} | beside
    assert {line["outcome"] for line in expected} == {"delivered", "rejected", "duplicate", "held"}


@pytest.mark.parametrize("file_format", FORMATS)
async def test_through_the_pipeline_every_record_ends_as_it_was_told(file_format: str) -> None:
    # Given
    body, expected = written(file_format, records=1_500, seed=8, faults=0.4)
    pipeline = Pipeline()

    # When
    file = pipeline.drop(body, f"mro/file.{file_format}")
    await pipeline.run()

    # Expect
    outcomes = await pipeline.assert_sound(file, len(expected))
    assert outcomes == Counter(line["outcome"] for line in expected)
    outcome_lines = await pipeline.outcome_lines(file)
    for line in expected:
        outcome_line = outcome_lines.get(line["ordinal"], {"outcome": "delivered"})
        told = [line["code"]] if line["code"] else []
        assert (outcome_line["outcome"], codes_of(outcome_line)) == (line["outcome"], told), line
