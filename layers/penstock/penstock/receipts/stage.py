"""The notary: each account that a file has settled with goes into its feed's log, and the log is signed.

    accounts/<file>/<account>.json              an account that is to be logged, before the ledger has it settled
    receipts/<file>/<chunk>-<fence>.zst         a line a record, as `receipts.records` has them
    receipts/<file>/<account>.json              the head, and of each chunk where its records stand and their nodes
    archive: log/<feed>/heads/…  checkpoints/…  both, where nobody can change them

Delivery pays an object an account for it, and nothing a record. A head is logged before the log is signed, and due
until it is: what is done twice is there once, as an account has one place in its log. Of two accounts that a file has
settled with before the notary looked, the later one is logged.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from penstock.feeds import FEEDS
from penstock.io.archiving import named_after
from penstock.io.by_itself import ByItself
from penstock.model import ids
from penstock.model.errors import PenstockError
from penstock.model.rows import ChunkRow, FileRow, FileState
from penstock.model.stage_result import StageResult
from penstock.outputs.endings import endings_of
from penstock.ports.clock import Clock
from penstock.ports.event_bus import EventBus
from penstock.ports.heads import Heads, Signer
from penstock.ports.ledger import Ledger
from penstock.ports.object_store import Folder, ObjectStore
from penstock.receipts import log, notes
from penstock.receipts.records import packed, record_lines, unpacked
from penstock.receipts.tree import leaf_hashes, nodes_within, root_of


class Forgotten(PenstockError):
    """Raised when an account was to be logged, and its file is not in the ledger any more."""


class Store(ObjectStore, Folder, Protocol):
    """The work bucket, with its listings."""


@dataclass(frozen=True, slots=True)
class NotaryPorts:
    """What the notary needs of the world. `origin` is the name of this stack's logs, before the feed's."""

    store: Store
    ledger: Ledger
    heads: Heads
    signer: Signer
    events: EventBus
    clock: Clock
    origin: str


async def notarise(ports: NotaryPorts, deadline: float) -> list[StageResult]:
    """Logs every account that is due, until the deadline, in seconds since the epoch, then signs the logs. What fails
    is told, and due still.

    Raises:
        Transient: nothing could be listed; the next look begins anew.
    """
    by_itself, logged, cut_short = ByItself(ports, "accounts", deadline), dict[str, list[str]](), False
    async for key, _ in ports.store.listed(ids.ACCOUNTS):
        if ports.clock.now() > deadline:
            cut_short = True
            break
        feed = await by_itself.at(key, _log(ports, key))
        if feed:
            logged.setdefault(feed, []).append(key)
    for feed, keys in logged.items():
        await by_itself.at(feed, _sign(ports, feed, keys))
    counts = {
        "AccountsLogged": float(sum(map(len, logged.values()))),
        "LookFaults": float(by_itself.faults),
        "LooksCutShort": float(cut_short),
    }
    return [StageResult("notarised", "", "notary", counts)]


async def _log(ports: NotaryPorts, key: str) -> str | None:
    """The feed whose log has the account now; None where its time has not come, or never will: then it is gone."""
    file_id, account = ids.account_of(key)
    row = await ports.ledger.file(file_id)
    if row is None:
        await ports.store.remove(key)
        raise Forgotten(f"account {account} of {file_id} was never logged")
    if row.ends > account or row.file.feed not in FEEDS:
        await ports.store.remove(key)
        return None
    if row.state is not FileState.SETTLED or row.ends < account:
        return None
    chunks = [await _chunk(ports, row, chunk) for chunk in await ports.ledger.chunks(file_id)]
    nodes = {(level, index): bytes.fromhex(one) for chunk in chunks for level, index, one in chunk["nodes"]}
    head = head_of(row, root_of(row.received, nodes))
    again = await ports.ledger.file(file_id)
    if again is None or (again.state, again.ends) != (FileState.SETTLED, account):
        return None
    kept = {"v": 1, "head": head.decode(), "chunks": chunks}
    await ports.store.put(ids.receipt_key(file_id, f"{account}.json"), json.dumps(kept).encode(), "application/json")
    index = await log.add(ports.heads, row.file.feed, head, file_id, account)
    archived = named_after(f"log/{row.file.feed}/heads/{index:012d}.json", head)
    await ports.store.put_once(archived, head, "application/json")
    return row.file.feed


async def _chunk(ports: NotaryPorts, row: FileRow, chunk: ChunkRow) -> dict[str, Any]:
    """Where a chunk's records stand, and the largest nodes over them."""
    key = records_key(chunk.file_id, chunk.span.chunk, chunk.ended_under)
    body = await ports.store.get(key)
    if body is None:
        ended = await endings_of(ports.ledger, ports.store, row, chunk)
        lines = record_lines(ended, chunk.span.first_record, chunk.span.records)
        await ports.store.put(key, packed(lines), "application/zstd")
    else:
        lines = unpacked(body)
    nodes = nodes_within(chunk.span.first_record, leaf_hashes(lines))
    return {
        "chunk": chunk.span.chunk,
        "fence": chunk.ended_under,
        "first": chunk.span.first_record,
        "records": chunk.span.records,
        "nodes": [[*node, one.hex()] for node, one in nodes.items()],
    }


def head_of(row: FileRow, root: bytes) -> bytes:
    """What the log has of an account: JSON whose names are in order, and without blanks."""
    settled = datetime.fromtimestamp(row.settled_at or row.opened_at, UTC).isoformat(timespec="milliseconds")
    head = {
        "v": 1,
        "feed": row.file.feed,
        "file": row.file.file_id,
        "account": row.ends,
        "bucket": row.file.dropped.bucket,
        "key": row.file.dropped.key,
        "version": row.file.dropped.version_id,
        "sha256_tree": row.sha256_tree,
        "settled_at": settled,
        "records": row.received,
        "outcomes": {str(outcome): number for outcome, number in row.counted.items()},
        "root": root.hex(),
    }
    return json.dumps(head, sort_keys=True, separators=(",", ":")).encode()


async def _sign(ports: NotaryPorts, feed: str, keys: Sequence[str]) -> None:
    """Signs what a feed's log has come to; what was due because of it is so no longer."""
    origin, size = f"{ports.origin}/{feed}", await ports.heads.size(feed)
    text = notes.checkpoint_text(origin, size, await log.root_at(ports.heads, feed, size))
    note = notes.signed(text, origin, await ports.signer.public_key(), await ports.signer.sign(text))
    await ports.store.put_once(
        named_after(f"log/{feed}/checkpoints/{size:012d}.txt", note), note, "text/plain; charset=utf-8"
    )
    await ports.heads.keep_checkpoint(feed, note)
    for key in keys:
        await ports.store.remove(key)


def records_key(file_id: str, chunk: int, fence: int) -> str:
    """The key in the work bucket of the lines of a chunk's records, as they ended under that fence."""
    return ids.receipt_key(file_id, f"{ids.chunk_name(chunk)}-{fence}.zst")
