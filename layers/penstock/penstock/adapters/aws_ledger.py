"""The ledger in one DynamoDB table.

    pk            sk                    what
    FILE#<id>     FILE                  a file's row; `file_state` and `opened_at` index it (files_by_state)
    FILE#<id>     CHUNK#000007          a chunk's row
    FILE#<id>     BATCH#000007#002      a batch's row
    RATE#<name>   RATE                  until when a destination's time is booked

A lease on a row, and who may write it:

    fence 3, leased_until 10:05 ────────── 10:05 ────────────────────────
    worker A claims: fence := 3            worker B claims: fence := 4
    A writes under fence 3: taken          A writes under fence 3: LeaseLost
"""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import batched
from typing import Any

from botocore.exceptions import ClientError

from penstock.adapters.aws_faults import code_of, insert_fault, transient_faults
from penstock.adapters.aws_items import read_items
from penstock.errors import LeaseLost, PenstockError, Transient
from penstock.findings import Account, Finding, Outcome, Severity
from penstock.ids import chunk_name
from penstock.ledger import BatchRow, BatchState, ChunkRow, ChunkState, FileRow, FileState, Lease
from penstock.messages import DispatchMessage, Layout, SourceFile, Span
from penstock.ports import Clock
from penstock.retry import backoff

type Item = dict[str, Any]

TRANSACTED = 90  #: items written in one transaction beside its condition checks; DynamoDB takes 100
INSERTED = 25  #: BatchExecuteStatement takes no more
ATTEMPTS = 8  #: for transactions that met another on the same file's row

FENCED = "fence = :fence"
FREE = "leased_until <= :now"


@dataclass(frozen=True, slots=True)
class DynamoLedger:
    """As `Ledger`. `keep_seconds` is how long a row outlives its making."""

    dynamodb: Any
    table: str
    clock: Clock
    keep_seconds: int
    rng: random.Random = field(default_factory=random.Random)

    # -- files ---------------------------------------------------------------------------------------------------

    async def claim_file(self, file: SourceFile, now: float, seconds: float) -> Lease[FileRow]:
        """As `Ledger.claim_file`."""
        item = await self._try_update(
            _file_key(file.file_id),
            "SET #file = if_not_exists(#file, :file), feed = if_not_exists(feed, :feed),"
            " file_state = if_not_exists(file_state, :splitting), opened_at = if_not_exists(opened_at, :opened),"
            " expires_at = if_not_exists(expires_at, :expires),"
            " fence = if_not_exists(fence, :zero) + :one, leased_until = :until",
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
            f"INSERT INTO \"{self.table}\" VALUE {{'pk':?,'sk':?,'state':?,'span':?,'fence':0,'leased_until':0,"
            "'expires_at':?}"
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
        self, file_id: str, fence: int, *, layout: Layout, chunks: int, received: int, sha256: str, now: float
    ) -> None:
        """As `Ledger.seal_file`."""
        await self._update(
            _file_key(file_id),
            "SET file_state = :sealed, layout = :layout, chunks = :chunks, received = :received, sha256 = :sha256,"
            " sealed_at = :now",
            f"file_state = :splitting AND {FENCED}",
            {
                ":sealed": _s(FileState.SEALED),
                ":splitting": _s(FileState.SPLITTING),
                ":layout": _s(layout.model_dump_json()),
                ":chunks": _n(chunks),
                ":received": _n(received),
                ":sha256": _s(sha256),
                ":now": _n(now),
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

    async def settle_file(self, file_id: str, now: float) -> bool:
        """As `Ledger.settle_file`."""
        item = await self._try_update(
            _file_key(file_id),
            "SET file_state = :settled, settled_at = :now",
            "file_state = :sealed",
            {":settled": _s(FileState.SETTLED), ":sealed": _s(FileState.SEALED), ":now": _n(now)},
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
        found: list[Item] = []
        for state in FileState:
            with transient_faults():
                answer = await self.dynamodb.query(
                    TableName=self.table,
                    IndexName="files_by_state",
                    KeyConditionExpression="file_state = :state",
                    ExpressionAttributeValues={":state": _s(state)},
                    ScanIndexForward=False,
                    Limit=limit,
                )
            found += answer["Items"]
        # By its key once: a file that moved on meanwhile was found in two states.
        newest = {item["pk"]["S"]: item for item in sorted(found, key=_opened_at)[-limit:]}
        keys = ({"pk": item["pk"], "sk": item["sk"]} for item in newest.values())
        rows = map(_file_row, await read_items(self.dynamodb, self.table, keys, self.clock, self.rng))
        return sorted(rows, key=lambda row: row.opened_at, reverse=True)

    # -- chunks --------------------------------------------------------------------------------------------------

    async def claim_validation(self, file: SourceFile, span: Span, now: float, seconds: float) -> Lease[ChunkRow]:
        """As `Ledger.claim_validation`."""
        item = await self._try_update(
            _chunk_key(file.file_id, span.chunk),
            "SET #state = if_not_exists(#state, :sent), #span = if_not_exists(#span, :span),"
            " expires_at = if_not_exists(expires_at, :expires),"
            " fence = if_not_exists(fence, :zero) + :one, leased_until = :until",
            f"attribute_not_exists(pk) OR (#state = :sent AND {FREE})",
            {
                ":sent": _s(ChunkState.SENT),
                ":span": _s(span.model_dump_json()),
                ":expires": self._expiry(),
                **_leasing(now, seconds),
            },
            {"#state": "state", "#span": "span"},
        )
        return _chunk_lease(item, now, ChunkState.SENT)

    async def mark_validated(self, message: DispatchMessage, fence: int) -> None:
        """As `Ledger.mark_validated`."""
        item = await self._try_update(
            _chunk_key(message.chunk.file.file_id, message.chunk.span.chunk),
            f"SET {_VALIDATED}, leased_until = :zero",
            f"#state = :sent AND {FENCED}",
            {**_validated(message), ":zero": _n(0), ":fence": _n(fence)},
            {"#state": "state"},
        )
        if item.was is not None and item.was.get("state", _s(ChunkState.SENT)) == _s(ChunkState.SENT):
            raise LeaseLost("another validator has taken the chunk over")

    async def claim_dispatch(self, message: DispatchMessage, now: float, seconds: float) -> Lease[ChunkRow]:
        """As `Ledger.claim_dispatch`."""
        span = message.chunk.span
        item = await self._try_update(
            _chunk_key(message.chunk.file.file_id, span.chunk),
            f"SET {_VALIDATED}, #span = if_not_exists(#span, :span), expires_at = if_not_exists(expires_at, :expires),"
            " fence = if_not_exists(fence, :zero) + :one, leased_until = :until",
            f"attribute_not_exists(pk) OR #state = :sent OR (#state = :validated AND {FREE})",
            {
                **_validated(message),
                ":span": _s(span.model_dump_json()),
                ":expires": self._expiry(),
                **_leasing(now, seconds),
            },
            {"#state": "state", "#span": "span"},
        )
        return _chunk_lease(item, now, ChunkState.VALIDATED)

    async def release_chunk(self, chunk: ChunkRow, fence: int) -> None:
        """As `Ledger.release_chunk`."""
        await self._release(_chunk_key(chunk.file_id, chunk.span.chunk), fence)

    async def settle_chunk(
        self, chunk: ChunkRow, fence: int, counted: Account, findings: Mapping[str, int], now: float
    ) -> None:
        """As `Ledger.settle_chunk`."""
        counts = {f"n_{outcome}": counted[outcome] for outcome in Outcome if counted[outcome]}
        counts |= {f"f_{code}": number for code, number in findings.items()}
        counts["chunks_settled"] = 1
        names = {f"#c{place}": name for place, name in enumerate(counts)}
        adds = ", ".join(f"{place} :c{place[2:]}" for place in names)
        await self._transact(
            self._put(
                _chunk_key(chunk.file_id, chunk.span.chunk),
                "SET #state = :settled, counted = :counted, findings = :findings, settled_at = :now",
                f"#state = :validated AND {FENCED}",
                {
                    ":settled": _s(ChunkState.SETTLED),
                    ":validated": _s(ChunkState.VALIDATED),
                    ":counted": _s(json.dumps(counted)),
                    ":findings": _s(json.dumps(findings)),
                    ":now": _n(now),
                    ":fence": _n(fence),
                },
                {"#state": "state"},
            ),
            self._put(
                _file_key(chunk.file_id),
                f"ADD {adds}",
                "attribute_exists(pk)",
                {f":c{place}": _n(number) for place, number in enumerate(counts.values())},
                names,
            ),
        )

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
                            "ordinals": _s(_ranges(batch.ordinals)),
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
                ":refused": _s(_ranges(batch.refused)),
                ":returned": _s(_ranges(batch.returned)),
                ":unanswered": {"BOOL": batch.unanswered},
            },
            {"#returned": "returned"},
        )

    async def _write_batch(
        self,
        chunk: ChunkRow,
        fence: int,
        batch: BatchRow,
        update: str,
        values: Item,
        names: Mapping[str, str] | None = None,
    ) -> None:
        """Writes a batch that is on its way, under the lease on its chunk."""
        on_its_way = {":attempted": _s(BatchState.ATTEMPTED)}
        await self._transact(
            self._holding(chunk, fence),
            self._put(
                _batch_key(chunk, batch.number),
                update,
                "#state = :attempted",
                values | on_its_way,
                {"#state": "state", **(names or {})},
            ),
        )

    # -- the rate ------------------------------------------------------------------------------------------------

    async def reserve(self, destination: str, cost: float, now: float, horizon: float) -> float:
        """As `Ledger.reserve`. Either the line reaches beyond now and grows, or it begins anew now; whichever of the
        two another worker's booking has just made untrue is tried again."""
        key = {"pk": _s(f"RATE#{destination}"), "sk": _s("RATE")}
        for _ in range(ATTEMPTS):
            queued = await self._try_update(
                key,
                "SET booked_until = booked_until + :cost",
                "booked_until > :now AND booked_until <= :horizon",
                {":cost": _n(cost), ":now": _n(now), ":horizon": _n(now + horizon)},
            )
            if queued.was is None:
                return _float(queued.now, "booked_until") - cost
            line = max(0.0, _float(queued.was, "booked_until") - now)
            if line > horizon:
                raise Transient("the destination's time is booked out", after=line)
            anew = await self._try_update(
                key,
                "SET booked_until = :until",
                "attribute_not_exists(pk) OR booked_until <= :now",
                {":until": _n(now + cost), ":now": _n(now)},
            )
            if anew.was is None:
                return now
        raise Transient("too many workers book the destination's time at once")

    # -- DynamoDB ------------------------------------------------------------------------------------------------

    def _expiry(self) -> Item:
        return _n(int(self.clock.now()) + self.keep_seconds)

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

    def _put(
        self, key: Item, update: str, condition: str, values: Item, names: Mapping[str, str] | None = None
    ) -> Item:
        """An update as a transaction takes it."""
        request: Item = {
            "TableName": self.table,
            "Key": key,
            "UpdateExpression": update,
            "ConditionExpression": condition,
            "ExpressionAttributeValues": values,
        }
        return {"Update": request | ({"ExpressionAttributeNames": dict(names)} if names else {})}

    def _holding(self, chunk: ChunkRow, fence: int) -> Item:
        """The condition that we still hold the chunk."""
        return {
            "ConditionCheck": {
                "TableName": self.table,
                "Key": _chunk_key(chunk.file_id, chunk.span.chunk),
                "ConditionExpression": f"#state = :validated AND {FENCED}",
                "ExpressionAttributeNames": {"#state": "state"},
                "ExpressionAttributeValues": {":validated": _s(ChunkState.VALIDATED), ":fence": _n(fence)},
            }
        }

    async def _try_update(
        self, key: Item, update: str, condition: str, values: Item, names: Mapping[str, str] | None = None
    ) -> "_Updated":
        """An update under a condition: the item as it is now, or, where the condition did not hold, as it was."""
        request = self._put(key, update, condition, values, names)["Update"]
        try:
            with transient_faults():
                answer = await self.dynamodb.update_item(
                    **request, ReturnValues="ALL_NEW", ReturnValuesOnConditionCheckFailure="ALL_OLD"
                )
        except ClientError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            response: Any = error.response
            return _Updated({}, response.get("Item") or {})
        return _Updated(answer["Attributes"], None)

    async def _update(self, key: Item, update: str, condition: str, values: Item) -> None:
        """An update that must hold."""
        if (await self._try_update(key, update, condition, values)).was is not None:
            raise LeaseLost("another worker has taken the row over, or moved it on")

    async def _release(self, key: Item, fence: int) -> None:
        await self._try_update(key, "SET leased_until = :zero", FENCED, {":zero": _n(0), ":fence": _n(fence)})

    async def _transact(self, *items: Item) -> None:
        """All or nothing; one that met another transaction on the same row is tried again."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with transient_faults():
                    await self.dynamodb.transact_write_items(TransactItems=list(items))
                return
            except ClientError as error:
                if code_of(error) != "TransactionCanceledException":
                    raise
                reasons = _reasons(error)
                if "ConditionalCheckFailed" in reasons:
                    raise LeaseLost("another worker has taken the row over, or moved it on") from error
                if "ValidationError" in reasons or "ItemCollectionSizeLimitExceeded" in reasons:
                    raise PenstockError(f"DynamoDB refuses the write: {reasons}") from error
            await self.clock.sleep(backoff(attempt, self.rng) / 20)
        raise Transient("the transaction kept meeting others on the same row")


@dataclass(frozen=True, slots=True)
class _Updated:
    """What an update under a condition gave: `now` where it held, `was` where it did not."""

    now: Item
    was: Item | None


def _reasons(error: ClientError) -> set[str]:
    response: Any = error.response
    return {reason.get("Code", "None") for reason in response.get("CancellationReasons", ())}


_VALIDATED = "#state = :validated, accepted = :accepted, rejected = :rejected, findings = :findings"


def _validated(message: DispatchMessage) -> Item:
    return {
        ":sent": _s(ChunkState.SENT),
        ":validated": _s(ChunkState.VALIDATED),
        ":accepted": _n(message.accepted),
        ":rejected": _n(message.rejected),
        ":findings": _s(json.dumps(message.findings)),
    }


def _leasing(now: float, seconds: float) -> Item:
    return {":now": _n(now), ":until": _n(now + seconds), ":zero": _n(0), ":one": _n(1)}


def _chunk_lease(item: _Updated, now: float, stage: ChunkState) -> Lease[ChunkRow]:
    if item.was is None:
        return Lease(_chunk_row(item.now), _int(item.now, "fence"))
    row = _chunk_row(item.was)
    return Lease(row, None, _busy(item.was, now) if row.state is stage else 0.0)


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
        received=_int(item, "received"),
        counted={outcome: _int(item, f"n_{outcome}") for outcome in Outcome},
        findings={name[2:]: int(value["N"]) for name, value in item.items() if name.startswith("f_")},
        sha256=item["sha256"]["S"] if "sha256" in item else "",
        refused=Finding(**(refused | {"severity": Severity(refused["severity"])})) if refused else None,
    )


def _chunk_row(item: Item) -> ChunkRow:
    counted: dict[str, int] = json.loads(item["counted"]["S"]) if "counted" in item else {}
    return ChunkRow(
        file_id=item["pk"]["S"].removeprefix("FILE#"),
        span=Span.model_validate_json(item["span"]["S"]),
        state=ChunkState(item["state"]["S"]),
        accepted=_int(item, "accepted"),
        rejected=_int(item, "rejected"),
        counted={outcome: counted.get(outcome, 0) for outcome in Outcome},
        findings=json.loads(item["findings"]["S"]) if "findings" in item else {},
        settled_at=_float(item, "settled_at") if "settled_at" in item else None,
    )


def _batch_row(item: Item) -> BatchRow:
    return BatchRow(
        number=int(item["sk"]["S"].rsplit("#", 1)[1]),
        ordinals=_unranged(item["ordinals"]["S"]),
        state=BatchState(item["state"]["S"]),
        attempts=_int(item, "attempts"),
        first_sent_at=_float(item, "first_sent_at") if "first_sent_at" in item else None,
        unanswered=item.get("unanswered", {}).get("BOOL", False),
        refused=_unranged(item["refused"]["S"]) if "refused" in item else (),
        returned=_unranged(item["returned"]["S"]) if "returned" in item else (),
    )


def _ranges(ordinals: Sequence[int]) -> str:
    """Rising ordinals, runs folded: "0-3,7".

    >>> _ranges((0, 1, 2, 3, 7))
    '0-3,7'
    """
    runs: list[list[int]] = []
    for ordinal in ordinals:
        if runs and runs[-1][1] == ordinal - 1:
            runs[-1][1] = ordinal
        else:
            runs.append([ordinal, ordinal])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def _unranged(ranges: str) -> tuple[int, ...]:
    ordinals: list[int] = []
    for run in filter(None, ranges.split(",")):
        first, _, last = run.partition("-")
        ordinals.extend(range(int(first), int(last or first) + 1))
    return tuple(ordinals)


def _opened_at(item: Item) -> str:
    return item["opened_at"]["S"]


def _sortable(now: float) -> str:
    return f"{now:017.6f}"


def _s(value: str) -> Item:
    return {"S": str(value)}


def _n(value: float) -> Item:
    return {"N": repr(value) if isinstance(value, int) else f"{value:.6f}"}


def _int(item: Item, name: str) -> int:
    return int(item[name]["N"]) if name in item else 0


def _float(item: Item, name: str) -> float:
    return float(item[name]["N"]) if name in item else 0.0
