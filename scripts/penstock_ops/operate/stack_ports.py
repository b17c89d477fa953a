"""A deployed stack's ports in an operator's hands: what changes something there, and in whose name."""

import asyncio
import getpass
import json
import random
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, cast

import boto3

from penstock.adapters.aws_claims import DynamoClaims
from penstock.adapters.aws_events import EventBridge
from penstock.adapters.aws_histories import DynamoHistoryItems
from penstock.adapters.aws_ledger import DynamoLedger
from penstock.adapters.aws_queue import SqsQueue
from penstock.adapters.aws_store import S3Store
from penstock.adapters.aws_throttle import DynamoThrottle
from penstock.adapters.system_clock import SystemClock
from penstock.identity.segmented_histories import SegmentedHistories
from penstock.ports.claims import Claims
from penstock.ports.clock import Clock
from penstock.ports.event_bus import EventBus
from penstock.ports.histories import Histories
from penstock.ports.ledger import Ledger
from penstock.ports.object_store import Folder, ObjectStore
from penstock.ports.queue import Queue
from penstock.ports.throttle import Throttle
from penstock_ops.operate.clients import operators_clients
from penstock_ops.operate.dead_letters import DeadLetters
from penstock_ops.operate.destinations import directory_of, lanes_of

BUS = "default"  #: where the stack puts its events
DAY = 86_400


class Store(ObjectStore, Folder, Protocol):
    """The work bucket, with its listings."""


@dataclass(frozen=True, slots=True)
class StackPorts:
    """What an operator's verbs need of a stack. `operator` is whose name the audit gets, `feeds` are the stack's, and
    `lanes` those that have destinations of their own."""

    store: Store
    ledger: Ledger
    claims: Claims
    histories: Histories
    throttle: Throttle
    events: EventBus
    intake: Queue
    chunks: Queue
    dispatches: Mapping[str, Queue]
    dead_letters: Sequence[DeadLetters]
    feeds: frozenset[str]
    operator: str
    clock: Clock
    rng: random.Random
    lanes: frozenset[str] = frozenset()


@asynccontextmanager
async def open_stack(outputs: Mapping[str, str], stack: str | None, operator: str = "") -> AsyncGenerator[StackPorts]:
    """The ports of the stack with these outputs; `stack` is its name, None for the local world's. `operator` is who is
    at work, where it is not whoever AWS, or this machine, takes us for."""
    clock = SystemClock()
    operator = operator or await asyncio.to_thread(operator_of, stack)
    dispatches: dict[str, str] = json.loads(outputs["DispatchQueues"])
    async with operators_clients() as aws:
        sources = {
            "intake": {"": outputs["IntakeQueueUrl"]},
            "document": {"": outputs["DocumentQueueUrl"]},
            "chunk": {"": outputs["ChunkQueueUrl"]},
            "dispatch": dispatches,
        }
        if "NoticeQueueUrl" in outputs:
            sources["notice"] = {"": outputs["NoticeQueueUrl"]}
        ttl_seconds = int(outputs["RetentionDays"]) * DAY
        yield StackPorts(
            store=S3Store(aws.s3, outputs["WorkBucket"], outputs["ArchiveBucket"]),
            ledger=DynamoLedger(aws.dynamodb, outputs["LedgerTable"], clock, ttl_seconds),
            claims=DynamoClaims(aws.dynamodb, outputs["ClaimsTable"], clock, ttl_seconds),
            histories=SegmentedHistories(DynamoHistoryItems(aws.dynamodb, outputs["LedgerTable"], clock), clock.now),
            throttle=DynamoThrottle(aws.dynamodb, outputs["LedgerTable"]),
            events=EventBridge(aws.events, BUS, outputs["LedgerTable"]),
            intake=SqsQueue(aws.sqs, outputs["IntakeQueueUrl"]),
            chunks=SqsQueue(aws.sqs, outputs["ChunkQueueUrl"]),
            dispatches={feed: SqsQueue(aws.sqs, url) for feed, url in dispatches.items()},
            dead_letters=[
                DeadLetters(aws.sqs, name, outputs[f"{name.title()}DlqUrl"], queues) for name, queues in sources.items()
            ],
            feeds=frozenset(dispatches),
            operator=operator,
            clock=clock,
            rng=random.Random(),
            lanes=frozenset(await lanes_of(directory_of(aws, outputs), dispatches)),
        )


def operator_of(stack: str | None) -> str:
    """Who is at work: AWS's word for the caller, or the user of this machine."""
    if stack is None:
        return f"{getpass.getuser()} (local)"
    sts = cast("Any", boto3).client("sts")
    return sts.get_caller_identity()["Arn"]
