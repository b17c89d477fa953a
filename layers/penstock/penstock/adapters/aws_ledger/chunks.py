"""The chunks of the ledger."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from penstock.adapters.aws_items import KNOWN, Item, integer_of, number, text
from penstock.adapters.aws_ledger import told
from penstock.adapters.aws_ledger.items import (
    CHANGED,
    GOING,
    ROUND,
    STATE,
    chunk_key,
    chunk_row,
    ensure_known_file,
    file_key,
    going,
)
from penstock.adapters.aws_ledger.leases import (
    FENCED,
    FREE,
    LEASED,
    chunk_lease,
    chunk_or_planned,
    leasing,
    message_lease,
)
from penstock.adapters.aws_ledger.table import ATTEMPTS, LedgerTable
from penstock.io import metering
from penstock.model import versions
from penstock.model.errors import LeaseLost, Transient
from penstock.model.findings import Account, Outcome
from penstock.model.messages import ChunkMessage, DispatchMessage
from penstock.model.rows import ChunkRow, ChunkState, FileState, Lease
from penstock.model.setbacks import Setback
from penstock.model.usage import Usage

_CLAIMED = f"#round = :round, #span = if_not_exists(#span, :span), {LEASED}"
_CLAIMED_NAMES = STATE | ROUND | {"#only": "only", "#span": "span"}


@dataclass(frozen=True, slots=True)
class DynamoChunks(LedgerTable):
    """The chunks of `Ledger`."""

    async def claim_validation(self, message: ChunkMessage, now: float, seconds: float) -> Lease[ChunkRow]:
        """As `Ledger.claim_validation`. What a round is about is written by the claim that begins it."""
        key = chunk_key(message.file.file_id, message.span.chunk)
        values = {
            ":sent": text(ChunkState.SENT),
            ":released": {"BOOL": message.released},
            **self._claiming(message),
            **leasing(now, seconds),
        }
        item = await self._try_update(
            key,
            "SET #state = :sent, #only = if_not_exists(#only, :only),"
            f" released = if_not_exists(released, :released), {_CLAIMED}",
            f"{_unplanned(message)}({KNOWN} AND #round = :round AND ((#state = :sent AND {FREE}) OR #state = :dead))",
            values | {":dead": text(ChunkState.DEAD)},
            _CLAIMED_NAMES,
        )
        if item.was and message.generation > integer_of(item.was, "round"):
            item = await self._try_update(
                key,
                f"SET #state = :sent, #only = :only, released = :released, {_CLAIMED}",
                f"{KNOWN} AND #state = :settled AND #round < :round",
                values | {":settled": text(ChunkState.SETTLED)},
                _CLAIMED_NAMES,
            )
        return message_lease(item, now, message, ChunkState.SENT)

    async def mark_validated(self, message: DispatchMessage, fence: int) -> None:
        """As `Ledger.mark_validated`."""
        chunk = message.chunk
        key = chunk_key(chunk.file.file_id, chunk.span.chunk)
        update, values = told.telling(
            key,
            f"SET #state = :validated, leased_until = :zero, {CHANGED} REMOVE setback",
            {
                ":validated": text(ChunkState.VALIDATED),
                ":sent": text(ChunkState.SENT),
                ":round": number(chunk.generation),
                ":zero": number(0),
                ":fence": number(fence),
                **self._changed(versions.CHUNK),
            },
            told.writing(key, {}),
        )
        condition = f"#state = :sent AND #round = :round AND {FENCED}"
        item = await self._try_update(key, update, condition, values, STATE | ROUND)
        if item.was is None:
            return
        row = chunk_or_planned(item.was, chunk)
        if row.state is ChunkState.SENT and row.generation == chunk.generation:
            raise LeaseLost("another validator has taken the chunk over")

    async def begin_generation(self, message: ChunkMessage, now: float) -> bool:
        """As `Ledger.begin_generation`. Whether the file is settled decides what is done to it: it is taken to be, then
        not to be, until its condition holds."""
        file_id = message.file.file_id
        beginning = self._updating(
            chunk_key(file_id, message.span.chunk),
            f"SET #state = :sent, #round = :round, #only = :only, released = :released, worked_at = :now, {CHANGED}",
            f"{KNOWN} AND ((#state = :settled AND #round < :round) OR (#state = :dead AND #round = :round))",
            {
                ":sent": text(ChunkState.SENT),
                ":settled": text(ChunkState.SETTLED),
                ":dead": text(ChunkState.DEAD),
                ":round": number(message.generation),
                ":only": text(message.only),
                ":released": {"BOOL": message.released},
                ":now": number(now),
                **self._changed(versions.CHUNK),
            },
            STATE | ROUND | {"#only": "only"},
        )
        for attempt in range(ATTEMPTS):
            failed = await self._try_transact(beginning, self._opening(file_id, now, settled=attempt % 2 == 0))
            if not failed or 0 in failed:
                return not failed
        ensure_known_file(await self._get(file_key(file_id)) or {})
        raise Transient("the file kept being settled and reopened, or is not there")

    def _opening(self, file_id: str, now: float, *, settled: bool) -> Item:
        """Opens a file again, if it is `settled`, or tells that more of it was taken up, if it is not."""
        values = {":now": number(now), ":one": number(1), ":settled": text(FileState.SETTLED)}
        values |= self._changed(versions.FILE)
        opened = ""
        if settled:
            opened, values[":sealed"] = "file_state = :sealed, reopened_at = :now, ", text(FileState.SEALED)
        return self._updating(
            file_key(file_id),
            f"SET {opened}taken_up_at = :now, {CHANGED} REMOVE stalled_at ADD endings :one",
            f"attribute_exists(pk) AND {KNOWN} AND file_state {'=' if settled else '<>'} :settled",
            values,
        )

    async def claim_dispatch(self, message: DispatchMessage, now: float, seconds: float) -> Lease[ChunkRow]:
        """As `Ledger.claim_dispatch`."""
        chunk = message.chunk
        item = await self._try_update(
            chunk_key(chunk.file.file_id, chunk.span.chunk),
            f"SET #state = :validated, #only = if_not_exists(#only, :only), {_CLAIMED}",
            f"{_unplanned(chunk)}({KNOWN} AND #round = :round"
            f" AND (#state IN (:sent, :dead) OR (#state = :validated AND {FREE})))",
            {
                ":sent": text(ChunkState.SENT),
                ":dead": text(ChunkState.DEAD),
                ":validated": text(ChunkState.VALIDATED),
                **self._claiming(chunk),
                **leasing(now, seconds),
            },
            _CLAIMED_NAMES,
        )
        return message_lease(item, now, chunk, ChunkState.VALIDATED)

    async def claim_ending(
        self, file_id: str, chunk: int, in_generation: int, now: float, seconds: float
    ) -> Lease[ChunkRow]:
        """As `Ledger.claim_ending`."""
        item = await self._try_update(
            chunk_key(file_id, chunk),
            f"SET {LEASED}",
            f"#round = :round AND {GOING} AND {FREE} AND {KNOWN}",
            {
                ":round": number(in_generation),
                **self._changed(versions.CHUNK),
                **going(),
                **leasing(now, seconds),
            },
            STATE | ROUND,
        )
        return chunk_lease(item, now, in_generation, ChunkState.SENT, ChunkState.VALIDATED)

    async def claim_generation(self, chunk: ChunkRow, only: str, now: float, seconds: float) -> Lease[ChunkRow]:
        """As `Ledger.claim_generation`. A settled chunk is always free."""
        item = await self._try_update(
            chunk_key(chunk.file_id, chunk.span.chunk),
            f"SET #state = :validated, #round = :next, #only = :only, released = :no, {LEASED}",
            f"#state = :settled AND #round = :round AND {FREE} AND {KNOWN}",
            {
                ":validated": text(ChunkState.VALIDATED),
                ":settled": text(ChunkState.SETTLED),
                ":round": number(chunk.generation),
                ":next": number(chunk.generation + 1),
                ":only": text(only),
                ":no": {"BOOL": False},
                **self._changed(versions.CHUNK),
                **leasing(now, seconds),
            },
            STATE | ROUND | {"#only": "only"},
        )
        return chunk_lease(item, now, chunk.generation)

    async def release_chunk(self, chunk: ChunkRow, fence: int, setback: Setback | None = None) -> None:
        """As `Ledger.release_chunk`."""
        await self._release(chunk_key(chunk.file_id, chunk.span.chunk), fence, setback, GOING, going(), STATE)

    async def holds(self, chunk: ChunkRow, fence: int) -> bool:
        """As `Ledger.holds`."""
        item = await self._get(chunk_key(chunk.file_id, chunk.span.chunk))
        if item is None or integer_of(item, "fence") != fence:
            return False
        return item["state"]["S"] in (ChunkState.SENT, ChunkState.VALIDATED)

    async def end_chunk(
        self,
        chunk: ChunkRow,
        fence: int,
        state: ChunkState,
        counted: Account,
        findings: Mapping[str, int],
        now: float,
    ) -> None:
        """As `Ledger.end_chunk`. An ending that follows another needs to know whether the file is settled: it takes it
        to be, then not to be, until the file's condition holds."""
        key, changes = chunk_key(chunk.file_id, chunk.span.chunk), _changes(chunk, state, counted, findings)
        ended = {
            "ended": text(state),
            "ended_under": number(fence),
            "counted": text(json.dumps(counted)),
            "findings": text(json.dumps(dict(findings))),
            "settled_at": number(now),
        }
        update, values = told.telling(
            key,
            "SET #state = :ended, ended = :ended, ended_under = :ended_under, counted = :counted,"
            f" findings = :findings, settled_at = :settled_at, leased_until = :zero, {CHANGED} REMOVE setback",
            {
                **{f":{name}": value for name, value in ended.items()},
                ":zero": number(0),
                ":fence": number(fence),
                **self._changed(versions.CHUNK),
                **going(),
            },
            await self._ending(chunk, ended, changes),
        )
        ending = self._updating(key, update, f"{GOING} AND {FENCED}", values, STATE)
        follows = chunk.ended is not None
        for attempt in range(ATTEMPTS):
            settled = attempt % 2 == 0 if follows else None
            failed = await self._try_transact(ending, self._counting(chunk, changes, settled))
            if not failed:
                return
            if 0 in failed:
                raise LeaseLost("another worker has taken the chunk over, or ended it")
        ensure_known_file(await self._get(file_key(chunk.file_id)) or {})
        raise Transient("the file kept being settled and reopened, or is not there")

    async def _ending(self, chunk: ChunkRow, ended: Item, changes: Mapping[str, int]) -> Usage:
        """What ends a chunk takes: both rows, and a look whether the file has ended with it. Where nothing is metered,
        nobody looks how large the file's row is."""
        if metering.current() is None:
            return Usage()
        key = file_key(chunk.file_id)
        row = await self._get(key) or {}
        counted = {name: number(integer_of(row, name) + change) for name, change in changes.items()}
        if chunk.ended and row.get("file_state") == text(FileState.SETTLED):
            counted |= {"file_state": text(FileState.SEALED), "reopened_at": number(chunk.round_began_at)}
        both = told.writing(chunk_key(chunk.file_id, chunk.span.chunk), ended, 2) + told.writing(key, counted, 2)
        return both + told.reading(key)

    def _counting(self, chunk: ChunkRow, changes: Mapping[str, int], settled: bool | None) -> Item:
        """The change of a file's counters; if it is `settled`, or if it is not, where that matters."""
        names = {f"#c{place}": name for place, name in enumerate(changes)}
        values = {f":c{place}": number(change) for place, change in enumerate(changes.values())}
        values |= self._changed(versions.FILE)
        update = f"{CHANGED} ADD {', '.join(f'#c{place} :c{place}' for place in range(len(changes)))}"
        condition = f"attribute_exists(pk) AND {KNOWN}"
        if settled is not None:
            values[":settled"] = text(FileState.SETTLED)
            condition += f" AND file_state {'=' if settled else '<>'} :settled"
        if settled:
            values |= {":sealed": text(FileState.SEALED), ":began": number(chunk.round_began_at)}
            update = f"file_state = :sealed, reopened_at = :began, {update}"
        return self._updating(file_key(chunk.file_id), f"SET {update}", condition, values, names)

    async def chunk(self, file_id: str, chunk: int) -> ChunkRow | None:
        """As `Ledger.chunk`."""
        item = await self._get(chunk_key(file_id, chunk))
        return chunk_row(item) if item else None

    async def chunks(self, file_id: str) -> list[ChunkRow]:
        """As `Ledger.chunks`."""
        return [chunk_row(item) for item in await self._query_file(file_id, "CHUNK#")]

    def _claiming(self, message: ChunkMessage) -> Item:
        return {
            ":round": number(message.generation),
            ":only": text(message.only),
            ":span": text(message.span.model_dump_json()),
            **self._changed(versions.CHUNK),
        }


def _unplanned(message: ChunkMessage) -> str:
    """The splitter's row may not have come to be seen; but a later round follows one that ended."""
    return "" if message.generation else "attribute_not_exists(pk) OR "


def _changes(chunk: ChunkRow, state: ChunkState, counted: Account, findings: Mapping[str, int]) -> dict[str, int]:
    """By how much the file's counters change: the chunk's ending without the one before."""
    changed = Counter({f"n_{outcome}": counted[outcome] - chunk.counted[outcome] for outcome in Outcome})
    changed.update({f"f_{code}": number for code, number in findings.items()})
    changed.subtract({f"f_{code}": number for code, number in chunk.findings.items()})
    changed["chunks_settled"] = (state is ChunkState.SETTLED) - (chunk.ended is ChunkState.SETTLED)
    changed["chunks_dead"] = (state is ChunkState.DEAD) - (chunk.ended is ChunkState.DEAD)
    return {"endings": 1} | {name: change for name, change in changed.items() if change}
