"""The exceptions that dispatch and compliance read: which paragraph, what limit, what was done, and by whose duties."""

from collections.abc import Callable
from dataclasses import dataclass

from penstock.feeds.crew.editions import edition_of
from penstock.model.findings import Breach, Finding, Severity

MOST_NAMED = 100
"""Duties that a breach names: a file of thousands that break one limit would else name each other, millions of times.
A window's bounds, which its message tells, name all."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A rule as it is cited: the paragraph it stands in, what it demands in one sentence, and the field at fault.

    `least` says that the limit is a minimum; otherwise it is a maximum. `edition` is that of its source, by which it
    judges."""

    code: str
    field: str
    source: str
    demands: str
    severity: Severity = Severity.HARD
    unit: str = "minutes"
    least: bool = False
    edition: str | None = None

    @property
    def stated(self) -> Finding:
        """The clause by itself, as the feed declares it."""
        return Finding(self.code, self.demands, self.field, self.severity, self.source)

    def breach(
        self,
        message: str,
        duties: tuple[str, ...],
        limit: int | None = None,
        actual: int | None = None,
    ) -> Breach:
        """This clause, broken or used by these duties. The figures are told where they say by how much."""
        margin = None if limit is None or actual is None else (actual - limit if self.least else limit - actual)
        if margin is not None and margin >= 0:
            limit = actual = margin = None
        return Breach(
            code=self.code,
            message=message if len(duties) <= MOST_NAMED else f"{message} (of {len(duties)} duties)",
            field=self.field,
            severity=self.severity,
            rule=self.source,
            limit=limit,
            actual=actual,
            margin=margin,
            unit=self.unit if limit is not None else None,
            duties=duties[-MOST_NAMED:],
            edition=self.edition or edition_of(self.source),
        )


class Lawbook[Rule: Callable[..., list[Breach]]]:
    """The clauses of a regulation, and the rules that find who breaks them, in the order in which they are written
    down: each clause right above its rule, which may have several, as one paragraph has exceptions to another."""

    def __init__(self) -> None:
        self.clauses, self.rules = list[Clause](), list[Rule]()

    def rule(self, *clauses: Clause) -> Callable[[Rule], Rule]:
        """Decorates a rule with the clauses that it finds broken or used."""
        self.clauses += [clause for clause in clauses if clause not in self.clauses]

        def write_down(rule: Rule) -> Rule:
            self.rules.append(rule)
            return rule

        return write_down
