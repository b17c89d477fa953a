"""The messages between the functions: pointers, never records.

An unknown type or version fails loudly (R16). Models are frozen: a message is a fact.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from penstock import ids
from penstock.errors import MalformedMessage


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class SourceFile(_Message):
    """One object version, pinned. `etag` is without quotes; `size` in bytes; `sequencer` orders events of one key."""

    feed: str
    bucket: str
    key: str
    version_id: str
    etag: str
    size: int
    sequencer: str = ""

    @property
    def file_id(self) -> str:
        """Derived, so that the same event twice is the same file."""
        return ids.file_id(self.bucket, self.key, self.version_id)


class Layout(_Message):
    """How the file's bytes are to be read; found once by the splitter, told to every chunk.

    `columns` has the feed's field for each source column, "" for a column no field wants. `first_byte` and
    `first_line` are where the first record stands. `pivot` is the broadcast day's first hour, where a file says so.
    """

    format: str
    encoding: str = "utf-8"
    delimiter: str = ""
    columns: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    first_byte: int = 0
    first_line: int = 1
    pivot: int | None = None


class Span(_Message):
    """A chunk's place in its file: bytes [`start`, `end`), `records` records from `first_record`, lines from `line`.

    `oversize` marks a single record longer than the feed allows: it is rejected unread.
    """

    chunk: int
    start: int
    end: int
    first_record: int
    records: int
    line: int
    oversize: bool = False


class ChunkMessage(_Message):
    """Splitter → validator: judge this chunk."""

    v: Literal[1] = 1
    type: Literal["chunk"] = "chunk"
    file: SourceFile
    layout: Layout
    span: Span

    @property
    def chunk_id(self) -> str:
        """file_id + ordinal."""
        return ids.chunk_id(self.file.file_id, self.span.chunk)


class DispatchMessage(_Message):
    """Validator → dispatcher: deliver what was accepted of this chunk.

    `rejected` counts the validator's rejects, `findings` its findings by code. `waits` counts how often the chunk has
    already waited for identical records elsewhere.
    """

    v: Literal[1] = 1
    type: Literal["dispatch"] = "dispatch"
    chunk: ChunkMessage
    accepted: int
    rejected: int
    findings: dict[str, int] = {}
    waits: int = 0


_reader: TypeAdapter[ChunkMessage | DispatchMessage] = TypeAdapter(
    Annotated[ChunkMessage | DispatchMessage, Field(discriminator="type")]
)


def read_message[M: (ChunkMessage, DispatchMessage)](body: str, expected: type[M]) -> M:
    """The message in a queue message's body.

    Raises:
        MalformedMessage: not JSON, an unknown type or version, or not of the expected type.
    """
    try:
        message = _reader.validate_json(body)
    except ValidationError as error:
        raise MalformedMessage(f"not a message of a known type and version ({error.error_count()} faults)") from None
    if not isinstance(message, expected):
        raise MalformedMessage(f"a message of type {message.type} came to the wrong queue")
    return message
