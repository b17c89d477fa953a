"""Some minutes of the clock → accounts that files have settled with meanwhile, in their feeds' logs, which are signed.
See `receipts.stage`."""

from collections.abc import Awaitable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from notary.settings import Settings
from penstock.adapters.aws_clients import aws_clients
from penstock.adapters.aws_events import EventBridge
from penstock.adapters.aws_heads import DynamoHeads, KmsSigner
from penstock.adapters.aws_ledger import DynamoLedger
from penstock.adapters.aws_store import S3Store
from penstock.adapters.scheduled_function import Plan, ScheduledFunction
from penstock.adapters.system_clock import SystemClock
from penstock.model.errors import MalformedMessage
from penstock.model.stage_result import StageResult
from penstock.receipts.stage import NotaryPorts, notarise

DAY = 86_400


async def compose(stack: AsyncExitStack) -> Plan:
    """The notary over AWS."""
    settings, clock = Settings(), SystemClock()  # pyright: ignore[reportCallIssue]
    aws = await stack.enter_async_context(aws_clients())
    ports = NotaryPorts(
        store=S3Store(aws.s3, settings.work_bucket, settings.archive_bucket),
        ledger=DynamoLedger(aws.dynamodb, settings.ledger_table, clock, settings.retention_days * DAY),
        heads=DynamoHeads(aws.dynamodb, settings.ledger_table, clock),
        signer=KmsSigner(aws.kms, settings.receipt_key),
        events=EventBridge(aws.events, settings.event_bus, settings.ledger_table),
        clock=clock,
        origin=settings.log_origin,
    )

    def plan(event: Mapping[str, Any], deadline: float) -> dict[str, Awaitable[Sequence[StageResult]]]:
        if event.get("look") != "accounts":
            raise MalformedMessage("the event does not ask to look at accounts")
        return {"accounts": notarise(ports, deadline)}

    return plan


handler = ScheduledFunction("notary", compose)
