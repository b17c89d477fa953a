"""The twins of telling people: a notebook in dictionaries, routes that a test sets, and a courier that keeps all."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from penstock.model.errors import Transient
from penstock.model.notices import Cause, HeldFile, Met, Weight
from penstock.ports.notice_settings import NoticeSettings
from penstock.ports.notices import Call, Turn


class MemoryNotebook:
    """As `Notebook`."""

    def __init__(self) -> None:
        self._met: dict[str, dict[str, Met]] = {}
        self._turns: dict[tuple[str, str], float] = {}  #: until when; infinity once it was given
        self._held: dict[str, tuple[int, HeldFile]] = {}
        self._spent: dict[tuple[str, str], float] = {}

    async def meet(self, day: str, cause: Cause, now: float) -> Met:
        """As `Notebook.meet`."""
        of_day = self._met.setdefault(day, {})
        met = of_day.get(cause.id, Met(cause, 0, 0))
        of_day[cause.id] = replace(met, times=met.times + 1, records=met.records + cause.records)
        return of_day[cause.id]

    async def note_told(self, day: str, cause: Cause) -> None:
        """As `Notebook.note_told`."""
        self._met[day][cause.id] = replace(self._met[day][cause.id], is_told=True)

    async def met_on(self, day: str) -> list[Met]:
        """As `Notebook.met_on`."""
        return list(self._met.get(day, {}).values())

    async def spend(self, day: str, feed: str, dollars: float) -> float:
        """As `Notebook.spend`."""
        self._spent[day, feed] = self._spent.get((day, feed), 0.0) + dollars
        return self._spent[day, feed]

    async def take_turn(self, notice_id: str, route: str, now: float, seconds: float) -> Turn:
        """As `Notebook.take_turn`."""
        until = self._turns.get((notice_id, route), 0.0)
        if until > now:
            return Turn.GIVEN if until == float("inf") else Turn.ANOTHERS
        self._turns[notice_id, route] = now + seconds
        return Turn.OURS

    async def end_turn(self, notice_id: str, route: str, *, given: bool) -> None:
        """As `Notebook.end_turn`."""
        self._turns[notice_id, route] = float("inf") if given else 0.0

    async def note_held(self, held: HeldFile, account: int) -> None:
        """As `Notebook.note_held`."""
        before, known = self._held.get(held.file_id, (0, held))
        if account < before:
            return
        goes_on = known.records and held.records
        since, is_told = (known.since, known.is_told) if goes_on else (held.since, False)
        self._held[held.file_id] = account, replace(held, since=since, is_told=is_told)

    async def held(self) -> list[HeldFile]:
        """As `Notebook.held`."""
        return [held for _, held in self._held.values() if held.records]

    async def note_held_told(self, file_id: str) -> None:
        """As `Notebook.note_held_told`."""
        account, held = self._held[file_id]
        self._held[file_id] = account, replace(held, is_told=True)


@dataclass(slots=True)
class MemoryRoutes:
    """As `Routes`."""

    configured: NoticeSettings = field(default_factory=NoticeSettings)
    secrets: dict[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])

    async def settings(self) -> NoticeSettings:
        """As `Routes.settings`."""
        return self.configured

    async def secret(self, name: str) -> Mapping[str, str]:
        """As `Routes.secret`."""
        if name not in self.secrets:
            raise Transient(f"the secret {name} cannot be read")
        return self.secrets[name]


@dataclass(slots=True)
class MemoryCourier:
    """Keeps what it was given; `faults` come first, one a call, None for none."""

    faults: list[Exception | None] = field(default_factory=list[Exception | None])
    posted: list[Call] = field(default_factory=list[Call])
    mailed: list[tuple[str, str, dict[str, str]]] = field(default_factory=list[tuple[str, str, dict[str, str]]])

    async def post(self, call: Call) -> None:
        """As `Courier.post`."""
        self._fail()
        self.posted.append(call)

    async def mail(self, subject: str, text: str, lane: str, route: str, weight: Weight) -> None:
        """As `Courier.mail`."""
        self._fail()
        self.mailed.append((subject, text, {"lane": lane, "route": route, "severity": str(weight)}))

    def _fail(self) -> None:
        fault = self.faults.pop(0) if self.faults else None
        if fault:
            raise fault
