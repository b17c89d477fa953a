"""The app: which page is where."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from penstock.model.errors import PenstockError
from penstock_ops.operate.errors import NotFound
from penstock_ops.web import (
    decisions,
    documents,
    door,
    downloads,
    drop,
    file,
    files,
    find,
    mend,
    now,
    record,
    worklists,
)
from penstock_ops.web.desk import Desk
from penstock_ops.web.guard import guarded
from penstock_ops.web.rendering import rendered
from penstock_ops.web.visitors import Gate
from penstock_ops.web.writes import write

type Enter = Callable[[Request], Awaitable[Response]]
"""(a request to `/session`) → the answer that lets its browser in, or not."""

STATIC = Path(__file__).parent / "static"


def create_app(desk: Desk, gate: Gate, folder: Path, enter: Enter = door.enter) -> Any:
    """The console of one stack, behind its gate, at whose door one comes in by `enter`; files that may be dropped lie
    in the folder until then."""
    app = Starlette(
        routes=[
            Route("/", now.page),
            Route("/find", find.page),
            Route("/files", files.page),
            Route("/files/{file_id}", file.page),
            Route("/files/{file_id}/records", file.records),
            Route("/files/{file_id}/records/{ordinal:int}", record.page),
            Route("/files/{file_id}/download/{name}", downloads.download),
            Route("/files/{file_id}/mend", mend.page),
            write("/files/{file_id}/mend/check", mend.check),
            write("/files/{file_id}/mend/drop", mend.drop),
            Route("/worklists/{name}", worklists.page),
            write("/worklists/held/plan", worklists.plan_held),
            write("/worklists/held/decide", worklists.decide_held),
            write("/worklists/unknown/plan", worklists.plan_unknown),
            write("/worklists/unknown/decide", worklists.decide_unknown),
            write("/worklists/dead/plan", worklists.plan_dead),
            write("/worklists/dead/decide", worklists.replay_dead),
            write("/worklists/letters/plan", worklists.plan_letters),
            write("/worklists/letters/decide", worklists.redrive_letters),
            Route("/decisions", decisions.page),
            Route("/documents", documents.page),
            Route("/documents/templates/{name}/{version:int}", documents.template),
            write("/documents/plan", documents.plan),
            write("/documents/accept", documents.accept),
            Route("/files/{file_id}/forms/{ordinal:int}", documents.form),
            Route("/files/{file_id}/forms/{ordinal:int}/pages/{number:int}", documents.sheet),
            Route("/files/{file_id}/forms/{ordinal:int}/pages/{number:int}/picture", documents.picture),
            Route("/drop", drop.page),
            write("/drop/check", drop.checked),
            write("/drop/now", drop.drop),
            Route("/drop/{file_id}", drop.done),
            Route("/session", enter, methods=["POST"]),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        exception_handlers={NotFound: _not_found, PenstockError: _failed, 404: _nowhere},
    )
    app.state.desk, app.state.gate = desk, gate
    app.state.tray, app.state.pictures = drop.Tray(folder), documents.Pictures()
    return guarded(app, gate)


async def _not_found(request: Request, error: Exception) -> Response:
    return rendered(request, "sentence.html", 404, title="Not found", sentence=str(error))


async def _failed(request: Request, error: Exception) -> Response:
    return rendered(request, "sentence.html", 409, title="That was not done", sentence=str(error))


async def _nowhere(request: Request, error: Exception) -> Response:
    return rendered(request, "sentence.html", 404, title="Not found", sentence="there is no such page")
