"""JSONTestSuite's texts as a value within a record, in NDJSON and in an array, and defusedxml's files as documents:
what they should be, and what we make of them."""

import json
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict

from penstock.feeds.feed import Feed
from penstock.formats.format import Format, Parsed
from penstock.formats.json_array import JsonArray
from penstock.formats.ndjson import NdJson
from penstock.formats.xml import Xml
from penstock.model.errors import Refused
from penstock.model.findings import Finding
from tests.corpora.corpus import FOLDER, files
from tests.corpora.page import Row
from tests.support.reading import split_file

TEXTS = files("robustness/JSONTestSuite/*.json")
DOCUMENTS = [*files("robustness/defusedxml/*"), *files("freight/ubl/*.xml")]
BOMBS = [name for name in DOCUMENTS if b"<!DOCTYPE" in (FOLDER / name).read_bytes()]

#: Where we say something else than JSONTestSuite does, and why.
EXPLAINED = {
    "y_object_duplicated_key.json": "a key twice: two readers would read two things, so no record has one",
}


class _Anything(TypedDict):
    """No field is asked for."""


def records_of(reader: Format, body: bytes) -> list[Parsed]:
    """What the file's records say."""
    split = split_file(Feed(name="any", title="Any", formats=(reader,), record=_Anything, identity=()), body)
    return reader.parse(split.layout, split.raws)


def as_line(name: str) -> list[Parsed]:
    """The text within the second of three lines of NDJSON. Where it is valid, its own line ends are blanks."""
    text = (FOLDER / name).read_bytes()
    if not Path(name).name.startswith("n_"):
        text = text.replace(b"\n", b" ")
    return records_of(NdJson(), b'{"v":1}\n{"v":' + text + b'}\n{"v":3}\n')


def as_element(name: str) -> list[Parsed]:
    """The text within the second of three elements of an array."""
    return records_of(JsonArray(), b'[{"v":1},\n{"v":' + (FOLDER / name).read_bytes() + b'},\n{"v":3}]')


def accepted(records: list[Parsed]) -> bool:
    """Whether all three are, rather than what the text is in, or more, rejected."""
    return len(records) == 3 and not any(isinstance(record, Finding) for record in records)


def as_document(name: str) -> Parsed:
    """The file's only record, or why there is none."""
    body = (FOLDER / name).read_bytes()
    root = "bomb" if name in BOMBS else ET.fromstring(body).tag
    try:
        (record,) = records_of(Xml(f"/{root}"), body)
    except Refused as refusal:
        return Finding(refusal.code, refusal.message)
    return record


def json_rows() -> list[Row]:
    """JSONTestSuite's: a row for all texts of which the same is asked and said, and one for each of the others."""
    return [*_json_rows("NDJSON", as_line), *_json_rows("an array", as_element)]


def _json_rows(where: str, read: Callable[[str], list[Parsed]]) -> list[Row]:
    verdicts = {Path(name).name: "accepted" if accepted(read(name)) else "rejected" for name in TEXTS}
    asked = {"y": "accepted", "n": "rejected", "i": "either"}
    counted = Counter((name[0], said) for name, said in verdicts.items() if name not in EXPLAINED)
    rows = [
        Row(
            f"{count} texts `{begins}_…`, in {where}",
            asked[begins],
            said,
            "" if asked[begins] in (said, "either") else "?",
        )
        for (begins, said), count in sorted(counted.items(), reverse=True)
    ]
    explained = [Row(f"`{name}`, in {where}", asked[name[0]], verdicts[name], why) for name, why in EXPLAINED.items()]
    return [*rows, *explained]


def xml_rows() -> list[Row]:
    """defusedxml's and UBL's."""
    rows: list[Row] = []
    for name in DOCUMENTS:
        said = as_document(name)
        ours = f"refused: `{said.code}`" if isinstance(said, Finding) else "a record"
        expected = "refused, for its type declaration" if name in BOMBS else "a record"
        rows.append(Row(Path(name).name, expected, ours, "" if expected[:7] == ours[:7] else "?"))
    return rows


def value_of(name: str) -> Any:
    """What the json module reads."""
    return json.loads((FOLDER / name).read_bytes())
