"""The Big List of Naughty Strings: whatever people type into fields arrives as it is, or comes back as it was."""

import zipfile
from collections.abc import Callable

import pytest

from penstock.feeds.traffic import TRAFFIC
from penstock.formats.spreadsheet import neutralised, restored
from penstock.model.errors import Refused
from tests.corpora import naughty
from tests.corpora.corpus import FOLDER
from tests.corpora.naughty import STRINGS
from tests.support.archives import Stage
from tests.support.reading import split_file
from tests.support.spots import csv_file, ndjson_file

LINES = (FOLDER / "robustness/text/blns.txt").read_bytes()


def test_the_list_is_what_we_know_of_it() -> None:
    assert len(STRINGS) == 515
    assert len(LINES.split(b"\n")) == 743


@pytest.mark.parametrize("write", [csv_file, ndjson_file])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
async def test_each_of_them_arrives_as_it_is(write: Callable[..., bytes], encoding: str) -> None:
    """But for what nobody sees."""
    assert await naughty.delivered(write, encoding) == [naughty.as_it_arrives(text) for text in STRINGS]


def test_each_of_them_comes_back_as_it_was() -> None:
    """Through a reject file, in which no cell is a formula, and into the next drop."""
    cells = naughty.returned()
    assert cells == [neutralised(text) for text in STRINGS]
    assert [restored(cell) for cell in cells] == STRINGS
    assert not any(cell.startswith(("=", "@")) for cell in cells)


async def test_the_list_itself_is_no_traffic_file() -> None:
    with pytest.raises(Refused) as refused:
        split_file(TRAFFIC, await Stage().body(LINES))
    assert refused.value.code.startswith("format.")


async def test_each_of_them_as_a_name_in_an_archive_is_shown_or_refused() -> None:
    shown: list[str] = []
    codes: set[str] = set()
    for text in filter(None, STRINGS):
        try:
            name = await naughty.as_name(text)
        except Refused as refused:
            codes.add(refused.code)
        else:
            shown.append(name)
            assert name == zipfile.ZipInfo(text).filename.replace("\\", "/")
    assert codes <= {"archive.name", "archive.empty", "archive.damaged"}
    assert all(name.isprintable() and not name.startswith("/") and ".." not in name.split("/") for name in shown)
    assert len(shown) > 300
