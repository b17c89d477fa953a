"""Who is told what: the operator's settings of notices."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError, ValidationInfo
from pydantic_core import ErrorDetails

from penstock.model.lane_names import parts_of
from penstock.model.notices import Weight
from penstock.ports.endpoints import ensure_endpoint
from penstock.ports.setting_names import problem_of

type Tells = Literal["notices", "digest", "receipts"]
type _Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]


def _endpoint(url: str, info: ValidationInfo) -> str:
    context: Mapping[str, Any] = info.context or {}
    ensure_endpoint(url, private=context.get("private", False))
    return url


@dataclass(frozen=True, slots=True)
class Route:
    """One way to somebody: which causes of which lanes go there, those of a feed or of all where none are named.

    `severity` is the least that a cause must weigh, and `tells` what else goes there: the digest of each day, and each
    file's receipt. `secret` names the secret in Secrets Manager that has what the way needs: `key` of a webhook, `url`
    of Slack and Teams, `routing_key` of PagerDuty, `api_key` of Opsgenie. `url` is a webhook's, and another than the
    usual one of PagerDuty or Opsgenie.
    """

    kind: Literal["webhook", "slack", "teams", "pagerduty", "opsgenie", "email", "outbox"]
    lanes: tuple[str, ...] = ()
    severity: Weight = Weight.WARNING
    tells: tuple[Tells, ...] = ("notices", "digest")
    url: Annotated[str, AfterValidator(_endpoint)] | None = None
    secret: Annotated[str, Field(max_length=512)] = ""

    def hears_of(self, lane: str) -> bool:
        """Whether it is told of this lane, or feed."""
        return not self.lanes or lane in self.lanes or parts_of(lane)[0] in self.lanes


@dataclass(frozen=True, slots=True)
class NoticeSettings:
    """The routes by their names; after how many hours records count as held too long, in which hour of the day (UTC)
    the digest of the day before goes out, and how many dollars a feed's files may cost that end on one day."""

    routes: dict[_Name, Route] = field(default_factory=dict[str, Route])
    held_hours: Annotated[float, Field(gt=0, le=24 * 366)] = 24.0
    digest_hour: Annotated[int, Field(ge=0, le=23)] = 6
    budgets: dict[str, Annotated[float, Field(gt=0)]] = field(default_factory=dict[str, float])


class WrongNoticeSettings(ValueError):
    """Raised when settings of notices are not as they must be: a sentence that names the setting and never quotes
    it."""


_NEEDS_SECRET = frozenset({"webhook", "slack", "teams", "pagerduty", "opsgenie"})


@cache
def _reader() -> TypeAdapter[NoticeSettings]:
    return TypeAdapter(NoticeSettings)


def read_notice_settings(text: str, *, private: bool) -> NoticeSettings:
    """The settings of notices, as an operator has written them in JSON. `private` allows private addresses.

    Raises:
        WrongNoticeSettings: a name, a type, a range or an address is wrong.
    """
    try:
        settings = _reader().validate_json(text, strict=True, extra="forbid", context={"private": private})
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        raise WrongNoticeSettings("; ".join(map(_problem, faults))) from None
    for name, route in settings.routes.items():
        if route.kind in _NEEDS_SECRET and not route.secret:
            raise WrongNoticeSettings(f'routes.{name}.secret: kind "{route.kind}" needs the name of a secret')
        if route.kind == "webhook" and not route.url:
            raise WrongNoticeSettings(f"routes.{name}.url: a webhook needs one")
    return settings


def _problem(fault: ErrorDetails) -> str:
    """One fault; a route's is about a route, whatever its name."""
    within, inner = fault["loc"][:2], fault["loc"][2:]
    if inner and within[0] == "routes":
        return problem_of({**fault, "loc": inner}, Route, [str(part) for part in within])
    return problem_of(fault, NoticeSettings)
