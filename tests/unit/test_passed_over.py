"""Lines of a table that are no records are passed over and told, wherever they stand; nothing else is."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.feeds.traffic import TRAFFIC
from penstock.formats.delimited import Delimited
from penstock.formats.passed_over import is_units, may_be_among, none_in
from penstock.model.errors import Refused
from penstock.validate.judging import Judgement
from tests.support.reading import Split, feed_with, split_alike, split_file
from tests.support.spots import COLUMNS, spot

HEADER = ",".join(COLUMNS)
NONE = "," * (len(COLUMNS) - 1)
QUOTED = ",".join(f'"{name}"' for name in COLUMNS)


def row(number: int) -> str:
    record = spot(number)
    return ",".join(str(record.get(name, "")) for name in COLUMNS)


PADDED = HEADER.replace(",", "\t, ")
IN_QUOTES = f'"{row(3)}'.replace(",", '","') + '"'


def judged(*lines: str) -> tuple[Split, list[Judgement]]:
    split = split_file(TRAFFIC, "\n".join([*lines, ""]).encode())
    return split, split.judged()


def accepted(judgements: list[Judgement]) -> int:
    assert [one for judgement in judgements for one in judgement.rejected] == []
    return sum(len(judgement.accepted) for judgement in judgements)


@pytest.mark.parametrize(
    "above",
    [
        ["sep=,"],
        ['"sep=,"'],
        ["Station log WPNS, 20 November"],
        ["# by the exporter", "# version 2, of 2026"],
        ["Date,2026-11-20", "Station,WPNS", ""],
        [f"Log{NONE}", NONE],
        ['"A title with a stray quote'],
    ],
)
def test_what_stands_above_a_header_is_no_header(above: list[str]) -> None:
    split, judgements = judged(*above, HEADER, row(1), row(2))
    assert accepted(judgements) == 2
    assert "format.passed_over" in judgements[0].told
    assert split.spans[0].line == len(above) + 2


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_the_line_that_names_the_separator_stands_above_any_table(delimiter: str) -> None:
    body = f"sep={delimiter}\r\n" + "\r\n".join([HEADER, row(1)]).replace(",", delimiter)
    assert accepted(split_file(TRAFFIC, body.encode()).judged()) == 1


@pytest.mark.parametrize(
    "line",
    [
        NONE,
        ",,",
        " , ," + NONE[3:],
        '"",""' + NONE[1:],
        HEADER,
        HEADER.upper(),
        HEADER + ",",
        QUOTED,
        QUOTED.title(),
        HEADER.replace(",", " , "),
        f" {HEADER}",
        HEADER.replace("notes", '" NOTES "'),
        "# so, far",
        "// x",
        f"# x{NONE}",
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_what_is_no_record_is_none_wherever_it_stands(line: str, end: str) -> None:
    body = end.join([HEADER, line, row(1), line, line, row(2), line]).encode()
    split = split_alike(feed_with(records=1), body, [7, 30], (16, 4, 8))
    assert split.records == 2
    assert accepted(split.judged()) == 2
    assert "format.passed_over" in split_file(TRAFFIC, body).judged()[0].told


def test_a_header_in_quotes_is_known_again_without_them_and_a_name_with_a_delimiter_only_in_them() -> None:
    _, judgements = judged(f'{QUOTED},"a, b"', f"{row(1)},", f'{HEADER},"A, B"', f"{row(2)},")
    assert accepted(judgements) == 2
    split, _ = judged(f'{QUOTED},"a, b"', f"{row(1)},", f"{HEADER},a, b")
    assert split.records == 2


OTHERS = {
    "record_type": '"Type"',
    "spot_id": "Spot No.",
    "station": "CALL-LETTERS",
    "air_date": " date ",
    "notes": "Remarks",
}


def test_a_header_is_known_again_in_other_names_of_its_columns() -> None:
    other = ",".join(OTHERS.get(name, name) for name in COLUMNS)
    lines = [f"{HEADER},agency", f"{row(1)},A", f"{other},Agency Name", f"{row(2)},B", f"{row(3)},C"]
    split = split_alike(feed_with(records=1), "\n".join(lines).encode(), [7, 30], (16, 4, 8))
    assert split.records == 3
    assert accepted(judged(*lines)[1]) == 3


@given(st.data())
def test_what_is_passed_over_is_seen_by_the_cheap_look_before(data: st.DataObject) -> None:
    """Where chunks end hangs on both; who reads in other blocks takes the one or the other."""
    layout = TRAFFIC.recognise(f"{HEADER}\n".encode())

    def cell(names: tuple[str, ...]) -> str:
        drawn = (data.draw(st.sampled_from(one)) for one in (("", " ", '"', "*", "#", "é"), names, ("", " ", '"', ".")))
        return "".join(drawn).replace(" ", data.draw(st.sampled_from(" _-é")))

    line = ",".join(cell(names or ("",)) for names in layout.names).encode()

    assert not none_in(layout)(line) or may_be_among(layout, b"a record\n%s\n" % line)


def test_a_name_without_a_letter_of_ascii_is_not_any_cell_without_one() -> None:
    layout = TRAFFIC.recognise(f"{HEADER}\n".encode())
    other = layout.model_copy(update={"names": (("日付",), *layout.names[1:])})
    line = ",".join(["時刻", *COLUMNS[1:]]).encode()

    assert none_in(other)(line) is None


@pytest.mark.parametrize("moved", [("spot_id", "isci"), ("air_time", "air_date")])
def test_a_header_with_its_columns_in_another_order_is_not_passed_over(moved: tuple[str, str]) -> None:
    """What is below it would be read by the wrong names, and nobody told."""
    swapped = dict(zip(moved, reversed(moved), strict=True))
    other = ",".join(swapped.get(name, name) for name in COLUMNS)
    assert judged(HEADER, row(1), other, row(2))[0].records == 3


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_header_is_known_again_in_capitals_in_any_encoding(encoding: str) -> None:
    header, latin = f"{HEADER},Länge", replace(TRAFFIC, formats=(Delimited(otherwise="cp1252"),))
    body = "\n".join([header, f"{row(1)},", header.upper(), f"{row(2)},"]).encode(encoding)
    assert accepted(split_file(latin, body).judged()) == 2


def test_a_row_of_units_stands_below_the_header() -> None:
    units = ["(type)", "", "text", "", "", "", "yyyy-mm-dd", "hh:mm:ss", "sec"] + [""] * (len(COLUMNS) - 9)
    _, judgements = judged(HEADER, ",".join(units), row(1))
    assert accepted(judgements) == 1
    assert not is_units(["spot", "S1", "WPNS"])


@pytest.mark.parametrize(
    "units",
    [
        ["-", "-", "-", "-", "-", "-", "YYYYMMDD", "HH:MM:SS:FF", "(sec)"],
        ["text"] * 6 + ["date", "hhmmss", "sec."],
        ["n/a"] * 6 + ["yyyy/mm/dd", "time", "s"],
    ],
)
def test_units_are_passed_over_again_below_a_header_that_stands_again(units: list[str]) -> None:
    line = ",".join(units) + NONE[len(units) - 1 :]
    page = [HEADER, line, row(1)]
    _, judgements = judged(*page, HEADER, line, row(2), HEADER, row(3))
    assert accepted(judgements) == 3


def test_a_record_that_only_begins_as_a_comment_is_one() -> None:
    commented = "#1," + row(1).split(",", 1)[1]
    split, judgements = judged(HEADER, commented)
    assert split.records == 1
    assert [one.findings[0].code for one in judgements[0].rejected] == ["schema.choice"]


def test_a_quoted_cell_may_hold_such_lines() -> None:
    text = f"{NONE}\n{HEADER}\n# so\n"
    split, judgements = judged(f"{HEADER}", row(1).rsplit(",", 1)[0] + f',"{text}"')
    assert split.records == 1
    assert accepted(judgements) == 1
    assert judgements[0].told.keys() <= {"tidied.padding"}


def test_a_file_that_an_earlier_release_has_begun_is_cut_as_it_was() -> None:
    split = split_file(TRAFFIC, f"{HEADER}\n{NONE}\n{row(1)}\n".encode())
    reader, before = TRAFFIC.format_named("csv"), split.layout.model_copy(update={"again": ""})
    assert len(reader.split(before, f"{NONE}\n{row(1)}\n".encode())) == 2


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.sampled_from([NONE, HEADER, QUOTED, PADDED, "", "# x", row(1), row(2), IN_QUOTES]),
        max_size=12,
    )
)
def test_records_are_counted_as_they_are_cut_out(lines: list[str]) -> None:
    split = split_alike(feed_with(records=2), "\n".join([HEADER, *lines]).encode(), [11], (32, 8, 16))
    assert split.records == sum(line.startswith(("spot", '"spot')) for line in lines)


# headers that are none


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (
            f'{HEADER.replace("advertiser", chr(34) + "advertiser")}\n{row(1)}"\n{row(2)}',
            "format.quote",
            "a quote is too",
        ),
        (f"{HEADER.replace('notes', chr(34) + 'notes')}\n{row(1)}\n", "format.quote_unclosed", "never closed"),
        ("Sender;Channel;Day\n1;2;3\n", "format.no_header", "expected are columns for air_date"),
        ("spot,S1,WPNS\n", "format.no_header", "line 1 comes nearest, as it names spot_id (spot)"),
        (HEADER.replace("air_time", "air_tme"), "format.missing_column", "is 'air_tme' for air_time meant?"),
    ],
)
def test_a_header_that_cannot_be_read_is_refused_with_what_was_expected(body: str, code: str, words: str) -> None:
    with pytest.raises(Refused) as refusal:
        TRAFFIC.recognise(body.encode())
    assert refusal.value.code == code
    assert words in str(refusal.value)
