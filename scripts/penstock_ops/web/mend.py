"""The page that mends a file's rejects: a grid, judged anew as one types; only what was mended is dropped.

A cell with characters that are not seen, a line end among them, is shown and cannot be changed here: a browser would
hand it back otherwise than it was.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from penstock.model.rows import FileRow
from penstock.model.visible import visible
from penstock_ops.operate.errors import NotFound
from penstock_ops.operate.mending import OURS, NothingMended, Rejects, judged, key_of, rejects_in
from penstock_ops.web.desk import Desk, desk_of
from penstock_ops.web.rendering import rendered
from penstock_ops.web.writes import texts

ROWS = 100  #: of the reject file on the page
FOUND = ("field", "code", "message")


async def page(request: Request) -> Response:
    """The grid, as it was rejected."""
    desk, row = await _asked(request)
    rejects = await _rejects(desk, row)
    await desk.note_content_shown(file_id=row.file.file_id, download="rejects.csv")
    fields = [column for column in rejects.columns if not column.startswith(OURS)]
    return rendered(
        request,
        "mend.html",
        file=row.file,
        fields=fields,
        grid=[_told(rejects, at) for at in range(min(len(rejects.rows), ROWS))],
        left_out=max(0, len(rejects.rows) - ROWS),
        key=key_of(row.file),
    )


def _told(rejects: Rejects, at: int, found: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A row of the grid: its cells that may be changed, each with what was found of it. `found` is what the check finds
    now, empty if nothing; else it is as it was rejected."""
    found = {name: rejects.value(at, f"{OURS}{name}") for name in FOUND} if found is None else found
    wrong = found.get("field", "").replace(",", " ").split()
    cells: list[dict[str, Any]] = [
        {
            "name": f"{at}.{place}",
            "id": f"{at}-{place}",
            "value": value,
            "field": column,
            "said": found["message"] if column in wrong else "",
            "fixed": visible(value) != value,
        }
        for place, (column, value) in enumerate(zip(rejects.columns, rejects.rows[at], strict=False))
        if not column.startswith(OURS)
    ]
    named = any(cell["said"] for cell in cells)
    return {
        "at": at,
        "ordinal": rejects.value(at, f"{OURS}ordinal"),
        "code": found.get("code", ""),
        "message": "" if named else found.get("message", ""),
        "cells": cells,
    }


async def check(request: Request, form: FormData) -> Response:
    """What the check says of the rows that were changed, at their cells; nothing is dropped. A row that was told of
    before, and is as it was rejected again, is told so, too."""
    desk, row = await _asked(request)
    rejects = await _rejects(desk, row)
    mended = rejects.mended(_cells(form))
    again = await asyncio.to_thread(judged, row.file.feed, rejects, mended) if mended else {}
    before = {int(at) for at in texts(form, "told") if at.isascii() and at.isdigit() and int(at) < len(rejects.rows)}
    rows = [
        _told(rejects, at, again.get(at, {}) if at in mended else None) | {"changed": at in mended}
        for at in sorted(before | mended.keys())
    ]
    return rendered(request, "mended.html", rows=rows, changed=len(mended), good=len(mended) - len(again))


async def drop(request: Request, form: FormData) -> Response:
    """Drops the rows that were changed, as a file of their own."""
    desk, row = await _asked(request)
    rejects = await _rejects(desk, row)
    mended = rejects.mended(_cells(form))
    if not mended:
        raise NothingMended("no cell is another than it was: nothing was dropped")
    with TemporaryDirectory(prefix="penstock-mend-") as folder:
        path = Path(folder) / "mended.csv"
        await asyncio.to_thread(path.write_bytes, rejects.body(mended))
        dropped = await desk.drop(path, key_of(row.file))
    return RedirectResponse(f"/drop/{dropped.file_id}", 303)


async def _asked(request: Request) -> tuple[Desk, FileRow]:
    desk = desk_of(request)
    desk.ensure_content()
    return desk, await desk.records.row(request.path_params["file_id"])


async def _rejects(desk: Desk, row: FileRow) -> Rejects:
    body = await desk.records.rejects(row.file.file_id)
    if body is None:
        raise NotFound("no record of this file has been rejected, or its end is still being written")
    return rejects_in(body)


def _cells(form: FormData) -> Mapping[tuple[int, int], str]:
    """What stands in the grid, by row and column."""
    found: dict[tuple[int, int], str] = {}
    for name, value in form.multi_items():
        row, dot, column = name.partition(".")
        if dot and row.isascii() and row.isdigit() and column.isascii() and column.isdigit() and isinstance(value, str):
            found[int(row), int(column)] = value
    return found
