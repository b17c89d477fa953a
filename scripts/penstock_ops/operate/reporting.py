"""A file's account, as an operator reads it."""

import json
import re
from typing import Any

from penstock.account.completion import summary
from penstock.account.cost import cost_of, used_by
from penstock.model import ids
from penstock.model.rows import FileRow, FileState
from penstock.ports.ledger import Ledger
from penstock.ports.object_store import ObjectStore
from penstock_ops.operate.errors import NotFound
from penstock_ops.operate.times import utc
from penstock_ops.wording.nearest import hint

LAST = "last"  #: the file that was dropped last
LOOKED_THROUGH = 1000  #: files, the latest, whose keys and ids are compared with what was said
SHORTEST = 3  #: characters of an id that are taken for its beginning
_ID = re.compile(r"[0-9a-f]{20}(?![0-9a-f])")

OPEN = (FileState.SPLITTING, FileState.SEALED)


async def row_of(ledger: Ledger, said: str) -> FileRow:
    """A file's row, by its id, by an id that begins with it (a chunk's, a batch's, a record's trace), by a beginning of
    it that is no other's, by its key, or as `last`. Keys and beginnings are looked for among the latest files; of those
    dropped under one key, the last is meant.

    Raises:
        NotFound: the ledger has no such file, or several.
    """
    whole = _ID.match(said)
    row = await ledger.file(whole[0]) if whole else None
    if row:
        return row
    latest = await ledger.files(1 if said == LAST else LOOKED_THROUGH)
    found = [one for one in latest if _is_meant(one, said)]
    if not found:
        keys = {one.file.dropped.key for one in latest} | {one.file.file_id for one in latest}
        near = hint(said, keys) if len(said) > 3 else ""
        raise NotFound(f"there is no file {said} in the ledger{near or '; `penstock files` lists the latest'}")
    if len({one.file.dropped.key for one in found}) > 1:
        ids = ", ".join(f"{one.file.file_id} ({one.file.dropped.key})" for one in found[:3])
        raise NotFound(f"{said} is the beginning of {len(found)} files: {ids}{', …' if len(found) > 3 else ''}")
    return found[0]


def _is_meant(row: FileRow, said: str) -> bool:
    key = row.file.dropped.key
    return said in (LAST, key, key.partition("/")[2]) or (len(said) >= SHORTEST and row.file.file_id.startswith(said))


async def report_of(ledger: Ledger, store: ObjectStore, said: str, now: float) -> dict[str, Any]:
    """A file's account as it is now, with what it has `cost` so far (`account.cost`); once it has ended the `ranges` of
    its records without a good end, and of a zip file its files, `unpacked`; when work of it was sent again, if it was,
    `resent`; and since when an operator's replay has it open, if one has, `replaying_since`.

    Raises:
        NotFound: the ledger has no such file.
    """
    row = await row_of(ledger, said)
    file_id = row.file.file_id
    # Of a file that is open again, the report still tells of its end before.
    ended = row.state in (FileState.SETTLED, FileState.UNPACKED)
    body = await store.get(ids.report_key(file_id, "summary.json")) if ended else None
    report: dict[str, Any] = json.loads(body) if body else {}
    unpacked = {"unpacked": report["unpacked"]} if "unpacked" in report else {}
    resent = {"resent": utc(row.resent_at)} if row.resent_at else {}
    replayed = {"replaying_since": utc(row.taken_up_at)} if row.taken_up_at and row.state in OPEN else {}
    told = {"ranges": report.get("ranges", {}), "cost": cost_of(await used_by(ledger, row))}
    return summary(row, now) | told | unpacked | resent | replayed
