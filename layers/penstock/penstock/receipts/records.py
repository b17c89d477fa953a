"""What is said of each record in its account's tree: a line a record, in the order of their ordinals.

    17 9f86…0a08 5feceb66…6ffc delivered 4c9e…-000003-002 201:e3b0…b855

The columns are the record's ordinal in its file, SHA-256 of its bytes as they came, the digest of its identity, its
outcome, the batch that it went in, and what the destination answered to that: the status, and SHA-256 of the answer's
body. What there is not, is "-". The lines end without a newline where they are leaves.
"""

from collections.abc import Mapping, Sequence

from backports import zstd

from penstock.model.errors import PenstockError
from penstock.model.findings import Outcome
from penstock.ports.tables import Batch, Endings

_SHOWN = 1 + 64 + 1 + 32  #: characters of a raw digest and an identity, each behind a blank
_NO_IDENTITY = b" - "
_UNSENT = b" delivered - -"


class NotWhole(PenstockError):
    """Raised when what the stages wrote does not tell of just the records that a chunk has."""


def record_lines(ended: Endings, first: int, records: int) -> list[bytes]:
    """The lines of a chunk's records, of which the first has the ordinal `first`.

    Raises:
        NotWhole: as it says.
    """
    begun = _accepted(ended.accepted)
    lines = dict.fromkeys(range(first, first + records), b"")
    for batch in ended.batches:
        tail = _tail(Outcome.DELIVERED, batch, {})
        lines |= {at: begun[at] + tail for at in batch.ordinals if at in begun}
    for at, begin in begun.items():
        if not lines.get(at):
            lines[at] = begin + _UNSENT
    batches = {at: batch for batch in ended.batches for at in batch.ordinals} if ended.told else {}
    for line in ended.told:
        at: int = line["ordinal"]
        begin = begun.get(at) or f"{at} {line.get('raw') or '-'} -".encode()
        lines[at] = begin + _tail(line["outcome"], batches.get(at), line)
    if len(lines) != records or not all(lines.values()):
        told = sum(map(bool, lines.values()))
        raise NotWhole(f"of chunk {ended.chunk} of {ended.file_id}, {told} records are told for {records}")
    return list(lines.values())


def _accepted(body: bytes) -> dict[int, bytes]:
    """Of each accepted record what a line begins with: the first columns of `outputs.accepted`, as they stand there. A
    feed has an identity for all of its records, or for none."""
    start = body.find(b"\n") + 1
    blank = body.find(b" ", start)
    more = 67 if body[blank + 65 : blank + 68] == _NO_IDENTITY else _SHOWN
    begun: dict[int, bytes] = {}
    # Not by lines: what stands behind is most of one, and would be copied for nothing.
    while (end := body.find(b"\n", start)) >= 0:
        blank = body.find(b" ", start)
        begun[int(body[start:blank])] = body[start : blank + more]
        start = end + 1
    return begun


def _tail(outcome: str, batch: Batch | None, line: Mapping[str, str | None]) -> bytes:
    sent = batch.id if batch else line.get("batch")
    answer = batch.answer if batch else ""
    return f" {outcome} {sent or '-'} {answer or '-'}".encode()


def packed(lines: Sequence[bytes]) -> bytes:
    """The lines as an object has them."""
    return zstd.compress(b"\n".join(lines), 1)


def unpacked(body: bytes) -> list[bytes]:
    """The lines of an object."""
    text = zstd.decompress(body)
    return text.split(b"\n") if text else []
