"""Writes: every one is an operator's, and brings the word of the page that it comes from, or nothing is done."""

import hmac
from collections.abc import Awaitable, Callable

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from penstock_ops.web.visitors import visitor_of

MOST_FIELDS = 20_000  #: fields of a form
MOST_BYTES = 8 * 1024 * 1024  #: of one field that is no file

type Write = Callable[[Request, FormData], Awaitable[Response]]
"""(request, the form that it brought) → the next page."""


def write(path: str, do: Write) -> Route:
    """The route of a write. Nobody else makes one, so none can forget to ask for the word."""

    async def asked(request: Request) -> Response:
        visitor = visitor_of(request)
        if visitor is None or not visitor.operates:
            return PlainTextResponse("you may look, and decide nothing: ask for the role of an operator\n", 403)
        async with request.form(max_files=1, max_fields=MOST_FIELDS, max_part_size=MOST_BYTES) as form:
            word = request.headers.get("x-penstock-word", "") or text(form, "word")
            if not hmac.compare_digest(word.encode("utf-8", "replace"), visitor.word.encode()):
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
