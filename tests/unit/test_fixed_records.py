"""Fixed width, with SSIM chapter 7 as the worked example: a leg and its segment data are a record."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypedDict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.feeds.feed import Feed, Limits
from penstock.formats.enveloped import Enveloped
from penstock.formats.ssim import SSIM
from penstock.model.errors import Refused
from penstock.model.findings import Finding
from tests.support.budget import examples
from tests.support.edi import passed
from tests.support.reading import split_file, tiny_windows


class _Anything(TypedDict):
    """No field is asked for."""


FEED = Feed(name="any", title="Any schedule", formats=(SSIM,), record=_Anything, identity=())

ZEROS = "0" * 200


def line(serial: int, **columns: str) -> str:
    """A line of the type that `mark` names; other columns by their names."""
    mark = columns.pop("mark")
    cells = list(" " * 200)
    (kind,) = [one for one in SSIM.types if one.mark == mark]
    cells[0] = mark
    for column in kind.columns:
        value = columns.pop(column.name, f"{serial:06}" if column.name == "serial" else "")
        cells[column.place] = f"{value:{column.length}}"
    assert not columns
    return "".join(cells)


def header(serial: int = 1) -> str:
    return line(serial, mark="1", title="AIRLINE STANDARD SCHEDULE DATA SET")


def carrier(serial: int, airline: str = "XX", time_mode: str = "U") -> str:
    return line(serial, mark="2", airline=airline, time_mode=time_mode, season="S26")


def leg(serial: int, flight: str = " 101", **columns: str) -> str:
    return line(serial, mark="3", airline="XX", flight_number=flight, passenger_departure="0700", **columns)


def segment(serial: int, data: str = "AB") -> str:
    return line(serial, mark="4", airline="XX", flight_number=" 101", data_element="050", data=data)


def trailer(serial: int, check: int | None = None) -> str:
    return line(serial, mark="5", airline="XX", serial_check=f"{serial - 1 if check is None else check:06}")


def file_of(lines: Sequence[str], newline: str = "\n", end: bool = True) -> bytes:
    return (newline.join(lines) + (newline if end else "")).encode()


GOOD = [header(), ZEROS, carrier(2), ZEROS, leg(3), segment(4), segment(5), leg(6), ZEROS, trailer(7), ZEROS]


def said(body: bytes) -> list[Any]:
    return [parsed for _, layout, raws in passed(SSIM, body).chunks for parsed in SSIM.parse(layout, raws)]


def codes_of(body: bytes) -> list[str]:
    return [parsed.code if isinstance(parsed, Finding) else "" for parsed in said(body)]


def noted(body: bytes) -> dict[str, int]:
    return dict(passed(SSIM, body).noted.counts)


def reference(lines: Sequence[str]) -> list[str]:
    """The records, told from the whole file."""
    records: list[str] = []
    continued = False
    for text in lines:
        if not text.strip(" \t") or not text.strip("0") or (text[0] in "125" and len(text) == 200):
            continued = False
        elif text[0] == "4" and continued:
            records[-1] += "\n" + text
        else:
            records.append(text)
            continued = text[0] == "3"
    return records


some_lines = st.sampled_from(
    [carrier(2), carrier(2, "YY"), leg(3), segment(4), trailer(5), ZEROS, "", "3 short", "4", "9" * 200, "2" * 199, "5"]
)


@settings(max_examples=examples(250), deadline=None)
@given(
    st.lists(some_lines, max_size=14),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.integers(1, 5),
    st.integers(1, 900),
    st.lists(st.integers(1, 300), max_size=4),
)
def test_the_chunks_records_are_the_files_however_it_is_cut(
    lines: list[str], newline: str, end: bool, records: int, size: int, blocks: list[int]
) -> None:
    """R28, R29."""
    body = file_of([header(), carrier(2), leg(3), *lines], newline, end)
    whole = passed(SSIM, body)
    in_blocks = passed(SSIM, body, blocks, records, size)
    assert [raw.decode().replace("\r", "") for raw in whole.raws] == reference([header(), carrier(2), leg(3), *lines])
    assert in_blocks.raws == whole.raws
    assert in_blocks.noted == whole.noted
    assert [layout.envelope for _, layout, raws in in_blocks.chunks for _ in raws] == [
        layout.envelope for _, layout, raws in whole.chunks for _ in raws
    ]


@settings(max_examples=examples(100), deadline=None)
@given(st.lists(st.integers(0, 3), max_size=8), st.integers(1, 4), st.lists(st.integers(1, 300), max_size=4))
def test_the_planner_never_parts_a_leg_from_its_segment_data(parts: list[int], records: int, blocks: list[int]) -> None:
    legs = ["\n".join([leg(3, f"{number:4}"), *[segment(4)] * many]) for number, many in enumerate(parts)]
    feed = replace(FEED, limits=Limits(records=records, bytes=500, record_bytes=10_000))
    with tiny_windows(64, 16, 150):
        split = split_file(feed, file_of([header(), carrier(2), *legs, trailer(9)]), blocks)
    assert [raw.decode() for raw in split.raws] == legs
    assert all(span.records <= records for span in split.spans)


@settings(max_examples=examples(150), deadline=None)
@given(st.data())
def test_no_mutation_loses_a_line_or_breaks_the_reader(data: st.DataObject) -> None:
    body = bytearray(file_of(GOOD))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(201, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 250))] = data.draw(st.binary(max_size=3))
    file = passed(SSIM, bytes(body), data.draw(st.lists(st.integers(1, 300), max_size=4)), data.draw(st.integers(1, 3)))
    for _, layout, raws in file.chunks:
        assert len(SSIM.parse(layout, raws)) == len(raws)
    lines = [text.removesuffix("\r") for text in bytes(body).decode("iso-8859-1").split("\n")]
    found = [raw.decode("iso-8859-1").replace("\r\n", "\n") for raw in file.raws]
    assert [text.rstrip("\r") for text in found] == [text.rstrip("\r") for text in reference(lines)]


def test_a_leg_comes_out_with_its_parts_and_what_its_carrier_says() -> None:
    one, two = said(file_of(GOOD))
    assert one == {
        "type": "leg",
        "airline": "XX",
        "flight_number": "101",
        "passenger_departure": "0700",
        "serial": "000003",
        "parts": [
            {
                "type": "segment",
                "airline": "XX",
                "flight_number": "101",
                "data_element": "050",
                "data": "AB",
                "serial": f"{serial:06}",
            }
            for serial in (4, 5)
        ],
        "envelope": {"time_mode": "U", "airline": "XX", "season": "S26"},
    }
    assert two["parts"] == []
    assert noted(file_of(GOOD)) == {}
    assert isinstance(SSIM, Enveloped)


def test_each_carriers_legs_are_read_by_its_own_line() -> None:
    body = file_of([header(), carrier(2), leg(3), trailer(4), carrier(5, "YY", "L"), leg(6), trailer(7)])
    assert [one["envelope"]["time_mode"] for one in said(body)] == ["U", "L"]
    assert [len(raws) for _, _, raws in passed(SSIM, body).chunks] == [1, 1]
    assert noted(body) == {}


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (leg(6)[:-1], "line_length"),
        (leg(6) + " ", "line_length"),
        ("9" + leg(6)[1:], "line_type"),
        (segment(6).replace("4", "7", 1), "line_type"),
        (leg(6, passenger_arrival="7pm"), "column"),
        (leg(6).replace("XX ", "XÄ "), "encoding"),
        (leg(6).replace("XX ", "X\0 "), "nul"),
        (leg(6) + "\n" + segment(7)[:-3], "line_length"),
    ],
)
def test_a_wrong_line_is_rejected_alone(wrong: str, code: str) -> None:
    body = file_of([header(), carrier(2), leg(5), wrong, leg(7), trailer(8)])
    assert codes_of(body) == ["", f"format.{code}", ""]


def test_segment_data_without_a_leg_and_legs_without_a_carrier_are_rejected() -> None:
    assert codes_of(file_of([header(), carrier(2), segment(3), leg(4), trailer(5)])) == ["format.line_type", ""]
    assert codes_of(file_of([header(), leg(2)])) == ["format.record_outside"]
    assert codes_of(file_of([header(), carrier(2), leg(3), trailer(4), leg(5)])) == ["", "format.record_outside"]


@pytest.mark.parametrize(
    ("lines", "codes"),
    [
        ([header(), carrier(2), leg(3), leg(5), trailer(6)], {"serial": 1}),
        ([header(), carrier(2), leg(3), leg(3), trailer(4)], {"serial": 1}),
        ([header(), carrier(2), leg(3), leg(4)[:-1], leg(5), trailer(6)], {}),
        ([header(), carrier(2), leg(3), trailer(4, check=2)], {"serial_check": 1}),
        ([header(), carrier(2), leg(3)], {"part_unclosed": 1}),
        ([header(), carrier(2), leg(3), carrier(4), leg(5), trailer(6)], {"part_unclosed": 1}),
        ([header(), trailer(2)], {"part_unopened": 1}),
        ([header(), header(2), carrier(3), trailer(4)], {"opened_again": 1}),
        ([header(999_997), carrier(999_998), leg(999_999), leg(2), trailer(3)], {}),
    ],
)
def test_what_is_wrong_with_the_order_of_lines_is_told(lines: list[str], codes: dict[str, int]) -> None:
    file = passed(SSIM, file_of(lines))
    assert file.noted.counts == {f"format.{code}": count for code, count in codes.items()}
    assert all(finding.severity == "soft" and finding.rule == "SSIM chapter 7" for finding in file.noted.examples)


def test_a_first_line_of_another_length_is_refused() -> None:
    with pytest.raises(Refused, match="200 bytes and a line end; the first one has 199") as refusal:
        FEED.recognise(file_of([header()[:-1], carrier(2)]))
    assert refusal.value.code == "format.line_length"


@pytest.mark.parametrize("head", [b"spot_id,station\n", b"1AIRLINE", b"ISA*00*", b"{}"])
def test_other_files_are_anothers(head: bytes) -> None:
    assert SSIM.recognise(head, lambda column: column) is None


def test_a_line_that_does_not_end_is_one_oversize_record() -> None:
    body = file_of([header(), carrier(2), leg(3), "3" * 20_000, leg(4), trailer(5)])
    feed = replace(FEED, limits=Limits(records=5, bytes=1000, record_bytes=5000))
    for blocks in ([], [7], [4096]):
        split = split_file(feed, body, blocks)
        assert [span.oversize for span in split.spans] == [False, True, False]
