"""`penstock check`: a file judged right here, against what its generator knows of every record."""

import csv
import hashlib
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from penstock import feeds
from penstock.feeds.rules import Rule
from penstock.feeds.traffic import TRAFFIC
from penstock.model.findings import Severity
from penstock.model.records import Accepted
from penstock.split.compression import Kind
from penstock_ops import cli
from penstock_ops.check.check_file import check
from penstock_ops.check.operator_settings import OperatorSettings
from penstock_ops.check.seen import Seen
from penstock_ops.samples import SAMPLES
from penstock_ops.samples.sample import SampleOptions
from tests.support.archives import COMPRESS, packed
from tests.support.invoices import goods_bill, x12_file


def written(tmp_path: Path, log_format: str, **options: object) -> tuple[Path, list[dict[str, object]]]:
    """A generated file and the expectation of each of its records."""
    path, expected = tmp_path / f"log.{log_format}", tmp_path / "expected.ndjson"
    with path.open("wb") as out, expected.open("wb") as beside:
        SAMPLES["traffic"].write(out, SampleOptions(format=log_format, **options), beside)  # type: ignore[arg-type]
    return path, [json.loads(line) for line in expected.read_text().splitlines()]


GOOD = "spot_id,station,house_number,air_date,air_time,length_s\nS1,WPNS,H1,2026-11-20,20:15:00,30\n"


@pytest.mark.parametrize("text", [GOOD, "nothing that a feed reads"])
def test_what_an_earlier_check_has_written_is_not_left_as_if_this_one_had(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    log, records = tmp_path / "log.csv", tmp_path / "records.ndjson"
    log.write_text(GOOD.replace("20:15:00", "at eight"))
    command = ["check", str(log), "--feed", "traffic", "--records", str(records)]
    CliRunner().invoke(cli.app, command)
    (tmp_path / "log.csv.rejects.3.csv").write_text("of an archive's third file")
    mine = tmp_path / "log.csv.rejects.mine.csv"
    mine.write_text("of nobody's check")
    assert (tmp_path / "log.csv.rejects.csv").exists()

    log.write_text(text)
    CliRunner().invoke(cli.app, command)

    assert [path.name for path in sorted(tmp_path.glob("log.csv.*"))] == [mine.name]
    assert (records.read_text() if records.exists() else "").count("\n") == (text == GOOD)


@pytest.mark.parametrize("option", ["--rejects", "--records", "--acknowledgements"])
def test_a_check_does_not_write_over_the_file_that_it_judges(option: str, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text(GOOD)
    result = CliRunner().invoke(cli.app, ["check", str(log), option, str(tmp_path / "." / "log.csv")])
    assert (result.exit_code, log.read_text()) == (2, GOOD)


@pytest.mark.parametrize("log_format", ["csv", "tsv", "ndjson", "asrun"])
def test_a_check_says_of_every_record_what_its_generator_knows(log_format: str, tmp_path: Path) -> None:
    path, expected = written(tmp_path, log_format, records=12_000, faults=0.05, seed=7)

    checked = check(path, "traffic", tmp_path / "rejects.csv", lambda _: None)

    outcomes = Counter(record["outcome"] for record in expected)
    assert checked.refused is None
    assert (checked.received, checked.rejected, checked.duplicate) == (
        len(expected),
        outcomes["rejected"],
        outcomes["duplicate"],
    )
    with (tmp_path / "rejects.csv").open(encoding="utf-8-sig", newline="") as rejects:
        told = [
            (
                int(row["penstock_ordinal"]),
                int(row["penstock_line"]),
                row["penstock_code"],
                row["penstock_field"] or None,
            )
            for row in csv.DictReader(rejects, delimiter="\t" if log_format == "tsv" else ",")
        ]
    assert told == [
        (record["ordinal"], record["line"], record["code"], record["field"])
        for record in expected
        if record["outcome"] == "rejected"
    ]


def test_trade_spellings_and_unknown_columns_are_read_and_told(tmp_path: Path) -> None:
    path, expected = written(tmp_path, "csv", records=500, seed=3, spelling="trade")

    checked = check(path, None, tmp_path / "rejects.csv", lambda _: None)

    assert checked.received == len(expected)
    assert checked.rejected == 0
    assert checked.findings == {"format.unknown_field": 1, "tidied.time": 1}
    assert [note.code for note in checked.notes] == ["tidied.time"]
    assert not (tmp_path / "rejects.csv").exists()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "format.empty"),
        (b"spot_id,station,air_date,air_time\n", "format.no_records"),
        (b"S1,WKRP,2026-11-20,21:00:00\n", "format.no_header"),
        (b"PK\x03\x04rest of a workbook", "archive.truncated"),
        (b"\x1f\x8b\x08 and no more", "archive.damaged"),
        ("spot_id,station\n".encode("utf-16"), "format.missing_column"),
        ("spot_id,station\n".encode("utf-32"), "format.binary"),
        (b"\0\0\xfe\xff" + "spot_id,station\n".encode("utf-32-be"), "format.binary"),
        (b"spot_id,station,air_date\nS1,WKRP,2026-11-20\n", "format.missing_column"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_a_code(content: bytes, code: str, tmp_path: Path) -> None:
    (tmp_path / "file.csv").write_bytes(content)

    result = CliRunner().invoke(cli.app, ["check", str(tmp_path / "file.csv"), "--feed", "traffic", "--json"])

    assert result.exit_code == cli.Exit.REFUSED
    assert json.loads(result.stdout)["refused"]["code"] == code


@pytest.mark.parametrize("kind", COMPRESS)
def test_a_compressed_file_is_judged_as_the_file_within(kind: Kind, tmp_path: Path) -> None:
    path, _ = written(tmp_path, "csv", records=2_000, faults=0.1, seed=2)
    packed_path = tmp_path / "log.csv.packed"
    packed_path.write_bytes(COMPRESS[kind](path.read_bytes()))
    done: list[int] = []

    plain = check(path, "traffic", tmp_path / "rejects.csv", lambda _: None)
    within = check(packed_path, "traffic", tmp_path / "within.csv", done.append)

    assert within.as_dict() | {"seconds": 0, "rejects": ""} == plain.as_dict() | {"seconds": 0, "rejects": ""}
    assert (tmp_path / "within.csv").read_bytes() == (tmp_path / "rejects.csv").read_bytes()
    assert 0 < sum(done) <= packed_path.stat().st_size


def test_each_file_of_an_archive_is_judged_by_itself(tmp_path: Path) -> None:
    path, _ = written(tmp_path, "csv", records=500, faults=0.1, seed=2)
    archive = tmp_path / "week.zip"
    body = path.read_bytes()
    archive.write_bytes(packed({"a.csv": body, "b/readme.txt": b"hello", "b/c.csv": body}))
    rejects = tmp_path / "week.rejects.csv"

    result = CliRunner().invoke(
        cli.app, ["check", str(archive), "--feed", "traffic", "--rejects", str(rejects), "--json"]
    )

    told = json.loads(result.stdout)
    plain = check(path, "traffic", tmp_path / "plain.csv", lambda _: None).as_dict()
    first, second, third = told["entries"]
    assert result.exit_code == cli.Exit.REFUSED
    assert [one["file"] for one in told["entries"]] == ["a.csv", "b/readme.txt", "b/c.csv"]
    assert first["records"] == third["records"] == plain["records"]
    assert second["refused"]["code"] == "format.no_header"
    assert told["records"] == {name: 2 * count for name, count in plain["records"].items()}
    assert [one["rejects"] for one in (first, second, third)] == [
        str(rejects), None, str(tmp_path / "week.rejects.3.csv")
    ]  # fmt: skip
    assert (tmp_path / "week.rejects.3.csv").read_bytes() == (tmp_path / "plain.csv").read_bytes()


def test_a_person_sees_each_file_of_an_archive(tmp_path: Path) -> None:
    path, _ = written(tmp_path, "csv", records=50, seed=2)
    archive = tmp_path / "week.zip"
    archive.write_bytes(packed({"a.csv": path.read_bytes(), "b.csv": b"hello"}))

    result = CliRunner().invoke(cli.app, ["check", str(archive), "--feed", "traffic"])

    lines = result.stdout.splitlines()
    assert lines[0] == "a.csv"
    assert lines[1].startswith("traffic, csv:")
    assert "b.csv" in lines
    assert lines[-1].startswith("refused: ")


def test_the_json_of_a_check_has_its_documented_shape(tmp_path: Path) -> None:
    path, _ = written(tmp_path, "csv", records=300, faults=0.1, seed=1)
    rejects = tmp_path / "rejects.csv"

    result = CliRunner().invoke(cli.app, ["check", str(path), "--rejects", str(rejects), "--json"])

    told = json.loads(result.stdout)
    assert result.exit_code == cli.Exit.REJECTED
    assert list(told) == [
        "feed",
        "guessed",
        "format",
        "records",
        "chunks",
        "findings",
        "notes",
        "refused",
        "rejects",
        "seconds",
    ]
    assert list(told["records"]) == ["received", "valid", "rejected", "duplicate", "held"]
    assert (told["feed"], told["format"], told["refused"], told["rejects"]) == ("traffic", "csv", None, str(rejects))


def test_identities_are_remembered_in_sixteen_bytes_each() -> None:
    seen = Seen()
    names = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(2000)]

    def note(at: int, name: str, digest: str) -> list[tuple[int, int, bool]]:
        return seen.add([Accepted(at, "", name, digest, b"")])

    assert seen.add([Accepted(at, "", name, "a" * 32, b"") for at, name in enumerate(names)]) == []
    assert note(9_000, names[5], "a" * 32) == [(9_000, 5, True)]
    assert note(9_001, names[7], "b" * 32) == [(9_001, 7, False)]


# what would be held, by whose word, and what would be delivered


def invoices(tmp_path: Path) -> Path:
    """A file of an invoice, a credit memo, and an invoice that does not add up."""
    credit = goods_bill(header=("BIG", "20261120", "CM-9", "", "PO-7", "", "", "CR"))
    wrong = goods_bill("99999", header=("BIG", "20261120", "INV-4", "", "PO-8"))
    path = tmp_path / "night.edi"
    path.write_bytes(x12_file(goods_bill(), credit, wrong, kinds=["810"] * 3))
    return path


def check_invoices(tmp_path: Path, *options: str) -> dict[str, Any]:
    asked = [
        "check",
        str(invoices(tmp_path)),
        "--feed",
        "freight",
        "--json",
        "--rejects",
        str(tmp_path / "rejects.csv"),
    ]
    result = CliRunner().invoke(cli.app, [*asked, *options])
    assert result.exit_code in (0, 1), result.output
    return json.loads(result.stdout)


def test_what_a_drop_would_hold_is_counted(tmp_path: Path) -> None:
    told = check_invoices(tmp_path)

    assert told["records"] == {"received": 3, "valid": 1, "rejected": 1, "duplicate": 0, "held": 1}
    assert told["findings"] == {"freight.invoice_total": 1, "freight.kind": 1}
    assert (told["by_itself"], told["unasked"]) == (True, True)


@pytest.mark.parametrize(
    ("action", "figures"),
    [("deliver", {"valid": 2, "rejected": 1, "held": 0}), ("reject", {"valid": 1, "rejected": 2, "held": 0})],
)
def test_a_check_judges_by_the_operators_settings(tmp_path: Path, action: str, figures: dict[str, int]) -> None:
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({"url": "https://api.example", "policy": {"kinds": {"credit_note": action}}}))

    told = check_invoices(tmp_path, "--policy", str(settings))

    assert told["records"] == {"received": 3, "duplicate": 0} | figures
    assert "unasked" not in told


@pytest.mark.parametrize("text", ["{", '{"policy": {"kinds": {"credit_note": "burn"}}}', '{"soft": "burn"}', "[]"])
def test_settings_that_are_none_are_told_and_nothing_is_judged(tmp_path: Path, text: str) -> None:
    settings = tmp_path / "settings.json"
    settings.write_text(text)
    result = CliRunner().invoke(
        cli.app, ["check", str(invoices(tmp_path)), "--feed", "freight", "--policy", str(settings)]
    )
    assert result.exit_code == 2
    assert "--policy" in result.output


def test_a_policy_of_a_feed_that_takes_none_is_told(tmp_path: Path) -> None:
    """Nothing would be sent with it."""
    path, _ = written(tmp_path, "csv", records=5, faults=0.0, seed=7)
    settings = tmp_path / "settings.json"
    settings.write_text('{"policy": {"test": "hold"}}')
    result = CliRunner().invoke(cli.app, ["check", str(path), "--feed", "traffic", "--policy", str(settings)])

    assert result.exit_code == 2
    assert "this feed takes none" in result.output


def test_soft_findings_hold_where_the_settings_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a feed without an examination as well."""
    odd = Rule("traffic.odd", "length_s", "is it so long?", lambda records: range(0, len(records), 10), Severity.SOFT)
    monkeypatch.setitem(feeds.FEEDS, "traffic", replace(TRAFFIC, rules=(*TRAFFIC.rules, odd)))
    path, _ = written(tmp_path, "csv", records=2_000, faults=0.0, seed=7)

    plain = check(path, "traffic", tmp_path / "rejects.csv", lambda _: None)
    held = check(path, "traffic", tmp_path / "rejects.csv", lambda _: None, settings=OperatorSettings(soft="hold"))

    assert (plain.held, held.held) == (0, 200)
    assert held.findings == plain.findings


def test_what_would_be_delivered_is_written_as_the_destination_would_get_it(tmp_path: Path) -> None:
    out = tmp_path / "out.ndjson"
    told = check_invoices(tmp_path, "--records", str(out))

    (record,) = [json.loads(line) for line in out.read_text().splitlines()]
    assert (record["audit_trace_id"], record["invoice_number"]) == ("night.edi:0", "INV-2")
    assert record["totals"]["due"] == "250.00"
    assert told["delivered_to"] == str(out)
