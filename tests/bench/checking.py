"""`check` against a bare loop: csv.reader, one list validation a 5,000 records, no hashing, rules or output."""

import csv
import tempfile
from contextlib import suppress
from itertools import batched
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from penstock.feeds.traffic import TrafficRecord
from penstock_ops.check.check_file import check
from penstock_ops.samples import SAMPLES
from penstock_ops.samples.sample import SampleOptions
from tests.bench.timing import cpu_seconds, in_turn, peak_megabytes, row

RECORDS = 500_000
CHUNK = 5_000


def write_sample(path: Path, records: int, faults: float, log_format: str = "csv") -> Path:
    """A generated log."""
    with path.open("wb") as out:
        SAMPLES["traffic"].write(out, SampleOptions(records, log_format, faults=faults, seed=1), None)
    return path


def bare_loop(path: Path) -> None:
    """What anybody would write first, and no more. A chunk with a bad record in it has been looked at, and is left."""
    model = TypeAdapter(list[TrafficRecord])
    with path.open(encoding="utf-8", errors="replace", newline="") as source:
        rows = csv.reader(source)
        header = next(rows)
        for chunk in batched(rows, CHUNK, strict=False):
            with suppress(ValidationError):
                model.validate_python([{name: cell for name, cell in zip(header, row) if cell} for row in chunk])  # noqa: B905


_CHECK = """
import sys
from pathlib import Path
from penstock_ops.check.check_file import check
check(Path(sys.argv[1]), "traffic", Path(sys.argv[2]), lambda _: None)
"""


def measure() -> list[dict[str, Any]]:
    """Speed at 500,000 records, and memory a record between 100,000 and 1,000,000."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        clean = write_sample(here / "clean.csv", RECORDS, 0)
        faulty = write_sample(here / "faulty.csv", RECORDS, 0.01)
        very = write_sample(here / "very.csv", RECORDS, 0.1)
        for name, path in (("no faults", clean), ("1 % faults", faulty), ("10 % faults", very)):
            took = in_turn(
                {
                    "check": lambda path=path: cpu_seconds(
                        lambda: check(path, "traffic", here / "rejects.csv", lambda _: None)
                    ),
                    "bare": lambda path=path: cpu_seconds(lambda: bare_loop(path)),
                }
            )
            rows.append(row(f"check, {name}: speed against the bare loop", took["bare"] / took["check"], "ratio"))
            rows.append(row(f"check, {name}", took["check"] / RECORDS * 1e6, "µs CPU a record"))
            rows.append(row(f"bare loop, {name}", took["bare"] / RECORDS * 1e6, "µs CPU a record"))
        small, large = (
            peak_megabytes(_CHECK, str(write_sample(here / "log.csv", records, 0)), str(here / "rejects.csv"))
            for records in (100_000, 1_000_000)
        )
        rows.append(row("check, memory that grows with the file", (large - small) * 2**20 / 900_000, "bytes a record"))
    return rows
