"""OAuth2 client credentials (RFC 6749 section 4.4): who asks, and which tokens are still good."""

import base64
import binascii
import secrets
from collections.abc import Mapping
from urllib.parse import unquote_plus

from .clock import Clock


class TokenRefused(Exception):
    """An error of RFC 6749 section 5.2."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error


class Tokens:
    def __init__(self, client_id: str, client_secret: str, seconds: int, clock: Clock) -> None:
        self._client = (client_id, client_secret)
        self._seconds = seconds
        self._clock = clock
        self._expiries: dict[str, float] = {}

    def issue(self, form: Mapping[str, str], authorization: str | None) -> dict[str, str | int]:
        """The token response for a request that names the right client."""
        grant = form.get("grant_type")
        if not grant:
            raise TokenRefused(400, "invalid_request")
        if not self._is_client(_credentials(form, authorization)):
            raise TokenRefused(401, "invalid_client")
        if grant != "client_credentials":
            raise TokenRefused(400, "unsupported_grant_type")
        now = self._clock()
        self._expiries = {token: end for token, end in self._expiries.items() if end > now}
        token = secrets.token_urlsafe(24)
        self._expiries[token] = now + self._seconds
        return {"access_token": token, "token_type": "Bearer", "expires_in": self._seconds}

    def accepts(self, authorization: str | None) -> bool:
        scheme, _, token = (authorization or "").partition(" ")
        return scheme.lower() == "bearer" and self._expiries.get(token.strip(), 0) > self._clock()

    def _is_client(self, given: tuple[str, str]) -> bool:
        return all(
            secrets.compare_digest(ours.encode(), theirs.encode())
            for ours, theirs in zip(self._client, given, strict=True)
        )


def _credentials(form: Mapping[str, str], authorization: str | None) -> tuple[str, str]:
    """Client id and secret, from HTTP Basic or from the body; never from both."""
    in_body = "client_secret" in form
    if authorization is None:
        return form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, encoded = authorization.partition(" ")
    if in_body or scheme.lower() != "basic":
        raise TokenRefused(400, "invalid_request")
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise TokenRefused(401, "invalid_client") from None
    # Section 2.3.1: both were form-encoded before they went into the header.
    return unquote_plus(user), unquote_plus(password)
