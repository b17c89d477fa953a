"""Each format against the obvious way to read its files: cutting into chunks, and making fields of records.

A format is a line in `CASES`: how a file of it is made, and how somebody would read it who wants its records and no
more. The reference reads the whole file into objects; ours cuts it (splitter) and reads its records (validator) in two
steps, as they are two functions.
"""

import io
import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from itertools import batched
from typing import Any

import jiter

from penstock.feeds.feed import Feed
from penstock.feeds.traffic import TRAFFIC, TrafficRecord
from penstock.formats.format import HEAD, Format
from penstock.formats.json_array import JsonArray
from penstock.formats.ndjson import NdJson
from penstock.formats.xml import Xml
from penstock.judging import PART
from penstock.messages import Span
from penstock.splitting import Planner
from tests.bench.timing import cpu_seconds, in_turn, row

RECORDS = 100_000
BLOCK = 8 * 1024 * 1024
RECORD = {
    "record_type": "spot", "spot_id": "S00001", "station": "WPNS", "isci": "ABCD1234567H", "air_date": "2026-11-20",
    "air_time": "21:15:30", "length_s": "30", "advertiser": "Murphy, Dolan & Reyes", "rate": "1250.00",
    "notes": 'Tag reads "open Sundays"',
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """A format, a file of it with `RECORDS` records, and who else could read it."""

    name: str
    reader: Format
    make: Callable[[], bytes]
    reference: str
    read: Callable[[bytes], object]


def _records() -> list[dict[str, str]]:
    return [RECORD | {"spot_id": f"S{number:05d}"} for number in range(RECORDS)]


def _xml() -> bytes:
    root = ET.Element("log")
    for record in _records():
        spot = ET.SubElement(root, "spot")
        for name, value in record.items():
            ET.SubElement(spot, name).text = value
    ET.indent(root)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)


def _iterparse(body: bytes) -> None:
    """As its documentation advises: each record when it ends, and then away with it."""
    for _, element in ET.iterparse(io.BytesIO(body)):
        if element.tag == "spot":
            {child.tag: child.text for child in element}
            element.clear()


def _json_lines(body: bytes) -> None:
    for line in body.splitlines():
        jiter.from_json(line)


def _ndjson() -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in _records())


def _array(indent: int | None) -> bytes:
    return json.dumps(_records(), indent=indent).encode()


CASES = [
    Case("NDJSON", NdJson(), _ndjson, "a jiter loop over lines", _json_lines),
    Case("JSON array", JsonArray(), lambda: _array(None), "json.loads of the whole", json.loads),
    Case("JSON array, indented", JsonArray(), lambda: _array(1), "json.loads of the whole", json.loads),
    Case("XML", Xml("/log/spot"), _xml, "ElementTree.iterparse", _iterparse),
]


def _feed(reader: Format) -> Feed:
    return Feed(
        name="bench", title="Bench", formats=(reader,), record=TrafficRecord, identity=(), limits=TRAFFIC.limits
    )


def _plan(feed: Feed, body: bytes) -> list[Span]:
    planner = Planner(feed, feed.recognise(body[:HEAD]))
    spans = [span for at in range(0, len(body), BLOCK) for span in planner.push(body[at : at + BLOCK])]
    return [*spans, *planner.finish()]


def _parse(feed: Feed, body: bytes, spans: list[Span]) -> None:
    layout, reader = feed.recognise(body[:HEAD]), feed.formats[0]
    for span in spans:
        for raws in batched(reader.split(layout, body[span.start : span.end]), PART, strict=False):
            reader.parse(layout, raws)


def measure() -> list[dict[str, Any]]:
    """Splitter and parser of each format, as ratios to its reference in the same run."""
    rows: list[dict[str, Any]] = []
    for case in CASES:
        body, feed = case.make(), _feed(case.reader)
        spans = _plan(feed, body)
        assert sum(span.records for span in spans) == RECORDS
        took = in_turn(
            {
                "split": lambda body=body, feed=feed: cpu_seconds(lambda: _plan(feed, body)),
                "parse": lambda body=body, feed=feed, spans=spans: cpu_seconds(lambda: _parse(feed, body, spans)),
                "reference": lambda body=body, case=case: cpu_seconds(lambda: case.read(body)),
            },
            rounds=3,
        )
        megabytes = len(body) / 1e6
        rows.append(row(f"{case.name}: splitter against {case.reference}", took["reference"] / took["split"], "ratio"))
        rows.append(row(f"{case.name}: splitter", megabytes / took["split"], "MB a CPU second"))
        rows.append(row(f"{case.name}: {case.reference}", megabytes / took["reference"], "MB a CPU second"))
        rows.append(row(f"{case.name}: cut and parsed", RECORDS / took["parse"], "records a CPU second"))
        rows.append(row(f"{case.name}: {case.reference}", RECORDS / took["reference"], "records a CPU second"))
    return rows
