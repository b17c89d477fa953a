"""Histories as bytes: documents of all their entries, and segments of what one write has changed. JSON, compressed.

A document:

    {"v": 2, "columns": ["id", "kept", …], "kept": ["begin", …], "rows": [["D1", [28000000, …], …], …]}

A row for each entry has its values under the names in `columns`, and what is kept of its record under those in
`kept`: each name stands once, so that a document with names is hardly larger than one without, and read as fast.
Version 1 was the rows alone. Behind a document of version 3 there may be segments.

A segment, by the places that entries had before it in `gone` and `sure`, and have after it in `put`:

    {"v": 3, "gone": [0], "sure": [3, 4], "put": [5], "columns": …, "kept": …, "rows": …}
"""

import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, cast

from pydantic_core import from_json

from penstock.model import versions
from penstock.ports.histories import Entry, HistoryFull

LARGEST = 390_000  #: bytes of a packed history; DynamoDB takes items of 400 KB
ALONE = 2  #: the version of a document that is all there is of its history


def ensure_fits(size: int) -> None:
    """Lets pass what an item can hold.

    Raises:
        HistoryFull: they are too many.
    """
    if size > LARGEST:
        raise HistoryFull(f"a history of {size:,} bytes is larger than the {LARGEST:,} that are allowed")


def packed(entries: Sequence[Entry], version: int) -> bytes:
    """Entries as a document of this version."""
    return _packed({"v": version} | _table(entries))


def unpacked(document: bytes) -> tuple[int, tuple[Entry, ...]]:
    """The version of a document, and its entries.

    Raises:
        NewerRelease: a newer release has written it, in a form that this one does not know.
    """
    said = _read(document)
    if isinstance(said, list):
        return 1, tuple(_entry(row, ()) for row in cast(list[Any], said))
    return said["v"], tuple(_entries(said))


def packed_change(before: Sequence[Entry], after: Sequence[Entry]) -> bytes:
    """What makes the entries after of those before, as a segment."""
    places: dict[str, list[int]] = {}
    for place, entry in enumerate(before):
        places.setdefault(entry.id, []).append(place)
    gone, sure, put, next_place = list[int](), list[int](), list[int](), 0
    for number, entry in enumerate(after):
        for place in places.get(entry.id, ()):
            is_same = before[place] is entry or before[place] == entry
            if place >= next_place and (is_same or _as_sure(before[place]) == entry):
                sure += [] if is_same else [place]
                gone += range(next_place, place)
                next_place = place + 1
                break
        else:
            put.append(number)
    gone += range(next_place, len(before))
    said: dict[str, Any] = {"v": versions.HISTORY, "gone": gone, "sure": sure, "put": put}
    return _packed(said | (_table([after[number] for number in put]) if put else {}))


def changed(before: Sequence[Entry], segment: bytes) -> list[Entry]:
    """The entries after a segment's change.

    Raises:
        NewerRelease: a newer release has written it, in a form that this one does not know.
    """
    said = _read(segment)
    gone, sure = set(said["gone"]), set(said["sure"])
    after = [_as_sure(entry) if place in sure else entry for place, entry in enumerate(before) if place not in gone]
    # From the first place on: each finds before it what will stand before it.
    for place, entry in zip(said["put"], _entries(said) if said["put"] else (), strict=True):
        after.insert(place, entry)
    return after


def _as_sure(entry: Entry) -> Entry:
    """An entry whose record was seen delivered: what it replaced will never be in force again."""
    return replace(entry, sure=True, was=None)


def _packed(said: Any) -> bytes:
    return _compressed(json.dumps(said, separators=(",", ":")).encode())


def _read(body: bytes) -> Any:
    said: Any = from_json(zlib.decompress(body))
    if not isinstance(said, list):
        versions.ensure_known("a history", said["v"], versions.HISTORY)
    return cast(Any, said)


def _compressed(body: bytes) -> bytes:
    """As `zlib.compress`, with a window and tables as large as the body needs: to clear those of the default takes
    seven times as long as to compress a document of some hundred bytes, as most are."""
    window = min(zlib.MAX_WBITS, max(9, len(body).bit_length()))
    deflate = zlib.compressobj(wbits=window, memLevel=window - 7)
    return deflate.compress(body) + deflate.flush()


_COLUMNS = ("id", "kept", "file_id", "chunk", "ordinal", "fence", "sure", "was")


def _table(entries: Sequence[Entry]) -> dict[str, Any]:
    names = _names(entries)
    return {"columns": _COLUMNS, "kept": names, "rows": [_row(entry, names) for entry in entries]}


def _entries(said: Any) -> list[Entry]:
    columns, names = said["columns"], said["kept"]
    places = (
        None if tuple(columns) == _COLUMNS else [columns.index(one) if one in columns else None for one in _COLUMNS]
    )
    return [_entry(row, names, places) for row in said["rows"]]


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
