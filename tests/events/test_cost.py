"""The cost that a file's account tells is that of the calls that were made for it, counted where they arrive."""

import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import pytest

from penstock.model.usage import NOTHING, Usage
from penstock_ops.samples import SAMPLES
from penstock_ops.samples.sample import SampleOptions
from tests.events.conftest import FILE, Functions, Stack, failing, load
from tests.support.counted import Counted, counting
from tests.support.emulators import Emulator

QUEUES = {
    "IntakeQueue": "splitter",
    "DocumentQueue": "extractor",
    "ChunkQueue": "validator",
    **{f"{feed}DispatchQueue": "dispatcher" for feed in ("Traffic", "Crew", "Mro", "Freight", "Tower")},
}


@dataclass
class Through:
    """The stack as the functions see it: behind the proxy."""

    stack: Stack
    emulator: Emulator

    def environment(self, stage: str) -> dict[str, str]:
        return self.stack.environment(stage) | {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024"}


@pytest.fixture
def counted(stack: Stack) -> Iterator[Counted]:
    with counting(stack.emulator.endpoint) as counted:
        yield counted


@pytest.fixture
def functions(stack: Stack, counted: Counted) -> Iterator[Functions]:
    through: Any = Through(stack, replace(stack.emulator, endpoint=counted.url, _clients={}))
    functions = Functions(through)
    yield functions
    functions.close()


def announce(stack: Stack, key: str, body: bytes) -> None:
    """S3's notification of a drop."""
    put = stack.emulator.client("s3").put_object(Bucket=FILE.bucket, Key=key, Body=body)
    event = json.loads(load("splitter", "put")["Records"][0]["body"])
    dropped = {"key": key, "size": len(body), "eTag": put["ETag"].strip('"'), "versionId": put["VersionId"]}
    event["Records"][0]["s3"]["object"] |= dropped
    queue = stack.names["IntakeQueue"]
    stack.emulator.client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps(event))


def run(stack: Stack, functions: Functions, counted: Counted, patience: int) -> None:
    """Calls the functions as the pollers do, until nothing has come for so many seconds."""
    while sum(_take(stack, functions, counted, name, patience) for name in QUEUES):
        pass


def _take(stack: Stack, functions: Functions, counted: Counted, name: str, patience: int) -> bool:
    """Does what is on a queue; whether there was anything."""
    sqs, url, stage = stack.emulator.client("sqs"), stack.names[name], QUEUES[name]
    wait = patience if stage in ("splitter", "extractor") else 0  # who hands over to each other, a second later
    received = sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=wait, MessageSystemAttributeNames=["All"]
    )
    for message in received.get("Messages", ()):
        event = load("validator", "chunk")
        event["Records"][0] |= {
            "body": message["Body"],
            "receiptHandle": message["ReceiptHandle"],
            "eventSourceARN": stack.names[f"{name}.Arn"],
        }
        assert functions.call(stage, event) == failing()
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        counted.numbers += {"lambda_calls": 1, "sqs_requests": 2}  # the poller's
    return "Messages" in received


def used(stack: Stack) -> Usage:
    """What the rows tell."""
    return sum((Usage.unpacked(row["used"]) for row in stack.rows().values() if "used" in row), NOTHING)


FEEDS = {
    "traffic": ("csv", 300),
    "crew": ("csv", 60),
    "mro": ("csv", 120),
    "freight": ("x12", 40),
    "tower": ("pdf", 1),
}
ACKNOWLEDGEMENT = {"s3_puts": 2, "s3_gets": 2, "dynamodb_reads": 1, "events": 1}
"""What an interchange's takes: it is written behind the summary, which waits for nothing."""


@pytest.mark.parametrize("feed", FEEDS)
def test_the_cost_of_a_file_is_that_of_the_calls_made_for_it(
    functions: Functions, stack: Stack, counted: Counted, feed: str
) -> None:
    form, records = FEEDS[feed]
    body = io.BytesIO()
    SAMPLES[feed].write(body, SampleOptions(records, form, faults=0.05), None)
    announce(stack, f"{feed}/zone/site/sample.{form}", body.getvalue())

    run(stack, functions, counted, patience=2 if feed == "tower" else 0)

    rows = asdict(used(stack))
    assert {name: rows[name] for name in counted.numbers} == dict(counted.numbers), counted.requests
    assert rows["lambda_gb_seconds"] > 0
    assert rows["s3_gb_months"] == pytest.approx(stored(stack), rel=0.01)
    summary = json.loads(stack.output("summary.json"))["cost"]["counted"]
    told_later = ACKNOWLEDGEMENT if feed == "freight" else {}
    assert {name: summary[name] for name in counted.numbers} == dict(counted.numbers - Counter(told_later))


def stored(stack: Stack) -> float:
    """GB-months of what lies in the buckets, and is not taken away by the next look."""
    days = {"reports": 400, "due": 0, "accounts": 0}
    kept = sum(len(body) * days.get(key.partition("/")[0], 90) for key, body in stack.outputs().items())
    kept += sum(len(body) * 1100 for body in stack.archived().values())
    dropped = stack.emulator.client("s3").list_objects_v2(Bucket=FILE.bucket)["Contents"]
    return (kept + sum(one["Size"] * 90 for one in dropped)) / 2**30 / (730 / 24)
