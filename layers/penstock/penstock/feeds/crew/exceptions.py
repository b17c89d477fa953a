"""The exceptions that dispatch and compliance read: which paragraph, what limit, what was done, and by whose duties."""

from dataclasses import dataclass
from typing import Any

from penstock.findings import Finding, Severity


@dataclass(frozen=True, slots=True)
class Breach(Finding):
    """A finding with its figures. `limit`, `actual` and `margin` are in `unit`; a margin below 0 says by how much the
    limit is missed. `duties` are the ids of all duties that the figure is made of."""

    limit: int | None = None
    actual: int | None = None
    margin: int | None = None
    unit: str | None = None
    duties: tuple[str, ...] = ()

    def payload(self) -> dict[str, Any]:
        """The exception as it is reported, announced and archived."""
        return {
            "rule": self.code,
            "paragraph": self.rule,
            "severity": self.severity.value,
            "field": self.field,
            "limit": self.limit,
            "actual": self.actual,
            "margin": self.margin,
            "unit": self.unit,
            "duties": list(self.duties),
            "message": self.message,
        }


@dataclass(frozen=True, slots=True)
class Clause:
    """A rule as it is cited: the paragraph it stands in, what it demands in one sentence, and the field at fault.

    `least` says that the limit is a minimum; otherwise it is a maximum."""

    code: str
    field: str
    source: str
    demands: str
    severity: Severity = Severity.HARD
    unit: str = "minutes"
    least: bool = False

    def breach(
        self,
        message: str,
        duties: tuple[str, ...],
        limit: int | None = None,
        actual: int | None = None,
    ) -> Breach:
        """This clause, broken or used by these duties."""
        margin = None if limit is None or actual is None else (actual - limit if self.least else limit - actual)
        return Breach(
            code=self.code,
            message=message,
            field=self.field,
            severity=self.severity,
            rule=self.source,
            limit=limit,
            actual=actual,
            margin=margin,
            unit=self.unit if limit is not None else None,
            duties=duties,
        )
