"""The audit: one small object for each thing that an operator or a circuit did. Nothing in it is ever overwritten."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from penstock.ports import ObjectStore


async def audit(store: ObjectStore, what: str, now: float, detail: Mapping[str, Any]) -> str:
    """Writes what was done, when, and its details; the key it has in the work bucket."""
    at = datetime.fromtimestamp(now, UTC)
    body = json.dumps({"at": at.isoformat(), "what": what} | dict(detail), indent=2, default=str).encode()
    digest = hashlib.sha256(body).hexdigest()[:8]
    key = f"audit/{at:%Y-%m-%d}/{at:%H%M%S.%f}-{what}-{digest}.json"
    await store.put(key, body, "application/json")
    return key
