"""The notifier: what happens is counted by its cause, each cause is told once a day to each route that hears of it, and
a digest tells the rest.

An event is counted in the notebook; the first of its cause on a day puts a message on our own queue for each route, and
only then is the cause told. A message gives one notice to one route: who takes its turn gives it, and comes again alone
if the route is down. So a storm of events makes one notice, a route that is down makes no other's come twice, and what
breaks off anywhere goes on: a notice is given at least once, with the same id.
"""

import json
import random
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from penstock.io.sending import send_all
from penstock.model.errors import Busy, MalformedMessage
from penstock.model.lane_names import parts_of
from penstock.model.notices import Cause, HeldFile, Met, Notice, NoticeMessage, Weight, read_notice
from penstock.model.stage_result import StageResult
from penstock.notices.causes import TITLES, Detail, causes_of, lane_of_event, shown_key
from penstock.notices.forms import call_of
from penstock.notices.words import day_before, day_of, digest_of, notice_of, receipt_key, receipt_of
from penstock.ports.clock import Clock
from penstock.ports.notice_settings import NoticeSettings, Route, Tells
from penstock.ports.notices import Courier, Notebook, Routes, Turn
from penstock.ports.object_store import ObjectStore
from penstock.ports.queue import Outgoing, Outlet

TURN = 60.0  #: seconds that giving a notice may take; more than a call's timeout
HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class NotifierPorts:
    """What the notifier needs of the world. `notices` is its own queue; `private` allows routes at private
    addresses."""

    routes: Routes
    notebook: Notebook
    courier: Courier
    store: ObjectStore
    notices: Outlet
    clock: Clock
    rng: random.Random
    private: bool = False


class _Event(BaseModel):
    """An event as EventBridge puts it on the queue: Penstock's own."""

    model_config = ConfigDict(hide_input_in_errors=True)

    kind: str = Field(alias="detail-type")
    detail: dict[str, Any]


async def notify(ports: NotifierPorts, body: str) -> list[StageResult]:
    """One message: an event, an hour of the clock, or a notice for a route.

    Raises:
        Busy: another gives this notice to this route.
        MalformedMessage: it is none of these.
        Misconfigured: the settings, or a secret, are wrong.
        Transient: it must be tried again.
    """
    try:
        said: Any = json.loads(body)
    except ValueError:
        raise MalformedMessage("not JSON") from None
    match said:
        case {"type": "notice"}:
            return [await give(ports, read_notice(body))]
        case {"look": "hour"}:
            return [await look(ports)]
        case _:
            return [await hear(ports, body)]


async def hear(ports: NotifierPorts, body: str) -> StageResult:
    """Counts what an event gives cause for, and has each new cause told; has the sender's receipt given."""
    try:
        event = _Event.model_validate_json(body)
    except ValidationError:
        raise MalformedMessage("neither an event nor a notice") from None
    settings, now = await ports.routes.settings(), ports.clock.now()
    detail, file_id = event.detail, str(event.detail.get("file_id", ""))
    told = 0
    for cause in causes_of(event.kind, detail):
        told += await _meet(ports, settings, cause, now)
    told += await _spend(ports, settings, detail, now)
    if event.kind == "FileSettled":
        held = HeldFile(file_id, shown_key(detail), lane_of_event(detail), detail["records"]["held"], now)
        if held.records or detail["round_seconds"] is not None:
            await ports.notebook.note_held(held, detail["account_version"])
    if event.kind in ("FileSettled", "FileRefused"):
        await _send(ports, settings, receipt_of(detail, now), "receipts")
    feed = parts_of(lane_of_event(detail))[0]
    return StageResult(f"heard: {event.kind}", feed, file_id, {"CausesTold": float(told)})


async def look(ports: NotifierPorts) -> StageResult:
    """What only time tells: records that have been held too long, and the digest of the day before."""
    settings, now = await ports.routes.settings(), ports.clock.now()
    held, told = await ports.notebook.held(), 0
    for one in held:
        if not one.is_told and now - one.since > settings.held_hours * HOUR:
            told += await _meet(ports, settings, _held_too_long(one, settings.held_hours), now)
            await ports.notebook.note_held_told(one.file_id)
    if now % (24 * HOUR) >= settings.digest_hour * HOUR:
        await _send_digests(ports, settings, held, now)
    return StageResult("looked at the hour", "", "notifier", {"CausesTold": float(told)})


async def give(ports: NotifierPorts, message: NoticeMessage) -> StageResult:
    """Gives one notice to one route, unless it was given."""
    notice, name, now = message.notice, message.route, ports.clock.now()
    feed = parts_of(notice.lane)[0]
    route = (await ports.routes.settings()).routes.get(name)
    if route is None:
        return StageResult(f"no route {name} any more", feed, notice.id)
    match await ports.notebook.take_turn(notice.id, name, now, TURN):
        case Turn.GIVEN:
            return StageResult(f"given to {name} before", feed, notice.id)
        case Turn.ANOTHERS:
            raise Busy(f"another gives this notice to {name}", after=TURN)
        case Turn.OURS:
            pass
    try:
        await _give(ports, route, name, notice, now)
    except Exception:
        await ports.notebook.end_turn(notice.id, name, given=False)
        raise
    await ports.notebook.end_turn(notice.id, name, given=True)
    return StageResult(f"given to {name}", feed, notice.id, {"NoticesGiven": 1.0})


async def _give(ports: NotifierPorts, route: Route, name: str, notice: Notice, now: float) -> None:
    match route.kind:
        case "outbox":
            text = notice.text.encode() + b"\n"
            await ports.store.put_first(receipt_key(notice.lane, notice), text, "text/plain; charset=utf-8")
        case "email":
            await ports.courier.mail(notice.title, notice.text, notice.lane, name, notice.weight)
        case _:
            secret = await ports.routes.secret(route.secret)
            await ports.courier.post(call_of(route, notice, secret, now, private=ports.private))


async def _meet(ports: NotifierPorts, settings: NoticeSettings, cause: Cause, now: float) -> bool:
    """Counts a cause; whether it is told now, as it was not told on this day yet."""
    day = day_of(now)
    met = await ports.notebook.meet(day, cause, now)
    if met.is_told or cause.weight is Weight.INFO:
        return False
    await _send(ports, settings, notice_of(met, day, now), "notices")
    await ports.notebook.note_told(day, cause)
    return True


async def _spend(ports: NotifierPorts, settings: NoticeSettings, detail: Detail, now: float) -> bool:
    """Adds what a file has cost to what its feed has on this day; whether it is told now that this is beyond its
    budget."""
    feed, cost = parts_of(lane_of_event(detail))[0], detail.get("cost")
    budget = settings.budgets.get(feed)
    if not budget or not cost:
        return False
    spent = await ports.notebook.spend(day_of(now), feed, cost["dollars"])
    if spent <= budget:
        return False
    sentence = f"its files of this day (UTC) have cost ${spent:,.2f}, and ${budget:,.2f} is its budget"
    return await _meet(ports, settings, Cause("BudgetSpent", feed, Weight.WARNING, sentence=sentence), now)


async def _send(ports: NotifierPorts, settings: NoticeSettings, notice: Notice, what: Tells) -> None:
    """Puts a notice on our queue for each route that hears of it."""
    names = [
        name
        for name, route in settings.routes.items()
        if what in route.tells
        and route.hears_of(notice.lane)
        and (what != "notices" or notice.weight.reaches(route.severity))
    ]
    await _put(ports, [NoticeMessage(route=name, notice=notice) for name in names])


async def _send_digests(ports: NotifierPorts, settings: NoticeSettings, held: list[HeldFile], now: float) -> None:
    """Each route's own digest, of the lanes that it hears of; given once, however often we look."""
    day = day_before(now)
    met = [one for one in await ports.notebook.met_on(day) if one.first.kind in TITLES]
    messages = [
        NoticeMessage(route=name, notice=_digest_for(route, day, met, held, now))
        for name, route in settings.routes.items()
        if "digest" in route.tells
    ]
    await _put(ports, messages)


def _digest_for(route: Route, day: str, met: list[Met], held: list[HeldFile], now: float) -> Notice:
    heard = (one for one in met if route.hears_of(one.first.lane))
    return digest_of(day, heard, (one for one in held if route.hears_of(one.lane)), now)


async def _put(ports: NotifierPorts, messages: list[NoticeMessage]) -> None:
    outgoing = [Outgoing(message.model_dump_json(), message.notice.lane or "none") for message in messages]
    await send_all(ports.notices, outgoing, ports.clock, ports.rng)


def _held_too_long(held: HeldFile, hours: float) -> Cause:
    sentence = f"{held.key}: {held.records:,} records held for more than {hours:g} hours; penstock held list"
    return Cause("RecordsHeldTooLong", held.lane, Weight.WARNING, "", sentence, held.file_id, held.records)
