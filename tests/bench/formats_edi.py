"""X12, EDIFACT and SSIM: how fast they are split and parsed, against counting terminators and the best libraries found.

The libraries (pyx12, pydifact, ssim) are no part of the project. Where one can be imported, it is measured in the same
run; where not, its row is missing.
"""

import gc
import importlib
import importlib.util
import io
import tempfile
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from penstock.findings import Finding
from penstock.formats.edifact import Edifact
from penstock.formats.enveloped import Enveloped
from penstock.formats.format import HEAD
from penstock.formats.ssim import SSIM
from penstock.formats.x12 import X12
from penstock.messages import Layout
from tests.bench.timing import cpu_seconds, in_turn, row
from tests.support import edi

RECORDS = 20_000
ROUNDS = 3
SLICE = 256 * 1024
CHUNK = 5_000
LIBRARY = 2_000  #: records a library reads: so few, because it takes its time


@dataclass(frozen=True)
class Entry:
    """A format, a file of so many records in it, what counting them comes down to, and the library that reads it."""

    name: str
    reader: Enveloped
    make: Callable[[int], bytes]
    terminator: bytes
    library: str
    read: Callable[[bytes], object]


def x12(records: int) -> bytes:
    """Freight invoices of four lines."""
    party = [("N1", "SH", "ACME LOGISTICS", "2", "ACME"), ("N3", "123 MAIN STREET"), ("N4", "DECATUR", "IL", "62701")]
    line = [("LX", "1"), ("L5", "1", "FREIGHT"), ("L0", "1", "", "", "1200", "G"), ("L1", "1", "1.25", "PM", "15000")]
    body = [*party * 3, *line * 4, ("L3", "1200", "G", "", "", "60000")]
    return edi.interchange([edi.st(number, body) for number in range(1, records + 1)])


def edifact(records: int) -> bytes:
    """Invoices of four lines."""
    party = ["NAD+BY+5412345000013::9", "RFF+VA:4146023", "CTA+OC+:P FORGET"]
    line = ["LIN+1++4000862141404:SRS", "QTY+47:40", "MOA+203:1150", "PRI+AAA:28.75", "FTX+AAI+++4?'S"]
    body = [*party * 3, *line * 4, "UNS+S", "MOA+77:4600"]
    between, many = "'".join(body), len(body) + 2
    sent = "".join(f"UNH+{n}+INVOIC:D:96A:UN'{between}'UNT+{many}+{n}'" for n in range(1, records + 1))
    return f"UNB+UNOA:1+SENDER+PAYER+261120:2115+7'{sent}UNZ+{records}+7'".encode()


def ssim(records: int) -> bytes:
    """Legs without segment data."""
    lines = [f"1{'AIRLINE STANDARD SCHEDULE DATA SET':193}000001", f"2UXX      S26 27MAR2626OCT26{'':166}000002"]
    leg = "3 XX  1010101J03JUL2623OCT26      7 EVN07000700+0400  HRG08400840+0200  320"
    lines += [f"{leg:194}{number + 3:06}" for number in range(records)]
    lines.append(f"5 XX{'':183}{records + 2:06}E{records + 3:06}")
    return "".join(f"{line}\n" for line in lines).encode()


def _pyx12(body: bytes) -> None:
    source = importlib.import_module("pyx12.x12file").X12Reader(io.StringIO(body.decode()))
    for _ in source:
        source.pop_errors()


def _pydifact(body: bytes) -> None:
    with warnings.catch_warnings(action="ignore"):
        module: Any = importlib.import_module("pydifact.segmentcollection")
        for message in module.Interchange.from_str(body.decode()).get_messages():
            assert message.segments


def _ssim(body: bytes) -> None:
    module: Any = importlib.import_module("ssim")
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        assert module.read(file.name)


ENTRIES = (
    Entry("X12", X12(), x12, b"~", "pyx12", _pyx12),
    Entry("EDIFACT", Edifact(), edifact, b"'", "pydifact", _pydifact),
    Entry("SSIM", SSIM, ssim, b"\n", "ssim", _ssim),
)


def _layout(reader: Enveloped, body: bytes) -> Layout:
    layout = reader.recognise(body[:HEAD], lambda column: column)
    assert layout is not None
    return layout


def split(reader: Enveloped, body: bytes) -> list[list[bytes]]:
    """Cuts the file into chunks and checks its envelopes, slice by slice, as the splitter does."""
    layout = _layout(reader, body)
    envelopes = reader.envelopes(layout)
    at = reader.blank(layout, body[:SLICE], final=False)
    envelopes.follow(body[:at])
    chunks: list[list[bytes]] = []
    while at < len(body):
        taken = reader.take(layout, body, at, CHUNK, len(body), final=True)
        if not taken.records:
            break
        chunks.append([body[at : taken.end]])
        envelopes.follow(body[at : taken.end])
        at = taken.end
    envelopes.finish(body[at:])
    assert not envelopes.noted.counts, envelopes.noted
    return chunks


def judge(reader: Enveloped, body: bytes, chunks: list[list[bytes]]) -> int:
    """Splits the chunks into records and parses them; how many."""
    layout, parsed = _layout(reader, body), 0
    for (chunk,) in chunks:
        said = reader.parse(layout, reader.split(layout, chunk))
        assert not isinstance(said[0], Finding), said[0]
        parsed += len(said)
    return parsed


def measure() -> list[dict[str, Any]]:
    """Each format's speed."""
    rows: list[dict[str, Any]] = []
    # As in judging: records are many and without cycles.
    gc.disable()
    try:
        for entry in ENTRIES:
            rows += _measure(entry)
    finally:
        gc.enable()
    return rows


def _measure(entry: Entry) -> list[dict[str, Any]]:
    body, few = entry.make(RECORDS), entry.make(LIBRARY)
    chunks = split(entry.reader, body)
    assert judge(entry.reader, body, chunks) == RECORDS
    clocks = {
        "split": lambda: cpu_seconds(lambda: split(entry.reader, body)),
        "count": lambda: cpu_seconds(lambda: [body.count(entry.terminator) for _ in range(100)]) / 100,
        "parse": lambda: cpu_seconds(lambda: judge(entry.reader, body, chunks)),
    }
    if importlib.util.find_spec(entry.library):
        clocks["library"] = lambda: cpu_seconds(lambda: entry.read(few))
    took = in_turn(clocks, ROUNDS)
    megabytes = len(body) / 1e6
    rows = [
        row(f"splitter, {entry.name}", megabytes / took["split"], "MB a CPU second"),
        row(f"splitter, {entry.name}: speed against counting terminators", took["count"] / took["split"], "ratio"),
        row(f"validator's parser, {entry.name}", RECORDS / took["parse"], "records a CPU second"),
    ]
    if "library" in took:
        theirs = took["library"] / LIBRARY
        rows.append(row(f"{entry.library}, {entry.name}", 1 / theirs, "records a CPU second"))
        rows.append(
            row(
                f"validator's parser, {entry.name}: speed against {entry.library}",
                theirs / (took["parse"] / RECORDS),
                "ratio",
            )
        )
    return rows


def main() -> None:
    """Prints the figures."""
    with suppress(BrokenPipeError):
        for one in measure():
            print(f"{one['figure']:70} {one['value']:12,.3f} {one['unit']}")  # noqa: T201


if __name__ == "__main__":
    main()
