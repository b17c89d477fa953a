"""CSV files that others collected to break readers: the records are those of Python's csv module, however the file is
cut."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypedDict

import pytest

from penstock.errors import Refused
from penstock.feeds.feed import Feed, Limits
from penstock.findings import Finding
from penstock.formats.delimited import Delimited
from tests.corpora.corpus import FOLDER, files
from tests.support.reading import split_file, tiny_windows

SPECTRUM = files("robustness/csv-spectrum/csvs/*.csv")
#: Without a header that can be read.
REFUSED = {
    "robustness/csvlint/invalid-byte-sequence.csv": "format.encoding",
    "robustness/csvlint/title-row.csv": "format.no_header",
}
FILES = [*SPECTRUM, *files("robustness/csvlint/*.csv"), *files("robustness/csv/*.csv"), *files("*/*.csv")]


class _Anything(TypedDict):
    """No field is asked for."""


class _AnyFeed(Feed):
    """Takes every column under its own name."""

    def field_of(self, column: str) -> str:
        return column


ANY = _AnyFeed(name="any", title="Any table", formats=(Delimited(),), record=_Anything, identity=())


@pytest.mark.parametrize("name", sorted(set(FILES) - set(REFUSED)))
@pytest.mark.parametrize("records", [1, 3, 5000])
def test_chunks_hold_the_records_of_the_whole_file(name: str, records: int) -> None:
    # Given
    body = (FOLDER / name).read_bytes()
    header, rows = _read(body)
    blocks = [] if len(body) > 100_000 else [7, 64, 1]

    # When
    with tiny_windows(64, 16, 32) if blocks else tiny_windows(64 * 1024, 1024, 256 * 1024):
        cut = split_file(replace(ANY, limits=Limits(records=records)), body, blocks)
        raws = cut.raws

    # Expect
    assert cut.layout.header == tuple(header)
    assert max(span.records for span in cut.spans) <= records
    assert [_words(parsed) for parsed in Delimited().parse(cut.layout, raws)] == [_named(header, row) for row in rows]
    ends = [cut.layout.first_byte, *(span.end for span in cut.spans)]
    starts = [*(span.start for span in cut.spans), len(body)]
    assert b"".join(body[end:start] for end, start in zip(ends, starts, strict=True)).strip() == b""


@pytest.mark.parametrize("name", list(REFUSED))
def test_a_header_that_cannot_be_read_is_the_files_fault(name: str) -> None:
    with pytest.raises(Refused) as refused:
        split_file(ANY, (FOLDER / name).read_bytes())

    assert refused.value.code == REFUSED[name]


@pytest.mark.parametrize("name", SPECTRUM)
def test_records_are_those_that_the_collectors_say(name: str) -> None:
    # Given
    path = FOLDER / name
    said: Any = json.loads((path.parents[1] / "json" / f"{path.stem}.json").read_bytes())

    # When
    cut = split_file(ANY, (FOLDER / name).read_bytes())

    # Expect
    # Of one file they have other line ends than it has itself.
    assert [_one_line_end(_words(parsed) or {}) for parsed in Delimited().parse(cut.layout, cut.raws)] == [
        _one_line_end({name: cell for name, cell in record.items() if cell}) for record in said
    ]


def _one_line_end(record: Mapping[str, str]) -> dict[str, str]:
    return {name: cell.replace("\r\n", "\n") for name, cell in record.items()}


def _read(body: bytes) -> tuple[list[str], list[list[str]]]:
    text = io.StringIO(body.decode("utf-8-sig", "surrogateescape"), newline="")
    header, *rows = (row for row in csv.reader(text) if row)
    return [name.strip() for name in header], rows


def _named(header: list[str], row: list[str]) -> dict[str, str] | None:
    """None where the record cannot be read: not as many cells as columns, or bytes that are no UTF-8."""
    if len(row) != len(header) or (not "".join(row).isprintable() and _undecodable(row)):
        return None
    return {name: cell for name, cell in zip(header, row, strict=True) if name and cell}


def _undecodable(row: list[str]) -> bool:
    return any("\udc80" <= character <= "\udcff" or character == "\0" for character in "".join(row))


def _words(parsed: Mapping[str, Any] | Finding) -> dict[str, Any] | None:
    return None if isinstance(parsed, Finding) else dict(parsed)
