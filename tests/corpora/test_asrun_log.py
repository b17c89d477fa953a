"""A broadcaster's real as-run log through the deployed stack, against what the log itself says, read apart."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from penstock.formats.spreadsheet import restored
from penstock_ops.check.check_file import check
from tests.corpora.corpus import FOLDER
from tests.support import sent
from tests.support.deployed import Deployed, File, counts
from tests.support.spots import rows_of

LOG = FOLDER / "traffic" / "asrun_AR20240617.tvbrab"
FIRST_LINE = 9  #: of the records, after eight lines of preamble


@dataclass(frozen=True)
class Expected:
    """The log's records, and which of them must be rejected: those that name no material."""

    records: list[dict[str, str]]
    without_material: list[int]


@dataclass(frozen=True)
class Ended:
    file: File
    report: dict[str, Any]


@pytest.fixture(scope="module")
def expected() -> Expected:
    records = [record for record in sent.read_asrun(LOG.read_bytes()) if record]
    return Expected(records, [at for at, record in enumerate(records) if "house_number" not in record])


@pytest.fixture(scope="module")
def ended(deployed: Deployed) -> Ended:
    file = deployed.drop(LOG.name, LOG.read_bytes())
    return Ended(file, deployed.ended(file))


def test_the_log_is_what_we_know_of_it(expected: Expected) -> None:
    assert len(expected.records) == 484
    assert 0 < len(expected.without_material) < 484
    assert len({sent.identity(record) for record in expected.records}) == 484
    assert {record["station"] for record in expected.records} == {"OB"}
    assert expected.records[1] == {
        "record_type": "spot",
        "spot_id": "234-020330",
        "station": "OB",
        "house_number": "4365342",
        "air_date": "2024-06-17",
        "air_time": "02:03:30",
        "length_s": "5",
        "product": "BUMPAT BUMPER AFL. TERUGKIJKEN BRABANT+ - 2023",
    }


def test_its_report_balances(ended: Ended, expected: Expected) -> None:
    rejected = len(expected.without_material)

    assert ended.report["state"] == "settled"
    assert ended.report["records"] == counts(484, rejected=rejected)
    assert ended.report["findings"] == {
        "format.unknown_field": len(ended.report["unknown_fields"]),
        "traffic.spot_needs_material": rejected,
    }


def test_rows_without_material_come_back_and_no_others(ended: Ended, expected: Expected, deployed: Deployed) -> None:
    # Given
    lines = LOG.read_bytes().decode("iso-8859-1").split("\r\n")

    # When
    rejects = deployed.rejects(ended.file)

    # Expect
    assert [int(row["penstock_ordinal"]) for row in rejects] == expected.without_material
    assert [int(row["penstock_line"]) for row in rejects] == [FIRST_LINE + at for at in expected.without_material]
    assert [restored(row["penstock_record"]) for row in rejects] == [
        lines[FIRST_LINE - 1 + at] for at in expected.without_material
    ]
    assert {(row["penstock_code"], row["penstock_field"]) for row in rejects} == {
        ("traffic.spot_needs_material", "isci")
    }


def test_all_others_arrived_once_as_the_log_says(ended: Ended, expected: Expected, deployed: Deployed) -> None:
    good = [record for record in expected.records if "house_number" in record]

    applied = Counter(sent.content(sent.words(record)) for record in deployed.applied() if record["station"] == "OB")

    assert applied == Counter(map(sent.content, good))


def test_a_check_says_what_became_of_it(ended: Ended, deployed: Deployed, tmp_path: Path) -> None:
    # When
    checked = check(LOG, "traffic", tmp_path / "rejects.csv", lambda _: None).as_dict()

    # Expect
    records = ended.report["records"]
    assert checked["format"] == "asrun"
    assert checked["records"] == {
        "received": records["received"],
        "valid": records["delivered"],
        "rejected": records["rejected"],
        "duplicate": records["duplicate"],
        "held": records["held"],
    }
    assert checked["findings"] == ended.report["findings"]
    ours = rows_of((tmp_path / "rejects.csv").read_bytes())
    assert [_unnamed(row) for row in ours] == [_unnamed(row) for row in deployed.rejects(ended.file)]


def _unnamed(row: dict[str, str]) -> dict[str, str]:
    """A row without the file's id: what was not dropped has none."""
    return {name: cell for name, cell in row.items() if name not in ("penstock_trace", "penstock_record")}


@pytest.mark.parametrize(
    ("name", "code", "word"),
    [
        ("fcc_orders_2014.tsv", "format.missing_column", "spot_id, station"),
        ("fcc_schema.tsv", "format.missing_column", "spot_id, station"),
        ("fcc_issue_ads.tsv", "format.no_header", "header"),
    ],
)
def test_tables_that_are_no_traffic_log_are_refused(name: str, code: str, word: str, deployed: Deployed) -> None:
    # When
    report = deployed.ended(deployed.drop(name, (FOLDER / "traffic" / name).read_bytes()))

    # Expect
    assert report["state"] == "refused"
    assert report["refused"]["code"] == code
    assert word in report["refused"]["message"]
