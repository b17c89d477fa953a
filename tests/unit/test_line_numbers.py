"""A reject names the line its record begins on, as a text editor counts lines."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.budget import examples
from tests.support.reading import feed_with, split_file
from tests.support.spots import airing, asrun_file, csv_file, ndjson_file, spot


def line_at(body: bytes, position: int) -> int:
    """The reference: CR, LF and CRLF each end a line."""
    return 1 + len(re.findall(rb"\r\n|\r|\n", body[:position]))


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_quoted_newlines_count(newline: str) -> None:
    bad = {"air_time": "99:99:99"}
    records = [spot(1, notes=f"a{newline}b{newline}c", **bad), spot(2, **bad), spot(3), spot(4, **bad)]
    for limit in (1, 2, 100):
        split = split_file(feed_with(records=limit), csv_file(records, newline=newline))
        assert [one.line for judgement in split.judged() for one in judgement.rejected] == [2, 5, 7]


@settings(max_examples=examples(200), deadline=None)
@given(st.text(alphabet='ab," \r\n', max_size=60), st.integers(1, 4))
@example('\r\r"a\nb"\r', 1)
@example('a\r\r"\n"\r\nb', 2)
def test_every_record_of_a_messy_csv_is_found_on_its_line(text: str, records: int) -> None:
    # Given a file of which no record is valid
    body = ("spot_id,station,air_date,air_time\n" + text).encode()
    split = split_file(feed_with(records=records), body)
    at = split.layout.first_byte
    for rejected in [one for judgement in split.judged() for one in judgement.rejected]:
        # Then each is where its bytes are
        at = body.index(rejected.raw_bytes, at)
        assert rejected.line == line_at(body, at)
        at += len(rejected.raw_bytes)


def test_lines_of_an_as_run_log_are_counted_from_its_first_percent_line() -> None:
    split = split_file(feed_with(records=1), asrun_file([airing(1), "", "ragged", airing(2), "ragged"]))
    assert [one.line for judgement in split.judged() for one in judgement.rejected] == [6, 8]


def test_lines_of_ndjson_count_blank_ones() -> None:
    body = b"\xef\xbb\xbf\n" + ndjson_file([spot(1)]) + b"\r\n\r\nnot json\n"
    for limit in (1, 10):
        split = split_file(feed_with(records=limit), body)
        assert [one.line for judgement in split.judged() for one in judgement.rejected] == [5]
