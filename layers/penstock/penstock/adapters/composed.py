"""What every function makes once for its execution environment, and when: in Lambda while it is loaded, as init has a
whole processor; anywhere else at its first event, so that to import a handler does nothing.

With SnapStart, Lambda loads a function once and starts others from the snapshot. No connection survives that, nor do
credentials, and random numbers would be everybody's: before the snapshot what was made is closed, and what remains is
code and data. After a restore it is made anew (AWS Lambda Developer Guide, "Handling uniqueness with Lambda
SnapStart").
"""

import asyncio
import os
import random
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from penstock.adapters.telemetry import Telemetry
from penstock.feeds import FEEDS
from penstock.io.collector import collect_seldom

MARGIN = 2.0  #: seconds at the end of an invocation in which nothing is begun, so that it always gets to answer (R10)


class ComposedFunction[T]:
    """A function that composes what it needs once."""

    def __init__(self, stage: str, unit: str, compose: Callable[[AsyncExitStack], Awaitable[T]]) -> None:
        """`unit` is what an event is about, "File" or "Chunk"."""
        self._stage, self._unit, self._compose = stage, unit, compose
        self._stack = AsyncExitStack()
        self._made: tuple[asyncio.AbstractEventLoop, T, Telemetry] | None = None
        # Lambda's word for the one that it loads: a function may import another's handler.
        if os.environ.get("_HANDLER") == f"{stage}.handler.handler":
            self._ready()
            collect_seldom()
            if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
                self._register()

    def _ready(self) -> tuple[asyncio.AbstractEventLoop, T, Telemetry]:
        if self._made is None:
            loop, self._stack = asyncio.new_event_loop(), AsyncExitStack()
            # The stack is not closed: its clients live as long as the environment.
            self._made = loop, loop.run_until_complete(self._compose(self._stack)), Telemetry(self._stage, self._unit)
        asyncio.set_event_loop(self._made[0])
        return self._made

    def _register(self) -> None:
        from snapshot_restore_py import register_after_restore, register_before_snapshot  # Lambda's own

        register_before_snapshot(self._before_snapshot)
        register_after_restore(self._after_restore)

    def _before_snapshot(self) -> None:
        list(FEEDS.values())  # whatever feed is first asked for, it is in the snapshot
        if self._made:
            loop, *_ = self._made
            loop.run_until_complete(self._stack.aclose())
            loop.close()
        self._made = None

    def _after_restore(self) -> None:
        random.seed()
        self._ready()
