"""Who may use the console: whoever has the link that the command has printed, in the browser that opened it.

The link carries a token after its #, which browsers send to nobody; the page at the door hands it in for a cookie. Each
page carries a word that a write must bring along: another site could make the browser send the cookie, never that.
"""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from starlette.requests import HTTPConnection

from penstock_ops.web.visitors import Visitor


def _secret() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class Session:
    """One start of the console, on one port: the gate of whoever has its link. All three are secrets of this start, and
    end with it: the link's `token`, the `cookie` it is given for, and the `word` that pages have and writes bring
    along."""

    port: int
    token: str = field(default_factory=_secret, repr=False)
    cookie: str = field(default_factory=_secret, repr=False)
    word: str = field(default_factory=_secret, repr=False)

    scheme: str = "http"
    connects: Sequence[str] = ()
    door: str = "door.html"

    @property
    def door_says(self) -> dict[str, Any]:
        """As `Gate.door_says`."""
        return {}

    def refusal(self, came: HTTPConnection) -> tuple[int, str] | None:
        """As `Gate.refusal`. A name that resolves to loopback for the moment (DNS rebinding) is told by its Host
        header."""
        if not _is_loopback(came):
            return 403, "the console answers this machine only"
        if came.headers.get("host", "") not in self.hosts:
            return 421, "this is no name of the console: open the link that `penstock console` has printed"
        return None

    def visitor(self, came: HTTPConnection) -> Visitor | None:
        """As `Gate.visitor`."""
        return Visitor(self.word) if self.knows(came.cookies.get(self.cookie_name, "")) else None

    @property
    def cookie_name(self) -> str:
        """Cookies know no ports: two consoles must not take each other's."""
        return f"penstock_console_{self.port}"

    @property
    def hosts(self) -> frozenset[str]:
        """What a browser on this machine calls us."""
        return frozenset(f"{name}:{self.port}" for name in ("127.0.0.1", "localhost", "[::1]"))

    @property
    def link(self) -> str:
        """What is to be opened."""
        return f"http://127.0.0.1:{self.port}/#{self.token}"

    def opens(self, token: str) -> bool:
        """Whether this is the link's token."""
        return _same(token, self.token)

    def knows(self, cookie: str) -> bool:
        """Whether this is the cookie of this start."""
        return _same(cookie, self.cookie)


def _is_loopback(came: HTTPConnection) -> bool:
    try:
        return came.client is not None and ip_address(came.client.host).is_loopback
    except ValueError:
        return False


def _same(said: str, secret: str) -> bool:
    return hmac.compare_digest(said.encode("utf-8", "replace"), secret.encode())
