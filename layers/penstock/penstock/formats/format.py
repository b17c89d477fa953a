"""What a format is to the rest of Penstock."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from penstock.model.findings import Finding
from penstock.model.messages import Layout

#: A record that is larger than this has no end worth looking for: all the rest of its file is taken for it. It is what
#: keeps every hop of a splitter moving, as none can end within a record: a minute's reading, at the slowest.
ENDLESS = 1024 * 1024 * 1024


type FieldOf = Callable[[str], str]
"""A feed's answer to "which field is this column?": the field's name, "" where the feed has none for it."""

type Parsed = Mapping[str, Any] | Finding
"""What became of one raw record: fields by name, ready for the model, or the reason why its bytes say nothing."""

HEAD = 64 * 1024  #: bytes a format sees of a file to recognise it; a preamble (header) must end within


@dataclass(frozen=True, slots=True)
class Taken:
    """Whole records taken off a buffer: how many, and where in the buffer the last of them ends.

    `last` says that what follows is to be read by another layout (see `Enveloped`), so that the chunk ends here.
    """

    records: int
    end: int
    last: bool = False


class Format(Protocol):
    """Bytes in, records out. Stateless: everything a format must remember of a file is in its `Layout`."""

    @property
    def name(self) -> str:
        """The word for it in layouts, reports and the command line."""
        ...

    def recognise(self, head: bytes, field_of: FieldOf) -> Layout | None:
        """The layout, if these first bytes (at most `HEAD`) are of this format; None if they are another's.

        Raises:
            Refused: it is this format, and cannot be read as such.
        """
        ...

    def take(self, layout: Layout, buffer: bytes, start: int, records: int, limit: int, final: bool) -> Taken:
        """Whole records from `buffer[start:]`, where a record begins: at most `records`, and none ending past `limit`.

        `final` says that the file ends with the buffer, so that a last record needs no terminator. The answer never
        depends on how the file was cut into buffers. No record is built.
        """
        ...

    def blank(self, layout: Layout, buffer: bytes, final: bool) -> int:
        """How many bytes of `buffer`, where a record could begin, belong to no record; `final` as in `take`. It is
        asked again with what is left, until that is none: more of the file never makes it less."""
        ...

    def ending(self, layout: Layout) -> Callable[[bytes], int | None]:
        """Finds the end of a record that is too large to hold: called with its bytes in order, it answers where in them
        the record ends, None while it goes on."""
        ...

    def split(self, layout: Layout, chunk: bytes) -> list[bytes]:
        """The raw records of a chunk, without their terminators, as many as `take` counted."""
        ...

    def parse(self, layout: Layout, raws: Sequence[bytes]) -> list[Parsed]:
        """What each raw record says."""
        ...

    def unknown_fields(self, layout: Layout, parsed: Sequence[Parsed]) -> set[str]:
        """Names found in these records that the feed has no field for; they were kept out."""
        ...
