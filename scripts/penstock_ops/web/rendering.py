"""Pages from templates. Every value is escaped, whoever wrote the template: it can neither become markup nor, by what
is not seen, pass for something else."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from penstock.model.findings import Outcome
from penstock.model.visible import visible
from penstock_ops.web.desk import desk_of
from penstock_ops.web.visitors import visitor_of
from penstock_ops.wording.money import PAID_FOR, dollars, quantity
from penstock_ops.wording.times import local_time

TEMPLATES = Path(__file__).parent / "templates"
WORDS = {
    Outcome.DELIVERED: "its destination has taken it",
    Outcome.REJECTED: "handed back, with the reason",
    Outcome.DUPLICATE: "the same as an earlier record",
    Outcome.HELD: "waits for somebody's word",
    Outcome.UNKNOWN: "sent, and never answered",
    Outcome.DEAD: "its chunk came to a stop; can be replayed",
}
MENU = (
    ("/", "Now"),
    ("/find", "Find"),
    ("/files", "Files"),
    ("/worklists/held", "Worklists"),
    ("/documents", "Documents"),
    ("/decisions", "Decisions"),
    ("/drop", "Drop"),
)
LINES = frozenset("\n")  #: what of a text is seen by itself
BAR = 1000  #: units that an account's bar is wide


def rendered(request: Request, template: str, status: int = 200, /, **values: Any) -> Response:
    """A page, or a part of one, of a template and what stands in it."""
    visitor = visitor_of(request)
    shared = {
        "desk": desk_of(request) if visitor else None,
        "word": visitor.word if visitor else "",
        "operates": bool(visitor and visitor.operates),
        "path": request.url.path,
        "menu": MENU,
        "outcomes": list(Outcome),
        "words": WORDS,
        "paid_for": PAID_FOR,
    }
    return HTMLResponse(_templates().get_template(template).render(shared | values), status)


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = environment.filters
    filters.update(number=_number, counted=_counted, when=_when, plain=_plain, parts=parts_of)
    filters.update(dollars=dollars, quantity=quantity)
    return environment


def _shown(value: Any) -> Any:
    """What an expression of a template becomes before it is escaped."""
    if value is None:
        return ""
    return visible(value, LINES) if isinstance(value, str) and not isinstance(value, Markup) else value


def _number(value: float) -> str:
    return f"{value:,}"


def _counted(number: int, what: str) -> str:
    """A number of things.

    >>> _counted(1, "record"), _counted(1200, "record"), _counted(2, "batch")
    ('1 record', '1,200 records', '2 batches')
    """
    plural = what if number == 1 else f"{what}{'es' if what.endswith(('ch', 's')) else 's'}"
    return f"{number:,} {plural}"


def _when(value: str | float | None) -> str:
    """A time, ISO 8601 or in seconds since the epoch, as people read it."""
    if not value:
        return ""
    return local_time(datetime.fromisoformat(value).timestamp() if isinstance(value, str) else value)


def _plain(value: Any) -> str:
    """A value of a record as its JSON has it, but texts without their quotes."""
    return value if isinstance(value, str) else "" if value is None else str(value)


def parts_of(records: Mapping[str, int]) -> list[dict[str, Any]]:
    """An account as parts of a bar, by outcome: where each begins and how wide it is, of `BAR`; what has not ended is
    the last, `open`. A part that is there can be seen, however few its records are."""
    ended = [(str(outcome), records[outcome]) for outcome in Outcome if records[outcome]]
    counted = sum(number for _, number in ended)
    whole = max(records["received"], counted)
    if whole > counted:
        ended.append(("open", whole - counted))
    least = 4
    room = BAR - least * len(ended)
    found: list[dict[str, Any]] = []
    start = 0.0
    for outcome, number in ended:
        width = least + room * number / whole
        found.append({"outcome": outcome, "number": number, "x": round(start, 1), "width": round(width, 1)})
        start += width
    return found


def said(request: Request, name: str) -> str:
    """What a query says by this name, "" where it says nothing."""
    return request.query_params.get(name, "").strip()
