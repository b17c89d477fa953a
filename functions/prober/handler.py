"""A minute of the clock → a look at each feed's circuit; an operator's word → at one feed's, now. An open one is tried
with one message; see `probing`."""

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

    async def look_at(feed: str, deadline: float, *, early: bool) -> list[StageResult]:
        return [await probe(ports, feed, deadline, early=early)]

    def plan(event: Mapping[str, Any], deadline: float) -> dict[str, Awaitable[Sequence[StageResult]]]:
        asked = event.get("feed")
        feeds = FEEDS.keys() & queues.keys() & (FEEDS.keys() if asked is None else {asked})
        if event.get("look") != "circuits" or not feeds:
            raise MalformedMessage("the event does not ask to look at circuits, or at one of a feed that is not there")
        return {feed: look_at(feed, deadline, early=asked is not None) for feed in sorted(feeds)}

    return plan


handler = ScheduledFunction("prober", compose)
