"""Each function as Lambda has it: its real handler, the environment of template.yaml, and AWS on loopback.

All on MiniStack: the ledger and the claims need its PartiQL, and the stages share one world.
"""

import asyncio
import copy
import importlib
import io
import json
import logging
import zipfile
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Self

import pytest
from botocore.loaders import JSONFileLoader

from penstock.adapters.lambda_function import QueueFunction
from penstock.adapters.scheduled_function import ScheduledFunction
from penstock.model.messages import SourceFile
from tests.support.emulators import Emulator, forget_everything, ministack, template
from tests.support.serving import served

__all__ = ["ministack"]

EVENTS = Path(__file__).parents[2] / "events"
SPOTS = (EVENTS / "spots.csv").read_bytes()
FILE = SourceFile(
    feed="traffic",
    bucket="penstock-drop-5f1c9a80-c5b2-11f1-9a3e-0a6f3c2b7d11",
    key="traffic/2026-11-20/spots.csv",
    version_id="3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY",
    etag="04b621a35f1cc5440f1e2824d67ba9e7",
    size=427,
    sequencer="00673DB2C41F0A9E62",
)
"""What most of the events tell of."""


def load(stage: str, name: str) -> dict[str, Any]:
    """A sample event."""
    return json.loads((EVENTS / stage / f"{name}.json").read_text(encoding="utf-8"))


def ids_of(event: dict[str, Any]) -> list[str]:
    return [record["messageId"] for record in event["Records"]]


def failing(*ids: str) -> dict[str, Any]:
    """The answer that has these messages come again, and no others (R9)."""
    return {"batchItemFailures": [{"itemIdentifier": one} for one in ids]}


@dataclass
class Api:
    """The destination of the feed traffic: answers with what it is told to, then 200."""

    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list[tuple[int, dict[str, str], bytes]])
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])


@contextmanager
def serving() -> Generator[tuple[Api, str]]:
    """The API and its URL."""
    api = Api()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            api.calls.append((self.headers["Idempotency-Key"], json.loads(body)))
            status, headers, answer = api.answers.pop(0) if api.answers else (200, {}, b"")
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(answer))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

    with served(Handler) as url:
        yield api, f"{url}/records"


@pytest.fixture(scope="session", autouse=True)
def descriptions() -> Iterator[None]:
    """Of AWS's services, read once and not by every function that starts: most of a cold start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", staticmethod(cache(JSONFileLoader().load_file)))
        yield


@dataclass(frozen=True)
class Context:
    """What Lambda hands over beside the event."""

    milliseconds: int = 300_000
    aws_request_id: str = "8e0b1d2c-req"

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


class Stack:
    """What template.yaml makes, on MiniStack, under names like those of its resources."""

    def __init__(self, emulator: Emulator, api: Api, url: str) -> None:
        self.emulator, self.api = emulator, api
        self.set = dict[str, str]()  # what is set otherwise than by default
        self.names = {name: emulator.table(name) for name in template().of_type("AWS::DynamoDB::Table")}
        self.names["DropBucket"] = emulator.bucket(versioned=True, name=FILE.bucket)
        self.names["WorkBucket"] = emulator.bucket(name="work")
        self.names["ArchiveBucket"] = emulator.bucket(name="archive", versioned=True)
        self.names["ReceiptKey"] = emulator.signing_key()
        for name, queue in template().of_type("AWS::SQS::Queue").items():
            seconds = str(queue.get("VisibilityTimeout", 30))
            self.names[name] = emulator.queue(named=queue["QueueName"], VisibilityTimeout=seconds)
            self.names[f"{name}.Arn"] = self.arn(self.names[name])
        self._listen()
        self.names["NoticeTopic"] = emulator.client("sns").create_topic(Name="notices")["TopicArn"]
        for name, parameter in template().of_type("AWS::SSM::Parameter").items():
            settings = json.loads(parameter["Value"]) | ({} if name == "NoticeSettings" else {"url": url})
            emulator.client("ssm").put_parameter(
                Name=parameter["Name"], Type=parameter["Type"], Value=json.dumps(settings)
            )

    def _listen(self) -> None:
        events = self.emulator.client("events")
        self._heard = self.emulator.queue()
        events.put_rule(Name="penstock", EventPattern=json.dumps({"source": ["penstock"]}))
        events.put_targets(Rule="penstock", Targets=[{"Id": "heard", "Arn": self.arn(self._heard)}])

    def arn(self, queue: str) -> str:
        """A queue's, by its URL."""
        asked = self.emulator.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        return asked["Attributes"]["QueueArn"]

    def environment(self, stage: str) -> dict[str, str]:
        """The function's, as template.yaml sets it."""
        variables = template().functions()[f"{stage.title()}Function"]["Environment"]["Variables"]
        return {name: self._value(str(value)) for name, value in variables.items()} | self.set

    def _value(self, value: str) -> str:
        if value.startswith("{"):
            return json.dumps({name: self._value(one) for name, one in json.loads(value).items()})
        return self.names.get(value, value)

    def source_queue(self, stage: str) -> str:
        queues = {
            "dispatcher": "TrafficDispatchQueue",
            "validator": "ChunkQueue",
            "extractor": "DocumentQueue",
            "notifier": "NoticeQueue",
        }
        return self.names[queues.get(stage, "IntakeQueue")]

    # The sender

    def drop(self, key: str = FILE.key, body: bytes = SPOTS) -> None:
        self.emulator.client("s3").put_object(Bucket=FILE.bucket, Key=key, Body=body)

    def receive(self, queue: str) -> list[dict[str, Any]]:
        """The messages that are there now, as Lambda's poller would take them."""
        sqs = self.emulator.client("sqs")
        received: list[dict[str, Any]] = []
        while messages := sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
        ).get("Messages"):
            received += messages
        return received

    def delivered(self, stage: str, event: dict[str, Any]) -> dict[str, Any]:
        """The event with messages that are really on the stage's queue, so that they can be held back."""
        queue = self.source_queue(stage)
        self.receive(queue)  # what a stage before sent stays with whoever received it
        for record in event["Records"]:
            self.emulator.client("sqs").send_message(QueueUrl=queue, MessageBody=record["body"])
            (message,) = self.receive(queue)
            record["receiptHandle"] = message["ReceiptHandle"]
        return event

    def delayed(self, stage: str) -> int:
        """How many messages of the stage's queue are not to be seen yet: those that somebody sent for later."""
        asked = self.emulator.client("sqs").get_queue_attributes(
            QueueUrl=self.source_queue(stage), AttributeNames=["ApproximateNumberOfMessagesDelayed"]
        )
        return int(asked["Attributes"]["ApproximateNumberOfMessagesDelayed"])

    # What came of it

    def heard(self) -> list[tuple[str, dict[str, Any]]]:
        """Kind and detail of the events on the bus."""
        events = [json.loads(message["Body"]) for message in self.receive(self._heard)]
        return [(event["detail-type"], event["detail"]) for event in events]

    def rows(self, of: str = "FILE") -> dict[str, dict[str, Any]]:
        """The ledger by sort key, of one file, or of the throttle."""
        return {
            item["sk"]["S"]: {name: next(iter(value.values())) for name, value in item.items()}
            for item in self.emulator.items(self.names["Ledger"])
            if item["pk"]["S"].startswith(f"{of}#")
        }

    def claims(self) -> int:
        return len(self.emulator.items(self.names["Claims"]))

    def outputs(self) -> dict[str, bytes]:
        """The work bucket."""
        return self._all_of("work")

    def archived(self) -> dict[str, bytes]:
        """The archive."""
        return self._all_of("archive")

    def _all_of(self, bucket: str) -> dict[str, bytes]:
        s3 = self.emulator.client("s3")
        keys = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
        return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}

    def output(self, name: str) -> bytes:
        (body,) = [body for key, body in self.outputs().items() if key.endswith(f"/{name}")]
        return body


class Mapping:
    """The dispatcher's mapping of the traffic feed's queue, among those of other feeds. It is off at first, and what it
    would call can do nothing: tests call the dispatcher themselves."""

    def __init__(self, stack: Stack) -> None:
        self._lambda = stack.emulator.client("lambda")
        name = template().functions()["DispatcherFunction"]["FunctionName"]
        with io.BytesIO() as package:
            with zipfile.ZipFile(package, "w") as code:
                code.writestr("nothing.py", "")
            self._lambda.create_function(
                FunctionName=name,
                Runtime="python3.13",
                Role="arn:aws:iam::000000000000:role/dispatcher",
                Handler="nothing.handler",
                Code={"ZipFile": package.getvalue()},
            )
        made = {
            mapping.queue: self._lambda.create_event_source_mapping(
                FunctionName=name,
                EventSourceArn=stack.names[f"{mapping.queue}.Arn"],
                ScalingConfig={"MaximumConcurrency": 2},
                Enabled=False,
            )["UUID"]
            for mapping in template().mappings()
            if mapping.function == "DispatcherFunction"
        }
        self._uuid = made["TrafficDispatchQueue"]
        self.switch(on=False)

    def switch(self, *, on: bool) -> None:
        self._lambda.update_event_source_mapping(UUID=self._uuid, Enabled=on)

    @property
    def polls(self) -> bool:
        return self._lambda.get_event_source_mapping(UUID=self._uuid)["State"] == "Enabled"


@pytest.fixture
def stack(ministack: Emulator) -> Iterator[Stack]:
    forget_everything(ministack)
    with serving() as (api, url):
        yield Stack(ministack, api, url)


class Functions:
    """Functions as Lambda starts them, cold for every test."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._warm: dict[str, QueueFunction | ScheduledFunction] = {}
        self._made: list[AsyncExitStack] = []

    def call(self, stage: str, event: dict[str, Any], context: Context | None = None) -> Any:
        """One invocation."""
        with self._stack.emulator.around(), pytest.MonkeyPatch.context() as patch:
            for name, value in self._stack.environment(stage).items():
                patch.setenv(name, value)
            # Powertools decides by it how it runs its loop; the tracer has no daemon to talk to.
            patch.setenv("LAMBDA_TASK_ROOT", str(EVENTS.parent / "functions"))
            patch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
            if stage not in self._warm:
                self._warm[stage] = self._cold(stage)
            return self._warm[stage](event, context or Context())

    def _cold(self, stage: str) -> QueueFunction | ScheduledFunction:
        cold: Any = copy.copy(importlib.import_module(f"{stage}.handler").handler)
        compose = cold._compose

        def remembered(stack: AsyncExitStack) -> Awaitable[Any]:
            self._made.append(stack)
            return compose(stack)

        cold._compose = remembered
        return cold

    def close(self) -> None:
        """What Lambda does by ending the process."""
        for (stage, function), made in zip(self._warm.items(), self._made, strict=True):
            if function._made:
                loop = function._made[0]
                loop.run_until_complete(made.aclose())
                loop.close()
            # The logger writes to the stdout of the test that made it.
            logger = logging.getLogger(stage)
            logger.handlers.clear()
            for mark in ("init", "powertools_handler"):
                if hasattr(logger, mark):
                    delattr(logger, mark)
        asyncio.set_event_loop(None)


@pytest.fixture
def functions(stack: Stack) -> Iterator[Functions]:
    functions = Functions(stack)
    yield functions
    functions.close()


@dataclass(frozen=True)
class Told:
    """What a function wrote: log lines, and metrics as {name: value} by their dimensions."""

    raw: str
    lines: list[dict[str, Any]]
    metrics: list[tuple[dict[str, str], dict[str, float]]]

    @classmethod
    def read(cls, raw: str) -> Self:
        blobs = [json.loads(line) for line in raw.splitlines()]
        return cls(
            raw,
            [blob for blob in blobs if "_aws" not in blob],
            [metrics for blob in blobs if "_aws" in blob for metrics in _metrics(blob)],
        )

    def sums(self, **dimensions: str) -> dict[str, float]:
        """The metrics with exactly these dimensions, added up."""
        sums: dict[str, float] = {}
        for given, values in self.metrics:
            if given == dimensions:
                for name, value in values.items():
                    sums[name] = sums.get(name, 0) + value
        return sums


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[[], Told]:
    def read() -> Told:
        captured = capsys.readouterr()
        assert captured.err == ""
        return Told.read(captured.out)

    return read


def _metrics(blob: dict[str, Any]) -> Iterator[tuple[dict[str, str], dict[str, float]]]:
    """As CloudWatch reads the embedded metric format."""
    for directive in blob["_aws"]["CloudWatchMetrics"]:
        assert directive["Namespace"] == "Penstock/penstock"
        for names in directive["Dimensions"]:
            values = {metric["Name"]: blob[metric["Name"]] for metric in directive["Metrics"]}
            yield (
                {name: blob[name] for name in names},
                {name: sum(value) if isinstance(value, list) else value for name, value in values.items()},
            )


type Tell = Callable[[], Told]
