"""The command `penstock`, as an operator types it, against the deployed stack."""

import csv
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from penstock.model import ids
from tests.support import sent
from tests.support.deployed import Deployed, Said, counts
from tests.support.spots import csv_file, rows_of, spot

#: A log in which each record has another story; by name, with the ordinal it will have.
DELIVERED, MISSPELT, DUPLICATE, REFUSED, CONFLICT = range(5)
STORIES = [
    spot(0, station="KCMD", notes="=1+1 is two"),
    spot(1, station="KCMD", isci="wrong", notes="-5.00"),
    spot(0, station="KCMD", notes="=1+1 is two"),
    spot(3, station="KCMD", advertiser="ACME UNKNOWN", notes="'quoted'"),
    spot(0, station="KCMD", notes="another"),
]


@dataclass(frozen=True)
class Dropped:
    """What `drop --wait --json` said of the log."""

    said: Said
    report: dict[str, Any]

    @property
    def file_id(self) -> str:
        return self.report["file_id"]


@pytest.fixture(scope="module")
def log(deployed: Deployed, tmp_path_factory: pytest.TempPathFactory) -> Dropped:
    path = tmp_path_factory.mktemp("log") / "stories.csv"
    path.write_bytes(csv_file(STORIES))
    said = deployed.typed("drop", str(path), "--feed", "traffic", "--wait", "--json")
    report: dict[str, Any] = said.json
    assert report.pop("waited") > 0
    return Dropped(said, report)


def test_drop_and_wait_ends_with_the_report(log: Dropped) -> None:
    assert log.said.code == 1
    assert log.report["state"] == "settled"
    assert log.report["records"] == counts(5, rejected=3, duplicate=1)
    assert log.report["balanced"] is True
    assert log.report["findings"] == {
        "destination.rejected": 1,
        "schema.pattern": 1,
        "traffic.identity_conflict": 1,
    }


def test_report_says_the_same_as_the_summary(log: Dropped, deployed: Deployed) -> None:
    said = deployed.typed("report", log.file_id, "--json")

    assert said.code == 1
    assert said.json == log.report


def test_what_a_file_has_cost_is_told_by_its_report_and_line_by_line(log: Dropped, deployed: Deployed) -> None:
    """Each of the three functions was called once at least, and has told what it took."""
    counted = log.report["cost"]["counted"]
    assert counted["lambda_calls"] >= 3
    assert counted["lambda_gb_seconds"] > 0
    assert counted["dynamodb_writes"] > 5

    said = deployed.typed("cost", log.file_id, "--json")
    assert said.json["dollars"] == log.report["cost"]["dollars"] > 0
    assert len(said.json["lines"]) == len(counted)


@pytest.mark.prove
def test_report_is_one_line_of_balance_for_people(log: Dropped, deployed: Deployed) -> None:
    said = deployed.typed("report", log.file_id)

    assert said.code == 1
    assert "5 received = 1 delivered + 3 rejected + 1 duplicate" in said.out
    assert "balanced" in said.out


def test_files_has_the_latest_first(log: Dropped, deployed: Deployed) -> None:
    said = deployed.typed("files", "--json", "--stack", deployed.world.stack)

    ids = [row["file_id"] for row in said.json]
    assert said.code == 0
    assert {
        name: value for name, value in log.report.items() if name not in ("ranges", "progress", "cost")
    } in said.json
    assert deployed.typed("files", "--limit", "1", "--json").json[0]["file_id"] == ids[0]


def test_status_shows_queues_and_files(log: Dropped, deployed: Deployed) -> None:
    deployed.idle()

    said = deployed.typed("status", "--json")

    assert said.code == 0
    dispatches = [f"dispatch {feed}" for feed in json.loads(deployed.outputs["DispatchQueues"])]
    dlqs = [f"{one} DLQ" for one in ("intake", "document", "chunk", "dispatch")]
    nothing = {"waiting": 0, "in_flight": 0, "delayed": 0}
    assert said.json["queues"] == dict.fromkeys(["intake", "document", "chunk", *dispatches, *dlqs], nothing)
    assert said.json["open"] == []
    assert said.json["circuits"]["traffic"]["circuit"] == "closed"
    assert said.json["files"]["settled"] >= 1


@pytest.mark.prove
def test_explain_tells_of_a_record_that_arrived(log: Dropped, deployed: Deployed) -> None:
    story = _explained(deployed, log, DELIVERED)

    assert story["outcome"] == "delivered"
    assert sent.words(story["record"]) == sent.words(STORIES[DELIVERED])
    (batch,) = story["batches"]
    assert batch["outcome"] == "delivered"
    assert batch["attempts"] == 1


@pytest.mark.prove
def test_explain_tells_of_a_record_that_is_wrong(log: Dropped, deployed: Deployed) -> None:
    story = _explained(deployed, log, MISSPELT)

    assert story["outcome"] == "rejected"
    assert story["stage"] == "validator"
    assert story["line"] == 3
    (finding,) = story["findings"]
    assert (finding["code"], finding["field"]) == ("schema.pattern", "isci")


@pytest.mark.prove
def test_explain_tells_whose_duplicate_a_record_is(log: Dropped, deployed: Deployed) -> None:
    story = _explained(deployed, log, DUPLICATE)

    assert story["outcome"] == "duplicate"
    assert story["of"] == f"{log.file_id}:{DELIVERED}"
    assert story["batches"] == []


@pytest.mark.prove
def test_explain_tells_why_the_destination_refused(log: Dropped, deployed: Deployed) -> None:
    story = _explained(deployed, log, REFUSED)

    assert story["outcome"] == "rejected"
    assert story["stage"] == "dispatcher"
    (finding,) = story["findings"]
    assert finding["code"] == "destination.rejected"
    assert finding["message"] == "the destination answered 422: unknown_advertiser: no account for this advertiser"
    (batch,) = story["batches"]
    assert batch["batch_id"] == story["batch"]


def test_explain_tells_with_whom_a_record_is_in_conflict(log: Dropped, deployed: Deployed) -> None:
    story = _explained(deployed, log, CONFLICT)

    assert story["outcome"] == "rejected"
    assert [finding["code"] for finding in story["findings"]] == ["traffic.identity_conflict"]
    assert story["of"] == f"{log.file_id}:{DELIVERED}"


def test_rejects_can_be_printed_saved_and_read_by_a_machine(log: Dropped, deployed: Deployed, tmp_path: Path) -> None:
    # When
    printed = deployed.typed("rejects", log.file_id)
    saved = deployed.typed("rejects", log.file_id, "--output", str(tmp_path / "rejects.csv"))
    machine = deployed.typed("rejects", log.file_id, "--json")

    # Expect
    assert [printed.code, saved.code, machine.code] == [1, 1, 1]
    rows = rows_of((tmp_path / "rejects.csv").read_bytes())
    assert [int(row["penstock_ordinal"]) for row in rows] == [MISSPELT, REFUSED, CONFLICT]
    assert rows_of(machine.json["rejects"].encode()) == rows
    assert rows_of(printed.out.encode()) == rows


def test_rejects_mended_and_dropped_again_are_delivered(log: Dropped, undisturbed: Deployed, tmp_path: Path) -> None:
    # Given
    path = tmp_path / "mended.csv"
    undisturbed.typed("rejects", log.file_id, "--output", str(path))
    rows = rows_of(path.read_bytes())
    rows[0]["isci"] = "ABCD0001"
    rows[1]["advertiser"] = "Ada's Diner"
    rows[2]["air_time"] = "20:00:00"
    with path.open("w", encoding="utf-8", newline="") as mended:
        writer = csv.DictWriter(mended, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)

    # When
    said = undisturbed.typed("drop", str(path), "--feed", "traffic", "--key", "mended/again.csv", "--wait", "--json")

    # Expect
    assert said.code == 0
    assert said.json["key"] == "traffic/mended/again.csv"
    assert said.json["records"] == counts(3)
    applied = [sent.words(record) for record in undisturbed.applied() if record["station"] == "KCMD"]
    assert applied == [
        sent.words(record)
        for record in (
            STORIES[DELIVERED],
            STORIES[MISSPELT] | {"isci": "ABCD0001"},
            STORIES[REFUSED] | {"advertiser": "Ada's Diner"},
            STORIES[CONFLICT] | {"air_time": "20:00:00"},
        )
    ]


def test_a_flawless_file_ends_with_0(deployed: Deployed, tmp_path: Path) -> None:
    # Given
    path = tmp_path / "flawless.csv"
    path.write_bytes(csv_file([spot(number, station="KFIN") for number in range(3)]))

    # When
    said = deployed.typed("drop", str(path), "--feed", "traffic", "--json")
    file_id, told = said.json["file_id"], said.json
    again = deployed.typed("drop", str(path), "--feed", "traffic", "--wait", "--json")

    # Expect
    assert said.code == 0
    assert told == {
        "file_id": ids.file_id(told["bucket"], told["key"], told["version_id"]),
        "bucket": deployed.outputs["DropBucket"],
        "key": "traffic/flawless.csv",
        "version_id": told["version_id"],
        "etag": hashlib.md5(path.read_bytes()).hexdigest(),  # of what goes up in one part
        "bytes": path.stat().st_size,
    }
    assert again.code == 0
    assert again.json["records"] == counts(3, duplicate=3)
    nothing = deployed.typed("rejects", file_id, "--json")
    assert nothing.code == 0
    assert nothing.json["rejects"] is None


def test_a_refused_file_ends_with_2(deployed: Deployed, tmp_path: Path) -> None:
    # Given
    path = tmp_path / "picture.csv"
    path.write_bytes(b"\x89PNG\r\n\x1a\n")

    # When
    said = deployed.typed("drop", str(path), "--feed", "traffic", "--wait", "--json")

    # Expect
    assert said.code == 2
    assert said.json["refused"]["code"] == "format.binary"
    report = deployed.typed("report", said.json["file_id"])
    assert report.code == 2
    assert "refused" in report.out


@pytest.mark.prove
@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("report", "0" * 20), "there is no file"),
        (("rejects", "0" * 20), "there is no file"),
        (("explain", "0" * 20, "0"), "there is no file"),
        (("drop", "no-such-file.csv", "--feed", "traffic"), "no-such-file.csv"),
        (("report",), "FILE"),
        (("frobnicate",), "frobnicate"),
    ],
)
def test_what_cannot_be_done_ends_with_3_and_one_sentence(
    arguments: tuple[str, ...], word: str, deployed: Deployed
) -> None:
    said = deployed.typed(*arguments)

    assert said.code == 3
    assert said.out == ""
    assert word in said.err
    assert len(said.err.splitlines()) == 1


@pytest.mark.prove
def test_a_record_that_is_not_there_ends_with_3(log: Dropped, deployed: Deployed) -> None:
    said = deployed.typed("explain", log.file_id, "5")

    assert said.code == 3
    assert "counted from 0" in said.err


def test_a_stack_that_is_not_there_ends_with_3(deployed: Deployed) -> None:
    said = deployed.typed("files", "--stack", "nowhere")

    assert said.code == 3
    assert "nowhere" in said.err


def _explained(deployed: Deployed, log: Dropped, ordinal: int) -> dict[str, Any]:
    said = deployed.typed("explain", log.file_id, str(ordinal), "--json")
    assert said.code == 0
    assert said.json["trace"] == f"{log.file_id}:{ordinal}"
    return said.json


def test_a_receipt_proves_to_an_auditor_how_a_record_ended(log: Dropped, deployed: Deployed, tmp_path: Path) -> None:
    # Given what an auditor has been given
    deployed.look("Notary", "accounts")
    keys, proof = tmp_path / "keys.txt", tmp_path / "record.tlog-proof"
    assert deployed.typed("log", "keys", "--output", str(keys)).code == 0
    assert deployed.typed("receipt", log.file_id, str(REFUSED), "--output", str(proof)).code == 0
    (tmp_path / "stories.csv").write_bytes(csv_file(STORIES))

    # When
    said = deployed.typed("verify", str(proof), str(tmp_path / "stories.csv"), "--keys", str(keys), "--json")

    # Expect
    assert (said.code, said.json["proved"]) == (0, True)
    assert "of 5 records was settled" in said.json["said"][0]
    assert f"Record {REFUSED} of it" in said.json["said"][1]
    assert "ended as rejected" in said.json["said"][1]
    assert "the destination answered 200" in said.json["said"][1]
