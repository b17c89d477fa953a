"""Penstock's own events, an hour of the clock, and our own messages → notices, digests and receipts to people. See
`notices.stage`."""

import random
from contextlib import AsyncExitStack

from penstock.adapters.lambda_function import Process, QueueFunction, SourceQueues, by_name
from notifier.settings import Settings
from penstock.adapters.aws_clients import aws_clients
from penstock.adapters.aws_notices import AwsCourier, DynamoNotebook, ParameterRoutes
from penstock.adapters.aws_queue import SqsQueue
from penstock.adapters.aws_store import S3Store
from penstock.adapters.http_destination import http_session
from penstock.adapters.system_clock import SystemClock
from penstock.model.stage_result import StageResult
from penstock.notices.stage import NotifierPorts, notify

DAY = 86_400


async def compose(stack: AsyncExitStack) -> tuple[Process, SourceQueues]:
    """The notifier over AWS."""
    settings, clock = Settings(), SystemClock()  # pyright: ignore[reportCallIssue]
    aws = await stack.enter_async_context(aws_clients())
    private = settings.private_destinations
    http = await stack.enter_async_context(http_session(private=private))
    notices = SqsQueue(aws.sqs, settings.source_queue_url)
    ports = NotifierPorts(
        routes=ParameterRoutes(aws.ssm, aws.secrets, settings.notice_settings, private=private),
        notebook=DynamoNotebook(aws.dynamodb, settings.ledger_table, clock, settings.retention_days * DAY),
        courier=AwsCourier(http, aws.sns, settings.notice_topic),
        store=S3Store(aws.s3, settings.work_bucket, settings.archive_bucket),
        notices=notices,
        clock=clock,
        rng=random.Random(),
        private=private,
    )

    async def process(body: str, deadline: float) -> list[StageResult]:
        return await notify(ports, body)

    return process, by_name([notices])


handler = QueueFunction("notifier", "Notice", compose)
