"""Why work came no further the last time: what the ledger keeps of it while it waits. No record content."""

from collections.abc import Mapping
from dataclasses import dataclass, field

OFTEN = 4  #: failures in a row; one more, and somebody is to look at it


@dataclass(frozen=True, slots=True)
class Setback:
    """Work that a stage has put down. `reason` is a sentence; `failures` counts how often in a row something failed
    there, which waiting for another, for a turn or for a circuit does not; `since` is when it first came no further.
    `again_at` is when it is tried again, None where its message comes back by itself. Of a chunk, `batches` are those
    whose calls failed: their numbers, as "0-3,7", by reason. Times are seconds since the epoch."""

    stage: str
    reason: str
    failures: int
    since: float
    again_at: float | None = None
    batches: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def is_frequent(self) -> bool:
        """Whether it has failed so often that somebody is to look at it."""
        return self.failures > OFTEN
