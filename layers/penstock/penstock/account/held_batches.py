"""Held records lie in a batch that nobody sends; a later generation takes them out of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from penstock.account.ports import FinalisingPorts
from penstock.feeds.feed import Feed
from penstock.model.records import Accepted
from penstock.model.rows import BatchRow, BatchState, ChunkRow, Owner, scope_of
from penstock.outputs.accepted import load_accepted
from penstock.outputs.work import read_work
from penstock.ports.object_store import ObjectStore


async def take_up(
    ports: FinalisingPorts, feed: Feed, chunk: ChunkRow, fence: int, records: Mapping[int, Accepted]
) -> list[BatchRow]:
    """Takes the records of a chunk's generation out of the batches that they were held in; the chunk's batches since.
    `records` are those of them that are accepted this time; any other, or one that is not the same any more, gives its
    identity up."""
    batches = await ports.ledger.batches(chunk.file_id, chunk.span.chunk)
    for ordinal, was in (await held_as_accepted(ports.store, chunk, batches)).items():
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
    return batch.state is BatchState.HELD and batch.generation < chunk.generation


async def held_as_accepted(store: ObjectStore, chunk: ChunkRow, batches: Sequence[BatchRow]) -> dict[int, Accepted]:
    """The records of a chunk's round as they were when they were held, by ordinal."""
    about, records = scope_of(chunk), dict[int, Accepted]()
    for batch in batches:
        wanted = about.intersection(batch.ordinals)
        if wanted and _was_held(batch, chunk):
            body = await read_work(store, chunk, "accepted", batch.generation)
            records |= {one.ordinal: one for one in load_accepted(body or b"") if one.ordinal in wanted}
    return records
