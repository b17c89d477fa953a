"""The feeds' circuits, as an operator sees them; and the rule that nothing is sent again before one that is open."""

import asyncio
from collections.abc import Collection, Iterable
from typing import Any

from penstock.feeds.lanes import lane_of
from penstock.model.errors import PenstockError
from penstock.model.messages import SourceFile
from penstock.ports.throttle import Circuit, Throttle, ThrottleRow
from penstock_ops.operate.times import utc
from penstock_ops.wording.commands import probe_of
from penstock_ops.wording.times import local_time


class NotClosed(PenstockError):
    """Raised where something is to be sent again, and the destination is down."""


async def circuits_of(throttle: Throttle, names: Iterable[str]) -> list[ThrottleRow]:
    """The rows of destinations, by name: a feed's, or a lane's."""
    return list(await asyncio.gather(*(throttle.row(name) for name in sorted(names))))


def destination_of(file: SourceFile, lanes: Collection[str]) -> str:
    """The name of the destination that a file's records go to; `lanes` are those that have their own."""
    return lane if (lane := lane_of(file)) in lanes else file.feed


async def ensure_closed(throttle: Throttle, names: Iterable[str], otherwise: str = "") -> None:
    """Nothing where calls to all these destinations go through (R36). `otherwise` is what else there is to do.

    Raises:
        NotClosed: those of one do not.
    """
    for row in await circuits_of(throttle, names):
        if row.circuit is not Circuit.CLOSED:
            raise NotClosed(
                f"the circuit of {row.feed} is {row.circuit}, since {local_time(opened_at(row))} ({row.reason}): wait"
                f" until it is closed, which `penstock status` shows, or try now by `{probe_of(row.feed)}`"
                f"{', ' if otherwise else ''}{otherwise}"
            )


def opened_at(row: ThrottleRow) -> float:
    """When a circuit that is not closed opened, in seconds since the epoch; of one that an earlier release has opened,
    since when it is as it is."""
    return row.opened_at or row.since


def described(row: ThrottleRow, now: float) -> dict[str, Any]:
    """A circuit for people and machines: what is not the case is not there."""
    facts: dict[str, Any] = {"circuit": str(row.circuit)}
    if row.circuit is not Circuit.CLOSED:
        facts |= {"opened_at": utc(opened_at(row)), "why": row.reason, "failed_probes": row.failed_probes}
        # One that is due is probed by the next look, which is within a minute.
        facts["next_probe" if row.circuit is Circuit.OPEN else "probe_ends"] = utc(max(row.probe_at, now))
    if row.pace > 1 and row.paced_until > now:
        facts |= {"times_slower": row.pace, "slower_until": utc(row.paced_until)}
    return facts
