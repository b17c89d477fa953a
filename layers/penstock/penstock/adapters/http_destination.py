"""The destination over HTTP, by aiohttp."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote_plus

import aiohttp
from aiohttp.abc import ResolveResult
from yarl import URL

from penstock.adapters.aws_parameters import UNCONFIGURED, ParameterSettings
from penstock.model.errors import Misconfigured, Transient, Unanswered
from penstock.ports.clock import Clock
from penstock.ports.destination import (
    CONTENT_TYPE,
    Answer,
    Credentials,
    DestinationSettings,
)
from penstock.ports.endpoints import ensure_address, is_this_machine

LONGEST_BODY = 16 * 1024 * 1024  #: bytes; no answer to a batch is longer
LONGEST_WAIT = 86_400.0  #: seconds that a destination may ask for; it is asked again then
AHEAD = 0.2  #: share of a token's life before whose end it is renewed

#: What aiohttp raises before a byte has left; whatever else it raises comes too late to be sure.
_NOT_SENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
)


class Forbidden(Exception):
    """Raised when a host's name leads where no destination may be. No OSError, which aiohttp would take for its own."""

    def at(self, setting: str) -> Misconfigured:
        """What it says of the setting that has the name."""
        return Misconfigured(f"the destination's {setting} leads where nothing may be called: {self}", UNCONFIGURED)


class GuardedResolver(aiohttp.ThreadedResolver):
    """Gives the addresses of a host's name only where a destination may be at all of them. aiohttp connects to these
    very addresses, so a name cannot come to mean another one in between."""

    def __init__(self, *, private: bool) -> None:
        super().__init__()
        self._private = private

    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[ResolveResult]:
        """As aiohttp's.

        Raises:
            Forbidden: no destination may be there.
        """
        found = await super().resolve(host, port, family)
        try:
            for one in found:
                address = ip_address(one["host"].partition("%")[0])
                ensure_address(address, private=self._private, this_machine=is_this_machine(host))
        except ValueError as error:
            raise Forbidden(str(error)) from None
        return found


def http_session(*, private: bool = False) -> aiohttp.ClientSession:
    """A session that calls destinations only where they may be."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=GuardedResolver(private=private)))


def _value(secret: Mapping[str, str], name: str, of: str) -> str:
    """A value of the secret with the name `of`.

    Raises:
        Misconfigured: it has none.
    """
    if not secret.get(name):
        raise Misconfigured(f"the secret {of} has no {name!r}", UNCONFIGURED)
    return secret[name]


def _sendable(value: str) -> str:
    """A value of a header (RFC 9110 §5.5), as credentials have them."""
    if not value or not value.isascii() or not value.isprintable():
        raise ValueError("not what a header can have")
    return value


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    renew_at: float


@dataclass(slots=True)
class Tokens:
    """OAuth2 client-credentials tokens (RFC 6749 §4.4), kept until shortly before they expire."""

    http: aiohttp.ClientSession
    clock: Clock
    secret: Callable[[str], Awaitable[dict[str, str]]]
    _kept: dict[Credentials, _Token] = field(default_factory=dict[Credentials, _Token])
    _renewing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def header(self, auth: Credentials) -> dict[str, str]:
        """The Authorization header a call needs.

        Raises:
            Transient: no token could be had.
        """
        if auth.kind == "none":
            return {}
        if auth.kind == "bearer":
            secret = await self.secret(auth.secret)
            token = _value(secret, "token", auth.secret).strip()  # a line end at its end is nobody's intention
            try:
                return {"Authorization": f"Bearer {_sendable(token)}"}
            except ValueError:
                raise Misconfigured(f"the token in {auth.secret} is none that can be sent", UNCONFIGURED) from None
        async with self._renewing:
            token = self._kept.get(auth)
            if token is None or token.renew_at <= self.clock.now():
                token = self._kept[auth] = await self._fetch(auth)
        return {"Authorization": f"Bearer {token.value}"}

    def forget(self, auth: Credentials, header: dict[str, str]) -> None:
        """The destination did not accept this header's token: the next call fetches another."""
        token = self._kept.get(auth)
        if token and header.get("Authorization") == f"Bearer {token.value}":
            del self._kept[auth]

    async def _fetch(self, auth: Credentials) -> _Token:
        secret = await self.secret(auth.secret)
        form = {"grant_type": "client_credentials"} | ({"scope": auth.scope} if auth.scope else {})
        # Both are form-encoded before they go into the header (RFC 6749 §2.3.1).
        client = (quote_plus(_value(secret, name, auth.secret)) for name in ("client_id", "client_secret"))
        headers = {"Authorization": aiohttp.encode_basic_auth(*client)}
        now = self.clock.now()
        try:
            async with self.http.post(
                auth.token_url, data=form, headers=headers, timeout=aiohttp.ClientTimeout(10), allow_redirects=False
            ) as answer:
                if answer.status != 200:
                    raise Transient(f"the token endpoint answered {answer.status}")
                token: Any = await answer.json(content_type=None)
            life = float(token.get("expires_in", 300))
            return _Token(_sendable(token["access_token"]), now + life * (1 - AHEAD))
        except Forbidden as error:
            raise error.at("auth.token_url") from None
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise Transient(f"no token could be had: {type(error).__name__}") from None


@dataclass(frozen=True, slots=True)
class HttpDestination:
    """As `Destination`."""

    http: aiohttp.ClientSession
    parameters: ParameterSettings
    tokens: Tokens
    clock: Clock

    async def settings(self, feed: str) -> DestinationSettings:
        """As `Destination.settings`."""
        return await self.parameters.settings(feed)

    async def own_settings(self, lane: str) -> DestinationSettings | None:
        """As `Destination.own_settings`."""
        return await self.parameters.own_settings(lane)

    async def lanes(self, feed: str) -> list[str]:
        """As `Destination.lanes`."""
        return await self.parameters.lanes(feed)

    async def post(self, settings: DestinationSettings, key: str, body: bytes) -> Answer:
        """As `Destination.post`. A token that is not accepted is renewed once."""
        header = await self.tokens.header(settings.auth)
        answer = await self._post(settings, key, body, header)
        if answer.status == 401 and settings.auth.kind == "oauth2":
            self.tokens.forget(settings.auth, header)
            answer = await self._post(settings, key, body, await self.tokens.header(settings.auth))
        return answer

    async def look(self, settings: DestinationSettings) -> tuple[str, int]:
        """One call that asks for nothing to be done (RFC 9110 §9.2.1): a GET of the health path, or a HEAD of the URL;
        what was called, without a query, and the status.

        Raises:
            Misconfigured: the settings lead where nothing may be sent to.
            Transient: nobody answered.
        """
        header = await self.tokens.header(settings.auth)
        url = URL(settings.url)
        method, url = ("GET", url.origin().join(URL(settings.health))) if settings.health else ("HEAD", url)
        timeout = aiohttp.ClientTimeout(total=settings.timeout_seconds, sock_connect=min(5, settings.timeout_seconds))
        try:
            async with self.http.request(method, url, headers=header, timeout=timeout, allow_redirects=False) as answer:
                return f"{method} {url.with_query(None)}", answer.status
        except Forbidden as error:
            raise error.at("url") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Transient(f"nobody answers at {url.host}: {type(error).__name__}") from None

    async def _post(self, settings: DestinationSettings, key: str, body: bytes, header: dict[str, str]) -> Answer:
        headers = {"Content-Type": CONTENT_TYPE, "Idempotency-Key": key, **header}
        if not settings.honours_idempotency_key:
            # On a connection kept alive, a server that hangs up as we send leaves us in doubt for no good reason.
            headers["Connection"] = "close"
        timeout = aiohttp.ClientTimeout(total=settings.timeout_seconds, sock_connect=min(5, settings.timeout_seconds))
        try:
            async with self.http.post(
                settings.url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                return Answer(
                    answer.status,
                    await _read(answer),
                    answer.content_type,
                    self._retry_after(answer.headers.get("Retry-After")),
                )
        except Forbidden as error:
            raise error.at("url") from None
        except _NOT_SENT as error:
            raise Transient(f"the destination cannot be reached: {type(error).__name__}") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unanswered(f"the destination did not answer: {type(error).__name__}") from None

    def _retry_after(self, value: str | None) -> float | None:
        """Seconds or an HTTP date (RFC 9110 §10.2.3), at most a day; nonsense is as good as nothing."""
        if value is None:
            return None
        if value.strip().isdecimal():
            return min(LONGEST_WAIT, float(value))
        with contextlib.suppress(ValueError, OverflowError):
            at = parsedate_to_datetime(value)
            at = at if at.tzinfo else at.replace(tzinfo=UTC)
            return min(LONGEST_WAIT, max(0.0, at.timestamp() - self.clock.now()))
        return None


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in answer.content.iter_chunked(64 * 1024):
        body += piece
        if len(body) > LONGEST_BODY:
            raise Unanswered("the destination's answer is too long to be one")
    return bytes(body)
