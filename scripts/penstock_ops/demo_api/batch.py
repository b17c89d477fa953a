"""The body of one call: `{"feed", "batch_id", "records": [...]}`."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, cast


class BadBatch(Exception):
    """The body is no batch; nothing of it was applied."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Batch:
    batch_id: str
    records: list[dict[str, Any]]
    #: Each record as canonical JSON, one line.
    lines: list[bytes]

    @classmethod
    def parse(cls, feed: str, body: bytes, max_records: int) -> "Batch":
        try:
            payload: object = json.loads(body)
        except ValueError:
            raise BadBatch(400, "not_json", "the body is not JSON") from None
        if not isinstance(payload, dict):
            raise BadBatch(400, "not_a_batch", "the body is not a JSON object")
        fields = cast(dict[str, Any], payload)
        if fields.get("feed") != feed:
            raise BadBatch(400, "wrong_feed", "the body names another feed than the path")
        batch_id, records = fields.get("batch_id"), fields.get("records")
        if not isinstance(batch_id, str) or not batch_id:
            raise BadBatch(400, "no_batch_id", "batch_id must be a string")
        if not isinstance(records, list) or not records:
            raise BadBatch(400, "no_records", "records must be a list with something in it")
        rows = cast(list[object], records)
        if len(rows) > max_records:
            raise BadBatch(413, "too_many_records", f"at most {max_records} records a call")
        if not all(isinstance(row, dict) for row in rows):
            raise BadBatch(400, "not_a_record", "each record must be a JSON object")
        kept = cast(list[dict[str, Any]], rows)
        return cls(batch_id, kept, [_canonical(row) for row in kept])

    def has(self, value: str) -> bool:
        """Whether a record has this value in one of its fields."""
        return any(value in record.values() for record in self.records)

    @property
    def content(self) -> bytes:
        """A digest of the records alone: equal for the same records under another batch_id."""
        return _digest(*self.lines)

    @property
    def payload(self) -> bytes:
        """A digest of everything that was posted, whatever the order of its keys."""
        return _digest(self.batch_id.encode(), *self.lines)


def _canonical(record: dict[str, Any]) -> bytes:
    text = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    # A lone surrogate is legal in JSON and in no encoding.
    return text.encode("utf-8", "backslashreplace")


def _digest(*parts: bytes) -> bytes:
    return hashlib.blake2b(b"\n".join(parts), digest_size=16).digest()
