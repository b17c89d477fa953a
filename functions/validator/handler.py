"""Chunk messages → accepted records, rejects, and dispatch messages."""

import random
from contextlib import AsyncExitStack

from penstock.adapters.lambda_function import Process, QueueFunction, SourceQueues, by_name
from penstock.adapters.aws_clients import aws_clients
from penstock.adapters.aws_ledger import DynamoLedger
from penstock.adapters.aws_queue import SqsQueue
from penstock.adapters.aws_store import S3Store
from penstock.adapters.system_clock import SystemClock
from penstock.model.messages import ChunkMessage, read_message
from penstock.model.stage_result import StageResult
from penstock.validate.stage import ValidatorPorts, validate
from validator.settings import Settings

DAY = 86_400


async def compose(stack: AsyncExitStack) -> tuple[Process, SourceQueues]:
    """The validator over AWS."""
    settings, clock = Settings(), SystemClock()  # pyright: ignore[reportCallIssue]
    aws = await stack.enter_async_context(aws_clients())
    ports = ValidatorPorts(
        store=S3Store(aws.s3, settings.work_bucket, settings.archive_bucket),
        ledger=DynamoLedger(aws.dynamodb, settings.ledger_table, clock, settings.retention_days * DAY),
        dispatches={feed: SqsQueue(aws.sqs, url) for feed, url in settings.dispatch_queues.items()},
        clock=clock,
        rng=random.Random(),
    )

    async def process(body: str, deadline: float) -> list[StageResult]:
        return [await validate(ports, read_message(body, ChunkMessage), deadline)]

    return process, by_name([SqsQueue(aws.sqs, settings.source_queue_url)])


handler = QueueFunction("validator", "Chunk", compose)
