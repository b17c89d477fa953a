"""The splitter against `wc -l` on the same file, and its memory on a file that grows."""

import tempfile
from pathlib import Path
from typing import Any

from penstock.feeds.traffic import TRAFFIC
from penstock.formats.format import HEAD
from penstock.splitting import Planner
from tests.bench.checking import write_sample
from tests.bench.timing import children_cpu, cpu_seconds, in_turn, peak_megabytes, row

RECORDS = 500_000
COUNTED = 20  #: times that wc reads a file
BLOCK = 8 * 1024 * 1024

_IMPORTS = """
import asyncio, random, sys
from penstock.adapters.memory import MemoryClock, MemoryEvents, MemoryQueue, MemoryStore
from penstock.adapters.memory_ledger import MemoryLedger
from penstock.messages import SourceFile
from penstock.splitter import SplitterPorts, split
"""

_SPLIT = """
HEADER = b"spot_id,station,isci,air_date,air_time,length_s,notes\\n"
ROW = b'S1,WKRP,ABCD1234567H,2026-11-20,21:15:30,30,"said ""hi"",\\nand left"\\n'


class Endless(MemoryStore):
    '''A source that makes its bytes when they are read.'''

    async def read_source(self, file, start, end):
        first = (start - len(HEADER)) // len(ROW)
        body = ROW * ((end - start) // len(ROW) + 3)
        if start < len(HEADER):
            return (HEADER + body)[start:end]
        skip = (start - len(HEADER)) % len(ROW)
        return body[skip : skip + end - start]


class Counting(MemoryQueue):
    '''A queue that somebody empties.'''

    async def send_batch(self, messages):
        return []


class Forgetful(MemoryLedger):
    '''Chunk rows lie in DynamoDB, not in the splitter.'''

    async def plan_chunks(self, file, spans):
        pass


async def main(size):
    clock = MemoryClock()
    rows = (size - len(HEADER)) // len(ROW)
    file = SourceFile(feed="traffic", bucket="b", key="traffic/x.csv", version_id="1", etag="e",
                      size=len(HEADER) + rows * len(ROW))
    ports = SplitterPorts(Endless(), Forgetful(), Counting(clock), MemoryEvents(), clock, random.Random(1))
    done = await split(ports, file, clock.now() + 900)
    assert done.counts["RecordsReceived"] == rows, done


asyncio.run(main(int(sys.argv[1])))
"""


def plan(path: Path) -> int:
    """Splits a file from the page cache; the records found."""
    with path.open("rb") as source:
        planner = Planner(TRAFFIC, TRAFFIC.recognise(source.read(HEAD)))
        source.seek(0)
        while block := source.read(BLOCK):
            for _ in planner.push(block):
                pass
        for _ in planner.finish():
            pass
    return planner.records


def measure() -> list[dict[str, Any]]:
    """Throughput as a ratio to wc, and peak memory at 50 MB and 1 GB."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, log_format in (("CSV with quoted newlines", "csv"), ("NDJSON", "ndjson")):
            path = write_sample(Path(folder) / f"log.{log_format}", RECORDS, 0, log_format)
            # Many times the file, as one is too little for a process's clock.
            count = ["wc", "-l", *[str(path)] * COUNTED]
            took = in_turn(
                {
                    "ours": lambda path=path: cpu_seconds(lambda: plan(path)),
                    "wc": lambda count=count: children_cpu(count) / COUNTED,
                }
            )
            megabytes = path.stat().st_size / 1e6
            rows.append(row(f"splitter, {name}: speed against wc -l", took["wc"] / took["ours"], "ratio"))
            rows.append(row(f"splitter, {name}", megabytes / took["ours"], "MB a CPU second"))
            rows.append(row(f"wc -l, {name}", megabytes / took["wc"], "MB a CPU second"))
    empty = peak_megabytes(_IMPORTS)
    rows.append(row("splitter's memory before it splits anything", empty, "MB"))
    for size in (50_000_000, 1_000_000_000):
        rows.append(
            row(
                f"splitter's peak memory, a file of {size // 1_000_000:,} MB",
                peak_megabytes(_IMPORTS + _SPLIT, str(size)),
                "MB",
            )
        )
    return rows
