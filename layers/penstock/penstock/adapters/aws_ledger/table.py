"""The ledger's table: reading, and writing under conditions, alone or many at once."""

import json
import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from penstock.adapters.aws_faults import cancelled_for, code_of, transient_faults
from penstock.adapters.aws_items import Item, Updated, number, query_items, text, try_update, update_of
from penstock.adapters.aws_ledger import told
from penstock.adapters.aws_ledger.leases import FENCED
from penstock.io.retry import backoff
from penstock.model.errors import LeaseLost, PenstockError, Transient
from penstock.model.setbacks import Setback
from penstock.ports.clock import Clock

#: Seconds that a row outlives the claims that were made under a lease on it: who finds a claim finds what became of it.
LONGER = 86_400
ATTEMPTS = 8  #: for transactions that met another on the same file's row


@dataclass(frozen=True, slots=True)
class LedgerTable:
    """What files, chunks and batches are kept in. `ttl_seconds` is how long a claim outlives its last change; a row
    outlives its own for `LONGER`."""

    dynamodb: Any
    table: str
    clock: Clock
    ttl_seconds: int
    rng: random.Random = field(default_factory=random.Random)

    def _expiry(self) -> Item:
        return number(int(self.clock.now()) + self.ttl_seconds + LONGER)

    def _changed(self, version: int) -> Item:
        """The values of `CHANGED` and `KNOWN`, for a row that this release knows in that version."""
        return {":v": number(version), ":expires": self._expiry()}

    async def _get(self, key: Item) -> Item | None:
        with transient_faults():
            answer = await self.dynamodb.get_item(TableName=self.table, Key=key, ConsistentRead=True)
        item: Item | None = answer.get("Item")
        told.see(item)
        return item

    async def _query_file(self, file_id: str, prefix: str) -> list[Item]:
        return await self._query(f"FILE#{file_id}", prefix)

    async def _query(self, key: str, prefix: str = "") -> list[Item]:
        request: Item = {
            "TableName": self.table,
            "KeyConditionExpression": "pk = :pk" + (" AND begins_with(sk, :prefix)" if prefix else ""),
            "ExpressionAttributeValues": {":pk": text(key)} | ({":prefix": text(prefix)} if prefix else {}),
            "ConsistentRead": True,
        }
        return await query_items(self.dynamodb, request)

    def _updating(
        self, key: Item, update: str, condition: str, values: Item, names: Mapping[str, str] | None = None
    ) -> Item:
        """An update as a transaction takes it."""
        return {"Update": update_of(self.table, key, update, condition, values, names)}

    async def _try_update(
        self, key: Item, update: str, condition: str, values: Item, names: Mapping[str, str] | None = None
    ) -> Updated:
        """An update under a condition: the item as it is now, or, where the condition did not hold, as it was."""
        updated = await try_update(self.dynamodb, update_of(self.table, key, update, condition, values, names))
        told.see(updated.now or updated.was)
        return updated

    async def _update(
        self, key: Item, update: str, condition: str, values: Item, names: Mapping[str, str] | None = None
    ) -> None:
        """An update of a file's row that must hold. One that met a transaction, as a chunk that ends meanwhile makes
        on the same row, is tried again."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                updated = await self._try_update(key, update, condition, values, names)
            except Transient as error:
                if attempt == ATTEMPTS or not _met_a_transaction(error):
                    raise
                await self.clock.sleep(backoff(attempt, self.rng) / 20)
                continue
            if updated.was is not None:
                raise LeaseLost("another worker has taken the row over, or moved it on")
            return

    async def _release(
        self, key: Item, fence: int, setback: Setback | None, going: str, values: Item, names: Mapping[str, str]
    ) -> None:
        """Gives a lease on a row that has not ended back: whose write of the end was not answered may have ended it."""
        update, released = "SET leased_until = :zero", {":zero": number(0), ":fence": number(fence), **values}
        if setback:
            update += ", setback = :setback"
            released[":setback"] = text(json.dumps(asdict(setback)))
        changes = {"setback": released[":setback"]} if setback else {}
        update, released = told.telling(key, update, released, told.writing(key, changes))
        await self._try_update(key, update, f"{FENCED} AND {going}", released, names)

    async def _transact(self, *items: Item) -> None:
        """All or nothing, under conditions that must hold."""
        if await self._try_transact(*items):
            raise LeaseLost("another worker has taken the row over, or moved it on")

    async def _try_transact(self, *items: Item) -> list[int]:
        """All or nothing: the places of items whose conditions did not hold, none where it is done. What met another
        transaction on the same row is tried again."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with transient_faults():
                    await self.dynamodb.transact_write_items(TransactItems=list(items))
                return []
            except ClientError as error:
                if code_of(error) != "TransactionCanceledException":
                    raise
                reasons = cancelled_for(error)
                failed = [place for place, reason in enumerate(reasons) if reason == "ConditionalCheckFailed"]
                if failed:
                    return failed
                if "ValidationError" in reasons or "ItemCollectionSizeLimitExceeded" in reasons:
                    raise PenstockError(f"DynamoDB refuses the write: {reasons}") from error
            await self.clock.sleep(backoff(attempt, self.rng) / 20)
        raise Transient("the transaction kept meeting others on the same row")


def _met_a_transaction(error: Transient) -> bool:
    return isinstance(error.__cause__, ClientError) and code_of(error.__cause__) == "TransactionConflictException"
