"""What goes back over the wire."""

import json
from email.utils import formatdate
from math import ceil

from aiohttp import web

from .behaviour import Behaviour, Luck
from .books import Result
from .keys import Answer

#: 200 answers that say nothing: a gateway's page, a body cut off, a list where an object should
#: be, results that fit no batch.
_NONSENSE = [
    ("text/html", b"<!doctype html><title>Welcome</title><p>Please sign in to the network."),
    ("application/json", b'{"results":[{"index":0,"sta'),
    ("application/json", b'["ok"]'),
    ("application/json", b'{"results":[{"index":-7,"status":"fine","code":[],"message":null}]}'),
]


def applied(results: list[Result], behaviour: Behaviour) -> Answer:
    """The answer to a batch that was applied, refused records and all."""
    if behaviour.results == "refused":
        results = [result for result in results if result["status"] != 200]
    return Answer(200, json.dumps({"results": results} if results else {}).encode())


def nonsense(luck: Luck) -> web.Response:
    content_type, body = _NONSENSE[int(luck.choice * len(_NONSENSE))]
    return web.Response(body=body, content_type=content_type)


def error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"code": code, "message": message}, status=status, headers=headers)


def retry_after(now: float, seconds: int, luck: Luck) -> dict[str, str]:
    """`now` in seconds since the epoch."""
    if not luck.as_date:
        return {"Retry-After": str(seconds)}
    # A date has whole seconds: rounded up, so that nobody comes back too early.
    return {"Retry-After": formatdate(ceil(now + seconds), usegmt=True)}


def hang_up(request: web.Request) -> web.Response:
    """Closes the connection; what is returned goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
