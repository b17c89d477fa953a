"""Documents: CPU a page by how it is read, the peak memory of a process that reads a short one, a long one and a range
of a gigabyte, and what the extractor's layers take."""

import io
import os
import tempfile
from pathlib import Path
from typing import Any

import pikepdf

from penstock_documents.document import TEXTS_AT_ONCE, Document
from penstock_documents.forms import read_all, read_page, records_of
from penstock_documents.template import SEEDS, load_all
from penstock_ops.samples import SAMPLES
from penstock_ops.samples.sample import SampleOptions
from tests.bench.timing import cpu_seconds, peak_megabytes, row
from tests.unit.test_layer_size import size_of

SHORT, LONG = 10, 2_000
_READ = """
import sys
from tests.bench.documents import read
read(sys.argv[1])
"""


def read(path: str) -> int:
    """Reads a document into records; how many there are."""
    templates = load_all(SEEDS).active
    return sum(1 for _ in records_of(read_all(Document(Path(path)), templates), templates, "0" * 64))


_READ_RANGE = """
import sys
from tests.bench.documents import read_range
read_range(sys.argv[1], int(sys.argv[2]))
"""
PICTURE = 1024, 512  #: pixels of a picture that each page of the largest document has: half a megabyte


def read_range(path: str, pages: int) -> None:
    """Reads so many pages from the middle of a document, as one reader does."""
    templates, document = load_all(SEEDS).active, Document(Path(path))
    first = (document.pages - pages) // 2 + 1
    for number in range(first, first + pages):
        read_page(document, number, templates)


def _written(folder: Path, pages: int, kind: str) -> str:
    body = io.BytesIO()
    SAMPLES["tower"].write(body, SampleOptions(pages, kind, seed=5), None)
    path = folder / f"{pages}.{kind}"
    path.write_bytes(body.getvalue())
    return str(path)


def _with_pictures(path: str) -> str:
    """A document with half a megabyte more on each page."""
    ink, large = os.urandom(PICTURE[0] * PICTURE[1]), f"{path}.large"
    with pikepdf.open(path) as document:
        for page in document.pages:
            picture = document.make_stream(ink, Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image)
            picture.Width, picture.Height = PICTURE
            picture.BitsPerComponent, picture.ColorSpace = 8, pikepdf.Name.DeviceGray
            page.Resources.XObject = pikepdf.Dictionary(P=picture)
            page.contents_add(b"q 100 0 0 50 480 700 cm /P Do Q")
        document.save(large, compress_streams=False)
    return large


def measure() -> list[dict[str, Any]]:
    """Speed in this process, the peak in one of its own."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        short, long = _written(folder, SHORT, "pdf"), _written(folder, LONG, "pdf")
        scan, large = _written(folder, SHORT, "tiff"), _with_pictures(long)
        read(short)
        return [
            row("a page of text", 1000 * cpu_seconds(lambda: read(long)) / LONG, "CPU ms"),
            row("a page scanned at 300 dots an inch", 1000 * cpu_seconds(lambda: read(scan)) / SHORT, "CPU ms"),
            row(f"peak memory, {SHORT} pages of text", peak_megabytes(_READ, short), "MB"),
            row(f"peak memory, {LONG} pages of text", peak_megabytes(_READ, long), "MB"),
            row(f"peak memory, {SHORT} scanned pages", peak_megabytes(_READ, scan), "MB"),
            row(f"size of a document of {LONG} pages with pictures", Path(large).stat().st_size / 1e6, "MB"),
            row(
                f"peak memory, {TEXTS_AT_ONCE} pages of it, a range",
                peak_megabytes(_READ_RANGE, large, str(TEXTS_AT_ONCE)),
                "MB",
            ),
            row("layers of the extractor", sum(map(size_of, ("penstock", "documents"))) / 1e6, "MB"),
        ]
