"""`check` against a bare loop: csv.reader, one list validation a 5,000 records, no hashing, rules or output."""

import csv
import tempfile
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from penstock.feeds.traffic import TrafficRecord
from penstock_ops.check import check
from penstock_ops.samples import SAMPLES
from penstock_ops.samples.sample import SampleOptions
from tests.bench.timing import best_of_both, peak_megabytes

RECORDS = 500_000
CHUNK = 5_000


def write_sample(path: Path, records: int, faults: float, log_format: str = "csv") -> Path:
    """A generated log."""
    with path.open("wb") as out:
        SAMPLES["traffic"].write(out, SampleOptions(records, log_format, faults=faults, seed=1), None)
    return path


def bare_loop(path: Path) -> None:
    """What anybody would write first, and no more."""
    model = TypeAdapter(list[TrafficRecord])
    with path.open(encoding="utf-8", newline="") as source:
        rows = csv.reader(source)
        header, chunk = next(rows), list[dict[str, str]]()
        for row in rows:
            chunk.append({name: cell for name, cell in zip(header, row, strict=True) if cell})
            if len(chunk) == CHUNK:
                model.validate_python(chunk)
                chunk = []
        model.validate_python(chunk)


_CHECK = """
import sys
from pathlib import Path
from penstock_ops.check import check
check(Path(sys.argv[1]), "traffic", Path(sys.argv[2]), lambda _: None)
"""


def measure() -> list[dict[str, Any]]:
    """Speed at 500,000 records, and memory a record between 100,000 and 1,000,000."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        clean = write_sample(here / "clean.csv", RECORDS, 0)
        faulty = write_sample(here / "faulty.csv", RECORDS, 0.01)
        for name, path in (("no faults", clean), ("1 % faults", faulty)):
            # The bare loop stops at the first bad record, so it is always given the clean file.
            ours, bare = best_of_both(
                lambda path=path: check(path, "traffic", here / "rejects.csv", lambda _: None), lambda: bare_loop(clean)
            )
            rows.append(_row(f"check, {name}: speed against the bare loop", bare / ours, "ratio"))
            rows.append(_row(f"check, {name}", ours / RECORDS * 1e6, "µs CPU a record"))
        small, large = (
            peak_megabytes(_CHECK, str(write_sample(here / "log.csv", records, 0)), str(here / "rejects.csv"))
            for records in (100_000, 1_000_000)
        )
        rows.append(_row("check, memory that grows with the file", (large - small) * 2**20 / 900_000, "bytes a record"))
    return rows


def _row(figure: str, value: float, unit: str) -> dict[str, Any]:
    return {"figure": figure, "value": value, "unit": unit}
