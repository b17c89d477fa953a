"""What is posted to a destination: a batch as JSON."""

from collections.abc import Mapping

from penstock.feeds.feed import Feed
from penstock.model import ids
from penstock.model.records import Accepted
from penstock.model.rows import BatchRow


def body_of(feed: Feed, file_id: str, batch_id: str, batch: BatchRow, records: Mapping[int, Accepted]) -> bytes:
    """The payloads as the validator wrote them, spliced, not read. A trace is put before the other fields here and not
    in the payload, whose digest tells whether two records are the same."""
    payloads = [records[ordinal].payload for ordinal in batch.ordinals]
    if feed.trace:
        traces = [ids.trace(file_id, ordinal) for ordinal in batch.ordinals]
        payloads = [
            b'{"%s":"%s",%s' % (feed.trace.encode(), trace.encode(), payload[1:])
            for trace, payload in zip(traces, payloads, strict=True)
        ]
    return b'{"feed":"%s","batch_id":"%s","records":[%s]}' % (
        feed.name.encode(),
        batch_id.encode(),
        b",".join(payloads),
    )
