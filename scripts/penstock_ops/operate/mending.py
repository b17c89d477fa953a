"""A file's reject file, mended cell by cell: only the rows that were changed go back, as a file tied to the first by
the traces in them. A cell is text from end to end, so that numbers and leading zeros stay as they were sent."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from penstock.model.errors import PenstockError
from penstock.model.messages import SourceFile
from penstock_ops.check.check_file import check

OURS = "penstock_"  #: how the columns begin that we have added
_MARK = b"\xef\xbb\xbf"


class NothingMended(PenstockError):
    """Raised where no row differs from what was rejected."""


@dataclass(frozen=True, slots=True)
class Rejects:
    """A reject file as a grid: the names of its columns, and its rows, cell by cell."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    delimiter: str
    marked: bool

    def value(self, row: int, column: str) -> str:
        """What one of our columns says of a row, "" where it is not there."""
        return self.rows[row][self.columns.index(column)] if column in self.columns else ""

    def mended(self, cells: Mapping[tuple[int, int], str]) -> dict[int, list[str]]:
        """The rows that these cells, by row and column, change, as they are then. Our own columns cannot be changed."""
        found: dict[int, list[str]] = {}
        for (row, column), value in cells.items():
            inside = 0 <= row < len(self.rows) and 0 <= column < len(self.rows[row])
            if inside and not self.columns[column].startswith(OURS) and value != self.rows[row][column]:
                found.setdefault(row, list(self.rows[row]))[column] = value
        return dict(sorted(found.items()))

    def body(self, rows: Mapping[int, Sequence[str]]) -> bytes:
        """These rows as a file to be dropped, written as the reject file is."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=self.delimiter, lineterminator="\r\n")
        writer.writerows([self.columns, *rows.values()])
        return (_MARK if self.marked else b"") + text.getvalue().encode()


def rejects_in(body: bytes) -> Rejects:
    """A rejects.csv of ours, read."""
    text = body.decode("utf-8-sig")
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    columns, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return Rejects(columns, rows, delimiter, body.startswith(_MARK))


def judged(feed: str, rejects: Rejects, mended: Mapping[int, Sequence[str]]) -> dict[int, dict[str, str]]:
    """What `penstock check` says of mended rows: `field`, `code` and `message` of each that would be rejected again.

    Raises:
        NothingMended: there are none.
    """
    if not mended:
        raise NothingMended("no cell is another than it was")
    with TemporaryDirectory(prefix="penstock-mend-") as folder:
        path, again = Path(folder) / "mended.csv", Path(folder) / "rejects.csv"
        path.write_bytes(rejects.body(mended))
        checked: dict[str, Any] = check(path, feed, again, lambda _: None).as_dict()
        if checked["refused"]:
            refused = {"field": "", "code": checked["refused"]["code"], "message": checked["refused"]["message"]}
            return dict.fromkeys(mended, refused)
        left = rejects_in(again.read_bytes()) if again.exists() else None
    places = list(mended)
    names = ("field", "code", "message")
    return {
        places[int(left.value(row, "penstock_ordinal"))]: {name: left.value(row, f"{OURS}{name}") for name in names}
        for row in range(len(left.rows) if left else 0)
        if left
    }


def key_of(file: SourceFile) -> str:
    """The key that the mended rows of a file are dropped under: beside it, in its lane."""
    key = PurePosixPath(file.dropped.key)
    return str(key.with_name(f"{key.stem}.mended.csv"))
