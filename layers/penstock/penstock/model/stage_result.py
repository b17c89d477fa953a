"""What a stage has to tell about one message: the handler turns it into a log line and metrics. No record content."""

from dataclasses import dataclass, field
from typing import Any

#: The metrics that tell of a fault: somebody has to look. Each of them has an alarm.
FAULTS = frozenset(
    {
        "ChunksBuried",
        "CircuitOpen",
        "FailingOften",
        "FilesIncomplete",
        "FilesOverdue",
        "FilesOverlooked",
        "FilesStalled",
        "ImbalancedFiles",
        "InternalErrors",
        "LeftToNewerRelease",
        "LookFaults",
        "LooksCutShort",
        "MessagesResent",
        "RecordsUnknown",
        "SettingsWrong",
    }
)


@dataclass(frozen=True, slots=True)
class StageResult:
    """One message's work. `trace` is the file's or chunk's id; `counts` are figures by their metric's name;
    `log_counts` are its records by the codes that their feed tells (`Feed.log_fields`)."""

    what: str
    feed: str
    trace: str
    counts: dict[str, float] = field(default_factory=dict[str, float])
    log_counts: tuple[dict[str, Any], ...] = ()
