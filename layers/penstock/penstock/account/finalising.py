"""How a chunk's generation is finalised: what became of each record is written down, and counted.

    outcomes-<fence>.ndjson   a line for each record of the chunk that was not delivered, or was in spite of a finding
    rejects-<fence>.csv       the chunk's rows of the reject file

    read      what the validator found, what the end before said, and the original bytes of what is refused now
    decide    the lines, the rows, and what the chunk counts altogether: pure
    write     under the worker's fence, then the claims that are free, then chunk and file in one transaction

The ledger's row names the fence that counts: a worker whose lease has passed writes over nothing, and the next end
still has the words of the one before.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace

from penstock.account.ports import FinalisingPorts
from penstock.feeds import feed_named
from penstock.identity.contention import note_ends
from penstock.identity.examination import take_back
from penstock.identity.ours import Ours
from penstock.io.archiving import archive
from penstock.io.reader import read_range
from penstock.model.defects import defect
from penstock.model.errors import ObjectMissing
from penstock.model.findings import Account, Finding, Outcome, account
from penstock.model.messages import ChunkMessage
from penstock.model.records import Accepted, Rejected
from penstock.model.rows import ChunkRow, ChunkState, Owner, scope_of
from penstock.outputs import rejects
from penstock.outputs.due import note_due
from penstock.outputs.findings import ends_dead, judged_of, rejects_any
from penstock.outputs.late_rejects import rejected_later, rejected_unread, rejected_without_original
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
from penstock.ports.object_store import ObjectStore


@dataclass(frozen=True, slots=True)
class ChunkEnd:
    """How a generation ended: each record that reached delivery, and how many the validator did not accept. `records`
    are the accepted ones, as far as they are known, `flags` what was found of them that rejects none."""

    ends: dict[int, RecordEnd]
    rejected: int = 0
    findings: Mapping[str, int] = field(default_factory=dict[str, int])
    records: Mapping[int, Accepted] = field(default_factory=dict[int, Accepted])
    flags: Mapping[int, tuple[Finding, ...]] = field(default_factory=dict[int, tuple[Finding, ...]])

    def ended_as(self, *outcomes: Outcome) -> dict[int, RecordEnd]:
        """Those that reached delivery and ended so, by ordinal."""
        return {at: one for at, one in self.ends.items() if one.outcome in outcomes}


@dataclass(frozen=True, slots=True)
class _Known:
    """What is read before anything is decided. `judged` are the ends of what the validator did not accept, and
    `judged_rows` the reject rows of those; `before` and `rows_before` tell of the end before; `late` are the records
    refused after they were accepted."""

    judged: Mapping[int, RecordEnd]
    judged_rows: bytes
    before: Mapping[int, OutcomeLine]
    rows_before: bytes
    late: list[Rejected]


@dataclass(frozen=True, slots=True)
class _Decided:
    """What is written: the outcome lines and the reject rows, and what the chunk counts altogether."""

    lines: bytes
    rows: bytes
    counted: Account
    findings: Mapping[str, int]


async def end_chunk(
    ports: FinalisingPorts, message: ChunkMessage, chunk: ChunkRow, fence: int, end: ChunkEnd, state: ChunkState
) -> Account:
    """Writes what became of each record, frees the claims of what will not be delivered, and ends the chunk's
    generation with the file's counters; what the chunk counts altogether. `chunk` is the row as it was claimed."""
    now = ports.clock.now()
    known = await _read(ports, message, chunk, end)
    decided = _decide(message, chunk, end, known, now)
    await _write(ports.store, message, chunk, fence, decided)
    await _note_ends(ports, message, fence, end, known.before)
    await _give_up(ports, message, fence, end)
    await ports.ledger.end_chunk(chunk, fence, state, decided.counted, decided.findings, now)
    return decided.counted


# -- read --------------------------------------------------------------------------------------------------------------


async def _read(ports: FinalisingPorts, message: ChunkMessage, chunk: ChunkRow, end: ChunkEnd) -> _Known:
    store = ports.store
    judged = await _judged(store, chunk) if end.rejected else {}
    return _Known(
        judged=judged,
        judged_rows=await read_work(store, chunk, "rejects.csv", chunk.generation) or b"" if judged else b"",
        before=await outcome_lines_of(store, chunk),
        rows_before=await rejects_of(store, chunk) if chunk.ended else b"",
        late=await _refused_late(ports, message, end),
    )


async def _judged(store: ObjectStore, chunk: ChunkRow) -> dict[int, RecordEnd]:
    """The ends of the records that the validator did not accept, by ordinal."""
    found = {at: findings for at, findings in (await judged_of(store, chunk)).items() if rejects_any(findings)}
    return {
        at: RecordEnd(Outcome.DEAD if ends_dead(findings) else Outcome.REJECTED, findings)
        for at, findings in found.items()
    }


async def _refused_late(ports: FinalisingPorts, message: ChunkMessage, end: ChunkEnd) -> list[Rejected]:
    """The rejects of delivery with their original bytes, which are read again from the pinned object, if it is still
    there."""
    refused = end.ended_as(Outcome.REJECTED)
    if not refused:
        return []
    file, span, layout, feed = message.file, message.span, message.layout, feed_named(message.file.feed)
    findings = {at: one.findings for at, one in refused.items() if at in end.records}
    fields = {at: json.loads(end.records[at].payload) for at in findings}
    try:
        source = await read_range(ports.store, file, span.start, span.end, ports.clock, ports.rng)
    except ObjectMissing:
        return rejected_without_original({at: end.records[at].raw for at in findings}, findings, fields)
    try:
        return rejected_later(feed, layout, span, source, findings, fields)
    except Exception as error:
        return rejected_unread(findings, fields, defect(feed.name, error))


# -- decide ------------------------------------------------------------------------------------------------------------


def _decide(message: ChunkMessage, chunk: ChunkRow, end: ChunkEnd, known: _Known, now: float) -> _Decided:
    feed, about = feed_named(message.file.feed), scope_of(chunk)
    sent = end.ends.keys() & known.judged.keys()
    end, known = _without_sent(end, known, sent)
    end = replace(end, ends=end.ends | {one.ordinal: _with(one, end) for one in known.late})
    lines = _lines(end, known, now)
    judged_rows = _without(known.judged_rows, sent - end.ended_as(Outcome.REJECTED).keys())
    rows = judged_rows + rejects.rows(feed, message.layout, known.late, message.file.file_id)
    counted, findings = _counted(end, known)
    if chunk.ended:
        lines |= {at: line for at, line in known.before.items() if at not in about}
        rows = _without(known.rows_before, about) + rows
    if chunk.ended and chunk.only:
        _add_the_others(counted, findings, chunk, known.before, about)
    found = {code: number for code, number in findings.items() if number > 0}
    return _Decided(dump_lines(lines[at] for at in sorted(lines)), rows, counted, found)


def _without_sent(end: ChunkEnd, known: _Known, sent: Set[int]) -> tuple[ChunkEnd, _Known]:
    """Both without what the validator counts of records that were `sent` before a release rejected them: how their
    batch has ended them is their only end."""
    findings = Counter(end.findings)
    findings.subtract(finding.code for at in sent for finding in known.judged[at].findings)
    others = {at: one for at, one in known.judged.items() if at not in sent}
    return replace(end, rejected=end.rejected - len(sent), findings=findings), replace(known, judged=others)


def _with(late: Rejected, end: ChunkEnd) -> RecordEnd:
    """The end of a record that was refused late, with what was found when its bytes were looked for."""
    return replace(end.ends[late.ordinal], findings=late.findings)


def _lines(end: ChunkEnd, known: _Known, now: float) -> dict[int, OutcomeLine]:
    """The outcome lines of this generation's records."""
    lines = {at: one.outcome_line(at) for at, one in known.judged.items()}
    return lines | {
        at: one.outcome_line(at, end.flags.get(at, ()), now)
        for at, one in end.ends.items()
        if one.outcome is not Outcome.DELIVERED or at in end.flags
    }


def _counted(end: ChunkEnd, known: _Known) -> tuple[Account, Counter[str]]:
    """This generation's records by outcome, and what was found of them by code."""
    counted = account((one.outcome, 1) for one in end.ends.values())
    dead = sum(one.outcome is Outcome.DEAD for one in known.judged.values())
    counted[Outcome.DEAD] += dead
    counted[Outcome.REJECTED] += end.rejected - dead
    findings = Counter(end.findings)
    findings.update(found.code for one in end.ended_as(*_FREE).values() for found in one.findings)
    findings.update(found.code for at in end.ends for found in end.flags.get(at, ()))
    return counted, findings


_FREE = (Outcome.REJECTED, Outcome.DEAD)
"""A record that ended so has no use for an identity: the same record, dropped again, is to be delivered."""


def _without(rows: bytes, ordinals: Set[int]) -> bytes:
    """Reject rows, but for those of these records."""
    if not ordinals:
        return rows
    text = io.StringIO(newline="")
    read = csv.reader(io.StringIO(rows.decode(), newline=""))
    csv.writer(text).writerows(row for row in read if int(row[rejects.ORDINAL]) not in ordinals)
    return text.getvalue().encode()


def _add_the_others(
    counted: Account, findings: Counter[str], chunk: ChunkRow, before: Mapping[int, OutcomeLine], about: frozenset[int]
) -> None:
    """Adds what the chunk counted before, without the records that this generation was about."""
    for outcome, number in chunk.counted.items():
        counted[outcome] += number
    findings.update(chunk.findings)
    for ordinal in about:
        counted[Outcome(before[ordinal]["outcome"]) if ordinal in before else Outcome.DELIVERED] -= 1
        findings.subtract(codes_of(before.get(ordinal, {})))


# -- write -------------------------------------------------------------------------------------------------------------


async def _write(store: ObjectStore, message: ChunkMessage, chunk: ChunkRow, fence: int, decided: _Decided) -> None:
    """Writes a chunk's end, says that it is to be tabulated, and keeps it in the archive; there its rejects have a
    header of their own, as nothing will put them together."""
    feed, outcomes, rejected = feed_named(message.file.feed), f"outcomes-{fence}.ndjson", f"rejects-{fence}.csv"
    await store.put(chunk_key(chunk, outcomes), decided.lines, "application/x-ndjson")
    if decided.rows:
        await store.put(chunk_key(chunk, rejected), decided.rows, "text/csv; charset=utf-8")
    await note_due(store, message, fence)
    await archive(store, feed.name, chunk_key(chunk, outcomes), decided.lines, "application/x-ndjson")
    if decided.rows:
        table = rejects.header(feed, message.layout) + decided.rows
        await archive(store, feed.name, chunk_key(chunk, rejected), table, "text/csv; charset=utf-8")


async def _give_up(ports: FinalisingPorts, message: ChunkMessage, fence: int, end: ChunkEnd) -> None:
    """Frees the identities and the histories' entries of what will not be delivered."""
    feed, file, chunk = feed_named(message.file.feed), message.file.file_id, message.span.chunk
    freed = _records_of(end.records, end.ended_as(*_FREE))
    await take_back(ports.histories, feed, Ours(file, chunk, fence), freed, ports.clock.now())
    for record in freed if feed.identity else ():
        owner = Owner(file, chunk, record.ordinal, record.digest, record.revision, fence)
        await ports.claims.give_up(feed.name, record.identity, owner)


def _records_of(records: Mapping[int, Accepted], ordinals: Iterable[int]) -> list[Accepted]:
    return [records[at] for at in ordinals if at in records]


_UNDECIDED = (Outcome.HELD, Outcome.UNKNOWN)
"""Who ended so keeps an identity without having been delivered."""


def _is_decided(end: RecordEnd, before: OutcomeLine) -> bool:
    """Whether a record has now an end that its claim cannot know of; one that gives its claim up needs no note, but
    where nobody knew whether it was delivered: such a claim is kept."""
    return end.outcome is Outcome.DELIVERED or (end.outcome in _FREE and before["outcome"] == Outcome.UNKNOWN)


async def _note_ends(
    ports: FinalisingPorts, message: ChunkMessage, fence: int, end: ChunkEnd, before: Mapping[int, OutcomeLine]
) -> None:
    """Has the claims know of records that are undecided, and that others are so no more."""
    noted = [
        (end.records[at], one.outcome)
        for at, one in end.ends.items()
        if at in end.records and (one.outcome in _UNDECIDED or (at in before and _is_decided(one, before[at])))
    ]
    ours = Ours(message.file.file_id, message.span.chunk, fence)
    await note_ends(ports.claims, feed_named(message.file.feed), ours, noted)
