"""The messages between the functions: pointers, never records.

They are made strictly and read tolerantly: a release that follows or precedes the reader's may say more, and what it
says is passed over. An unknown type fails loudly, and a version that is too new waits for the release that knows it
(R16). Models are frozen: a message is a fact.
"""

from contextlib import suppress
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from penstock.model import ids, versions
from penstock.model.errors import MalformedMessage
from penstock.model.findings import Finding
from penstock.model.textract import JobNotice


class _Message(BaseModel):
    # No function reads them all: each one's validator is built when the first is read.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True)

    @classmethod
    def read(cls, text: str) -> Self:
        """As it was written by this release, or by one that says more."""
        return cls.model_validate_json(text, extra="ignore")


class Dropped(_Message):
    """What a sender dropped: an object's version, or an entry of one, whose key is then `archive.zip!entry.csv`."""

    bucket: str
    key: str
    version_id: str


class SourceFile(_Message):
    """One object version, pinned. `etag` is without quotes; `size` in bytes; `sequencer` orders events of one key.

    `origin` is what was dropped, where that is not this object itself but what its bytes were taken from. `notes` are
    what was found when they were, and `rejects_of` is the file whose rejects a workbook says that it has.
    """

    feed: str
    bucket: str
    key: str
    version_id: str
    etag: str
    size: int
    sequencer: str = ""
    origin: Dropped | None = None
    notes: tuple[Finding, ...] = ()
    rejects_of: str = ""

    @property
    def dropped(self) -> Dropped:
        """What people know the file by."""
        return self.origin or Dropped(bucket=self.bucket, key=self.key, version_id=self.version_id)

    @property
    def file_id(self) -> str:
        """Derived from what was dropped, so that the same event twice is the same file."""
        named = self.origin or self
        return ids.file_id(named.bucket, named.key, named.version_id)

    @property
    def is_staged(self) -> bool:
        """Whether this is what `staged` gave."""
        return self.origin is not None and self.key == ids.staged_key(self.file_id)

    def staged(self, bucket: str, etag: str, size: int) -> "SourceFile":
        """The same file, as it is read once its bytes are staged in the work bucket."""
        place = {"bucket": bucket, "key": ids.staged_key(self.file_id), "etag": etag, "size": size}
        # That bucket keeps no versions; "null" is S3's word for the only one.
        return self.model_copy(update=place | {"version_id": "null", "origin": self.dropped})


class Delimiters(NamedTuple):
    """What ends and separates the parts of an EDI interchange; "" where the syntax has no such character."""

    segment: str
    element: str
    component: str
    repetition: str = ""
    release: str = ""


class Layout(_Message):
    """How the file's bytes are to be read; found by the splitter, told to every chunk.

    `encoding` is Python's name of one, or "utf-8|windows-1252" where each record may be in either. `columns` has the
    feed's field for each source column, "" for a column no field wants. `first_byte` and `first_line` are where the
    first record stands, and the records end at byte `until`, where something else follows them. `pivot` is the
    broadcast day's first hour, where a file says so. `separator` is what a table's numbers have before their
    fraction, "" where its first records do not tell. `declared` are the control totals that the sender gave, by name,
    and `control` says what of them differs: all records are held for it. `delimiters` are an EDI interchange's.
    `envelope` is what the envelopes say that the records lie in, by name. `opening` is what encloses all records of a
    JSON array or an XML file, as it is opened before the first of them. `fields` are the feed's when the file was
    recognised, where it has no columns: those of its rejects, whatever release writes them. `again` is a table's header
    as it stands in the file, and the line of units below it, where these and other lines that are no records are passed
    over (`formats.passed_over`), and `above` how many such lines there are above the first record. `names` are the
    names by which the feed knows each of its columns, none for one that no field wants. `twice` are the ordinals of
    rows of a reject file that came back which stand in it before. `is_neutralised` says of a table without a column
    of ours that its cells have the apostrophes of one of our reject files.
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
    separator: str = ""
    until: int | None = None
    declared: dict[str, str] = {}
    control: str = ""
    delimiters: Delimiters | None = None
    envelope: dict[str, str] = {}
    opening: str = ""
    fields: tuple[str, ...] = ()
    again: str = ""
    above: int = 0
    names: tuple[tuple[str, ...], ...] = ()
    twice: tuple[int, ...] = ()
    is_neutralised: bool = False


class Span(_Message):
    """A chunk's place in its file: bytes [`start`, `end`), `records` records from `first_record`, lines from `line`.

    `oversize` marks a single record longer than the feed allows: it is rejected unread. `of_group` is the line where a
    group begins that is larger than the feed allows: the span holds records of it, and all of them are rejected.
    `layout` is what its records are read by, where that is not the file's: they lie in other envelopes than the first.
    """

    chunk: int
    start: int
    end: int
    first_record: int
    records: int
    line: int
    oversize: bool = False
    of_group: int | None = None
    layout: Layout | None = None


class LargeGroup(_Message):
    """A group larger than the feed allows, while it goes by: the digest of its key, and the line it begins on."""

    key: str
    line: int


class Place(_Message):
    """Where the next chunk begins: everything that how a file is cut from here on depends on.

    `after_cr` says that the byte before is a CR, whose LF may come first here. `layout` is as in `Span`; `envelopes` is
    what has been seen of the file's (see `Envelopes.state`).
    """

    byte: int
    line: int
    chunk: int = 0
    record: int = 0
    after_cr: bool = False
    large_group: LargeGroup | None = None
    layout: Layout | None = None
    envelopes: str = ""


class Cut(_Message):
    """How a file is cut into chunks: the limits of one (see `Limits`), the fields that records of one chunk share, and
    the version of the way it is done. With the file's layout, all that the same bytes need to be cut the same."""

    version: int
    group: tuple[str, ...]
    records: int
    bytes: int
    record_bytes: int
    group_records: int
    group_bytes: int
    lines: int | None


class Checkpoint(_Message):
    """What a splitter needs to go on with a file where another has stopped: every chunk before `place` is announced.

    `layout` is the file's, as it was recognised.
    `leaves` and `nodes` are the file's digest so far (see `TreeDigest`). `hops` counts how often the rest has been
    handed on.
    """

    layout: Layout
    place: Place
    leaves: int = 0
    nodes: tuple[str, ...] = ()
    hops: int = 0


class ZipEntry(_Message):
    """A file within a zip archive, as the archive's directory has it.

    `name` is fit to be shown; `method` is APPNOTE's number; `crc` the CRC-32 of its bytes; its local header begins at
    `offset`, and nothing of it lies past `until`. Sizes in bytes.
    """

    name: str
    method: int
    crc: int
    compressed: int
    size: int
    offset: int
    until: int


class SplitMessage(_Message):
    """Splitter → splitter: go on with this file, from its checkpoint. Hop 0 is S3's own word that there is a file, or,
    with an `entry`, a splitter's that there is one in the archive that `file` reads.
    """

    v: int = versions.MESSAGE
    type: Literal["split"] = "split"
    file: SourceFile
    hop: int = 0
    entry: ZipEntry | None = None


class PagesMessage(_Message):
    """Extractor → extractor: read these pages of a document, `first` to `last`, counted from 1. `entry` is the document
    in the archive that `file` reads, as in `SplitMessage`, by which the splitter hands a document over. `waits` counts
    how often the range has already come back later by a message of its own."""

    v: int = versions.MESSAGE
    type: Literal["pages"] = "pages"
    file: SourceFile
    first: int
    last: int
    entry: ZipEntry | None = None
    waits: int = 0


class ChunkMessage(_Message):
    """Splitter → validator: judge this chunk. A later `generation` (once called `round`) is a replay of the records
    `only`, "3,7-9" by ordinal; `released` records were held, and are not held again."""

    v: int = versions.MESSAGE
    type: Literal["chunk"] = "chunk"
    file: SourceFile
    layout: Layout
    span: Span
    generation: int = Field(default=0, validation_alias=AliasChoices("generation", "round"))
    only: str = ""
    released: bool = False

    @property
    def chunk_id(self) -> str:
        """file_id + ordinal."""
        return ids.chunk_id(self.file.file_id, self.span.chunk)


class DispatchMessage(_Message):
    """Validator → dispatcher: deliver what was accepted of this chunk.

    `rejected` counts the records that the validator did not accept (some may be dead: see `defects`), `findings` by
    code what it found in them and in the chunk as a whole, and `flagged` the accepted records that it found something
    of. `waits` counts how often the chunk has already come back later by a message of its own.
    """

    v: int = versions.MESSAGE
    type: Literal["dispatch"] = "dispatch"
    chunk: ChunkMessage
    accepted: int
    rejected: int
    findings: dict[str, int] = {}
    flagged: int = 0
    waits: int = 0


type Message = SplitMessage | PagesMessage | ChunkMessage | DispatchMessage

_reader: TypeAdapter[Message] = TypeAdapter(
    Annotated[SplitMessage | PagesMessage | ChunkMessage | DispatchMessage, Field(discriminator="type")],
    config=ConfigDict(defer_build=True),
)


class _Head(BaseModel):
    """What no version of a message does without."""

    model_config = ConfigDict(hide_input_in_errors=True, defer_build=True)

    v: int
    type: str


def read_message[M: (SplitMessage, ChunkMessage, DispatchMessage)](body: str, expected: type[M]) -> M:
    """The message in a queue message's body.

    Raises:
        MalformedMessage: not JSON, an unknown type, or not of the expected type.
        NewerRelease: its version is newer than this release knows.
    """
    message = read_any(body)
    if not isinstance(message, expected):
        raise MalformedMessage(f"a message of type {message.type} came to the wrong queue")
    return message


def read_document_message(body: str) -> SplitMessage | PagesMessage | JobNotice:
    """What lies on the extractor's queue: a document, a range of pages of one, or word that a job about such has ended.

    Raises:
        MalformedMessage: it is none of them.
        NewerRelease: its version is newer than this release knows.
    """
    with suppress(ValidationError):
        return JobNotice.model_validate_json(body)
    message = read_any(body)
    if not isinstance(message, SplitMessage | PagesMessage):
        raise MalformedMessage(f"a message of type {message.type} came to the wrong queue")
    return message


def read_any(body: str) -> Message:
    """A message of any type.

    Raises:
        MalformedMessage: not JSON, or an unknown type.
        NewerRelease: its version is newer than this release knows.
    """
    try:
        versions.ensure_known("a message", _Head.model_validate_json(body).v, versions.MESSAGE)
        return _reader.validate_json(body, extra="ignore")
    except ValidationError as error:
        raise MalformedMessage(f"not a message of a known type ({error.error_count()} faults)") from None
