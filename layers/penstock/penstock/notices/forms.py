"""A notice as each way wants it: one call over HTTPS, with what proves who made it.

    webhook    Standard Webhooks 1.0.0 (standardwebhooks.com): HMAC-SHA256 over "id.timestamp.body", base64, v1
    slack      Slack, "Sending messages using incoming webhooks"; plain text, so that no key becomes a mention
    teams      Microsoft Teams, "Create incoming webhooks with Workflows": an Adaptive Card of text runs, no Markdown
    pagerduty  PagerDuty, Events API v2, "Send an alert event"
    opsgenie   Opsgenie, Alert API, "Create alert"

Each of the last two knows a cause by its key, and does not open a second incident for it.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from penstock.model.errors import Misconfigured
from penstock.model.notices import Notice, Weight
from penstock.ports.endpoints import ensure_endpoint
from penstock.ports.notice_settings import Route
from penstock.ports.notices import Call

PAGERDUTY = "https://events.pagerduty.com/v2/enqueue"
OPSGENIE = "https://api.opsgenie.com/v2/alerts"
LEAST_KEY, MOST_KEY = 24, 64  #: bytes of a webhook's key (Standard Webhooks, "Signature scheme")
SOURCE = "penstock"
_JSON = {"Content-Type": "application/json"}


def call_of(route: Route, notice: Notice, secret: Mapping[str, str], now: float, *, private: bool) -> Call:
    """The call that gives this notice to a route; `private` allows private addresses.

    Raises:
        Misconfigured: the secret lacks what the way needs.
    """
    match route.kind:
        case "slack":
            return Call(_url_in(route, secret, private=private), _dumped(_slack(notice)), _JSON)
        case "teams":
            return Call(_url_in(route, secret, private=private), _dumped(_teams(notice)), _JSON)
        case "pagerduty":
            body = _pagerduty(notice) | {"routing_key": _value(route, secret, "routing_key")}
            return Call(route.url or PAGERDUTY, _dumped(body), _JSON)
        case "opsgenie":
            key = {"Authorization": f"GenieKey {_value(route, secret, 'api_key')}"}
            return Call(route.url or OPSGENIE, _dumped(_opsgenie(notice)), _JSON | key)
        case _:
            body = _dumped(_webhook(notice))
            return Call(route.url or "", body, _JSON | _signed(route, secret, notice.id, now, body))


def signature(key: bytes, message_id: str, at: int, body: bytes) -> str:
    """As the header webhook-signature has it.

    >>> key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    >>> signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    signed = f"{message_id}.{at}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def _signed(route: Route, secret: Mapping[str, str], notice_id: str, now: float, body: bytes) -> dict[str, str]:
    try:
        key = base64.b64decode(_value(route, secret, "key").removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    if not LEAST_KEY <= len(key) <= MOST_KEY:
        raise Misconfigured(f"the key in {route.secret} is not whsec_ and base64 of {LEAST_KEY} to {MOST_KEY} bytes")
    # A sender's words may stand in a notice's id. Its digest has none, and no full stop, which parts what is signed.
    message_id = f"msg_{hashlib.sha256(notice_id.encode()).hexdigest()[:32]}"
    at = int(now)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": signature(key, message_id, at, body),
    }


def _webhook(notice: Notice) -> dict[str, Any]:
    return {
        "type": f"penstock.{notice.kind}",
        "timestamp": _time(notice.at),
        "data": {
            "severity": str(notice.weight),
            "lane": notice.lane,
            "cause": notice.cause,
            "file_id": notice.file_id,
            "title": notice.title,
            "lines": list(notice.lines),
        },
    }


def _slack(notice: Notice) -> dict[str, Any]:
    text = {"type": "plain_text", "text": _cut("\n".join(notice.lines), 3000), "emoji": False}
    header = {"type": "plain_text", "text": _cut(notice.title, 150), "emoji": False}
    # Shown by notifications, where these three characters make links and mentions.
    plain = notice.title.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {"text": plain, "blocks": [{"type": "header", "text": header}, {"type": "section", "text": text}]}


def _teams(notice: Notice) -> dict[str, Any]:
    def block(text: str, **look: Any) -> dict[str, Any]:
        return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text or " ", **look}]}

    lines = _cut("\n".join(notice.lines), 20_000).split("\n")
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [block(notice.title, weight="Bolder"), *map(block, lines)],
    }
    content = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [content]}


def _pagerduty(notice: Notice) -> dict[str, Any]:
    return {
        "event_action": "trigger",
        "dedup_key": _named(notice, 255),
        "client": SOURCE,
        "payload": {
            "summary": _cut(notice.title, 1024),
            "source": SOURCE,
            "severity": str(notice.weight),
            "timestamp": _time(notice.at),
            "component": notice.lane or SOURCE,
            "class": notice.kind,
            "custom_details": {"lines": list(notice.lines), "file_id": notice.file_id},
        },
    }


def _opsgenie(notice: Notice) -> dict[str, Any]:
    priority = {Weight.ERROR: "P2", Weight.WARNING: "P3", Weight.INFO: "P5"}[notice.weight]
    return {
        "message": _cut(notice.title, 130),
        "alias": _named(notice, 512),
        "description": _cut("\n".join(notice.lines), 15_000),
        "source": SOURCE,
        "priority": priority,
        "tags": [notice.kind, str(notice.weight)],
        "details": {"lane": notice.lane, "file_id": notice.file_id},
    }


def _named(notice: Notice, longest: int) -> str:
    """What another system knows the cause by, on whichever day it is met."""
    name = f"{SOURCE}/{notice.cause or notice.id}"
    return name if len(name) <= longest else f"{SOURCE}/{hashlib.sha256(name.encode()).hexdigest()}"


def _url_in(route: Route, secret: Mapping[str, str], *, private: bool) -> str:
    url = _value(route, secret, "url")
    try:
        ensure_endpoint(url, private=private)
    except ValueError as error:
        raise Misconfigured(f"the url in {route.secret} cannot be called: {error}") from None
    return url


def _value(route: Route, secret: Mapping[str, str], name: str) -> str:
    value = secret.get(name, "").strip()
    if not value or not value.isascii() or not value.isprintable():
        raise Misconfigured(f"the secret {route.secret} has no {name!r} that can be sent")
    return value


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _dumped(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()
