"""The tabulator: what has ended since it last looked, as parts of the table of outcomes; and small parts put together.

    due/<file>/<chunk>/<fence>.json                   a chunk's end, before the ledger has it
    outcomes/feed=<feed>/day=<day>/<digest>.parquet   rows of many chunks
    merged/<digest>.json                              parts that are rows of a larger one, and go with the next look

Delivery pays an object a chunk for it, and nothing a record. One tabulator works at a time, on a schedule. What it
does twice has its rows twice, under the same fence, which whoever asks for the present sees once (see `columns`).
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from penstock.feeds import FEEDS, feed_named
from penstock.io.by_itself import ByItself
from penstock.model import ids
from penstock.model.errors import PenstockError
from penstock.model.stage_result import StageResult
from penstock.outputs.due import read_due
from penstock.outputs.endings import endings_of
from penstock.ports.clock import Clock
from penstock.ports.event_bus import EventBus
from penstock.ports.ledger import Ledger
from penstock.ports.object_store import Folder, ObjectStore
from penstock.ports.tables import Endings, Tables

AT_ONCE = 16  #: ends that are read at a time
PART = 64 * 1024 * 1024  #: bytes of accepted records that become one part
SMALL = 32 * 1024 * 1024  #: bytes; smaller parts of a day are put together, once they are several
FEW = 8  #: small parts of a day that are left as they are
PARQUET = "application/vnd.apache.parquet"
MERGED = "merged/"


class Miscounted(PenstockError):
    """Raised when the table would not say of a chunk what its account says."""


class Store(ObjectStore, Folder, Protocol):
    """The work bucket, with its listings."""


@dataclass(frozen=True, slots=True)
class TabulatorPorts:
    """What the tabulator needs of the world."""

    store: Store
    ledger: Ledger
    tables: Tables
    events: EventBus
    clock: Clock


@dataclass(frozen=True, slots=True)
class _Due:
    """A chunk's end that is to be tabulated: by which key that was said, and how many records the chunk has."""

    key: str
    feed: str
    records: int
    endings: Endings

    @property
    def place(self) -> tuple[str, str]:
        """By what its rows are kept: feed, and the day when the file was first heard of."""
        return self.feed, datetime.fromtimestamp(self.endings.dropped_at, UTC).strftime("%Y-%m-%d")


@dataclass(slots=True)
class _Part:
    """What becomes one part: ends of one feed and day."""

    feed: str
    day: str
    due: list[_Due] = field(default_factory=list[_Due])

    @property
    def bytes(self) -> int:
        """Of what was accepted."""
        return sum(len(one.endings.accepted) for one in self.due)


async def tabulate(ports: TabulatorPorts, deadline: float) -> list[StageResult]:
    """Every end that is due, until the deadline, in seconds since the epoch. What fails is told, and due still.

    Raises:
        Transient: nothing could be listed; the next look begins anew.
    """
    by_itself, parts, rows = ByItself(ports, "due", deadline), dict[tuple[str, str], _Part](), 0
    cut_short = False
    async for keys in _by_the(AT_ONCE, ports.store.listed(ids.DUE)):
        if ports.clock.now() > deadline:
            cut_short = True
            break
        taken = await asyncio.gather(*(by_itself.at(key, _take(ports, key)) for key in keys))
        for due in filter(None, taken):
            part = parts.setdefault(due.place, _Part(*due.place))
            part.due.append(due)
            if part.bytes >= PART:
                rows += await by_itself.at(due.key, _write(ports, parts.pop(due.place))) or 0
    for part in parts.values():
        rows += await by_itself.at(part.due[0].key, _write(ports, part)) or 0
    counts = {
        "RecordsTabulated": float(rows),
        "LookFaults": float(by_itself.faults),
        "LooksCutShort": float(cut_short),
    }
    return [StageResult("tabulated", "", "tabulator", counts)]


async def _by_the(most: int, listed: AsyncIterator[tuple[str, int]]) -> AsyncIterator[list[str]]:
    """Keys, so many at a time."""
    keys: list[str] = []
    async for key, _ in listed:
        keys.append(key)
        if len(keys) == most:
            yield keys
            keys = []
    if keys:
        yield keys


async def _take(ports: TabulatorPorts, key: str) -> _Due | None:
    """What is due by this key. None where its time has not come, or never will: then it is gone."""
    body = await ports.store.get(key)
    if body is None:
        return None
    message, fence = read_due(key, body)
    file_id, number = message.file.file_id, message.span.chunk
    file, chunk = await ports.ledger.file(file_id), await ports.ledger.chunk(file_id, number)
    if file is None or chunk is None or chunk.ended_under > fence or file.file.feed not in FEEDS:
        await ports.store.remove(key)
        return None
    if chunk.ended_under < fence:
        return None
    return _Due(key, file.file.feed, chunk.span.records, await endings_of(ports.ledger, ports.store, file, chunk))


async def _write(ports: TabulatorPorts, part: _Part) -> int:
    """How many rows a part has that is written; what was due of it is so no longer."""
    feed, records = feed_named(part.feed), sum(one.records for one in part.due)
    body, rows = await ports.tables.written([one.endings for one in part.due], feed.found_by, content=feed.tabled)
    if rows != records:
        raise Miscounted(f"{rows} rows for {records} records")
    keys = [one.key for one in part.due]
    await ports.store.put(ids.table_key(part.feed, part.day, _name(keys)), body, PARQUET)
    for key in keys:
        await ports.store.remove(key)
    return rows


def _name(parts: Iterable[str]) -> str:
    """What a part is called that was made of these."""
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()[:32]


async def merge_small(ports: TabulatorPorts, deadline: float) -> list[StageResult]:
    """Puts small parts of a day together. They themselves go with the look after this one: a question that is being
    answered still finds them.

    Raises:
        Transient: nothing could be listed; the next look begins anew.
    """
    by_itself, merged, cut_short = ByItself(ports, "small", deadline), 0, False
    async for key, _ in ports.store.listed(MERGED):
        await by_itself.at(key, _remove_merged(ports, key))
    async for folder, keys in _small(ports.store):
        if ports.clock.now() > deadline:
            cut_short = True
            break
        merged += await by_itself.at(folder, _merge(ports, folder, keys)) or 0
    counts = {
        "PartsMerged": float(merged),
        "LookFaults": float(by_itself.faults),
        "LooksCutShort": float(cut_short),
    }
    return [StageResult("put small parts together", "", "tabulator", counts)]


async def _small(store: Store) -> AsyncIterator[tuple[str, list[str]]]:
    """By folder its small parts, where they are more than a few; as many as make one large one."""
    waiting: dict[str, list[tuple[str, int]]] = {}
    async for key, size in store.listed(ids.TABLE):
        if size < SMALL:
            waiting.setdefault(key.rpartition("/")[0], []).append((key, size))
    for folder, small in waiting.items():
        if len(small) > FEW:
            taken, total = list[str](), 0
            for key, size in small:
                if total + size <= PART:
                    taken.append(key)
                    total += size
            yield folder, taken


async def _merge(ports: TabulatorPorts, folder: str, keys: Sequence[str]) -> int:
    """How many parts one was made of."""
    bodies = [body for key in keys if (body := await ports.store.get(key))]
    name = _name(keys)
    await ports.store.put(f"{folder}/{name}.parquet", await ports.tables.merged(bodies), PARQUET)
    await ports.store.put(f"{MERGED}{name}.json", json.dumps(list(keys)).encode(), "application/json")
    return len(keys)


async def _remove_merged(ports: TabulatorPorts, key: str) -> None:
    for part in json.loads(await ports.store.get(key) or b"[]"):
        await ports.store.remove(part)
    await ports.store.remove(key)
