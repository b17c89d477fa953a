"""Who may use the console: whoever has the link that the command has printed, in the browser that opened it.

The link carries a token after its #, which browsers send to nobody; the page at the door hands it in for a cookie. Each
page carries a word that a write must bring along: another site could make the browser send the cookie, never that.
"""

import hmac
import secrets
from dataclasses import dataclass, field


def _secret() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class Session:
    """One start of the console, on one port. All three are secrets of this start, and end with it: the link's `token`,
    the `cookie` it is given for, and the `word` that pages have and writes bring along."""

    port: int
    token: str = field(default_factory=_secret, repr=False)
    cookie: str = field(default_factory=_secret, repr=False)
    word: str = field(default_factory=_secret, repr=False)

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

    def may_write(self, word: str) -> bool:
        """Whether this is the word that our pages have."""
        return _same(word, self.word)


def _same(said: str, secret: str) -> bool:
    return hmac.compare_digest(said.encode("utf-8", "replace"), secret.encode())
