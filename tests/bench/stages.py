"""CPU seconds a million records by stage: the real core over the twins, claims among them; and the claims by the real
adapter against MiniStack, where only this process's seconds are counted. All against `check`'s bare loop.
"""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from penstock.adapters.aws_claims import DynamoClaims
from penstock.adapters.aws_clients import aws_clients
from penstock.adapters.system_clock import SystemClock
from penstock.model.messages import SourceFile
from penstock.model.rows import Owner
from penstock.ports.destination import DestinationSettings
from penstock_testing.claims import MemoryClaims
from penstock_testing.histories import MemoryHistories
from penstock_testing.ledger import MemoryLedger
from penstock_testing.memory import (
    MemoryClock,
    MemoryDestination,
    MemoryEvents,
    MemoryMappings,
    MemoryQueue,
    MemoryStore,
)
from penstock_testing.throttle import MemoryThrottle
from tests.bench.checking import bare_loop, write_sample
from tests.bench.pipeline import STAGES, Ports, Tapped, run
from tests.bench.timing import cpu_seconds, in_turn, row
from tests.support.emulators import Emulator, ministack_in

RECORDS = 200_000
CLAIMED = 5_000  #: at once, as a chunk is
FEED = "traffic"
QUICK = DestinationSettings("http://127.0.0.1", rate_per_second=1e6, burst=1000, honours_idempotency_key=True)


class Source(MemoryStore):
    """The twin, without what it does to be sure that an object is the pinned one: that is S3's work."""

    async def read_source(self, file: SourceFile, start: int, end: int) -> bytes:
        return self.sources[file.bucket, file.key, file.version_id][start:end]


def measure() -> list[dict[str, Any]]:
    """CPU by stage, as multiples of the bare loop's."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_sample(Path(folder) / "log.csv", RECORDS, 0.01)
        body = path.read_bytes()
        least = dict.fromkeys(STAGES, float("inf"))

        def stages() -> float:
            seconds = asyncio.run(over_twins(FEED, body))
            least.update({stage: min(least[stage], seconds[stage]) for stage in STAGES})
            return sum(seconds.values())

        bare = in_turn({"stages": stages, "bare": lambda: cpu_seconds(lambda: bare_loop(path))})["bare"]
        with ministack_in(Path(folder) / "ministack") as server:
            claims = asyncio.run(_claims(server)) * RECORDS
    rows: list[dict[str, Any]] = []
    figures = least | {"claims by the real adapter": claims}
    figures["dispatcher, claims included"] = least["dispatcher"] + claims
    for name, seconds in {"bare loop": bare, **figures}.items():
        rows.append(row(f"{name}, CPU", seconds / RECORDS * 1e6, "s a million"))
        if name != "bare loop":
            rows.append(row(f"{name}, CPU against the bare loop", seconds / bare, "ratio"))
    return rows


async def over_twins(feed: str, body: bytes) -> dict[str, float]:
    """CPU seconds by stage of a file of that feed: claims, histories and the archive among them, no network."""
    store, clock = Source(), MemoryClock()
    file = store.drop(f"{feed}/sample", body)
    chunks, deliveries = Tapped(MemoryQueue(clock)), Tapped(MemoryQueue(clock))
    destination, events = MemoryDestination({feed: QUICK}), MemoryEvents()
    throttle, mappings = MemoryThrottle(), MemoryMappings()
    ledger, claims, histories = MemoryLedger(), MemoryClaims(), MemoryHistories()
    ports = Ports(store, ledger, claims, histories, chunks, deliveries, throttle, mappings, destination, events, clock)
    return await run(ports, file)


async def _claims(server: Emulator) -> float:
    """CPU seconds a claim, in this process."""
    with server.around():
        async with aws_clients() as aws:
            claims = DynamoClaims(aws.dynamodb, server.table("Claims"), SystemClock(), ttl_seconds=3600)
            least = float("inf")
            for first in range(0, 6 * CLAIMED, CLAIMED):
                wanted = {f"{at:032x}": Owner("f" * 20, 0, at, f"{at:032x}") for at in range(first, first + CLAIMED)}
                began = time.process_time()
                assert await claims.claim(FEED, wanted) == wanted
                least = min(least, time.process_time() - began)
    return least / CLAIMED
