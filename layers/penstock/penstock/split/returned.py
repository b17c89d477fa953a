"""What is to be known of a reject file that came back before it is split: which file it is of, where its rows do not
say so any more, and which of them stand twice.

Rows that stand twice in a reject file that came back, wherever they stand in it: a chunk knows of its own alone.

Each row says by its trace which record it was (`formats.returned_rows`). The file is looked through once before it is
split, and the ordinals of those that were there before are written into its layout, for every chunk.
"""

import random
from contextlib import aclosing

from penstock.feeds.feed import Feed
from penstock.formats.origins import origin_in, origin_of_key
from penstock.formats.returned_rows import may_have_come_back, our_columns, trace_of
from penstock.model.messages import Layout, SourceFile
from penstock.ports.clock import Clock
from penstock.ports.object_store import Sources
from penstock.split.chunks import chunks_of

MOST_ROWS = 500_000  #: that are compared; what somebody mends by hand has far fewer
MOST_TWICE = 1_000  #: that are told; the layout goes with every chunk


def with_origin(layout: Layout, file: SourceFile) -> Layout:
    """The layout of a table with the file that it came back from, where its rows do not tell, but the workbook or its
    name does. Cells of a workbook of ours were never neutralised; those of a table of ours were."""
    if not layout.columns or "penstock_trace" in our_columns(layout.header):
        return layout
    said, called = origin_in(file.rejects_of), origin_of_key(file.dropped.key)
    is_neutralised = not said and (layout.is_neutralised or bool(called))
    return layout.model_copy(update={"envelope": layout.envelope | (said or called), "is_neutralised": is_neutralised})


async def with_rows_again(
    feed: Feed, file: SourceFile, layout: Layout, head: bytes, store: Sources, clock: Clock, rng: random.Random
) -> Layout:
    """The layout with the rows that stand in the file a second time; `head` is the file's beginning.

    Raises:
        ObjectMissing: the object's version is gone.
        Transient: a read broke every time.
    """
    if not may_have_come_back(layout, head[layout.first_byte :]):
        return layout
    reader, seen, twice = feed.format_named(layout.format), set[str](), list[int]()
    chunks = chunks_of(feed, layout, file, store, clock, rng, kept=True)
    async with aclosing(chunks):
        async for span, chunk in chunks:
            for ordinal, raw in enumerate(reader.split(layout, chunk) if chunk else (), span.first_record):
                trace = trace_of(layout, raw)
                if trace in seen and len(twice) < MOST_TWICE:
                    twice.append(ordinal)
                if trace:
                    seen.add(trace)
            if len(seen) > MOST_ROWS:
                break
    return layout.model_copy(update={"twice": tuple(twice)})
