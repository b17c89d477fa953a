"""The port of destinations: their settings, a call, and its answer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, Literal, Protocol

import jiter
from pydantic import AfterValidator, Field, TypeAdapter, ValidationError, ValidationInfo

from penstock.ports.endpoints import ensure_endpoint, ensure_path
from penstock.ports.setting_names import problem_of

CONTENT_TYPE = "application/json"  #: of every batch


@dataclass(frozen=True, slots=True)
class Answer:
    """What a destination answered. `retry_after` is in seconds; `json` says whether it calls its body JSON."""

    status: int
    body: bytes = b""
    content_type: str = ""
    retry_after: float | None = None


def _endpoint(url: str, info: ValidationInfo) -> str:
    context: Mapping[str, Any] = info.context or {}
    ensure_endpoint(url, private=context.get("private", False))
    return url


def _path(path: str) -> str:
    ensure_path(path)
    return path


type _Url = Annotated[str, AfterValidator(_endpoint)]
type _Path = Annotated[str, AfterValidator(_path)]
type _Seconds = Annotated[float, Field(gt=0, le=120)]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where a destination's credentials come from: a reference, never the secret itself."""

    kind: Literal["none", "bearer", "oauth2"] = "none"
    secret: Annotated[str, Field(max_length=512)] = ""
    token_url: _Url = ""
    scope: Annotated[str, Field(max_length=2000)] = ""


@dataclass(frozen=True, slots=True)
class DestinationSettings:
    """How a feed's destination wants to be called. Times in seconds, but for the key's retention in hours.

    `rate_per_second` counts requests or records, as `rate_unit` says; `burst` is how many may come at once. The circuit
    opens when more than `error_share` of the last `error_window_seconds`' calls failed, of at least `error_calls`.
    `soft` and `policy` are the operator's word on what the feed's examination finds. A file that has not ended within
    `deadline_hours` raises an alarm, if there is such a time. `health` is the path at `url`'s
    host that answers a GET without doing anything, "" where the API has none.
    """

    url: _Url
    batch_records: Annotated[int, Field(ge=1, le=20_000)] = 500
    rate_per_second: Annotated[float, Field(gt=0, le=1_000_000)] = 10.0
    rate_unit: Literal["requests", "records"] = "requests"
    burst: Annotated[int, Field(ge=1, le=1_000_000)] = 10
    concurrency: Annotated[int, Field(ge=1, le=100)] = 4
    timeout_seconds: _Seconds = 20.0
    honours_idempotency_key: bool = False
    key_retention_hours: Annotated[float, Field(ge=0, le=24 * 366)] = 24.0
    error_window_seconds: Annotated[float, Field(ge=10, le=3600)] = 60.0
    error_share: Annotated[float, Field(gt=0, lt=1)] = 0.05
    error_calls: Annotated[int, Field(ge=1, le=1_000_000)] = 20
    soft: Literal["deliver", "hold"] | None = None
    policy: dict[str, Any] = field(default_factory=dict[str, Any])
    auth: Credentials = field(default_factory=Credentials)
    health: _Path = ""
    deadline_hours: Annotated[float, Field(gt=0, le=24 * 366)] | None = None


class WrongSettings(ValueError):
    """Raised when a destination's settings are not as they must be: a sentence for each that is wrong, which names the
    setting and never quotes it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@cache
def _reader() -> TypeAdapter[DestinationSettings]:
    return TypeAdapter(DestinationSettings)


def read_settings(text: str, *, private: bool) -> DestinationSettings:
    """A destination's settings, as an operator has written them in JSON. `private` allows private addresses.

    Raises:
        WrongSettings: a name, a type, a range or an address is wrong.
    """
    try:
        settings = _reader().validate_json(text, strict=True, extra="forbid", context={"private": private})
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        raise WrongSettings([problem_of(fault, DestinationSettings) for fault in faults]) from None
    problems = [*_missing(settings.auth), *_twice(text)]
    if problems:
        raise WrongSettings(problems)
    return settings


def _missing(auth: Credentials) -> Iterator[str]:
    if auth.kind != "none" and not auth.secret:
        yield f'auth.secret: kind "{auth.kind}" needs the name of a secret'
    if auth.kind == "oauth2" and not auth.token_url:
        yield 'auth.token_url: kind "oauth2" needs the URL of the token endpoint'


def _twice(text: str) -> Iterator[str]:
    """Which of two values is meant, nobody can tell (RFC 8259 §4)."""
    try:
        jiter.from_json(text.encode(), catch_duplicate_keys=True)
    except ValueError as error:
        yield f"a setting stands there twice: {error}"


class Directory(Protocol):
    """What is set of destinations; it changes without a deploy."""

    async def settings(self, feed: str) -> DestinationSettings:
        """The settings of the feed's destination as they are now.

        Raises:
            Misconfigured: they are wrong, and say which; nothing is sent until they are mended.
            Transient: there are none, or they cannot be read; nothing is sent without.
        """
        ...

    async def own_settings(self, lane: str) -> DestinationSettings | None:
        """The settings of a lane, "tower/north", that has a destination of its own; None where it has none, and its
        records go where the feed's go.

        Raises:
            Misconfigured: as `settings`.
            Transient: it is not known whether there are any.
        """
        ...

    async def lanes(self, feed: str) -> list[str]:
        """The feed's lanes that have destinations of their own.

        Raises:
            Transient: they cannot be listed.
        """
        ...


class Destination(Directory, Protocol):
    """The API behind a feed, or behind a lane of one."""

    async def post(self, settings: DestinationSettings, key: str, body: bytes) -> Answer:
        """Sends one batch under its Idempotency-Key.

        Raises:
            Misconfigured: it was not sent, as the settings lead where nothing may be sent to.
            Transient: it surely was not sent.
            Unanswered: it may have been.
        """
        ...
