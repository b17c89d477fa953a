"""What an operator asks of a deployed stack, local or in AWS: drop, list, report, rejects, explain."""

import json
import os
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from penstock import ids
from penstock.accepted import load_accepted
from penstock.adapters.aws_clients import AwsClients, aws_clients
from penstock.adapters.aws_ledger import DynamoLedger
from penstock.adapters.aws_store import S3Store
from penstock.adapters.system_clock import SystemClock
from penstock.errors import PenstockError
from penstock.findings import Outcome
from penstock.ledger import ChunkRow, ChunkState, FileRow
from penstock.settling import summary

from . import world

SINGLE_PUT = 64 * 1024 * 1024  #: bytes; a larger file goes up in parts


class NotFound(PenstockError):
    """Raised when there is no such file or record."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A file that was put into the drop bucket."""

    file_id: str
    bucket: str
    key: str
    version_id: str


def connect(stack: str | None) -> dict[str, str]:
    """The outputs of a stack, and the environment set so that AWS clients find it: the local world's unless a stack is
    named, which is then looked for in the usual AWS environment.

    Raises:
        WorldError: no stack was named, and no local world is up.
    """
    if stack is None:
        here = world.current()
        os.environ.update(here.environment)
        return dict(here.outputs)
    cloudformation: Any = boto3.client("cloudformation")
    described = cloudformation.describe_stacks(StackName=stack)
    return {output["OutputKey"]: output["OutputValue"] for output in described["Stacks"][0]["Outputs"]}


def drop(outputs: Mapping[str, str], path: Path, key: str, advance: Callable[[int], None]) -> Dropped:
    """Puts a file into the drop bucket under `key`, whose first part names the feed."""
    s3: Any = boto3.client("s3")
    bucket = outputs["DropBucket"]
    if path.stat().st_size <= SINGLE_PUT:
        version = s3.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())["VersionId"]
        advance(path.stat().st_size)
    else:
        with path.open("rb") as source:
            s3.upload_fileobj(source, bucket, key, Callback=advance)
        version = s3.head_object(Bucket=bucket, Key=key)["VersionId"]
    return Dropped(ids.file_id(bucket, key, version), bucket, key, version)


@asynccontextmanager
async def records_of(outputs: Mapping[str, str]) -> AsyncGenerator["Records"]:
    """The stack's records, open for reading."""
    async with aws_clients() as aws:
        yield Records(aws, outputs)


class Records:
    """The ledger and the work bucket, as an operator reads them."""

    def __init__(self, aws: AwsClients, outputs: Mapping[str, str]) -> None:
        self.ledger = DynamoLedger(aws.dynamodb, outputs["LedgerTable"], SystemClock(), keep_seconds=0)
        self.store = S3Store(aws.s3, outputs["WorkBucket"])
        self._aws, self._outputs = aws, outputs

    async def files(self, limit: int) -> list[dict[str, Any]]:
        """The files opened last, newest first, each with its account."""
        return [summary(row, time.time()) for row in await self.ledger.files(limit)]

    async def row(self, file_id: str) -> FileRow:
        """A file's row.

        Raises:
            NotFound: the ledger has no such file.
        """
        row = await self.ledger.file(file_id)
        if row is None:
            raise NotFound(f"there is no file {file_id} in the ledger; `penstock files` lists the latest")
        return row

    async def report(self, file_id: str) -> dict[str, Any]:
        """A file's account, as it is now."""
        return summary(await self.row(file_id), time.time())

    async def rejects(self, file_id: str) -> bytes | None:
        """A file's rejects.csv, None where it has none (yet)."""
        await self.row(file_id)
        return await self.store.get(ids.report_key(file_id, "rejects.csv"))

    async def depths(self) -> dict[str, int]:
        """Messages waiting in each queue."""
        depths: dict[str, int] = {}
        for name in ("Intake", "Chunk", "Dispatch"):
            for kind in ("Queue", "Dlq"):
                url = self._outputs.get(f"{name}{kind}Url")
                if url:
                    answer = await self._aws.sqs.get_queue_attributes(
                        QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
                    )
                    depths[f"{name.lower()}{' DLQ' if kind == 'Dlq' else ''}"] = int(
                        answer["Attributes"]["ApproximateNumberOfMessages"]
                    )
        return depths

    async def explain(self, file_id: str, ordinal: int) -> dict[str, Any]:
        """One record's whole story, from the ledger and from what each stage wrote.

        Raises:
            NotFound: the file has no such record.
        """
        row = await self.row(file_id)
        chunk = next((one for one in await self.ledger.chunks(file_id) if _holds(one, ordinal)), None)
        if chunk is None:
            raise NotFound(f"file {file_id} has no record {ordinal}; they are counted from 0")
        place = chunk.span.chunk
        story: dict[str, Any] = {
            "trace": ids.trace(file_id, ordinal),
            "file_id": file_id,
            "ordinal": ordinal,
            "key": row.file.key,
            "feed": row.file.feed,
            "chunk": {"id": chunk.chunk_id, "state": str(chunk.state), "bytes": [chunk.span.start, chunk.span.end]},
            "outcome": None,
        }
        findings = await self._lines(file_id, place, "findings.ndjson")
        mine = [line for line in findings if line.get("ordinal") == ordinal]
        if mine:
            keep = ("code", "severity", "field", "message", "rule")
            story |= {"line": mine[0]["line"], "sha256": mine[0]["sha256"], "stage": "validator"}
            story["findings"] = [{name: line[name] for name in keep if name in line} for line in mine]
            story["outcome"] = str(Outcome.REJECTED)
            return story
        accepted = await self.store.get(ids.work_key(file_id, place, "accepted"))
        record = next((one for one in load_accepted(accepted or b"") if one.ordinal == ordinal), None)
        if record:
            story |= {"stage": "dispatcher", "sha256": record.raw, "identity": record.identity}
            story |= {"payload_digest": record.digest, "record": json.loads(record.payload)}
        story["batches"] = [
            {
                "batch_id": ids.batch_id(file_id, place, batch.number),
                "state": str(batch.state),
                "attempts": batch.attempts,
                "first_sent_at": batch.first_sent_at,
                "outcome": str(batch.outcome_of(ordinal) or "on its way"),
            }
            for batch in await self.ledger.batches(file_id, place)
            if ordinal in batch.ordinals
        ]
        told = [line for line in await self._lines(file_id, place, "outcomes.ndjson") if line["ordinal"] == ordinal]
        if told:
            story |= told[0]
        elif chunk.state is ChunkState.SETTLED:
            story["outcome"] = str(Outcome.DELIVERED)
        return story

    async def _lines(self, file_id: str, chunk: int, name: str) -> list[dict[str, Any]]:
        body = await self.store.get(ids.work_key(file_id, chunk, name))
        return [json.loads(line) for line in (body or b"").splitlines()]


def _holds(chunk: ChunkRow, ordinal: int) -> bool:
    return chunk.span.first_record <= ordinal < chunk.span.first_record + chunk.span.records
