"""Forms that have changed are told once, however many documents have changed in the same way: to whoever knows why they
have, and can say what shall be read from them."""

import json
from collections.abc import Sequence
from typing import Protocol

from penstock.model.ids import drift_key
from penstock.model.messages import SourceFile
from penstock.ports.event_bus import EventBus
from penstock.ports.object_store import ObjectStore
from penstock.ports.pages import Drifted


class DriftPorts(Protocol):
    """What telling of drift needs of the world."""

    @property
    def store(self) -> ObjectStore:
        """Where it is kept that it was told."""
        ...

    @property
    def events(self) -> EventBus:
        """Where it is told."""
        ...


async def tell_of_drift(ports: DriftPorts, file: SourceFile, drifted: Sequence[Drifted]) -> None:
    """Tells what nobody has been told yet. Broken off before it is kept, it is told twice."""
    for one in drifted:
        key = drift_key(one.template, one.signature)
        if await ports.store.has(key):
            continue
        detail = {
            "feed": file.feed,
            "bucket": file.dropped.bucket,
            "key": file.dropped.key,
            "file_id": file.file_id,
            "template": one.template,
            "signature": one.signature,
            "fields": list(one.fields),
        }
        await ports.events.put("TemplateDrifted", detail)
        await ports.store.put(key, json.dumps(detail).encode(), "application/json")
