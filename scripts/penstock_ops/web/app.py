"""The app: which page is where."""

from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from penstock.model.errors import PenstockError
from penstock_ops.operate.errors import NotFound
from penstock_ops.web import door, downloads, file, files, record
from penstock_ops.web.desk import Desk
from penstock_ops.web.guard import guarded
from penstock_ops.web.rendering import rendered
from penstock_ops.web.session import Session

STATIC = Path(__file__).parent / "static"


def create_app(desk: Desk, session: Session) -> Any:
    """The console of one stack, behind its guard."""
    app = Starlette(
        routes=[
            Route("/", files.page),
            Route("/files", files.page),
            Route("/files/{file_id}", file.page),
            Route("/files/{file_id}/records", file.records),
            Route("/files/{file_id}/records/{ordinal:int}", record.page),
            Route("/files/{file_id}/download/{name}", downloads.download),
            Route("/session", door.enter, methods=["POST"]),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        exception_handlers={NotFound: _not_found, PenstockError: _failed, 404: _nowhere},
    )
    app.state.desk, app.state.session = desk, session
    return guarded(app, session)


async def _not_found(request: Request, error: Exception) -> Response:
    return rendered(request, "sentence.html", 404, title="Not found", sentence=str(error))


async def _failed(request: Request, error: Exception) -> Response:
    return rendered(request, "sentence.html", 409, title="That was not done", sentence=str(error))


async def _nowhere(request: Request, error: Exception) -> Response:
    return rendered(request, "sentence.html", 404, title="Not found", sentence="there is no such page")
