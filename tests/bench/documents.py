"""Documents: CPU a page by how it is read, and the peak memory of a process that reads a short one and a long one."""

import io
import tempfile
from pathlib import Path
from typing import Any

from penstock_documents.document import Document
from penstock_documents.forms import read_all, records_of
from penstock_documents.template import SEEDS, load_all
from penstock_ops.samples import SAMPLES
from penstock_ops.samples.sample import SampleOptions
from tests.bench.timing import cpu_seconds, peak_megabytes, row

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


def _written(folder: Path, pages: int, kind: str) -> str:
    body = io.BytesIO()
    SAMPLES["tower"].write(body, SampleOptions(pages, kind, seed=5), None)
    path = folder / f"{pages}.{kind}"
    path.write_bytes(body.getvalue())
    return str(path)


def measure() -> list[dict[str, Any]]:
    """Speed in this process, the peak in one of its own."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        short, long = _written(folder, SHORT, "pdf"), _written(folder, LONG, "pdf")
        scan = _written(folder, SHORT, "tiff")
        read(short)
        return [
            row("a page of text", 1000 * cpu_seconds(lambda: read(long)) / LONG, "CPU ms"),
            row("a page scanned at 300 dots an inch", 1000 * cpu_seconds(lambda: read(scan)) / SHORT, "CPU ms"),
            row(f"peak memory, {SHORT} pages of text", peak_megabytes(_READ, short), "MB"),
            row(f"peak memory, {LONG} pages of text", peak_megabytes(_READ, long), "MB"),
            row(f"peak memory, {SHORT} scanned pages", peak_megabytes(_READ, scan), "MB"),
        ]
