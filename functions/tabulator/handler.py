"""A minute of the clock → how chunks ended since the last one, as parts of the table of outcomes; an hour → small parts
put together. See `tabulate.stage`."""

from collections.abc import Awaitable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from penstock.adapters.aws_clients import aws_clients
from penstock.adapters.aws_events import EventBridge
from penstock.adapters.aws_ledger import DynamoLedger
from penstock.adapters.aws_store import S3Store
from penstock.adapters.scheduled_function import Plan, ScheduledFunction
from penstock.adapters.system_clock import SystemClock
from penstock.model.errors import MalformedMessage
from penstock.model.stage_result import StageResult
from penstock.tabulate.stage import TabulatorPorts, merge_small, tabulate
from penstock_tables.parquet import DuckDbTables
from tabulator.settings import Settings

DAY = 86_400


async def compose(stack: AsyncExitStack) -> Plan:
    """The tabulator over AWS."""
    settings, clock = Settings(), SystemClock()  # pyright: ignore[reportCallIssue]
    aws = await stack.enter_async_context(aws_clients())
    ports = TabulatorPorts(
        store=S3Store(aws.s3, settings.work_bucket, settings.archive_bucket),
        ledger=DynamoLedger(aws.dynamodb, settings.ledger_table, clock, settings.retention_days * DAY),
        tables=DuckDbTables(),
        events=EventBridge(aws.events, settings.event_bus, settings.ledger_table),
        clock=clock,
    )

    def plan(event: Mapping[str, Any], deadline: float) -> dict[str, Awaitable[Sequence[StageResult]]]:
        match event.get("look"):
            case "due":
                return {"due": tabulate(ports, deadline)}
            case "small":
                return {"small": merge_small(ports, deadline)}
            case _:
                raise MalformedMessage("the event does not ask to look at what is due or at what is small")

    return plan


handler = ScheduledFunction("tabulator", compose)
