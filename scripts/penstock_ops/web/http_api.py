"""An ASGI app behind an HTTP API of API Gateway: an event of its payload format 2.0 becomes a request, and the app's
answer the function's."""

import asyncio
import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Message

from penstock_ops.web.team import EVENT

MOST_BYTES = 5_000_000  #: of an answer: Lambda takes 6 MB with what base64 adds (AWS, Lambda quotas)


async def answered(app: ASGIApp, event: Mapping[str, Any]) -> dict[str, Any]:
    """What the app answers."""
    bodies, sent = [_body_of(event)], list[Message]()

    async def receive() -> Message:
        if not bodies:
            await asyncio.Event().wait()  # nobody goes away before he is answered
        return {"type": "http.request", "body": bodies.pop(), "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(_scope_of(event), receive, send)
    return _answer_of(sent)


def _scope_of(event: Mapping[str, Any]) -> dict[str, Any]:
    http = event["requestContext"]["http"]
    headers = [(name.lower().encode(), value.encode("utf-8")) for name, value in event["headers"].items()]
    if cookies := event.get("cookies"):
        headers.append((b"cookie", "; ".join(cookies).encode("utf-8")))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": http["method"],
        "scheme": "https",
        "path": unquote(event["rawPath"]),
        "raw_path": event["rawPath"].encode(),
        "root_path": "",
        "query_string": event.get("rawQueryString", "").encode(),
        "headers": headers,
        "client": (http["sourceIp"], 0),
        "server": (event["requestContext"]["domainName"], 443),
        EVENT: event,
    }


def _body_of(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    return base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()


def _answer_of(sent: list[Message]) -> dict[str, Any]:
    start = next(message for message in sent if message["type"] == "http.response.start")
    body = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
    headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in start["headers"]]
    if len(body) > MOST_BYTES:
        return {
            "statusCode": 413,
            "headers": {"content-type": "text/plain; charset=utf-8", "cache-control": "no-store"},
            "body": "this is larger than the console for a team hands on: take it by the command\n",
        }
    return {
        "statusCode": start["status"],
        "headers": {name: value for name, value in headers if name != "set-cookie"},
        "cookies": [value for name, value in headers if name == "set-cookie"],
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }
