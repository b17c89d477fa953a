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
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace

from penstock.feeds import feed_named
from penstock.identity.examination import take_back
from penstock.identity.ours import Ours
from penstock.io.archiving import archive
from penstock.io.reader import read_range
from penstock.model.defects import is_defect
from penstock.model.findings import Account, Finding, Outcome, account
from penstock.model.messages import ChunkMessage
from penstock.model.records import Accepted
from penstock.model.rows import ChunkRow, ChunkState, Owner, scope_of
from penstock.outputs import rejects
from penstock.outputs.findings import judged_of, rejects_any
from penstock.outputs.late_rejects import rejected_later
from penstock.outputs.outcomes import (
    OutcomeLine,
    RecordEnd,
    chunk_key,
    codes_of,
    dump_lines,
    outcome_lines_of,
    rejects_of,
)
from penstock.outputs.work import read_work
from penstock.ports.claims import Claims
from penstock.ports.clock import Clock
from penstock.ports.histories import Histories
from penstock.ports.ledger import Ledger
from penstock.ports.object_store import ObjectStore


@dataclass(frozen=True, slots=True)
class FinalisingPorts:
    """What the end of a chunk needs of the world."""

    store: ObjectStore
    ledger: Ledger
    claims: Claims
    histories: Histories
    clock: Clock
    rng: random.Random


@dataclass(frozen=True, slots=True)
class ChunkEnd:
    """A round that has ended: how each record did that reached delivery, and how many the validator did not accept.
    `records` are the accepted ones, as far as they are known, `flags` what was found of them that rejects none."""

    endings: Mapping[int, RecordEnd]
    rejected: int = 0
    findings: Mapping[str, int] = field(default_factory=dict[str, int])
    records: Mapping[int, Accepted] = field(default_factory=dict[int, Accepted])
    flags: Mapping[int, tuple[Finding, ...]] = field(default_factory=dict[int, tuple[Finding, ...]])


async def end_chunk(
    ports: FinalisingPorts, message: ChunkMessage, chunk: ChunkRow, fence: int, ended: ChunkEnd, state: ChunkState
) -> Account:
    """Writes what became of each record, frees the claims of what will not be delivered, and ends the chunk's round
    with the file's counters; what the chunk counts altogether. `chunk` is the row as it was claimed."""
    about, endings, now = scope_of(chunk), ended.endings, ports.clock.now()
    refused = {at: one for at, one in endings.items() if one.outcome is Outcome.REJECTED}
    flags = {at: found for at, found in ended.flags.items() if at in endings}
    told = {
        at: one.outcome_line(at, flags.get(at, ()), now)
        for at, one in endings.items()
        if one.outcome is not Outcome.DELIVERED or at in flags
    }
    rows = await _reject_rows(ports, message, refused, ended.records)
    judged = await _judged(ports.store, chunk) if ended.rejected else {}
    if judged:
        sent = endings.keys() & judged.keys()
        ended, judged = _without_sent(ended, judged, sent)
        told = {at: ending.outcome_line(at) for at, ending in judged.items()} | told
        judged_rows = await read_work(ports.store, chunk, "rejects.csv", chunk.generation) or b""
        rows = _without(judged_rows, message, sent - refused.keys()) + rows
    before = await outcome_lines_of(ports.store, chunk)
    if chunk.ended:
        told |= {at: outcome_line for at, outcome_line in before.items() if at not in about}
        rows = _without(await rejects_of(ports.store, chunk), message, about) + rows
    lines = dump_lines(told[at] for at in sorted(told))
    await ports.store.put(chunk_key(chunk, f"outcomes-{fence}.ndjson"), lines, "application/x-ndjson")
    if rows:
        await ports.store.put(chunk_key(chunk, f"rejects-{fence}.csv"), rows, "text/csv; charset=utf-8")
    await _archive(ports.store, message, chunk, fence, lines, rows)
    await _give_up(ports, message, fence, (at for at, one in endings.items() if one.outcome in _FREE), ended.records)
    counted = account((ending.outcome, 1) for ending in endings.values())
    dead = sum(one.outcome is Outcome.DEAD for one in judged.values())
    counted[Outcome.DEAD] += dead
    counted[Outcome.REJECTED] += ended.rejected - dead
    findings = Counter(ended.findings)
    findings.update(one.code for end in endings.values() if end.outcome in _FREE for one in end.findings)
    findings.update(finding.code for found in flags.values() for finding in found)
    if chunk.ended and chunk.only:
        _add_the_others(counted, findings, chunk, before, about)
    await ports.ledger.end_chunk(chunk, fence, state, counted, _positive(findings), now)
    return counted


async def _judged(store: ObjectStore, chunk: ChunkRow) -> dict[int, RecordEnd]:
    """The ends of the records that the validator did not accept, by ordinal."""
    found = {at: findings for at, findings in (await judged_of(store, chunk)).items() if rejects_any(findings)}
    return {
        at: RecordEnd(Outcome.DEAD if any(is_defect(one.code) for one in findings) else Outcome.REJECTED, findings)
        for at, findings in found.items()
    }


async def _archive(
    store: ObjectStore, message: ChunkMessage, chunk: ChunkRow, fence: int, lines: bytes, rows: bytes
) -> None:
    """Keeps an ending of the chunk; its rejects with a header of their own, as nothing will put them together."""
    feed = feed_named(message.file.feed)
    await archive(store, feed.name, chunk_key(chunk, f"outcomes-{fence}.ndjson"), lines, "application/x-ndjson")
    if rows:
        table = rejects.header(feed, message.layout) + rows
        await archive(store, feed.name, chunk_key(chunk, f"rejects-{fence}.csv"), table, "text/csv; charset=utf-8")


_FREE = (Outcome.REJECTED, Outcome.DEAD)
"""Who ended so has no use for an identity: the same record, dropped again, is to be delivered."""


def _add_the_others(
    counted: Account, findings: Counter[str], chunk: ChunkRow, before: Mapping[int, OutcomeLine], about: frozenset[int]
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
    ports: FinalisingPorts, message: ChunkMessage, fence: int, ordinals: Iterable[int], records: Mapping[int, Accepted]
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
    ports: FinalisingPorts, message: ChunkMessage, refused: Mapping[int, RecordEnd], records: Mapping[int, Accepted]
) -> bytes:
    """The rejects of delivery with their original bytes, which are read again from the pinned object."""
    if not refused:
        return b""
    file, span, layout, feed = message.file, message.span, message.layout, feed_named(message.file.feed)
    findings = {at: ending.findings for at, ending in refused.items() if at in records}
    fields = {at: json.loads(records[at].payload) for at in findings}
    source = await read_range(ports.store, file, span.start, span.end, ports.clock, ports.rng)
    return rejects.rows(feed, layout, rejected_later(feed, layout, span, source, findings, fields))


def _without(rows: bytes, message: ChunkMessage, ordinals: Set[int]) -> bytes:
    """Reject rows, but for those of these records."""
    if not ordinals:
        return rows
    ordinal = len(rejects.source_columns(feed_named(message.file.feed), message.layout)) + 1
    read = csv.reader(io.StringIO(rows.decode(), newline=""))
    text = io.StringIO(newline="")
    csv.writer(text).writerows(row for row in read if int(row[ordinal]) not in ordinals)
    return text.getvalue().encode()


def _without_sent(
    ended: ChunkEnd, judged: Mapping[int, RecordEnd], sent: Set[int]
) -> tuple[ChunkEnd, Mapping[int, RecordEnd]]:
    """Both without what the validator counts of records that were `sent` before a release rejected them: how their
    batch has ended them is their only end."""
    findings = Counter(ended.findings)
    findings.subtract(finding.code for at in sent for finding in judged[at].findings)
    others = {at: end for at, end in judged.items() if at not in sent}
    return replace(ended, rejected=ended.rejected - len(sent), findings=findings), others
