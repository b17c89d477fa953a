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
from typing import Any, Protocol, cast

from pydantic_core import from_json

from penstock.model import versions
from penstock.model.errors import PenstockError

LARGEST = 390_000  #: bytes of a packed history; DynamoDB takes items of 400 KB


class HistoryFull(PenstockError):
    """Raised when a history has become too large to be written."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is kept of a record under the id it has in its history, by name, as JSON has it; whose record it is, and the
    fence of the lease under which it was written."""

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
    """Entries as a history's document: JSON, compressed.

        {"v": 2, "columns": ["id", "kept", …], "kept": ["begin", …], "rows": [["D1", [28000000, …], …], …]}

    A row for each entry has its values under the names in `columns`, and what is kept of its record under those in
    `kept`: each name stands once, so that a document with names is hardly larger than one without, and read as fast.
    Version 1 was the rows alone.

    Raises:
        HistoryFull: they are too many.
    """
    entries = list(entries)
    names = _names(entries)
    rows = [_row(entry, names) for entry in entries]
    said = {"v": versions.HISTORY, "columns": _COLUMNS, "kept": names, "rows": rows}
    document = _compressed(json.dumps(said, separators=(",", ":")).encode())
    if len(document) > LARGEST:
        raise HistoryFull(f"a history of {len(document):,} bytes is larger than the {LARGEST:,} that are allowed")
    return document


def _compressed(body: bytes) -> bytes:
    """As `zlib.compress`, with a window and tables as large as the body needs: to clear those of the default takes
    seven times as long as to compress a document of some hundred bytes, as most are."""
    window = min(zlib.MAX_WBITS, max(9, len(body).bit_length()))
    deflate = zlib.compressobj(wbits=window, memLevel=window - 7)
    return deflate.compress(body) + deflate.flush()


def unpacked(document: bytes) -> tuple[Entry, ...]:
    """The entries of a history's document.

    Raises:
        NewerRelease: a newer release has written it, in a form that this one does not know.
    """
    said: Any = from_json(zlib.decompress(document))
    if isinstance(said, list):
        return tuple(_entry(row, ()) for row in cast(list[Any], said))
    versions.ensure_known("a history", said["v"], versions.HISTORY)
    columns, names = said["columns"], said["kept"]
    places = (
        None if tuple(columns) == _COLUMNS else [columns.index(one) if one in columns else None for one in _COLUMNS]
    )
    return tuple(_entry(row, names, places) for row in said["rows"])


_COLUMNS = ("id", "kept", "file_id", "chunk", "ordinal", "fence", "sure", "was")


def _names(entries: Iterable[Entry]) -> list[str]:
    """The names of all that is kept of records, and of those before them in their places."""
    names: dict[str, Any] = {}
    for entry in entries:
        one: Entry | None = entry
        while one:
            if isinstance(one.kept, dict):
                names |= cast(dict[str, Any], one.kept)
            one = one.was
    return list(names)


def _row(entry: Entry, names: list[str]) -> list[Any]:
    was = _row(entry.was, names) if entry.was else None
    place = entry.file_id, entry.chunk, entry.ordinal, entry.fence
    return [entry.id, _values(entry.kept, names), *place, int(entry.sure), was]


def _values(kept: Any, names: list[str]) -> Any:
    """What is kept of a record, under these names. What an earlier release has kept without names stays as it is."""
    if not isinstance(kept, dict):
        return {"unnamed": kept}
    known = cast(dict[str, Any], kept)
    return list(known.values()) if list(known) == names else [known.get(name) for name in names]


def _entry(row: Sequence[Any], names: Sequence[str], places: Sequence[int | None] | None = None) -> Entry:
    cells: Sequence[Any] = row if places is None else [None if at is None else row[at] for at in places]
    id_, values, file_id, chunk, ordinal, fence, sure, was = cells
    before = _entry(was, names, places) if was else None
    return Entry(id_, _kept(values, names), file_id, chunk, ordinal, fence or 0, bool(sure), before)


def _kept(values: Any, names: Sequence[str]) -> Any:
    if isinstance(values, dict):
        return cast(dict[str, Any], values).get("unnamed", values)
    return {name: value for name, value in zip(names, values, strict=True) if value is not None} if names else values
