"""What people are told: a cause, as it was met, and the notice of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from penstock.model import versions
from penstock.model.errors import MalformedMessage


class Weight(StrEnum):
    """How much a cause weighs, the heaviest last: `info` stands in the digest only."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    def reaches(self, least: "Weight") -> bool:
        """Whether it weighs as much as that, or more."""
        order = list(Weight)
        return order.index(self) >= order.index(least)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why somebody is told: a `kind` of trouble in a lane, and what it is `about` (a finding's code, a stage, a form).
    These three are the cause; `sentence` says how it was met this time, of which file, and of how many records."""

    kind: str
    lane: str
    weight: Weight
    about: str = ""
    sentence: str = ""
    file_id: str = ""
    records: int = 0

    @property
    def id(self) -> str:
        """The same for all that have the same cause."""
        return "/".join((self.kind, self.lane, self.about))


@dataclass(frozen=True, slots=True)
class Met:
    """A cause on one day, as it was met `times`; `first` is how it was met first, and `is_told` says that its notices
    are on their way."""

    first: Cause
    times: int
    records: int
    is_told: bool = False


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file with `records` held, the first of them since `since`, in seconds since the epoch."""

    file_id: str
    key: str
    lane: str
    records: int
    since: float
    is_told: bool = False


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True)


class Notice(_Message):
    """What a route is given, in words. `id` is the same however often it is sent, `cause` for all that have the same.
    `at` is in seconds since the epoch."""

    id: str
    kind: Literal["notice", "digest", "receipt", "test"]
    weight: Weight
    lane: str
    title: str
    lines: tuple[str, ...]
    cause: str = ""
    file_id: str = ""
    at: float

    @property
    def text(self) -> str:
        """Title and lines."""
        return "\n".join((self.title, "", *self.lines))


class NoticeMessage(_Message):
    """Notifier → notifier: give this notice to that route."""

    v: int = versions.MESSAGE
    type: Literal["notice"] = "notice"
    route: str
    notice: Notice


def read_notice(body: str) -> NoticeMessage:
    """The message in a queue message's body.

    Raises:
        MalformedMessage: it is none.
        NewerRelease: its version is newer than this release knows.
    """
    try:
        message = NoticeMessage.model_validate_json(body, extra="ignore")
    except ValidationError as error:
        raise MalformedMessage(f"not a message with a notice ({error.error_count()} faults)") from None
    versions.ensure_known("a message", message.v, versions.MESSAGE)
    return message
