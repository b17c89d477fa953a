"""What an operator asks of a deployed stack, local or in AWS: drop, list, report, rejects, explain."""

import asyncio
import json
import os
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from penstock.account.completion import summary
from penstock.adapters.aws_clients import AwsClients
from penstock.adapters.aws_ledger import DynamoLedger
from penstock.adapters.aws_store import S3Store
from penstock.adapters.aws_throttle import DynamoThrottle
from penstock.adapters.system_clock import SystemClock
from penstock.feeds.lanes import lane_of
from penstock.model import ids
from penstock.model.defects import is_defect
from penstock.model.errors import Misconfigured
from penstock.model.findings import Outcome
from penstock.model.lane_names import parts_of, told
from penstock.model.rows import FileRow
from penstock.operate.deadlines import open_since, overdue
from penstock.operate.sweep import LOOKED_AT
from penstock.outputs.outcomes import outcome_lines_of
from penstock.ports.clock import Clock
from penstock.ports.destination import Directory
from penstock.ports.ledger import Ledger
from penstock.ports.object_store import ObjectStore
from penstock.ports.throttle import Throttle
from penstock_ops.operate.circuits import circuits_of, described, destination_of
from penstock_ops.operate.clients import operators_clients
from penstock_ops.operate.destinations import Destinations, directory_of, lanes_of
from penstock_ops.operate.explaining import explain
from penstock_ops.operate.progress import is_open, progress_of
from penstock_ops.operate.reporting import report_of, row_of
from penstock_ops.operate.times import utc

if TYPE_CHECKING:
    from penstock_ops.world import World

OPEN_FILES = 20  #: files whose progress is looked into
SINGLE_PUT = 64 * 1024 * 1024  #: bytes; a larger file goes up in parts


_DEPTHS = {
    "waiting": "ApproximateNumberOfMessages",
    "in_flight": "ApproximateNumberOfMessagesNotVisible",
    "delayed": "ApproximateNumberOfMessagesDelayed",
}


@dataclass(frozen=True, slots=True)
class Dropped:
    """A file that was put into the drop bucket."""

    file_id: str
    bucket: str
    key: str
    version_id: str
    etag: str
    bytes: int


def connect(stack: str | None) -> dict[str, str]:
    """The outputs of a stack, and the environment set so that AWS clients find it: the local world's unless a stack is
    named, which is then looked for in the usual AWS environment.

    Raises:
        WorldError: no stack was named, and no local world is up.
    """
    if stack is None:
        from penstock_ops import world  # which a stack in AWS has no need of

        return entered(world.current())
    cloudformation: Any = boto3.client("cloudformation")
    described = cloudformation.describe_stacks(StackName=stack)
    return {output["OutputKey"]: output["OutputValue"] for output in described["Stacks"][0]["Outputs"]}


def entered(here: "World") -> dict[str, str]:
    """The outputs of a local world's stack, and the environment set so that AWS clients find it."""
    os.environ.update(here.environment)
    return dict(here.outputs)


def drop(outputs: Mapping[str, str], path: Path, key: str, advance: Callable[[int], None]) -> Dropped:
    """Puts a file into the drop bucket under `key`, whose first part names the feed."""
    s3: Any = boto3.client("s3")
    bucket = outputs["DropBucket"]
    if path.stat().st_size <= SINGLE_PUT:
        put = s3.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())
        advance(path.stat().st_size)
    else:
        with path.open("rb") as source:
            s3.upload_fileobj(source, bucket, key, Callback=advance)
        put = s3.head_object(Bucket=bucket, Key=key)
    version, etag = put["VersionId"], put["ETag"].strip('"')
    return Dropped(ids.file_id(bucket, key, version), bucket, key, version, etag, path.stat().st_size)


async def dropped(outputs: Mapping[str, str], path: Path, key: str) -> Dropped:
    """As `drop`, beside other work."""
    return await asyncio.to_thread(drop, outputs, path, key, lambda _: None)


type Depths = dict[str, dict[str, int]]
"""Messages in each queue, by its name: those that wait to be taken, those in flight, with a worker or held back after a
failure, and those delayed, which come later. SQS counts a while late."""


@asynccontextmanager
async def records_of(outputs: Mapping[str, str]) -> AsyncGenerator["Records"]:
    """The stack's records, open for reading."""
    async with operators_clients() as aws:
        clock, destinations = SystemClock(), Destinations(outputs)
        yield Records(
            ledger=DynamoLedger(aws.dynamodb, outputs["LedgerTable"], clock, ttl_seconds=0),  # it only reads
            store=S3Store(aws.s3, outputs["WorkBucket"], outputs["ArchiveBucket"]),
            throttle=DynamoThrottle(aws.dynamodb, outputs["LedgerTable"]),
            directory=directory_of(aws, outputs),
            clock=clock,
            feeds=destinations.feeds,
            depths=partial(_depths, aws, _queue_urls(outputs)),
            wrong=destinations.wrong,
        )


def _queue_urls(outputs: Mapping[str, str]) -> dict[str, str]:
    dispatches: dict[str, str] = json.loads(outputs["DispatchQueues"])
    return {
        "intake": outputs["IntakeQueueUrl"],
        "intake DLQ": outputs["IntakeDlqUrl"],
        "document": outputs["DocumentQueueUrl"],
        "document DLQ": outputs["DocumentDlqUrl"],
        "chunk": outputs["ChunkQueueUrl"],
        "chunk DLQ": outputs["ChunkDlqUrl"],
        **{f"dispatch {feed}": url for feed, url in sorted(dispatches.items())},
        "dispatch DLQ": outputs["DispatchDlqUrl"],
    }


async def _depths(aws: AwsClients, urls: Mapping[str, str]) -> Depths:
    return dict(zip(urls, await asyncio.gather(*(_depth(aws, url) for url in urls.values())), strict=True))


async def _depth(aws: AwsClients, url: str) -> dict[str, int]:
    answer = await aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(_DEPTHS.values()))
    return {name: int(answer["Attributes"][attribute]) for name, attribute in _DEPTHS.items()}


@dataclass(frozen=True, slots=True)
class Records:
    """The ledger and the work bucket, as an operator reads them. `feeds` are the stack's; `depths` counts its queues'
    messages, and `wrong` says what is wrong with the settings of its destinations, and of these lanes'."""

    ledger: Ledger
    store: ObjectStore
    throttle: Throttle
    directory: Directory
    clock: Clock
    feeds: Sequence[str]
    depths: Callable[[], Awaitable[Depths]]
    wrong: Callable[[Iterable[str]], dict[str, list[str]]]

    async def files(self, limit: int) -> list[dict[str, Any]]:
        """The files opened last, newest first, each with its account, and the first of those that are open with their
        `progress`."""
        rows = await self.ledger.files(limit)
        looked_into = [row.file.file_id for row in rows if is_open(row)][:OPEN_FILES]
        return [
            summary(row, self.clock.now())
            | ({"progress": await self.progress(row)} if row.file.file_id in looked_into else {})
            for row in rows
        ]

    async def open_files(self) -> list[dict[str, Any]]:
        """The files that have been open longest: how far each has come, and what it waits for."""
        rows = [row for row in await self.ledger.open_files(OPEN_FILES) if is_open(row)]
        return [
            {"file_id": row.file.file_id, "key": row.file.dropped.key, "state": str(row.state)}
            | {"opened_at": utc(row.opened_at)}
            | (await self.progress(row) or {})
            for row in rows
        ]

    async def progress(self, row: FileRow) -> dict[str, Any] | None:
        """As `progress_of`."""
        if not is_open(row):
            return None
        lanes = [lane_of(row.file)] if await self._has_own(lane_of(row.file)) else []
        throttle = await self.throttle.row(destination_of(row.file, lanes))
        return await progress_of(self.ledger, row, throttle, self.clock.now())

    async def _has_own(self, lane: str) -> bool:
        """Whether a lane has a destination of its own, be its settings wrong."""
        try:
            return bool(parts_of(lane)[1]) and await self.directory.own_settings(lane) is not None
        except Misconfigured:
            return True

    async def row(self, file_id: str) -> FileRow:
        """A file's row.

        Raises:
            NotFound: the ledger has no such file.
        """
        return await row_of(self.ledger, file_id)

    async def report(self, file_id: str) -> dict[str, Any]:
        """As `report_of`, with the file's `progress` while it is open."""
        report = await report_of(self.ledger, self.store, file_id, self.clock.now())
        return report | {"progress": await self.progress(await self.row(report["file_id"]))}

    async def incomplete(self, reports: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Those of these files that have ended without some of their records: which, and how they are."""
        ids_of = [report["file_id"] for report in reports if report["state"] == "incomplete"]
        found = [await self.report(file_id) for file_id in ids_of]
        return [{name: report[name] for name in ("file_id", "key", "ranges")} for report in found]

    async def internal_errors(self, reports: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Those of these files that Penstock itself has failed at, or at records of theirs: how many, of which
        exception, where."""
        ids_of = [report["file_id"] for report in reports if any(map(is_defect, _codes_of(report)))]
        rows = [await self.row(file_id) for file_id in ids_of]
        return [
            {"file_id": row.file.file_id, "key": row.file.dropped.key, "found": await self._defects_of(row)}
            for row in rows
        ]

    async def _defects_of(self, row: FileRow) -> dict[str, int]:
        of_the_file = [*row.noted.examples, *([row.refused] if row.refused else [])]
        found = Counter(finding.message for finding in of_the_file if is_defect(finding.code))
        for chunk in await self.ledger.chunks(row.file.file_id):
            if any(map(is_defect, chunk.findings)):
                lines = (await outcome_lines_of(self.store, chunk)).values()
                said = (finding for line in lines for finding in line.get("findings", ()))
                found.update(finding["message"] for finding in said if is_defect(finding["code"]))
        return dict(found)

    async def rejects(self, file_id: str, kind: str = "csv") -> bytes | None:
        """A file's rejects, as `csv`, `xlsx`, or in its own format: `ndjson`, `edi`, `xml`; None where it has no such
        (yet)."""
        row = await self.row(file_id)
        if not row.counted[Outcome.REJECTED]:
            return None
        return await self.store.get(ids.report_key(row.file.file_id, f"rejects.{kind}"))

    async def exceptions(self, file_id: str) -> bytes | None:
        """A file's exceptions.ndjson, None where it has none (yet)."""
        row = await self.row(file_id)
        return await self.store.get(ids.report_key(row.file.file_id, "exceptions.ndjson")) or None

    async def faults(self) -> list[dict[str, Any]]:
        """What scheduled looks have failed at within the last day: at what, the exception and its place."""
        faults = await self.ledger.faults(self.clock.now() - 86_400)
        return [asdict(fault) | {"at": utc(fault.at)} for fault in faults]

    async def circuits(self) -> dict[str, dict[str, Any]]:
        """The circuit of each feed's destination, and of each that a lane has of its own, by name; and the pace where
        one is slowed down."""
        rows = await circuits_of(self.throttle, [*self.feeds, *await lanes_of(self.directory, self.feeds)])
        return {row.feed: described(row, self.clock.now()) for row in rows}

    async def circuit(self, name: str) -> dict[str, Any]:
        """The circuit of one destination, a feed's or a lane's own."""
        return described(await self.throttle.row(name), self.clock.now())

    async def wrong_settings(self) -> dict[str, list[str]]:
        """What is wrong with the destinations' settings, by the feed or the lane whose they are."""
        return await asyncio.to_thread(self.wrong, await lanes_of(self.directory, self.feeds))

    async def overdue(self) -> list[dict[str, Any]]:
        """The lanes, or feeds, that have files which have not ended within their deadline, of those open longest."""
        rows = [row for row in await self.ledger.open_files(LOOKED_AT) if is_open(row)]
        return [
            told(one.lane)
            | {
                "deadline_hours": one.deadline_hours,
                "files": one.files,
                "oldest": {
                    "file_id": one.oldest.file.file_id,
                    "key": one.oldest.file.dropped.key,
                    "open_since": utc(open_since(one.oldest)),
                },
            }
            for one in await overdue(self.directory, rows, self.clock.now())
        ]

    async def explain(self, file_id: str, ordinal: int) -> dict[str, Any]:
        """As `explain`, of one record.

        Raises:
            NotFound: there is no such file, or it has no such record.
        """
        return await explain(self.ledger, self.store, await self.row(file_id), ordinal, self.clock.now())


def _codes_of(report: Mapping[str, Any]) -> set[str]:
    """The codes of all that was found of a file."""
    refused = report["refused"]
    return {*report["findings"], *([refused["code"]] if refused else [])}
