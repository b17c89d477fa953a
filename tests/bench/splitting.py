"""The splitter against `wc -l` on the same file, and its memory on a file that grows."""

import tempfile
from pathlib import Path
from typing import Any

from penstock.feeds.traffic import TRAFFIC
from penstock.formats.format import HEAD
from penstock.splitting import Planner
from tests.bench.checking import write_sample
from tests.bench.timing import ROUNDS, children_cpu, cpu_seconds, peak_megabytes

RECORDS = 500_000
BLOCK = 8 * 1024 * 1024

_SPLIT = """
import asyncio, random, sys
from penstock.adapters.memory import MemoryClock, MemoryEvents, MemoryQueue, MemoryStore
from penstock.adapters.memory_ledger import MemoryLedger
from penstock.messages import SourceFile
from penstock.splitter import SplitterPorts, split

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
            count = ["wc", "-l", str(path)]
            pairs = [(cpu_seconds(lambda path=path: plan(path)), children_cpu(count)) for _ in range(ROUNDS)]
            ours, counting = min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)
            rows.append(_row(f"splitter, {name}: speed against wc -l", counting / ours, "ratio"))
            rows.append(_row(f"splitter, {name}", path.stat().st_size / ours / 1e6, "MB a CPU second"))
    for size in (50_000_000, 1_000_000_000):
        rows.append(_row(f"splitter's peak memory, {size // 1_000_000:,} MB", peak_megabytes(_SPLIT, str(size)), "MB"))
    return rows


def _row(figure: str, value: float, unit: str) -> dict[str, Any]:
    return {"figure": figure, "value": value, "unit": unit}
