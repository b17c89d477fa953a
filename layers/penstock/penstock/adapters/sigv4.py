"""AWS Signature Version 4 of a request that posts a body to the root of a host, as the JSON protocols do.

IAM User Guide, "Create a signed AWS API request"; the names below are that page's.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Protocol

_ALGORITHM = "AWS4-HMAC-SHA256"


class Credentials(Protocol):
    """Who signs: a key, its secret, and the session's token where they are temporary, as botocore has them."""

    @property
    def access_key(self) -> str: ...
    @property
    def secret_key(self) -> str: ...
    @property
    def token(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a signature counts."""

    region: str
    service: str


def signed(
    scope: Scope, credentials: Credentials, headers: Mapping[str, str], body: bytes, now: float
) -> dict[str, str]:
    """The headers with those that sign them and the body; all of them are signed. Names are in lower case and values
    without blanks around them, `host` among them; `now` is in seconds since the epoch."""
    time = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    token = {"x-amz-security-token": credentials.token} if credentials.token else {}
    headers = {**headers, "x-amz-date": time, **token}
    names = sorted(headers)
    canonical_headers = "".join([f"{name}:{headers[name]}\n" for name in names])
    signed_headers = ";".join(names)
    canonical_request = f"POST\n/\n\n{canonical_headers}\n{signed_headers}\n{sha256(body).hexdigest()}"
    day = time[:8]
    credential_scope = f"{day}/{scope.region}/{scope.service}/aws4_request"
    string_to_sign = f"{_ALGORITHM}\n{time}\n{credential_scope}\n{sha256(canonical_request.encode()).hexdigest()}"
    signature = hmac.digest(_signing_key(credentials.secret_key, day, scope), string_to_sign.encode(), "sha256").hex()
    credential = f"{credentials.access_key}/{credential_scope}"
    headers["authorization"] = (
        f"{_ALGORITHM} Credential={credential}, SignedHeaders={signed_headers}, Signature={signature}"
    )
    return headers


@lru_cache(maxsize=4)
def _signing_key(secret: str, day: str, scope: Scope) -> bytes:
    """The key of a day: few are in use at once."""
    key = f"AWS4{secret}".encode()
    for part in (day, scope.region, scope.service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
