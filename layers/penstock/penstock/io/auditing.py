"""The audit: one small object for each thing that an operator or a circuit did. Nothing in it is ever overwritten."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from penstock.io.archiving import named_after
from penstock.ports.object_store import Archive


async def audit(archive: Archive, what: str, now: float, detail: Mapping[str, Any]) -> str:
    """Writes what was done, when, and its details; the key it has in the archive."""
    at = datetime.fromtimestamp(now, UTC)
    body = json.dumps({"at": at.isoformat(), "what": what} | dict(detail), indent=2, default=str).encode()
    key = named_after(f"audit/{at:%Y-%m-%d}/{at:%H%M%S.%f}-{what}.json", body)
    await archive.put_once(key, body, "application/json")
    return key
