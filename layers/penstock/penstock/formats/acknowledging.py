"""Acknowledgements: a standard's own word to the sender of an interchange on what became of it, made from its bytes as
they go by once more, and from what was found of its records.

    X12       997 or 999, and TA1       `x12_acknowledgement`
    EDIFACT   CONTRL                    `edifact_acknowledgement`

Each interchange is answered by one of its own, which comes back from its receiver to its sender, under the same control
number. An acknowledgement tells that a record was accepted, or was rejected and for what; not whether it was delivered.
No value of a record is in it. Acknowledgements are never acknowledged.
"""

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol, runtime_checkable

from penstock.formats.envelopes import Checker, Closes, Faulty, Opens, Passing
from penstock.formats.format import Format
from penstock.model.findings import Finding
from penstock.model.messages import Delimiters, Layout

AT_ONCE = 1000  #: segments that are packed together
TOLD = 100  #: interchanges that are told of by themselves; all of them are counted


class Refusal(NamedTuple):
    """A record that was rejected: its bytes (b"" where it was too large to be read), and what was found of it."""

    raw: bytes
    findings: Sequence[Finding]


@dataclass(slots=True)
class Told:
    """What an answer comes to, by what is in the interchange that it answers. `rules` are what was wrong with its
    envelopes, as the standard has it."""

    control: str
    sender: str
    receiver: str
    answer: str = ""
    accepted: int = 0
    rejected: int = 0
    rules: list[str] = field(default_factory=list[str])

    def count(self, refusal: Refusal | None) -> None:
        """One record more."""
        self.accepted += refusal is None
        self.rejected += refusal is not None

    def wrong(self, faulty: Faulty) -> None:
        """One fault more."""
        if faulty.rule not in self.rules:
            self.rules.append(faulty.rule)

    def as_dict(self) -> dict[str, Any]:
        """As an event has it."""
        names = ("control", "sender", "receiver", "answer", "accepted", "rejected", "rules")
        return {name: getattr(self, name) for name in names}


class Answer(Protocol):
    """The answer to one interchange."""

    told: Told

    def hear(self, event: Passing, refusal: Refusal | None) -> None:
        """What goes by within the interchange; of a record that was rejected, why."""
        ...

    def pieces(self) -> Iterator[bytes]:
        """All of it, once the interchange is over; nothing where there is nothing to answer."""
        ...


class Acknowledger:
    """Answers the interchanges of one file, one after the other. Memory does not grow with the file."""

    def __init__(
        self, follow: Callable[[Callable[[Passing], None]], Checker], begin: Callable[[Opens], Answer]
    ) -> None:
        self._met: list[Passing] = []
        self._checker, self._begin = follow(self._met.append), begin
        self._open: Answer | None = None
        self.told: list[Told] = []  #: of the first interchanges that were answered
        self.answered = 0

    def follow(self, piece: bytes) -> list[Passing]:
        """Passes over the file's next bytes; what has gone by in them."""
        self._checker.follow(piece)
        return self._taken()

    def finish(self) -> list[Passing]:
        """The file has ended; what has gone by since."""
        self._checker.finish(b"")
        return self._taken()

    def _taken(self) -> list[Passing]:
        met = self._met.copy()
        self._met.clear()
        return met

    def take(self, event: Passing, refusal: Refusal | None) -> Iterator[bytes]:
        """Takes what has gone by, in order; the answer of an interchange that ends by it."""
        if isinstance(event, Opens) and event.level == "interchange":
            self._open = self._begin(event)
        elif self._open and isinstance(event, Closes) and event.level == "interchange":
            yield from self._answer(self._open)
            self._open = None
        elif self._open:
            self._open.hear(event, refusal)

    def _answer(self, answer: Answer) -> Iterator[bytes]:
        size = 0
        for piece in answer.pieces():
            size += len(piece)
            yield piece
        if size:
            self.answered += 1
            self.told += [answer.told][: TOLD - len(self.told)]


@runtime_checkable
class Acknowledging(Format, Protocol):
    """A format whose standard has acknowledgements."""

    def acknowledger(self, layout: Layout, made: datetime) -> Acknowledger:
        """For a file of this layout; `made` is when the acknowledgements are dated."""
        ...

    def refusal(self, head: bytes, why: str, made: datetime) -> Answer | None:
        """The answer to a file that was refused because its first interchange cannot be read, for what `why` cites;
        None if its standard has none, or nobody can be told."""
        ...


class Body:
    """Segments of an answer on their way: written one by one, counted, and read once all of them are there. They are
    held packed, in a fiftieth of what they take, as each says nearly what the one before has said."""

    def __init__(self, delimiters: Delimiters, encoding: str) -> None:
        self._delimiters, self._encoding = delimiters, encoding
        self._packer, self._packed, self._loose = zlib.compressobj(level=1), list[bytes](), list[str]()
        self.segments = 0

    def write(self, *elements: str) -> None:
        """A segment."""
        self._loose.append(segment(self._delimiters, elements))
        self.segments += 1
        if len(self._loose) == AT_ONCE:
            self._pack()

    def add(self, other: "Body") -> None:
        """All of another's."""
        self._pack()
        for piece in other.pieces():
            self._packed.append(self._packer.compress(piece))
        self.segments += other.segments

    def _pack(self) -> None:
        self._packed.append(self._packer.compress("".join(self._loose).encode(self._encoding, "replace")))
        self._loose.clear()

    def pieces(self) -> Iterator[bytes]:
        """All of them; nothing is written after that."""
        self._pack()
        unpacker = zlib.decompressobj()
        for packed in (*self._packed, self._packer.flush()):
            piece = unpacker.decompress(packed)
            if piece:
                yield piece


def segment(delimiters: Delimiters, elements: Sequence[str]) -> str:
    """A segment as it is sent, without the empty elements at its end."""
    last = len(elements)
    while not elements[last - 1]:
        last -= 1
    return delimiters.element.join(elements[:last]) + delimiters.segment
