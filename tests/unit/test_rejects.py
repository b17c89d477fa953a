"""rejects.csv: harmless in a spreadsheet (R33), mended there, and dropped again."""

import csv
import io
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.feeds.traffic import TRAFFIC
from penstock.formats.record_text import bytes_of
from penstock.formats.spreadsheet import neutralised, restored
from penstock.model.findings import Finding
from penstock.outputs import rejects
from penstock.outputs.late_rejects import rejected_later
from tests.support.reading import judge_file, split_file
from tests.support.spots import COLUMNS, airing, asrun_file, csv_file, ndjson_file, rows_of, spot

FILE = "4c9e4c9d6dd5e4d71ae7"
OURS = [f"penstock_{name}" for name in ("trace", "cells", "line", "ordinal", "field", "code", "message", "record")]
#: What a spreadsheet takes for a formula by its first character (OWASP, CSV injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def rejects_of(body: bytes) -> bytes:
    """The whole reject file of a file."""
    split = split_file(TRAFFIC, body)
    rejected = [one for judgement in split.judged() for one in judgement.rejected]
    return rejects.header(TRAFFIC, split.layout) + rejects.rows(TRAFFIC, split.layout, rejected, FILE)


def mended(report: bytes, **changes: str) -> bytes:
    """The report as somebody saves it after mending cells of its first row."""
    rows = list(csv.reader(io.StringIO(report.decode(), newline="")))
    for column, value in changes.items():
        rows[1][rows[0].index(column)] = value
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


@pytest.mark.parametrize(
    "cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\ta", "\ra", "\na", "＝1+1", "＠x", "=", "'"]
)
def test_a_cell_that_could_be_a_formula_is_neutralised(cell: str) -> None:
    assert neutralised(cell) == f"'{cell}"


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("a;=1", "a;'=1"),
        ("a; =1", "a;' =1"),
        ("a;\ufeff\u200b=1", "a;'\ufeff\u200b=1"),
        ("a;\u034f\U000e0020=1", "a;'\u034f\U000e0020=1"),
        ("a;\t=1", "a;'\t'=1"),
        ("a\r=1", "a\r'=1"),
        ("a\n+1\n-1", "a\n'+1\n'-1"),
        ("a|@SUM(A1)|b", "a|'@SUM(A1)|b"),
        ("a;-5;+5", "a;'-5;'+5"),
        (" =1", "' =1"),
        ("\xa0@x", "'\xa0@x"),
        ("\u202e=1", "'\u202e=1"),
        ("\x1b=1", "'\x1b=1"),
        ("a;'=1", "a;''=1"),
        ("a;b;c", "a;b;c"),
        ("a; 'tis", "a; 'tis"),
        ("a;5", "a;5"),
    ],
)
def test_so_is_what_is_one_where_semicolons_or_line_ends_separate_cells(cell: str, shown: str) -> None:
    """A quoted cell behind a comma is one cell to nobody whose list separator is another."""
    assert neutralised(cell) == shown
    assert restored(shown) == cell


@pytest.mark.parametrize("cell", ["", "WXYZ", "-5.00", "+12", "1-2", "a=b", "mail@example.com", "$5"])
def test_other_cells_and_plain_numbers_are_left_alone(cell: str) -> None:
    assert neutralised(cell) == cell


cells = st.text(max_size=12) | st.text(alphabet="'=+-@\t\r\n＝0a. ;,|\ufeff\u2028\x1b", max_size=8)


@given(cells)
def test_neutralising_comes_undone(cell: str) -> None:
    assert restored(neutralised(cell)) == cell


@given(cells)
def test_no_neutralised_cell_begins_as_a_formula_does(cell: str) -> None:
    shown = neutralised(cell)
    assert not shown.startswith(FORMULA) or shown.lstrip("+-").replace(".", "", 1).isdecimal()


@given(cells)
def test_no_part_of_a_neutralised_cell_begins_as_a_formula_does(cell: str) -> None:
    """Whatever a program separates cells and lines by, and whatever it passes over before a formula."""
    shown = neutralised(cell)
    if shown != cell or not cell.lstrip("+-").replace(".", "", 1).isdecimal():
        for part in re.split(r"[;,|\t\r\n\u2028]", shown):
            assert not part.strip(" \ufeff\x1b").startswith(("=", "+", "-", "@", "＝"))


@settings(max_examples=60, deadline=None)
@given(st.lists(cells.filter(lambda cell: "\0" not in cell), min_size=1, max_size=4))
def test_what_is_dropped_again_is_rejected_with_the_same_cells(notes: list[str]) -> None:
    """R33: however often it goes to and fro."""
    once = rejects_of(csv_file([spot(at, isci="?", notes=note) for at, note in enumerate(notes)]))
    twice = rejects_of(once)
    assert [row["notes"] for row in rows_of(twice)] == [row["notes"] for row in rows_of(once)]
    assert [restored(row["notes"]) for row in rows_of(twice)] == notes


def test_no_cell_of_the_report_is_a_formula_not_even_in_its_header() -> None:
    columns = (*COLUMNS, "=HYPERLINK(1)", "+x")
    body = csv_file([spot(1, isci="=cmd()", notes="@now", **{"+x": "-1+1"})], columns) + b"=ragged,@row\r\n"
    for row in csv.reader(io.StringIO(rejects_of(body).decode(), newline="")):
        assert not [cell for cell in row if cell.startswith(FORMULA)]


def test_a_header_that_was_neutralised_comes_back_as_it_was() -> None:
    columns = (*COLUMNS, "=HYPERLINK(1)")
    once = rejects_of(csv_file([spot(1, isci="?")], columns))
    assert split_file(TRAFFIC, once).layout.unknown == ("=HYPERLINK(1)",)
    assert rejects_of(once).split(b"\r\n")[0] == once.split(b"\r\n")[0]


def test_a_row_has_the_original_cells_and_says_where_and_why() -> None:
    record = spot(2, isci="?", rate="-1", advertiser='Ünal, "Co"')
    (row,) = rows_of(rejects_of(csv_file([spot(1), record, spot(3)])))
    assert {name: row[name] for name in COLUMNS} == dict.fromkeys(COLUMNS, "") | record
    assert (row["penstock_line"], row["penstock_ordinal"]) == ("3", "1")
    assert set(row["penstock_code"].split()) == {"schema.pattern", "schema.range"}
    assert row["penstock_field"] in {"isci", "rate"}
    assert "isci: " in row["penstock_message"]
    assert "rate: " in row["penstock_message"]
    assert row["penstock_record"] == ""


def test_the_files_own_columns_come_first_in_their_order_with_unknown_ones() -> None:
    columns = ("colour", *COLUMNS[::-1])
    report = rejects_of(csv_file([spot(1, isci="?", colour="blue")], columns, delimiter=";"))
    (row,) = rows_of(report)
    assert list(row) == [*columns, *OURS]
    assert row["colour"] == "blue"


@pytest.mark.parametrize(
    "line", [b"only,three,cells\r\n", b"spot,\xff" + b"," * 13 + b"\r\n", b"spot,\0" + b"," * 13 + b"\r\n"]
)
def test_a_record_whose_cells_cannot_be_told_is_shown_whole(line: bytes) -> None:
    (row,) = rows_of(rejects_of(csv_file([spot(1)]) + line))
    assert not any(row[name] for name in COLUMNS)
    assert bytes_of(row["penstock_record"], "utf-8") == line.rstrip()


def test_rejects_of_ndjson_and_as_run_logs_come_in_the_feeds_columns() -> None:
    (row,) = rows_of(rejects_of(ndjson_file([spot(1), spot(2, isci="=?")])))
    assert list(row) == [*COLUMNS, *OURS]
    assert (row["isci"], row["spot_id"], row["length_s"]) == ("'=?", "S00002", "30")
    assert json.loads(row["penstock_record"]) == spot(2, isci="=?")
    (row,) = rows_of(rejects_of(asrun_file([airing(1), airing(2, **{"4": "x"})])))
    assert (row["spot_id"], row["length_s"], row["air_time"]) == ("K2", "x", "19:30:00")


@pytest.mark.parametrize(
    ("body", "mend", "payload"),
    [
        (csv_file([spot(1), spot(2, isci="?")]), {"isci": "ABCD0002"}, spot(2)),
        (csv_file([spot(2, isci="?", notes="=1")], delimiter="\t"), {"isci": "ABCD0002"}, spot(2, notes="=1")),
        (ndjson_file([spot(2, isci="?", rate=12.5)]), {"isci": "ABCD0002"}, spot(2, rate="12.50")),
        (csv_file([spot(1)]) + b"short\r\n", spot(2), spot(2)),
    ],
)
def test_a_mended_reject_file_is_accepted(body: bytes, mend: dict[str, str], payload: dict[str, Any]) -> None:
    """Our columns are passed over, and none of them is reported as unknown."""
    again = mended(rejects_of(body), **mend)
    split = split_file(TRAFFIC, again)
    assert split.layout.unknown == ()
    (accepted,) = judge_file(TRAFFIC, again).accepted
    assert json.loads(accepted.payload) == payload | {"length_s": 30}


def test_a_reject_file_that_was_not_mended_is_rejected_again_for_the_same_reasons() -> None:
    once = rejects_of(csv_file([spot(1, isci="?"), spot(2, rate="x")]))
    again = rejects_of(once)
    assert [row["penstock_code"] for row in rows_of(again)] == [row["penstock_code"] for row in rows_of(once)]
    assert list(rows_of(again)[0]) == [*COLUMNS, *OURS]


def test_an_apostrophe_in_a_file_that_is_not_ours_is_left_alone() -> None:
    (accepted,) = judge_file(TRAFFIC, csv_file([spot(1, notes="'=x")])).accepted
    assert json.loads(accepted.payload)["notes"] == "'=x"


def test_records_that_the_destination_refused_have_their_original_bytes_and_line() -> None:
    body = csv_file([spot(1, notes="two\nlines"), spot(2, length_s=":30"), spot(3)])
    split = split_file(TRAFFIC, body)
    span = split.spans[0]
    why = Finding("destination.rejected", "the destination answered 422: no such station")
    later = rejected_later(TRAFFIC, split.layout, span, body[span.start : span.end], {1: (why,)}, {1: {}})
    (row,) = rows_of(rejects.header(TRAFFIC, split.layout) + rejects.rows(TRAFFIC, split.layout, later, FILE))
    assert (row["length_s"], row["penstock_line"], row["penstock_ordinal"]) == (":30", "4", "1")
    assert row["penstock_code"] == "destination.rejected"
    assert row["penstock_message"] == why.message


def test_a_nested_decimal_is_written_as_it_stands() -> None:
    """One such record took its whole chunk."""
    (row,) = rows_of(rejects_of(b'{"spot_id":"SP000000001","notes":[1.5]}'))
    assert row["notes"] == '["1.5"]'
    assert row["penstock_record"] == '{"spot_id":"SP000000001","notes":[1.5]}'


def test_cells_that_cannot_be_written_are_left_out_and_the_others_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(cell: str) -> str:
        if "S00002" in cell:
            raise TypeError(cell)
        return cell

    monkeypatch.setattr(rejects, "neutralised", fail)
    rows = rows_of(rejects_of(csv_file([spot(at, isci="?") for at in range(1, 4)])))
    assert [row["spot_id"] for row in rows] == ["S00001", "", "S00003"]
    assert [row["penstock_line"] for row in rows] == ["2", "3", "4"]
    assert rows[1]["penstock_code"] == "schema.pattern traffic.internal_error"
    assert "TypeError at penstock.outputs.rejects:" in rows[1]["penstock_message"]
