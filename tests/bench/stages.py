"""CPU seconds a million records by stage: the real core over the twins, claims among them; and the claims by the real
adapter over TLS, as `claims` measures them. All against `check`'s bare loop.
"""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from penstock.model.messages import SourceFile
from penstock.ports.destination import Destination, DestinationSettings
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
from tests.bench.claims import OURS, claims_cpu
from tests.bench.pipeline import STAGES, Ports, Tapped, run
from tests.bench.timing import cpu_seconds, in_turn, row

RECORDS = 200_000
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
    claims = claims_cpu()[OURS] * RECORDS
    rows: list[dict[str, Any]] = []
    figures = least | {"claims by the real adapter": claims}
    figures["dispatcher, claims included"] = least["dispatcher"] + claims
    for name, seconds in {"bare loop": bare, **figures}.items():
        rows.append(row(f"{name}, CPU", seconds / RECORDS * 1e6, "s a million"))
        if name != "bare loop":
            rows.append(row(f"{name}, CPU against the bare loop", seconds / bare, "ratio"))
    return rows


async def over_twins(feed: str, body: bytes, destination: Destination | None = None) -> dict[str, float]:
    """CPU seconds by stage of a file of that feed: claims, histories and the archive among them; no network, but that
    of a `destination`."""
    store, clock = Source(), MemoryClock()
    file = store.drop(f"{feed}/sample", body)
    chunks, deliveries = Tapped(MemoryQueue(clock)), Tapped(MemoryQueue(clock))
    events = MemoryEvents()
    throttle, mappings = MemoryThrottle(), MemoryMappings()
    ledger, claims, histories = MemoryLedger(), MemoryClaims(), MemoryHistories()
    called = destination or MemoryDestination({feed: QUICK})
    ports = Ports(store, ledger, claims, histories, chunks, deliveries, throttle, mappings, called, events, clock)
    return await run(ports, file)
