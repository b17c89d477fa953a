"""A minute of the clock → a look at each destination's circuit; an operator's word → at one feed's, or one lane's, now.
An open one is tried with one chunk; see `probing`."""

from collections.abc import Awaitable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from dispatcher.handler import ports_of
from penstock.adapters.scheduled_function import Plan, ScheduledFunction
from penstock.deliver.probing import probe, probe_each
from penstock.feeds import FEEDS
from penstock.model.errors import MalformedMessage
from penstock.model.lane_names import name_of
from penstock.model.stage_result import StageResult


async def compose(stack: AsyncExitStack) -> Plan:
    """The prober: a dispatcher in all but what calls it, so it is told the same by its environment."""
    ports, queues = await ports_of(stack)

    async def look_at(feed: str, lane: str, deadline: float) -> list[StageResult]:
        return [await probe(ports, name_of(feed, lane), deadline, early=True)]

    def plan(event: Mapping[str, Any], deadline: float) -> dict[str, Awaitable[Sequence[StageResult]]]:
        asked = event.get("feed")
        feeds = FEEDS.keys() & queues.keys() & (FEEDS.keys() if asked is None else {asked})
        if event.get("look") != "circuits" or not feeds:
            raise MalformedMessage("the event does not ask to look at circuits, or at one of a feed that is not there")
        if asked is not None:
            return {asked: look_at(asked, event.get("lane", ""), deadline)}
        return {feed: probe_each(ports, feed, deadline) for feed in sorted(feeds)}

    return plan


handler = ScheduledFunction("prober", compose)
