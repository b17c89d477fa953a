"""What a million records cost: CPU seconds by stage with the real core, requests and write units counted.

The stages run over the in-memory twins, so their seconds are the core's own; the claims run a second time through the
real adapter against MiniStack, and only this process's seconds are counted.
"""

import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from penstock.adapters.aws_claims import DynamoClaims
from penstock.adapters.aws_clients import aws_clients
from penstock.adapters.memory import MemoryClock, MemoryDestination, MemoryEvents, MemoryQueue, MemoryStore
from penstock.adapters.memory_ledger import MemoryClaims, MemoryLedger
from penstock.adapters.system_clock import SystemClock
from penstock.dispatcher import DispatcherPorts, dispatch
from penstock.ledger import Owner
from penstock.messages import ChunkMessage, DispatchMessage, read_message
from penstock.ports import DestinationSettings
from penstock.splitter import SplitterPorts, split
from penstock.validator import ValidatorPorts, validate
from penstock_ops.world import ministack, processes
from penstock_ops.world.servers import free_port
from tests.bench.checking import write_sample
from tests.support.emulators import Emulator

RECORDS = 200_000
CLAIMED = 20_000
FEED = "traffic"

#: AWS list prices of 2025 in us-east-1, in dollars: DynamoDB on demand, SQS standard, S3 standard, Lambda on arm64.
PRICES = {
    "write units": 0.625e-6,
    "SQS requests": 0.40e-6,
    "S3 puts": 5e-6,
    "S3 gets": 0.4e-6,
    "GB-seconds": 13.3334e-6,
}
MEMORY = {"splitter": 1.769, "validator": 1.769, "dispatcher": 1.024}

#: What a call of the port takes on AWS: (counter, how many), a transaction's items counting twice.
COSTS: dict[str, list[tuple[str, int]]] = {
    "claim_file": [("write units", 1)],
    "seal_file": [("write units", 1)],
    "settle_file": [("write units", 1)],
    "claim_validation": [("write units", 1)],
    "mark_validated": [("write units", 1)],
    "claim_dispatch": [("write units", 1)],
    "begin_attempt": [("write units", 4)],
    "note_answer": [("write units", 4)],
    "end_batch": [("write units", 4)],
    "settle_chunk": [("write units", 4)],
    "reserve": [("write units", 1)],
    "send_batch": [("SQS requests", 1)],
    "read_source": [("S3 gets", 1)],
    "get": [("S3 gets", 1)],
    "put": [("S3 puts", 1)],
    "put_parts": [("S3 puts", 1)],
}


class Counted:
    """A port that counts what its calls would take on AWS."""

    def __init__(self, port: Any, counts: Counter[str]) -> None:
        self._port, self._counts = port, counts

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._port, name)

        def counted(*arguments: Any, **named: Any) -> Any:
            for counter, number in COSTS.get(name, ()):
                self._counts[counter] += number
            if name == "plan_chunks":
                self._counts["write units"] += len(arguments[1])
            elif name == "fix_batches":
                self._counts["write units"] += 2 * (len(arguments[2]) + 1)
            elif name == "claim":
                self._counts["write units"] += len(arguments[1])
            return call(*arguments, **named)

        return counted


def measure() -> list[dict[str, Any]]:
    """CPU seconds, requests and dollars a million records."""
    with tempfile.TemporaryDirectory() as folder:
        body = write_sample(Path(folder) / "log.csv", RECORDS, 0.01).read_bytes()
        counts: Counter[str] = Counter()
        seconds = asyncio.run(_run(body, counts))
        claims = _claims_on_ministack(Path(folder) / "ministack")
    million = 1e6 / RECORDS
    # A message is sent, received and deleted.
    counts["SQS requests"] *= 3
    rows = [_row(f"{stage}, CPU", spent * million, "s a million") for stage, spent in seconds.items()]
    rows.append(_row("dispatcher's claims through the real adapter, CPU", claims * 1e6, "s a million"))
    counted = {name: counts[name] * million for name in ("write units", "SQS requests", "S3 puts", "S3 gets")}
    rows += [_row(name, number, "a million") for name, number in counted.items()]
    seconds["dispatcher"] += claims * RECORDS
    counted["GB-seconds"] = sum(spent * million * MEMORY[stage] for stage, spent in seconds.items())
    rows += [_row(f"cost of {name}", number * PRICES[name], "$ a million") for name, number in counted.items()]
    rows.append(_row("cost, all of it", sum(number * PRICES[name] for name, number in counted.items()), "$ a million"))
    return rows


async def _run(body: bytes, counts: Counter[str]) -> dict[str, float]:
    clock, rng = MemoryClock(), random.Random(1)
    memory = MemoryStore()
    counted: list[Any] = [Counted(port, counts) for port in (memory, MemoryLedger(), MemoryClaims())]
    store, ledger, claims = counted
    chunks, delivery, events = MemoryQueue(clock), MemoryQueue(clock), MemoryEvents()
    queues: list[Any] = [Counted(queue, counts) for queue in (chunks, delivery)]
    to_chunks, to_delivery = queues
    settings = DestinationSettings("http://127.0.0.1", rate_per_second=1e6, honours_idempotency_key=True)
    destination = MemoryDestination({FEED: settings})
    file = memory.drop("traffic/log.csv", body)
    seconds: dict[str, float] = {}

    began = time.process_time()
    await split(SplitterPorts(store, ledger, to_chunks, events, clock, rng), file, clock.now() + 900)
    seconds["splitter"] = time.process_time() - began

    began = time.process_time()
    ports = ValidatorPorts(store, ledger, to_delivery, clock, rng)
    while message := chunks.receive():
        await validate(ports, read_message(message.body, ChunkMessage), clock.now() + 120)
        chunks.delete(message)
    seconds["validator"] = time.process_time() - began

    began = time.process_time()
    out = DispatcherPorts(store, ledger, claims, to_delivery, destination, events, clock, rng)
    while message := delivery.receive():
        await dispatch(out, read_message(message.body, DispatchMessage), clock.now() + 300)
        delivery.delete(message)
    seconds["dispatcher"] = time.process_time() - began
    (row,) = await ledger.files(1)
    assert row.received == sum(row.counted.values()) == RECORDS
    return seconds


def _claims_on_ministack(folder: Path) -> float:
    port = free_port()
    process = ministack.start(port, folder, folder / "ministack.log")
    server = Emulator(f"http://127.0.0.1:{port}")
    try:
        with server.around():
            return asyncio.run(_claims(server.table("Claims")))
    finally:
        server.close()
        processes.stop(process)
        ministack.clear(folder)


async def _claims(table: str) -> float:
    """CPU seconds a claim."""
    async with aws_clients() as aws:
        claims = DynamoClaims(aws.dynamodb, table, SystemClock(), keep_seconds=3600)
        wanted: Mapping[str, Owner] = {f"{at:032x}": Owner("f" * 20, 0, at, "d" * 32) for at in range(CLAIMED)}
        began = time.process_time()
        owners = await claims.claim(FEED, wanted)
        spent = time.process_time() - began
    assert owners == wanted
    return spent / CLAIMED


def _row(figure: str, value: float, unit: str) -> dict[str, Any]:
    return {"figure": figure, "value": value, "unit": unit}
