"""The real time."""

import asyncio
import time


class SystemClock:
    """As `Clock`."""

    def now(self) -> float:
        """As `Clock.now`."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """As `Clock.sleep`."""
        await asyncio.sleep(seconds)
