"""Looks at many things, each by itself: what goes wrong at one of them is told, and the others have their turn.

Told is the exception's type and its place in our code, and never its text, which may quote a record: as an event, in
the ledger, for `penstock status`, and as a count, for an alarm.
"""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Protocol

from penstock.model.defects import place_of
from penstock.model.errors import Busy, LeaseLost, NotNow
from penstock.model.rows import Fault
from penstock.ports.clock import Clock
from penstock.ports.event_bus import EventBus
from penstock.ports.ledger import Ledger


class TellingPorts(Protocol):
    """What telling of a fault needs of the world."""

    @property
    def ledger(self) -> Ledger:
        """Where it is kept."""
        ...

    @property
    def events(self) -> EventBus:
        """Who hears of it."""
        ...

    @property
    def clock(self) -> Clock:
        """When it was."""
        ...


@dataclass(slots=True)
class ByItself:
    """One look at many things, until `deadline`, in seconds since the epoch. `faults` counts those at which something
    went wrong."""

    ports: TellingPorts
    look: str
    deadline: float
    faults: int = 0

    async def at[T](self, about: str, work: Awaitable[T]) -> T | None:
        """What the work at one thing comes to; None where it failed. Where somebody else is at it, or it is not its
        time, nothing is told."""
        try:
            # What takes for ever at one thing would have every look end there.
            async with asyncio.timeout(max(0.0, self.deadline - self.ports.clock.now())):
                return await work
        except (Busy, LeaseLost, NotNow):
            return None
        except Exception as error:
            await self.tell(about, error)
            return None

    async def tell(self, about: str, error: Exception) -> None:
        """Tells of a fault, as well as it can be: a bus or a table that is down takes nobody's turn."""
        self.faults += 1
        fault = Fault(self.look, about, type(error).__name__, place_of(error), self.ports.clock.now())
        with suppress(Exception):
            await self.ports.ledger.note_fault(fault)
        with suppress(Exception):
            await self.ports.events.put("LookFailed", asdict(fault))
