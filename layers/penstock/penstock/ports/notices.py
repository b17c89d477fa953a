"""The ports of telling people: who is to be told, what they were told already, and the ways to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from penstock.model.notices import Cause, HeldFile, Met, Weight
from penstock.ports.notice_settings import NoticeSettings


class Turn(Enum):
    """Whose turn it is to give a notice to a route: ours, nobody's as it was given, or another's who is at it."""

    OURS = "ours"
    GIVEN = "given"
    ANOTHERS = "another's"


class Notebook(Protocol):
    """What was met and told. Any call may raise Transient; doing it again is safe, but that `meet` and `spend`
    count again."""

    async def meet(self, day: str, cause: Cause, now: float) -> Met:
        """Counts a cause of that day, "2026-11-29"; as it is now."""
        ...

    async def note_told(self, day: str, cause: Cause) -> None:
        """That day's notices of a cause are on their way."""
        ...

    async def met_on(self, day: str) -> list[Met]:
        """All causes of a day."""
        ...

    async def spend(self, day: str, feed: str, dollars: float) -> float:
        """Adds to what a feed's files have cost that ended on that day; the sum."""
        ...

    async def take_turn(self, notice_id: str, route: str, now: float, seconds: float) -> Turn:
        """Whoever gives a notice to a route has `seconds` for it; nobody else gives it meanwhile, or afterwards."""
        ...

    async def end_turn(self, notice_id: str, route: str, *, given: bool) -> None:
        """It was given, or was not, and can be tried at once."""
        ...

    async def note_held(self, held: HeldFile, account: int) -> None:
        """How many records a file holds in that account, which may be none; of an earlier account nothing is noted.
        Since when, stays while any are."""
        ...

    async def held(self) -> list[HeldFile]:
        """The files that hold records."""
        ...

    async def note_held_told(self, file_id: str) -> None:
        """It was told that the file holds records for too long."""
        ...


class Routes(Protocol):
    """Who is to be told; changes without a deploy."""

    async def settings(self) -> NoticeSettings:
        """The settings as they are now.

        Raises:
            Misconfigured: they are wrong.
            Transient: they cannot be read.
        """
        ...

    async def secret(self, name: str) -> Mapping[str, str]:
        """A secret.

        Raises:
            Transient: there is none, or it cannot be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """A POST of JSON. The URL and the headers may hold secrets."""

    url: str = field(repr=False)
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


class Courier(Protocol):
    """The ways out: HTTPS, and a topic whose subscribers get mail."""

    async def post(self, call: Call) -> None:
        """Makes a call, which may come twice.

        Raises:
            Misconfigured: it leads where nothing may be called.
            Transient: nobody took it; the sentence says the status, and nothing of URL or answer.
        """
        ...

    async def mail(self, subject: str, text: str, lane: str, route: str, weight: Weight) -> None:
        """Publishes to the topic; subscribers can choose by feed, lane, route and severity.

        Raises:
            Transient: it was not taken.
        """
        ...
