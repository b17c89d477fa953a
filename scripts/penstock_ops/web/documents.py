"""The pages of documents: what waits for a template, a form with boxes round the fields that were read, and the
acceptance of a form that has changed: first what would be another in the template, then, with a note, that it is.

What stands on a page is content, and shown only with the right to it.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from penstock.model.errors import PenstockError
from penstock.model.ordinals import unfolded
from penstock.model.rows import FileRow
from penstock_documents import child
from penstock_documents.pdf import Unreadable
from penstock_documents.template import Template, load_all
from penstock_ops.documents import registering
from penstock_ops.documents.form_pages import form_of, places_of
from penstock_ops.documents.stack_templates import changed_in, keep, laid_out
from penstock_ops.operate.errors import NotFound
from penstock_ops.operate.notes import noted
from penstock_ops.operate.rereading import Waiting, read_all_anew, waiting_for
from penstock_ops.web.desk import Desk, desk_of
from penstock_ops.web.rendering import rendered
from penstock_ops.web.writes import text

MOST_SHOWN = 200  #: files that wait, on the page
KEPT = 8  #: pictures of pages


class NotToBeShown(PenstockError):
    """Raised where a page has no picture."""


# -- what waits, and the templates


async def page(request: Request) -> Response:
    """What waits for a template, and the templates there are."""
    desk = desk_of(request)
    waiting, there = await asyncio.gather(waiting_for(desk.ports), desk.templates.all())
    return rendered(
        request,
        "documents.html",
        waiting=[_waiting(one) for one in waiting[:MOST_SHOWN]],
        left_out=max(0, len(waiting) - MOST_SHOWN),
        templates=await asyncio.to_thread(_listed, there),
    )


def _waiting(one: Waiting) -> dict[str, Any]:
    return _named(one.row) | {"records": one.records, "first": min(unfolded(one.records))}


def _listed(there: Mapping[str, bytes]) -> list[dict[str, Any]]:
    with laid_out(there) as folder:
        return registering.listed(folder)


async def template(request: Request) -> Response:
    """A template, and what is another in it than in the version before."""
    desk, name = desk_of(request), f"{request.path_params['name']}/{request.path_params['version']}"
    told = await asyncio.to_thread(_compared, await desk.templates.all(), name)
    return rendered(request, "template.html", **told)


def _compared(there: Mapping[str, bytes], name: str) -> dict[str, Any]:
    with laid_out(there) as folder:
        registry = load_all(folder)
        try:
            found = registry.find(name)
        except ValueError as error:
            raise NotFound(str(error)) from None
        earlier = [one for one in registry.versions_of(found.name) if one.version < found.version]
    before = max(earlier, key=lambda one: one.version, default=None)
    return {
        "template": registering.summary_of(found),
        "before": before.id if before else "",
        "changes": registering.differences(before, found) if before else [],
        "fields": {name: place.model_dump() for name, place in found.fields.items()},
    }


# -- a form


class Pictures:
    """Pages as pictures, those that were looked at last: making one takes a process of its own, and a page of the
    console asks for it twice, for how large the paper is and for what is on it."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, int, str], child.Shown] = {}

    async def of(self, desk: Desk, row: FileRow, number: int, route: str) -> child.Shown:
        """A page of a document, as it was read.

        Raises:
            NotToBeShown: nobody can.
        """
        key = (row.file.file_id, number, route)
        if key not in self._kept:
            try:
                shown = await asyncio.to_thread(_shown, desk, row, number, route)
            except Unreadable as error:
                raise NotToBeShown(f"page {number} cannot be shown: {error}") from None
            self._kept[key] = shown
            while len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]
        return self._kept[key]


def _shown(desk: Desk, row: FileRow, number: int, route: str) -> child.Shown:
    with TemporaryDirectory(prefix="penstock-page-") as folder:
        path = Path(folder) / "document"
        path.write_bytes(desk.originals.fetch(row))
        return child.shown(path, number, route)


async def form(request: Request) -> Response:
    """A form: what was read in each field, and the pages that it stands on."""
    desk, row, told = await _form(request)
    await desk.note_content_shown(file_id=row.file.file_id, form=str(told["ordinal"]))
    return rendered(request, "form.html", **_named(row), form=told)


async def sheet(request: Request) -> Response:
    """A page of a form, with a box round each field that was read on it, and, dashed, round the places at which its
    template has what has drifted."""
    desk, row, told = await _form(request)
    number = _number(request, told)
    await desk.note_content_shown(file_id=row.file.file_id, form=str(told["ordinal"]), page=str(number))
    shown = await request.app.state.pictures.of(desk, row, number, told["route"])
    places = await asyncio.to_thread(_places, await desk.templates.all(), told["template"])
    return rendered(request, "sheet.html", **_named(row), form=told, sheet=_sheet(told, number, places), shown=shown)


def _number(request: Request, told: Mapping[str, Any]) -> int:
    number: int = request.path_params["number"]
    if number not in told["pages"]:
        raise NotFound(f"the form is not on page {number}")
    return number


def _places(there: Mapping[str, bytes], name: str) -> list[dict[str, Any]]:
    with laid_out(there) as folder:
        return places_of(load_all(folder), name) if name else []


def _sheet(told: Mapping[str, Any], number: int, places: list[dict[str, Any]]) -> dict[str, Any]:
    """A page: its boxes, by their numbers, and where the template has what has drifted."""
    drifted = {one["field"] for one in told["drift"]}
    within = number - told["pages"][0] + 1
    return {
        "number": number,
        "boxes": [
            one | {"at": at} for at, one in enumerate(told["values"], 1) if one.get("page") == number and one.get("box")
        ],
        "before": [one for one in places if one["page"] == within and one["name"] in drifted],
    }


async def picture(request: Request) -> Response:
    """A page as a picture, which runs nothing."""
    desk, row, told = await _form(request)
    shown = await request.app.state.pictures.of(desk, row, _number(request, told), told["route"])
    return Response(shown.webp, media_type="image/webp")


async def _form(request: Request) -> tuple[Desk, FileRow, dict[str, Any]]:
    desk = desk_of(request)
    desk.ensure_content()
    row = await desk.records.row(request.path_params["file_id"])
    told = await form_of(desk.records.ledger, desk.records.store, row, request.path_params["ordinal"])
    return desk, row, told


# -- a form that has changed


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A template's next version, and the files that it would be kept in."""

    old: Template
    new: Template
    changed: Mapping[str, bytes]


async def plan(request: Request, form: FormData) -> Response:
    """What would be another in the template, and what would be read anew; nothing is changed."""
    desk, row = await _asked(request, form)
    prepared = await _prepare(desk, row)
    waiting = await waiting_for(desk.ports, prepared.old.name)
    return rendered(
        request,
        "plan_template.html",
        **_named(row),
        old=prepared.old.id,
        new=prepared.new.id,
        changes=registering.differences(prepared.old, prepared.new),
        waiting=[_waiting(one) for one in waiting],
    )


async def accept(request: Request, form: FormData) -> Response:
    """Keeps the template's next version, and has what waited for the one before read anew."""
    note = noted(text(form, "note"))
    desk, row = await _asked(request, form)
    prepared, ports = await _prepare(desk, row), desk.ports
    if text(form, "new") != prepared.new.id:
        raise NotFound(f"somebody else has made {text(form, 'new')} meanwhile: look again")
    await keep(desk.templates, ports.store, prepared.changed, ports.clock.now(), ports.operator, note)
    anew = await read_all_anew(ports, desk.originals, prepared.old.name, f"{note} ({prepared.new.id})")
    return rendered(request, "accepted.html", new=prepared.new.id, done=anew)


async def _asked(request: Request, form: FormData) -> tuple[Desk, FileRow]:
    desk = desk_of(request)
    desk.ensure_content()
    return desk, await desk.records.row(text(form, "file"))


async def _prepare(desk: Desk, row: FileRow) -> _Prepared:
    there = await desk.templates.all()
    return await asyncio.to_thread(_accepted, there, desk, row)


def _accepted(there: Mapping[str, bytes], desk: Desk, row: FileRow) -> _Prepared:
    """Where a text stands in several places, the nearest to its label is taken, as the verb does without a terminal."""
    with TemporaryDirectory(prefix="penstock-document-") as made, laid_out(there) as folder:
        path = Path(made) / row.file.file_id
        path.write_bytes(desk.originals.fetch(row))
        try:
            old, new, _ = registering.accepted(path, folder, lambda field, places: 0)
        except Unreadable as error:
            raise NotToBeShown(f"the document cannot be read: {error}") from None
        return _Prepared(old, new, changed_in(folder, there))


def _named(row: FileRow) -> dict[str, Any]:
    return {"file_id": row.file.file_id, "key": row.file.dropped.key, "feed": row.file.feed}
