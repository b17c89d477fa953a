"""How results look to a person: Rich tables on a terminal, plain text elsewhere. JSON is for machines."""

from collections.abc import Mapping
from typing import Any, cast

from rich.console import Console
from rich.table import Table
from rich.text import Text

from penstock.findings import Outcome

# Without a terminal there is no width to wrap at.
out = Console(highlight=False, soft_wrap=True)
if not out.is_terminal:
    out.width = 200
err = Console(stderr=True, highlight=False)

_STYLES = {"delivered": "green", "valid": "green", "rejected": "red", "unknown": "red", "dead": "red"}


def account(report: Mapping[str, Any]) -> None:
    """A file's balance, and its findings with the reasons."""
    out.print(Text.assemble((report["key"], "bold"), f"   {report['state']}, file {report['file_id']}"))
    if report["refused"]:
        out.print(
            Text.assemble("  refused: ", (report["refused"]["message"], "red"), f" ({report['refused']['code']})")
        )
        return
    records = report["records"]
    terms = [f"{records[outcome]:,} {outcome}" for outcome in Outcome if records[outcome]]
    verdict = {True: ("balanced", "green"), False: ("NOT BALANCED", "bold red"), None: ("still open", "yellow")}
    out.print(
        Text.assemble(
            f"  {records['received']:,} received = {' + '.join(terms) or '0'}   ", verdict[report["balanced"]],
            f"   in {report['seconds']:.1f} s",
        )
    )  # fmt: skip
    findings(report["findings"])


def findings(counts: Mapping[str, int]) -> None:
    """Findings by code, the most frequent first."""
    if counts:
        table = Table(box=None, show_header=False, padding=(0, 1, 0, 4))
        table.add_column(justify="right")
        table.add_column()
        for code, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])):
            table.add_row(f"{count:,}", code)
        out.print(table)


def checked(result: Mapping[str, Any]) -> None:
    """What a check found."""
    if result["refused"]:
        out.print(Text.assemble("refused: ", (result["refused"]["message"], "red"), f" ({result['refused']['code']})"))
        return
    records = result["records"]
    out.print(f"{result['feed']}, {result['format']}: {records['received']:,} records in {result['chunks']:,} chunks")
    for name in ("valid", "rejected", "duplicate"):
        out.print(
            Text.assemble("  ", (f"{records[name]:>12,} {name}", _STYLES.get(name, "") if records[name] else "dim"))
        )
    findings(result["findings"])
    if result["rejects"]:
        out.print(f"to mend and drop again: {result['rejects']}", soft_wrap=True)


def files(reports: list[dict[str, Any]]) -> None:
    """The latest files, a line each."""
    table = Table(box=None, pad_edge=False)
    for name in ("file", "key", "state", "received", *Outcome, "balanced"):
        table.add_column(name, justify="left" if name in ("file", "key", "state", "balanced") else "right")
    for report in reports:
        records = report["records"]
        balanced = {True: "yes", False: "NO", None: "open"}[report["balanced"]]
        counts = [f"{records[name]:,}" for name in ("received", *Outcome)]
        table.add_row(report["file_id"], report["key"], report["state"], *counts, balanced)
    out.print(table if reports else "no files yet; `penstock drop FILE --feed NAME` drops one")


def story(told: Mapping[str, Any], indent: int = 0) -> None:
    """Nested facts, a line each."""
    for name, value in told.items():
        label = f"{' ' * indent}{name}"
        parts = _parts(value)
        if parts is None:
            out.print(Text(f"{label}: {value}"), soft_wrap=True)
            continue
        out.print(f"{label}:")
        for part in parts:
            story(part, indent + 2)


def _parts(value: Any) -> list[Mapping[str, Any]] | None:
    """The facts within a value, None where it is plain."""
    several = cast(list[Any], value) if isinstance(value, list) else [value]
    return several if several and all(isinstance(one, Mapping) for one in several) else None
