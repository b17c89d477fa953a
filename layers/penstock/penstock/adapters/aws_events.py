"""EventBridge behind the event bus's port."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from penstock.adapters.aws_faults import transient_faults
from penstock.model.errors import Transient


@dataclass(frozen=True, slots=True)
class EventBridge:
    """As `EventBus`. `client` gives EventBridge's client: only who ends a file needs it. `ledger` is the name of the
    stack's table, and stands among an event's resources: other stacks' events are on the same bus."""

    client: Callable[[], Awaitable[Any]]
    bus: str
    ledger: str

    async def put(self, kind: str, detail: Mapping[str, Any]) -> None:
        """As `EventBus.put`."""
        entry = {
            "EventBusName": self.bus,
            "Source": "penstock",
            "DetailType": kind,
            "Detail": json.dumps(detail),
            "Resources": [self.ledger],
        }
        with transient_faults():
            answer = await (await self.client()).put_events(Entries=[entry])
        if answer.get("FailedEntryCount"):
            raise Transient("EventBridge did not take the event")
