"""Each format against the obvious readers of its files: cutting into chunks, and making fields of records.

A format is a line in `CASES`: its feed, how a file of it is made, and who else reads it. They read the whole file into
objects; ours cuts it (splitter) and makes fields of its records (the validator's parser) in two steps, as these are two
functions. What the validator does besides, models and rules and digests, is in a row of its own.
"""

import gc
import json
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import batched
from typing import Any

from penstock.feeds.feed import Feed
from penstock.feeds.traffic import TRAFFIC
from penstock.formats.delimited import Delimited
from penstock.formats.edifact import Edifact
from penstock.formats.format import HEAD, Format
from penstock.formats.json_array import JsonArray
from penstock.formats.ndjson import NdJson
from penstock.formats.ssim import SSIM
from penstock.formats.x12 import X12
from penstock.formats.xml import Xml
from penstock.model.findings import Finding
from penstock.model.messages import Layout, Span
from penstock.split.planner import Planner
from penstock.validate.judging import PART, judge
from tests.bench import other_readers
from tests.bench.other_readers import Reader
from tests.bench.timing import cpu_seconds, in_turn, row
from tests.support import edi
from tests.support.spots import csv_file

RECORDS = 50_000
FEW = 2_000  #: records for a reader that takes its time
ROUNDS = 3
COUNTED = 100  #: times that terminators are counted: once is too little for a process's clock
BLOCK = 8 * 1024 * 1024
RECORD = {
    "record_type": "spot", "spot_id": "S00001", "station": "WPNS", "isci": "ABCD1234567H", "air_date": "2026-11-20",
    "air_time": "21:15:30", "length_s": "30", "advertiser": "Murphy, Dolan & Reyes", "rate": "1250.00",
    "notes": 'Tag reads "open Sundays"',
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """A feed of one format; a file of it, of so many records; what ends its lines or segments; who else reads it."""

    name: str
    feed: Feed
    make: Callable[[int], bytes]
    others: Sequence[Reader]
    terminator: bytes = b"\n"


def _records(many: int) -> list[dict[str, str]]:
    return [RECORD | {"spot_id": f"S{number:05d}"} for number in range(many)]


def _ndjson(many: int) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in _records(many))


def _xml(many: int) -> bytes:
    root = ET.Element("log")
    for record in _records(many):
        spot = ET.SubElement(root, "spot")
        for name, value in record.items():
            ET.SubElement(spot, name).text = value
    ET.indent(root)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)


def _x12(many: int) -> bytes:
    """Freight invoices of four lines."""
    party = [("N1", "SH", "ACME LOGISTICS", "2", "ACME"), ("N3", "123 MAIN STREET"), ("N4", "DECATUR", "IL", "62701")]
    line = [("LX", "1"), ("L5", "1", "FREIGHT"), ("L0", "1", "", "", "1200", "G"), ("L1", "1", "1.25", "PM", "15000")]
    body = [*party * 3, *line * 4, ("L3", "1200", "G", "", "", "60000")]
    return edi.interchange([edi.st(number, body) for number in range(1, many + 1)])


def _edifact(many: int) -> bytes:
    """Invoices of four lines."""
    party = ["NAD+BY+5412345000013::9", "RFF+VA:4146023", "CTA+OC+:P FORGET"]
    line = ["LIN+1++4000862141404:SRS", "QTY+47:40", "MOA+203:1150", "PRI+AAA:28.75", "FTX+AAI+++4?'S"]
    body = [*party * 3, *line * 4, "UNS+S", "MOA+77:4600"]
    between, count = "'".join(body), len(body) + 2
    sent = "".join(f"UNH+{n}+INVOIC:D:96A:UN'{between}'UNT+{count}+{n}'" for n in range(1, many + 1))
    return f"UNB+UNOA:1+SENDER+PAYER+261120:2115+7'{sent}UNZ+{many}+7'".encode()


def _ssim(many: int) -> bytes:
    """Legs without segment data."""
    lines = [f"1{'AIRLINE STANDARD SCHEDULE DATA SET':193}000001", f"2UXX      S26 27MAR2626OCT26{'':166}000002"]
    leg = "3 XX  1010101J03JUL2623OCT26      7 EVN07000700+0400  HRG08400840+0200  320"
    lines += [f"{leg:194}{number + 3:06}" for number in range(many)]
    lines.append(f"5 XX{'':183}{many + 2:06}E{many + 3:06}")
    return "".join(f"{line}\n" for line in lines).encode()


def _traffic(reader: Format) -> Feed:
    return replace(TRAFFIC, formats=(reader,))


def _any(reader: Format) -> Feed:
    return replace(edi.feed_of(reader), limits=TRAFFIC.limits)


def _array(indent: int | None) -> Callable[[int], bytes]:
    return lambda many: json.dumps(_records(many), indent=indent).encode()


CASES = [
    Case("CSV", _traffic(Delimited()), lambda many: csv_file(_records(many)), other_readers.CSV),
    Case("NDJSON", _traffic(NdJson()), _ndjson, other_readers.NDJSON),
    Case("JSON array", _traffic(JsonArray()), _array(None), other_readers.JSON, b"{"),
    Case("JSON array, indented", _traffic(JsonArray()), _array(1), other_readers.JSON),
    Case("XML", _traffic(Xml("/log/spot")), _xml, other_readers.XML),
    Case("X12", _any(X12()), _x12, other_readers.X12, b"~"),
    Case("EDIFACT", _any(Edifact()), _edifact, other_readers.EDIFACT, b"'"),
    Case("SSIM", _any(SSIM), _ssim, other_readers.SSIM),
]


def _plan(feed: Feed, body: bytes) -> list[Span]:
    planner = Planner(feed, feed.recognise(body[:HEAD]))
    spans = [span for at in range(0, len(body), BLOCK) for span in planner.push(body[at : at + BLOCK])]
    spans += planner.finish()
    assert not planner.noted.counts, planner.noted
    return spans


@dataclass(frozen=True, slots=True)
class _Chunks:
    """A file, cut."""

    feed: Feed
    layout: Layout
    chunks: Sequence[tuple[Span, bytes]]

    def parse(self) -> None:
        """The validator's parser alone."""
        reader = self.feed.formats[0]
        for span, chunk in self.chunks:
            layout = span.layout or self.layout
            for raws in batched(reader.split(layout, chunk), PART, strict=False):
                said = reader.parse(layout, raws)
                assert not isinstance(said[0], Finding), said[0]

    def judge(self) -> None:
        """The validator's whole work on them."""
        for span, chunk in self.chunks:
            judged = judge(self.feed, span.layout or self.layout, span, chunk)
            assert len(judged.accepted) == span.records, judged.rejected[:1]


def measure() -> list[dict[str, Any]]:
    """Every format."""
    # As in judging, for all of them: records are many and without cycles.
    gc.disable()
    try:
        # What others' libraries warn of is their affair.
        with warnings.catch_warnings(action="ignore"):
            return [row for case in CASES for row in _measure(case)]
    finally:
        gc.enable()


def _measure(case: Case) -> list[dict[str, Any]]:
    feed, body, few = case.feed, case.make(RECORDS), case.make(FEW)
    spans = _plan(feed, body)
    assert sum(span.records for span in spans) == RECORDS
    cut = _Chunks(feed, feed.recognise(body[:HEAD]), [(span, body[span.start : span.end]) for span in spans])
    there = [other for other in case.others if other.is_there]
    took = in_turn(
        {
            "count": lambda: cpu_seconds(lambda: [body.count(case.terminator) for _ in range(COUNTED)]) / COUNTED,
            "split": lambda: cpu_seconds(lambda: _plan(feed, body)),
            "parse": lambda: cpu_seconds(cut.parse),
            "judge": lambda: cpu_seconds(cut.judge),
            **{
                other.name: lambda other=other: cpu_seconds(lambda: other.read(few if other.slow else body))
                for other in there
            },
        },
        ROUNDS,
    )
    megabytes, name = len(body) / 1e6, case.name
    rows = [
        row(f"{name}: splitter", megabytes / took["split"], "MB a CPU second"),
        row(f"{name}: splitter against counting terminators", took["count"] / took["split"], "ratio"),
        row(f"{name}: validator's parser", RECORDS / took["parse"], "records a CPU second"),
        row(f"{name}: validator", RECORDS / took["judge"], "records a CPU second"),
    ]
    for other in there:
        theirs = took[other.name] * (RECORDS / FEW if other.slow else 1)
        rows += [
            row(f"{name}: {other.name}", RECORDS / theirs, "records a CPU second"),
            row(f"{name}: splitter against {other.name}", theirs / took["split"], "ratio"),
            row(f"{name}: validator's parser against {other.name}", theirs / took["parse"], "ratio"),
        ]
    return rows
