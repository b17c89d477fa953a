"""A file that grows: memory, the time to the first chunk sent, hops, speed. Its bytes are made when they are read.

A splitter gets ten seconds an invocation, so that a file of 20 GB is handed on several times; every chunk is compared
with where it must be cut, which in such a file can be reckoned.
"""

import asyncio
import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from penstock import feeds
from penstock.adapters.system_clock import SystemClock
from penstock.model.messages import SplitMessage
from penstock.split.stage import RESERVE, SplitterPorts, split
from penstock_testing.memory import MemoryEvents, MemoryQueue
from tests.bench.timing import peak_megabytes, row
from tests.support.endless import ENDLESS, Checking, EndlessStore, Forgetful

SMALL, LARGE, HUGE = 10_000_000, 1_000_000_000, 20_000_000_000
SECONDS = 10.0  #: an invocation has for work, beside what it keeps for handing on


async def _split(name: str, size: int) -> dict[str, float]:
    kind = ENDLESS[name]
    feeds.FEEDS["traffic"] = kind.feed()
    rows = kind.many(size)
    store, ledger, clock = EndlessStore(kind, rows), Forgetful(), SystemClock()
    intake, chunks = MemoryQueue(clock), Checking(kind, rows)  # pyright: ignore[reportArgumentType]
    ports: Any = SplitterPorts(store, ledger, intake, chunks, chunks, MemoryEvents(), clock, random.Random(1))  # pyright: ignore[reportArgumentType]
    hops, began, cpu = 0, time.perf_counter(), time.process_time()
    while (
        done := await split(ports, SplitMessage(file=store.file, hop=hops), time.time() + RESERVE + SECONDS)
    ).what != "sealed":
        hops += 1
    assert done.counts["RecordsReceived"] == rows, done
    assert chunks.is_done
    return {
        "hops": hops,
        "first": chunks.first - began,
        "speed": size / 1e6 / (time.process_time() - cpu),
    }


def measure() -> list[dict[str, Any]]:
    """Each size in a process of its own."""
    rows = [row("memory before anything is split", peak_megabytes("import tests.bench.huge"), "MB")]
    for name in ENDLESS:
        for size in (SMALL, LARGE, HUGE) if name == "CSV" else (SMALL, LARGE):
            command = [sys.executable, "-m", "tests.bench.huge", name, str(size)]
            told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            figure = f"{name}, a file of {size // 1_000_000:,} MB"
            rows += [
                row(f"{figure}: peak memory", told["peak"], "MB"),
                row(f"{figure}: handed on", told["hops"], "times"),
                row(f"{figure}: to the first chunk sent", told["first"] * 1000, "ms"),
                row(f"{figure}: speed, its bytes being made included", told["speed"], "MB a CPU second"),
            ]
    return rows


def _peak_megabytes() -> float:
    with Path("/proc/self/status").open(encoding="ascii") as status:
        return int(next(line.split()[1] for line in status if line.startswith("VmHWM"))) / 1024


if __name__ == "__main__":
    told = asyncio.run(_split(sys.argv[1], int(sys.argv[2])))
    sys.stdout.write(json.dumps(told | {"peak": _peak_megabytes()}))
