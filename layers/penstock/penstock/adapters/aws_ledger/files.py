"""The files of the ledger."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import batched

from penstock.adapters.aws_items import KNOWN, Item, integer_of, number, text
from penstock.adapters.aws_ledger import told
from penstock.adapters.aws_ledger.items import CHANGED, chunk_key, ensure_known_file, file_key, file_row, sortable
from penstock.adapters.aws_ledger.leases import FENCED, FREE, LEASED, busy_for, leasing
from penstock.adapters.aws_ledger.table import LedgerTable
from penstock.model import versions
from penstock.model.errors import LeaseLost
from penstock.model.findings import Finding, Noted
from penstock.model.messages import Checkpoint, Cut, Layout, SourceFile, Span
from penstock.model.rows import MOST_RETURNS, ChunkState, FileRow, FileState, Lease
from penstock.model.setbacks import Setback
from penstock.model.usage import NOTHING, Usage

PLANNED = 25  #: chunks in one transaction, of which DynamoDB takes 4 MB: a span may have a layout of 100,000 bytes


@dataclass(frozen=True, slots=True)
class DynamoFiles(LedgerTable):
    """The files of `Ledger`."""

    async def claim_file(self, file: SourceFile, now: float, seconds: float) -> Lease[FileRow]:
        """As `Ledger.claim_file`."""
        item = await self._try_update(
            file_key(file.file_id),
            "SET #file = if_not_exists(#file, :file), feed = if_not_exists(feed, :feed),"
            " file_state = if_not_exists(file_state, :splitting), opened_at = if_not_exists(opened_at, :opened),"
            f" endings = if_not_exists(endings, :zero), {LEASED}",
            f"attribute_not_exists(pk) OR (file_state = :splitting AND {FREE} AND {KNOWN})",
            {
                ":file": text(file.model_dump_json()),
                ":feed": text(file.feed),
                ":opened": text(sortable(now)),
                ":splitting": text(FileState.SPLITTING),
                **self._changed(versions.FILE),
                **leasing(now, seconds),
            },
            {"#file": "file"},
        )
        if item.was is None:
            fence = integer_of(item.now, "fence")
            if fence == 1:
                told.made(item.now)
                told.dropped(file)
            return Lease(file_row(item.now), fence)
        row = file_row(item.was)
        return Lease(row, None, busy_for(item.was, now) if row.state is FileState.SPLITTING else 0.0)

    async def plan_chunks(self, file_id: str, fence: int, spans: Sequence[Span]) -> None:
        """As `Ledger.plan_chunks`. Rows that are there make their transaction fail, and are left out of the next."""
        await self._put_new(file_id, fence, [self._planned(file_id, span) for span in spans])

    async def open_each(self, archive_id: str, fence: int, files: Sequence[SourceFile], now: float) -> None:
        """As `Ledger.open_each`."""
        opened = [self._opened(file, now + place / 1e6) for place, file in enumerate(files)]
        await self._put_new(archive_id, fence, opened)

    async def _put_new(self, file_id: str, fence: int, items: Iterable[Item]) -> None:
        """Puts items while we split the file, many at once, but for those that are there already."""
        for group in batched(items, PLANNED, strict=False):
            left = list(group)
            while failed := await self._try_transact(self._splitting(file_id, fence), *left):
                if 0 in failed:
                    raise LeaseLost("another splitter has taken the file over, or moved it on")
                left = [item for place, item in enumerate(left, 1) if place not in failed]

    def _splitting(self, file_id: str, fence: int) -> Item:
        """The condition that we still split the file."""
        return {
            "ConditionCheck": {
                "TableName": self.table,
                "Key": file_key(file_id),
                "ConditionExpression": f"file_state = :splitting AND {FENCED}",
                "ExpressionAttributeValues": {":splitting": text(FileState.SPLITTING), ":fence": number(fence)},
            }
        }

    def _planned(self, file_id: str, span: Span) -> Item:
        """A chunk's row as it begins."""
        item = {
            **chunk_key(file_id, span.chunk),
            "state": text(ChunkState.SENT),
            "span": text(span.model_dump_json()),
            "round": number(0),
            "v": number(versions.CHUNK),
        }
        told.made(item)
        return self._new(item)

    def _opened(self, file: SourceFile, at: float) -> Item:
        """A file's row as it begins, where nobody has claimed it yet."""
        return self._new(
            {
                **file_key(file.file_id),
                "file": text(file.model_dump_json()),
                "feed": text(file.feed),
                "file_state": text(FileState.SPLITTING),
                "opened_at": text(sortable(at)),
                "endings": number(0),
                "v": number(versions.FILE),
            }
        )

    def _new(self, item: Item) -> Item:
        """A put of a row that is not there yet, and is leased to nobody."""
        leased = {"fence": number(0), "leased_until": number(0), "expires_at": self._expiry()}
        return {
            "Put": {
                "TableName": self.table,
                "Item": item | leased,
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }

    async def pin_cut(self, file_id: str, fence: int, layout: Layout, cut: Cut) -> None:
        """As `Ledger.pin_cut`."""
        await self._update(
            file_key(file_id),
            f"SET layout = :layout, cut = :cut, {CHANGED}",
            f"file_state = :splitting AND {FENCED}",
            {
                ":layout": text(layout.model_dump_json()),
                ":cut": text(cut.model_dump_json()),
                ":splitting": text(FileState.SPLITTING),
                ":fence": number(fence),
                **self._changed(versions.FILE),
            },
        )

    async def seal_file(
        self,
        file_id: str,
        fence: int,
        *,
        layout: Layout,
        chunks: int,
        received: int,
        sha256_tree: str,
        noted: Noted,
        now: float,
        goes_on: bool = False,
    ) -> None:
        """As `Ledger.seal_file`."""
        key = file_key(file_id)
        sealed = {
            "file_state": text(FileState.SEALED),
            "layout": text(layout.model_dump_json()),
            "chunks": number(chunks),
            "received": number(received),
            "sha256_tree": text(sha256_tree),
            "noted": text(noted.model_dump_json()),
            "sealed_at": number(now),
        }
        await self._end_splitting(
            key, fence, sealed, f" REMOVE setback{'' if goes_on else ', splitting_from'}", told.reading(key)
        )

    async def note_checkpoint(self, file_id: str, fence: int, checkpoint: Checkpoint) -> None:
        """As `Ledger.note_checkpoint`."""
        await self._update(
            file_key(file_id),
            f"SET splitting_from = :checkpoint, {CHANGED}",
            f"file_state = :splitting AND {FENCED}",
            {
                ":checkpoint": text(checkpoint.model_dump_json()),
                ":splitting": text(FileState.SPLITTING),
                ":fence": number(fence),
                **self._changed(versions.FILE),
            },
        )

    async def pin_refusal(self, file_id: str, fence: int, finding: Finding) -> None:
        """As `Ledger.pin_refusal`."""
        await self._update(
            file_key(file_id),
            f"SET refused = :finding, {CHANGED}",
            f"file_state = :splitting AND {FENCED}",
            {
                ":splitting": text(FileState.SPLITTING),
                ":finding": text(json.dumps(asdict(finding))),
                ":fence": number(fence),
                **self._changed(versions.FILE),
            },
        )

    async def refuse_file(self, file_id: str, fence: int, finding: Finding, now: float) -> None:
        """As `Ledger.refuse_file`."""
        refused = {
            "file_state": text(FileState.REFUSED),
            "refused": text(json.dumps(asdict(finding))),
            "settled_at": number(now),
        }
        await self._end_splitting(file_key(file_id), fence, refused)

    async def reopen_file(self, row: FileRow, now: float) -> bool:
        """As `Ledger.reopen_file`."""
        # Of a refused file nothing is planned: it may be read otherwise than it was.
        left = ", layout, cut, splitting_from" if row.state is FileState.REFUSED else ""
        item = await self._try_update(
            file_key(row.file.file_id),
            f"SET file_state = :splitting, taken_up_at = :now, worked_at = :now, leased_until = :zero, {CHANGED}"
            f" REMOVE refused, stalled_at{left} ADD endings :one",
            f"file_state = :was AND endings = :endings AND {KNOWN}",
            {
                ":splitting": text(FileState.SPLITTING),
                ":was": text(row.state),
                ":endings": number(row.ends),
                ":now": number(now),
                ":zero": number(0),
                ":one": number(1),
                **self._changed(versions.FILE),
            },
        )
        ensure_known_file(item.was or {})
        return item.was is None

    async def stage_file(self, file: SourceFile, fence: int) -> None:
        """As `Ledger.stage_file`."""
        await self._update(
            file_key(file.file_id),
            f"SET #file = :file, {CHANGED}",
            f"file_state = :splitting AND {FENCED}",
            {
                ":file": text(file.model_dump_json()),
                ":splitting": text(FileState.SPLITTING),
                ":fence": number(fence),
                **self._changed(versions.FILE),
            },
            {"#file": "file"},
        )

    async def unpack_file(self, file_id: str, fence: int, files: int, now: float) -> None:
        """As `Ledger.unpack_file`."""
        unpacked = {
            "file_state": text(FileState.UNPACKED),
            "unpacked_files": number(files),
            "settled_at": number(now),
        }
        await self._end_splitting(file_key(file_id), fence, unpacked)

    async def _end_splitting(
        self, key: Item, fence: int, changes: Item, removes: str = "", follows: Usage = NOTHING
    ) -> None:
        """Writes what the splitting of a file has come to, and tells what it took, with what surely follows."""
        sets = ", ".join(f"{name} = :{name}" for name in changes)
        values = {f":{name}": value for name, value in changes.items()}
        values |= {":splitting": text(FileState.SPLITTING), ":fence": number(fence), **self._changed(versions.FILE)}
        update, values = told.telling(
            key, f"SET {sets}, {CHANGED}{removes}", values, told.writing(key, changes) + follows
        )
        await self._update(key, update, f"file_state = :splitting AND {FENCED}", values)

    async def settle_file(self, file_id: str, ends: int, now: float) -> bool:
        """As `Ledger.settle_file`."""
        key = file_key(file_id)
        update, values = told.telling(
            key,
            "SET file_state = :settled, settled_at = :now, "
            f" first_settled_at = if_not_exists(first_settled_at, if_not_exists(settled_at, :now)), {CHANGED}",
            {
                ":settled": text(FileState.SETTLED),
                ":sealed": text(FileState.SEALED),
                ":endings": number(ends),
                ":now": number(now),
                **self._changed(versions.FILE),
            },
            told.settled(key),
        )
        item = await self._try_update(key, update, f"file_state = :sealed AND endings = :endings AND {KNOWN}", values)
        ensure_known_file(item.was or {})
        return item.was is None

    async def release_file(self, file_id: str, fence: int, setback: Setback | None = None) -> None:
        """As `Ledger.release_file`."""
        splitting = {":splitting": text(FileState.SPLITTING)}
        await self._release(file_key(file_id), fence, setback, "file_state = :splitting", splitting, {})

    async def file(self, file_id: str) -> FileRow | None:
        """As `Ledger.file`."""
        item = await self._get(file_key(file_id))
        return file_row(item) if item else None

    async def tie_return(self, file_id: str, origin: str) -> None:
        """As `Ledger.tie_return`."""
        for one, name, other in ((file_id, "origins", origin), (origin, "returned_in", file_id)):
            await self._try_update(
                file_key(one),
                "ADD #name :other",
                "attribute_exists(pk) AND (attribute_not_exists(#name) OR size(#name) < :most)",
                {":other": {"SS": [other]}, ":most": number(MOST_RETURNS)},
                {"#name": name},
            )
