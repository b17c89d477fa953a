"""What a feed demands beyond its model: a rule is a function that finds who breaks it, and says above itself what it
demands, of which field, how severely, and by which source."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from penstock.model.findings import Finding, Severity

type Record = Mapping[str, Any]
"""A validated record: the model's fields by name; absent where the sender said nothing."""

type BreaksOne = Callable[[Record], object]
"""Whether a record breaks a rule: what it gives is taken for true or false."""

type BreaksAmong = Callable[[Sequence[Record]], Iterable[int]]
"""The indices of those records that break a rule."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule over records that are valid in themselves: the indices of those that break it."""

    code: str
    field: str
    message: str
    breaks: BreaksAmong
    severity: Severity = Severity.HARD
    source: str | None = None
    also: tuple[str, ...] = ()

    @property
    def finding(self) -> Finding:
        """What a record that breaks it is told."""
        return Finding(self.code, self.message, self.field, self.severity, self.source, self.also)


class Rulebook:
    """Rules in the order in which they are written down, which is the order of a record's findings.

    Its methods decorate a rule's predicate, which stays as it is. `code` comes after the feed's name; `field` is the
    field at fault, `also` are others by which a record may come to break the rule, and be mended; `message` is what is
    demanded, `source` the regulation or standard, with its paragraph.
    """

    def __init__(self, feed: str) -> None:
        self._feed, self._rules = feed, list[Rule]()

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._rules)

    def each(
        self,
        code: str,
        field: str,
        message: str,
        source: str | None = None,
        severity: Severity = Severity.HARD,
        also: tuple[str, ...] = (),
    ) -> Callable[[BreaksOne], BreaksOne]:
        """Decorates a function that looks at one record at a time."""
        write_down_among = self.among(code, field, message, source, severity, also)

        def write_down(breaks: BreaksOne) -> BreaksOne:
            write_down_among(lambda records: [at for at, one in enumerate(records) if breaks(one)])
            return breaks

        return write_down

    def among(
        self,
        code: str,
        field: str,
        message: str,
        source: str | None = None,
        severity: Severity = Severity.HARD,
        also: tuple[str, ...] = (),
    ) -> Callable[[BreaksAmong], BreaksAmong]:
        """Decorates a function that looks at a whole chunk's records, some hundreds at once, in one comprehension: no
        call a record, where every record is looked at."""

        def write_down(breaks: BreaksAmong) -> BreaksAmong:
            self._rules.append(Rule(f"{self._feed}.{code}", field, message, breaks, severity, source, also))
            return breaks

        return write_down


class Casebook[Case]:
    """The rules of an examination, each about a case: a record with what is known beside it, as the feed puts it. The
    order is that of a record's findings, and all else as in `Rulebook`."""

    def __init__(self, feed: str) -> None:
        self._feed, self._rules = feed, list[tuple[Finding, Callable[[Case], object]]]()

    def rule(
        self, code: str, field: str, message: str, source: str | None = None, severity: Severity = Severity.HARD
    ) -> Callable[[Callable[[Case], object]], Callable[[Case], object]]:
        """Decorates a function that says whether a case breaks the rule."""
        finding = Finding(f"{self._feed}.{code}", message, field, severity, source)

        def write_down(breaks: Callable[[Case], object]) -> Callable[[Case], object]:
            self._rules.append((finding, breaks))
            return breaks

        return write_down

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What can be found, one for each rule."""
        return tuple(finding for finding, _ in self._rules)

    def findings_of(self, case: Case) -> list[Finding]:
        """What is found of a case."""
        return [finding for finding, breaks in self._rules if breaks(case)]
