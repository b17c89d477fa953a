"""What people were told, in the ledger's DynamoDB table; who is to be told, in a parameter; and the ways to them.

    pk              sk          what
    SPENT#<day>     <feed>      how many `dollars` its files have cost that ended on that day
    MET#<day>       <cause>     a cause of that day: how it was met `first`, how many `times`, of how many `records`
    GIVEN#<notice>  <route>     until when somebody gives the notice to the route, and whether it was `given`
    HELD            <file>      how many records the file holds, and since when

Each is written by one conditional update.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import aiohttp

from penstock.adapters.aws_faults import transient_faults
from penstock.adapters.aws_items import (
    Item,
    float_of,
    integer_of,
    number,
    query_items,
    text,
    try_update,
    update_of,
)
from penstock.adapters.aws_parameters import SETTINGS_AGE, UNCONFIGURED, Client, Kept, Secrets
from penstock.adapters.http_destination import Forbidden
from penstock.io.retry import FIRST
from penstock.model.errors import Misconfigured, Transient
from penstock.model.lane_names import parts_of
from penstock.model.notices import Cause, HeldFile, Met, Weight
from penstock.ports.clock import Clock
from penstock.ports.notice_settings import NoticeSettings, WrongNoticeSettings, read_notice_settings
from penstock.ports.notices import Call, Turn

KEPT = 35 * 86_400  #: seconds that causes and turns are kept: a month, and the days in which a letter may be redriven
TIMEOUT = aiohttp.ClientTimeout(total=10, sock_connect=5)
LONGEST_SUBJECT = 100  #: characters that SNS takes, in ASCII (Amazon SNS API reference, Publish)
ANYHOW = "attribute_exists(pk) OR attribute_not_exists(pk)"


@dataclass(frozen=True, slots=True)
class DynamoNotebook:
    """As `Notebook`. `table` is the ledger's; what is held is known for `ttl_seconds`."""

    dynamodb: Any
    table: str
    clock: Clock
    ttl_seconds: int

    async def meet(self, day: str, cause: Cause, now: float) -> Met:
        """As `Notebook.meet`."""
        values = {
            ":one": number(1),
            ":records": number(cause.records),
            ":first": text(json.dumps(asdict(cause))),
            ":expires": self._expiry(KEPT),
        }
        update = "SET #first = if_not_exists(#first, :first), expires_at = :expires ADD times :one, records :records"
        request = update_of(self.table, _met_key(day, cause), update, ANYHOW, values, {"#first": "first"})
        return _met((await try_update(self.dynamodb, request)).now)

    async def note_told(self, day: str, cause: Cause) -> None:
        """As `Notebook.note_told`."""
        request = update_of(self.table, _met_key(day, cause), "SET told = :told", ANYHOW, {":told": {"BOOL": True}})
        await try_update(self.dynamodb, request)

    async def met_on(self, day: str) -> list[Met]:
        """As `Notebook.met_on`."""
        return [_met(item) for item in await self._query(f"MET#{day}")]

    async def spend(self, day: str, feed: str, dollars: float) -> float:
        """As `Notebook.spend`."""
        key = {"pk": text(f"SPENT#{day}"), "sk": text(feed)}
        values = {":dollars": {"N": f"{dollars:.9f}"}, ":expires": self._expiry(KEPT)}
        update = "SET expires_at = :expires ADD dollars :dollars"
        spent = await try_update(self.dynamodb, update_of(self.table, key, update, ANYHOW, values))
        return float_of(spent.now, "dollars")

    async def take_turn(self, notice_id: str, route: str, now: float, seconds: float) -> Turn:
        """As `Notebook.take_turn`."""
        values = {":until": number(now + seconds), ":now": number(now), ":expires": self._expiry(KEPT)}
        free = "attribute_not_exists(given) AND (attribute_not_exists(turn_until) OR turn_until <= :now)"
        update = "SET turn_until = :until, expires_at = :expires"
        updated = await try_update(
            self.dynamodb, update_of(self.table, _turn_key(notice_id, route), update, free, values)
        )
        if updated.was is None:
            return Turn.OURS
        return Turn.GIVEN if "given" in updated.was else Turn.ANOTHERS

    async def end_turn(self, notice_id: str, route: str, *, given: bool) -> None:
        """As `Notebook.end_turn`."""
        update = "SET given = :now" if given else "SET turn_until = :now"
        values = {":now": number(self.clock.now())}
        await try_update(self.dynamodb, update_of(self.table, _turn_key(notice_id, route), update, ANYHOW, values))

    async def note_held(self, held: HeldFile, account: int) -> None:
        """As `Notebook.note_held`."""
        values = {
            ":records": number(held.records),
            ":account": number(account),
            ":shown": text(held.key),
            ":lane": text(held.lane),
            ":expires": self._expiry(self.ttl_seconds),
        }
        update = "SET records = :records, account = :account, shown = :shown, lane = :lane, expires_at = :expires"
        if held.records:
            update += ", held_since = if_not_exists(held_since, :since)"
            values[":since"] = number(held.since)
        else:
            update += " REMOVE held_since, told"
        condition = "attribute_not_exists(account) OR account <= :account"
        await try_update(self.dynamodb, update_of(self.table, _held_key(held.file_id), update, condition, values))

    async def held(self) -> list[HeldFile]:
        """As `Notebook.held`."""
        return [_held(item) for item in await self._query("HELD") if integer_of(item, "records")]

    async def note_held_told(self, file_id: str) -> None:
        """As `Notebook.note_held_told`."""
        request = update_of(self.table, _held_key(file_id), "SET told = :told", ANYHOW, {":told": {"BOOL": True}})
        await try_update(self.dynamodb, request)

    def _expiry(self, seconds: int) -> Item:
        return number(int(self.clock.now()) + seconds)

    async def _query(self, key: str) -> list[Item]:
        request: Item = {
            "TableName": self.table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": text(key)},
            "ConsistentRead": True,
        }
        return await query_items(self.dynamodb, request)


def _met_key(day: str, cause: Cause) -> Item:
    return {"pk": text(f"MET#{day}"), "sk": text(cause.id)}


def _turn_key(notice_id: str, route: str) -> Item:
    return {"pk": text(f"GIVEN#{notice_id}"), "sk": text(route)}


def _held_key(file_id: str) -> Item:
    return {"pk": text("HELD"), "sk": text(file_id)}


def _met(item: Mapping[str, Any]) -> Met:
    first = json.loads(item["first"]["S"])
    cause = Cause(**(first | {"weight": Weight(first["weight"])}))
    return Met(cause, integer_of(item, "times"), integer_of(item, "records"), "told" in item)


def _held(item: Mapping[str, Any]) -> HeldFile:
    return HeldFile(
        item["sk"]["S"],
        item["shown"]["S"],
        item["lane"]["S"],
        integer_of(item, "records"),
        float_of(item, "held_since"),
        "told" in item,
    )


class ParameterRoutes:
    """As `Routes`: settings in a parameter of SSM, secrets in Secrets Manager, both kept for a while."""

    def __init__(
        self, ssm: Client, secrets: Client, parameter: str, *, private: bool = False, seconds: float = SETTINGS_AGE
    ) -> None:
        self._ssm, self._parameter, self._private = ssm, parameter, private
        self._kept, self._secrets = Kept(self._fetch, seconds), Secrets(secrets, seconds)

    async def settings(self) -> NoticeSettings:
        """As `Routes.settings`."""
        with transient_faults():
            said = await self._kept.get(self._parameter)
        try:
            return read_notice_settings(said, private=self._private)
        except WrongNoticeSettings as error:
            raise Misconfigured(f"the settings {self._parameter} are wrong: {error}", UNCONFIGURED) from None

    async def secret(self, name: str) -> Mapping[str, str]:
        """As `Routes.secret`."""
        return await self._secrets.secret(name)

    async def _fetch(self, name: str) -> str:
        answer = await (await self._ssm()).get_parameter(Name=name)
        return answer["Parameter"]["Value"]


@dataclass(frozen=True, slots=True)
class AwsCourier:
    """As `Courier`: HTTPS by aiohttp, mail by a topic of SNS."""

    http: aiohttp.ClientSession
    sns: Callable[[], Awaitable[Any]]
    topic: str

    async def post(self, call: Call) -> None:
        """As `Courier.post`."""
        try:
            async with self.http.post(
                call.url, data=call.body, headers=call.headers, timeout=TIMEOUT, allow_redirects=False
            ) as answer:
                if answer.status // 100 == 2:
                    return
                after = answer.headers.get("Retry-After", "")
                raise Transient(f"it answered {answer.status}", float(after) if after.isdecimal() else FIRST)
        except Forbidden as error:
            raise Misconfigured(f"a route leads where nothing may be called: {error}", UNCONFIGURED) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Transient(f"nobody answered: {type(error).__name__}") from None

    async def mail(self, subject: str, text: str, lane: str, route: str, weight: Weight) -> None:
        """As `Courier.mail`."""
        feed = parts_of(lane)[0]
        said = {"feed": feed, "lane": lane, "route": route, "severity": str(weight)}
        attributes = {name: {"DataType": "String", "StringValue": value} for name, value in said.items() if value}
        with transient_faults():
            await (await self.sns()).publish(
                TopicArn=self.topic,
                Subject=subject.encode("ascii", "replace").decode()[:LONGEST_SUBJECT],
                Message=text,
                MessageAttributes=attributes,
            )
