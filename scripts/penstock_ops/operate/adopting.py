"""Rows of another table, taken into a stack's: those of a table that was restored, or of the stack before.

Only what the stack does not have is copied, as it is, with its own expiry: what the stack knows is always later.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from itertools import batched
from typing import Any

from botocore.exceptions import ClientError

from penstock.adapters.aws_faults import code_of, transient_faults
from penstock.feeds import FEEDS
from penstock_ops.operate.errors import NotFound

#: How many rows are written at once.
AT_ONCE = 25
#: A destination's pace and its circuit are those of now, and a log is signed by who has it now.
OF_NOW = ("THROTTLE#", "SIGNED#")
#: The logs of accounts. Two of them cannot be made one: they are taken in as a whole, by a stack that has none.
LOGS = ("LOG#", "HEADS#")


async def adopt(dynamodb: Any, source: str, target: str, *, dry_run: bool) -> Counter[str]:
    """Copies rows; how many were `copied` (with `dry_run`, would be) and how many were `there` already.

    Raises:
        NotFound: there is no such table, or its keys are others.
        Transient: something broke; doing it again carries on.
    """
    if source == target:
        raise NotFound(f"{source} is this stack's own table; name the one that its rows are to come from")
    if await _keys_of(dynamodb, source) != await _keys_of(dynamodb, target):
        raise NotFound(f"{source} has other keys than {target}: one is a ledger, and the other has claims")
    described = Counter[str](copied=0, there=0)
    left = (*OF_NOW, *(LOGS if await _has_logs(dynamodb, target) else ()))
    async for page in _pages(dynamodb, source):
        rows = [item for item in page if not item["pk"]["S"].startswith(left)]
        for some in batched(rows, AT_ONCE, strict=False):
            copied = await asyncio.gather(*(_copy(dynamodb, target, item, dry_run=dry_run) for item in some))
            described.update("copied" if one else "there" for one in copied)
    return described


async def _keys_of(dynamodb: Any, table: str) -> list[Mapping[str, str]]:
    try:
        with transient_faults():
            return (await dynamodb.describe_table(TableName=table))["Table"]["KeySchema"]
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            raise NotFound(f"there is no table {table} here") from None
        raise


async def _has_logs(dynamodb: Any, table: str) -> bool:
    for feed in FEEDS:
        with transient_faults():
            answer = await dynamodb.query(
                TableName=table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": f"LOG#{feed}"}},
                ConsistentRead=True,
                Limit=1,
            )
        if answer["Items"]:
            return True
    return False


async def _pages(dynamodb: Any, table: str) -> AsyncGenerator[list[dict[str, Any]]]:
    start: dict[str, Any] = {}
    while True:
        with transient_faults():
            page = await dynamodb.scan(TableName=table, ConsistentRead=True, **start)
        yield page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


async def _copy(dynamodb: Any, table: str, item: dict[str, Any], *, dry_run: bool) -> bool:
    """Whether the row was not there; then it is written."""
    if dry_run:
        key = {name: item[name] for name in ("pk", "sk") if name in item}
        with transient_faults():
            return "Item" not in await dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)
    try:
        with transient_faults():
            await dynamodb.put_item(TableName=table, Item=item, ConditionExpression="attribute_not_exists(pk)")
    except ClientError as error:
        if code_of(error) == "ConditionalCheckFailedException":
            return False
        raise
    return True
