"""The accepted records of a chunk, as the validator hands them to the dispatcher through the work bucket.

    #2 ordinal raw identity digest revision payload
    0 9f86…0a08 5feceb66… 4e07408… 0 {"spot_id":"S00000",…}

The first line has the version and the columns' names, so that a reader finds those that it knows, in whatever order.
Then a line a record, with a blank between two columns: ordinal, SHA-256 of the raw bytes, identity, digest of the
payload, revision, and the payload as JSON, which is the last in every version. JSON has no raw newline, so the payload
can be cut out and sent on unread. Version 1 had no first line.
"""

from collections.abc import Iterable, Sequence

from penstock.model import versions
from penstock.model.records import Accepted

COLUMNS = ("ordinal", "raw", "identity", "digest", "revision", "payload")
_DEFAULTS = {"identity": b"-", "revision": b"0"}
"""What a column holds that an older release may not have written."""


def dump_accepted(records: Iterable[Accepted]) -> bytes:
    """The records as lines."""
    head = f"#{versions.ACCEPTED} {' '.join(COLUMNS)}\n".encode()
    return head + b"".join(
        [
            b"%s %s\n"
            % (f"{one.ordinal} {one.raw} {one.identity or '-'} {one.digest} {one.revision}".encode(), one.payload)
            for one in records
        ]
    )


def load_accepted(body: bytes) -> list[Accepted]:
    """The lines as records.

    Raises:
        NewerRelease: a newer release has written them, in a form that this one does not know.
    """
    lines, columns = body.split(b"\n")[:-1], COLUMNS
    if lines and lines[0].startswith(b"#"):
        version, *columns = lines.pop(0).decode().removeprefix("#").split(" ")
        versions.ensure_known("the accepted records of a chunk", int(version), versions.ACCEPTED)
    cut = len(columns) - 1
    rows = [line.split(b" ", cut) for line in lines]
    if tuple(columns) != COLUMNS:
        rows = [_known(columns, row) for row in rows]
    if not rows:
        return []
    ordinals, raws, identities, digests, revisions, payloads = zip(*rows, strict=True)
    texts = (b" ".join(column).decode().split(" ") for column in (raws, identities, digests))
    return list(map(Accepted._make, zip(map(int, ordinals), *texts, payloads, map(int, revisions), strict=True)))


def _known(columns: Sequence[str], row: Sequence[bytes]) -> list[bytes]:
    """The cells of the columns that this release knows, in its order."""
    cells = _DEFAULTS | dict(zip(columns, row, strict=True))
    return [cells[name] for name in COLUMNS]
