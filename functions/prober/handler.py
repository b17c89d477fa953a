"""A minute of the clock → a look at each feed's circuit. An open one is tried with one message; see `probing`."""

from collections.abc import Awaitable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from dispatcher.handler import ports_of
from penstock.adapters.scheduled_function import Plan, ScheduledFunction
from penstock.deliver.probing import probe
from penstock.feeds import FEEDS
from penstock.model.errors import MalformedMessage
from penstock.model.stage_result import StageResult


async def compose(stack: AsyncExitStack) -> Plan:
    """The prober: a dispatcher in all but what calls it, so it is told the same by its environment."""
    ports, queues = await ports_of(stack)

    async def look_at(feed: str, deadline: float) -> list[StageResult]:
        return [await probe(ports, feed, deadline)]

    def plan(event: Mapping[str, Any], deadline: float) -> dict[str, Awaitable[Sequence[StageResult]]]:
        if event.get("look") != "circuits":
            raise MalformedMessage("the event does not ask to look at circuits")
        return {feed: look_at(feed, deadline) for feed in sorted(FEEDS.keys() & queues.keys())}

    return plan


handler = ScheduledFunction("prober", compose)
