"""The throttle in the ledger's DynamoDB table.

    pk                sk                what
    THROTTLE#<feed>   THROTTLE          the row: the line, the pace, the circuit
    THROTTLE#<feed>   CALLS#018000000   the calls of ten seconds; expires
    THROTTLE#<lane>   PLACES            until when which of a lane's places are taken; expires

Where a lane has a destination of its own, <feed> is the lane, "tower/north". A missing row is a closed circuit, the
full pace and no line.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from penstock.adapters.aws_faults import transient_faults
from penstock.adapters.aws_items import Item, Updated, float_of, integer_of, number, text, try_update, update_of
from penstock.io import metering
from penstock.model.errors import BookedOut, CircuitOpen, Transient
from penstock.ports.throttle import SLOWEST, STEP, Calls, Circuit, ThrottleRow

ATTEMPTS = 8  #: for updates whose condition another worker has just made untrue
CALLS_KEPT = 7200  #: seconds; twice the longest window that a feed may have

LEAVING = 1.0  #: unit to leave a place at a lane: it counts as soon as the place is taken, as nothing is told after it

CLOSED = "(attribute_not_exists(circuit) OR circuit = :closed)"


@dataclass(frozen=True, slots=True)
class _Presumed:
    """What a booking takes to be the case: the pace, and whether the line reaches beyond now."""

    pace: float = 1.0
    queued: bool = False


@dataclass(frozen=True, slots=True)
class DynamoThrottle:
    """As `Throttle`. `table` is the ledger's."""

    dynamodb: Any
    table: str
    _last: dict[str, _Presumed] = field(default_factory=dict[str, _Presumed])

    # -- the line and the pace -----------------------------------------------------------------------------------

    async def book(
        self, feed: str, costs: Sequence[float], now: float, horizon: float, *, probing: bool = False
    ) -> list[float]:
        """As `Throttle.book`. It presumes what was the case at the last booking: mostly it still is, and one update
        does it. Where it is not, the condition fails and tells the row, and what that says is presumed next."""
        now = round(now, 6)  # as the row's numbers are
        presumed, begin = self._last.get(feed, _Presumed()), now
        for _ in range(ATTEMPTS):
            booked = costs if begin <= _latest(costs, presumed.pace, now, horizon) else costs[:1]
            total = presumed.pace * sum(booked)
            latest = _latest(booked, presumed.pace, now, horizon)
            item = await self._try_book(feed, presumed, total, now, latest, probing=probing)
            if item.was is None:
                self._last[feed] = presumed
                begin = float_of(item.now, "booked_until") - total if presumed.queued else now
                return list(accumulate((cost * presumed.pace for cost in booked[:-1]), initial=begin))
            row = _row(feed, item.was)
            if row.circuit is not Circuit.CLOSED and not probing:
                raise CircuitOpen("the destination's circuit is open", after=max(0.0, row.probe_at - now))
            begin = max(now, row.booked_until)
            if begin > round(now + horizon, 6):
                raise BookedOut("the destination's time is booked out", after=begin - now)
            presumed = _Presumed(_pace(row, now), queued=row.booked_until > now)
        raise Transient("too many workers book the destination's time at once")

    async def _try_book(
        self, feed: str, presumed: _Presumed, total: float, now: float, latest: float, *, probing: bool
    ) -> Updated:
        """Books `total` seconds, beginning at `latest` at the latest, if everything is as presumed."""
        values = {":now": number(now), ":pace": number(presumed.pace)}
        if presumed.queued or latest < now:  # a call that has no time left hears how long the line is
            update = "SET booked_until = booked_until + :cost"
            condition = "booked_until > :now AND booked_until <= :latest"
            values |= {":cost": number(total), ":latest": number(latest)}
        else:
            update = "SET booked_until = :until"
            condition = "(attribute_not_exists(booked_until) OR booked_until <= :now)"
            values |= {":until": number(now + total)}
        if presumed.pace == 1:
            condition += " AND (attribute_not_exists(paced_until) OR paced_until <= :now OR pace = :pace)"
        else:
            condition += " AND paced_until > :now AND pace = :pace"
        if not probing:
            condition += f" AND {CLOSED}"
            values[":closed"] = text(Circuit.CLOSED)
        return await self._try_update(feed, update, condition, values)

    async def slow_down(self, feed: str, now: float, seconds: float) -> float:
        """As `Throttle.slow_down`: what comes of the row as it was read is written if it is still so."""
        was = await self._get(feed)
        for _ in range(ATTEMPTS):
            row, slowed_at = _row(feed, was), float_of(was, "slowed_at")
            pace, until = _pace(row, now), max(now + seconds, row.paced_until)
            if now - slowed_at >= 1:
                pace, slowed_at = min(SLOWEST, pace * 2), now
            condition = "attribute_not_exists(slowed_at)"
            values = {":pace": number(pace), ":until": number(until), ":slowed": number(slowed_at)}
            if "slowed_at" in was:
                condition = "pace = :was_pace AND paced_until = :was_until AND slowed_at = :was_slowed"
                values |= {":was_pace": was["pace"], ":was_until": was["paced_until"], ":was_slowed": was["slowed_at"]}
                if (pace, until, slowed_at) == (row.pace, row.paced_until, float_of(was, "slowed_at")):
                    return pace
            item = await self._try_update(
                feed, "SET pace = :pace, paced_until = :until, slowed_at = :slowed", condition, values
            )
            if item.was is None:
                return pace
            was = item.was
        raise Transient("too many workers slow the destination's calls down at once")

    # -- calls ---------------------------------------------------------------------------------------------------

    async def count(self, feed: str, now: float, calls: Calls) -> None:
        """As `Throttle.count`."""
        with transient_faults():
            await self.dynamodb.update_item(
                TableName=self.table,
                Key={"pk": text(f"THROTTLE#{feed}"), "sk": text(_calls_key(int(now // STEP)))},
                UpdateExpression="SET expires_at = :expires ADD made :made, failed :failed",
                ExpressionAttributeValues={
                    ":expires": number(int(now) + CALLS_KEPT),
                    ":made": number(calls.made),
                    ":failed": number(calls.failed),
                },
            )

    async def counted(self, feed: str, now: float, seconds: float) -> Calls:
        """As `Throttle.counted`."""
        last, steps = int(now // STEP), int(seconds // STEP)
        if not steps:
            return Calls()
        with transient_faults():
            answer = await self.dynamodb.query(
                TableName=self.table,
                KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
                ExpressionAttributeValues={
                    ":pk": text(f"THROTTLE#{feed}"),
                    ":first": text(_calls_key(last - steps + 1)),
                    ":last": text(_calls_key(last)),
                },
                ConsistentRead=True,
            )
        items = answer["Items"]
        return Calls(sum(integer_of(item, "made") for item in items), sum(integer_of(item, "failed") for item in items))

    # -- the circuit ---------------------------------------------------------------------------------------------

    async def trip(self, feed: str, now: float, probe_at: float, reason: str) -> bool:
        """As `Throttle.trip`."""
        item = await self._try_update(
            feed,
            "SET circuit = :open, since = :now, down_since = :now, probe_at = :probe_at, failed_probes = :zero,"
            " reason = :reason",
            CLOSED,
            {
                ":open": text(Circuit.OPEN),
                ":closed": text(Circuit.CLOSED),
                ":now": number(now),
                ":probe_at": number(probe_at),
                ":zero": number(0),
                ":reason": text(reason),
            },
        )
        return item.was is None

    async def begin_probe(self, feed: str, now: float, seconds: float, *, early: bool = False) -> bool:
        """As `Throttle.begin_probe`."""
        item = await self._try_update(
            feed,
            "SET circuit = :half_open, since = :now, probe_at = :until",
            "circuit = :open OR (circuit = :half_open AND probe_at <= :now)"
            if early
            else "circuit IN (:open, :half_open) AND probe_at <= :now",
            {
                ":open": text(Circuit.OPEN),
                ":half_open": text(Circuit.HALF_OPEN),
                ":now": number(now),
                ":until": number(now + seconds),
            },
        )
        return item.was is None

    async def end_probe(self, feed: str, now: float, probe_at: float | None, reason: str = "") -> bool:
        """As `Throttle.end_probe`."""
        values = {":half_open": text(Circuit.HALF_OPEN), ":now": number(now)}
        if probe_at is None:
            update = "SET circuit = :closed, since = :now, down_since = :zero, failed_probes = :zero, reason = :none"
            values |= {":closed": text(Circuit.CLOSED), ":zero": number(0), ":none": text("")}
        else:
            update = "SET circuit = :open, since = :now, probe_at = :probe_at, failed_probes = failed_probes + :one"
            values |= {":open": text(Circuit.OPEN), ":probe_at": number(probe_at), ":one": number(1)}
            if reason:
                update += ", reason = :reason"
                values[":reason"] = text(reason)
        item = await self._try_update(feed, update, "circuit = :half_open", values)
        return item.was is None

    # -- the places of a lane ------------------------------------------------------------------------------------

    async def enter(self, lane: str, places: int, now: float, until: float) -> int | None:
        """As `Throttle.enter`. It presumes that all are free, and is told by the condition where they are not."""
        item: Item = {}
        for _ in range(ATTEMPTS):
            free = [place for place in range(places) if float_of(item, f"place_{place}") <= now]
            if not free:
                return None
            name, update = f"place_{free[0]}", "SET expires_at = :expires, "
            values = {":until": number(until), ":now": number(now), ":expires": number(int(until) + CALLS_KEPT)}
            condition = f"attribute_not_exists({name}) OR {name} <= :now"
            request = update_of(self.table, _places(lane), f"{update}{name} = :until", condition, values)
            updated = await try_update(self.dynamodb, request)
            if updated.was is None:
                metering.count(dynamodb_writes=LEAVING)
                return free[0]
            item = updated.was
        raise Transient("too many workers take the lane's places at once")

    async def leave(self, lane: str, place: int, until: float) -> None:
        """As `Throttle.leave`."""
        name, values = f"place_{place}", {":until": number(until), ":free": number(0)}
        request = update_of(self.table, _places(lane), f"SET {name} = :free", f"{name} = :until", values)
        metering.count(dynamodb_writes=-LEAVING)
        await try_update(self.dynamodb, request)

    async def row(self, feed: str) -> ThrottleRow:
        """As `Throttle.row`."""
        return _row(feed, await self._get(feed))

    # -- DynamoDB ------------------------------------------------------------------------------------------------

    async def _get(self, feed: str) -> Item:
        with transient_faults():
            answer = await self.dynamodb.get_item(TableName=self.table, Key=_key(feed), ConsistentRead=True)
        return answer.get("Item", {})

    async def _try_update(self, feed: str, update: str, condition: str, values: Item) -> Updated:
        return await try_update(self.dynamodb, update_of(self.table, _key(feed), update, condition, values))


def _latest(costs: Sequence[float], pace: float, now: float, horizon: float) -> float:
    """When the first of the calls must begin, so that the last begins within the horizon."""
    return round(now + horizon - pace * sum(costs[:-1]), 6)


def _pace(row: ThrottleRow, now: float) -> float:
    return row.pace if row.paced_until > now else 1.0


def _key(feed: str) -> Item:
    return {"pk": text(f"THROTTLE#{feed}"), "sk": text("THROTTLE")}


def _places(lane: str) -> Item:
    return {"pk": text(f"THROTTLE#{lane}"), "sk": text("PLACES")}


def _calls_key(step: int) -> str:
    return f"CALLS#{step:09d}"


def _row(feed: str, item: Item) -> ThrottleRow:
    return ThrottleRow(
        feed,
        booked_until=float_of(item, "booked_until"),
        pace=float_of(item, "pace") if "pace" in item else 1.0,
        paced_until=float_of(item, "paced_until"),
        circuit=Circuit(item["circuit"]["S"]) if "circuit" in item else Circuit.CLOSED,
        since=float_of(item, "since"),
        opened_at=float_of(item, "down_since"),
        probe_at=float_of(item, "probe_at"),
        failed_probes=integer_of(item, "failed_probes"),
        reason=item["reason"]["S"] if "reason" in item else "",
    )
