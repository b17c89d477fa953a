"""Dispatch messages → calls of the feed's destination, and every record's outcome."""

import random
from contextlib import AsyncExitStack

from penstock.adapters.lambda_function import Process, QueueFunction, SourceQueues, by_name
from dispatcher.settings import Settings
from penstock.adapters.aws_claims import DynamoClaims
from penstock.adapters.aws_clients import aws_clients
from penstock.adapters.aws_events import EventBridge
from penstock.adapters.aws_histories import DynamoHistoryItems
from penstock.adapters.aws_ledger import DynamoLedger
from penstock.adapters.aws_mappings import LambdaMappings
from penstock.adapters.aws_parameters import ParameterSettings
from penstock.adapters.aws_queue import SqsQueue
from penstock.adapters.aws_store import S3Store
from penstock.adapters.aws_throttle import DynamoThrottle
from penstock.adapters.http_destination import HttpDestination, Tokens, http_session
from penstock.adapters.system_clock import SystemClock
from penstock.deliver.stage import DispatcherPorts, dispatch
from penstock.identity.segmented_histories import SegmentedHistories
from penstock.model.messages import DispatchMessage, read_message
from penstock.model.stage_result import StageResult

DAY = 86_400


async def ports_of(stack: AsyncExitStack) -> tuple[DispatcherPorts, dict[str, SqsQueue]]:
    """What the dispatcher needs, over AWS and HTTP, and each feed's queue. The prober needs the same."""
    settings, clock = Settings(), SystemClock()  # pyright: ignore[reportCallIssue]
    aws = await stack.enter_async_context(aws_clients())
    private = settings.private_destinations
    http = await stack.enter_async_context(http_session(private=private))
    parameters = ParameterSettings(aws.ssm, aws.secrets, settings.destinations_path, private=private)
    ttl_seconds = settings.retention_days * DAY
    queues = {feed: SqsQueue(aws.sqs, url) for feed, url in settings.dispatch_queues.items()}
    ports = DispatcherPorts(
        store=S3Store(aws.s3, settings.work_bucket, settings.archive_bucket),
        ledger=DynamoLedger(aws.dynamodb, settings.ledger_table, clock, ttl_seconds),
        claims=DynamoClaims(aws.dynamodb, settings.claims_table, clock, ttl_seconds),
        histories=SegmentedHistories(DynamoHistoryItems(aws.dynamodb, settings.ledger_table, clock), clock.now),
        throttle=DynamoThrottle(aws.dynamodb, settings.ledger_table),
        mappings=LambdaMappings(aws.lambdas, settings.dispatcher_function, settings.dispatch_queue_arns),
        dispatches=queues,
        destination=HttpDestination(http, parameters, Tokens(http, clock, parameters.secret), clock),
        events=EventBridge(aws.events, settings.event_bus, settings.ledger_table),
        clock=clock,
        rng=random.Random(),
        lane_places=settings.lane_maximum_concurrency,
    )
    return ports, queues


async def compose(stack: AsyncExitStack) -> tuple[Process, SourceQueues]:
    """The dispatcher."""
    ports, queues = await ports_of(stack)

    async def process(body: str, deadline: float) -> list[StageResult]:
        return [await dispatch(ports, read_message(body, DispatchMessage), deadline)]

    return process, by_name(queues.values())


handler = QueueFunction("dispatcher", "Chunk", compose)
