"""How lanes keep out of each other's way, in a feed that has them (`feeds.lanes`).

destination   a lane's own, or the feed's; circuit and line are the destination's, under its name
circuit       an open one holds back its own chunks: each waits by a delayed message, and others pass. The feed's
              mapping stays on, and nobody's receives are counted
places        at a lane so many chunks are delivered at once, and no more: dispatchers that hang at a silent
              destination, or wait for their turn in a long line, leave others for the other lanes
"""

import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from penstock.deliver.circuit import FIRST_PROBE
from penstock.feeds.lanes import has_lanes
from penstock.model.errors import CircuitOpen, NotNow, Transient
from penstock.ports.clock import Clock
from penstock.ports.throttle import Circuit, Throttle

SPREAD = 60.0  #: seconds over which those that waited for a circuit come back


async def ensure_open_way(throttle: Throttle, name: str, now: float, rng: random.Random) -> None:
    """Nothing where calls to the destination go through. Of a feed without lanes nobody asks: its mapping is off.

    Raises:
        CircuitOpen: they do not.
    """
    if not has_lanes(name):
        return
    row = await throttle.row(name)
    if row.circuit is not Circuit.CLOSED:
        # A probe is over long before its time is.
        wait = row.probe_at - now if row.circuit is Circuit.OPEN else FIRST_PROBE
        raise CircuitOpen("the destination's circuit is open", after=max(0.0, wait) + rng.uniform(0, SPREAD))


@asynccontextmanager
async def place_at(throttle: Throttle, clock: Clock, lane: str, places: int, until: float) -> AsyncGenerator[None]:
    """A place at a lane, until the block ends, or the time is `until`; in a feed without lanes there is no end of them.

    Raises:
        NotNow: all are taken.
    """
    if not has_lanes(lane):
        yield
        return
    place = await throttle.enter(lane, places, clock.now(), until)
    if place is None:
        raise NotNow(f"{places} chunks of its lane are being delivered, and no more are at once")
    try:
        yield
    finally:
        with suppress(Transient):  # it is free again at its time
            await throttle.leave(lane, place, until)
