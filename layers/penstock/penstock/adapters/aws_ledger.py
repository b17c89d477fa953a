"""The ledger in one DynamoDB table.

    pk            sk                    what
    FILE#<id>     FILE                  a file's row; `file_state` and `opened_at` index it (files_by_state)
    FILE#<id>     CHUNK#000007          a chunk's row
    FILE#<id>     BATCH#000007#002      a batch's row

A lease on a row, and who may write it:

    fence 3, leased_until 10:05 ────────── 10:05 ────────────────────────
    worker A claims: fence := 3            worker B claims: fence := 4
    A writes under fence 3: taken          A writes under fence 3: LeaseLost
"""

import json
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import batched
from typing import Any

from botocore.exceptions import ClientError

from penstock.adapters.aws_faults import code_of, insert_fault, transient_faults
from penstock.adapters.aws_items import Item, Updated, read_items, try_update, update_of
from penstock.adapters.aws_items import float_of as _float
from penstock.adapters.aws_items import integer_of as _int
from penstock.adapters.aws_items import number as _n
from penstock.adapters.aws_items import text as _s
from penstock.io.retry import backoff
from penstock.model.errors import LeaseLost, PenstockError, Transient
from penstock.model.findings import Account, Finding, Noted, Outcome, Severity
from penstock.model.ids import chunk_name
from penstock.model.messages import Checkpoint, ChunkMessage, DispatchMessage, Layout, SourceFile, Span
from penstock.model.ordinals import folded, unfolded
from penstock.model.rows import BatchRow, BatchState, ChunkRow, ChunkState, FileRow, FileState, Lease
from penstock.ports.clock import Clock

TRANSACTED = 90  #: items written in one transaction beside its condition checks; DynamoDB takes 100
INSERTED = 25  #: BatchExecuteStatement takes no more
ATTEMPTS = 8  #: for transactions that met another on the same file's row

FENCED = "fence = :fence"
FREE = "leased_until <= :now"


@dataclass(frozen=True, slots=True)
class DynamoLedger:
    """As `Ledger`. `ttl_seconds` is how long a row outlives its making."""

    dynamodb: Any
    table: str
    clock: Clock
    ttl_seconds: int
    rng: random.Random = field(default_factory=random.Random)

    # -- files ---------------------------------------------------------------------------------------------------

    async def claim_file(self, file: SourceFile, now: float, seconds: float) -> Lease[FileRow]:
        """As `Ledger.claim_file`."""
        item = await self._try_update(
            _file_key(file.file_id),
            "SET #file = if_not_exists(#file, :file), feed = if_not_exists(feed, :feed),"
            " file_state = if_not_exists(file_state, :splitting), opened_at = if_not_exists(opened_at, :opened),"
            " endings = if_not_exists(endings, :zero), expires_at = if_not_exists(expires_at, :expires),"
            f" {_LEASED}",
            f"attribute_not_exists(pk) OR (file_state = :splitting AND {FREE})",
            {
                ":file": _s(file.model_dump_json()),
                ":feed": _s(file.feed),
                ":opened": _s(_sortable(now)),
                ":splitting": _s(FileState.SPLITTING),
                ":expires": self._expiry(),
                **_leasing(now, seconds),
            },
            {"#file": "file"},
        )
        if item.was is None:
            return Lease(_file_row(item.now), _int(item.now, "fence"))
        row = _file_row(item.was)
        return Lease(row, None, _busy(item.was, now) if row.state is FileState.SPLITTING else 0.0)

    async def plan_chunks(self, file: SourceFile, spans: Sequence[Span]) -> None:
        """As `Ledger.plan_chunks`: conditional inserts, so that a row further on is never set back."""
        insert = (
            f"INSERT INTO \"{self.table}\" VALUE {{'pk':?,'sk':?,'state':?,'span':?,'round':0,'fence':0,"
            "'leased_until':0,'expires_at':?}"
        )
        left = list(spans)
        for attempt in range(1, ATTEMPTS + 1):
            throttled: list[Span] = []
            for group in batched(left, INSERTED, strict=False):
                statements = [
                    {"Statement": insert, "Parameters": [*_chunk_key(file.file_id, span.chunk).values(),
                     _s(ChunkState.SENT), _s(span.model_dump_json()), self._expiry()]}
                    for span in group
                ]  # fmt: skip
                with transient_faults():
                    answer = await self.dynamodb.batch_execute_statement(Statements=statements)
                throttled += [
                    span
                    for span, response in zip(group, answer["Responses"], strict=True)
                    if insert_fault(response) not in (None, "DuplicateItem")
                ]
            if not throttled:
                return
            left = throttled
            await self.clock.sleep(backoff(attempt, self.rng) / 10)
        raise Transient(f"{len(left)} chunks could not be written to the ledger")

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
    ) -> None:
        """As `Ledger.seal_file`."""
        await self._update(
            _file_key(file_id),
            "SET file_state = :sealed, layout = :layout, chunks = :chunks, received = :received,"
            " sha256_tree = :sha256_tree, noted = :noted, sealed_at = :now REMOVE splitting_from",
            f"file_state = :splitting AND {FENCED}",
            {
                ":sealed": _s(FileState.SEALED),
                ":splitting": _s(FileState.SPLITTING),
                ":layout": _s(layout.model_dump_json()),
                ":chunks": _n(chunks),
                ":received": _n(received),
                ":sha256_tree": _s(sha256_tree),
                ":noted": _s(noted.model_dump_json()),
                ":now": _n(now),
                ":fence": _n(fence),
            },
        )

    async def note_checkpoint(self, file_id: str, fence: int, checkpoint: Checkpoint) -> None:
        """As `Ledger.note_checkpoint`."""
        await self._update(
            _file_key(file_id),
            "SET splitting_from = :checkpoint",
            f"file_state = :splitting AND {FENCED}",
            {
                ":checkpoint": _s(checkpoint.model_dump_json()),
                ":splitting": _s(FileState.SPLITTING),
                ":fence": _n(fence),
            },
        )

    async def refuse_file(self, file_id: str, fence: int, finding: Finding, now: float) -> None:
        """As `Ledger.refuse_file`."""
        await self._update(
            _file_key(file_id),
            "SET file_state = :refused, refused = :finding, settled_at = :now",
            f"file_state = :splitting AND {FENCED}",
            {
                ":refused": _s(FileState.REFUSED),
                ":splitting": _s(FileState.SPLITTING),
                ":finding": _s(json.dumps(asdict(finding))),
                ":now": _n(now),
                ":fence": _n(fence),
            },
        )

    async def stage_file(self, file: SourceFile, fence: int) -> None:
        """As `Ledger.stage_file`."""
        await self._update(
            _file_key(file.file_id),
            "SET #file = :file",
            f"file_state = :splitting AND {FENCED}",
            {":file": _s(file.model_dump_json()), ":splitting": _s(FileState.SPLITTING), ":fence": _n(fence)},
            {"#file": "file"},
        )

    async def unpack_file(self, file_id: str, fence: int, files: int, now: float) -> None:
        """As `Ledger.unpack_file`."""
        await self._update(
            _file_key(file_id),
            "SET file_state = :unpacked, unpacked_files = :files, settled_at = :now",
            f"file_state = :splitting AND {FENCED}",
            {
                ":unpacked": _s(FileState.UNPACKED),
                ":splitting": _s(FileState.SPLITTING),
                ":files": _n(files),
                ":now": _n(now),
                ":fence": _n(fence),
            },
        )

    async def settle_file(self, file_id: str, endings: int, now: float) -> bool:
        """As `Ledger.settle_file`."""
        item = await self._try_update(
            _file_key(file_id),
            "SET file_state = :settled, settled_at = :now",
            "file_state = :sealed AND endings = :endings",
            {
                ":settled": _s(FileState.SETTLED),
                ":sealed": _s(FileState.SEALED),
                ":endings": _n(endings),
                ":now": _n(now),
            },
        )
        return item.was is None

    async def release_file(self, file_id: str, fence: int) -> None:
        """As `Ledger.release_file`."""
        await self._release(_file_key(file_id), fence)

    async def file(self, file_id: str) -> FileRow | None:
        """As `Ledger.file`."""
        item = await self._get(_file_key(file_id))
        return _file_row(item) if item else None

    async def files(self, limit: int) -> list[FileRow]:
        """As `Ledger.files`: the newest of each state, merged."""
        rows = await self._in_states(FileState, limit, newest=True)
        return sorted(rows, key=lambda row: row.opened_at, reverse=True)

    async def open_files(self, limit: int) -> list[FileRow]:
        """As `Ledger.open_files`: the oldest of each open state, merged. The index runs after the rows."""
        rows = await self._in_states(_OPEN, limit, newest=False)
        return sorted((row for row in rows if row.state in _OPEN), key=lambda row: row.opened_at)

    async def note_stalled(self, file_id: str, now: float) -> bool:
        """As `Ledger.note_stalled`."""
        item = await self._try_update(
            _file_key(file_id),
            "SET stalled_at = :now",
            "attribute_not_exists(stalled_at) AND file_state IN (:splitting, :sealed)",
            {":now": _n(now), ":splitting": _s(FileState.SPLITTING), ":sealed": _s(FileState.SEALED)},
        )
        return item.was is None

    async def _in_states(self, states: Iterable[FileState], limit: int, *, newest: bool) -> list[FileRow]:
        """The files opened last, or first, that the index has in these states; at most `limit`, in no order."""
        found: list[Item] = []
        for state in states:
            with transient_faults():
                answer = await self.dynamodb.query(
                    TableName=self.table,
                    IndexName="files_by_state",
                    KeyConditionExpression="file_state = :state",
                    ExpressionAttributeValues={":state": _s(state)},
                    ScanIndexForward=not newest,
                    Limit=limit,
                )
            found += answer["Items"]
        # By its key once: a file that moved on meanwhile was found in two states.
        unique = {item["pk"]["S"]: item for item in found}
        wanted = sorted(unique.values(), key=_opened_at, reverse=newest)[:limit]
        keys = ({"pk": item["pk"], "sk": item["sk"]} for item in wanted)
        return [_file_row(item) for item in await read_items(self.dynamodb, self.table, keys, self.clock, self.rng)]

    # -- chunks --------------------------------------------------------------------------------------------------

    async def claim_validation(self, message: ChunkMessage, now: float, seconds: float) -> Lease[ChunkRow]:
        """As `Ledger.claim_validation`."""
        item = await self._try_update(
            _chunk_key(message.file.file_id, message.span.chunk),
            f"SET #state = :sent, #only = :only, {_CLAIMED}",
            f"{_unplanned(message)}(#round = :round AND ((#state = :sent AND {FREE}) OR #state = :dead))"
            " OR (#state = :settled AND #round < :round)",
            {
                ":sent": _s(ChunkState.SENT),
                ":dead": _s(ChunkState.DEAD),
                ":settled": _s(ChunkState.SETTLED),
                **self._claiming(message),
                **_leasing(now, seconds),
            },
            _CLAIMED_NAMES,
        )
        return _message_lease(item, now, message, ChunkState.SENT)

    async def mark_validated(self, message: DispatchMessage, fence: int) -> None:
        """As `Ledger.mark_validated`."""
        chunk = message.chunk
        item = await self._try_update(
            _chunk_key(chunk.file.file_id, chunk.span.chunk),
            "SET #state = :validated, leased_until = :zero",
            f"#state = :sent AND #round = :round AND {FENCED}",
            {
                ":validated": _s(ChunkState.VALIDATED),
                ":sent": _s(ChunkState.SENT),
                ":round": _n(chunk.generation),
                ":zero": _n(0),
                ":fence": _n(fence),
            },
            _STATE | _ROUND,
        )
        if item.was is None:
            return
        row = _chunk_or_planned(item.was, chunk)
        if row.state is ChunkState.SENT and row.generation == chunk.generation:
            raise LeaseLost("another validator has taken the chunk over")

    async def claim_dispatch(self, message: DispatchMessage, now: float, seconds: float) -> Lease[ChunkRow]:
        """As `Ledger.claim_dispatch`."""
        chunk = message.chunk
        item = await self._try_update(
            _chunk_key(chunk.file.file_id, chunk.span.chunk),
            f"SET #state = :validated, #only = if_not_exists(#only, :only), {_CLAIMED}",
            f"{_unplanned(chunk)}(#round = :round AND (#state IN (:sent, :dead) OR (#state = :validated AND {FREE})))",
            {
                ":sent": _s(ChunkState.SENT),
                ":dead": _s(ChunkState.DEAD),
                ":validated": _s(ChunkState.VALIDATED),
                **self._claiming(chunk),
                **_leasing(now, seconds),
            },
            _CLAIMED_NAMES,
        )
        return _message_lease(item, now, chunk, ChunkState.VALIDATED)

    async def claim_ending(
        self, file_id: str, chunk: int, in_generation: int, now: float, seconds: float
    ) -> Lease[ChunkRow]:
        """As `Ledger.claim_ending`."""
        item = await self._try_update(
            _chunk_key(file_id, chunk),
            f"SET {_LEASED}",
            f"#round = :round AND {_GOING} AND {FREE}",
            {":round": _n(in_generation), **_going(), **_leasing(now, seconds)},
            _STATE | _ROUND,
        )
        return _chunk_lease(item, now, in_generation, ChunkState.SENT, ChunkState.VALIDATED)

    async def claim_generation(self, chunk: ChunkRow, only: str, now: float, seconds: float) -> Lease[ChunkRow]:
        """As `Ledger.claim_generation`. A settled chunk is always free."""
        item = await self._try_update(
            _chunk_key(chunk.file_id, chunk.span.chunk),
            f"SET #state = :validated, #round = :next, #only = :only, {_LEASED}",
            f"#state = :settled AND #round = :round AND {FREE}",
            {
                ":validated": _s(ChunkState.VALIDATED),
                ":settled": _s(ChunkState.SETTLED),
                ":round": _n(chunk.generation),
                ":next": _n(chunk.generation + 1),
                ":only": _s(only),
                **_leasing(now, seconds),
            },
            _STATE | _ROUND | {"#only": "only"},
        )
        return _chunk_lease(item, now, chunk.generation)

    async def release_chunk(self, chunk: ChunkRow, fence: int) -> None:
        """As `Ledger.release_chunk`."""
        await self._release(_chunk_key(chunk.file_id, chunk.span.chunk), fence)

    async def holds(self, chunk: ChunkRow, fence: int) -> bool:
        """As `Ledger.holds`."""
        item = await self._get(_chunk_key(chunk.file_id, chunk.span.chunk))
        if item is None or _int(item, "fence") != fence:
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
        ending = self._put(
            _chunk_key(chunk.file_id, chunk.span.chunk),
            "SET #state = :ended, ended = :ended, ended_under = :fence, counted = :counted, findings = :findings,"
            " settled_at = :now, leased_until = :zero",
            f"{_GOING} AND {FENCED}",
            {
                ":ended": _s(state),
                ":counted": _s(json.dumps(counted)),
                ":findings": _s(json.dumps(dict(findings))),
                ":now": _n(now),
                ":zero": _n(0),
                ":fence": _n(fence),
                **_going(),
            },
            _STATE,
        )
        changes = _changes(chunk, state, counted, findings)
        follows = chunk.ended is not None
        for attempt in range(ATTEMPTS):
            settled = attempt % 2 == 0 if follows else None
            failed = await self._try_transact(ending, self._counting(chunk.file_id, changes, settled))
            if failed is None:
                return
            if failed == 0:
                raise LeaseLost("another worker has taken the chunk over, or ended it")
        raise Transient("the file kept being settled and reopened, or is not there")

    def _counting(self, file_id: str, changes: Mapping[str, int], settled: bool | None) -> Item:
        """The change of a file's counters; if it is `settled`, or if it is not, where that matters."""
        names = {f"#c{place}": name for place, name in enumerate(changes)}
        values = {f":c{place}": _n(change) for place, change in enumerate(changes.values())}
        update = f"ADD {', '.join(f'#c{place} :c{place}' for place in range(len(changes)))}"
        condition = "attribute_exists(pk)"
        if settled is not None:
            values[":settled"] = _s(FileState.SETTLED)
            condition += f" AND file_state {'=' if settled else '<>'} :settled"
        if settled:
            values[":sealed"] = _s(FileState.SEALED)
            update = f"SET file_state = :sealed {update}"
        return self._put(_file_key(file_id), update, condition, values, names)

    async def chunk(self, file_id: str, chunk: int) -> ChunkRow | None:
        """As `Ledger.chunk`."""
        item = await self._get(_chunk_key(file_id, chunk))
        return _chunk_row(item) if item else None

    async def chunks(self, file_id: str) -> list[ChunkRow]:
        """As `Ledger.chunks`."""
        return [_chunk_row(item) for item in await self._query(file_id, "CHUNK#")]

    # -- batches -------------------------------------------------------------------------------------------------

    async def batches(self, file_id: str, chunk: int) -> list[BatchRow]:
        """As `Ledger.batches`."""
        rows = [_batch_row(item) for item in await self._query(file_id, f"BATCH#{chunk_name(chunk)}#")]
        return sorted(rows, key=lambda row: row.number)

    async def fix_batches(self, chunk: ChunkRow, fence: int, batches: Sequence[BatchRow]) -> None:
        """As `Ledger.fix_batches`."""
        for group in batched(batches, TRANSACTED, strict=False):
            puts = [
                {
                    "Put": {
                        "TableName": self.table,
                        "Item": {
                            **_batch_key(chunk, batch.number),
                            "state": _s(batch.state),
                            "ordinals": _s(folded(batch.ordinals)),
                            "round": _n(batch.generation),
                            "attempts": _n(0),
                            "expires_at": self._expiry(),
                        },
                        "ConditionExpression": "attribute_not_exists(pk)",
                    }
                }
                for batch in group
            ]
            await self._transact(self._holding(chunk, fence), *puts)

    async def begin_attempt(self, chunk: ChunkRow, fence: int, batch: BatchRow, now: float) -> BatchRow:
        """As `Ledger.begin_attempt`."""
        first = now if batch.first_sent_at is None else batch.first_sent_at
        begun = replace(batch, attempts=batch.attempts + 1, first_sent_at=first, unanswered=True)
        await self._write_batch(
            chunk,
            fence,
            batch,
            "SET attempts = :attempts, first_sent_at = :first, unanswered = :yes",
            {":attempts": _n(begun.attempts), ":first": _n(first), ":yes": {"BOOL": True}},
        )
        return begun

    async def note_answer(self, chunk: ChunkRow, fence: int, batch: BatchRow) -> None:
        """As `Ledger.note_answer`."""
        await self._write_batch(
            chunk, fence, batch, "SET unanswered = :unanswered", {":unanswered": {"BOOL": batch.unanswered}}
        )

    async def end_batch(self, chunk: ChunkRow, fence: int, batch: BatchRow) -> None:
        """As `Ledger.end_batch`."""
        await self._write_batch(
            chunk,
            fence,
            batch,
            "SET #state = :state, refused = :refused, #returned = :returned, unanswered = :unanswered",
            {
                ":state": _s(batch.state),
                ":refused": _s(folded(batch.refused)),
                ":returned": _s(folded(batch.returned)),
                ":unanswered": {"BOOL": batch.unanswered},
                ":held": _s(BatchState.HELD),
            },
            {"#returned": "returned"},
            "#state IN (:attempted, :unknown, :held)",
        )

    async def _write_batch(
        self,
        chunk: ChunkRow,
        fence: int,
        batch: BatchRow,
        update: str,
        values: Item,
        names: Mapping[str, str] | None = None,
        condition: str = "#state IN (:attempted, :unknown)",
    ) -> None:
        """Writes a batch that is on its way, under the lease on its chunk."""
        on_its_way = {":attempted": _s(BatchState.ATTEMPTED), ":unknown": _s(BatchState.UNKNOWN)}
        await self._transact(
            self._holding(chunk, fence),
            self._put(
                _batch_key(chunk, batch.number),
                update,
                condition,
                values | on_its_way,
                _STATE | dict(names or {}),
            ),
        )

    # -- DynamoDB ------------------------------------------------------------------------------------------------

    def _expiry(self) -> Item:
        return _n(int(self.clock.now()) + self.ttl_seconds)

    async def _get(self, key: Item) -> Item | None:
        with transient_faults():
            answer = await self.dynamodb.get_item(TableName=self.table, Key=key, ConsistentRead=True)
        return answer.get("Item")

    async def _query(self, file_id: str, prefix: str) -> list[Item]:
        items: list[Item] = []
        request: Item = {
            "TableName": self.table,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
            "ExpressionAttributeValues": {":pk": _s(f"FILE#{file_id}"), ":prefix": _s(prefix)},
            "ConsistentRead": True,
        }
        while True:
            with transient_faults():
                answer = await self.dynamodb.query(**request)
            items += answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return items
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _claiming(self, message: ChunkMessage) -> Item:
        return {
            ":round": _n(message.generation),
            ":only": _s(message.only),
            ":span": _s(message.span.model_dump_json()),
            ":expires": self._expiry(),
        }

    def _put(
        self, key: Item, update: str, condition: str, values: Item, names: Mapping[str, str] | None = None
    ) -> Item:
        """An update as a transaction takes it."""
        return {"Update": update_of(self.table, key, update, condition, values, names)}

    def _holding(self, chunk: ChunkRow, fence: int) -> Item:
        """The condition that we still hold the chunk."""
        return {
            "ConditionCheck": {
                "TableName": self.table,
                "Key": _chunk_key(chunk.file_id, chunk.span.chunk),
                "ConditionExpression": f"{_GOING} AND {FENCED}",
                "ExpressionAttributeNames": _STATE,
                "ExpressionAttributeValues": {":fence": _n(fence), **_going()},
            }
        }

    async def _try_update(
        self, key: Item, update: str, condition: str, values: Item, names: Mapping[str, str] | None = None
    ) -> Updated:
        """An update under a condition: the item as it is now, or, where the condition did not hold, as it was."""
        return await try_update(self.dynamodb, update_of(self.table, key, update, condition, values, names))

    async def _update(
        self, key: Item, update: str, condition: str, values: Item, names: Mapping[str, str] | None = None
    ) -> None:
        """An update of a file's row that must hold. One that met a transaction, as a chunk that ends meanwhile makes
        on the same row, is tried again."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                updated = await self._try_update(key, update, condition, values, names)
            except Transient as error:
                if attempt == ATTEMPTS or not _met_a_transaction(error):
                    raise
                await self.clock.sleep(backoff(attempt, self.rng) / 20)
                continue
            if updated.was is not None:
                raise LeaseLost("another worker has taken the row over, or moved it on")
            return

    async def _release(self, key: Item, fence: int) -> None:
        await self._try_update(key, "SET leased_until = :zero", FENCED, {":zero": _n(0), ":fence": _n(fence)})

    async def _transact(self, *items: Item) -> None:
        """All or nothing, under conditions that must hold."""
        if await self._try_transact(*items) is not None:
            raise LeaseLost("another worker has taken the row over, or moved it on")

    async def _try_transact(self, *items: Item) -> int | None:
        """All or nothing: the place of the first item whose condition did not hold, None where it is done. What met
        another transaction on the same row is tried again."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with transient_faults():
                    await self.dynamodb.transact_write_items(TransactItems=list(items))
                return None
            except ClientError as error:
                if code_of(error) != "TransactionCanceledException":
                    raise
                reasons = _reasons(error)
                if "ConditionalCheckFailed" in reasons:
                    return reasons.index("ConditionalCheckFailed")
                if "ValidationError" in reasons or "ItemCollectionSizeLimitExceeded" in reasons:
                    raise PenstockError(f"DynamoDB refuses the write: {reasons}") from error
            await self.clock.sleep(backoff(attempt, self.rng) / 20)
        raise Transient("the transaction kept meeting others on the same row")


def _met_a_transaction(error: Transient) -> bool:
    return isinstance(error.__cause__, ClientError) and code_of(error.__cause__) == "TransactionConflictException"


def _reasons(error: ClientError) -> list[str]:
    """Why a transaction was cancelled, by the places of its items."""
    response: Any = error.response
    return [reason.get("Code", "None") for reason in response.get("CancellationReasons", ())]


_OPEN = (FileState.SPLITTING, FileState.SEALED)
_STATE = {"#state": "state"}
_ROUND = {"#round": "round"}
_GOING = "#state IN (:sent, :validated)"
_LEASED = "fence = if_not_exists(fence, :zero) + :one, leased_until = :until"
_CLAIMED = (
    f"#round = :round, #span = if_not_exists(#span, :span), expires_at = if_not_exists(expires_at, :expires), {_LEASED}"
)
_CLAIMED_NAMES = _STATE | _ROUND | {"#only": "only", "#span": "span"}


def _going() -> Item:
    return {":sent": _s(ChunkState.SENT), ":validated": _s(ChunkState.VALIDATED)}


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


def _leasing(now: float, seconds: float) -> Item:
    return {":now": _n(now), ":until": _n(now + seconds), ":zero": _n(0), ":one": _n(1)}


def _chunk_lease(item: Updated, now: float, in_generation: int, *stages: ChunkState) -> Lease[ChunkRow]:
    """The answer to a claim: another has the chunk, if it is in this round and at one of these stages."""
    if item.was is None:
        return Lease(_chunk_row(item.now), _int(item.now, "fence"))
    row = _chunk_row(item.was)
    return Lease(row, None, _busy(item.was, now) if row.generation == in_generation and row.state in stages else 0.0)


def _message_lease(item: Updated, now: float, message: ChunkMessage, stage: ChunkState) -> Lease[ChunkRow]:
    """The answer to a claim by a message."""
    if item.was is not None and not item.was:
        return Lease(_chunk_or_planned(item.was, message), None)
    return _chunk_lease(item, now, message.generation, stage)


def _chunk_or_planned(item: Item, message: ChunkMessage) -> ChunkRow:
    """The chunk's row; where it has none yet, as the splitter plans it."""
    return _chunk_row(item) if item else ChunkRow(message.file.file_id, message.span, ChunkState.SENT)


def _busy(item: Item, now: float) -> float:
    return max(0.1, _float(item, "leased_until") - now)


def _file_key(file_id: str) -> Item:
    return {"pk": _s(f"FILE#{file_id}"), "sk": _s("FILE")}


def _chunk_key(file_id: str, chunk: int) -> Item:
    return {"pk": _s(f"FILE#{file_id}"), "sk": _s(f"CHUNK#{chunk_name(chunk)}")}


def _batch_key(chunk: ChunkRow, number: int) -> Item:
    return {"pk": _s(f"FILE#{chunk.file_id}"), "sk": _s(f"BATCH#{chunk_name(chunk.span.chunk)}#{number:03d}")}


def _file_row(item: Item) -> FileRow:
    refused = json.loads(item["refused"]["S"]) if "refused" in item else None
    return FileRow(
        file=SourceFile.model_validate_json(item["file"]["S"]),
        state=FileState(item["file_state"]["S"]),
        opened_at=float(item["opened_at"]["S"]),
        layout=Layout.model_validate_json(item["layout"]["S"]) if "layout" in item else None,
        sealed_at=_float(item, "sealed_at") if "sealed_at" in item else None,
        settled_at=_float(item, "settled_at") if "settled_at" in item else None,
        chunks=_int(item, "chunks"),
        chunks_settled=_int(item, "chunks_settled"),
        chunks_dead=_int(item, "chunks_dead"),
        endings=_int(item, "endings"),
        received=_int(item, "received"),
        counted={outcome: _int(item, f"n_{outcome}") for outcome in Outcome},
        findings={name[2:]: int(value["N"]) for name, value in item.items() if name[:2] == "f_" and value["N"] != "0"},
        noted=Noted.model_validate_json(item["noted"]["S"]) if "noted" in item else Noted(),
        sha256_tree=item["sha256_tree"]["S"] if "sha256_tree" in item else "",
        checkpoint=Checkpoint.model_validate_json(item["splitting_from"]["S"]) if "splitting_from" in item else None,
        refused=Finding(**(refused | {"severity": Severity(refused["severity"])})) if refused else None,
        files=_int(item, "unpacked_files"),
    )


def _chunk_row(item: Item) -> ChunkRow:
    counted: dict[str, int] = json.loads(item["counted"]["S"]) if "counted" in item else {}
    return ChunkRow(
        file_id=item["pk"]["S"].removeprefix("FILE#"),
        span=Span.model_validate_json(item["span"]["S"]),
        state=ChunkState(item["state"]["S"]),
        generation=_int(item, "round"),
        only=item["only"]["S"] if "only" in item else "",
        ended=ChunkState(item["ended"]["S"]) if "ended" in item else None,
        ended_under=_int(item, "ended_under"),
        counted={outcome: counted.get(outcome, 0) for outcome in Outcome},
        findings=json.loads(item["findings"]["S"]) if "findings" in item else {},
        settled_at=_float(item, "settled_at") if "settled_at" in item else None,
    )


def _batch_row(item: Item) -> BatchRow:
    return BatchRow(
        number=int(item["sk"]["S"].rsplit("#", 1)[1]),
        ordinals=unfolded(item["ordinals"]["S"]),
        generation=_int(item, "round"),
        state=BatchState(item["state"]["S"]),
        attempts=_int(item, "attempts"),
        first_sent_at=_float(item, "first_sent_at") if "first_sent_at" in item else None,
        unanswered=item.get("unanswered", {}).get("BOOL", False),
        refused=unfolded(item["refused"]["S"]) if "refused" in item else (),
        returned=unfolded(item["returned"]["S"]) if "returned" in item else (),
    )


def _opened_at(item: Item) -> str:
    return item["opened_at"]["S"]


def _sortable(now: float) -> str:
    return f"{now:017.6f}"
