"""Record claims in DynamoDB: an item an identity, made by a conditional insert, 25 to a call.

PartiQL's INSERT fails with DuplicateItem where the item is there: one write unit a record, and one call for 25 of them.
Whoever is told DuplicateItem reads the owner back.
"""

import asyncio
import json
import random
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import batched
from typing import Any

from botocore.exceptions import ClientError

from penstock.adapters.aws_faults import code_of, insert_fault, transient_faults
from penstock.adapters.aws_items import read_items
from penstock.io.retry import backoff
from penstock.model.errors import Transient
from penstock.model.rows import Owner
from penstock.ports.clock import Clock

STATEMENTS = 25  #: BatchExecuteStatement takes no more
AT_ONCE = 8  #: calls under way
ATTEMPTS = 6


@dataclass(frozen=True, slots=True)
class DynamoClaims:
    """As `Claims`. `ttl_seconds` is how long a claim outlives its making."""

    dynamodb: Any
    table: str
    clock: Clock
    ttl_seconds: int
    rng: random.Random = field(default_factory=random.Random)

    async def claim(self, feed: str, wanted: Mapping[str, Owner]) -> dict[str, Owner]:
        """As `Claims.claim`."""
        owners: dict[str, Owner] = {}
        left = list(wanted.items())
        expires = str(int(self.clock.now()) + self.ttl_seconds)
        at_once = asyncio.Semaphore(AT_ONCE)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with asyncio.TaskGroup() as tasks:
                    inserts = [
                        tasks.create_task(self._insert(feed, group, expires, at_once))
                        for group in batched(left, STATEMENTS, strict=False)
                    ]
            except ExceptionGroup as faults:
                # One call's fault is this call's fault, and the others were given up with it.
                raise faults.exceptions[0] from None
            held = [identity for insert in inserts for identity in insert.result()[1]]
            throttled = {identity for insert in inserts for identity in insert.result()[2]}
            owners |= {identity: wanted[identity] for insert in inserts for identity in insert.result()[0]}
            owners |= await self._owners(feed, held)
            # A claim that was given up between the insert and the reading is claimed once more.
            left = [(identity, owner) for identity, owner in left if identity not in owners]
            if not left:
                return owners
            if throttled:
                await self.clock.sleep(backoff(attempt, self.rng) / 10)
        raise Transient(f"{len(left)} of {len(wanted)} identities could not be claimed")

    async def _insert(
        self, feed: str, group: Sequence[tuple[str, Owner]], expires: str, at_once: asyncio.Semaphore
    ) -> tuple[list[str], list[str], list[str]]:
        """One call: identities that are ours now, those that are held, and those that were throttled."""
        insert = f"INSERT INTO \"{self.table}\" VALUE {{'pk':?,'f':?,'c':?,'o':?,'d':?,'r':?,'n':?,'expires_at':?}}"
        statements = [
            {
                "Statement": insert,
                "Parameters": [
                    {"S": f"{feed}#{identity}"},
                    {"S": owner.file_id},
                    {"N": str(owner.chunk)},
                    {"N": str(owner.ordinal)},
                    {"S": owner.digest},
                    {"N": str(owner.revision)},
                    {"N": str(owner.fence)},
                    {"N": expires},
                ],
            }
            for identity, owner in group
        ]
        async with at_once:
            with transient_faults():
                answer = await self.dynamodb.batch_execute_statement(Statements=statements)
        ours: list[str] = []
        held: list[str] = []
        throttled: list[str] = []
        for (identity, _), response in zip(group, answer["Responses"], strict=True):
            code = insert_fault(response)
            (ours if code is None else held if code == "DuplicateItem" else throttled).append(identity)
        return ours, held, throttled

    async def _owners(self, feed: str, identities: Sequence[str]) -> dict[str, Owner]:
        """Who holds them; those that nobody holds any more are left out."""
        keys = ({"pk": {"S": f"{feed}#{identity}"}} for identity in identities)
        items = await read_items(self.dynamodb, self.table, keys, self.clock, self.rng)
        return {item["pk"]["S"].removeprefix(f"{feed}#"): _owner(item) for item in items}

    async def take_over(self, feed: str, identity: str, held: Owner, wanted: Owner) -> bool:
        """As `Claims.take_over`."""
        return await self._hand_over(feed, identity, held, wanted, int(self.clock.now()) + self.ttl_seconds)

    async def _hand_over(self, feed: str, identity: str, held: Owner, wanted: Owner, expires: int | None) -> bool:
        """From one owner to another; without a new expiry the claim keeps the one it has."""
        values = {
            ":f": {"S": wanted.file_id},
            ":c": {"N": str(wanted.chunk)},
            ":o": {"N": str(wanted.ordinal)},
            ":d": {"S": wanted.digest},
            ":r": {"N": str(wanted.revision)},
            ":n": {"N": str(wanted.fence)},
            ":held_f": {"S": held.file_id},
            ":held_o": {"N": str(held.ordinal)},
            ":held_n": {"N": str(held.fence)},
        }
        sets, removes = "SET f = :f, c = :c, o = :o, d = :d, r = :r, n = :n", " REMOVE was"
        if expires is not None:
            values[":e"] = {"N": str(expires)}
            sets += ", expires_at = :e"
        if wanted.was:
            values[":was"] = {"S": json.dumps(asdict(wanted.was))}
            sets, removes = f"{sets}, was = :was", ""
        return await self._holds(
            self.dynamodb.update_item(
                TableName=self.table,
                Key={"pk": {"S": f"{feed}#{identity}"}},
                UpdateExpression=sets + removes,
                ConditionExpression="attribute_not_exists(pk) OR (f = :held_f AND o = :held_o AND n = :held_n)",
                ExpressionAttributeValues=values,
            )
        )

    async def give_up(self, feed: str, identity: str, owner: Owner) -> None:
        """As `Claims.give_up`: a claim that corrects nothing is deleted, else it is handed back."""
        deleted = await self._holds(
            self.dynamodb.delete_item(
                TableName=self.table,
                Key={"pk": {"S": f"{feed}#{identity}"}},
                ConditionExpression="f = :f AND o = :o AND n <= :n AND attribute_not_exists(was)",
                ExpressionAttributeValues={
                    ":f": {"S": owner.file_id},
                    ":o": {"N": str(owner.ordinal)},
                    ":n": {"N": str(owner.fence)},
                },
            )
        )
        if not deleted:
            held = (await self._owners(feed, [identity])).get(identity)
            if held and held.is_same(owner) and held.fence <= owner.fence and held.was:
                # An operator, who has no word on how long claims are kept, gives up, too.
                await self._hand_over(feed, identity, held, held.was, None)

    async def _holds(self, write: Awaitable[Any]) -> bool:
        """Whether a write's condition held."""
        try:
            with transient_faults():
                await write
        except ClientError as error:
            if code_of(error) == "ConditionalCheckFailedException":
                return False
            raise
        return True


def _owner(item: Mapping[str, Any]) -> Owner:
    return Owner(
        file_id=item["f"]["S"],
        chunk=int(item["c"]["N"]),
        ordinal=int(item["o"]["N"]),
        digest=item["d"]["S"],
        revision=int(item["r"]["N"]),
        fence=int(item["n"]["N"]),
        was=_corrected(json.loads(item["was"]["S"])) if "was" in item else None,
    )


def _corrected(told: Mapping[str, Any]) -> Owner:
    """The owner before, with those before it."""
    owner = Owner(**told)
    return replace(owner, was=_corrected(told["was"])) if told["was"] else owner
