"""The splitter against `wc -l` on the same file, and against itself where it has groups to keep whole."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from penstock.feeds.feed import Feed
from penstock.feeds.traffic import TRAFFIC
from penstock.formats.format import HEAD
from penstock.split.planner import Planner
from tests.bench.checking import write_sample
from tests.bench.timing import children_cpu, cpu_seconds, in_turn, row

RECORDS = 500_000
COUNTED = 20  #: times that wc reads a file
BLOCK = 8 * 1024 * 1024
GROUPED = replace(TRAFFIC, group=("station", "advertiser"))


def plan(path: Path, feed: Feed = TRAFFIC) -> int:
    """Splits a file from the page cache; the records found."""
    with path.open("rb") as source:
        planner = Planner(feed, feed.recognise(source.read(HEAD)))
        source.seek(0)
        while block := source.read(BLOCK):
            for _ in planner.push(block):
                pass
        for _ in planner.finish():
            pass
    return planner.records


def measure() -> list[dict[str, Any]]:
    """Throughput as ratios."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, log_format in (("CSV with quoted newlines", "csv"), ("NDJSON", "ndjson")):
            path = write_sample(Path(folder) / f"log.{log_format}", RECORDS, 0, log_format)
            # Many times the file, as one is too little for a process's clock.
            count = ["wc", "-l", *[str(path)] * COUNTED]
            took = in_turn(
                {
                    "ours": lambda path=path: cpu_seconds(lambda: plan(path)),
                    "grouped": lambda path=path: cpu_seconds(lambda: plan(path, GROUPED)),
                    "wc": lambda count=count: children_cpu(count) / COUNTED,
                }
            )
            megabytes = path.stat().st_size / 1e6
            rows.append(row(f"splitter, {name}: speed against wc -l", took["wc"] / took["ours"], "ratio"))
            rows.append(row(f"splitter, {name}", megabytes / took["ours"], "MB a CPU second"))
            rows.append(
                row(f"splitter, {name}: speed with groups against without", took["ours"] / took["grouped"], "ratio")
            )
            rows.append(row(f"wc -l, {name}", megabytes / took["wc"], "MB a CPU second"))
    return rows
