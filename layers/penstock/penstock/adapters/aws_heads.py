"""The logs of heads in the ledger's DynamoDB table, and the key in KMS that signs them.

    pk             sk        what
    LOG#<feed>     <index>   a head: its `text`, and the `nodes` of the log's tree that are complete with it
    HEADS#<file>   <account> the head's `place` in its feed's log
    SIGNED#<feed>  SIGNED    the log as it was signed last

None expires: a log is only added to. A head and its place are written in one transaction: an account has one place.
"""

import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from penstock.adapters.aws_faults import cancelled_for, code_of, transient_faults
from penstock.adapters.aws_items import Item, binary, bytes_of, integer_of, number, query_items, read_items, text
from penstock.model.errors import Transient
from penstock.ports.clock import Clock
from penstock.ports.heads import LoggedHead

DIGITS = 12  #: of an index, so that they sort as numbers do
HASH = 32  #: bytes


@dataclass(frozen=True, slots=True)
class DynamoHeads:
    """As `Heads`. `table` is the ledger's."""

    dynamodb: Any
    table: str
    clock: Clock
    rng: random.Random = field(default_factory=random.Random)

    async def size(self, feed: str) -> int:
        """As `Heads.size`."""
        items = await self._query(f"LOG#{feed}", ScanIndexForward=False, Limit=1)
        return _head(items[0]).index + 1 if items else 0

    async def read(self, feed: str, indices: Iterable[int]) -> dict[int, LoggedHead]:
        """As `Heads.read`."""
        keys = [_place(feed, index) for index in indices]
        items = await read_items(self.dynamodb, self.table, keys, self.clock, self.rng)
        return {head.index: head for head in map(_head, items)}

    async def append(self, feed: str, head: LoggedHead, file_id: str, account: int) -> bool:
        """As `Heads.append`."""
        logged = _place(feed, head.index) | {"text": binary(head.text), "nodes": binary(b"".join(head.nodes))}
        place = {"pk": text(f"HEADS#{file_id}"), "sk": text(f"{account:0{DIGITS}d}"), "place": number(head.index)}
        try:
            with transient_faults():
                await self.dynamodb.transact_write_items(TransactItems=[self._put(logged), self._put(place)])
        except ClientError as error:
            if code_of(error) != "TransactionCanceledException":
                raise
            if "ConditionalCheckFailed" not in cancelled_for(error):
                raise Transient("the transaction met another at the log's end") from error
            return False
        return True

    async def places(self, file_id: str) -> dict[int, int]:
        """As `Heads.places`."""
        items = await self._query(f"HEADS#{file_id}")
        return {int(item["sk"]["S"]): integer_of(item, "place") for item in items}

    async def keep_checkpoint(self, feed: str, note: bytes) -> None:
        """As `Heads.keep_checkpoint`."""
        with transient_faults():
            await self.dynamodb.put_item(TableName=self.table, Item=_signed(feed) | {"note": binary(note)})

    async def checkpoint(self, feed: str) -> bytes | None:
        """As `Heads.checkpoint`."""
        with transient_faults():
            answer = await self.dynamodb.get_item(TableName=self.table, Key=_signed(feed), ConsistentRead=True)
        return bytes_of(answer["Item"], "note") if "Item" in answer else None

    def _put(self, item: Item) -> Item:
        return {"Put": {"TableName": self.table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}}

    async def _query(self, key: str, **limits: Any) -> list[Item]:
        request: Item = {
            "TableName": self.table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": text(key)},
            "ConsistentRead": True,
        } | limits
        return await query_items(self.dynamodb, request)


def _place(feed: str, index: int) -> Item:
    return {"pk": text(f"LOG#{feed}"), "sk": text(f"{index:0{DIGITS}d}")}


def _signed(feed: str) -> Item:
    return {"pk": text(f"SIGNED#{feed}"), "sk": text("SIGNED")}


def _head(item: Item) -> LoggedHead:
    nodes = bytes_of(item, "nodes")
    hashes = tuple(nodes[at : at + HASH] for at in range(0, len(nodes), HASH))
    return LoggedHead(int(item["sk"]["S"]), bytes_of(item, "text"), hashes)


class KmsSigner:
    """As `Signer`, with a key of KMS that never leaves it."""

    def __init__(self, kms: Callable[[], Awaitable[Any]], key: str) -> None:
        self._kms, self._key = kms, key
        self._public = b""

    async def sign(self, text: bytes) -> bytes:
        """As `Signer.sign`."""
        with transient_faults():
            answer = await (await self._kms()).sign(
                KeyId=self._key, Message=text, MessageType="RAW", SigningAlgorithm="ECDSA_SHA_256"
            )
        return answer["Signature"]

    async def public_key(self) -> bytes:
        """As `Signer.public_key`."""
        if not self._public:
            with transient_faults():
                answer = await (await self._kms()).get_public_key(KeyId=self._key)
            self._public = answer["PublicKey"]
        return self._public
