"""What would be delivered, a JSON object a line, as the destination would get it."""

from collections.abc import Iterable
from pathlib import Path

from penstock.feeds.feed import Feed
from penstock.model.ids import trace
from penstock.model.records import Accepted


class Delivered:
    """Writes the records of one file, chunk by chunk; nothing without a path. A file that has not been dropped has no
    id yet: in a record's trace stands its name."""

    def __init__(self, feed: Feed, path: Path | None, name: str) -> None:
        self._feed, self._path, self._name = feed, path, name
        if path:
            path.write_bytes(b"")

    def write(self, records: Iterable[Accepted]) -> None:
        """Some more of them."""
        if self._path:
            with self._path.open("ab") as out:
                out.writelines(self._line(one) for one in sorted(records, key=lambda one: one.ordinal))

    def _line(self, record: Accepted) -> bytes:
        if not self._feed.trace:
            return record.payload + b"\n"
        traced = trace(self._name, record.ordinal)
        return b'{"%s":"%s",%s\n' % (self._feed.trace.encode(), traced.encode(), record.payload[1:])
