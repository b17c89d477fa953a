"""The gate of a team: whom the company's sign-in knows, and who is of a group that may look, or decide.

API Gateway has looked at the token that comes to `/session` (its JWT authoriser: signature, issuer, audience, expiry),
and tells its claims. For them we give a cookie that ends with the token, signed with a secret of this stack's: a
browser sends no token with a page that it opens, but it sends that.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response

from penstock_ops.web.visitors import Visitor

EVENT = "aws.event"  #: the scope of a request has the event that it came as
COOKIE = (
    "__Host-penstock"  #: a browser takes it from this very host alone, over TLS, for all paths (RFC 6265bis, 4.1.3.2)
)
READER, OPERATOR, CONTENT = "penstock-reader", "penstock-operator", "penstock-content"
LONGEST = 3600.0  #: seconds that a cookie is good for, however long the token is


@dataclass(frozen=True, slots=True)
class SignIn:
    """The company's sign-in, by OAuth 2.0's code flow with PKCE (RFC 7636), which needs no secret of a client."""

    authorize_url: str
    token_url: str
    client_id: str
    scopes: str = "openid"


@dataclass(frozen=True, slots=True)
class Team:
    """As `Gate`. `groups` is the claim that has a person's groups."""

    secret: bytes = field(repr=False)
    sign_in: SignIn
    now: Callable[[], float]
    groups: str = "cognito:groups"
    scheme: str = "https"
    door: str = "door_team.html"

    @property
    def connects(self) -> Sequence[str]:
        """As `Gate.connects`: the code is exchanged by the page at the door."""
        parts = urlsplit(self.sign_in.token_url)
        return (f"{parts.scheme}://{parts.netloc}",)

    @property
    def door_says(self) -> dict[str, Any]:
        """As `Gate.door_says`."""
        return {"sign_in": self.sign_in}

    def refusal(self, came: HTTPConnection) -> tuple[int, str] | None:
        """As `Gate.refusal`: API Gateway knows by which name it was called."""
        if came.headers.get("host") != came.scope[EVENT]["requestContext"]["domainName"]:
            return 421, "this is no name of the console"
        return None

    def visitor(self, came: HTTPConnection) -> Visitor | None:
        """As `Gate.visitor`."""
        cookie = came.cookies.get(COOKIE, "")
        body, _, signed = cookie.rpartition(".")
        if not hmac.compare_digest(signed.encode("utf-8", "replace"), self._signed("cookie", body).encode()):
            return None
        said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body))
        if said["until"] <= self.now():
            return None
        groups = said["groups"]
        return Visitor(self._signed("word", cookie), said["name"], OPERATOR in groups, CONTENT in groups)

    async def enter(self, request: Request) -> Response:
        """Gives the cookie to who has come with a token, and is of a group that may look."""
        authorised = request.scope[EVENT]["requestContext"].get("authorizer")
        if not authorised:  # it has come by another route than the one with the authoriser
            return PlainTextResponse("no token: sign in first\n", 401)
        claims: Mapping[str, str] = authorised["jwt"]["claims"]
        groups = sorted(_listed(claims.get(self.groups, "")) & {READER, OPERATOR, CONTENT})
        if not {READER, OPERATOR} & set(groups):
            return PlainTextResponse(f"you are of neither {READER} nor {OPERATOR}: ask who keeps these groups\n", 403)
        until = min(float(claims["exp"]), self.now() + LONGEST)
        said = {"name": _name_of(claims), "groups": groups, "until": until}
        body = base64.urlsafe_b64encode(json.dumps(said).encode()).decode()
        answer = Response(status_code=204)
        cookie = f"{body}.{self._signed('cookie', body)}"
        answer.set_cookie(COOKIE, cookie, httponly=True, secure=True, samesite="strict", path="/")
        return answer

    def _signed(self, what: str, text: str) -> str:
        return hmac.new(self.secret, f"{what}:{text}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _listed(groups: str) -> set[str]:
    """A claim that is a list, as API Gateway writes it: "[one two]".

    >>> sorted(_listed("[penstock-reader others]"))
    ['others', 'penstock-reader']
    """
    return set(re.split(r"[\s,]+", groups.strip("[]")))


def _name_of(claims: Mapping[str, str]) -> str:
    """Whose name the audit gets: what people call him, with what the issuer does."""
    called = next((claims[name] for name in ("email", "cognito:username", "username", "name") if name in claims), "")
    return f"{called} ({claims['sub']})" if called else claims["sub"]
