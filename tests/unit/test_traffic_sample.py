"""Sample files of the traffic feed: what they promise of each record is so.

The judge here is written from the feed's description and shares nothing with the feed.
"""

import csv
import io
import json
import re
from collections import Counter
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any, NamedTuple

import pytest

from penstock_ops.samples import SAMPLES
from penstock_ops.samples.sample import SampleOptions
from penstock_ops.samples.traffic.faults import kinds_of
from penstock_ops.samples.traffic.schedule import Row

FORMATS = ["csv", "tsv", "ndjson", "asrun"]
DELIMITERS = {"csv": ",", "tsv": "\t"}
ASRUN_HEAD = 8


class Sample(NamedTuple):
    data: bytes
    expected: list[dict[str, Any]]
    outcomes: Counter[Any]


def sample(records: int, log_format: str, **options: Any) -> Sample:
    out, expected = io.BytesIO(), io.BytesIO()
    asked = SampleOptions(records, log_format, **options)
    outcomes = SAMPLES["traffic"].write(out, asked, expected)
    lines = expected.getvalue().decode().splitlines()
    return Sample(out.getvalue(), [json.loads(line) for line in lines], outcomes)


def cells(data: bytes, delimiter: str) -> list[list[str]]:
    """Header and rows; a byte that is not UTF-8 becomes a lone surrogate."""
    text = data.decode("utf-8-sig", "surrogateescape")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


def rows(data: bytes, delimiter: str = ",") -> list[dict[str, str]]:
    header, *found = cells(data, delimiter)
    return [dict(zip(header, row, strict=True)) for row in found]


# Every format


@pytest.mark.parametrize("log_format", FORMATS)
def test_the_same_seed_writes_the_same_bytes(log_format: str) -> None:
    first = sample(5_000, log_format, seed=3, faults=0.1)
    again = sample(5_000, log_format, seed=3, faults=0.1)
    other = sample(5_000, log_format, seed=4, faults=0.1)

    assert first == again
    assert first.data != other.data


@pytest.mark.parametrize("log_format", FORMATS)
def test_the_file_does_not_depend_on_its_expectations_being_asked_for(log_format: str) -> None:
    alone = io.BytesIO()
    SAMPLES["traffic"].write(alone, SampleOptions(3_000, log_format, faults=0.1), None)

    assert alone.getvalue() == sample(3_000, log_format, faults=0.1).data


@pytest.mark.parametrize("log_format", FORMATS)
def test_without_faults_every_record_is_delivered(log_format: str) -> None:
    made = sample(5_000, log_format)

    assert made.outcomes == {"delivered": 5_000}
    assert [line["ordinal"] for line in made.expected] == list(range(5_000))
    assert {line["outcome"] for line in made.expected} == {"delivered"}


@pytest.mark.parametrize("log_format", FORMATS)
def test_the_share_of_faults_is_the_one_asked_for(log_format: str) -> None:
    made = sample(20_000, log_format, faults=0.1)

    counted = Counter(line["outcome"] for line in made.expected)
    assert counted == made.outcomes
    assert made.outcomes.total() == 20_000
    assert 1_800 < 20_000 - counted["delivered"] < 2_200
    assert counted["duplicate"] > 0


@pytest.mark.parametrize("log_format", FORMATS)
def test_an_empty_sample_has_its_head_at_most(log_format: str) -> None:
    made = sample(0, log_format, faults=0.5)

    assert made.expected == []
    assert made.data.count(b"\n") == {"ndjson": 0, "asrun": ASRUN_HEAD}.get(log_format, 1)


@pytest.mark.parametrize("log_format", FORMATS)
def test_a_file_of_faults_alone_can_be_had(log_format: str) -> None:
    made = sample(500, log_format, faults=1)

    assert made.outcomes["rejected"] > 400
    assert made.outcomes.total() == 500


@pytest.mark.parametrize(
    "wrong",
    [
        {"records": -1, "format": "csv"},
        {"records": 1, "format": "csv", "faults": 1.5},
        {"records": 1, "format": "xml"},
        {"records": 1, "format": "ndjson", "spelling": "trade"},
    ],
)
def test_what_cannot_be_written_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        SAMPLES["traffic"].write(io.BytesIO(), SampleOptions(**wrong), None)


# Logs of a traffic system


@pytest.mark.parametrize("log_format", ["csv", "tsv"])
def test_a_reader_gets_back_every_row_at_the_line_it_was_promised(log_format: str) -> None:
    made = sample(6_000, log_format)

    found = rows(made.data, DELIMITERS[log_format])
    assert list(found[0]) == list(Row._fields)
    assert len(found) == 6_000
    physical = made.data.decode().split("\n")
    for row, line in zip(found, made.expected, strict=True):
        assert row["spot_id"] in physical[line["line"] - 1]


def test_free_text_is_as_awkward_as_people_make_it() -> None:
    found = rows(sample(3_000, "csv").data)

    notes = "".join(row["notes"] for row in found)
    assert {",", '"', "\n"} <= set(notes)
    assert any(not row["advertiser"].isascii() for row in found)
    assert any("," in row["air_time"] for row in found)


def test_a_tsv_needs_no_quotes() -> None:
    made = sample(3_000, "tsv", faults=0.2)

    assert b'"' not in made.data
    assert made.data.count(b"\n") == 3_001


def test_a_trade_export_says_the_same_in_other_words() -> None:
    plain, trade = sample(3_000, "csv", seed=5), sample(3_000, "csv", seed=5, spelling="trade")

    assert trade.data.startswith(b"\xef\xbb\xbf")
    header = cells(trade.data, ",")[0]
    assert "Priority" in header
    assert "ISCI/Ad-ID" in header
    assert len(header) == len(Row._fields) + 1
    assert trade.expected == plain.expected
    for theirs, ours in zip(rows(trade.data), rows(plain.data), strict=True):
        assert theirs["Spot ID"] == ours["spot_id"]
        assert theirs["Call Letters"] == ours["station"]
        assert theirs["MG For"] == ours["make_good_for"]
        assert theirs["Notes"] == ours["notes"]


def test_two_seeds_share_no_identity() -> None:
    one, other = ({row["spot_id"] for row in rows(sample(2_000, "csv", seed=seed).data)} for seed in (1, 2))

    assert len(one) == len(other) == 2_000
    assert not one & other


def test_a_log_has_every_type_and_goes_through_the_whole_broadcast_day() -> None:
    found = rows(sample(20_000, "csv").data)

    assert {row["record_type"] for row in found} == {"", "spot", "avail", "billing", "make_good"}
    hours = {int(row["air_time"][:2]) for row in found}
    assert hours == set(range(6, 30))
    # A row here and there may fall into the next day.
    assert Counter(row["air_date"] for row in found).most_common(1)[0][1] > 19_000


@pytest.mark.parametrize(("log_format", "spelling"), [("csv", "canonical"), ("tsv", "trade"), ("ndjson", "canonical")])
def test_every_kind_of_fault_gets_its_fair_share(log_format: str, spelling: Any) -> None:
    made = sample(20_000, log_format, faults=0.1, spelling=spelling, destination_faults=True)

    kinds = Counter(line["code"] or line["outcome"] for line in made.expected)
    del kinds["delivered"]
    assert set(kinds) == set(kinds_of(log_format, destination_faults=True))
    assert max(kinds.values()) <= min(kinds.values()) + 2


def test_a_destinations_own_faults_are_there_only_when_asked_for() -> None:
    without = sample(5_000, "csv", faults=0.2)
    asked = sample(5_000, "csv", faults=0.2, destination_faults=True)

    assert b"ACME UNKNOWN" not in without.data
    unknown = [line for line in asked.expected if line["code"] == "destination.rejected"]
    assert asked.data.count(b"ACME UNKNOWN") == len(unknown) > 0


@pytest.mark.parametrize("log_format", ["csv", "tsv", "ndjson"])
def test_every_record_is_what_its_expectation_says(log_format: str) -> None:
    made = sample(30_000, log_format, faults=0.2, destination_faults=True)
    raw = read_raw(made.data, log_format)
    assert len(raw) == 30_000

    first_of: dict[tuple[str, ...], int] = {}
    for ordinal, (record, line) in enumerate(zip(raw, made.expected, strict=True)):
        faults = judge(record)
        if not faults and line["code"] != "destination.rejected":
            identity = tuple(record[name] for name in ("station", "spot_id", "air_date", "air_time"))
            first = first_of.setdefault(identity, ordinal)
            if first != ordinal:
                same = raw[first] == record
                assert line["outcome"] == ("duplicate" if same else "rejected")
                assert line["code"] == (None if same else "traffic.identity_conflict")
                assert line["duplicate_of"] == first
                continue
        if line["outcome"] == "delivered" or line["code"] == "destination.rejected":
            assert faults == []
        else:
            assert faults == [(line["code"], line["field"])]


def test_a_repeat_is_one_to_the_byte() -> None:
    made = sample(20_000, "csv", faults=0.1, spelling="trade")
    found = split_records(made)

    repeats = [line for line in made.expected if line["outcome"] == "duplicate"]
    assert repeats
    for line in repeats:
        assert found[line["ordinal"]] == found[line["duplicate_of"]]
    assert max(line["ordinal"] - line["duplicate_of"] for line in repeats) > 4_096


def split_records(made: Sample) -> list[bytes]:
    """The bytes of each record, cut where the expectations say that it begins."""
    lines = made.data.splitlines(keepends=True)
    begins = [line["line"] - 1 for line in made.expected]
    ends = [*begins[1:], len(lines)]
    return [b"".join(lines[begin:end]) for begin, end in zip(begins, ends, strict=True)]


# As-run logs


def test_an_asrun_log_has_the_shape_of_a_broadcasters() -> None:
    made = sample(1_000, "asrun")

    lines = made.data.decode("iso-8859-1").split("\r\n")
    head, body = lines[:ASRUN_HEAD], [line.split("\t") for line in lines[ASRUN_HEAD:-1]]
    assert all(line.startswith("%") for line in head)
    assert "%PIVOTHOUR\t020000" in head
    assert len(head[-1].split("\t")) == 20
    assert {len(row) for row in body} == {20}
    assert all(bool(row[6]) != bool(row[19]) for row in body)
    assert all(re.fullmatch(r"(0[2-9]|1\d|2[0-5])[0-5]\d[0-5]\d", row[3]) for row in body)
    assert len({(row[1], row[2], row[3]) for row in body}) == 1_000
    for row, after in zip(body, islice(body, 1, None), strict=False):
        if row[2] == after[2]:
            assert seconds(row[3]) + int(row[4]) == seconds(after[3])


def test_every_asrun_record_is_what_its_expectation_says() -> None:
    made = sample(5_000, "asrun", faults=0.2)

    lines = made.data.decode("iso-8859-1").split("\r\n")[:-1]
    seen: dict[str, int] = {}
    for line in made.expected:
        text = lines[line["line"] - 1]
        row = text.split("\t")
        faults = judge_asrun(row)
        if not faults and seen.setdefault(text, line["ordinal"]) != line["ordinal"]:
            assert (line["outcome"], line["duplicate_of"]) == ("duplicate", seen[text])
        elif line["outcome"] == "delivered":
            assert faults == []
        else:
            assert faults == [(line["code"], line["field"])]


def seconds(clock: str) -> int:
    return int(clock[:2]) * 3600 + int(clock[2:4]) * 60 + int(clock[4:])


def judge_asrun(row: list[str]) -> list[tuple[str, str]]:
    faults: list[tuple[str, str]] = []
    if not row[6] and not row[19]:
        faults.append(("traffic.spot_needs_material", "isci"))
    match row[4]:
        case "-1":
            faults.append(("traffic.spot_needs_length", "length_s"))
        case "0":
            faults.append(("schema.range", "length_s"))
        case length if not length.isdigit():
            faults.append(("schema.type", "length_s"))
        case _:
            pass
    return faults


# The judge


def read_raw(data: bytes, log_format: str) -> list[dict[str, str]]:
    """Each record's fields as text; one that has none says under `broken` what is wrong with it."""
    if log_format == "ndjson":
        return [read_json(line) for line in data.split(b"\n")[:-1]]
    header, *found = cells(data, DELIMITERS[log_format])
    return [
        dict(zip(header, row, strict=True)) if len(row) == len(header) else {"broken": "format.ragged_row"}
        for row in found
    ]


def read_json(line: bytes) -> dict[str, str]:
    try:
        record = json.loads(line.decode("utf-8", "surrogateescape"))
    except ValueError:
        record = None
    if not isinstance(record, dict):
        return {"broken": "format.json"}
    return dict.fromkeys(Row._fields, "") | {name: str(value) for name, value in record.items()}


def judge(record: dict[str, str]) -> list[tuple[str, str | None]]:
    """Everything that is wrong with a record: code and field."""
    if "broken" in record:
        return [(record["broken"], None)]
    text = "".join(record.values())
    faults: list[tuple[str, str | None]] = []
    if any("\udc80" <= character <= "\udcff" for character in text):
        faults.append(("format.encoding", None))
    if "\0" in text:
        faults.append(("format.nul", None))
    faults += judge_fields(record)
    faults += judge_rules(record)
    return faults


def judge_fields(record: dict[str, str]) -> list[tuple[str, str | None]]:
    faults: list[tuple[str, str | None]] = [
        ("schema.required", name) for name in ("spot_id", "station", "air_date", "air_time") if not record[name]
    ]
    if record["record_type"] not in ("", "spot", "avail", "billing", "make_good"):
        faults.append(("schema.choice", "record_type"))
    isci = r"[A-Z1-9][A-Z0-9]{10}[HD]?|[A-Z]{4}\d{4}[HD]?"
    if record["isci"] and not re.fullmatch(isci, record["isci"]):
        faults.append(("schema.pattern", "isci"))
    clock = r"[0-2]\d:[0-5]\d:[0-5]\d([:;.,]\d\d)?"
    if record["air_time"] and not re.fullmatch(clock, record["air_time"]):
        faults.append(("schema.pattern", "air_time"))
    if record["air_date"] and not is_date(record["air_date"]):
        faults.append(("schema.type", "air_date"))
    for name, least, most in (("length_s", 1, 86_400), ("rate", 0, 1_000_000)):
        if not record[name]:
            continue
        try:
            number = Decimal(record[name])
        except InvalidOperation:
            faults.append(("schema.type", name))
        else:
            if not least <= number <= most:
                faults.append(("schema.range", name))
    return faults


def is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def judge_rules(record: dict[str, str]) -> list[tuple[str, str | None]]:
    match record["record_type"]:
        case "" | "spot":
            needs = [("isci", "spot_needs_material"), ("length_s", "spot_needs_length")]
        case "billing":
            needs = [("rate", "billing_needs_rate"), ("billing_code", "billing_needs_code")]
        case "make_good" if record["make_good_for"] in ("", record["spot_id"]):
            return [("traffic.make_good_needs_spot", "make_good_for")]
        case "avail" if record["advertiser"]:
            return [("traffic.avail_has_advertiser", "advertiser")]
        case _:
            needs = []
    return [(f"traffic.{code}", name) for name, code in needs if not record[name]]
