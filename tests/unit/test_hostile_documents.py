"""JSON and XML made to break readers: each ends with a reason, in bounded time, and harms no other record (R29)."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TypedDict

import pytest

from penstock.feeds.feed import Feed, Limits
from penstock.feeds.traffic import TRAFFIC
from penstock.formats.xml import Xml
from penstock.formats.xml_trees import MOST_PARTS
from penstock.model.errors import Refused
from penstock.model.findings import Finding
from tests.support.hostile import MILLION, bounded, findings_of
from tests.support.reading import feed_with, split_file
from tests.support.spots import ndjson_file, spot

GOOD = ndjson_file([spot(1)]).strip()
OTHER = ndjson_file([spot(2)]).strip()


class Spot(TypedDict, total=False):
    """Any element with an id."""

    id: str


# Smaller than a feed's own limits, so that what is beyond them need not be so large: the law is the same.
SMALL = feed_with(bytes=1_500_000, record_bytes=4 * MILLION)
SMALLEST = Limits(bytes=100_000, record_bytes=250_000)
SPOTS = Feed(
    name="spots", title="Spots", formats=(Xml("/log/spot"),), record=Spot, identity=(), limits=SMALL.limits
)  # fmt: skip


JSON_RECORDS: dict[str, tuple[Callable[[], bytes], str]] = {
    "100,000 arrays": (lambda: b'{"notes":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "format.json"),
    "100,000 objects": (lambda: b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "format.json"),
    "a key twice": (lambda: GOOD[:-1] + b',"station":"KXYZ"}', "format.json"),
    "a key twice, once escaped": (lambda: GOOD[:-1] + rb',"\u0073tation":"KXYZ"}', "format.json"),
    "a key twice, within": (lambda: GOOD[:-1] + b',"x":{"a":1,"a":2}}', "format.json"),
    "a whole number of a million digits": (lambda: GOOD[:-1] + b',"x":' + b"9" * MILLION + b"}", "format.json"),
    "a fraction of a million digits": (lambda: GOOD[:-1] + b',"x":0.' + b"9" * MILLION + b"}", "format.json"),
    "a huge exponent": (lambda: GOOD.replace(b'"30"', b"1e999999999"), "format.json"),
    "a huge exponent, within": (lambda: GOOD[:-1] + b',"x":[{"y":-1E+0099999}]}', "format.json"),
    "a tiny exponent": (lambda: GOOD.replace(b'"30"', b"1e-999999999"), "format.json"),
    "an exponent beyond any": (lambda: GOOD.replace(b'"30"', b"1e" + b"9" * 30), "format.json"),
    "the largest whole number read": (lambda: GOOD.replace(b'"30"', b"9" * 4300), "schema.range"),
    "the largest exponent read": (lambda: GOOD.replace(b'"30"', b"1e999"), "schema.range"),
    "not a number": (lambda: GOOD.replace(b'"30"', b"NaN"), "format.json"),
    "a lone surrogate": (lambda: GOOD[:-1] + rb',"x":"\ud800"}', "format.json"),
    "a surrogate in UTF-8": (lambda: GOOD[:-1] + b',"x":"\xed\xa0\x80"}', "format.encoding"),
    "a NUL": (lambda: GOOD[:-1] + b',"x":"\0"}', "format.nul"),
    "20,000 keys": (lambda: b"{" + b",".join(b'"%d":1' % key for key in range(20_000)) + b"}", "format.json"),
    "1,001 keys": (lambda: b"{" + b",".join(b'"%d":1' % key for key in range(1_001)) + b"}", "format.json"),
    "1,000 keys": (lambda: b"{" + b",".join(b'"%d":1' % key for key in range(1_000)) + b"}", "schema.required"),
    "a string of 2 MB": (lambda: GOOD[:-1] + b',"station_":"' + b"x" * 2 * MILLION + b'"}', "schema.length"),
    "a string of 5 MB": (lambda: GOOD[:-1] + b',"x":"' + b"x" * 5 * MILLION + b'"}', "format.record_too_large"),
}  # fmt: skip


@pytest.mark.parametrize("kind", JSON_RECORDS)
@pytest.mark.parametrize("wrap", ["%s\n%s\n%s\n", "[%s,\n%s,\n%s]"], ids=["ndjson", "array"])
def test_a_hostile_json_record_is_rejected_alone(kind: str, wrap: str) -> None:
    make, code = JSON_RECORDS[kind]
    with bounded():
        found = findings_of(SMALL, wrap.encode() % (GOOD, make().replace(b"station_", b"notes"), OTHER))
    assert found == [None, code, None]


def test_a_nul_that_is_written_as_json_asks_is_text() -> None:
    """RFC 8259 §7: a reader that rejects it rejects valid JSON."""
    record = GOOD[:-1] + rb',"notes":"a\u0000b"}'
    judged = split_file(TRAFFIC, record).judged()[0]
    assert json.loads(judged.accepted[0].payload)["notes"] == "a\0b"


UNFINISHED_ARRAYS: dict[str, Callable[[], bytes]] = {
    "brackets": lambda: b"[" * 2 * MILLION,
    "objects": lambda: b'[{"a":' + b'{"a":' * 100_000,
    "arrays of arrays": lambda: b'[{"a":' + b"[1," * 150_000,
    "a string": lambda: b'[{"a":"' + b"x" * 2 * MILLION,
    "escapes": lambda: b'[{"a":"' + b'\\"' * MILLION,
    "a gap": lambda: b'[{"a":1},' + b" " * 2 * MILLION,
    "braces": lambda: b'[{"a":1' + b"}" * 2 * MILLION,
    "what follows the end": lambda: b'[{"a":1}' + b"]" * 2 * MILLION,
}


@pytest.mark.parametrize("kind", UNFINISHED_ARRAYS)
def test_an_array_without_end_has_no_record_that_is_accepted(kind: str) -> None:
    with bounded():
        found = findings_of(replace(TRAFFIC, limits=SMALLEST), UNFINISHED_ARRAYS[kind]())
    assert found
    assert None not in found


XML_RECORDS: dict[str, tuple[Callable[[], bytes], str]] = {
    "101 levels": (lambda: b"<spot>" + b"<a>" * 101 + b"x" + b"</a>" * 101 + b"</spot>", "format.xml"),
    "90,000 levels": (lambda: b"<spot>" + b"<a>" * 90_000 + b"x" + b"</a>" * 90_000 + b"</spot>", "format.xml"),
    "100,000 levels of itself": (lambda: b"<spot>" * 100_000 + b"</spot>" * 100_000, "format.xml"),
    "250,000 attributes": (
        lambda: b"<spot " + b" ".join(b"a%d=''" % name for name in range(250_000)) + b"/>",
        "format.xml",
    ),
    "250,000 elements": (lambda: b"<spot>" + b"<a/>" * 250_000 + b"</spot>", "format.xml"),
    "an attribute twice": (lambda: b"<spot id='1' id='2'/>", "format.xml"),
    "an undeclared entity": (lambda: b"<spot><id>&lol;</id></spot>", "format.xml"),
    "a declaration within": (lambda: b"<spot><!DOCTYPE a [<!ENTITY lol 'x'>]><id>&lol;</id></spot>", "format.xml"),
    "a NUL": (lambda: b"<spot><id>\0</id></spot>", "format.nul"),
    "a NUL by reference": (lambda: b"<spot><id>&#0;</id></spot>", "format.xml"),
    "a surrogate by reference": (lambda: b"<spot><id>&#xD800;</id></spot>", "format.xml"),
    "no UTF-8": (lambda: b"<spot><id>\xff</id></spot>", "format.encoding"),
    "a name of a million letters": (lambda: b"<spot><" + b"a" * MILLION + b"/></spot>", ""),
    "a text of 2 MB": (lambda: b"<spot><id>" + b"x" * 2 * MILLION + b"</id></spot>", ""),
    "a text of 5 MB": (
        lambda: b"<spot><id>" + b"x" * 5 * MILLION + b"</id></spot>",
        "format.record_too_large",
    ),
    "a comment of 7 MB": (lambda: b"<!--" + b"<spot/>" * MILLION + b"-->", "format.record_too_large"),
    "a reference a character": (lambda: b"<spot><id>" + b"&amp;" * 300_000 + b"</id></spot>", ""),
}


@pytest.mark.parametrize("kind", XML_RECORDS)
def test_a_hostile_xml_record_is_rejected_alone(kind: str) -> None:
    make, code = XML_RECORDS[kind]
    with bounded():
        found = findings_of(SPOTS, b"<log><spot><id>1</id></spot>" + make() + b"<spot><id>2</id></spot></log>")
    assert found == [None, code or None, None]


def test_a_record_of_as_many_levels_and_parts_as_allowed_is_read() -> None:
    levels = b"<spot>" + b"<a>" * 100 + b"x" + b"</a>" * 100 + b"</spot>"
    parts = b"<spot>" + b"<a/>" * (MOST_PARTS - 2) + b"</spot>"
    assert findings_of(SPOTS, b"<log>" + levels + parts + b"</log>") == [None, None]


BOMBS = {
    "a billion laughs": '<!DOCTYPE log [<!ENTITY a "lol">'
    + "".join(f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True))
    + "]><log><spot>&i;</spot></log>",
    "quadratic": f'<!DOCTYPE log [<!ENTITY a "{"x" * 20_000}">]><log><spot>{"&a;" * 10_000}</spot></log>',
    "an external entity": '<!DOCTYPE log [<!ENTITY a SYSTEM "file:///etc/hostname">]><log><spot>&a;</spot></log>',
    "an external parameter entity": '<!DOCTYPE log [<!ENTITY % a SYSTEM "http://localhost/a"> %a;]><log><spot/></log>',
    "an external subset": '<!DOCTYPE log SYSTEM "http://localhost/log.dtd"><log><spot/></log>',
    "late": "<?xml version='1.0'?>\n<!-- first -->\n<?pi?>\n<!DOCTYPE log><log><spot/></log>",
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_document_type_declaration_is_refused_unread(kind: str) -> None:
    with bounded(1), pytest.raises(Refused, match="document type declaration") as refusal:
        split_file(SPOTS, BOMBS[kind].encode())
    assert refusal.value.code == "format.doctype"


UNFINISHED_XML: dict[str, Callable[[], bytes]] = {
    "start tags": lambda: b"<log>" + b"<spot>" * 50_000,
    "an attribute": lambda: b"<log><spot a='" + b"x" * 2 * MILLION,
    "attributes": lambda: b"<log><spot " + b"a='1' " * 60_000,
    "comments in a record": lambda: b"<log><spot>" + b"<!-- -->" * 50_000,
    "comments": lambda: b"<log><spot/>" + b"<!-- -->" * 100_000,
    "half a comment": lambda: b"<log><spot/><!--" + b"- " * MILLION,
    "angle brackets": lambda: b"<log><spot/>" + b">" * 2 * MILLION,
    "what follows the end": lambda: b"<log><spot/></log>" + b"</log>" * 300_000,
}


@pytest.mark.parametrize("kind", UNFINISHED_XML)
def test_an_xml_file_without_end_has_a_rejected_record(kind: str) -> None:
    with bounded():
        found = findings_of(replace(SPOTS, limits=SMALLEST), UNFINISHED_XML[kind]())
    assert found[-1] is not None


def test_a_finding_is_never_the_content() -> None:
    raws = [b"<spot><id>secret</spot>", b"<spot><secret></spot>", b"<spot>&secret;</spot>"]
    layout = split_file(SPOTS, b"<log><spot/></log>").layout
    for finding in SPOTS.formats[0].parse(layout, raws):
        assert isinstance(finding, Finding)
        assert "secret" not in finding.message
