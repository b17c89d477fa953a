"""What was found about a record or a file, and how a record can end."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

GONE = "format.gone"  #: the code of what cannot be read any more: its version of the object was deleted
CHANGED_CELL = "format.changed_cell"  #: the code of what came back from a reject file with other cells
HOLDING = frozenset({CHANGED_CELL})  #: codes of soft findings that hold a record whatever its feed and settings say
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
    standard behind it. `field` is the one to mend, as a rule; what is found may be mended in the fields `also` as
    well."""

    code: str
    message: str
    field: str | None = None
    severity: Severity = Severity.HARD
    rule: str | None = None
    also: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """All fields that it may be mended in; none where it is about the whole record."""
        return (self.field, *self.also) if self.field else ()

    def as_dict(self) -> dict[str, Any]:
        """The finding as JSON shows it, without what it does not have."""
        said = {name: value for name, value in asdict(self).items() if value is not None}
        return said if self.also else {name: value for name, value in said.items() if name != "also"}

    def payload(self) -> dict[str, Any]:
        """The finding as an exception is reported and announced: by its rule, and the paragraph behind it."""
        return {
            "rule": self.code,
            "paragraph": self.rule,
            "severity": self.severity.value,
            "field": self.field,
            "message": self.message,
        }

    @staticmethod
    def from_dict(line: Mapping[str, Any]) -> "Finding":
        """The finding that `as_dict` has shown, whatever else the line tells."""
        kind = Breach if "duties" in line else Finding
        own: dict[str, Any] = {one.name: line[one.name] for one in fields(kind) if one.name in line}
        own |= {"severity": Severity(own["severity"]), "also": tuple(own.get("also", ()))}
        return kind(**own)


@dataclass(frozen=True, slots=True)
class Placed(Finding):
    """A finding about a place within a record: so many lines `below` its first one."""

    below: int = 0

    def on(self, line: int) -> Finding:
        """The finding of a record that begins on this line of its file; its words name the line."""
        message = f"line {line + self.below:,}: {self.message}"
        return Finding(self.code, message, self.field, self.severity, self.rule, self.also)


@dataclass(frozen=True, slots=True)
class Breach(Finding):
    """A finding with its figures. `limit`, `actual` and `margin` are in `unit`; a margin below 0 says by how much the
    limit is missed. `duties` are the ids of the duties that the figure is made of, of very many the latest.
    `edition` is that of the rule's text."""

    limit: int | None = None
    actual: int | None = None
    margin: int | None = None
    unit: str | None = None
    duties: Sequence[str] = ()
    edition: str | None = None

    def payload(self) -> dict[str, Any]:
        """As `Finding.payload`, with the figures, and the edition if there is one."""
        edition = {"edition": self.edition} if self.edition else {}
        return (
            Finding.payload(self)
            | edition
            | {
                "limit": self.limit,
                "actual": self.actual,
                "margin": self.margin,
                "unit": self.unit,
                "duties": list(self.duties),
            }
        )


class Noted(BaseModel, defer_build=True):
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
