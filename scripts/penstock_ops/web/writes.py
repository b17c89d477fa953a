"""Writes: every one brings the word of the page that it comes from, or nothing is done."""

from collections.abc import Awaitable, Callable

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from penstock_ops.web.session import Session

MOST_FIELDS = 20_000  #: fields of a form
MOST_BYTES = 8 * 1024 * 1024  #: of one field that is no file

type Write = Callable[[Request, FormData], Awaitable[Response]]
"""(request, the form that it brought) → the next page."""


def write(path: str, do: Write) -> Route:
    """The route of a write. Nobody else makes one, so none can forget to ask for the word."""

    async def asked(request: Request) -> Response:
        session: Session = request.app.state.session
        async with request.form(max_files=1, max_fields=MOST_FIELDS, max_part_size=MOST_BYTES) as form:
            word = request.headers.get("x-penstock-word", "") or text(form, "word")
            if not session.may_write(word):
                return PlainTextResponse("this page is of another start of the console: load it anew\n", 403)
            return await do(request, form)

    return Route(path, asked, methods=["POST"], name=do.__name__)


def text(form: FormData, name: str) -> str:
    """What a form says by this name, "" where it says nothing or brings a file."""
    value = form.get(name, "")
    return "" if isinstance(value, UploadFile) else value.strip()


def texts(form: FormData, name: str) -> list[str]:
    """All that a form says by this name."""
    return [value for value in form.getlist(name) if isinstance(value, str)]
