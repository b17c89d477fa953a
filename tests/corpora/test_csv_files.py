"""CSV files that others collected to break readers: the records are those of Python's csv module, however the file is
cut."""

from dataclasses import replace

import pytest

from penstock.feeds.feed import Limits
from penstock.model.errors import Refused
from tests.corpora.corpus import FOLDER, files
from tests.corpora.csv_files import (
    ANY,
    OTHERS,
    REFUSED,
    SPECTRUM,
    WORKBOOK,
    as_it_is_read,
    by_collectors,
    by_csv_module,
    by_openpyxl,
    one_line_end,
    records_of,
)
from tests.support.reading import split_file, tiny_windows

FILES = [*SPECTRUM, *OTHERS, *files("*/*.csv")]


@pytest.mark.parametrize("name", sorted(set(FILES) - set(REFUSED) - {WORKBOOK}))
@pytest.mark.parametrize("records", [1, 3, 5000])
def test_chunks_hold_the_records_of_the_whole_file(name: str, records: int) -> None:
    # Given
    body = (FOLDER / name).read_bytes()
    header, records_there = by_csv_module(name)
    blocks = [] if len(body) > 100_000 else [7, 64, 1]

    # When
    with tiny_windows(64, 16, 32) if blocks else tiny_windows(64 * 1024, 1024, 256 * 1024):
        cut = split_file(replace(ANY, limits=Limits(records=records)), body, blocks)
        ours = records_of(cut)

    # Expect
    assert cut.layout.header == tuple(header)
    assert max(span.records for span in cut.spans) <= records
    assert ours == records_there
    ends = [cut.layout.first_byte, *(span.end for span in cut.spans)]
    starts = [*(span.start for span in cut.spans), len(body)]
    between = b"".join(body[end:start] for end, start in zip(ends, starts, strict=True))
    assert between.strip(b' \t\r\n,"') == b""


@pytest.mark.parametrize("name", list(REFUSED))
def test_a_header_that_cannot_be_read_is_the_files_fault(name: str) -> None:
    with pytest.raises(Refused) as refused:
        split_file(ANY, as_it_is_read(name))

    assert refused.value.code == REFUSED[name][1]


def test_a_workbook_is_the_table_on_its_first_sheet() -> None:
    cut = split_file(ANY, as_it_is_read(WORKBOOK))
    header, records = by_openpyxl(WORKBOOK)
    assert (list(cut.layout.header), records_of(cut)) == (header, records)


@pytest.mark.parametrize("name", SPECTRUM)
def test_records_are_those_that_the_collectors_say(name: str) -> None:
    cut = split_file(ANY, (FOLDER / name).read_bytes())
    assert [one_line_end(record or {}) for record in records_of(cut)] == by_collectors(name)
