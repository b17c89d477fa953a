"""The exceptions that dispatch and compliance read: which paragraph, what limit, what was done, and by whose duties."""

from dataclasses import dataclass

from penstock.model.findings import Breach, Finding, Severity


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
