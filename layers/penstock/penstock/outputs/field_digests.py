"""What was read of each record, field by field, so that nobody can change a value afterwards and not be found out.

    {"ordinal": 3, "fields": {"site_id": "9f86d0…", "height_agl_ft": "2c26b4…"}}

A field's digest is SHA-256 of its value in canonical form: the JSON that was delivered, in UTF-8, with the names of
objects sorted and no blanks. Whoever has the record can reckon it again.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from penstock.model.records import Accepted


def field_digests(records: Iterable[Accepted]) -> bytes:
    """A line a record: its ordinal, and the digest of each of its fields, 64 hexadecimal digits."""
    return b"".join(_line(one) for one in sorted(records, key=lambda one: one.ordinal))


def _line(record: Accepted) -> bytes:
    fields: Mapping[str, Any] = json.loads(record.payload)
    digests = {name: digest_of(value) for name, value in sorted(fields.items())}
    return json.dumps({"ordinal": record.ordinal, "fields": digests}).encode() + b"\n"


def digest_of(value: Any) -> str:
    """The digest of a value.

    >>> digest_of({"b": 1, "a": "Größe"}) == hashlib.sha256('{"a":"Größe","b":1}'.encode()).hexdigest()
    True
    """
    canonical = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
