"""CSV: the chunks' records are the file's records, as Python's csv module reads them (R29)."""

import csv
import io
from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from penstock.feeds.traffic import TRAFFIC
from tests.support.budget import examples
from tests.support.reading import feed_with, split_alike, split_file, tiny_windows
from tests.support.spots import csv_file, spot

DELIMITERS = [",", "\t", ";", "|"]
HEADER = ("spot_id", "station", "air_date", "air_time")
NOTHING = b'\r\n \t,"'  #: what lines that are no records are of, and ends of lines

small_limits = st.fixed_dictionaries(
    {"records": st.integers(1, 6), "bytes": st.integers(1, 120), "record_bytes": st.just(10_000)}
)
block_sizes = st.lists(st.integers(1, 40), max_size=4)
windows = st.tuples(st.integers(1, 64), st.integers(1, 16), st.integers(1, 32))


@st.composite
def bodies(draw: st.DrawFn, delimiter: str) -> str:
    """What may follow a header: well-formed rows, and any mess of quotes, delimiters and line ends."""
    messy = st.text(alphabet='ab1é" \r\n' + delimiter, max_size=12)
    newline = st.sampled_from(["\n", "\r\n", "\r", "\n\n", "\r\n\r\n", "\n\r", ""])
    quoted = messy.map(lambda cell: '"' + cell.replace('"', '""') + '"')
    row = st.lists(quoted | st.text(alphabet="xyz", max_size=3), min_size=1, max_size=5).map(delimiter.join)
    return "".join(draw(st.lists(st.one_of(row, messy, newline, newline), max_size=14)))


def csv_rows(text: str, delimiter: str) -> list[list[str]]:
    """The reference: blank lines are no rows."""
    return [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]


def saying_something(rows: Sequence[list[str]]) -> list[list[str]]:
    """Without rows of nothing but delimiters and blanks, which are no records if they are well quoted."""
    return [row for row in rows if any(cell.strip(" \t") for cell in row)]


def records_as_rows(raws: Sequence[bytes], delimiter: str) -> list[list[str]]:
    """Each raw record by itself must be one row."""
    rows = [csv_rows(raw.decode(), delimiter) for raw in raws]
    assert all(len(row) == 1 for row in rows)
    return [row[0] for row in rows]


@pytest.mark.parametrize("delimiter", DELIMITERS)
@settings(max_examples=examples(150), deadline=None)
@given(st.data())
def test_the_chunks_records_are_the_files_rows_whatever_the_limits_and_the_read_size(
    delimiter: str, data: st.DataObject
) -> None:
    """R29, R28."""
    # Given any CSV at all, with or without BOM
    header = delimiter.join(HEADER) + data.draw(st.sampled_from(["\n", "\r\n", "\r"]))
    text = header + data.draw(bodies(delimiter))
    body = data.draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + text.encode()
    feed = feed_with(**data.draw(small_limits))
    # When it is split as a whole, and cut anywhere
    split = split_alike(feed, body, data.draw(block_sizes), data.draw(windows))
    # Expect the very rows that csv reads
    assert saying_something(records_as_rows(split.raws, delimiter)) == saying_something(csv_rows(text, delimiter)[1:])


@settings(max_examples=examples(300), deadline=None)
@given(bodies(","), small_limits, block_sizes, windows)
@example('"\n', {"records": 1, "bytes": 1, "record_bytes": 10_000}, [1], (1, 1, 1))
@example('a,"b\r\nc"\r\n\r\n', {"records": 1, "bytes": 9, "record_bytes": 10_000}, [1], (4, 1, 3))
def test_spans_lie_end_to_end_within_the_limits_and_leave_out_nothing_but_line_ends(
    text: str, limits: dict[str, int], blocks: list[int], window: tuple[int, int, int]
) -> None:
    """R28, R29."""
    body = ("spot_id,station,air_date,air_time\n" + text).encode()
    feed = feed_with(**limits)
    with tiny_windows(*window):
        split = split_file(feed, body, blocks)
    # Expect spans that follow one another
    at, record = split.layout.first_byte, 0
    for number, span in enumerate(split.spans):
        assert (span.chunk, span.first_record) == (number, record)
        # what lies between two spans is lines of nothing
        assert body[at : span.start].strip(NOTHING) == b""
        at, record = span.end, record + span.records
        # a chunk keeps the limits, but for a record that fits none
        assert len(split.raws_of(span)) == span.records
        assert span.records <= limits["records"]
        assert span.end - span.start <= limits["bytes"] or span.records == 1
    # every byte of the file is in a record or ends one
    assert body[at:].strip(NOTHING) == b""
    rest = body[split.layout.first_byte :]
    for raw in split.raws:
        before, _, rest = rest.partition(raw)
        assert before.strip(NOTHING) == b""
    assert rest.strip(NOTHING) == b""


@settings(max_examples=examples(200), deadline=None)
@given(bodies(","), st.integers(1, 4))
def test_parsing_a_chunk_at_once_says_the_same_as_parsing_its_records_one_by_one(text: str, records: int) -> None:
    body = ("spot_id,station,air_date,air_time\n" + text).encode()
    split = split_file(feed_with(records=records), body)
    reader = split.feed.format_named("csv")
    for span in split.spans:
        raws = split.raws_of(span)
        at_once = reader.parse(split.layout, raws)
        assert at_once == [reader.parse(split.layout, [raw])[0] for raw in raws]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("final_newline", [True, False])
def test_a_quoted_newline_is_part_of_its_record(newline: str, final_newline: bool) -> None:
    records = [spot(1, notes=f"two{newline}lines"), spot(2, notes='says "go"'), spot(3)]
    body = csv_file(records, newline=newline)
    split = split_file(feed_with(records=2), body if final_newline else body.removesuffix(newline.encode()))
    assert [span.records for span in split.spans] == [2, 1]
    accepted = [one for judgement in split.judged() for one in judgement.accepted]
    assert len(accepted) == 3
    assert b"lines" in accepted[0].payload


def test_a_crlf_on_a_chunks_edge_is_not_torn() -> None:
    """A block that ends between CR and LF neither ends the record early nor makes a blank one."""
    body = csv_file([spot(1), spot(2)])
    whole = split_file(feed_with(records=1), body)
    for at in range(1, len(body)):
        torn = split_file(feed_with(records=1), body, [at, len(body)])
        assert torn.spans == whole.spans
    assert all(body[span.start : span.end].endswith(b"\r\n") for span in whole.spans)


def test_blank_lines_are_no_records() -> None:
    body = b"\n\r\n" + csv_file([spot(1), spot(2)]).replace(b"\r\n", b"\r\n\r\n\n")
    assert split_file(TRAFFIC, body).records == 2


def test_a_lone_quote_within_a_field_is_a_character_like_others() -> None:
    body = csv_file([]) + b'spot,S1,WXYZ,ABCD1234,,,2026-11-20,10:00:00,30,5" pipe,,1,,,\r\nspot,S2\r\n'
    split = split_file(TRAFFIC, body)
    assert split.records == 2
    assert b'5\\" pipe' in split.judged()[0].accepted[0].payload


def test_a_huge_field_within_the_limit_travels_in_a_chunk_of_its_own() -> None:
    """R29: larger than a chunk, not too large altogether."""
    feed = feed_with(bytes=1000, record_bytes=50_000)
    body = csv_file([spot(1), spot(2, notes="n" * 20_000), spot(3)])
    split = split_file(feed, body, [512])
    assert [span.records for span in split.spans] == [1, 1, 1]
    assert not any(span.oversize for span in split.spans)


def test_a_quote_that_is_never_closed_is_one_oversize_record_and_spares_those_before_it() -> None:
    """R29: whatever the blocks, and without holding the rest of the file."""
    feed = feed_with(records=2, bytes=1000, record_bytes=5000)
    good = csv_file([spot(1), spot(2), spot(3)])
    body = good + b'spot,"S4' + b"x,y\r\n" * 4000
    for blocks in ([], [100], [4096, 7]):
        with tiny_windows(64, 16, 300):
            split = split_file(feed, body, blocks)
        assert [span.records for span in split.spans] == [2, 1, 1]
        last = split.spans[-1]
        assert last.oversize
        assert (last.start, last.end, last.line) == (len(good), len(body), 5)
        judgement = split.judged()[-1]
        assert [finding.code for finding in judgement.rejected[0].findings] == ["format.record_too_large"]
        assert judgement.rejected[0].ordinal == 3


def test_a_quote_left_open_at_the_very_end_takes_only_what_follows() -> None:
    body = csv_file([spot(1)]) + b'spot,"S2'
    split = split_file(TRAFFIC, body)
    assert split.records == 2
    assert [len(judgement.rejected) for judgement in split.judged()] == [1]


@pytest.mark.parametrize("cells", [1, 14, 16, 40])
def test_a_ragged_row_is_rejected_alone(cells: int) -> None:
    body = csv_file([spot(1), spot(2)]) + b",".join([b"x"] * cells) + b"\r\n"
    (judgement,) = split_file(TRAFFIC, body).judged()
    assert [one.ordinal for one in judgement.accepted] == [0, 1]
    assert [(one.ordinal, one.findings[0].code) for one in judgement.rejected] == [(2, "format.ragged_row")]


def test_a_nul_is_rejected_alone_with_its_position() -> None:
    body = csv_file([spot(1), spot(2), spot(3)]).replace(b"S00002", b"S0\x00002")
    (judgement,) = split_file(TRAFFIC, body).judged()
    assert [one.ordinal for one in judgement.accepted] == [0, 2]
    (finding,) = judgement.rejected[0].findings
    assert finding.code == "format.nul"
    assert "position 7" in finding.message


def test_a_byte_that_is_no_utf8_rejects_its_record_only_and_is_pointed_at() -> None:
    """R29: a wrong encoding."""
    body = csv_file([spot(1), spot(2, advertiser="Caf#"), spot(3)]).replace(b"#", "é".encode("cp1252"))
    (judgement,) = split_file(TRAFFIC, body).judged()
    assert [one.ordinal for one in judgement.accepted] == [0, 2]
    rejected = judgement.rejected[0]
    (finding,) = rejected.findings
    assert finding.code == "format.encoding"
    assert f"position {rejected.raw_bytes.index(0xE9)} " in finding.message
    assert "0xe9" in finding.message
