"""CSV made to break readers: each row ends with a reason, in bounded time and memory, and harms no other (R29)."""

import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from penstock.feeds.traffic import TRAFFIC
from penstock.model.errors import Refused
from penstock.split.planner import Planner
from tests.support.hostile import MILLION, bounded, findings_of
from tests.support.reading import feed_with, split_file
from tests.support.spots import csv_file, spot

HEADER, GOOD, OTHER, _ = csv_file([spot(1), spot(2)]).split(b"\r\n")
SMALL = feed_with(bytes=1_500_000, record_bytes=3 * MILLION)

ROWS: dict[str, tuple[Callable[[], bytes], str]] = {
    "a field of 2 MB": (lambda: GOOD + b"x" * 2 * MILLION, "schema.length"),
    "a quoted field of 2 MB": (lambda: GOOD + b'"' + b"x\n" * MILLION + b'"', "schema.length"),
    "a field of 5 MB": (lambda: GOOD + b"x" * 5 * MILLION, "format.record_too_large"),
    "a quoted field of 5 MB": (lambda: GOOD + b'"' + b'a,""\r\n' * MILLION + b'"', "format.record_too_large"),
    "a million columns": (lambda: GOOD + b"," * MILLION, "format.ragged_row"),
    "300,000 quoted columns": (lambda: GOOD + b',""' * 300_000, "format.ragged_row"),
    "four million columns": (lambda: GOOD + b"," * 4 * MILLION, "format.record_too_large"),
    "a million quotes": (lambda: GOOD + b'"' * MILLION, "schema.length"),
    "a million quotes within a field": (lambda: GOOD + b'x"' * 500_000, "schema.length"),
    "quotes that open and close": (lambda: GOOD + b'""x' * 300_000, "format.quote"),
    "a NUL": (lambda: GOOD.replace(b"WXYZ", b"WX\0Z"), "format.nul"),
    "a million NULs": (lambda: GOOD + b"\0" * MILLION, "format.nul"),
    "half a letter": (lambda: GOOD.replace(b"WXYZ", b"WX\xc3Z"), "format.encoding"),
}


@pytest.mark.parametrize("kind", ROWS)
def test_a_hostile_row_is_rejected_alone(kind: str) -> None:
    make, code = ROWS[kind]
    with bounded():
        found = findings_of(SMALL, b"\r\n".join([HEADER, GOOD, make(), OTHER, b""]))
    assert found == [None, code, None]


UNFINISHED: dict[str, Callable[[], bytes]] = {
    "a quote": lambda: b'"' + b"x,y\r\n" * 200_000,
    "quotes by twos": lambda: b'"' + b'""' * 600_000,
    "a quote in each row": lambda: b'"x\r\n,' * 50_001,
}


@pytest.mark.parametrize("kind", UNFINISHED)
def test_a_quote_that_is_never_closed_takes_what_follows_with_it_and_nothing_of_it_is_accepted(kind: str) -> None:
    with bounded():
        found = findings_of(feed_with(bytes=100_000, record_bytes=250_000), HEADER + b"\n" + UNFINISHED[kind]())
    assert found
    assert None not in found


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\n\n\r\n"])
def test_thousands_of_blank_lines_are_no_records(end: bytes) -> None:
    with bounded():
        assert findings_of(TRAFFIC, HEADER + end * 300_000 + GOOD + end * 300_000) == [None]


HEADERS: dict[str, tuple[Callable[[], bytes], str]] = {
    "1,001 columns": (lambda: HEADER + b",x" * 1_000, "format.header_too_long"),
    "a million columns": (lambda: HEADER + b",x" * MILLION, "format.header_too_long"),
    "a name without end": (lambda: b"x" * MILLION, "format.header_too_long"),
    "a quote without end": (lambda: b'"' + HEADER + b"\r\n" * MILLION, "format.header_too_long"),
    "only quotes": (lambda: b'"' * MILLION, "format.header_too_long"),
    "only line ends": (lambda: b"\r\n" * MILLION, "format.empty"),
    "a NUL": (lambda: HEADER.replace(b"station", b"stat\0on"), "format.binary"),
    "a column twice": (lambda: HEADER + b",station", "format.duplicate_header"),
}


@pytest.mark.parametrize("kind", HEADERS)
def test_a_hostile_header_is_the_files_fault(kind: str) -> None:
    make, code = HEADERS[kind]
    with bounded(5), pytest.raises(Refused) as refused:
        split_file(TRAFFIC, make() + b"\r\n" + GOOD)
    assert refused.value.code == code


@pytest.mark.parametrize("piece", [b"x" * MILLION, b'""' * (MILLION // 2), b"x,\r\n" * (MILLION // 4)])
def test_a_field_of_40_mb_goes_by_in_the_memory_of_a_record(piece: bytes) -> None:
    def body() -> Iterator[bytes]:
        yield HEADER + b"\r\n" + GOOD + b'\r\n1,"'
        for _ in range(40):
            yield piece
        yield b'"\r\n' + OTHER

    planner = Planner(TRAFFIC, TRAFFIC.recognise(HEADER + b"\r\n" + GOOD))
    tracemalloc.start()
    with bounded():
        spans = [span for block in body() for span in planner.push(block)] + list(planner.finish())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert [(span.records, span.oversize) for span in spans] == [(1, False), (1, True), (1, False)]
    assert peak < 4 * TRAFFIC.limits.record_bytes
