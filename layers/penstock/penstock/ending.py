"""How a chunk's round ends: what became of each record is written down, and counted.

    outcomes-<fence>.ndjson   a line for each record of the chunk that was not delivered, or was in spite of a finding
    rejects-<fence>.csv       the chunk's rows of the reject file

An ending is written under its worker's fence, and the ledger's row names the one that counts: a worker whose lease has
passed writes over nothing, and the next ending still has the words of the one before.
"""

import csv
import io
import json
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from penstock import ids, rejects
from penstock.archiving import archive
from penstock.examining import Ours, take_back
from penstock.feeds import feed_named
from penstock.findings import Account, Finding, Outcome, Severity, account
from penstock.histories import Histories
from penstock.judging import Accepted, rejected_later
from penstock.ledger import BatchRow, BatchState, ChunkRow, ChunkState, Claims, Ledger, Owner
from penstock.messages import ChunkMessage
from penstock.ordinals import unfolded
from penstock.ports import Clock, ObjectStore
from penstock.reader import read_range
from penstock.responses import Reason

type Story = dict[str, Any]
"""What is told of a record: `outcome`, `findings`, `of`, whose duplicate it is, and `since` when it is held."""

type Flags = Mapping[int, tuple[Finding, ...]]
"""What was found of records that rejects none of them, by ordinal."""


@dataclass(frozen=True, slots=True)
class EndingPorts:
    """What the end of a chunk needs of the world."""

    store: ObjectStore
    ledger: Ledger
    claims: Claims
    histories: Histories
    clock: Clock
    rng: random.Random


@dataclass(frozen=True, slots=True)
class Ending:
    """How a record ended, and what was found that made it so. `of` is the record it duplicates or conflicts with,
    `batch` the one it went in."""

    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    of: str | None = None
    batch: str | None = None

    def story(self, ordinal: int, flags: tuple[Finding, ...] = (), now: float | None = None) -> Story:
        """The ending as a line of the outcomes; `flags` were found of the record, and did not make it end so."""
        told = {
            "of": self.of,
            "batch": self.batch,
            "since": now if self.outcome is Outcome.HELD else None,
            "findings": [finding.as_dict() for finding in (*self.findings, *flags)],
        }
        return {"ordinal": ordinal, "outcome": str(self.outcome)} | {name: one for name, one in told.items() if one}


@dataclass(frozen=True, slots=True)
class Round:
    """A round that has ended: how each record did that reached delivery, and what the validator rejected of the others.
    `records` are the accepted ones, as far as they are known, `flags` what was found of them that rejects none."""

    endings: Mapping[int, Ending]
    rejected: int = 0
    findings: Mapping[str, int] = field(default_factory=dict[str, int])
    records: Mapping[int, Accepted] = field(default_factory=dict[int, Accepted])
    flags: Mapping[int, tuple[Finding, ...]] = field(default_factory=dict[int, tuple[Finding, ...]])


async def end_chunk(
    ports: EndingPorts, message: ChunkMessage, chunk: ChunkRow, fence: int, ended: Round, state: ChunkState
) -> Account:
    """Writes what became of each record, frees the claims of what will not be delivered, and ends the chunk's round
    with the file's counters; what the chunk counts altogether. `chunk` is the row as it was claimed."""
    about, endings, now = scope_of(chunk), ended.endings, ports.clock.now()
    refused = {at: one for at, one in endings.items() if one.outcome is Outcome.REJECTED}
    flags = {at: found for at, found in ended.flags.items() if at in endings}
    told = {
        at: one.story(at, flags.get(at, ()), now)
        for at, one in endings.items()
        if one.outcome is not Outcome.DELIVERED or at in flags
    }
    rows = await _reject_rows(ports, message, refused, ended.records)
    if ended.rejected:
        judged = {at: found for at, found in (await _judged(ports.store, chunk)).items() if _rejects(found)}
        told = {at: Ending(Outcome.REJECTED, found).story(at) for at, found in judged.items()} | told
        rows = (await ports.store.get(_key(chunk, "rejects.csv", chunk.round)) or b"") + rows
    before = await stories_of(ports.store, chunk)
    if chunk.ended:
        told |= {at: story for at, story in before.items() if at not in about}
        rows = await _rows_before(ports.store, message, chunk, about) + rows
    lines = _dumped(told.values())
    await ports.store.put(_key(chunk, f"outcomes-{fence}.ndjson"), lines, "application/x-ndjson")
    if rows:
        await ports.store.put(_key(chunk, f"rejects-{fence}.csv"), rows, "text/csv; charset=utf-8")
    await _archive(ports.store, message, chunk, fence, lines, rows)
    await _give_up(ports, message, fence, (at for at, one in endings.items() if one.outcome in _FREE), ended.records)
    counted = account((ending.outcome, 1) for ending in endings.values())
    counted[Outcome.REJECTED] += ended.rejected
    findings = Counter(ended.findings)
    findings.update(finding.code for ending in refused.values() for finding in ending.findings)
    findings.update(finding.code for found in flags.values() for finding in found)
    if chunk.ended and chunk.only:
        _add_the_others(counted, findings, chunk, before, about)
    await ports.ledger.end_chunk(chunk, fence, state, counted, _positive(findings), now)
    return counted


async def _archive(
    store: ObjectStore, message: ChunkMessage, chunk: ChunkRow, fence: int, lines: bytes, rows: bytes
) -> None:
    """Keeps an ending of the chunk; its rejects with a header of their own, as nothing will put them together."""
    feed = feed_named(message.file.feed)
    await archive(store, feed.name, _key(chunk, f"outcomes-{fence}.ndjson"), lines, "application/x-ndjson")
    if rows:
        table = rejects.header(feed, message.layout) + rows
        await archive(store, feed.name, _key(chunk, f"rejects-{fence}.csv"), table, "text/csv; charset=utf-8")


_FREE = (Outcome.REJECTED, Outcome.DEAD)
"""Who ended so has no use for an identity: the same record, dropped again, is to be delivered."""


def scope_of(chunk: ChunkRow) -> frozenset[int]:
    """The ordinals that the chunk's round is about."""
    span = chunk.span
    return frozenset(unfolded(chunk.only) or range(span.first_record, span.first_record + span.records))


async def stories_of(store: ObjectStore, chunk: ChunkRow) -> dict[int, Story]:
    """What a chunk's last ending tells, by ordinal; nothing before the first. Of whom it tells nothing, that one was
    delivered."""
    if not chunk.ended:
        return {}
    return {line["ordinal"]: line for line in await _lines(store, _key(chunk, f"outcomes-{chunk.ended_under}.ndjson"))}


async def rejects_of(store: ObjectStore, chunk: ChunkRow) -> bytes:
    """The rows of a chunk's rejects, as its last ending tells them."""
    return await store.get(_key(chunk, f"rejects-{chunk.ended_under}.csv")) or b""


async def flags_of(store: ObjectStore, chunk: ChunkRow) -> dict[int, tuple[Finding, ...]]:
    """What the validator found of the records that it accepted in the chunk's round, by ordinal."""
    return {at: found for at, found in (await _judged(store, chunk)).items() if not _rejects(found)}


def joined(*flags: Flags) -> Flags:
    """What was found of records at one place, and at another."""
    return {at: tuple(one for found in flags for one in found.get(at, ())) for at in set[int]().union(*flags)}


async def _judged(store: ObjectStore, chunk: ChunkRow) -> dict[int, tuple[Finding, ...]]:
    """What the validator found in the chunk's round, by ordinal."""
    found: dict[int, tuple[Finding, ...]] = {}
    for line in await _lines(store, _key(chunk, "findings.ndjson", chunk.round)):
        if "ordinal" in line:
            found[line["ordinal"]] = (*found.get(line["ordinal"], ()), Finding.told(line))
    return found


def _rejects(findings: Iterable[Finding]) -> bool:
    return any(finding.severity is Severity.HARD for finding in findings)


async def keep_reasons(store: ObjectStore, chunk: ChunkRow, batch: BatchRow, reasons: Mapping[int, Reason]) -> None:
    """Writes why a destination refused records of a batch, before the batch's row says that it did."""
    body = json.dumps({str(ordinal): asdict(reason) for ordinal, reason in sorted(reasons.items())})
    await store.put(_answer_key(chunk, batch), body.encode(), "application/json")


async def endings_of(
    store: ObjectStore, chunk: ChunkRow, batch: BatchRow, reasons: Mapping[int, Reason] | None = None
) -> dict[int, Ending]:
    """What a batch says of its records: nothing while it is on its way. `reasons` are those of its answer, if it has
    just come; else they are read."""
    batch_id = ids.batch_id(chunk.file_id, chunk.span.chunk, batch.number)
    if reasons is None and (batch.refused or batch.state is BatchState.REJECTED):
        body = await store.get(_answer_key(chunk, batch))
        reasons = {int(ordinal): Reason(**reason) for ordinal, reason in json.loads(body or b"{}").items()}
    endings: dict[int, Ending] = {}
    for ordinal in batch.ordinals:
        outcome = batch.outcome_of(ordinal)
        if outcome is Outcome.REJECTED:
            reason = (reasons or {}).get(ordinal, Reason(0))
            endings[ordinal] = Ending(outcome, (Finding("destination.rejected", reason.sentence()),), batch=batch_id)
        elif outcome is not None:
            endings[ordinal] = Ending(outcome, batch=batch_id)
    return endings


def _answer_key(chunk: ChunkRow, batch: BatchRow) -> str:
    return ids.work_key(chunk.file_id, chunk.span.chunk, f"{batch.number:03d}.answer", batch.round)


def codes_of(story: Story) -> list[str]:
    """The findings that are told of a record."""
    return [finding["code"] for finding in story.get("findings", ())]


def _add_the_others(
    counted: Account, findings: Counter[str], chunk: ChunkRow, before: Mapping[int, Story], about: frozenset[int]
) -> None:
    """Adds what the chunk counted before, without the records that this round was about."""
    for outcome, number in chunk.counted.items():
        counted[outcome] += number
    findings.update(chunk.findings)
    for ordinal in about:
        counted[Outcome(before[ordinal]["outcome"]) if ordinal in before else Outcome.DELIVERED] -= 1
        findings.subtract(codes_of(before.get(ordinal, {})))


def _positive(findings: Mapping[str, int]) -> dict[str, int]:
    return {code: number for code, number in findings.items() if number > 0}


async def _give_up(
    ports: EndingPorts, message: ChunkMessage, fence: int, ordinals: Iterable[int], records: Mapping[int, Accepted]
) -> None:
    feed, file = feed_named(message.file.feed), message.file.file_id
    freed = [records[ordinal] for ordinal in ordinals if ordinal in records]
    await take_back(ports.histories, feed, Ours(file, message.span.chunk, fence), freed, ports.clock.now())
    if not feed.identity:
        return
    for record in freed:
        owner = Owner(file, message.span.chunk, record.ordinal, record.digest, record.revision, fence)
        await ports.claims.give_up(feed.name, record.identity, owner)


async def _reject_rows(
    ports: EndingPorts, message: ChunkMessage, refused: Mapping[int, Ending], records: Mapping[int, Accepted]
) -> bytes:
    """The rejects of delivery with their original bytes, which are read again from the pinned object."""
    if not refused:
        return b""
    file, span, layout, feed = message.file, message.span, message.layout, feed_named(message.file.feed)
    findings = {at: ending.findings for at, ending in refused.items()}
    fields = {at: json.loads(records[at].payload) for at in findings}
    source = await read_range(ports.store, file, span.start, span.end, ports.clock, ports.rng)
    return rejects.rows(feed, layout, rejected_later(feed, layout, span, source, findings, fields))


async def _rows_before(store: ObjectStore, message: ChunkMessage, chunk: ChunkRow, about: frozenset[int]) -> bytes:
    """The rows of the ending before, but for the records of this round."""
    ordinal = len(rejects.source_columns(feed_named(message.file.feed), message.layout)) + 1
    rows = csv.reader(io.StringIO((await rejects_of(store, chunk)).decode(), newline=""))
    text = io.StringIO(newline="")
    csv.writer(text).writerows(row for row in rows if int(row[ordinal]) not in about)
    return text.getvalue().encode()


def _key(chunk: ChunkRow, name: str, in_round: int = 0) -> str:
    return ids.work_key(chunk.file_id, chunk.span.chunk, name, in_round)


async def _lines(store: ObjectStore, key: str) -> list[Story]:
    return [json.loads(line) for line in (await store.get(key) or b"").splitlines()]


def _dumped(lines: Iterable[Story]) -> bytes:
    ordered = sorted(lines, key=lambda line: line["ordinal"])
    return "".join(f"{json.dumps(line)}\n" for line in ordered).encode()
