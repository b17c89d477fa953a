"""Held records that may be an earlier one again, each beside that one: what is the same in both, and what is not."""

import asyncio
import re
from collections.abc import Iterable, Mapping
from typing import Any

from penstock.ports.clock import Clock
from penstock.ports.ledger import Ledger
from penstock.ports.object_store import ObjectStore
from penstock_ops.operate.errors import NotFound
from penstock_ops.operate.explaining import explain
from penstock_ops.operate.reporting import row_of

CODE = "perhaps_again"  #: how the code of such a finding ends
PASSED_OVER = frozenset({"audit_trace_id", "document", "evidence"})  #: fields that never say the same in two records
_EARLIER = re.compile(r"\brecord (\w+):(\d+)\b")


def among(held: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those of these held records, as `held_records` tells them, that may be another again."""
    return [one for one in held if _said(one)]


async def beside_each_other(
    ledger: Ledger, store: ObjectStore, clock: Clock, held: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Each of these with the `earlier` record that its finding names, as `explain` tells it (None where that is kept no
    longer), and the `fields` of both: name, here, there, and whether they are the `same`."""
    return list(await asyncio.gather(*(_pair(ledger, store, clock, one) for one in held)))


async def _pair(ledger: Ledger, store: ObjectStore, clock: Clock, one: Mapping[str, Any]) -> dict[str, Any]:
    async def story(file_id: str, ordinal: int) -> dict[str, Any] | None:
        try:
            return await explain(ledger, store, await row_of(ledger, file_id), ordinal, clock.now())
        except NotFound:
            return None

    named = _EARLIER.search(_said(one))
    later, earlier = await asyncio.gather(
        story(one["file_id"], one["ordinal"]), story(named[1], int(named[2])) if named else _nothing()
    )
    here, there = ((it or {}).get("record", {}) for it in (later, earlier))
    fields = [
        {"name": name, "here": here.get(name), "there": there.get(name), "same": here.get(name) == there.get(name)}
        for name in dict.fromkeys((*here, *there))
        if name not in PASSED_OVER
    ]
    return {**one, "earlier": earlier, "fields": sorted(fields, key=lambda field: field["same"])}


async def _nothing() -> None:
    return None


def _said(one: Mapping[str, Any]) -> str:
    """What the finding says that the record may be another again, "" where there is none."""
    return next((found["message"] for found in one["findings"] if found["code"].endswith(CODE)), "")
