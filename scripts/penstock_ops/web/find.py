"""The page that finds records by what they are: an invoice by its number, a spot by its identity, in whatever file."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from penstock.feeds import FEEDS
from penstock_ops.console.advice import sentences_of
from penstock_ops.operate.find import STATES, THROUGH, NotToBeFound, Wanted, find, wanted
from penstock_ops.web.desk import Desk, desk_of
from penstock_ops.web.rendering import rendered, said

SHOWN = 500  #: records that are shown at most
FIELD = "is."  #: how what a query says of a field begins
MORE = ("key", "day", "state", "finding")


async def page(request: Request) -> Response:
    """The records that are as the query says, each with how it ended; without one, what can be asked."""
    desk, name = desk_of(request), said(request, "feed") or sorted(FEEDS)[0]
    if name not in FEEDS:
        return _rendered(request, sorted(FEEDS)[0], wrong=f"there is no feed {name}")
    try:
        what = _wanted(request, name)
    except NotToBeFound as error:
        return _rendered(request, name, wrong=str(error))
    if not what.values and not what.is_about_more:
        return _rendered(request, name)
    return _rendered(request, name, found=await _found(desk, what))


def _wanted(request: Request, name: str) -> Wanted:
    """What the query says.

    Raises:
        NotToBeFound: no record can be so.
    """
    feed = FEEDS[name]
    conditions = [f"{field}={value}" for field in feed.found_by if (value := said(request, f"{FIELD}{field}"))]
    conditions += [also] if (also := said(request, "also")) else []
    more = {name: said(request, name) for name in MORE}
    try:
        _ = date.fromisoformat(more["day"] or "2026-11-30")
    except ValueError:
        raise NotToBeFound(f"{more['day']} is no day: say it as 2026-11-30") from None
    return replace(wanted(feed, conditions), **more)


async def _found(desk: Desk, what: Wanted) -> Mapping[str, Any]:
    """What was found, without content where it is not to be seen."""
    ports = desk.ports
    found = await find(ports.claims, ports.ledger, ports.store, what, THROUGH, ports.clock.now(), desk.ask)
    listed = [one | {"values": one.get("values", {}) if desk.content else {}} for one in found["records"]]
    if any(one["values"] for one in listed):
        await desk.note_content_shown(feed=what.feed.name, found=", ".join(what.values), records=f"{len(listed):,}")
    return found | {"records": listed[:SHOWN], "left_out": max(0, len(listed) - SHOWN)}


def _rendered(request: Request, name: str, *, found: Mapping[str, Any] | None = None, wrong: str = "") -> Response:
    feed = FEEDS[name]
    return rendered(
        request,
        "find.html",
        409 if wrong else 200,
        feeds=sorted(FEEDS),
        feed=name,
        fields={field: said(request, f"{FIELD}{field}") for field in feed.found_by},
        identity=feed.identity,
        prefix=FIELD,
        asked={one: said(request, one) for one in ("also", *MORE)},
        states=list(map(str, STATES)),
        codes=sorted(sentences_of(name)),
        found=found,
        wrong=wrong,
    )
