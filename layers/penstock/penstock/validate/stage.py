"""The second stage: a chunk's bytes become accepted records and rejects."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from penstock.feeds import feed_named
from penstock.feeds.feed import Feed
from penstock.io.archiving import archive, named_after
from penstock.io.reader import read_range
from penstock.io.retry import Try
from penstock.io.same_cut import ensure_same_cut
from penstock.io.sending import outgoing, send_all
from penstock.model.defects import is_defect
from penstock.model.errors import Busy, LeaseLost, ObjectMissing
from penstock.model.ids import work_key
from penstock.model.messages import ChunkMessage, DispatchMessage
from penstock.model.rows import ChunkRow, ChunkState, scope_of
from penstock.model.stage_result import StageResult
from penstock.outputs import judged, rejects
from penstock.outputs.accepted import dump_accepted
from penstock.outputs.field_digests import field_digests
from penstock.outputs.handover import dispatch_message_of
from penstock.outputs.outcomes import dump_lines
from penstock.ports.clock import Clock
from penstock.ports.ledger import Ledger
from penstock.ports.object_store import ObjectStore
from penstock.ports.queue import Outlet
from penstock.validate.judging import Judgement, judge, of_these, unknown_field
from penstock.validate.sent_documents import sent_documents
from penstock.validate.without_original import judge_without_original

MOST_UNKNOWN = 1000  #: names that the feed has no field for, told of a chunk; all of them are counted
TOLD = 20  #: kinds of records that the line about a chunk tells apart


@dataclass(frozen=True, slots=True)
class ValidatorPorts:
    """What the validator needs of the world."""

    store: ObjectStore
    ledger: Ledger
    dispatches: Mapping[str, Outlet]
    clock: Clock
    rng: random.Random


async def validate(ports: ValidatorPorts, message: ChunkMessage, deadline: float) -> StageResult:
    """Judges one chunk and passes it on; `deadline` is when the invocation ends, in seconds since the epoch.

    Raises:
        Busy: another validator is at this chunk.
        OtherCut: the file was cut otherwise than the message has it.
        Transient: something broke; validating again carries on.
    """
    now = ports.clock.now()
    await ensure_same_cut(ports.ledger, message, now)
    lease = await ports.ledger.claim_validation(message, now, deadline - now)
    if lease.fence is None:
        if lease.busy_for:
            raise Busy("another validator holds the chunk", after=lease.busy_for)
        return StageResult("seen before", message.file.feed, message.chunk_id)
    try:
        return await _validate(ports, message, lease.row, lease.fence, now)
    except LeaseLost:
        raise  # there is nothing to give back, and what is said of the chunk is another's business
    except Exception as error:
        setback = Try("validator", lease.row.setback, ports.clock.now()).failed(error, ports.rng)
        await ports.ledger.release_chunk(lease.row, lease.fence, setback)
        raise


async def _validate(
    ports: ValidatorPorts, message: ChunkMessage, chunk: ChunkRow, fence: int, began: float
) -> StageResult:
    try:
        judgement = await _judge(ports, message, chunk)
    except ObjectMissing:
        judged_before = await dispatch_message_of(ports.store, message, chunk)
        if judged_before:
            return await _pass_on(ports, judged_before, fence, began)
        judgement = await judge_without_original(ports.store, chunk)
    for origin in sorted(judgement.origins):
        await ports.ledger.tie_return(message.file.file_id, origin)
    key = work_key(message.file.file_id, message.span.chunk, judged.NAME, message.generation)
    body = _outputs(message, judgement)
    if not await ports.store.put_first(key, body, "text/plain"):
        # The first word stands: who was first may have passed it on, and be at work with it. A chunk that has died
        # since is judged anew, and what a release before this one has left half done is done again.
        is_back = chunk.ended is ChunkState.DEAD
        judged_before = None if is_back else await dispatch_message_of(ports.store, message, chunk)
        if judged_before:
            return await _pass_on(ports, judged_before, fence, began)
        if not await ports.ledger.holds(chunk, fence):
            raise LeaseLost("another worker has the chunk, and goes by what stands")
        await ports.store.put(key, body, "text/plain")
    dispatch = _dispatch_of(message, judgement)
    defects = sum(any(is_defect(finding.code) for finding in one.findings) for one in judgement.dead)
    passed_on = await _pass_on(ports, dispatch, fence, began)
    counted = _told(feed_named(message.file.feed), judgement)
    return replace(passed_on, counts=passed_on.counts | {"InternalErrors": defects}, log_counts=counted)


async def _judge(ports: ValidatorPorts, message: ChunkMessage, chunk: ChunkRow) -> Judgement:
    """Judges the chunk's records, or those of them that its generation is about.

    Raises:
        ObjectMissing: the version of the object that they came in was deleted.
    """
    file, span, feed = message.file, message.span, feed_named(message.file.feed)
    # Of a record that is too large to be read, its first KiB is enough to tell which it was.
    end = min(span.end, span.start + 1024) if span.oversize else span.end
    source = await read_range(ports.store, file, span.start, end, ports.clock, ports.rng)
    sent = await sent_documents(feed, message.layout, ports.store, ports.ledger)
    judgement = judge(feed, message.layout, span, source, sent)
    if feed.archived:  # no other feed shall pay for it
        digests = work_key(file.file_id, span.chunk, "digests.txt")
        await archive(ports.store, feed.name, digests, _digests(judgement), "text/plain")
    if feed.field_digests:
        name = work_key(file.file_id, span.chunk, "fields.ndjson")
        body = field_digests(judgement.accepted)
        await ports.store.put_once(named_after(name, body), body, "application/x-ndjson")
    return of_these(judgement, scope_of(chunk)) if message.only else judgement


def _outputs(message: ChunkMessage, judgement: Judgement) -> bytes:
    """All that is said of the chunk."""
    feed = feed_named(message.file.feed)
    return judged.dump_judged(
        {
            "accepted": dump_accepted(judgement.accepted),
            "findings.ndjson": _findings(judgement),
            "rejects.csv": rejects.rows(feed, message.layout, judgement.rejected, message.file.file_id),
        }
    )


def _dispatch_of(message: ChunkMessage, judgement: Judgement) -> DispatchMessage:
    """The message that hands it on."""
    # Those of accepted records are counted where these end.
    flagged = Counter(finding.code for one in judgement.flagged for finding in one.findings)
    return DispatchMessage(
        chunk=message,
        accepted=len(judgement.accepted),
        rejected=len(judgement.refused),
        findings=dict(judgement.findings - flagged),
        flagged=len(judgement.flagged),
    )


async def _pass_on(ports: ValidatorPorts, dispatch: DispatchMessage, fence: int, began: float) -> StageResult:
    """Hands a judged chunk to the dispatcher."""
    feed = dispatch.chunk.file.feed
    await send_all(ports.dispatches[feed], [outgoing(dispatch)], ports.clock, ports.rng)
    await ports.ledger.mark_validated(dispatch, fence)
    counts = {"ChunksValidated": 1, "ChunkLatency": (ports.clock.now() - began) * 1000}
    return StageResult("validated", feed, dispatch.chunk.chunk_id, counts)


def _told(feed: Feed, judgement: Judgement) -> tuple[dict[str, Any], ...]:
    """How many records of which codes, the most frequent first; those beyond `TOLD` kinds are counted together."""
    kinds = judgement.log_counts.most_common()
    counted = [
        dict(zip((*feed.log_fields, "outcome"), codes, strict=True)) | {"records": count}
        for codes, count in kinds[:TOLD]
    ]
    others = sum(count for _, count in kinds[TOLD:])
    return (*counted, *([{"records": others}] if others else []))


def _digests(judgement: Judgement) -> bytes:
    """A line a record: its ordinal, and the SHA-256 of its raw bytes; of one too large to be read, of its beginning."""
    digests = sorted((one.ordinal, one.raw) for one in (*judgement.accepted, *judgement.refused))
    return "".join(f"{ordinal} {digest}\n" for ordinal, digest in digests).encode()


def _findings(judgement: Judgement) -> bytes:
    """A line a finding of each record, one for each name that the feed has no field for, as far as they go, and one for
    each kind of what was tidied."""
    lines = [
        {"ordinal": one.ordinal, "line": one.line, "sha256": one.raw} | finding.as_dict()
        for one in (*judgement.refused, *judgement.flagged)
        for finding in one.findings
    ]
    lines += [unknown_field(name).as_dict() for name in sorted(judgement.unknown)[:MOST_UNKNOWN]]
    lines += [finding.as_dict() for _, finding in sorted(judgement.told.items())]
    return dump_lines(lines)
