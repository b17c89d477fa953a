"""The Big List of Naughty Strings: what becomes of each, as a value and as a name in an archive."""

import asyncio
import json
import re
import unicodedata
from collections.abc import Callable

from penstock.feeds.traffic import TRAFFIC
from penstock.formats.spreadsheet import restored
from penstock.model.errors import Refused
from penstock.outputs import rejects
from tests.corpora.corpus import FOLDER
from tests.corpora.page import Row
from tests.support.archives import Stage, packed
from tests.support.reading import judge_file, split_file
from tests.support.spots import csv_file, ndjson_file, rows_of, spot

STRINGS: list[str] = json.loads((FOLDER / "robustness/text/blns.json").read_bytes())


async def delivered(write: Callable[..., bytes], encoding: str) -> list[str]:
    """What is delivered of each, if a file is written so. A value's own blanks round it are no part of it."""
    body = write(spot(at, notes=text) for at, text in enumerate(STRINGS))
    judgement = judge_file(TRAFFIC, await Stage().body(body.decode().encode(encoding)))
    return [json.loads(one.payload).get("notes", "") for one in judgement.accepted]


def returned() -> list[str]:
    """The cells of the reject file, if each is in a record that is rejected."""
    body = csv_file(spot(at, notes=text, isci="?") for at, text in enumerate(STRINGS))
    layout, judgement = split_file(TRAFFIC, body).layout, judge_file(TRAFFIC, body)
    report = rejects.header(TRAFFIC, layout) + rejects.rows(TRAFFIC, layout, judgement.rejected, "file")
    return [row["notes"] for row in rows_of(report)]


async def as_name(text: str) -> str:
    """The name that a file is shown by which has this one in an archive.

    Raises:
        Refused: the archive is.
    """
    (name,) = await Stage().entries(packed({text: b"spots"}))
    return name


def rows() -> list[Row]:
    """A row for each thing that is done with all of them."""
    found = [_arriving(write, encoding) for write in (csv_file, ndjson_file) for encoding in ("utf-8", "utf-16")]
    back = sum(restored(cell) == text for cell, text in zip(returned(), STRINGS, strict=True))
    found.append(Row("as values that are rejected, in CSV", f"{len(STRINGS)} come back", f"{back} come back"))
    shown, refused = 0, 0
    for text in filter(None, STRINGS):
        try:
            shown += bool(asyncio.run(as_name(text)))
        except Refused:
            refused += 1
    why = "absolute, leading out of the archive, or not to be shown"
    return [*found, Row("as names in an archive", "read or refused", f"{shown} read, {refused} refused", why)]


def as_it_arrives(text: str) -> str:
    """A text without blanks round it and what nobody sees, composed."""
    return unicodedata.normalize("NFC", re.sub("[\u200b\u2060\ufeff]", "", text)).strip()


def _arriving(write: Callable[..., bytes], encoding: str) -> Row:
    arrived = asyncio.run(delivered(write, encoding))
    same = sum(one == as_it_arrives(text) for one, text in zip(arrived, STRINGS, strict=True))
    kind = "CSV" if write is csv_file else "NDJSON"
    return Row(f"as values, in {kind}, {encoding.upper()}", f"{len(STRINGS)} arrive", f"{same} arrive")
