"""Requests, write units and dollars a million records: counted where the real adapters call the clients.

The whole pipeline runs over MiniStack, where every item's size can be looked up afterwards.
"""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Any

from penstock.adapters.aws_claims import DynamoClaims
from penstock.adapters.aws_clients import AwsClients, aws_clients
from penstock.adapters.aws_histories import DynamoHistoryItems
from penstock.adapters.aws_ledger import DynamoLedger
from penstock.adapters.aws_queue import SqsQueue
from penstock.adapters.aws_store import S3Store
from penstock.adapters.aws_throttle import DynamoThrottle
from penstock.adapters.system_clock import SystemClock
from penstock.identity.segmented_histories import SegmentedHistories
from penstock.model.messages import SourceFile
from penstock_testing.memory import MemoryDestination, MemoryEvents, MemoryMappings
from tests.bench.checking import write_sample
from tests.bench.pipeline import STAGES, Ports, Tapped, run
from tests.bench.stages import FEED, QUICK
from tests.bench.timing import row
from tests.support.emulators import Emulator, ministack_in

RECORDS = 50_000
UNIT = 1024  #: bytes of an item that a write unit writes
GB_OF_A_CPU = 1.769  #: memory with which Lambda gives a function one whole CPU

#: Dollars, from AWS's public price lists as they were in 2025, typed in here: us-east-1, on demand, no free tier.
#: DynamoDB standard tables, SQS standard queues, S3 Standard, Lambda on arm64.
PRICES = {
    "DynamoDB write units": 0.625e-6,
    "DynamoDB read units": 0.125e-6,
    "SQS requests": 0.40e-6,
    "S3 puts": 5e-6,
    "S3 gets": 0.40e-6,
    "Lambda calls": 0.20e-6,
    "Lambda GB-seconds": 13.3334e-6,
}

type Write = tuple[str, tuple[str, ...], int]
"""A table, an item's key, and how many times the price of a plain write this one has."""


class Counting:
    """A client that counts its calls, by service and stage, and keeps what was written."""

    def __init__(self, client: Any, service: str, counts: Counter[str], writes: list[Write]) -> None:
        self._client, self._service, self._counts, self._writes = client, service, counts, writes

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)

        async def counted(**request: Any) -> Any:
            match self._service:
                case "s3":
                    self._counts["S3 gets" if name.startswith("get_") else "S3 puts"] += 1
                case "sqs":
                    # Each message sent is received and deleted by a call of its own, as the template has BatchSize 1.
                    self._counts["SQS requests"] += 1 + 2 * len(request["Entries"])
                    self._counts["Lambda calls"] += len(request["Entries"])
                case _:
                    self._writes += _writes(name, request)
                    self._counts["DynamoDB read units"] += _reads(name, request)
                    self._counts["DynamoDB calls"] += 1
            return await call(**request)

        return counted


def _writes(name: str, request: Mapping[str, Any]) -> Iterator[Write]:
    """The items that a call writes; one in a transaction, or looked at by its condition, has twice the price."""
    if name == "transact_write_items":
        for action in (one for item in request["TransactItems"] for one in item.values()):
            yield action["TableName"], _key(action.get("Key") or action["Item"]), 2
    elif name == "batch_execute_statement":
        for one in request["Statements"]:
            table, keys = one["Statement"].split('"')[1], ("pk", "sk") if "'sk'" in one["Statement"] else ("pk",)
            yield table, tuple(value["S"] for value in one["Parameters"][: len(keys)]), 1
    elif name in ("update_item", "delete_item"):
        yield request["TableName"], _key(request["Key"]), 1


def _reads(name: str, request: Mapping[str, Any]) -> int:
    """Consistent reads of up to 4 KiB; no query of a chunk's batches is longer."""
    if name == "batch_get_item":
        return sum(len(asked["Keys"]) for asked in request["RequestItems"].values())
    return int(name in ("get_item", "query"))


def _key(item: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(item[name]["S"] for name in ("pk", "sk") if name in item)


def _units(writes: list[Write], server: Emulator, tables: tuple[str, ...]) -> Counter[str]:
    """Write units by what their partition key begins with, by the sizes that the items have in the end; one that is
    gone again was small."""
    sizes = {(table, _key(item)): _bytes(item) for table in tables for item in server.items(table)}
    units = Counter[str]()
    for table, key, times in writes:
        units[key[0].partition("#")[0]] += times * ceil(sizes.get((table, key), 1) / UNIT)
    return units


def _bytes(item: Mapping[str, Any]) -> int:
    return sum(len(name) + len(str(next(iter(value.values()))).encode()) for name, value in item.items())


def measure() -> list[dict[str, Any]]:
    """Counts, then dollars."""
    with tempfile.TemporaryDirectory() as folder:
        body = write_sample(Path(folder) / "log.csv", RECORDS, 0.01).read_bytes()
        with ministack_in(Path(folder) / "ministack") as server, server.around():
            seconds, counts, _ = asyncio.run(over_aws(server, body))
    million = 1e6 / RECORDS
    counts["Lambda calls"] += 1
    rows = [row(f"{stage} over AWS's clients, CPU", seconds[stage] * million, "s a million") for stage in STAGES]
    counted = {name: number * million for name, number in counts.items()}
    counted["Lambda GB-seconds"] = sum(seconds.values()) * million * GB_OF_A_CPU
    rows += [row(name, number, "a million") for name, number in sorted(counted.items())]
    cost = {name: counted[name] * price for name, price in PRICES.items()}
    rows += [row(f"{name}, list price of 2025", dollars, "$ a million") for name, dollars in cost.items()]
    rows.append(row("all of them (not: logs, traces, time spent waiting)", sum(cost.values()), "$ a million"))
    return rows


async def over_aws(server: Emulator, body: bytes) -> tuple[dict[str, float], Counter[str], Counter[str]]:
    """CPU seconds by stage, what was counted, and write units by what their partition key begins with: `FILE`,
    `THROTTLE`, or the feed, for claims."""
    ledger_table, claims_table = server.table("Ledger"), server.table("Claims")
    drop, work, clock = server.bucket(versioned=True), server.bucket(), SystemClock()
    counts: Counter[str] = Counter()
    writes: list[Write] = []
    put = server.client("s3").put_object(Bucket=drop, Key="traffic/log.csv", Body=body)
    file = SourceFile(
        feed=FEED,
        bucket=drop,
        key="traffic/log.csv",
        version_id=put["VersionId"],
        etag=put["ETag"].strip('"'),
        size=len(body),
    )
    async with aws_clients() as aws:
        counting = _counting(aws, counts, writes)
        ports = Ports(
            store=S3Store(counting.s3, work, work),
            ledger=DynamoLedger(counting.dynamodb, ledger_table, clock, ttl_seconds=3600),
            claims=DynamoClaims(counting.dynamodb, claims_table, clock, ttl_seconds=3600),
            histories=SegmentedHistories(DynamoHistoryItems(counting.dynamodb, ledger_table, clock), clock.now),
            chunks=Tapped(SqsQueue(counting.sqs, server.queue())),
            deliveries=Tapped(SqsQueue(counting.sqs, server.queue())),
            throttle=DynamoThrottle(counting.dynamodb, ledger_table),
            mappings=MemoryMappings(),
            destination=MemoryDestination({FEED: QUICK}),
            events=MemoryEvents(),
            clock=clock,
        )
        seconds = await run(ports, file)
    units = _units(writes, server, (ledger_table, claims_table))
    counts["DynamoDB write units"] = units.total()
    return seconds, counts, units


def _counting(aws: AwsClients, counts: Counter[str], writes: list[Write]) -> AwsClients:
    names = ("s3", "sqs", "dynamodb")
    return replace(aws, **{name: Counting(getattr(aws, name), name, counts, writes) for name in names})
