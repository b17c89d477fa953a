"""The feeds' circuits, as an operator sees them; and the rule that nothing is sent again before one that is open."""

import asyncio
from collections.abc import Iterable
from typing import Any

from penstock.model.errors import PenstockError
from penstock.ports.throttle import Circuit, Throttle, ThrottleRow
from penstock_ops.operate.times import utc


class NotClosed(PenstockError):
    """Raised where something is to be sent again, and the destination is down."""


async def circuits_of(throttle: Throttle, feeds: Iterable[str]) -> list[ThrottleRow]:
    """The feeds' rows, by name."""
    return list(await asyncio.gather(*(throttle.row(feed) for feed in sorted(feeds))))


async def ensure_closed(throttle: Throttle, feeds: Iterable[str], otherwise: str = "") -> None:
    """Nothing where calls of all these feeds go through (R36). `otherwise` is what else there is to do.

    Raises:
        NotClosed: those of one do not.
    """
    for row in await circuits_of(throttle, feeds):
        if row.circuit is not Circuit.CLOSED:
            raise NotClosed(
                f"the circuit of {row.feed} is {row.circuit} since {utc(row.since)} ({row.reason}): wait until it is"
                f" closed, which `penstock status` shows{', ' if otherwise else ''}{otherwise}"
            )


def described(row: ThrottleRow, now: float) -> dict[str, Any]:
    """A circuit for people and machines: what is not the case is not there."""
    facts: dict[str, Any] = {"circuit": str(row.circuit)}
    if row.circuit is not Circuit.CLOSED:
        facts |= {"since": utc(row.since), "why": row.reason, "failed_probes": row.failed_probes}
        facts["next_probe" if row.circuit is Circuit.OPEN else "probe_ends"] = utc(row.probe_at)
    if row.pace > 1 and row.paced_until > now:
        facts |= {"times_slower": row.pace, "slower_until": utc(row.paced_until)}
    return facts
