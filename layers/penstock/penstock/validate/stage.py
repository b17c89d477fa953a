"""The second stage: a chunk's bytes become accepted records and rejects."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from penstock.feeds import feed_named
from penstock.feeds.feed import Feed
from penstock.io.archiving import archive
from penstock.io.reader import read_range
from penstock.io.sending import send_all
from penstock.model.errors import Busy
from penstock.model.ids import work_key
from penstock.model.messages import ChunkMessage, DispatchMessage
from penstock.model.rows import ChunkRow, scope_of
from penstock.model.stage_result import StageResult
from penstock.outputs import rejects
from penstock.outputs.accepted import dump_accepted
from penstock.outputs.outcomes import dump_lines
from penstock.ports.clock import Clock
from penstock.ports.ledger import Ledger
from penstock.ports.object_store import ObjectStore
from penstock.ports.queue import Outgoing, Outlet
from penstock.validate.judging import Judgement, judge, of_these, unknown_field

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
        Transient: something broke; validating again writes the same.
    """
    now = ports.clock.now()
    lease = await ports.ledger.claim_validation(message, now, deadline - now)
    if lease.fence is None:
        if lease.busy_for:
            raise Busy("another validator holds the chunk", after=lease.busy_for)
        return StageResult("seen before", message.file.feed, message.chunk_id)
    try:
        return await _validate(ports, message, lease.row, lease.fence, now)
    except Exception:
        await ports.ledger.release_chunk(lease.row, lease.fence)
        raise


async def _validate(
    ports: ValidatorPorts, message: ChunkMessage, chunk: ChunkRow, fence: int, began: float
) -> StageResult:
    file, span, feed = message.file, message.span, feed_named(message.file.feed)
    # Of a record that is too large to be read, its first KiB is enough to tell which it was.
    end = min(span.end, span.start + 1024) if span.oversize else span.end
    source = await read_range(ports.store, file, span.start, end, ports.clock, ports.rng)
    judgement = judge(feed, message.layout, span, source)
    if feed.archived:  # no other feed shall pay for it
        digests = work_key(file.file_id, span.chunk, "digests.txt")
        await archive(ports.store, feed.name, digests, _digests(judgement), "text/plain")
    if message.only:
        judgement = of_these(judgement, scope_of(chunk))

    def key(name: str) -> str:
        return work_key(file.file_id, span.chunk, name, message.generation)

    # What an earlier try of the round may have written is written over, also by nothing.
    anew = chunk.ended is not None
    await ports.store.put(key("accepted"), dump_accepted(judgement.accepted), "text/plain")
    if judgement.rejected or anew:
        part = rejects.rows(feed, message.layout, judgement.rejected)
        await ports.store.put(key("rejects.csv"), part, "text/csv; charset=utf-8")
    if judgement.findings or anew:
        await ports.store.put(key("findings.ndjson"), _findings(judgement), "application/x-ndjson")
    # Those of accepted records are counted where these end.
    flagged = Counter(finding.code for one in judgement.flagged for finding in one.findings)
    dispatch = DispatchMessage(
        chunk=message,
        accepted=len(judgement.accepted),
        rejected=len(judgement.refused),
        findings=dict(judgement.findings - flagged),
        flagged=len(judgement.flagged),
    )
    outgoing = Outgoing(dispatch.model_dump_json(), group=file.feed)
    await send_all(ports.dispatches[file.feed], [outgoing], ports.clock, ports.rng)
    await ports.ledger.mark_validated(dispatch, fence)
    return StageResult(
        "validated",
        feed.name,
        message.chunk_id,
        {
            "ChunksValidated": 1,
            "ChunkLatency": (ports.clock.now() - began) * 1000,
            "InternalErrors": len(judgement.dead),
        },
        _told(feed, judgement),
    )


def _told(feed: Feed, judgement: Judgement) -> tuple[dict[str, Any], ...]:
    """How many records of which codes, the most frequent first; those beyond `TOLD` kinds are counted together."""
    kinds = judgement.log_counts.most_common()
    told = [
        dict(zip((*feed.log_fields, "outcome"), codes, strict=True)) | {"records": count}
        for codes, count in kinds[:TOLD]
    ]
    others = sum(count for _, count in kinds[TOLD:])
    return (*told, *([{"records": others}] if others else []))


def _digests(judgement: Judgement) -> bytes:
    """A line a record: its ordinal, and the SHA-256 of its raw bytes; of one too large to be read, of its beginning."""
    digests = sorted((one.ordinal, one.raw) for one in (*judgement.accepted, *judgement.refused))
    return "".join(f"{ordinal} {digest}\n" for ordinal, digest in digests).encode()


def _findings(judgement: Judgement) -> bytes:
    """A line a finding of each record, and one for each name that the feed has no field for."""
    lines = [
        {"ordinal": one.ordinal, "line": one.line, "sha256": one.raw} | finding.as_dict()
        for one in (*judgement.refused, *judgement.flagged)
        for finding in one.findings
    ]
    lines += [unknown_field(name).as_dict() for name in sorted(judgement.unknown)]
    return dump_lines(lines)
