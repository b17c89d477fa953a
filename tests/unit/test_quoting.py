"""Quotes that cannot be meant as they stand are told, each with the first line of the trouble; nothing is swallowed."""

import csv
import re
from collections.abc import Sequence

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from penstock.feeds.traffic import TRAFFIC
from penstock.formats.quoting import misquoted
from penstock.model.findings import Finding
from penstock.model.messages import Layout
from penstock.outputs import rejects
from penstock.validate.judging import Judgement
from tests.support.budget import examples
from tests.support.reading import feed_with, split_file

COLUMNS = ("record_type", "spot_id", "station", "house_number", "air_date", "air_time", "length_s", "rate", "notes")
HEADER = ",".join(COLUMNS)


def row(number: int, **cells: str) -> str:
    """A flawless row; `cells` are written as they are, quotes and all."""
    record = {
        "record_type": "spot",
        "spot_id": f"S{number}",
        "station": "WPNS",
        "house_number": f"H{number}",
        "air_date": "2026-11-20",
        "air_time": f"06:00:{number:02d}",
        "length_s": "30",
        "rate": "10.00",
        "notes": "n",
    } | cells
    return ",".join(record[name] for name in COLUMNS)


def judged(rows: Sequence[str]) -> Judgement:
    (judgement,) = split_file(TRAFFIC, "\n".join([HEADER, *rows, ""]).encode()).judged()
    return judgement


def only_finding(judgement: Judgement) -> Finding:
    (rejected,) = judgement.rejected
    (finding,) = rejected.findings
    return finding


@pytest.mark.parametrize("cell", ['"x"y', '"\\"Walt\\""', '"<html id=\\"div\\">"', '"a" b', '"a""b"c"', '"",""x'])
def test_text_behind_a_closing_quote_rejects_its_record_and_no_other(cell: str) -> None:
    judgement = judged([row(1), row(2, notes=cell), row(3)])
    assert [one.ordinal for one in judgement.accepted] == [0, 2]
    finding = only_finding(judgement)
    assert finding.code == "format.quote"
    assert finding.message.startswith("line 3: ")
    assert ("backslash" in finding.message) == ("\\" in cell)


def test_blanks_behind_a_closing_quote_are_padding_and_before_an_opening_one_a_fault() -> None:
    """The reader splits a cell at every delimiter that stands within quotes which do not begin it."""
    judgement = judged([row(1, notes='"a" '), row(2, house_number=' "Smith"'), row(3, notes=' a"b')])
    assert [one.ordinal for one in judgement.accepted] == [0, 2]
    assert (
        only_finding(judgement).message
        == "line 3: blanks stand before the quote that opens the cell of house_number: take them out"
    )


def test_a_quote_that_is_never_closed_names_its_line_and_how_many_it_took() -> None:
    judgement = judged([row(1), row(2, notes='"oops'), *map(row, range(3, 20))])
    assert [one.ordinal for one in judgement.accepted] == [0]
    finding = only_finding(judgement)
    assert (finding.code, finding.field) == ("format.quote_unclosed", "notes")
    assert finding.message.startswith("line 3: the quote that opens the cell of notes is never closed")
    assert "the lines behind it, 17," in finding.message


def test_the_first_line_of_the_trouble_is_not_the_records_where_a_sound_cell_has_lines() -> None:
    judgement = judged([row(1, station='"W\nP"', notes='"x"y')])
    assert only_finding(judgement).message.startswith("line 3: ")


@pytest.mark.parametrize("column", ["notes", "house_number", "rate"])
@pytest.mark.parametrize("swallowed", [1, 2, 7])
def test_two_stray_quotes_take_no_rows_in_silence(column: str, swallowed: int) -> None:
    last = 2 + swallowed
    rows = [row(1), row(2, **{column: '"oops'}), *map(row, range(3, last)), row(last, **{column: 'encore"'}), row(50)]
    judgement = judged(rows)
    assert [one.ordinal for one in judgement.accepted] == [0, 2]
    finding = only_finding(judgement)
    assert (finding.code, finding.field) == ("format.swallowed_lines", column)
    assert finding.message.startswith("line 3: ")


def test_what_was_swallowed_is_in_the_reject_file() -> None:
    rows = [row(1), row(2, notes='"oops'), row(3), row(4, notes='encore"'), row(5, notes='"x"y'), row(6, notes='"end')]
    body = "\n".join([HEADER, *rows]).encode()
    split = split_file(TRAFFIC, body)
    given_back = b"".join(rejects.rows(TRAFFIC, split.layout, one.rejected, "f1") for one in split.judged())
    for number in (2, 3, 4, 5, 6):
        assert f"S{number}".encode() in given_back


@pytest.mark.parametrize(
    "text",
    [
        "line one\nline two",
        "Call Ada, then Bob\nor, if both are out, 555-0100",
        "a,b\nc,d\n",
        "5, 6, 7\n\n8",
        "\n" * 50,
    ],
)
def test_lines_that_people_write_are_delivered(text: str) -> None:
    judgement = judged([row(1, notes=f'"{text}"'), row(2)])
    assert judgement.rejected == []


def test_a_long_cell_before_the_trouble_is_no_trouble_itself() -> None:
    assert only_finding(judged([row(1, station='"' + "W" * 200_000 + '"', notes='"x"y')])).code == "format.quote"


def test_a_cell_of_nothing_but_line_ends_takes_no_time() -> None:
    assert judged([row(1, notes='"' + "\n," * 1_000_000 + '"')]).rejected[0].findings[0].code == "schema.length"


@settings(max_examples=examples(400), deadline=None)
@given(st.text(alphabet='ab", \n\\', max_size=14))
def test_a_record_is_misquoted_exactly_where_the_csv_module_says_so_when_it_is_strict(record: str) -> None:
    for raw in split_file(feed_with(), (HEADER + "\n" + record).encode()).raws:
        text = raw.decode()
        # Of blanks next to quotes the module thinks otherwise: behind a cell they are padding, before one a fault.
        assume(not re.search(r'(?:^|,|\n) +"', text))
        try:
            list(csv.reader([re.sub(r'(?<=") +(?=,|$)', "", text)], strict=True))
            is_sound = True
        except csv.Error:
            is_sound = False
        assert (misquoted(Layout(format="csv", delimiter=","), text) is None) == is_sound
