"""A file's whole way through the real handlers, driven as the pollers drive them; and what the rows tell it took."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from penstock.model.usage import NOTHING, Usage
from tests.events.conftest import FILE, Functions, Stack, failing, load
from tests.support.counted import Counted, counting
from tests.support.emulators import Emulator, template

QUEUES = {
    "IntakeQueue": "splitter",
    "DocumentQueue": "extractor",
    "ChunkQueue": "validator",
    **{f"{feed}DispatchQueue": "dispatcher" for feed in ("Traffic", "Crew", "Mro", "Freight", "Tower")},
}


@dataclass
class Through:
    """The stack as the functions see it: with their memory, and behind a proxy if there is one."""

    stack: Stack
    emulator: Emulator

    def environment(self, stage: str) -> dict[str, str]:
        memory = template().functions()[f"{stage.title()}Function"]["MemorySize"]
        return self.stack.environment(stage) | {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory)}


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


def run(stack: Stack, functions: Functions, patience: int) -> int:
    """Calls the functions as the pollers do, until nothing has come for so many seconds; how often."""
    calls = 0
    while taken := sum(_take(stack, functions, name, patience) for name in QUEUES):
        calls += taken
    return calls


def _take(stack: Stack, functions: Functions, name: str, patience: int) -> int:
    """Does what is on a queue; how many messages there were."""
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
    return len(received.get("Messages", ()))


def used(stack: Stack) -> Usage:
    """What the rows tell."""
    return sum((Usage.unpacked(row["used"]) for row in stack.rows().values() if "used" in row), NOTHING)
