"""What was found about a record or a file, and how a record can end."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

EXAMPLES = 20  #: findings about a file that are kept in full; all of them are counted


class Severity(StrEnum):
    """How much a finding weighs: `hard` rejects, `soft` flags or holds, `info` only tells."""

    HARD = "hard"
    SOFT = "soft"
    INFO = "info"


class Outcome(StrEnum):
    """The closed set of ends. Every record has exactly one of them once its file is settled."""

    DELIVERED = "delivered"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"
    HELD = "held"
    UNKNOWN = "unknown"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. `code` is namespaced: `format.…` the bytes, `archive.…` what they are compressed or packed in,
    `schema.…` the model, `<feed>.…` a rule, `destination.…` the API's own answer. `rule` cites the regulation or
    standard behind it."""

    code: str
    message: str
    field: str | None = None
    severity: Severity = Severity.HARD
    rule: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The finding as JSON shows it, without what it does not have."""
        return {name: value for name, value in asdict(self).items() if value is not None}


class Noted(BaseModel):
    """What was found about a file and not about one of its records: how often each code, and the first findings in
    full. They reject nothing."""

    counts: Counter[str] = Counter()
    examples: list[Finding] = []

    def add(self, finding: Finding) -> None:
        """One more."""
        self.counts[finding.code] += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(finding)


type Account = dict[Outcome, int]
"""Records by outcome."""


def account(outcomes: Iterable[tuple[Outcome, int]] = ()) -> Account:
    """An account with every outcome in it, zero where nothing was counted."""
    counted = dict.fromkeys(Outcome, 0)
    for outcome, count in outcomes:
        counted[outcome] += count
    return counted


def balances(received: int, counted: Account) -> bool:
    """The promise: received = delivered + rejected + duplicate + held + unknown + dead."""
    return received == sum(counted.values())
