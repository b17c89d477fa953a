"""The port of the table of outcomes: how chunks ended, as Parquet. What Parquet is, only its other side knows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of a chunk: its id, when it was first sent, in seconds since the epoch, whose outcome it says, and what
    was answered to it, "" where that is not known (see `BatchRow.answered`)."""

    id: str
    sent_at: float | None
    ordinals: Sequence[int]
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Endings:
    """How a chunk's records ended, as it is known from what the stages wrote.

    `accepted` are the lines of `outputs.accepted` in their present form: of each record the last. `told` are those of
    whom the outcomes tell, with `ordinal`, `outcome`, `codes`, `of` and `batch`; who was not accepted has its `raw`
    digest and its `values` there, as far as they are known. Times are in seconds since the
    epoch: when the file was first heard of, and when the chunk ended.
    """

    file_id: str
    key: str
    chunk: int
    fence: int
    dropped_at: float
    ended_at: float
    accepted: bytes
    told: Sequence[Mapping[str, Any]]
    batches: Sequence[Batch]


class Tables(Protocol):
    """Makes parts of the table of outcomes."""

    async def written(self, chunks: Sequence[Endings], fields: Sequence[str], *, content: bool) -> tuple[bytes, int]:
        """A part with a row a record of these chunks, and how many it has. `fields` are columns of their own; with
        `content` a record's payload is one more."""
        ...

    async def merged(self, parts: Sequence[bytes]) -> bytes:
        """One part with the rows of several, in any order. A row that is in two of them may be there twice."""
        ...
