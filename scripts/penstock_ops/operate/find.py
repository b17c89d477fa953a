"""Records found by what they are in the business sense, not by file and ordinal.

    the whole identity is said    the claim says at once which record holds it, in whatever file it came
    some fields are               the latest files are looked through: what was accepted of each, and what was rejected

A claim is kept by what was delivered, is held, is unknown or on its way. What was rejected or died holds none, so where
no claim answers, the files are looked through as well.
"""

import csv
import io
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NotRequired, Required, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from penstock.feeds.feed import Feed
from penstock.model.errors import PenstockError
from penstock.model.findings import Outcome
from penstock.model.rows import ChunkRow, FileRow, Owner
from penstock.outputs import rejects
from penstock.outputs.accepted import load_accepted
from penstock.outputs.outcomes import rejects_of
from penstock.outputs.work import read_work
from penstock.ports.claims import Claims
from penstock.ports.ledger import Ledger
from penstock.ports.object_store import ObjectStore
from penstock_ops.operate.explaining import explain
from penstock_ops.wording.nearest import hint

LATEST = 1000  #: files among which those of the feed are looked for


class NotToBeFound(PenstockError):
    """Raised where what is looked for cannot be."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: values by field. A record has one of the values of each."""

    feed: Feed
    values: Mapping[str, tuple[str, ...]]

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
        return all(str(record.get(name, "")) in values for name, values in self.values.items())


def wanted(feed: Feed, conditions: Sequence[str]) -> Wanted:
    """What is looked for, from `field=value`; a field that is said twice may have either value. Values are written as
    the feed's model writes them.

    Raises:
        NotToBeFound: a condition is none, or the feed has no such field, or none of such a value.
    """
    values: dict[str, tuple[str, ...]] = {}
    for condition in conditions:
        said, equals, value = condition.partition("=")
        if not equals or not said:
            raise NotToBeFound(f"say field=value, such as {next(iter(feed.identity), 'field')}=…; not {condition}")
        name = said if said in feed.fields else feed.field_of(said)
        if name not in feed.fields:
            raise NotToBeFound(f"{feed.name} has no field {said}{hint(said, feed.fields)}")
        values[name] = (*values.get(name, ()), _as_the_model_writes(feed, name, value))
    return Wanted(feed, values)


def _as_the_model_writes(feed: Feed, name: str, value: str) -> str:
    hint_of = get_type_hints(feed.record, include_extras=True)[name]
    adapter = TypeAdapter[Any](get_args(hint_of)[0] if get_origin(hint_of) in (Required, NotRequired) else hint_of)
    for one in (value, feed.normalise({name: value}).get(name, value)):
        try:
            return str(adapter.validate_python(one))
        except ValidationError:
            continue
    raise NotToBeFound(f"{name} is never {value}: `penstock feeds {feed.name}` says how its values look")


async def find(
    claims: Claims, ledger: Ledger, store: ObjectStore, what: Wanted, most_files: int, now: float
) -> dict[str, Any]:
    """What became of the records that are wanted: `records`, each with its story, the one that an identity stands with
    first; `by` says how they were found, and `looked_through` so many files, where files were."""
    answer: dict[str, Any] = {"feed": what.feed.name, "by": "claim", "looked_through": 0, "records": []}
    owners = await claims.owners(what.feed.name, what.identities) if what.identities else {}
    for owner in owners.values():
        answer["records"] += [await _told(ledger, store, one, now) for one in _chain(owner)]
    if answer["records"]:
        return answer
    rows = [row for row in await ledger.files(LATEST) if row.file.feed == what.feed.name and row.layout][:most_files]
    for row in rows:
        async for ordinal in _in_file(ledger, store, row, what):
            answer["records"].append(await _story(ledger, store, row, ordinal, now))
    return answer | {"by": "files", "looked_through": len(rows)}


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


async def _in_file(ledger: Ledger, store: ObjectStore, row: FileRow, what: Wanted) -> AsyncIterator[int]:
    for chunk in await ledger.chunks(row.file.file_id):
        accepted = {ordinal async for ordinal in _accepted(store, chunk, what)}
        for ordinal in sorted(accepted | await _rejected(store, row, chunk, what)):
            yield ordinal


async def _accepted(store: ObjectStore, chunk: ChunkRow, what: Wanted) -> AsyncIterator[int]:
    """What was accepted and is wanted, in whatever generation. Most chunks hold none of the values, which their bytes
    tell without being read as records."""
    for generation in range(chunk.generation + 1):
        body = await read_work(store, chunk, "accepted", generation) or b""
        if all(any(_bytes(value) in body for value in values) for values in what.values.values()):
            for record in load_accepted(body):
                if what.is_met_by(json.loads(record.payload)):
                    yield record.ordinal


async def _rejected(store: ObjectStore, row: FileRow, chunk: ChunkRow, what: Wanted) -> set[int]:
    """What was rejected, by its own columns as they came."""
    if not chunk.counted[Outcome.REJECTED] or row.layout is None:
        return set()
    columns = [what.feed.field_of(name) or name for name in rejects.source_columns(what.feed, row.layout)]
    text = (await rejects_of(store, chunk)).decode("utf-8", "replace")
    found = set[int]()
    for cells in csv.reader(io.StringIO(text, newline="")):
        record = dict(zip(columns, map(_without_quote, cells), strict=False))
        if what.is_met_by(record):
            found.add(int(cells[rejects.ORDINAL]))
    return found


def _bytes(value: str) -> bytes:
    return json.dumps(value, ensure_ascii=False)[1:-1].encode()


def _without_quote(cell: str) -> str:
    """A cell without what keeps a spreadsheet from reckoning it."""
    return cell.removeprefix("'")
