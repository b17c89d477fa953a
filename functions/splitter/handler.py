"""Dropped files → chunk messages. A queue message is S3's notification of one or more created objects, or a splitter's
of the rest of a file."""

import random
from contextlib import AsyncExitStack

from penstock.adapters.lambda_function import Process, QueueFunction, SourceQueues, by_name
from penstock.adapters.aws_clients import aws_clients
from penstock.adapters.aws_events import EventBridge
from penstock.adapters.aws_ledger import DynamoLedger
from penstock.adapters.aws_queue import SqsQueue
from penstock.adapters.aws_store import S3Store
from penstock.adapters.system_clock import SystemClock
from penstock.model.intake import read_intake
from penstock.model.stage_result import StageResult
from penstock.split.stage import SplitterPorts, split
from splitter.settings import Settings

DAY = 86_400


async def compose(stack: AsyncExitStack) -> tuple[Process, SourceQueues]:
    """The splitter over AWS."""
    settings, clock = Settings(), SystemClock()  # pyright: ignore[reportCallIssue]
    aws = await stack.enter_async_context(aws_clients())
    intake = SqsQueue(aws.sqs, settings.source_queue_url)
    ports = SplitterPorts(
        store=S3Store(aws.s3, settings.work_bucket, settings.archive_bucket),
        ledger=DynamoLedger(aws.dynamodb, settings.ledger_table, clock, settings.retention_days * DAY),
        intake=intake,
        chunks=SqsQueue(aws.sqs, settings.chunk_queue_url),
        documents=SqsQueue(aws.sqs, settings.document_queue_url),
        events=EventBridge(aws.events, settings.event_bus, settings.ledger_table),
        clock=clock,
        rng=random.Random(),
        sheets=settings.sheets,
        awaits=settings.awaits,
    )

    async def process(body: str, deadline: float) -> list[StageResult]:
        return [await split(ports, message, deadline) for message in read_intake(body)]

    return process, by_name([intake])


handler = QueueFunction("splitter", "File", compose)
