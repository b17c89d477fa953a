"""When a call may set out. Calls of one delivery that wait at the same time book their turns together."""

import asyncio
from dataclasses import dataclass, field

from penstock.deliver.circuit import Breaker
from penstock.model.errors import OutOfTime
from penstock.ports.clock import Clock
from penstock.ports.destination import DestinationSettings
from penstock.ports.throttle import Throttle

MARGIN = 5.0  #: seconds kept at the end of an invocation for the ledger to be told what happened
SLOW_FOR = 60.0  #: seconds calls go slower after a destination has said that they come too fast
LATE = 0.25  #: seconds a call may come after its time, also where the destination allows no burst


@dataclass(slots=True)
class RateLimiter:
    """The turns of one delivery; `feed` names the destination, as in `Throttle`, and `deadline` is when the invocation
    ends, in seconds since the epoch."""

    throttle: Throttle
    clock: Clock
    feed: str
    settings: DestinationSettings
    deadline: float
    breaker: Breaker
    _waiting: list[tuple[float, asyncio.Future[float]]] = field(
        default_factory=list[tuple[float, asyncio.Future[float]]]
    )

    async def next(self, records: int) -> float:
        """Waits for the turn of a call with `records` records; until when it must have set out. It is booked only when
        the call is about to be made: a place that is not used at its time would let others come in a heap.

        Raises:
            NotNow: the call's turn does not come before the invocation ends, or not while the circuit is open.
        """
        settings, clock = self.settings, self.clock
        # The burst lets calls set out up to `grace` away from their places. Half of it is for those that come before
        # their time, half for those that a slow ledger holds up: a call that is due at once has no time before.
        by_record = settings.rate_unit == "records"
        grace = max(0, settings.burst - (settings.batch_records if by_record else 1)) / settings.rate_per_second
        late = max(LATE, grace / 2)
        while True:
            booked = await self._book((records if by_record else 1) / settings.rate_per_second)
            await clock.sleep(max(0.0, booked - max(0.0, grace - late) - clock.now()))
            if clock.now() <= booked + late:
                return booked + late

    async def slow_down(self, seconds: float) -> None:
        """Calls go slower for so many seconds, or `SLOW_FOR` if that is longer."""
        await self.throttle.slow_down(self.feed, self.clock.now(), max(SLOW_FOR, seconds))

    async def _book(self, cost: float) -> float:
        """A booking of `cost` seconds: when it begins."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((cost, turn))
        if len(self._waiting) == 1:
            await asyncio.sleep(0)
            await self._book_all()
        return await turn

    async def _book_all(self) -> None:
        """Books for everybody who waits by now."""
        booking, self._waiting = self._waiting, []
        while booking:
            try:
                horizon = self.deadline - MARGIN - self.settings.timeout_seconds - self.clock.now()
                if horizon < 0:
                    raise OutOfTime("the invocation ends before an answer could come", after=0)
                costs = [cost for cost, _ in booking]
                begins = await self.throttle.book(
                    self.feed, costs, self.clock.now(), horizon, probing=self.breaker.probing
                )
            except Exception as error:
                for _, turn in booking:
                    if not turn.done():
                        turn.set_exception(error)
                return
            for (_, turn), begin in zip(booking, begins, strict=False):
                if not turn.done():
                    turn.set_result(begin)
            booking = booking[len(begins) :]
