"""The tests' bus: whatever any test puts on it must be what listeners are told to expect."""

from collections.abc import Mapping
from typing import Any

from penstock.model.events import ensure_declared
from penstock_testing.memory import MemoryEvents


class DeclaredEvents(MemoryEvents):
    """As `MemoryEvents`."""

    async def put(self, kind: str, detail: Mapping[str, Any]) -> None:
        """As `EventBus.put`; an event that is not as it is declared fails the test."""
        ensure_declared(kind, detail)
        await super().put(kind, detail)
