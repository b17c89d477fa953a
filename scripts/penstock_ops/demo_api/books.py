"""The books of one feed: what was called, what was applied, what was refused."""

import hashlib
import zlib
from bisect import bisect_right
from collections import Counter
from typing import Any, Literal, TypedDict

from .batch import Batch


class Result(TypedDict):
    """One record's own answer inside a batch's answer."""

    index: int
    status: int
    code: str
    message: str


class Ledger(TypedDict):
    """The books as JSON. `calls` counts answers by status, and as `hung_up` calls without one."""

    calls: dict[str, int]
    #: What this API itself did wrong to calls, by kind: down, status, rate, nonsense, poison, unavailable, slow.
    faults: dict[str, int]
    lost_answers: int
    replayed_answers: int
    applied_batches: int
    applied_records: int
    #: Different contents that were applied more than once.
    applied_more_than_once: int
    refused_records: int
    refused_by_code: dict[str, int]


class Books:
    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.lost_answers = 0
        self._applied_batches = 0
        self._refused: Counter[str] = Counter()
        self._seen: set[bytes] = set()
        self._repeated: set[bytes] = set()
        # Compressed batch by batch: a long run keeps a tenth of what it was sent.
        self._pages: list[bytes] = []
        self._ends: list[int] = [0]

    def apply(self, batch: Batch) -> list[Result]:
        """Applies what can be applied; the result of every record, in order."""
        results: list[Result] = []
        applied: list[bytes] = []
        for index, record in enumerate(batch.records):
            result = _judge(index, record)
            results.append(result)
            if result["status"] == 200:
                applied.append(batch.lines[index])
            else:
                self._refused[result["code"]] += 1
        self._applied_batches += 1
        self._write(applied)
        return results

    def records(self, offset: int, limit: int) -> bytes:
        """Applied records `offset` to `offset + limit` as NDJSON, in the order of application."""
        found: list[bytes] = []
        page = bisect_right(self._ends, offset) - 1
        skip = offset - self._ends[page]
        while page < len(self._pages) and len(found) < skip + limit:
            found += zlib.decompress(self._pages[page]).splitlines(keepends=True)
            page += 1
        return b"".join(found[skip : skip + limit])

    def ledger(self, replayed_answers: int) -> Ledger:
        return {
            "calls": dict(sorted(self.calls.items())),
            "faults": dict(sorted(self.faults.items())),
            "lost_answers": self.lost_answers,
            "replayed_answers": replayed_answers,
            "applied_batches": self._applied_batches,
            "applied_records": self._ends[-1],
            "applied_more_than_once": len(self._repeated),
            "refused_records": self._refused.total(),
            "refused_by_code": dict(sorted(self._refused.items())),
        }

    def _write(self, lines: list[bytes]) -> None:
        for line in lines:
            digest = hashlib.blake2b(line, digest_size=16).digest()
            (self._repeated if digest in self._seen else self._seen).add(digest)
        self._pages.append(zlib.compress(b"".join(line + b"\n" for line in lines), level=1))
        self._ends.append(self._ends[-1] + len(lines))


#: The advertiser that the API does not know.
UNKNOWN_ADVERTISER = "ACME UNKNOWN"


def _judge(index: int, record: dict[str, Any]) -> Result:
    """What this destination itself thinks of a record."""
    if record.get("advertiser") == UNKNOWN_ADVERTISER:
        return _result(index, 422, "unknown_advertiser", "no account for this advertiser")
    return _result(index, 200, "accepted", "")


def _result(index: int, status: Literal[200, 422], code: str, message: str) -> Result:
    return {"index": index, "status": status, "code": code, "message": message}
