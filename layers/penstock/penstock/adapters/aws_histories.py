"""Histories in the ledger's DynamoDB table.

    pk              sk        what
    HISTORY#<feed>#<key>   HISTORY   version `v`, the document `d`; expires

A write costs a unit for each KB of the document: some 60 bytes for each entry of the crew feed.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from penstock.adapters.aws_items import (
    STORED,
    Item,
    binary,
    bytes_of,
    integer_of,
    number,
    read_items,
    size_of,
    text,
    try_update,
    update_of,
)
from penstock.io import metering
from penstock.ports.clock import Clock
from penstock.ports.histories import Entry, History, packed, unpacked


@dataclass(frozen=True, slots=True)
class DynamoHistories:
    """As `Histories`. `table` is the ledger's."""

    dynamodb: Any
    table: str
    clock: Clock
    rng: random.Random = field(default_factory=random.Random)

    async def read(self, feed: str, keys: Sequence[str]) -> dict[str, History]:
        """As `Histories.read`."""
        places = [_place(feed, key) for key in keys]
        items = await read_items(self.dynamodb, self.table, places, self.clock, self.rng)
        found = {item["pk"]["S"]: _history(item) for item in items}
        return {key: found.get(place["pk"]["S"], History()) for key, place in zip(keys, places, strict=True)}

    async def write(self, feed: str, key: str, seen: History, entries: Sequence[Entry], until: float) -> bool:
        """As `Histories.write`. A write whose answer was lost finds itself done when it is tried again, and is not
        told from another's: a worker that then reads the history finds its own entries there."""
        values = {
            ":seen": number(seen.version),
            ":next": number(seen.version + 1),
            ":document": binary(packed(entries)),
            ":until": number(int(until)),
        }
        condition = "v = :seen"
        if not seen.version:
            condition = "attribute_not_exists(pk)"
            del values[":seen"]
        update = "SET v = :next, d = :document, expires_at = :until"
        request = update_of(self.table, _place(feed, key), update, condition, values)
        updated = await try_update(self.dynamodb, request)
        if updated.now and not seen.version and (meter := metering.current()):
            meter.store_row(size_of(updated.now) + STORED)
        return updated.was is None


def _place(feed: str, key: str) -> Item:
    return {"pk": text(f"HISTORY#{feed}#{key}"), "sk": text("HISTORY")}


def _history(item: Mapping[str, Any]) -> History:
    return History(integer_of(item, "v"), unpacked(bytes_of(item, "d")))
