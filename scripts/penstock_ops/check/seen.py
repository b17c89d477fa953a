"""Which identities a file has shown, in 16 bytes a record.

A set of Python objects takes a hundred. Here records are spread over buckets by the first 16 bits of their identity's
digest, and a bucket is a run of fixed-width entries that the C library searches. Entries keep 64 bits more of the
identity and 32 of the payload: two identities among ten million are taken for one with a chance of less than one in
ten billion.
"""

import struct
from collections.abc import Iterator, Sequence

from penstock.model.records import Accepted

_BUCKETS = 1 << 16
_DIGESTS = struct.Struct(">H8s4s")  #: bucket and key of an identity, digest of its payload
_ENTRY = struct.Struct(">8s4sI")  #: key, digest, ordinal


class Seen:
    """Identities met so far, each with its payload's digest and its record's ordinal."""

    def __init__(self) -> None:
        self._buckets: list[bytearray | None] = [None] * _BUCKETS

    def add(self, records: Sequence[Accepted]) -> list[tuple[int, int, bool]]:
        """Notes records. For each whose identity was met before: its ordinal, the earlier ordinal, and whether the
        payload is the same."""
        again: list[tuple[int, int, bool]] = []
        buckets, size = self._buckets, _ENTRY.size
        digests = bytes.fromhex("".join([record[2][:20] + record[3][:8] for record in records]))
        entries: Iterator[tuple[int, bytes, int]] = _DIGESTS.iter_unpack(digests)
        for record, (place, key, payload) in zip(records, entries, strict=True):
            bucket = buckets[place]
            if bucket is None:
                bucket = buckets[place] = bytearray()
            at = bucket.find(key)
            while at > 0 and at % size:
                at = bucket.find(key, at + 1)
            if at < 0:
                bucket += _ENTRY.pack(key, payload, record.ordinal & 0xFFFFFFFF)
            else:
                _, earlier_payload, earlier = _ENTRY.unpack_from(bucket, at)
                again.append((record.ordinal, earlier, payload == earlier_payload))
        return again
