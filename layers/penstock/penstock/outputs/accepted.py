"""The accepted records of a chunk, as the validator hands them to the dispatcher through the work bucket.

A line a record, six fields with a blank between: ordinal, SHA-256 of the raw bytes, identity, digest of the payload,
revision, and the payload as JSON. JSON has no raw newline, so the payload can be cut out and sent on unread.
"""

from collections.abc import Iterable

from penstock.model.records import Accepted


def dump_accepted(records: Iterable[Accepted]) -> bytes:
    """The records as lines."""
    return b"".join(
        [
            b"%s %s\n"
            % (f"{one.ordinal} {one.raw} {one.identity or '-'} {one.digest} {one.revision}".encode(), one.payload)
            for one in records
        ]
    )


def load_accepted(body: bytes) -> list[Accepted]:
    """The lines as records."""
    records: list[Accepted] = []
    for line in body.split(b"\n")[:-1]:
        ordinal, raw, identity, digest, revision, payload = line.split(b" ", 5)
        texts = raw.decode(), identity.decode(), digest.decode()
        records.append(Accepted(int(ordinal), *texts, payload, int(revision)))
    return records
