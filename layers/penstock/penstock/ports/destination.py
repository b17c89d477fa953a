"""The port of destinations: their settings, a call, and its answer."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Protocol

from pydantic import Field

CONTENT_TYPE = "application/json"  #: of every batch


@dataclass(frozen=True, slots=True)
class Answer:
    """What a destination answered. `retry_after` is in seconds; `json` says whether it calls its body JSON."""

    status: int
    body: bytes = b""
    content_type: str = ""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where a destination's credentials come from: a reference, never the secret itself."""

    kind: Literal["none", "bearer", "oauth2"] = "none"
    secret: str = ""
    token_url: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class DestinationSettings:
    """How a feed's destination wants to be called. Times in seconds, but for the key's retention in hours.

    `rate_per_second` counts requests or records, as `rate_unit` says; `burst` is how many may come at once. The circuit
    opens when more than `error_share` of the last `error_window_seconds`' calls failed, of at least `error_calls`.
    `soft` and `policy` are the operator's word on what the feed's examination finds.
    """

    url: str
    batch_records: Annotated[int, Field(ge=1)] = 500
    rate_per_second: Annotated[float, Field(gt=0)] = 10.0
    rate_unit: Literal["requests", "records"] = "requests"
    burst: Annotated[int, Field(ge=1)] = 10
    concurrency: Annotated[int, Field(ge=1, le=100)] = 4
    timeout_seconds: Annotated[float, Field(gt=0, le=120)] = 20.0
    honours_idempotency_key: bool = False
    key_retention_hours: Annotated[float, Field(ge=0)] = 24.0
    error_window_seconds: Annotated[float, Field(ge=10, le=3600)] = 60.0
    error_share: Annotated[float, Field(gt=0, lt=1)] = 0.05
    error_calls: Annotated[int, Field(ge=1)] = 20
    soft: Literal["deliver", "hold"] | None = None
    policy: dict[str, Any] = field(default_factory=dict[str, Any])
    auth: Credentials = field(default_factory=Credentials)


class Destination(Protocol):
    """The API behind a feed."""

    async def settings(self, feed: str) -> DestinationSettings:
        """The feed's settings as they are now; they change without a deploy.

        Raises:
            Transient: there are none, or they cannot be read; nothing is sent without.
        """
        ...

    async def post(self, settings: DestinationSettings, key: str, body: bytes) -> Answer:
        """Sends one batch under its Idempotency-Key.

        Raises:
            Transient: it surely was not sent.
            Unanswered: it may have been.
        """
        ...
