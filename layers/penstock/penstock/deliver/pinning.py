"""What a batch is sent as, and where to, is pinned in its row before it is sent.

While nobody knows what a call did, the destination's promise is about this very call: the same key with the same body,
at the same place, before the key is forgotten. Where a release or a setting has changed any of it since, the batch
would be another call, which could do it twice. So it is never made, and `why_never_again` says what differs.
"""

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from penstock.model.rows import BatchRow, Sent
from penstock.ports.destination import CONTENT_TYPE, DestinationSettings

HOUR = 3600
_SECRET = re.compile(
    r"code|(.*[-_])?(api|access)?(key|token|secret|password|passwd|pwd|sig|signature|auth|credentials?)", re.IGNORECASE
)
_DEFAULT_PORT = {"http": ":80", "https": ":443"}


@dataclass(frozen=True, slots=True)
class Call:
    """A batch's next call: what is posted under which key, and what its row says of it."""

    key: str
    body: bytes
    sent: Sent


def call_of(settings: DestinationSettings, key: str, body: bytes, batch: BatchRow, now: float) -> Call:
    """The batch's next call. Its key is kept from the first call on, for the least time that the settings have promised
    since; so an edit prolongs no promise that was made before."""
    first = now if batch.first_sent_at is None else batch.first_sent_at
    kept_until = first + settings.key_retention_hours * HOUR if settings.honours_idempotency_key else 0.0
    if batch.unanswered and batch.sent:
        kept_until = min(kept_until, batch.sent.key_kept_until)
    digest = hashlib.sha256(f"{CONTENT_TYPE}\n".encode() + body).hexdigest()
    return Call(key, body, Sent(key, digest, destination_of(settings), kept_until, attempt=batch.attempts + 1))


def why_never_again(batch: BatchRow, call: Call | None, until: float) -> str:
    """Why a batch in doubt is not to be sent again, as a sentence for the operator; "" if it may be. `call` is what it
    would be sent as, None where some of its records are not accepted any more; the destination must keep its key
    `until` then, in seconds since the epoch.

    A batch that was last sent by a release that notes nothing may have been sent as anything: there is nothing to
    compare with, so it is not sent again either.
    """
    if call is None:
        return "some of its records are not accepted any more"
    if batch.sent is None or batch.sent.attempt != batch.attempts:
        return "it was sent by a release that does not note what it sends"
    return _differences(batch.sent, call.sent) or why_key_is_lost(call.sent, until)


def why_key_is_lost(sent: Sent, until: float) -> str:
    """Why the destination may take the same call for another by then, "" if it does not."""
    if not sent.key_kept_until:
        return "the destination keeps no keys"
    return "" if until < sent.key_kept_until else "the destination does not keep its key any longer"


def _differences(was: Sent, now: Sent) -> str:
    found: list[str] = []
    if was.destination != now.destination:
        found.append(f"the destination is another: it was {was.destination}, and is {now.destination}")
    if was.body != now.body:
        found.append("what would be sent is another: its records have changed, or how they are written")
    if was.key != now.key:
        found.append(f"its key is another: it was {was.key}, and is {now.key}")
    return "; ".join(found)


def destination_of(settings: DestinationSettings) -> str:
    """Where calls go and on whose account, without any secret: a secret's name is told, and its value may change.

    >>> destination_of(DestinationSettings("https://Ada:pw@API.example:443/v1?site=3&api_key=abc"))
    'POST https://api.example/v1?site=3&api_key='
    """
    auth, parts = settings.auth, [f"POST {_without_secrets(settings.url)}"]
    if auth.kind != "none":
        parts.append(f"as {auth.secret}")
    if auth.kind == "oauth2":
        parts.append(f"by {_without_secrets(auth.token_url)}")
        parts += [f"for {auth.scope}"] if auth.scope else []
    return " ".join(parts)


def _without_secrets(url: str) -> str:
    """A URL without user, fragment, and values of query parameters that are named like secrets; spelt in one way."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2].lower().removesuffix(_DEFAULT_PORT.get(parts.scheme, ":"))
    query = parse_qsl(parts.query, keep_blank_values=True)
    shown = urlencode([(name, "" if _SECRET.fullmatch(name) else value) for name, value in query])
    return urlunsplit((parts.scheme, host, parts.path or "/", shown, ""))
