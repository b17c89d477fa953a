"""DynamoDB items: their values, their update under a condition, and their reading by key however many calls that takes.

Numbers that are no integers have 6 decimals in an item: times are kept to the microsecond.
"""

import random
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import batched
from math import ceil
from typing import Any

from botocore.exceptions import ClientError

from penstock.adapters.aws_faults import code_of, transient_faults
from penstock.io.retry import backoff
from penstock.model.errors import Transient
from penstock.ports.clock import Clock

type Item = dict[str, Any]

KNOWN = "(attribute_not_exists(v) OR v <= :v)"  #: no newer release has written the item: see `model.versions`
KEYS = 100  #: BatchGetItem takes no more
ATTEMPTS = 6
STORED = (
    100  #: bytes that an item takes of a table's storage beside its own (Developer Guide, "Item sizes and formats")
)


def text(value: str) -> Item:
    """A string as an item has it."""
    return {"S": str(value)}


def number(value: float) -> Item:
    """A number as an item has it."""
    return {"N": repr(value) if isinstance(value, int) else f"{value:.6f}"}


def binary(value: bytes) -> Item:
    """Bytes as an item has them on the wire."""
    return {"B": b64encode(value).decode()}


def bytes_of(item: Mapping[str, Any], name: str) -> bytes:
    """An attribute that is bytes."""
    return b64decode(item[name]["B"])


def integer_of(item: Mapping[str, Any], name: str) -> int:
    """An attribute that is a whole number; 0 where the item has none."""
    return int(item[name]["N"]) if name in item else 0


def float_of(item: Mapping[str, Any], name: str) -> float:
    """An attribute that is a number; 0 where the item has none."""
    return float(item[name]["N"]) if name in item else 0.0


def version_of(item: Mapping[str, Any]) -> int:
    """Which version of its form a release must know to act on the item."""
    return integer_of(item, "v") or 1


def size_of(item: Mapping[str, Any]) -> int:
    """Bytes of an item as DynamoDB counts them (Developer Guide, "Item sizes and formats"): texts and names in UTF-8,
    two digits of a number a byte, and one beside them.

    >>> size_of({"pk": text("FILE#4c9e"), "v": number(1), "released": {"BOOL": True}})
    23
    """
    return sum(len(name.encode()) + _size_of(value) for name, value in item.items())


def _size_of(value: Mapping[str, Any]) -> int:
    [(kind, held)] = value.items()
    match kind:
        case "N":
            digits = held.lstrip("-0.").replace(".", "").rstrip("0")
            return 1 + ceil(len(digits) / 2) + held.startswith("-")
        case "BOOL" | "NULL":
            return 1
        case "L":
            return 3 + sum(1 + _size_of(one) for one in held)
        case "M":
            return 3 + len(held) + size_of(held)
        case "SS":
            return sum(len(one.encode()) for one in held)
        case "B":
            return len(held) * 3 // 4
        case _:
            return len(held.encode())


def update_of(
    table: str, key: Item, update: str, condition: str, values: Item, names: Mapping[str, str] | None = None
) -> Item:
    """The request of an update under a condition, as UpdateItem and a transaction take it."""
    request: Item = {
        "TableName": table,
        "Key": key,
        "UpdateExpression": update,
        "ConditionExpression": condition,
        "ExpressionAttributeValues": values,
    }
    return request | ({"ExpressionAttributeNames": dict(names)} if names else {})


@dataclass(frozen=True, slots=True)
class Updated:
    """What an update under a condition gave: the item as it is `now` where it held, and as it `was` where it did not,
    {} if there was none."""

    now: Item
    was: Item | None


async def try_update(dynamodb: Any, request: Item) -> Updated:
    """An update under a condition.

    Raises:
        Transient: throttled, or broken.
    """
    try:
        with transient_faults():
            answer = await dynamodb.update_item(
                **request, ReturnValues="ALL_NEW", ReturnValuesOnConditionCheckFailure="ALL_OLD"
            )
    except ClientError as error:
        if code_of(error) != "ConditionalCheckFailedException":
            raise
        response: Any = error.response
        return Updated({}, response.get("Item") or {})
    return Updated(answer["Attributes"], None)


async def query_items(dynamodb: Any, request: Item) -> list[Item]:
    """The items that a query finds, however many calls that takes; with a `Limit`, the first call's.

    Raises:
        Transient: throttled, or broken.
    """
    items: list[Item] = []
    while True:
        with transient_faults():
            answer = await dynamodb.query(**request)
        items += answer["Items"]
        if "LastEvaluatedKey" not in answer or "Limit" in request:
            return items
        request = request | {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


async def read_items(
    dynamodb: Any, table: str, keys: Iterable[dict[str, Any]], clock: Clock, rng: random.Random
) -> list[dict[str, Any]]:
    """The items that are there, consistently read, in no order. What a call leaves unread is asked for again.

    Raises:
        Transient: some were still not read after the last attempt.
    """
    items: list[dict[str, Any]] = []
    for call in batched(keys, KEYS, strict=False):
        request: Any = {table: {"Keys": list(call), "ConsistentRead": True}}
        for attempt in range(1, ATTEMPTS + 1):
            with transient_faults():
                answer = await dynamodb.batch_get_item(RequestItems=request)
            items += answer["Responses"].get(table, ())
            request = answer.get("UnprocessedKeys")
            if not request:
                break
            await clock.sleep(backoff(attempt, rng) / 10)
        else:
            raise Transient(f"some items of {table} could not be read")
    return items
