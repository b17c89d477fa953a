"""Each kind of compression: how fast a log comes out of it, and that memory stays the same whatever comes out."""

import tempfile
from pathlib import Path
from typing import Any

from penstock.split.compression import Expander, Kind
from tests.bench.checking import write_sample
from tests.bench.timing import cpu_seconds, in_turn, peak_megabytes, row
from tests.support.archives import COMPRESS

RECORDS = 200_000
BLOCK = 8 * 1024 * 1024  #: bytes, as they come from S3
ZEROS = 1024  #: MiB that come out of next to nothing

_ZEROS = """
import sys
from penstock.compression import Expander, Kind
from tests.bench.expanding import expand
expand(Kind(sys.argv[1]), open(sys.argv[2], "rb").read())
"""


def expand(kind: Kind, data: bytes) -> None:
    """Everything that comes out, piece by piece; nothing is kept."""
    expander = Expander(kind)
    for at in range(0, len(data), BLOCK):
        for _ in expander.push(data[at : at + BLOCK]):
            pass
    expander.finish()


def measure() -> list[dict[str, Any]]:
    """Speed on records like those of a traffic log; the peak of a process that expands a gibibyte of zeros."""
    rows = [row("memory before anything is expanded", peak_megabytes("import tests.bench.expanding"), "MB")]
    with tempfile.TemporaryDirectory() as folder:
        body = write_sample(Path(folder) / "log.csv", RECORDS, 0).read_bytes()
        packed = {kind: compress(body) for kind, compress in COMPRESS.items()}
        took = in_turn(
            {kind: lambda kind=kind: cpu_seconds(lambda: expand(kind, packed[kind])) for kind in packed}, rounds=3
        )
        for kind, compress in COMPRESS.items():
            zeros = Path(folder) / kind
            zeros.write_bytes(compress(bytes(ZEROS * 1024 * 1024)))
            rows.append(row(f"{kind}: speed", len(body) / 1e6 / took[kind], "MB a CPU second"))
            rows.append(row(f"{kind}: peak for 1 GiB of zeros", peak_megabytes(_ZEROS, kind, str(zeros)), "MB"))
    return rows
