"""Work that fails again and again is told once in a row of failures: when it has just become frequent."""

from contextlib import suppress

from penstock.feeds.lanes import lane_of
from penstock.model.lane_names import told
from penstock.model.messages import SourceFile
from penstock.model.setbacks import Setback
from penstock.ports.event_bus import EventBus


async def tell_if_failing(
    events: EventBus, file: SourceFile, before: Setback | None, now: Setback, chunk: int | None = None
) -> None:
    """Publishes that a file, or a chunk of it, fails often, where it did not `before`. A bus that is down fails
    nothing: the work comes again, and an alarm counts it, too."""
    if not now.is_frequent or (before and before.stage == now.stage and before.is_frequent):
        return
    detail = told(lane_of(file)) | {
        "key": file.dropped.key,
        "file_id": file.file_id,
        "chunk": chunk,
        "stage": now.stage,
        "failures": now.failures,
        "since": now.since,
        "reason": now.reason,
    }
    with suppress(Exception):
        await events.put("WorkFailing", detail)
