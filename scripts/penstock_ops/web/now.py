"""The page of now: what needs a person, and the pipe with what is in it."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from penstock_ops.operate.moving import LOOKED_INTO, WINDOW
from penstock_ops.operate.needs import LATEST, seen
from penstock_ops.web.desk import desk_of
from penstock_ops.web.rendering import rendered

WAYS = {
    "held": "/worklists/held",
    "unknown": "/worklists/unknown",
    "dead": "/worklists/dead",
    "letters": "/worklists/letters",
    "refused": "/files?state=refused",
    "defect": "/files?state=refused",
}
"""Where to do something about what needs a person."""


async def page(request: Request) -> Response:
    """One look at the pipe; the page looks again by itself."""
    desk = desk_of(request)
    found = await seen(desk.records)
    return rendered(
        request,
        "now.html",
        **found,
        pipe=_pipe(found["queues"]),
        ways=WAYS,
        latest=LATEST,
        window=round(WINDOW / 60),
        looked_into=LOOKED_INTO,
    )


def _pipe(queues: dict[str, dict[str, int]]) -> list[dict[str, Any]]:
    """The stages in their order, each with what waits before it, and what lies in its dead-letter queue."""
    stages = [("intake", "splitter"), ("document", "extractor"), ("chunk", "validator")]
    stages += [(name, "dispatcher") for name in queues if name.startswith("dispatch ") and not name.endswith("DLQ")]
    return [
        {"queue": queue, "stage": stage, **queues[queue], "letters": sum(queues.get(f"{queue} DLQ", {}).values())}
        for queue, stage in stages
        if queue in queues
    ]
