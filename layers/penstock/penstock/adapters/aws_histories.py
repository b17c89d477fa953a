"""The items of histories in the ledger's DynamoDB table.

    pk                     sk           what
    HISTORY#<feed>#<key>   HISTORY      a document `d`, and its version `v`; expires
    HISTORY#<feed>#<key>   HISTORY#07   the segment `d` in slot 7, and its version `n`; expires

A write costs a unit for each KB of the item.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from penstock.adapters.aws_items import (
    STORED,
    Item,
    binary,
    bytes_of,
    float_of,
    integer_of,
    number,
    query_items,
    read_items,
    size_of,
    text,
    try_update,
    update_of,
)
from penstock.io import metering
from penstock.ports.clock import Clock
from penstock.ports.histories import Document
from penstock.ports.history_items import Segment


@dataclass(frozen=True, slots=True)
class DynamoHistoryItems:
    """As `HistoryItems`. `table` is the ledger's."""

    dynamodb: Any
    table: str
    clock: Clock
    rng: random.Random = field(default_factory=random.Random)

    async def documents(self, feed: str, keys: Sequence[str]) -> dict[str, Document]:
        """As `HistoryItems.documents`."""
        places = {f"HISTORY#{feed}#{key}": key for key in keys}
        wanted = (_place(feed, key) for key in keys)
        items = await read_items(self.dynamodb, self.table, wanted, self.clock, self.rng)
        return {
            places[item["pk"]["S"]]: Document(integer_of(item, "v"), bytes_of(item, "d"), float_of(item, "expires_at"))
            for item in items
        }

    async def segments(self, feed: str, key: str) -> list[Segment]:
        """As `HistoryItems.segments`."""
        place = _place(feed, key)
        request: Item = {
            "TableName": self.table,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :slots)",
            "ExpressionAttributeValues": {":pk": place["pk"], ":slots": text("HISTORY#")},
            "ConsistentRead": True,
        }
        items = await query_items(self.dynamodb, request)
        return [Segment(integer_of(item, "n"), bytes_of(item, "d")) for item in items]

    async def write_document(self, feed: str, key: str, was: int | None, document: Document) -> bool:
        """As `HistoryItems.write_document`."""
        values = {
            ":next": number(document.version),
            ":document": binary(document.body),
            ":until": number(int(document.until)),
        }
        condition = "attribute_not_exists(pk)" if was is None else "v = :was"
        values |= {} if was is None else {":was": number(was)}
        update = "SET v = :next, d = :document, expires_at = :until"
        request = update_of(self.table, _place(feed, key), update, condition, values)
        updated = await try_update(self.dynamodb, request)
        # Segments are not counted as stored: each takes the place of an earlier one, but for the first in its slot.
        if updated.now and was is None and (meter := metering.current()):
            meter.store_row(size_of(updated.now) + STORED)
        return updated.was is None

    async def write_segment(self, feed: str, key: str, slot: int, segment: Segment, until: float) -> bool:
        """As `HistoryItems.write_segment`."""
        values = {":n": number(segment.version), ":segment": binary(segment.body), ":until": number(int(until))}
        update = "SET n = :n, d = :segment, expires_at = :until"
        condition = "attribute_not_exists(pk) OR n < :n"
        request = update_of(self.table, _place(feed, key, f"#{slot:02}"), update, condition, values)
        return (await try_update(self.dynamodb, request)).was is None


def _place(feed: str, key: str, slot: str = "") -> Item:
    return {"pk": text(f"HISTORY#{feed}#{key}"), "sk": text(f"HISTORY{slot}")}
