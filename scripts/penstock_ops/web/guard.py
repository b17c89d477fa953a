"""What stands before every page: who is not on this machine, calls us by a foreign name, has no session, or writes from
elsewhere, is refused; and no answer leaves without the headers that keep a browser from doing what a value says.

A name that resolves to loopback for the moment (DNS rebinding) is told by its Host header.
"""

from ipaddress import ip_address
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from penstock_ops.web.rendering import KNOWN, rendered
from penstock_ops.web.session import Session

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
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

    def __init__(self, app: ASGIApp, session: Session) -> None:
        self._app, self._session = app, session

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            answer = self._refusal(HTTPConnection(scope), scope["method"]) or self._app
            await answer(scope, receive, _with_headers(send))

    def _refusal(self, came: HTTPConnection, method: str) -> Response | None:
        if not _is_loopback(came):
            return _refused(403, "the console answers this machine only")
        if came.headers.get("host", "") not in self._session.hosts:
            return _refused(421, "this is no name of the console: open the link that `penstock console` has printed")
        if method not in READS and not _is_from_here(came.headers):
            return _refused(403, "a write must come from one of the console's own pages")
        came.scope[KNOWN] = self._session.knows(came.cookies.get(self._session.cookie_name, ""))
        return None if came.scope[KNOWN] or _is_open(came.url.path) else self._door(came, method)

    def _door(self, came: HTTPConnection, method: str) -> Response:
        if method != "GET":
            return _refused(401, "no session: open the link that `penstock console` has printed")
        return rendered(Request(came.scope), "door.html", 401)


def _is_open(path: str) -> bool:
    """Whether a path needs no session: the door, and what the page at the door is made of. Nothing there tells of the
    stack."""
    return path == "/session" or path.startswith("/static/")


def _is_loopback(came: HTTPConnection) -> bool:
    try:
        return came.client is not None and ip_address(came.client.host).is_loopback
    except ValueError:
        return False


def _is_from_here(headers: Headers) -> bool:
    """Whether the browser says that one of our pages writes. A browser tells the origin of every write."""
    return (
        headers.get("origin") == f"http://{headers.get('host')}"
        and headers.get("sec-fetch-site", "same-origin") == "same-origin"
    )


def _refused(status: int, sentence: str) -> Response:
    return PlainTextResponse(f"{sentence}\n", status)


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sent


def guarded(app: ASGIApp, session: Session) -> Any:
    """The app behind the guard."""
    return Guard(app, session)
