"""Receipts of a stack's: what proves how a file or a record ended, and that a log was only added to."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from penstock.adapters.aws_heads import DynamoHeads, KmsSigner
from penstock.adapters.aws_ledger import DynamoLedger
from penstock.adapters.aws_store import S3Store
from penstock.adapters.system_clock import SystemClock
from penstock.model import ids
from penstock.ports.heads import Heads, Signer
from penstock.ports.ledger import Ledger
from penstock.ports.object_store import Folder, ObjectStore
from penstock.receipts import log, notes
from penstock.receipts.records import unpacked
from penstock.receipts.stage import records_key
from penstock.receipts.tree import Node, every_node, leaf_hashes, path_of
from penstock_ops.operate.clients import operators_clients
from penstock_ops.operate.errors import NotFound
from penstock_ops.operate.reporting import row_of

DAY = 86_400
LOOKS = "the notary looks every five minutes"


@dataclass(frozen=True, slots=True)
class ReceiptPorts:
    """What receipts are made from. `origin` is the name of the stack's logs, before the feed's."""

    store: ObjectStore
    ledger: Ledger
    heads: Heads
    signer: Signer
    origin: str


@asynccontextmanager
async def open_receipts(outputs: Mapping[str, str]) -> AsyncGenerator[ReceiptPorts]:
    """The ports of the stack with these outputs.

    Raises:
        NotFound: the stack has no logs yet.
    """
    if "ReceiptKey" not in outputs:
        raise NotFound("this stack has no receipts yet; deploy this release")
    clock = SystemClock()
    async with operators_clients() as aws:
        yield ReceiptPorts(
            store=S3Store(aws.s3, outputs["WorkBucket"], outputs["ArchiveBucket"]),
            ledger=DynamoLedger(aws.dynamodb, outputs["LedgerTable"], clock, int(outputs["RetentionDays"]) * DAY),
            heads=DynamoHeads(aws.dynamodb, outputs["LedgerTable"], clock),
            signer=KmsSigner(aws.kms, outputs["ReceiptKey"]),
            origin=outputs["LogOrigin"],
        )


@asynccontextmanager
async def open_archive(outputs: Mapping[str, str]) -> AsyncGenerator[Folder]:
    """The archive of the stack with these outputs, as whoever looks through it sees it."""
    async with operators_clients() as aws:
        yield S3Store(aws.s3, outputs["ArchiveBucket"], outputs["ArchiveBucket"])


async def receipt(ports: ReceiptPorts, said: str, ordinal: int | None) -> bytes:
    """That a file's latest account stands in its feed's log; of a record also that it ended so in that account.

    Raises:
        NotFound: there is no such file or record, or its account is not in the log yet.
    """
    row = await row_of(ports.ledger, said)
    feed, file_id = row.file.feed, row.file.file_id
    places = await ports.heads.places(file_id)
    if not places:
        raise NotFound(f"no account of {file_id} is in the log yet; {LOOKS}")
    account = max(places)
    index, checkpoint = places[account], await _checkpoint(ports, feed, places[account] + 1)
    path = await log.path_to(ports.heads, feed, index, notes.size_of(checkpoint))
    head = (await ports.heads.read(feed, [index]))[index]
    extra: dict[str, Any] = {"account": head.text.decode()}
    if ordinal is not None:
        extra |= await _record(ports.store, file_id, account, ordinal)
    return notes.proof(index, path, checkpoint, extra)


async def proof_since(ports: ReceiptPorts, feed: str, earlier: bytes) -> bytes:
    """That a feed's log goes on from an earlier checkpoint of it.

    Raises:
        NotFound: the log never had that size.
    """
    try:
        size = notes.size_of(earlier)
    except (ValueError, IndexError):
        raise NotFound("that is no checkpoint of a log") from None
    checkpoint = await _checkpoint(ports, feed, max(size, 1))
    path = await log.consistency(ports.heads, feed, size, notes.size_of(checkpoint)) if size else []
    return notes.consistency_proof(size, path, checkpoint)


async def checkpoint_of(ports: ReceiptPorts, feed: str) -> bytes:
    """A feed's log, as it was signed last.

    Raises:
        NotFound: there is nothing in it yet.
    """
    return await _checkpoint(ports, feed, 1)


async def keys(ports: ReceiptPorts, feeds: list[str]) -> list[str]:
    """What an auditor needs to check receipts: a line a feed."""
    public_key = await ports.signer.public_key()
    return [notes.verifier_key(f"{ports.origin}/{feed}", public_key) for feed in feeds]


async def _checkpoint(ports: ReceiptPorts, feed: str, size: int) -> bytes:
    """The last one, which must be of a log of at least that size."""
    body = await ports.heads.checkpoint(feed)
    if body is None or notes.size_of(body) < size:
        raise NotFound(f"the log of {feed} was not signed yet with {size:,} accounts; {LOOKS}")
    return body


async def _record(store: ObjectStore, file_id: str, account: int, ordinal: int) -> dict[str, Any]:
    """A record's line, and its path in its account's tree."""
    kept = json.loads(await store.get(ids.receipt_key(file_id, f"{account}.json")) or b"{}")
    chunks: list[dict[str, Any]] = kept.get("chunks", [])
    size = sum(chunk["records"] for chunk in chunks)
    own = next((one for one in chunks if one["first"] <= ordinal < one["first"] + one["records"]), None)
    if own is None:
        raise NotFound(f"the file {file_id} has {size:,} records, counted from 0" if chunks else _expired(file_id))
    body = await store.get(records_key(file_id, own["chunk"], own["fence"]))
    if body is None:
        raise NotFound(_expired(file_id))
    lines = unpacked(body)
    nodes: dict[Node, bytes] = {
        (level, index): bytes.fromhex(one) for chunk in chunks for level, index, one in chunk["nodes"]
    }
    path = path_of(ordinal, size, nodes | every_node(own["first"], leaf_hashes(lines)))
    return {"record": lines[ordinal - own["first"]].decode(), "path": [notes.base64_of(one) for one in path]}


def _expired(file_id: str) -> str:
    return f"how the single records of {file_id} ended is kept no longer (ReportRetentionDays); its account is"
