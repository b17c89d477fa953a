"""DynamoDB items by their keys, however many calls that takes."""

import random
from collections.abc import Iterable
from itertools import batched
from typing import Any

from penstock.adapters.aws_faults import transient_faults
from penstock.errors import Transient
from penstock.ports import Clock
from penstock.retry import backoff

KEYS = 100  #: BatchGetItem takes no more
ATTEMPTS = 6


async def read_items(
    dynamodb: Any, table: str, keys: Iterable[dict[str, Any]], clock: Clock, rng: random.Random
) -> list[dict[str, Any]]:
    """The items that are there, consistently read, in no order. What a call leaves unread is asked for again.

    Raises:
        Transient: some were still not read after the last attempt.
    """
    items: list[dict[str, Any]] = []
    for group in batched(keys, KEYS, strict=False):
        request: Any = {table: {"Keys": list(group), "ConsistentRead": True}}
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
