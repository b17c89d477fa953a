"""Record claims in DynamoDB: an item an identity, made by a conditional insert, 25 to a call.

PartiQL's INSERT fails with DuplicateItem where the item is there: one write unit a record, and one call for 25 of them.
Whoever is told DuplicateItem reads the owner back.

    pk                   f, c, o          d       r         n      was                   v, expires_at
    <feed>#<identity>    file, chunk,     digest  revision  fence  whom it corrects,     see `versions`; when it ends,
                         ordinal                                   a JSON object         deleted by then or not

`ended` is there where the record is held, or its outcome unknown.
"""

import asyncio
import json
import random
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from itertools import batched
from typing import Any

from botocore.exceptions import ClientError

from penstock.adapters.aws_faults import code_of, insert_fault, transient_faults
from penstock.adapters.aws_items import KNOWN, STORED, Item, integer_of, number, read_items, text, version_of
from penstock.io import metering
from penstock.io.retry import backoff
from penstock.model import versions
from penstock.model.errors import Transient
from penstock.model.findings import Outcome
from penstock.model.rows import Owner
from penstock.ports.clock import Clock

STATEMENTS = 25  #: BatchExecuteStatement takes no more
AT_ONCE = 8  #: calls under way
ATTEMPTS = 6
AROUND = STORED + 38  #: bytes of a claim beside its texts: its attributes' names, and the numbers


@dataclass(frozen=True, slots=True)
class DynamoClaims:
    """As `Claims`. `ttl_seconds` is how long a claim outlives its last change."""

    dynamodb: Any
    table: str
    clock: Clock
    ttl_seconds: int
    rng: random.Random = field(default_factory=random.Random)

    async def claim(self, feed: str, wanted: Mapping[str, Owner]) -> dict[str, Owner]:
        """As `Claims.claim`."""
        owners: dict[str, Owner] = {}
        left = list(wanted.items())
        at_once = asyncio.Semaphore(AT_ONCE)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with asyncio.TaskGroup() as tasks:
                    inserts = [
                        tasks.create_task(self._insert(feed, group, at_once))
                        for group in batched(left, STATEMENTS, strict=False)
                    ]
            except ExceptionGroup as faults:
                # One call's fault is this call's fault, and the others were given up with it.
                raise faults.exceptions[0] from None
            held = [identity for insert in inserts for identity in insert.result()[1]]
            throttled = {identity for insert in inserts for identity in insert.result()[2]}
            owners |= {identity: wanted[identity] for insert in inserts for identity in insert.result()[0]}
            owners |= await self._owners_or_heirs(feed, {identity: wanted[identity] for identity in held})
            # A claim that was given up between the insert and the reading is claimed once more.
            left = [(identity, owner) for identity, owner in left if identity not in owners]
            if not left:
                return owners
            if throttled:
                await self.clock.sleep(backoff(attempt, self.rng) / 10)
        raise Transient(f"{len(left)} of {len(wanted)} identities could not be claimed")

    async def _insert(
        self, feed: str, group: Sequence[tuple[str, Owner]], at_once: asyncio.Semaphore
    ) -> tuple[list[str], list[str], list[str]]:
        """One call: identities that are ours now, those that are held, and those that were throttled."""
        attributes = "{'pk':?,'f':?,'c':?,'o':?,'d':?,'r':?,'n':?,'v':?,'expires_at':?}"
        insert = f'INSERT INTO "{self.table}" VALUE {attributes}'
        async with at_once:
            # Only now: what all of a chunk's calls say at once is much to have in memory.
            version, expiry = number(versions.CLAIM), self._expiry()
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
                        version,
                        expiry,
                    ],
                }
                for identity, owner in group
            ]
            with transient_faults():
                answer = await self.dynamodb.batch_execute_statement(Statements=statements)
        ours: list[str] = []
        held: list[str] = []
        throttled: list[str] = []
        for (identity, _), response in zip(group, answer["Responses"], strict=True):
            code = insert_fault(response)
            (ours if code is None else held if code == "DuplicateItem" else throttled).append(identity)
        if meter := metering.current():
            is_ours = set(ours)
            meter.store_row(sum(_bytes_of(feed, *claim) for claim in group if claim[0] in is_ours))
        return ours, held, throttled

    async def _owners_or_heirs(self, feed: str, wanted: Mapping[str, Owner]) -> dict[str, Owner]:
        """Who holds identities that are held; those that nobody holds any more are left out. What has expired is free:
        DynamoDB may take days to delete it."""
        owners: dict[str, Owner] = {}
        now = self.clock.now()
        for identity, item in (await self._items(feed, list(wanted))).items():
            owner = _owner(item)
            if "expires_at" not in item or integer_of(item, "expires_at") > now:
                owners[identity] = owner
            elif await self.take_over(feed, identity, owner, wanted[identity]):
                owners[identity] = wanted[identity]
        return owners

    async def owners(self, feed: str, identities: Sequence[str]) -> dict[str, Owner]:
        """As `Claims.owners`."""
        now, items = self.clock.now(), await self._items(feed, identities)
        return {
            identity: _owner(item)
            for identity, item in items.items()
            if "expires_at" not in item or integer_of(item, "expires_at") > now
        }

    async def _items(self, feed: str, identities: Sequence[str]) -> dict[str, Item]:
        keys = ({"pk": text(f"{feed}#{identity}")} for identity in identities)
        items = await read_items(self.dynamodb, self.table, keys, self.clock, self.rng)
        return {item["pk"]["S"].removeprefix(f"{feed}#"): item for item in items}

    async def take_over(self, feed: str, identity: str, held: Owner, wanted: Owner) -> bool:
        """As `Claims.take_over`."""
        values = {
            ":f": text(wanted.file_id),
            ":c": number(wanted.chunk),
            ":o": number(wanted.ordinal),
            ":d": text(wanted.digest),
            ":r": number(wanted.revision),
            ":n": number(wanted.fence),
            ":v": number(versions.CLAIM),
            ":expires": self._expiry(),
            ":held_f": text(held.file_id),
            ":held_c": number(held.chunk),
            ":held_o": number(held.ordinal),
            ":held_n": number(held.fence),
        }
        sets = "SET f = :f, c = :c, o = :o, d = :d, r = :r, n = :n, v = :v, expires_at = :expires"
        unchanged = f"f = :held_f AND c = :held_c AND o = :held_o AND n = :held_n AND {KNOWN}"
        said = {"was": json.dumps(_told(wanted.was)) if wanted.was else None, "ended": wanted.ended}
        values |= {f":{name}": text(value) for name, value in said.items() if value}
        sets += "".join(f", {name} = :{name}" for name, value in said.items() if value)
        removes = ", ".join(name for name, value in said.items() if not value)
        return await self._holds(
            self.dynamodb.update_item(
                TableName=self.table,
                Key={"pk": text(f"{feed}#{identity}")},
                UpdateExpression=f"{sets} REMOVE {removes}" if removes else sets,
                ConditionExpression=f"attribute_not_exists(pk) OR ({unchanged})",
                ExpressionAttributeValues=values,
            )
        )

    async def note_end(self, feed: str, identity: str, owner: Owner) -> None:
        """As `Claims.note_end`. A claim that has changed hands meanwhile is looked at again."""
        for _ in range(ATTEMPTS):
            if await self._note_holder(feed, identity, owner):
                return
            item = (await self._items(feed, [identity])).get(identity)
            held = _owner(item) if item else None
            if item is None or held is None or held.noting(owner) == held:
                return
            if held.was and await self._note_corrected(feed, identity, item, held.was.noting(owner)):
                return
        raise Transient("a claim kept changing hands while an end was noted on it")

    async def _note_holder(self, feed: str, identity: str, owner: Owner) -> bool:
        values = {
            ":f": text(owner.file_id),
            ":c": number(owner.chunk),
            ":o": number(owner.ordinal),
            ":n": number(owner.fence),
            ":v": number(versions.CLAIM),
            ":expires": self._expiry(),
        }
        update = "SET v = :v, expires_at = :expires"
        return await self._holds(
            self.dynamodb.update_item(
                TableName=self.table,
                Key={"pk": text(f"{feed}#{identity}")},
                UpdateExpression=update + (", ended = :ended" if owner.ended else " REMOVE ended"),
                ConditionExpression=f"f = :f AND c = :c AND o = :o AND n <= :n AND {KNOWN}",
                ExpressionAttributeValues=values | ({":ended": text(owner.ended)} if owner.ended else {}),
            )
        )

    async def _note_corrected(self, feed: str, identity: str, item: Item, was: Owner) -> bool:
        """Notes what is known of those that the holder is to correct."""
        values = {":was": text(json.dumps(_told(was))), ":before": item["was"]}
        return await self._holds(
            self.dynamodb.update_item(
                TableName=self.table,
                Key={"pk": text(f"{feed}#{identity}")},
                UpdateExpression="SET was = :was, v = :v, expires_at = :expires",
                ConditionExpression=f"was = :before AND {KNOWN}",
                ExpressionAttributeValues=values | {":v": number(versions.CLAIM), ":expires": self._expiry()},
            )
        )

    async def give_up(self, feed: str, identity: str, owner: Owner) -> None:
        """As `Claims.give_up`: a claim that corrects nothing is deleted, else it is handed back."""
        deleted = await self._holds(
            self.dynamodb.delete_item(
                TableName=self.table,
                Key={"pk": text(f"{feed}#{identity}")},
                ConditionExpression=(
                    "f = :f AND c = :c AND o = :o AND n <= :n AND attribute_not_exists(was)"
                    f" AND (attribute_not_exists(ended) OR ended <> :unknown) AND {KNOWN}"
                ),
                ExpressionAttributeValues={
                    ":f": text(owner.file_id),
                    ":c": number(owner.chunk),
                    ":o": number(owner.ordinal),
                    ":n": number(owner.fence),
                    ":unknown": text(Outcome.UNKNOWN),
                    ":v": number(versions.CLAIM),
                },
            )
        )
        if not deleted:
            held = {at: _owner(item) for at, item in (await self._items(feed, [identity])).items()}.get(identity)
            is_theirs = held and held.is_same(owner) and held.fence <= owner.fence
            if held and is_theirs and held.was and held.ended is not Outcome.UNKNOWN:
                await self.take_over(feed, identity, held, held.was)

    def _expiry(self) -> Item:
        return number(int(self.clock.now()) + self.ttl_seconds)

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


def _bytes_of(feed: str, identity: str, owner: Owner) -> int:
    """What a claim takes of the table."""
    return len(feed) + 1 + len(identity.encode()) + len(owner.file_id) + len(owner.digest) + AROUND


def _owner(item: Item) -> Owner:
    """Who holds an identity.

    Raises:
        NewerRelease: this release may not act on the claim.
    """
    versions.ensure_known("the claim", version_of(item), versions.CLAIM)
    return Owner(
        file_id=item["f"]["S"],
        chunk=integer_of(item, "c"),
        ordinal=integer_of(item, "o"),
        digest=item["d"]["S"],
        revision=integer_of(item, "r"),
        fence=integer_of(item, "n"),
        was=_corrected(json.loads(item["was"]["S"])) if "was" in item else None,
        ended=Outcome(item["ended"]["S"]) if "ended" in item else None,
    )


def _corrected(said: Mapping[str, Any]) -> Owner:
    """The owner before, with those before it."""
    owner = Owner(**{name: value for name, value in said.items() if name in _OWNER})
    return replace(
        owner,
        was=_corrected(said["was"]) if said.get("was") else None,
        ended=Outcome(said["ended"]) if said.get("ended") else None,
    )


def _told(owner: Owner) -> dict[str, Any]:
    """The owner before, as JSON has it. `ended` is only there where it says something: earlier releases do not know of
    it."""
    said = asdict(owner) | {"was": _told(owner.was) if owner.was else None}
    return {name: value for name, value in said.items() if name != "ended" or value}


_OWNER = frozenset(one.name for one in fields(Owner))
