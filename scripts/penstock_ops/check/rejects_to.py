"""Where a check writes rejects: as a workbook or as lines of JSON if the path ends so, else as CSV."""

from pathlib import Path

from penstock.feeds.feed import Feed
from penstock.model.messages import Layout
from penstock.outputs.reject_files import RejectFiles


class RejectsTo:
    """The reject file of one check. Nothing is written where nothing is rejected."""

    def __init__(self, feed: Feed, layout: Layout, path: Path) -> None:
        self._files, self._path, self._has_some = RejectFiles(feed, layout, ""), path, False
        self._kind = path.suffix.lower()

    def add(self, rows: bytes) -> None:
        """More rows, as the stages write them."""
        if self._kind == ".xlsx":
            self._files.collect(rows)
        else:
            as_json = self._kind == ".ndjson" and self._files.has_json
            begin = b"" if self._has_some or as_json else self._files.csv_header()
            with self._path.open("ab" if self._has_some else "wb") as out:
                out.write(begin + (self._files.json(rows) if as_json else self._files.csv(rows)))
        self._has_some = True

    def close(self) -> Path | None:
        """Where the rejects are, None if there are none."""
        if self._has_some and self._kind == ".xlsx":
            self._path.write_bytes(self._files.workbook())
        return self._path if self._has_some else None
