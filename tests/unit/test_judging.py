"""Judging: a chunk's records are accepted, or rejected with every reason, and exactly the bad ones are rejected."""

import hashlib
import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.feeds.feed import Rule
from penstock.feeds.traffic import TRAFFIC
from penstock.model.findings import Severity
from penstock.validate.judging import judge, of_these
from tests.support.reading import judge_file, split_file
from tests.support.spots import csv_file, ndjson_file, spot

#: What is wrong with a record, and the finding (code, field) that must say so.
FAULTS: list[tuple[dict[str, Any], str, str]] = [
    ({"record_type": "promo"}, "schema.choice", "record_type"),
    ({"spot_id": None}, "schema.required", "spot_id"),
    ({"spot_id": "  "}, "schema.required", "spot_id"),
    ({"station": None}, "schema.required", "station"),
    ({"station": " "}, "schema.required", "station"),
    ({"air_date": None}, "schema.required", "air_date"),
    ({"air_time": None}, "schema.required", "air_time"),
    ({"spot_id": "x" * 129}, "schema.length", "spot_id"),
    ({"notes": "x" * 2001}, "schema.length", "notes"),
    ({"isci": "0BCD1234567"}, "schema.pattern", "isci"),
    ({"isci": "ABCD123456"}, "schema.pattern", "isci"),
    ({"isci": "ABCD1234567X"}, "schema.pattern", "isci"),
    ({"isci": "abcd1234"}, "schema.pattern", "isci"),
    ({"isci": "ABC12345"}, "schema.pattern", "isci"),
    ({"air_date": "20.11.2026"}, "schema.type", "air_date"),
    ({"air_date": "2026-02-30"}, "schema.type", "air_date"),
    ({"air_date": "20261120"}, "schema.type", "air_date"),
    ({"air_date": "0"}, "schema.type", "air_date"),
    ({"air_date": "1767225600"}, "schema.type", "air_date"),
    ({"air_date": "1979-12-31"}, "schema.range", "air_date"),
    ({"air_time": "30:00:00"}, "schema.pattern", "air_time"),
    ({"air_time": "10:60:00"}, "schema.pattern", "air_time"),
    ({"air_time": "7:00:00"}, "schema.pattern", "air_time"),
    ({"air_time": "10:00"}, "schema.pattern", "air_time"),
    ({"air_time": "10:00:00;1"}, "schema.pattern", "air_time"),
    ({"length_s": "half a minute"}, "schema.type", "length_s"),
    ({"length_s": "29.97"}, "schema.type", "length_s"),
    ({"length_s": "1_0"}, "schema.type", "length_s"),
    ({"length_s": "1:75"}, "schema.type", "length_s"),
    ({"length_s": "٣٠"}, "schema.type", "length_s"),
    ({"length_s": "0"}, "schema.range", "length_s"),
    ({"length_s": "-30"}, "schema.range", "length_s"),
    ({"length_s": "86401"}, "schema.range", "length_s"),
    ({"rate": "a lot"}, "schema.type", "rate"),
    ({"rate": "1_0"}, "schema.type", "rate"),
    ({"rate": "NaN"}, "schema.type", "rate"),
    ({"rate": "Infinity"}, "schema.type", "rate"),
    ({"rate": "-0.01"}, "schema.range", "rate"),
    ({"rate": "(5.00)"}, "schema.range", "rate"),
    ({"rate": "1.00001"}, "schema.range", "rate"),
    ({"rate": "12345678901"}, "schema.range", "rate"),
    ({"rate": "1234567890.12345"}, "schema.range", "rate"),
]


@pytest.mark.parametrize(("wrong", "code", "field"), FAULTS)
def test_what_the_model_refuses_has_a_code_and_a_field(wrong: dict[str, Any], code: str, field: str) -> None:
    judgement = judge_file(TRAFFIC, csv_file([spot(1), spot(2, **wrong), spot(3)]))
    assert [one.ordinal for one in judgement.accepted] == [0, 2]
    (rejected,) = judgement.rejected
    assert [(finding.code, finding.field) for finding in rejected.findings] == [(code, field)]
    assert judgement.findings - Counter(judgement.told.keys()) == {code: 1}


def test_a_record_is_told_everything_that_is_wrong_with_it() -> None:
    judgement = judge_file(TRAFFIC, csv_file([spot(1, isci="?", length_s="x", rate="-1", station=None)]))
    assert sorted((finding.code, finding.field) for finding in judgement.rejected[0].findings) == [
        ("schema.pattern", "isci"),
        ("schema.range", "rate"),
        ("schema.required", "station"),
        ("schema.type", "length_s"),
    ]


@pytest.mark.parametrize(
    "value",
    [
        {"station": True}, {"station": ["a"]}, {"rate": True}, {"length_s": True}, {"air_date": 1767225600},
        {"notes": {"a": 1}}, {"length_s": []},
    ],
)  # fmt: skip
def test_json_of_the_wrong_type_is_a_fault_of_type(value: dict[str, Any]) -> None:
    judgement = judge_file(TRAFFIC, ndjson_file([dict(spot(1)) | value]))
    assert [(finding.code, finding.field) for finding in judgement.rejected[0].findings] == [
        ("schema.type", next(iter(value)))
    ]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.none() | st.integers(0, len(FAULTS) - 1), min_size=1, max_size=25),
    st.sampled_from(["csv", "ndjson"]),
)
def test_exactly_the_bad_records_are_rejected_and_the_good_ones_are_as_without_them(
    faults: list[int | None], written: str
) -> None:
    """Whatever is wrong, and wherever: one bad record changes nothing about another."""
    # Given good records with bad ones among them
    write = csv_file if written == "csv" else ndjson_file
    records = [
        spot(at, **(FAULTS[fault][0] if fault is not None else {"rate": "$1,000.50"} if at % 3 else {}))
        for at, fault in enumerate(faults)
    ]
    bad = [at for at, fault in enumerate(faults) if fault is not None]
    # When they are judged with and without them
    judgement = judge_file(TRAFFIC, write(records))
    alone = judge_file(TRAFFIC, write([record for at, record in enumerate(records) if at not in bad] or [spot(1)]))
    # Expect
    assert [one.ordinal for one in judgement.rejected] == bad
    assert [one.ordinal for one in judgement.accepted] == [at for at in range(len(records)) if at not in bad]
    if len(bad) < len(records):
        assert [(one.payload, one.identity) for one in judgement.accepted] == [
            (one.payload, one.identity) for one in alone.accepted
        ]


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (":30", 30),
        (":05", 5),
        ("1:00", 60),
        ("2:30", 150),
        ("00:00:30", 30),
        ("1:00:00", 3600),
        ("30", 30),
        ("30.0", 30),
    ],
)
def test_lengths_may_be_written_as_clock_times(written: str, seconds: int) -> None:
    judgement = judge_file(TRAFFIC, csv_file([spot(1, length_s=written)]))
    assert json.loads(judgement.accepted[0].payload)["length_s"] == seconds


@pytest.mark.parametrize(
    ("written", "rate"),
    [
        ("$1,250.00", "1250.00"), ("$ 75", "75.00"), ("€12.5", "12.50"), ("1,234,567.89", "1234567.89"),
        ("0.10", "0.10"), ("1250.1000", "1250.10"), ("1E1", "10.00"), ("12,34", "12.34"), ("0.1250", "0.1250"),
        ("9999999999.9999", "9999999999.9999"), (" 5.00 ", "5.00"),
    ],
)  # fmt: skip
def test_rates_are_decimals_to_the_last_digit(written: str, rate: str) -> None:
    judgement = judge_file(TRAFFIC, csv_file([spot(1, rate=written)]))
    assert json.loads(judgement.accepted[0].payload)["rate"] == rate


@pytest.mark.parametrize("written", ["1,25.00", "1.250", "1.250,5.0", "$", "1.2.3", "(5.00", "5.00)", "$-5"])
def test_what_only_looks_like_money_is_not_guessed_at(written: str) -> None:
    assert judge_file(TRAFFIC, csv_file([spot(1, rate=written)])).accepted == []


@pytest.mark.parametrize(
    ("number", "rate"),
    [("0.1", "0.10"), ("1250.10", "1250.10"), ("9999999999.9999", "9999999999.9999"), ("1e2", "100.00"), ("7", "7.00")],
)
def test_rates_of_ndjson_never_pass_through_a_float(number: str, rate: str) -> None:
    line = json.dumps(spot(1)).replace('"1250.00"', number).encode()
    payload = json.loads(judge_file(TRAFFIC, line).accepted[0].payload)
    assert payload["rate"] == rate


@pytest.mark.parametrize("time", ["00:00:00", "05:59:59", "23:59:59", "24:00:00", "25:10:00", "29:59:59"])
@pytest.mark.parametrize(
    ("frames", "delivered"),
    [("", ""), (":12", ":12"), (";12", ";12"), (".12", ":12"), (",12", ";12"), (":00", ""), (";00", ""), (".00", "")],
)
def test_the_broadcast_day_runs_to_29_hours_and_times_may_have_frames(time: str, frames: str, delivered: str) -> None:
    judgement = judge_file(TRAFFIC, csv_file([spot(1, air_time=time + frames)]))
    assert json.loads(judgement.accepted[0].payload)["air_time"] == time + delivered


@pytest.mark.parametrize(
    "isci", ["ABCD1234567", "ABCD1234567H", "ABCD1234567D", "1BCDEFGHIJK", "JFMC1201", "JFMC1201H"]
)
def test_ad_ids_and_the_older_iscis_are_taken(isci: str) -> None:
    assert len(judge_file(TRAFFIC, csv_file([spot(1, isci=isci)])).accepted) == 1


@pytest.mark.parametrize("field", ["isci", "house_number", "break_code", "advertiser", "product", "rate", "length_s"])
@pytest.mark.parametrize("blank", ["", "   "])
def test_a_blank_where_nothing_is_needed_is_no_fault(field: str, blank: str) -> None:
    record = spot(1, record_type="avail", advertiser=None, rate=None) | {field: blank}
    for body in (csv_file([record]), ndjson_file([record])):
        judgement = judge_file(TRAFFIC, body)
        assert len(judgement.accepted) == 1
        assert field not in json.loads(judgement.accepted[0].payload)


def test_padding_is_no_part_of_a_value_and_makes_no_other_identity() -> None:
    padded = spot(1, spot_id=" S00001 ", station="WXYZ  ", air_time=" 19:28:30", advertiser=" Ada's Diner")
    one, other = judge_file(TRAFFIC, csv_file([spot(1), padded])).accepted
    assert (one.identity, one.payload) == (other.identity, other.payload)


def test_a_record_without_type_is_a_spot() -> None:
    judgement = judge_file(TRAFFIC, csv_file([spot(1, record_type=None), spot(2, record_type=None, isci=None)]))
    assert len(judgement.accepted) == 1
    assert judgement.findings == {"traffic.spot_needs_material": 1}


def test_the_payload_is_json_of_the_fields_that_are_there() -> None:
    (accepted,) = judge_file(TRAFFIC, csv_file([spot(7)])).accepted
    assert json.loads(accepted.payload) == spot(7) | {"length_s": 30}
    assert b"\n" not in accepted.payload


def test_digests_are_of_the_raw_bytes_before_parsing_and_of_the_payload() -> None:
    split = split_file(TRAFFIC, csv_file([spot(1)]) + csv_file([spot(1, length_s=":30")]).split(b"\r\n", 1)[1])
    one, other = split.judged()[0].accepted
    assert [one.raw, other.raw] == [hashlib.sha256(raw).hexdigest() for raw in split.raws]
    assert one.raw != other.raw
    assert one.digest == other.digest


@pytest.mark.parametrize("field", ["station", "spot_id", "air_date", "air_time"])
def test_station_spot_date_and_time_make_the_identity(field: str) -> None:
    changed = {"station": "KABC", "spot_id": "S2", "air_date": "2026-11-21", "air_time": "19:28:31"}
    same, other = spot(1, product="something else"), spot(1, **{field: changed[field]})
    identities = [one.identity for one in judge_file(TRAFFIC, csv_file([spot(1), same, other])).accepted]
    assert identities[0] == identities[1] != identities[2]


def test_a_soft_rule_flags_a_record_and_delivers_it() -> None:
    rule = Rule("traffic.flagged", "rate", "looks odd", lambda records: range(len(records)), Severity.SOFT)
    judgement = judge_file(replace(TRAFFIC, rules=(rule,)), csv_file([spot(1)]))
    assert len(judgement.accepted) == 1
    assert judgement.rejected == []
    assert judgement.findings == {"traffic.flagged": 1}
    (flagged,) = judgement.flagged
    assert (flagged.ordinal, flagged.line, flagged.findings) == (0, 2, (rule.finding,))


def test_a_record_that_is_wrong_besides_is_rejected_with_all_that_was_found() -> None:
    soft = Rule("traffic.flagged", "rate", "looks odd", lambda records: range(len(records)), Severity.SOFT)
    feed = replace(TRAFFIC, rules=(*TRAFFIC.rules, soft))
    judgement = judge_file(feed, csv_file([spot(1), spot(2, length_s=None), spot(3)]))
    assert [one.ordinal for one in judgement.accepted] == [one.ordinal for one in judgement.flagged] == [0, 2]
    assert [one.line for one in judgement.flagged] == [2, 4]
    (rejected,) = judgement.rejected
    assert [finding.code for finding in rejected.findings] == ["traffic.spot_needs_length", "traffic.flagged"]
    of_two = of_these(judgement, frozenset({1, 2}))
    assert ([one.ordinal for one in of_two.flagged], of_two.findings["traffic.flagged"]) == ([2], 2)


def test_a_chunk_that_is_not_what_was_counted_is_never_judged() -> None:
    """That is a defect of a format of ours, and comes again however often the chunk does."""
    split = split_file(TRAFFIC, csv_file([spot(1), spot(2)]))
    short = split.raws[0]
    judgement = judge(TRAFFIC, split.layout, split.spans[0], short)
    assert (judgement.accepted, judgement.rejected) == ([], [])
    assert [one.ordinal for one in judgement.dead] == [0, 1]
    assert "Miscounted at penstock.validate.judging" in judgement.dead[0].findings[0].message
