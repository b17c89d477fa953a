"""The page of what was decided and done: who, when, why, and about what."""

from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response

from penstock_ops.operate.decisions import WORDS, Wanted, page_of
from penstock_ops.web.desk import desk_of
from penstock_ops.web.rendering import rendered, said

SAID = ("what", "by", "about", "before")
TOLD = frozenset({"at", "what", "by", "scheduler", "note", "file_id", "feed"})
"""What of an act has a place of its own on the page."""


async def page(request: Request) -> Response:
    """The acts that are as the query says, the latest first."""
    desk = desk_of(request)
    wanted = Wanted(**{name: said(request, name) for name in SAID})
    found = await page_of(desk.archive, wanted, desk.records.clock.now())
    return rendered(
        request,
        "decisions.html",
        acts=[_told(act) for act in found.acts],
        older=found.older,
        back_to=found.back_to,
        wanted=wanted,
        day=wanted.before if "/" not in wanted.before else "",
        filters={name: getattr(wanted, name) for name in SAID if name != "before" and getattr(wanted, name)},
        whats=WORDS,
    )


def _told(act: dict[str, Any]) -> dict[str, Any]:
    """An act with what it was about besides, a name and a text each."""
    more = {name: _text(value) for name, value in act.items() if name not in TOLD and value not in (None, "", [])}
    return act | {"more": more, "word": WORDS.get(act.get("what", ""), act.get("what", ""))}


def _text(value: Any) -> str:
    return ", ".join(map(str, cast("list[Any]", value))) if isinstance(value, list) else str(value)
