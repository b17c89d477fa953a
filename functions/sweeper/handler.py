"""A few minutes of the clock → what came to a stop is ended; an hour → what nobody works on is sent again, and what was
overlooked is told. See `operate.sweep`."""

import random
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from penstock.adapters.aws_claims import DynamoClaims
from penstock.adapters.aws_clients import aws_clients
from penstock.adapters.aws_drops import S3Drops
from penstock.adapters.aws_events import EventBridge
from penstock.adapters.aws_histories import DynamoHistoryItems
from penstock.adapters.aws_ledger import DynamoLedger
from penstock.adapters.aws_parameters import ParameterSettings
from penstock.adapters.aws_queue import SqsQueue
from penstock.adapters.aws_store import S3Store
from penstock.adapters.aws_throttle import DynamoThrottle
from penstock.adapters.scheduled_function import Plan, ScheduledFunction
from penstock.adapters.system_clock import SystemClock
from penstock.identity.segmented_histories import SegmentedHistories
from penstock.model.errors import MalformedMessage
from penstock.model.stage_result import StageResult
from penstock.operate.sweep import SweeperPorts, look_for_overlooked, send_idle_again, sweep
from sweeper.settings import Settings

DAY = 86_400
HOUR = 3_600


async def compose(stack: AsyncExitStack) -> Plan:
    """The sweeper over AWS."""
    settings, clock = Settings(), SystemClock()  # pyright: ignore[reportCallIssue]
    aws = await stack.enter_async_context(aws_clients())
    ttl_seconds = settings.retention_days * DAY
    ports = SweeperPorts(
        store=S3Store(aws.s3, settings.work_bucket, settings.archive_bucket),
        ledger=DynamoLedger(aws.dynamodb, settings.ledger_table, clock, ttl_seconds),
        claims=DynamoClaims(aws.dynamodb, settings.claims_table, clock, ttl_seconds),
        histories=SegmentedHistories(DynamoHistoryItems(aws.dynamodb, settings.ledger_table, clock), clock.now),
        throttle=DynamoThrottle(aws.dynamodb, settings.ledger_table),
        drops=S3Drops(aws.s3, settings.drop_bucket),
        dead_letters=[SqsQueue(aws.sqs, url) for url in (settings.chunk_dlq_url, settings.dispatch_dlq_url)],
        intake=SqsQueue(aws.sqs, settings.intake_queue_url),
        chunks=SqsQueue(aws.sqs, settings.chunk_queue_url),
        dispatches={feed: SqsQueue(aws.sqs, url) for feed, url in settings.dispatch_queues.items()},
        directory=ParameterSettings(
            aws.ssm, aws.secrets, settings.destinations_path, private=settings.private_destinations
        ),
        events=EventBridge(aws.events, settings.event_bus, settings.ledger_table),
        clock=clock,
        rng=random.Random(),
    )

    def plan(event: Mapping[str, Any], deadline: float) -> dict[str, Awaitable[Sequence[StageResult]]]:
        match event.get("look"):
            case "work":
                return {"work": sweep(ports, deadline)}
            case "idle":
                return {"idle": send_idle_again(ports, settings.resend_after_hours * HOUR, deadline)}
            case "drops":
                return {"drops": look_for_overlooked(ports, deadline)}
            case _:
                raise MalformedMessage("the event does not ask to look at the work, at what is idle or at the drops")

    return plan


handler = ScheduledFunction("sweeper", compose)
