"""What Penstock puts on EventBridge, with source `penstock`: the detail of each event, by its detail-type.

For whoever listens. Nobody here reads them back, so the functions do not import this; the twin of the tests' bus holds
every event that any test sees against it. Fields are added without a word, so a listener passes over what it does not
know. Times are seconds since the epoch, unless they say otherwise.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from penstock.model.findings import Outcome, Severity


class _Detail(BaseModel):
    # Here nothing more may be in them than is declared.
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, defer_build=True)


class _OfAFile(_Detail):
    """`key` is what was dropped, with its entry for a file in an archive; `lane` is there where the file is in one."""

    feed: str
    file_id: str
    key: str
    lane: str = ""


class Chunks(_Detail):
    """Chunks of a file: how many there are, and how many of them have ended."""

    expected: int
    settled: int
    dead: int


class Found(_Detail):
    """A finding about the file (docs/findings.md). `rule` cites the regulation or standard behind it."""

    code: str
    message: str
    severity: Severity
    field: str | None = None
    rule: str | None = None
    also: tuple[str, ...] = ()


class ControlTotals(_Detail):
    """What the sender declared of the file, by name, and what of it differs, in words."""

    declared: dict[str, str]
    differ: str | None


class Prices(_Detail):
    """Whose prices they are, and of when."""

    region: str
    date: str


class Cost(_Detail):
    """What the file has taken of AWS: dollars, altogether and by quantity, and the quantities."""

    dollars: float
    by: dict[str, float]
    counted: dict[str, float]
    prices: Prices


class _Report(_OfAFile):
    """A file's report. Of two of one file, the one with the higher `account_version` is the later. `records` has
    `received` and each outcome; `seconds` is from the file's first event to its first end."""

    version_id: str
    state: Literal["settled", "incomplete", "refused", "unpacked"]
    records: dict[Literal["received"] | Outcome, int]
    balanced: bool
    account_version: int
    chunks: Chunks
    findings: dict[str, int] = Field(description="How often each code was found.")
    notes: list[Found] = Field(description="The first findings about the file and not about one of its records.")
    control_totals: ControlTotals | None
    unknown_fields: list[str]
    refused: Found | None
    files: int = Field(description="How many files an archive has given.")
    sha256_tree: str = Field(description="RFC 9162's tree of hashes over the file's records.")
    seconds: float
    round_seconds: float | None = Field(description="What the replay took that has changed the account since.")
    cost: Cost | None = Field(description="Null where nobody has counted.")
    returned_from: list[str] = Field(default=[], description="Files whose reject files it came back from.")
    returned_in: list[str] = Field(default=[], description="Files that came back from its own.")


class FileSettled(_Report):
    """A file has ended; again when a redrive, a replay or a decision has changed its account."""

    ranges: dict[Outcome, str] = Field(
        description='Which records are held, unknown or dead, as "3,7-9"; of each the first 1,000 characters.'
    )


class FileRefused(_Report):
    """A file cannot be read as a whole; `refused` says why."""


class FileUnpacked(_Report):
    """The files in an archive go their own ways."""


class Interchange(_Detail):
    """What an answer to an EDI interchange comes to. `rules` are what was wrong with its envelopes."""

    control: str
    sender: str
    receiver: str
    answer: str
    accepted: int
    rejected: int
    rules: list[str]


class FileAcknowledged(_OfAFile):
    """There is an acknowledgement for the sender, by its standard: X12's 997, 999 and TA1, EDIFACT's CONTRL. `id` is
    the same if it comes twice."""

    id: str
    acknowledgements: str = Field(description="The key of all of it in the work bucket.")
    bytes: int
    sha256: str
    text: str | None = Field(description="All of it; null if it is too large for an event.")
    answered: int = Field(description="How many interchanges.")
    interchanges: list[Interchange] = Field(description="The first of them.")


class FileStalled(_OfAFile):
    """A file has been open for six hours; once. `chunks` is null until the file is sealed."""

    state: Literal["splitting", "sealed"]
    chunks: Chunks | None
    open_for_seconds: int


class FilesOverdue(_OfAFile):
    """Files of a lane have not ended within its `deadline_hours`; at each look. `file_id`, `key`: the oldest's."""

    files: int
    deadline_hours: float


class FileOverlooked(_OfAFile):
    """A dropped object has no row; every hour, for a day. `file_id` is the one that it would have."""


class WorkResent(_OfAFile):
    """Nobody had worked on something of a file for hours, and its messages were sent again."""

    messages: int


class WorkFailing(_OfAFile):
    """A file or a chunk has failed more than four times in a row; once in such a row."""

    chunk: int | None = Field(description="Null for a file.")
    stage: str
    failures: int
    since: float
    reason: str = Field(description="A sentence, without content of records.")


class DriftedField(_Detail):
    """What became of a field's place on a form. `by` is how far it moved, to the right and down, in points."""

    field: str
    kind: str
    old: str = ""
    new: str = ""
    by: tuple[float, float] | None = None
    critical: bool = Field(True, description="Whether a verdict of drift hangs on it; what is told of is.")


class TemplateDrifted(_OfAFile):
    """A form is not what its template has; once for all documents that have changed in the same way."""

    bucket: str
    template: str = Field(description="Its name and version.")
    signature: str = Field(description="The same for all that have changed in the same way.")
    fields: list[DriftedField]


class LookFailed(_Detail):
    """A look by the clock failed at one thing and went on with the others; so does a file's end at its
    acknowledgement."""

    look: str
    about: str = Field(description="What it failed at: a file, a letter, a feed.")
    error: str = Field(description="The exception's type; never its text.")
    place: str = Field(description="Where in Penstock's code.")
    at: float


class Refusal(_Detail):
    """A finding that rejected a record, with its figures where its rule has them: `limit`, `actual` and `margin` in
    `unit`; `duties` are what the figure is made of, without the last `duties_left_out`."""

    ordinal: int
    trace: str
    outcome: Outcome
    rule: str = Field(description="The finding's code.")
    paragraph: str | None = Field(description="The regulation or standard behind it.")
    severity: Severity
    field: str | None
    message: str
    edition: str = ""
    limit: int | None = None
    actual: int | None = None
    margin: int | None = None
    unit: str | None = None
    duties: list[str] = []
    duties_left_out: int = 0


class RecordsRefused(_OfAFile):
    """Records of a feed that examines them were rejected by its rules; chunk by chunk, at most 100 findings an event.
    `id` is the same if it comes twice."""

    id: str
    chunk: str
    round: int
    refused: list[Refusal]


class _OfADestination(_Detail):
    """Of a feed, or of one of its lanes."""

    feed: str
    lane: str = ""


class CircuitOpened(_OfADestination):
    """Too many calls failed, or a probe did: nothing is sent but probes."""

    reason: str
    probe_in_seconds: int


class CircuitHalfOpened(_OfADestination):
    """A probe is under way."""


class CircuitClosed(_OfADestination):
    """Calls go through again."""


EVENTS: Mapping[str, type[_Detail]] = {
    kind.__name__: kind
    for kind in (
        FileSettled,
        FileRefused,
        FileUnpacked,
        FileAcknowledged,
        FileStalled,
        FilesOverdue,
        FileOverlooked,
        WorkResent,
        WorkFailing,
        TemplateDrifted,
        LookFailed,
        RecordsRefused,
        CircuitOpened,
        CircuitHalfOpened,
        CircuitClosed,
    )
}


def ensure_declared(kind: str, detail: Mapping[str, Any]) -> None:
    """Lets pass what listeners are told to expect.

    Raises:
        KeyError: no such event is declared.
        ValidationError: its detail is another than the declared one.
    """
    EVENTS[kind].model_validate(detail, strict=False)
