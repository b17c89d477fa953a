"""The port of the event bus."""

from collections.abc import Mapping
from typing import Any, Protocol


class EventBus(Protocol):
    """EventBridge."""

    async def put(self, kind: str, detail: Mapping[str, Any]) -> None:
        """Publishes an event of `kind`.

        Raises:
            Transient: it was not taken.
        """
        ...
