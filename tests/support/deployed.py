"""Penstock as it is deployed: files go in by the bucket, and what became of them is read where an operator reads it.

`tests/stack` and `tests/corpora` both take their fixtures from here; each run has one world, beside a developer's own,
and gone at the end.
"""

import asyncio
import io
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from penstock.model import ids
from penstock.model.findings import Outcome
from penstock.model.rows import BatchRow, ChunkRow, FileRow
from penstock.outputs.outcomes import outcome_lines_of
from penstock_ops import cli
from penstock_ops import world as local_world
from penstock_ops.operate import operations
from penstock_ops.world import World
from penstock_ops.world.stack import session
from tests.support.spots import rows_of

PATIENCE = 90.0  #: seconds until something that must happen must have happened
INTERVAL = 0.1  #: seconds between two looks

#: Short waits, so that a test of a slow destination is not slow, and no circuit that opens for what an earlier test saw
#: fail. Everything else is as the template says.
QUICK: dict[str, Any] = {
    "timeout_seconds": 1.5,
    "rate_per_second": 100,
    "burst": 100,
    "batch_records": 250,
    "error_calls": 10_000,
}

# The demo API is on this machine: never by a proxy.
_HTTP = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def until[T](look: Callable[[], T | None], what: str, patience: float = PATIENCE) -> T:
    """What `look` returns, as soon as that is anything."""
    deadline = time.monotonic() + patience
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {patience:.0f} s: {what}"
        time.sleep(INTERVAL)


@dataclass(frozen=True)
class File:
    """A file that was dropped."""

    file_id: str
    bucket: str
    key: str
    version_id: str
    etag: str
    body: bytes = field(repr=False)

    @property
    def notification(self) -> str:
        """What S3 says of it."""
        described = {"key": self.key, "size": len(self.body), "eTag": self.etag, "versionId": self.version_id}
        record = {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": self.bucket}, "object": described}}
        return json.dumps({"Records": [record]})


@dataclass(frozen=True)
class Said:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Deployed:
    """A deployed stack, and the demo API behind it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._loop = asyncio.Runner()
        self._open = AsyncExitStack()
        self._records = self._loop.run(self._open.enter_async_context(operations.records_of(world.outputs)))
        self.outputs = world.outputs
        self._s3 = self.client("s3")
        self._sqs = self.client("sqs")
        self._ssm = self.client("ssm")

    def close(self) -> None:
        """Ends what was opened to look at the ledger."""
        self._loop.run(self._open.aclose())
        self._loop.close()

    def client(self, service: Any) -> Any:
        return session().client(service, endpoint_url=self.world.endpoint)

    # -- files ---------------------------------------------------------------------------------------------------

    def drop(self, name: str, body: bytes, feed: str = "traffic") -> File:
        """Puts a file into the drop bucket, as a sender does."""
        bucket, key = self.outputs["DropBucket"], f"{feed}/{name}" if feed else name
        answer = self._s3.put_object(Bucket=bucket, Key=key, Body=body)
        version = answer["VersionId"]
        return File(ids.file_id(bucket, key, version), bucket, key, version, answer["ETag"].strip('"'), body)

    def ended(self, file: File, patience: float = PATIENCE) -> dict[str, Any]:
        """The file's summary.json, once there is one; its books balance."""
        report = json.loads(until(lambda: self.output(file, "summary.json"), f"the end of {file.key}", patience))
        assert report["balanced"] is True, report
        assert report["file_id"] == file.file_id
        return report

    def output(self, file: File, name: str) -> bytes | None:
        """A report of a file."""
        return self.work(ids.report_key(file.file_id, name))

    def rejects(self, file: File) -> list[dict[str, str]]:
        """The rows of rejects.csv; none where there is no such file."""
        return rows_of(self.output(file, "rejects.csv") or b"")

    def outcomes(self, file: File) -> dict[int, dict[str, Any]]:
        """What the chunks' endings tell of records that were not delivered, by their ordinals."""
        told: dict[int, dict[str, Any]] = {}
        for chunk in self._loop.run(self._records.ledger.chunks(file.file_id)):
            told |= self._loop.run(outcome_lines_of(self._records.store, chunk))
        return told

    def batches(self, file: File, chunk: int = 0) -> list[BatchRow]:
        """The chunk's batches in the ledger."""
        return self._loop.run(self._records.ledger.batches(file.file_id, chunk))

    def row(self, file: File) -> FileRow | None:
        """The file's row in the ledger."""
        return self._loop.run(self._records.ledger.file(file.file_id))

    def chunks(self, file: File) -> list[ChunkRow]:
        """The file's chunks in the ledger, in order."""
        return self._loop.run(self._records.ledger.chunks(file.file_id))

    def allow(self, function: str, seconds: int) -> int:
        """Gives a function another timeout; what it was."""
        functions, name = self.client("lambda"), self.outputs[f"{function}FunctionName"]
        was = functions.get_function_configuration(FunctionName=name)["Timeout"]
        functions.update_function_configuration(FunctionName=name, Timeout=seconds)
        functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
        return was

    def attempted(self, file: File, times: int) -> None:
        """Returns once each of the file's batches has been tried so often."""

        def look() -> bool:
            batches = self.batches(file)
            return bool(batches) and all(batch.attempts >= times for batch in batches)

        until(look, f"{times} attempts at {file.key}")

    def work(self, key: str) -> bytes | None:
        """What the work bucket has under a key."""
        try:
            return self._s3.get_object(Bucket=self.outputs["WorkBucket"], Key=key)["Body"].read()
        except self._s3.exceptions.NoSuchKey:
            return None

    def due(self) -> bool:
        """Whether anything that ended is not in the table of outcomes yet."""
        return bool(
            self._s3.list_objects_v2(Bucket=self.outputs["WorkBucket"], Prefix=ids.DUE, MaxKeys=1).get("Contents")
        )

    # -- queues --------------------------------------------------------------------------------------------------

    def notify(self, body: str) -> None:
        """Puts a message on the intake queue, as S3 does."""
        self._sqs.send_message(QueueUrl=self.outputs["IntakeQueueUrl"], MessageBody=body)

    def forget_intake(self) -> None:
        """Empties the intake queue, also of what will be seen again much later."""
        self._sqs.purge_queue(QueueUrl=self.outputs["IntakeQueueUrl"])

    def idle(self) -> None:
        """Returns once no queue holds a message."""
        until(lambda: not self._holding("Queue"), "empty queues")

    def dead_letters(self) -> dict[str, int]:
        """Messages in the dead-letter queues that hold any."""
        return self._holding("Dlq")

    def _holding(self, kind: Literal["Queue", "Dlq"]) -> dict[str, int]:
        """Messages by queue: waiting, delayed, or being worked on."""
        urls = {queue: self.outputs[f"{queue}{kind}Url"] for queue in ("Intake", "Document", "Chunk")}
        if kind == "Dlq":
            urls["Dispatch"] = self.outputs["DispatchDlqUrl"]
        else:
            urls |= json.loads(self.outputs["DispatchQueues"])
        found = {queue: self.messages(url) for queue, url in urls.items()}
        return {queue: count for queue, count in found.items() if count}

    def messages(self, url: str, *states: Literal["", "NotVisible", "Delayed"]) -> int:
        """Messages in a queue: all, or those that are waiting, with a receiver, or delayed."""
        answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        wanted = states or ("", "NotVisible", "Delayed")
        return sum(int(answer[f"ApproximateNumberOfMessages{state}"]) for state in wanted)

    def queue(self, feed: str) -> str:
        """The URL of a feed's dispatch queue."""
        return json.loads(self.outputs["DispatchQueues"])[feed]

    def move(self, source: str, target: str, feed: str, most: int) -> int:
        """Moves a feed's messages from one queue to another, as a redrive does, or many failures do; how many."""
        received = self._sqs.receive_message(QueueUrl=source, MaxNumberOfMessages=most).get("Messages", [])
        for message in received:
            self._sqs.send_message(QueueUrl=target, MessageBody=message["Body"], MessageGroupId=feed)
            self._sqs.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
        return len(received)

    # -- circuits, and what the clock does -----------------------------------------------------------------------

    def look(self, function: Literal["Prober", "Sweeper", "Tabulator", "Notary"], at: str) -> list[dict[str, Any]]:
        """Has a function look now, and not when its schedule says; what it did."""
        functions, name = self.client("lambda"), self.outputs[f"{function}FunctionName"]

        def call() -> list[dict[str, Any]] | None:
            try:
                answer = functions.invoke(FunctionName=name, Payload=json.dumps({"look": at}))
            except functions.exceptions.TooManyRequestsException:
                return None  # the schedule was quicker
            told = json.load(answer["Payload"])
            assert "FunctionError" not in answer, told
            return told

        return until(call, f"a look at {at}")

    def is_open(self) -> bool:
        """Whether any circuit is not closed, once the prober has looked at it."""
        return any(worked["counts"]["CircuitOpen"] for worked in self.look("Prober", "circuits"))

    def circuit(self, feed: str = "traffic") -> str:
        """How a feed's circuit is, as the ledger has it."""
        item = self.client("dynamodb").get_item(
            TableName=self.outputs["LedgerTable"],
            Key={"pk": {"S": f"THROTTLE#{feed}"}, "sk": {"S": "THROTTLE"}},
            ConsistentRead=True,
        )
        return item.get("Item", {}).get("circuit", {"S": "closed"})["S"]

    def hurry_probe(self, killed: bool = False, feed: str = "traffic") -> None:
        """It is time to probe an open circuit; also one whose probe was `killed`, which would be waited for."""
        dynamodb = self.client("dynamodb")
        probed = "half-open" if killed else "open"
        with suppress(dynamodb.exceptions.ConditionalCheckFailedException):
            dynamodb.update_item(
                TableName=self.outputs["LedgerTable"],
                Key={"pk": {"S": f"THROTTLE#{feed}"}, "sk": {"S": "THROTTLE"}},
                UpdateExpression="SET probe_at = :long_ago",
                ConditionExpression="circuit IN (:open, :probed)",
                ExpressionAttributeValues={":long_ago": {"N": "1"}, ":open": {"S": "open"}, ":probed": {"S": probed}},
            )

    def recover(self) -> None:
        """Returns once every circuit is closed; the destination has to be well again."""

        def closed() -> bool:
            self.hurry_probe()
            return not self.is_open()

        until(closed, "closed circuits")

    def forget_failures(self) -> None:
        """No circuit opens because of calls that were made before."""
        dynamodb, table = self.client("dynamodb"), self.outputs["LedgerTable"]
        counted = dynamodb.query(
            TableName=table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :calls)",
            ExpressionAttributeValues={":pk": {"S": "THROTTLE#traffic"}, ":calls": {"S": "CALLS#"}},
        )
        for item in counted["Items"]:
            dynamodb.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})

    def polls(self, function: str, queue: str) -> bool:
        """Whether a function's mapping takes messages from a queue."""
        return self._mapping(function, queue)["State"] == "Enabled"

    def switch(self, function: str, queue: str, *, on: bool) -> None:
        """Has a function's mapping take messages from a queue, or not."""
        self.client("lambda").update_event_source_mapping(UUID=self._mapping(function, queue)["UUID"], Enabled=on)

    def _mapping(self, function: str, queue: str) -> dict[str, Any]:
        asked = self._sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        (mapping,) = self.client("lambda").list_event_source_mappings(
            FunctionName=self.outputs[f"{function}FunctionName"], EventSourceArn=asked["Attributes"]["QueueArn"]
        )["EventSourceMappings"]
        return mapping

    def audited(self) -> list[dict[str, Any]]:
        """What operators and circuits did, the first first."""
        bucket = self.outputs["ArchiveBucket"]
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="audit/")
        # What tests of roles and of the lock put beside it cannot be taken away again.
        keys = sorted(row["Key"] for page in pages for row in page.get("Contents", ()) if row["Key"].endswith(".json"))
        return [json.loads(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in keys]

    # -- the destination -----------------------------------------------------------------------------------------

    def books(self, feed: str = "traffic") -> dict[str, Any]:
        """What the demo API says it was called for, and what it applied."""
        return json.loads(self._demo(f"/_demo/ledger?feed={feed}"))

    def calls(self) -> int:
        """How often the demo API has been called."""
        return sum(self.books()["calls"].values())

    def applied(self, feed: str = "traffic") -> list[dict[str, Any]]:
        """Every record of a feed that the demo API applied, in the order of application."""
        lines: list[bytes] = []
        while page := self._demo(f"/_demo/records?feed={feed}&limit=10000&offset={len(lines)}").splitlines():
            lines += page
        return [json.loads(line) for line in lines]

    def behave(self, **changes: Any) -> None:
        """Makes the demo API behave otherwise."""
        self._demo("/_demo/behaviour", json.dumps(changes).encode())

    def calm(self) -> None:
        """Makes the demo API answer every call at once, and well."""
        self.behave(
            mode="normal",
            rate_per_second=None,
            burst=10,
            latency_seconds=0,
            fault_rates={"unavailable": 0, "lost_answer": 0},
        )

    def _demo(self, path: str, body: bytes | None = None) -> bytes:
        with _HTTP.open(f"{self.world.demo_api}{path}", body) as answer:
            return answer.read()

    def _parameter(self, feed: str) -> str:
        return f"{self.outputs['DestinationsPath']}/{feed}"

    def settings(self, feed: str = "traffic") -> dict[str, Any]:
        """How the dispatcher is told to call the destination."""
        return json.loads(self._ssm.get_parameter(Name=self._parameter(feed))["Parameter"]["Value"])

    def configure(self, feed: str = "traffic", **changes: Any) -> dict[str, Any]:
        """Changes the destination's settings, in the parameter; they hold at once, as no dispatcher remembers others.

        Returns what they were.
        """
        was = self.settings(feed)
        self._ssm.put_parameter(Name=self._parameter(feed), Value=json.dumps(was | changes), Overwrite=True)
        self.idle()
        self.renew("Dispatcher")
        return was

    def renew(self, function: str) -> None:
        """New execution environments for a function, which keeps settings for a minute and has to read others now.

        An update of the configuration brings them, also if it says what was said before.
        """
        timeout = self.client("lambda").get_function_configuration(
            FunctionName=self.outputs[f"{function}FunctionName"]
        )["Timeout"]
        self.allow(function, timeout)

    # -- the command ---------------------------------------------------------------------------------------------

    def penstock(self, *arguments: str) -> Said:
        """Runs the command as an operator of this stack does, but in this process, which has imported it already."""
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as here, redirect_stdout(out), redirect_stderr(err):
            here.setattr(sys, "argv", ["penstock", *arguments])
            here.setenv("PENSTOCK_STACK", self.world.stack)
            with pytest.raises(SystemExit) as ended:
                cli.main()
        return Said(int(ended.value.code or 0), out.getvalue(), err.getvalue())

    def typed(self, *arguments: str) -> Said:
        """Runs the command in a process of its own, with nothing but what an operator's shell has."""
        command = [str(Path(sys.executable).with_name("penstock")), *arguments]
        environment = {
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "PENSTOCK_STACK": self.world.stack,
            **self.world.environment,
        }
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
        return Said(ended.returncode, ended.stdout, ended.stderr)


def counts(received: int, **outcomes: int) -> dict[str, int]:
    """A report's records: what is not named is 0, what is left over was delivered."""
    return {
        "received": received,
        **dict.fromkeys(map(str, Outcome), 0),
        "delivered": received - sum(outcomes.values()),
        **outcomes,
    }


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The local world with this checkout deployed to it."""
    home = tmp_path_factory.mktemp("world")
    try:
        here = local_world.up(home=home, port=0)
        with pytest.MonkeyPatch.context() as environment:
            for name, value in here.environment.items():
                environment.setenv(name, value)
            yield here
    finally:
        local_world.down(home)


@pytest.fixture(scope="session")
def deployed(world: World) -> Iterator[Deployed]:
    """The deployed stack, its destination calm and quick."""
    deployed = Deployed(world)
    try:
        deployed.calm()
        deployed.configure(**QUICK)
        yield deployed
    finally:
        deployed.close()
