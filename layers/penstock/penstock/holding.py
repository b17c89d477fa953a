"""Held records: nothing forbids them, but something was found of them that a scheduler is to look at first, as the
feed's policy has it. They wait, and their identities with them, until they are

    released   they go their way again, in a round of their own in which nothing is held; judged anew, for what forbids
               a record still does
    refused    they are rejected: their identities are free, and the sender has them back
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from penstock import ids
from penstock.accepted import load_accepted
from penstock.deciding import NotToBeDecided, begin_decision
from penstock.ending import Ending, EndingPorts, Round, Story, codes_of, end_chunk, scope_of, stories_of
from penstock.feeds import feed_named
from penstock.feeds.feed import Feed
from penstock.findings import Finding, Outcome
from penstock.judging import Accepted
from penstock.ledger import BatchRow, BatchState, ChunkRow, ChunkState, FileRow, Ledger, Owner
from penstock.ordinals import folded
from penstock.ports import ObjectStore
from penstock.replaying import REFUSED, Replay, message_of


@dataclass(frozen=True, slots=True)
class Held:
    """Records of a chunk that are held: what its last ending tells of them, by ordinal."""

    chunk: ChunkRow
    stories: Mapping[int, Story]


async def held_of(ledger: Ledger, store: ObjectStore, file_id: str) -> list[Held]:
    """A file's held records, in order."""
    return [
        Held(chunk, {at: story for at, story in sorted(stories.items()) if story["outcome"] == Outcome.HELD})
        for chunk in await ledger.chunks(file_id)
        if chunk.counted[Outcome.HELD]
        for stories in [await stories_of(store, chunk)]
    ]


async def chosen(ledger: Ledger, store: ObjectStore, row: FileRow, ordinals: Sequence[int]) -> list[Held]:
    """These of a file's held records.

    Raises:
        NotToBeDecided: some of them are not held.
    """
    left, found = set(ordinals), list[Held]()
    for held in await held_of(ledger, store, row.file.file_id):
        stories = {at: story for at, story in held.stories.items() if at in left}
        left -= stories.keys()
        if stories:
            found.append(Held(held.chunk, stories))
    if left:
        raise NotToBeDecided(f"of file {row.file.file_id} these records are not held: {folded(sorted(left))}")
    return found


def plan_release(row: FileRow, held: Sequence[Held]) -> Replay:
    """The round that releases these records. Nothing is changed yet.

    Raises:
        NotToBeDecided: a chunk of theirs has not ended, or is dead.
    """
    release = Replay()
    for one in held:
        chunk, only = one.chunk, folded(one.stories)
        if chunk.state is not ChunkState.SETTLED:
            raise NotToBeDecided(
                f"chunk {chunk.chunk_id} is {chunk.state}: the records {only} can be released once it is settled"
            )
        again = {"round": chunk.round + 1, "only": only, "released": True}
        release.messages.append(message_of(row, chunk).model_copy(update=again))
        release.records[Outcome.HELD] += len(one.stories)
        release.findings.update(code for story in one.stories.values() for code in codes_of(story))
    return release


async def refuse(ports: EndingPorts, row: FileRow, held: Held, note: str) -> None:
    """Rejects held records of a chunk, with the scheduler's note. Doing it again after it broke carries on.

    Raises:
        NotToBeDecided: the chunk is in the middle of another round, or dead.
        Busy: somebody else is at it right now.
        Transient: something broke.
    """
    chunk, fence = await begin_decision(ports, held.chunk, folded(held.stories))
    records = await _as_accepted(ports.store, chunk, await ports.ledger.batches(chunk.file_id, chunk.span.chunk))
    await take_up(ports, feed_named(row.file.feed), chunk, fence, records)
    refused = Ending(Outcome.REJECTED, (Finding(REFUSED, f"a scheduler has refused it: {note}"),))
    flags = {at: tuple(map(Finding.told, story.get("findings", ()))) for at, story in held.stories.items()}
    ended = Round(dict.fromkeys(held.stories, refused), records=records, flags=flags)
    await end_chunk(ports, message_of(row, chunk), chunk, fence, ended, ChunkState.SETTLED)


async def take_up(
    ports: EndingPorts, feed: Feed, chunk: ChunkRow, fence: int, records: Mapping[int, Accepted]
) -> list[BatchRow]:
    """Takes the records of a chunk's round out of the batches that they were held in; the chunk's batches since.
    `records` are those of them that are accepted this time; who is not, or not as the same, gives its identity up."""
    batches = await ports.ledger.batches(chunk.file_id, chunk.span.chunk)
    for ordinal, was in (await _as_accepted(ports.store, chunk, batches)).items():
        if feed.identity and (ordinal not in records or records[ordinal].identity != was.identity):
            owner = Owner(chunk.file_id, chunk.span.chunk, ordinal, was.digest, was.revision, fence)
            await ports.claims.give_up(feed.name, was.identity, owner)
    about = scope_of(chunk)
    for place, batch in enumerate(batches):
        returned = about.intersection(batch.ordinals).union(batch.returned)
        if _was_held(batch, chunk) and len(returned) > len(batch.returned):
            batches[place] = replace(batch, returned=tuple(sorted(returned)))
            await ports.ledger.end_batch(chunk, fence, batches[place])
    return batches


def _was_held(batch: BatchRow, chunk: ChunkRow) -> bool:
    return batch.state is BatchState.HELD and batch.round < chunk.round


async def _as_accepted(store: ObjectStore, chunk: ChunkRow, batches: Sequence[BatchRow]) -> dict[int, Accepted]:
    """The records of a chunk's round as they were when they were held, by ordinal."""
    about, records = scope_of(chunk), dict[int, Accepted]()
    for batch in batches:
        wanted = about.intersection(batch.ordinals)
        if wanted and _was_held(batch, chunk):
            body = await store.get(ids.work_key(chunk.file_id, chunk.span.chunk, "accepted", batch.round))
            records |= {one.ordinal: one for one in load_accepted(body or b"") if one.ordinal in wanted}
    return records
