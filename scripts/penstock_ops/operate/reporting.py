"""A file's account, as an operator reads it."""

import json
from typing import Any

from penstock.account.completion import summary
from penstock.model import ids
from penstock.model.rows import FileRow, FileState
from penstock.ports.ledger import Ledger
from penstock.ports.object_store import ObjectStore
from penstock_ops.operate.errors import NotFound
from penstock_ops.operate.times import utc


async def row_of(ledger: Ledger, file_id: str) -> FileRow:
    """A file's row.

    Raises:
        NotFound: the ledger has no such file.
    """
    row = await ledger.file(file_id)
    if row is None:
        raise NotFound(f"there is no file {file_id} in the ledger; `penstock files` lists the latest")
    return row


async def report_of(ledger: Ledger, store: ObjectStore, file_id: str, now: float) -> dict[str, Any]:
    """A file's account as it is now; once it has ended the `ranges` of its records without a good end, and of an
    zip file its files, `unpacked`; and when work of it was sent again, if it was, `resent`.

    Raises:
        NotFound: the ledger has no such file.
    """
    row = await row_of(ledger, file_id)
    # Of a file that is open again, the report still tells of its end before.
    ended = row.state in (FileState.SETTLED, FileState.UNPACKED)
    body = await store.get(ids.report_key(file_id, "summary.json")) if ended else None
    report: dict[str, Any] = json.loads(body) if body else {}
    unpacked = {"unpacked": report["unpacked"]} if "unpacked" in report else {}
    resent = {"resent": utc(row.resent_at)} if row.resent_at else {}
    return summary(row, now) | {"ranges": report.get("ranges", {})} | unpacked | resent
