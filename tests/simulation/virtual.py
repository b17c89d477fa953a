"""Time that passes only when everybody waits: an event loop that jumps to its next timer, and the clock on it."""

import asyncio
import math
from collections.abc import Sequence
from typing import Any

EPOCH = 1_800_000_000.0


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs what is ready in the order it became so; with nothing ready, it is at once as late as the next timer.

    No timer comes early: who is woken for a time, and looks at the clock, finds that it has come. A loop runs what is
    due within its clock's resolution, which is therefore the smallest step that time can take.
    """

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._clock_resolution = math.ulp(self._now)
        self._selector: Any = self
        self.set_exception_handler(lambda _loop, _context: None)

    def time(self) -> float:
        """Seconds since the simulation began."""
        return self._now

    def select(self, timeout: float | None) -> Sequence[Any]:
        """What `BaseEventLoop` asks of a selector: waits, and tells what has come in, which is never anything."""
        scheduled: list[Any] = vars(self)["_scheduled"]
        if timeout is None:
            raise RuntimeError("everybody waits, and nothing will ever happen again")
        if timeout > 0:
            self._now = max(self._now, scheduled[0].when())
            self._clock_resolution = math.ulp(self._now)
        return ()

    def _process_events(self, event_list: Sequence[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody sleeps."""


class VirtualClock:
    """As `Clock`, by the loop's time."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def now(self) -> float:
        """As `Clock.now`."""
        return EPOCH + self._loop.time()

    def time(self) -> float:
        """As `time.time`, for whoever does not ask the port."""
        return self.now()

    async def sleep(self, seconds: float) -> None:
        """As `Clock.sleep`."""
        await asyncio.sleep(seconds)
