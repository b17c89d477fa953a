"""NDJSON and as-run logs: a newline always ends a record (R29)."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from penstock.feeds.traffic import TRAFFIC
from penstock.formats.ndjson import NdJson
from penstock.model.errors import Refused
from penstock.model.findings import Finding
from penstock.model.messages import Layout
from tests.support.budget import examples
from tests.support.reading import feed_with, judge_file, split_alike, split_file
from tests.support.spots import airing, asrun_file, ndjson_file, spot

small_limits = st.fixed_dictionaries(
    {"records": st.integers(1, 6), "bytes": st.integers(1, 120), "record_bytes": st.just(10_000)}
)
block_sizes = st.lists(st.integers(1, 40), max_size=4)
windows = st.tuples(st.integers(1, 64), st.integers(1, 16), st.integers(1, 32))
mess = st.lists(
    st.text(alphabet='{}":,a1é\r\t ', max_size=14).map(str.encode)
    | st.sampled_from([b"\n", b"\r\n", b"\n\n", b" \r\n"]),
    max_size=20,
).map(b"".join)


def lines_of(body: bytes) -> list[bytes]:
    """The reference: a newline ends a line, carriage returns before it belong to the end, blank lines are none."""
    return [line.rstrip(b"\r") for line in body.split(b"\n") if line.strip()]


@settings(max_examples=examples(200), deadline=None)
@given(mess, small_limits, block_sizes, windows, st.sampled_from([b"", b"\xef\xbb\xbf"]))
def test_the_chunks_records_of_ndjson_are_its_lines(
    rest: bytes, limits: dict[str, int], blocks: list[int], window: tuple[int, int, int], bom: bytes
) -> None:
    """R28, R29. What has another object behind the first one in its line is no NDJSON."""
    assume(not rest.lstrip(b"\r\t ").startswith(b"{"))
    text = b'{"a":1}' + rest
    feed = feed_with(**limits)
    split = split_alike(feed, bom + text, blocks, window)
    assert split.raws == lines_of(text)
    assert all(len(split.raws_of(span)) == span.records for span in split.spans)


@settings(max_examples=examples(200), deadline=None)
@given(mess, small_limits, block_sizes, windows)
def test_the_chunks_records_of_an_as_run_log_are_its_lines(
    rest: bytes, limits: dict[str, int], blocks: list[int], window: tuple[int, int, int]
) -> None:
    """R28, R29."""
    preamble = asrun_file([])
    feed = feed_with(**limits)
    split = split_alike(feed, preamble + rest, blocks, window)
    assert split.raws == lines_of(rest)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(st.dictionaries(st.text(max_size=6), json_values, max_size=5), min_size=1, max_size=6))
def test_ndjson_says_what_the_json_module_reads_but_for_null_which_says_nothing(objects: list[dict[str, Any]]) -> None:
    raws = [json.dumps(one).encode() for one in objects]
    parsed = NdJson().parse(Layout(format="ndjson"), raws)
    said = [{name: value for name, value in json.loads(raw).items() if value is not None} for raw in raws]
    assert parsed == said


@pytest.mark.parametrize(
    "line",
    [
        b'{"a":',
        b"[1,2]",
        b'"text"',
        b"null",
        b"{'a':1}",
        b'{"a":NaN}',
        b'{"a":1}{"a":2}',
        b'{"a":1,"a":2}',
        b'{"a":01}',
    ],
)
def test_a_line_that_is_no_json_object_is_rejected_alone(line: bytes) -> None:
    good = ndjson_file([spot(1)])
    judgement = judge_file(TRAFFIC, good + line + b"\n" + good.replace(b"S00001", b"S00002"))
    assert [one.ordinal for one in judgement.accepted] == [0, 2]
    assert [(one.ordinal, one.line, one.findings[0].code) for one in judgement.rejected] == [(1, 2, "format.json")]


def test_two_broken_lines_never_mend_each_other() -> None:
    parsed = NdJson().parse(Layout(format="ndjson"), [b'{"a":1', b'"b":2}'])
    assert all(isinstance(one, Finding) for one in parsed)


def test_fractions_of_ndjson_stay_decimals() -> None:
    (parsed,) = NdJson().parse(Layout(format="ndjson"), [b'{"rate":1250.10}'])
    assert parsed == {"rate": Decimal("1250.10")}


def test_a_byte_that_is_no_utf8_rejects_its_line_only() -> None:
    body = ndjson_file([spot(1), spot(2)]) + b'{"spot_id":"\xff"}\n'
    judgement = judge_file(TRAFFIC, body)
    assert len(judgement.accepted) == 2
    assert judgement.rejected[0].findings[0].code == "format.encoding"
    assert "position 12 " in judgement.rejected[0].findings[0].message


def test_a_single_line_of_ndjson_without_newline_is_a_record() -> None:
    assert split_file(TRAFFIC, ndjson_file([spot(1)]).rstrip()).records == 1


def test_keys_may_be_spelt_otherwise_and_the_fields_own_name_wins() -> None:
    record = spot(1)
    record["Call Letters"] = record.pop("station")
    record["Spot No"] = "other"
    record["colour"] = "blue"
    judgement = judge_file(TRAFFIC, ndjson_file([record]))
    payload = json.loads(judgement.accepted[0].payload)
    assert (payload["station"], payload["spot_id"]) == ("WXYZ", "S00001")
    assert "colour" not in payload
    assert judgement.unknown == {"colour"}
    assert judgement.findings == {"format.unknown_field": 1}


def test_an_as_run_line_is_a_spot_with_a_house_number() -> None:
    judgement = judge_file(TRAFFIC, asrun_file([airing(1, "250000")]))
    assert json.loads(judgement.accepted[0].payload) == {
        "record_type": "spot",
        "spot_id": "K1",
        "station": "OB",
        "house_number": "4365342",
        "air_date": "2026-11-20",
        "air_time": "25:00:00",
        "length_s": 30,
        "product": "Titel",
    }


@pytest.mark.parametrize(
    ("was", "said"),
    [
        (b"StartTime", b"BeginTime"),
        (b"%COMMENT", b"%FILETYPE\tBEFORE_BROADCAST\r\n%COMMENT"),
        (b"%COMMENT", b"%FILETYPE\tBefore Broadcast \r\n%COMMENT"),
    ],
)
def test_what_is_planned_is_a_spot_too_and_none_of_what_came_of_it(was: bytes, said: bytes) -> None:
    """`BR…` beside `AR…`: the log before the broadcast, with BeginTime for StartTime or a file type that says so."""
    planned = asrun_file([airing(1, "250000")]).replace(was, said)
    (before,), (after,) = (judge_file(TRAFFIC, body).accepted for body in (planned, asrun_file([airing(1, "250000")])))
    payload = json.loads(before.payload)
    assert (payload["spot_id"], payload["air_time"], payload["notes"]) == (
        "K1-planned",
        "25:00:00",
        "planned, not aired yet",
    )
    assert before.identity != after.identity


@pytest.mark.parametrize(("start", "fits"), [("020000", True), ("255959", True), ("015959", False), ("260000", False)])
def test_a_time_outside_the_logs_broadcast_day_is_rejected(start: str, fits: bool) -> None:
    judgement = judge_file(TRAFFIC, asrun_file([airing(1, start)]))
    assert len(judgement.accepted) == fits
    assert [one.findings[0].code for one in judgement.rejected] == ([] if fits else ["format.broadcast_day"])


def test_unknown_in_an_as_run_log_is_empty_or_minus_one() -> None:
    judgement = judge_file(TRAFFIC, asrun_file([airing(1, **{"19": "-1", "6": "77", "8": "", "16": "-1"})]))
    payload = json.loads(judgement.accepted[0].payload)
    assert payload["house_number"] == "77"
    assert payload["spot_id"] == "234-193000"
    assert "product" not in payload


def test_an_as_run_log_is_latin_1() -> None:
    judgement = judge_file(TRAFFIC, asrun_file([airing(1, **{"8": "Één café"})]))
    assert json.loads(judgement.accepted[0].payload)["product"] == "Één café"


def test_an_as_run_log_in_utf_8_is_read_as_such() -> None:
    body = asrun_file([airing(1, **{"8": "Één café"})]).decode("iso-8859-1").encode()
    assert json.loads(judge_file(TRAFFIC, body).accepted[0].payload)["product"] == "Één café"


@pytest.mark.parametrize("line", ["", "234\tOB", airing(1) + "\tmore"])
def test_a_ragged_as_run_line_is_rejected_alone(line: str) -> None:
    judgement = judge_file(TRAFFIC, asrun_file([airing(1), line, airing(2)]))
    assert len(judgement.accepted) == 2
    assert [one.findings[0].code for one in judgement.rejected] == (["format.ragged_row"] if line else [])


@pytest.mark.parametrize(
    ("preamble", "code"),
    [
        (b"%FORMAT\t2023\r\n%COMMENT ChannelID\tOmroep\r\n", "format.missing_column"),
        (asrun_file([]).replace(b"%PIVOTHOUR\t020000\r\n", b""), "format.no_pivot_hour"),
        (asrun_file([], pivot="noon"), "format.no_pivot_hour"),
        (asrun_file([]).replace(b"%COMMENT", b"%FILETYPE\tPRELIMINARY\r\n%COMMENT"), "format.file_type"),
        (
            asrun_file([]).replace(b"%COMMENT", b"%FILETYPE\tAsRun\r\n%COMMENT").replace(b"StartTime", b"BeginTime"),
            "format.file_type",
        ),
        (b"%FORMAT\t2023", "format.header_too_long"),
    ],
)
def test_an_as_run_log_with_a_broken_preamble_is_refused(preamble: bytes, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        TRAFFIC.recognise(preamble)
    assert refusal.value.code == code
