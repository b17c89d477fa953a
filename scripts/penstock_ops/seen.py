"""Which identities a file has shown, in 16 bytes a record.

A set of Python objects takes a hundred. Here records are spread over buckets by their identity's digest, and a bucket
is a run of fixed-width entries that the C library searches. Entries keep 64 bits of the identity and 32 of the
payload: two identities among ten million are taken for one with a chance of three in a million.
"""

import struct

_BUCKETS = 1 << 16
_ENTRY = struct.Struct(">QII")


class Seen:
    """Identities met so far, each with its payload's digest and its record's ordinal."""

    def __init__(self) -> None:
        self._buckets: list[bytearray | None] = [None] * _BUCKETS

    def add(self, identity: str, digest: str, ordinal: int) -> tuple[int, bool] | None:
        """Notes a record. If its identity was met before: (the earlier ordinal, whether the payload is the same).

        `identity` and `digest` are hexadecimal digests.
        """
        number = int(identity[:16], 16)
        place = number >> 48
        bucket = self._buckets[place]
        if bucket is None:
            bucket = self._buckets[place] = bytearray()
        key = number.to_bytes(8)
        at = bucket.find(key)
        while at >= 0 and at % _ENTRY.size:
            at = bucket.find(key, at + 1)
        payload = int(digest[:8], 16)
        if at < 0:
            bucket += _ENTRY.pack(number, payload, ordinal & 0xFFFFFFFF)
            return None
        _, earlier_payload, earlier = _ENTRY.unpack_from(bucket, at)
        return earlier, earlier_payload == payload
