"""What the functions that a schedule calls share: a line and metrics for each thing that is looked after."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from typing import Any

from penstock.adapters.composed import MARGIN, ComposedFunction
from penstock.model.errors import Transient
from penstock.model.stage_result import StageResult

type Plan = Callable[[Mapping[str, Any], float], Mapping[str, Awaitable[Sequence[StageResult]]]]
"""(what the schedule says, deadline in seconds since the epoch) → what is to be done, by what it is about."""

type Compose = Callable[[AsyncExitStack], Awaitable[Plan]]
"""Builds what a function needs to know what is to be done."""


class ScheduledFunction(ComposedFunction[Plan]):
    """A Lambda handler for events of a schedule."""

    def __init__(self, stage: str, compose: Compose) -> None:
        super().__init__(stage, "Look", compose)

    def __call__(self, event: Mapping[str, Any], context: Any) -> list[dict[str, Any]]:
        """Does everything at once, so that nothing waits for what is slow or broken; what was done.

        Raises:
            MalformedMessage: nobody here knows what the event asks for.
            Transient: some of it could not be done. It is left to the next event of the schedule.
        """
        loop, plan, telemetry = self._ready()
        with telemetry.invocation(context):
            began = time.time()
            jobs = plan(event, began + context.get_remaining_time_in_millis() / 1000 - MARGIN)
            ends = loop.run_until_complete(_all_of(jobs.values()))
            done = [result for end in ends if not isinstance(end, BaseException) for result in end]
            for result in done:
                telemetry.done(result, time.time() - began)
            failed = {about: end for about, end in zip(jobs, ends, strict=True) if isinstance(end, Exception)}
            for about, error in failed.items():
                telemetry.failed(error, None, about, time.time() - began)
            if failed:
                # Not the errors themselves: what they quote may be a record (R32).
                raise Transient(f"{len(failed)} of {len(jobs)} could not be done: {', '.join(failed)}")
            return [asdict(result) for result in done]


async def _all_of(jobs: Iterable[Awaitable[Sequence[StageResult]]]) -> list[Sequence[StageResult] | BaseException]:
    return await asyncio.gather(*jobs, return_exceptions=True)
