"""How far it goes: AWS's published quotas, and what follows from them by what was counted in the same run. Two files of
the traffic feed go through the pipeline over MiniStack: a large one, and one of a single record.
"""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penstock.feeds.traffic import TRAFFIC
from penstock_ops.world.project import ROOT
from tests.bench.checking import write_sample
from tests.bench.requests import GB_OF_A_CPU, PRICES, over_aws
from tests.bench.stages import FEED, QUICK
from tests.bench.timing import row
from tests.support.emulators import ministack_in
from tests.template.cloudformation import Template

RECORDS = 20_000
DAY, HOUR, MINUTE = 86_400, 3_600, 60

#: docs/scale.md has the page of each, and when it was read.
PARTITION_WRITES = 1_000  #: write units a second of one partition key of DynamoDB
TABLE_WRITES = 40_000  #: write units a second of a table, unless more is asked for
NEW_TABLE_WRITES = 4_000  #: write units a second of a new table, at once
CONCURRENCY = 1_000  #: Lambda's, of an account in a region, unless more is asked for
PUTS = 3_500  #: a second to a partitioned prefix of S3
IN_FLIGHT = 120_000  #: messages of one queue that were received and not deleted

INDEX_WRITES = 2  #: write units under one state in the index of files by state: a file comes into it, and goes

A_DAY = 1_000_000_000  #: records
TERABYTE = 10**12
A_MINUTE = 10_000  #: small files


@dataclass(frozen=True, slots=True)
class Run:
    """A file of so many records and bytes, CPU seconds, what was counted, and write units by partition keys."""

    records: int
    size: int
    seconds: float
    counts: Counter[str]
    units: Counter[str]

    @property
    def chunks(self) -> int:
        """A chunk of this feed is full by its records."""
        return -(-self.records // TRAFFIC.limits.records)

    @property
    def dollars(self) -> float:
        """At list prices, without logs and traces."""
        counts = {**self.counts, "Lambda GB-seconds": self.seconds * GB_OF_A_CPU}
        return sum(counts.get(name, 0) * price for name, price in PRICES.items())


def measure() -> list[dict[str, Any]]:
    """What limits a file, a destination, an account."""
    return list(_derived(_run(RECORDS), _run(1), Template.read(ROOT / "template.yaml")))


def _run(records: int) -> Run:
    with (
        tempfile.TemporaryDirectory() as folder,
        ministack_in(Path(folder) / "ministack") as server,
        server.around(),
    ):
        body = write_sample(Path(folder) / "log.csv", records, 0.0).read_bytes()
        seconds, counts, units = asyncio.run(over_aws(server, body))
    counts["Lambda calls"] += 1
    return Run(records, len(body), sum(seconds.values()), counts, units)


def _derived(large: Run, tiny: Run, template: Template) -> Iterator[dict[str, Any]]:
    a_chunk = large.units["FILE"] / large.chunks
    of_file = PARTITION_WRITES / a_chunk * large.records / large.chunks
    yield row("a chunk's writes under its file's key", a_chunk, "write units")
    yield row("one file, by its key", of_file, "records a second")
    terabyte = TERABYTE / (large.size / large.records)
    yield row("a file of 1 TB: chunks", terabyte / large.records * large.chunks, "chunks")
    yield row("a file of 1 TB, by its key, at least", terabyte / of_file / HOUR, "hours")

    of_line = large.units["THROTTLE"] / large.records
    yield row(
        f"bookings at a destination that takes {QUICK.batch_records} records a call", of_line, "write units a record"
    )
    yield row("one destination, by its line", PARTITION_WRITES / of_line, "records a second")

    of_claims = large.units[FEED] / large.records
    yield row("claims", of_claims, "write units a record")
    yield row("one account, by the claims' table", TABLE_WRITES / of_claims, "records a second")
    yield row("one account, by a claims' table that is new", NEW_TABLE_WRITES / of_claims, "records a second")
    a_second = A_DAY / DAY
    yield row("a billion records a day", a_second, "records a second")
    yield row("a billion records a day: of what the claims' table takes", a_second * of_claims / TABLE_WRITES, "ratio")
    yield row(
        "a billion records a day: puts to S3, all prefixes",
        a_second * large.counts["S3 puts"] / large.records,
        "a second",
    )
    yield row(
        "a billion records a day: of what one prefix takes",
        a_second * large.counts["S3 puts"] / large.records / PUTS,
        "ratio",
    )
    yield row(
        "a billion records a day: CPUs of Lambda, waiting apart", a_second * large.seconds / large.records, "CPUs"
    )

    files = A_MINUTE / MINUTE
    yield row("files, by the index of their states", PARTITION_WRITES / INDEX_WRITES, "files a second")
    yield row("10,000 files of one record a minute", files, "files a second")
    yield row("10,000 files of one record a minute", files * tiny.units.total(), "write units a second")
    yield row("10,000 files of one record a minute: puts to S3", files * tiny.counts["S3 puts"], "a second")
    yield row("10,000 files of one record a minute: CPUs of Lambda, waiting apart", files * tiny.seconds, "CPUs")
    yield row("a million files of one record, list prices of 2025", tiny.dollars * 1e6, "$")
    yield row("a million records in large files, the same", large.dollars / large.records * 1e6, "$")

    of_mappings = [one.properties for one in template.mappings()]
    most = sum(one["BatchSize"] * one["ScalingConfig"]["MaximumConcurrency"] for one in of_mappings)
    yield row("messages in flight at most, of all mappings", float(most), "messages")
    yield row("messages in flight, of what one queue may have", most / IN_FLIGHT, "ratio")
    reserved = [one.get("ReservedConcurrentExecutions") for one in template.functions().values()]
    yield row("concurrency that the functions reserve", float(sum(filter(None, reserved))), "calls at once")
    yield row("concurrency that they reserve, of an account's", sum(filter(None, reserved)) / CONCURRENCY, "ratio")
