"""What stands before every page: who is not on this machine, calls us by a foreign name, has no session, or writes from
elsewhere, is refused; and no answer leaves without the headers that keep a browser from doing what a value says.

Who is who, the gate says: that of one start on this machine, or that of a team.
"""

from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from penstock_ops.web.rendering import rendered
from penstock_ops.web.visitors import VISITOR, Gate

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src {}; form-action 'self';"
    " frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "x-content-type-options": "nosniff",
    # With "no-referrer" a browser would not tell a form's origin.
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}
READS = ("GET", "HEAD")


class Guard:
    """Lets through to the app what may pass."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self._app, self._gate = app, gate
        policy = POLICY.format(" ".join(("'self'", *gate.connects)))
        self._headers = HEADERS | {"content-security-policy": policy}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            answer = self._refusal(HTTPConnection(scope), scope["method"]) or self._app
            await answer(scope, receive, self._with_headers(send))

    def _refusal(self, came: HTTPConnection, method: str) -> Response | None:
        if refused := self._gate.refusal(came):
            return _refused(*refused)
        if method not in READS and not _is_from_here(came.headers, self._gate.scheme):
            return _refused(403, "a write must come from one of the console's own pages")
        came.scope[VISITOR] = self._gate.visitor(came)
        return None if came.scope[VISITOR] or _is_open(came.url.path) else self._door(came, method)

    def _door(self, came: HTTPConnection, method: str) -> Response:
        if method != "GET":
            return _refused(401, "no session: go through the door first")
        return rendered(Request(came.scope), self._gate.door, 401, **self._gate.door_says)

    def _with_headers(self, send: Send) -> Send:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        return sent


def _is_open(path: str) -> bool:
    """Whether a path needs no session: the door, and what the page at the door is made of. Nothing there tells of the
    stack."""
    return path == "/session" or path.startswith("/static/")


def _is_from_here(headers: Headers, scheme: str) -> bool:
    """Whether the browser says that one of our pages writes. A browser tells the origin of every write."""
    return (
        headers.get("origin") == f"{scheme}://{headers.get('host')}"
        and headers.get("sec-fetch-site", "same-origin") == "same-origin"
    )


def _refused(status: int, sentence: str) -> Response:
    return PlainTextResponse(f"{sentence}\n", status)


def guarded(app: ASGIApp, gate: Gate) -> Any:
    """The app behind the guard."""
    return Guard(app, gate)
