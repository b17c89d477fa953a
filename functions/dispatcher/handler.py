"""Dispatch messages → calls of the feed's destination, and every record's outcome."""

import random
from contextlib import AsyncExitStack

import aiohttp

from dispatcher.settings import Settings
from penstock.adapters.aws_claims import DynamoClaims
from penstock.adapters.aws_clients import aws_clients
from penstock.adapters.aws_events import EventBridge
from penstock.adapters.aws_ledger import DynamoLedger
from penstock.adapters.aws_queue import SqsQueue
from penstock.adapters.aws_store import S3Store
from penstock.adapters.http_destination import HttpDestination, ParameterSettings, Tokens
from penstock.adapters.lambda_function import Process, QueueFunction
from penstock.adapters.system_clock import SystemClock
from penstock.dispatcher import DispatcherPorts, dispatch
from penstock.messages import DispatchMessage, read_message
from penstock.ports import Queue
from penstock.worked import Worked

DAY = 86_400


async def compose(stack: AsyncExitStack) -> tuple[Process, Queue]:
    """The dispatcher over AWS and HTTP."""
    settings, clock = Settings(), SystemClock()  # pyright: ignore[reportCallIssue]
    aws = await stack.enter_async_context(aws_clients())
    http = await stack.enter_async_context(aiohttp.ClientSession())
    parameters = ParameterSettings(settings.destinations_path)
    keep_seconds = settings.retention_days * DAY
    ports = DispatcherPorts(
        store=S3Store(aws.s3, settings.work_bucket),
        ledger=DynamoLedger(aws.dynamodb, settings.ledger_table, clock, keep_seconds),
        claims=DynamoClaims(aws.dynamodb, settings.claims_table, clock, keep_seconds),
        dispatch=SqsQueue(aws.sqs, settings.dispatch_queue_url),
        destination=HttpDestination(http, parameters, Tokens(http, clock, parameters.secret), clock),
        events=EventBridge(aws.events, settings.event_bus),
        clock=clock,
        rng=random.Random(),
    )

    async def process(body: str, deadline: float) -> list[Worked]:
        return [await dispatch(ports, read_message(body, DispatchMessage), deadline)]

    return process, SqsQueue(aws.sqs, settings.source_queue_url)


handler = QueueFunction("dispatcher", "Chunk", compose)
