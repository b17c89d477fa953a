"""Histories: what is known of records that were delivered, or may be, for feeds that judge records by earlier ones.

A history is one document under one key, with a version. A dispatcher reads it, and writes it on the condition that
nobody has written it since: of two that change the same history one wins, and the other reads and judges again.

An entry is written before its record is sent, so that no two chunks can each count without the other. What became of
its record is seen in the ledger by whoever reads it next, until that has been seen for good (`sure`). An entry whose
record was not delivered is void, and what it replaced (`was`) is in force again; so a worker may die anywhere.
"""

import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from penstock.model.errors import PenstockError

LARGEST = 390_000  #: bytes of a packed history; DynamoDB takes items of 400 KB


class HistoryFull(PenstockError):
    """Raised when a history has become too large to be written."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is kept of a record under the id it has in its history, as JSON has it; whose record it is, and the fence of
    the lease under which it was written."""

    id: str
    kept: Any
    file_id: str
    chunk: int
    ordinal: int
    fence: int = 0
    sure: bool = False
    was: "Entry | None" = None

    def is_of(self, file_id: str, chunk: int) -> bool:
        """Whether its record is of this chunk."""
        return self.chunk == chunk and self.file_id == file_id


@dataclass(frozen=True, slots=True)
class History:
    """A history as it was read. Version 0 is that of one that nobody has written yet."""

    version: int = 0
    entries: tuple[Entry, ...] = ()


class Histories(Protocol):
    """The port. Any call may raise Transient; doing it again is always safe."""

    async def read(self, feed: str, keys: Sequence[str]) -> dict[str, History]:
        """The histories with these keys, consistently read; one that nobody has written is empty."""
        ...

    async def write(self, feed: str, key: str, seen: History, entries: Sequence[Entry], until: float) -> bool:
        """Puts entries in place of those of the history as it was seen; False where it has changed since. It may be
        forgotten after `until`, in seconds since the epoch.

        Raises:
            HistoryFull: they are too many.
        """
        ...


def packed(entries: Iterable[Entry]) -> bytes:
    """Entries as a history's document: JSON, compressed, a row for each.

    Raises:
        HistoryFull: they are too many.
    """
    document = zlib.compress(json.dumps(list(map(_row, entries)), separators=(",", ":")).encode())
    if len(document) > LARGEST:
        raise HistoryFull(f"a history of {len(document):,} bytes is larger than the {LARGEST:,} that are allowed")
    return document


def unpacked(document: bytes) -> tuple[Entry, ...]:
    """The entries of a history's document."""
    return tuple(map(_entry, json.loads(zlib.decompress(document))))


def _row(entry: Entry) -> list[Any]:
    was = _row(entry.was) if entry.was else None
    place = entry.file_id, entry.chunk, entry.ordinal, entry.fence
    return [entry.id, entry.kept, *place, int(entry.sure), was]


def _entry(row: Sequence[Any]) -> Entry:
    *place, sure, was = row
    return Entry(*place, sure=bool(sure), was=_entry(was) if was else None)
