"""The page of the files: searched, filtered, page by page."""

from starlette.requests import Request
from starlette.responses import Response

from penstock.feeds import FEEDS
from penstock_ops.operate.file_pages import STATES, Wanted, WrongFilter, page_of
from penstock_ops.operate.times import utc
from penstock_ops.web.desk import desk_of
from penstock_ops.web.rendering import rendered, said

FILTERS = ("key", "feed", "lane", "state", "outcome", "day")


async def page(request: Request) -> Response:
    """The files that are as the query says, newest first."""
    desk = desk_of(request)
    wanted = Wanted(**{name: said(request, name) for name in FILTERS})
    filters = {name: getattr(wanted, name) for name in FILTERS if getattr(wanted, name)}
    before = _before(request)
    found = await page_of(desk.records.ledger, wanted, before, desk.records.clock.now())
    return rendered(
        request,
        "files.html",
        files=found.files,
        older=found.older,
        back_to=utc(found.older) if found.older else "",
        looked_at=found.looked_at,
        wanted=wanted,
        filters=filters,
        here=filters | ({"before": before} if before else {}),
        goes_on=any(one["balanced"] is None for one in found.files),
        feeds=sorted(FEEDS),
        states=list(STATES),
    )


def _before(request: Request) -> float | None:
    if not (text := said(request, "before")):
        return None
    try:
        return float(text)
    except ValueError:
        raise WrongFilter(f"{text} is no time to go on from") from None
