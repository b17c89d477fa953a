"""Held records: nothing forbids them, but something was found of them that a scheduler is to look at first, as the
feed's policy has it. They wait, and their identities with them, until they are

    released   they go their way again, in a round of their own in which nothing is held; judged anew, for what forbids
               a record still does. What nobody has read (`Feed.unreleasable`) cannot be
    refused    they are rejected: their identities are free, and the sender has them back
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from penstock.account.finalising import ChunkEnd, end_chunk
from penstock.account.held_batches import held_as_accepted, take_up
from penstock.account.ports import FinalisingPorts
from penstock.feeds import feed_named
from penstock.model.findings import Finding, Outcome
from penstock.model.ordinals import folded
from penstock.model.rows import ChunkRow, ChunkState, FileRow
from penstock.operate.decide import NotToBeDecided, begin_decision
from penstock.operate.replay import REFUSED, Replay
from penstock.outputs.handover import message_of
from penstock.outputs.outcomes import OutcomeLine, RecordEnd, codes_of, outcome_lines_of
from penstock.ports.ledger import Ledger
from penstock.ports.object_store import ObjectStore


@dataclass(frozen=True, slots=True)
class Held:
    """Records of a chunk that are held: what its last ending tells of them, by ordinal."""

    chunk: ChunkRow
    outcome_lines: Mapping[int, OutcomeLine]


async def held_of(ledger: Ledger, store: ObjectStore, file_id: str) -> list[Held]:
    """A file's held records, in order."""
    return [
        Held(
            chunk,
            {
                at: outcome_line
                for at, outcome_line in sorted(outcome_lines.items())
                if outcome_line["outcome"] == Outcome.HELD
            },
        )
        for chunk in await ledger.chunks(file_id)
        if chunk.counted[Outcome.HELD]
        for outcome_lines in [await outcome_lines_of(store, chunk)]
    ]


async def chosen(ledger: Ledger, store: ObjectStore, row: FileRow, ordinals: Sequence[int]) -> list[Held]:
    """These of a file's held records.

    Raises:
        NotToBeDecided: some of them are not held.
    """
    left, found = set(ordinals), list[Held]()
    for held in await held_of(ledger, store, row.file.file_id):
        outcome_lines = {at: outcome_line for at, outcome_line in held.outcome_lines.items() if at in left}
        left -= outcome_lines.keys()
        if outcome_lines:
            found.append(Held(held.chunk, outcome_lines))
    if left:
        raise NotToBeDecided(f"of file {row.file.file_id} these records are not held: {folded(sorted(left))}")
    return found


def plan_release(row: FileRow, held: Sequence[Held]) -> Replay:
    """The round that releases these records. Nothing is changed yet.

    Raises:
        NotToBeDecided: a chunk of theirs has not ended, or is dead; or nobody has read a record.
    """
    release, feed = Replay(), feed_named(row.file.feed)
    unread = [at for one in held for at, line in one.outcome_lines.items() if feed.is_unreleasable(codes_of(line))]
    if unread:
        raise NotToBeDecided(
            f"nobody has read the records {folded(sorted(unread))}, so there is nothing to deliver: refuse them, with"
            " what their sender shall send instead, or make the template that they wait for"
        )
    for one in held:
        chunk, only = one.chunk, folded(one.outcome_lines)
        if chunk.state is not ChunkState.SETTLED:
            raise NotToBeDecided(
                f"chunk {chunk.chunk_id} is {chunk.state}: the records {only} can be released once it is settled"
            )
        again = {"generation": chunk.generation + 1, "only": only, "released": True}
        release.messages.append(message_of(row, chunk).model_copy(update=again))
        release.records[Outcome.HELD] += len(one.outcome_lines)
        release.findings.update(code for outcome_line in one.outcome_lines.values() for code in codes_of(outcome_line))
    return release


async def refuse(ports: FinalisingPorts, row: FileRow, held: Held, note: str) -> None:
    """Rejects held records of a chunk, with the scheduler's note. Doing it again after it broke carries on.

    Raises:
        NotToBeDecided: the chunk is in the middle of another round, or dead.
        Busy: somebody else is at it right now.
        Transient: something broke.
    """
    chunk, fence = await begin_decision(ports, held.chunk, folded(held.outcome_lines))
    records = await held_as_accepted(ports.store, chunk, await ports.ledger.batches(chunk.file_id, chunk.span.chunk))
    await take_up(ports, feed_named(row.file.feed), chunk, fence, records)
    refused = RecordEnd(Outcome.REJECTED, (Finding(REFUSED, f"a scheduler has refused it: {note}"),))
    flags = {
        at: tuple(map(Finding.from_dict, outcome_line.get("findings", ())))
        for at, outcome_line in held.outcome_lines.items()
    }
    ended = ChunkEnd(dict.fromkeys(held.outcome_lines, refused), records=records, flags=flags)
    await end_chunk(ports, message_of(row, chunk), chunk, fence, ended, ChunkState.SETTLED)
