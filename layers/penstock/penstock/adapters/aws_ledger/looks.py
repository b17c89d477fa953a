"""The ledger as the looks see it: which files are open, where a look goes on, and what it failed at."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass

from penstock.adapters.aws_faults import transient_faults
from penstock.adapters.aws_items import KNOWN, Item, number, read_items, text
from penstock.adapters.aws_ledger.items import CHANGED, chunk_key, ensure_known_file, file_key, listed_file, sortable
from penstock.adapters.aws_ledger.table import LedgerTable
from penstock.model import versions
from penstock.model.rows import KEPT, Fault, FileRow, FileState

FAULTS_KEPT = 3 * 86_400  #: seconds
AGAIN_KEPT = 14 * 86_400  #: seconds; twice as long as a message lives
ANYHOW = "attribute_exists(pk) OR attribute_not_exists(pk)"

_OPEN = (FileState.SPLITTING, FileState.SEALED)
_AGAIN = "AGAIN"  #: the key of all notes of what was begun again


@dataclass(frozen=True, slots=True)
class DynamoLooks(LedgerTable):
    """The looks of `Ledger`."""

    async def files(
        self, limit: int, *, before: float | None = None, after: float = 0.0, states: Collection[FileState] = KEPT
    ) -> list[FileRow]:
        """As `Ledger.files`: the newest of each state, merged."""
        rows = await self._in_states(states, limit, newest=True, after=after, before=before)
        return sorted(rows, key=lambda row: row.opened_at, reverse=True)

    async def open_files(self, limit: int, after: float = 0.0) -> list[FileRow]:
        """As `Ledger.open_files`: the oldest of each open state, merged. The index runs after the rows."""
        rows = await self._in_states(_OPEN, limit, newest=False, after=after)
        return sorted((row for row in rows if row.state in (*_OPEN, FileState.NEWER)), key=lambda row: row.opened_at)

    async def note_begun_again(self, file_id: str, now: float) -> None:
        """As `Ledger.note_begun_again`."""
        values = {":expires": number(int(now) + AGAIN_KEPT)}
        await self._try_update({"pk": text(_AGAIN), "sk": text(file_id)}, "SET expires_at = :expires", ANYHOW, values)

    async def files_begun_again(self, limit: int, after: float = 0.0) -> list[FileRow]:
        """As `Ledger.files_begun_again`."""
        keys = [file_key(note["sk"]["S"]) for note in await self._query(_AGAIN)]
        items = await read_items(self.dynamodb, self.table, keys, self.clock, self.rng)
        rows = [row for row in map(listed_file, items) if row.opened_at > after]
        return sorted(rows, key=lambda row: row.opened_at)[:limit]

    async def note_stalled(self, file_id: str, now: float) -> bool:
        """As `Ledger.note_stalled`."""
        item = await self._try_update(
            file_key(file_id),
            "SET stalled_at = :now",
            f"attribute_not_exists(stalled_at) AND file_state IN (:splitting, :sealed) AND {KNOWN}",
            {
                ":v": number(versions.FILE),
                ":now": number(now),
                ":splitting": text(FileState.SPLITTING),
                ":sealed": text(FileState.SEALED),
            },
        )
        ensure_known_file(item.was or {})
        return item.was is None

    async def note_resent(self, file_id: str, chunks: Sequence[int], now: float) -> None:
        """As `Ledger.note_resent`."""
        for key, version in [
            *((chunk_key(file_id, chunk), versions.CHUNK) for chunk in chunks),
            (file_key(file_id), versions.FILE),
        ]:
            await self._try_update(
                key,
                f"SET resent_at = :now, {CHANGED}",
                f"attribute_exists(pk) AND {KNOWN}",
                {":now": number(now), **self._changed(version)},
            )

    async def cursor(self, look: str) -> str:
        """As `Ledger.cursor`."""
        item = await self._get(_look_key(look))
        return item["next"]["S"] if item else ""

    async def keep_cursor(self, look: str, cursor: str) -> None:
        """As `Ledger.keep_cursor`."""
        values = {":next": text(cursor), ":expires": self._expiry()}
        update = "SET #next = :next, expires_at = :expires"
        await self._try_update(_look_key(look), update, ANYHOW, values, {"#next": "next"})

    async def note_fault(self, fault: Fault) -> None:
        """As `Ledger.note_fault`."""
        key = {"pk": text("FAULTS"), "sk": text(f"{fault.look}#{fault.about}")}
        values = {":fault": text(json.dumps(asdict(fault))), ":expires": number(int(fault.at) + FAULTS_KEPT)}
        await self._try_update(key, "SET fault = :fault, expires_at = :expires", ANYHOW, values)

    async def faults(self, since: float) -> list[Fault]:
        """As `Ledger.faults`."""
        faults = (Fault(**json.loads(item["fault"]["S"])) for item in await self._query("FAULTS"))
        return sorted((fault for fault in faults if fault.at >= since), key=lambda fault: fault.at)

    async def _in_states(
        self,
        states: Iterable[FileState],
        limit: int,
        *,
        newest: bool,
        after: float = 0.0,
        before: float | None = None,
    ) -> list[FileRow]:
        """The files opened last, or first, that the index has in these states; at most `limit`, in no order."""
        # The index has only BETWEEN for two bounds, which are both among what it finds: they are left out below.
        bounds = {":after": text(sortable(after))} | ({":before": text(sortable(before))} if before else {})
        opened = "opened_at BETWEEN :after AND :before" if before else "opened_at > :after"
        found: list[Item] = []
        for state in states:
            with transient_faults():
                answer = await self.dynamodb.query(
                    TableName=self.table,
                    IndexName="files_by_state",
                    KeyConditionExpression=f"file_state = :state AND {opened}",
                    ExpressionAttributeValues={":state": text(state), **bounds},
                    ScanIndexForward=not newest,
                    Limit=limit + 2 if before else limit,
                )
            found += (item for item in answer["Items"] if item["opened_at"] not in bounds.values())
        # By its key once: a file that moved on meanwhile was found in two states.
        unique = {item["pk"]["S"]: item for item in found}
        wanted = sorted(unique.values(), key=_opened_at, reverse=newest)[:limit]
        keys = ({"pk": item["pk"], "sk": item["sk"]} for item in wanted)
        return list(map(listed_file, await read_items(self.dynamodb, self.table, keys, self.clock, self.rng)))


def _look_key(look: str) -> Item:
    return {"pk": text(f"LOOK#{look}"), "sk": text("LOOK")}


def _opened_at(item: Item) -> str:
    return item["opened_at"]["S"]
