"""Records found by what they are in the business sense, not by file and ordinal.

    the whole identity is said    the claim says at once which record holds it, in whatever file it came
    what the table has is         the table of outcomes, and beside it the files of which it lacks an end
    other fields are              the latest files are looked through: what was accepted of each, and what was rejected

A claim is kept by what was delivered, is held, is unknown or on its way. What was rejected or died holds none, so where
no claim answers, the table is asked, or the files are looked through.
"""

import asyncio
import csv
import io
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any, NotRequired, Protocol, Required, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from penstock.account.completion import summary
from penstock.feeds.feed import Feed
from penstock.model import ids
from penstock.model.errors import PenstockError
from penstock.model.findings import Outcome
from penstock.model.rows import ChunkRow, FileRow, Owner
from penstock.outputs import rejects
from penstock.outputs.accepted import load_accepted
from penstock.outputs.outcomes import rejects_of
from penstock.outputs.work import read_work
from penstock.ports.claims import Claims
from penstock.ports.ledger import Ledger
from penstock.ports.object_store import Folder, ObjectStore
from penstock_ops.operate.explaining import explain
from penstock_ops.wording.nearest import hint

LATEST = 1000  #: files among which those of the feed are looked for
THROUGH = 200  #: files that are looked through, the latest, unless it is said
STATES = (*Outcome, "splitting", "sealed", "settled", "incomplete", "replaying")
"""Of a record, and of its file."""


class NotToBeFound(PenstockError):
    """Raised where what is looked for cannot be."""


type Ask = Callable[[str], Sequence[Mapping[str, Any]]]
"""(SQL about the view `outcomes`) → rows."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: values by field, of which a record has one of each, as the model writes them, and `said` as
    they were said: what was rejected has what its sender wrote. Besides, "" where it does not matter: the file's `key`,
    in which * stands for anything, the `day` when it was first heard of, in UTC, a `state` of the record (its outcome)
    or of its file, and the code of a `finding`."""

    feed: Feed
    values: Mapping[str, tuple[str, ...]]
    said: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    key: str = ""
    day: str = ""
    state: str = ""
    finding: str = ""

    @property
    def is_about_more(self) -> bool:
        """Whether anything but fields is said."""
        return any((self.key, self.day, self.state, self.finding))

    @property
    def is_in_table(self) -> bool:
        """Whether the table of outcomes has all the fields that are said."""
        return self.values.keys() <= set(self.feed.found_by)

    def is_of_file(self, row: FileRow, now: float) -> bool:
        """Whether a wanted record may be in this file."""
        heard = f"{datetime.fromtimestamp(row.opened_at, UTC):%Y-%m-%d}"
        state = self.state if self.state not in list(Outcome) else ""
        return (
            row.file.feed == self.feed.name
            and fnmatchcase(row.file.dropped.key, _pattern(self.feed, self.key) or "*")
            and self.day in ("", heard)
            and state in ("", summary(row, now)["state"])
        )

    def is_told(self, story: Mapping[str, Any]) -> bool:
        """Whether what became of a record is as wanted."""
        codes = {finding["code"] for finding in story.get("findings", ())}
        outcome = self.state if self.state in list(Outcome) else ""
        return outcome in ("", story["outcome"]) and (not self.finding or self.finding in codes)

    @property
    def identities(self) -> list[str]:
        """The identity that is said, if it is said whole: each field of it that no record lacks, with one value."""
        if any(len(values) > 1 for values in self.values.values()):
            return []
        said = self.values.keys()
        if not said <= set(self.feed.identity) or not set(self.feed.identity) & self.feed.required <= said:
            return []
        return self.feed.identities_of([{name: values[0] for name, values in self.values.items()}])

    def is_met_by(self, record: Mapping[str, Any]) -> bool:
        """Whether a record is wanted."""
        return all(str(record.get(name, "")) in self.either(name) for name in self.values)

    def not_found(self, records: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
        """Of fields that may have one of several values, those that no record has, as they were said."""
        missing: dict[str, list[str]] = {}
        for name, values in self.values.items():
            there = {str(record.get(name)) for record in records}
            forms = zip(self.said[name], values, strict=True)
            lacking = [said for said, value in forms if there.isdisjoint((said, value))]
            if lacking and len(values) > 1:
                missing[name] = lacking
        return missing

    def either(self, name: str) -> tuple[str, ...]:
        """The values that a field may have, in either form."""
        return tuple(dict.fromkeys((*self.values[name], *self.said.get(name, ()))))


def wanted(feed: Feed, conditions: Sequence[str]) -> Wanted:
    """What is looked for, from `field=value`; a field that is said twice may have either value. Values are written as
    the feed's model writes them.

    Raises:
        NotToBeFound: a condition is none, or the feed has no such field, or none of such a value.
    """
    values: dict[str, tuple[str, ...]] = {}
    as_said: dict[str, tuple[str, ...]] = {}
    for condition in conditions:
        said, equals, value = condition.partition("=")
        if not equals or not said:
            raise NotToBeFound(f"say field=value, such as {next(iter(feed.identity), 'field')}=…; not {condition}")
        name = said if said in feed.fields else feed.field_of(said)
        if name not in feed.fields:
            raise NotToBeFound(f"{feed.name} has no field {said}{hint(said, feed.fields)}")
        values[name] = (*values.get(name, ()), _as_the_model_writes(feed, name, value))
        as_said[name] = (*as_said.get(name, ()), value)
    return Wanted(feed, values, as_said)


def _as_the_model_writes(feed: Feed, name: str, value: str) -> str:
    hint_of = get_type_hints(feed.record, include_extras=True)[name]
    adapter = TypeAdapter[Any](get_args(hint_of)[0] if get_origin(hint_of) in (Required, NotRequired) else hint_of)
    for one in (value, feed.normalise({name: value}).get(name, value)):
        try:
            return str(adapter.validate_python(one))
        except ValidationError:
            continue
    raise NotToBeFound(f"{name} is never {value}: `penstock feeds {feed.name}` says how its values look")


class Store(ObjectStore, Folder, Protocol):
    """The work bucket, with its listings."""


async def find(
    claims: Claims, ledger: Ledger, store: Store, what: Wanted, most_files: int, now: float, ask: Ask | None = None
) -> dict[str, Any]:
    """What became of the records that are wanted: `records`, each with its story, the one that an identity stands with
    first; of those that the table tells of, its row; but for a claim's, with `values`, what they have of the fields
    that were said. `by` says how they were found, `looked_through` so many files, where files were, and `not_found`
    which of several values of a field no record has."""
    answer: dict[str, Any] = {
        "feed": what.feed.name,
        "by": "claim",
        "looked_through": 0,
        "records": [],
        "not_found": {},
    }
    owners = await claims.owners(what.feed.name, what.identities) if what.identities and not what.is_about_more else {}
    for owner in owners.values():
        answer["records"] += [await _told(ledger, store, one, now) for one in _chain(owner)]
    if answer["records"]:
        return answer
    if ask and what.is_in_table:
        answer |= await _by_table(ledger, store, what, now, ask)
    else:
        rows = [row for row in await ledger.files(LATEST) if what.is_of_file(row, now) and row.layout][:most_files]
        found = [story for row in rows async for story in _stories(ledger, store, row, what, now)]
        answer |= {"by": "files", "looked_through": len(rows), "records": found}
    return answer | {"not_found": what.not_found([record["values"] for record in answer["records"]])}


async def _by_table(ledger: Ledger, store: Store, what: Wanted, now: float, ask: Ask) -> dict[str, Any]:
    """What the table has, and what it lacks yet: the latter is looked for where an end is due, or has not come."""
    latest = await ledger.files(LATEST)
    due = {key.split("/")[1] async for key, _ in store.listed(ids.DUE)}
    fresh = [row for row in latest if row.file.file_id in due and row.layout and what.is_of_file(row, now)]
    among = [row.file.file_id for row in latest if what.is_of_file(row, now)] if what.state else []
    rows = await asyncio.to_thread(ask, question(what, among))
    found = {row["trace"]: _of_table(row, what) for row in rows}
    for row in fresh:
        found |= {story["trace"]: story async for story in _stories(ledger, store, row, what, now)}
    return {"by": "table", "looked_through": len(fresh), "records": list(found.values())}


_SHOWN = (
    "trace", "file_id", "ordinal", "key", "feed", "outcome", "codes", "of_record", "batch", "dropped_at", "sent_at",
    "ended_at",
)  # fmt: skip


def question(what: Wanted, among: Sequence[str]) -> str:
    """SQL for what is wanted; `among` are the files that are in the state that is, if one of a file is."""
    said = [f"feed = {_quoted(what.feed.name)}"]
    said += [f"{name} IN ({', '.join(map(_quoted, what.either(name)))})" for name in what.values]
    if what.day:
        said.append(f"day = DATE {_quoted(what.day)}")
    if what.key:
        like = _pattern(what.feed, what.key).replace("!", "!!").replace("%", "!%").replace("_", "!_").replace("*", "%")
        said.append(f"key LIKE {_quoted(like)} ESCAPE '!'")
    if what.finding:
        said.append(f"contains(codes, {_quoted(what.finding)})")
    if what.state in list(Outcome):
        said.append(f"outcome = {_quoted(what.state)}")
    elif what.state:
        said.append(f"file_id IN ({', '.join(map(_quoted, among or ['']))})")
    shown = ", ".join((*_SHOWN, *what.values))
    order = "dropped_at DESC, file_id, ordinal"
    return f"SELECT {shown} FROM outcomes WHERE {' AND '.join(said)} ORDER BY {order}"


def _pattern(feed: Feed, key: str) -> str:
    """A key as the ledger has it: whoever says it may leave its feed out."""
    return key if not key or key.startswith((f"{feed.name}/", "*")) else f"{feed.name}/{key}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _of_table(row: Mapping[str, Any], what: Wanted) -> dict[str, Any]:
    """A row of the table, told as a story is; its list of codes comes as text."""
    told = {name: row[name] for name in _SHOWN if row[name] is not None and name not in ("codes", "of_record")}
    codes = re.findall(r"[\w.]+", row["codes"] or "")
    values = {name: row[name] for name in what.values}
    return told | {"codes": codes, "values": values} | ({"of": row["of_record"]} if row["of_record"] else {})


async def _stories(
    ledger: Ledger, store: ObjectStore, row: FileRow, what: Wanted, now: float
) -> AsyncIterator[dict[str, Any]]:
    """What became of a file's records that are wanted."""
    async for ordinal, record in _in_file(ledger, store, row, what):
        story = await _story(ledger, store, row, ordinal, now)
        if what.is_told(story):
            yield story | {"values": {name: record.get(name) for name in what.values}}


def _chain(owner: Owner) -> list[Owner]:
    """The record that holds an identity, and those that it corrects."""
    return [replace(owner, was=None), *(_chain(owner.was) if owner.was else [])]


async def _told(ledger: Ledger, store: ObjectStore, owner: Owner, now: float) -> dict[str, Any]:
    row = await ledger.file(owner.file_id)
    if row and await ledger.chunk(owner.file_id, owner.chunk):
        return await _story(ledger, store, row, owner.ordinal, now)
    outcome = owner.ended or Outcome.DELIVERED
    known = {"trace": owner.trace, "file_id": owner.file_id, "ordinal": owner.ordinal, "outcome": str(outcome)}
    return known | {"forgotten": True}


async def _story(ledger: Ledger, store: ObjectStore, row: FileRow, ordinal: int, now: float) -> dict[str, Any]:
    story = await explain(ledger, store, row, ordinal, now)
    return {name: part for name, part in story.items() if name != "record"}


type _Record = Mapping[str, Any]


async def _in_file(
    ledger: Ledger, store: ObjectStore, row: FileRow, what: Wanted
) -> AsyncIterator[tuple[int, _Record]]:
    """A file's records that are wanted, by their ordinals."""
    for chunk in await ledger.chunks(row.file.file_id):
        accepted = {ordinal: record async for ordinal, record in _accepted(store, chunk, what)}
        for ordinal, record in sorted((await _rejected(store, row, chunk, what) | accepted).items()):
            yield ordinal, record


async def _accepted(store: ObjectStore, chunk: ChunkRow, what: Wanted) -> AsyncIterator[tuple[int, _Record]]:
    """What was accepted and is wanted, in whatever generation. Most chunks hold none of the values, which their bytes
    tell without being read as records."""
    for generation in range(chunk.generation + 1):
        body = await read_work(store, chunk, "accepted", generation) or b""
        if all(any(_bytes(value) in body for value in values) for values in what.values.values()):
            for accepted in load_accepted(body):
                record: _Record = json.loads(accepted.payload)
                if what.is_met_by(record):
                    yield accepted.ordinal, record


async def _rejected(store: ObjectStore, row: FileRow, chunk: ChunkRow, what: Wanted) -> dict[int, _Record]:
    """What was rejected, by its own columns as they came."""
    if not chunk.counted[Outcome.REJECTED] or row.layout is None:
        return {}
    columns = [what.feed.field_of(name) or name for name in rejects.source_columns(what.feed, row.layout)]
    text = (await rejects_of(store, chunk)).decode("utf-8", "replace")
    found: dict[int, _Record] = {}
    for cells in csv.reader(io.StringIO(text, newline="")):
        record = dict(zip(columns, map(_without_quote, cells), strict=False))
        if what.is_met_by(record):
            found[int(cells[rejects.ORDINAL])] = record
    return found


def _bytes(value: str) -> bytes:
    return json.dumps(value, ensure_ascii=False)[1:-1].encode()


def _without_quote(cell: str) -> str:
    """A cell without what keeps a spreadsheet from reckoning it."""
    return cell.removeprefix("'")
