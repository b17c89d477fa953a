"""A feed's page under docs/feeds: what its declarations say, and what really judging its example says."""

import importlib
import inspect
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from penstock.feeds import module_of
from penstock.feeds.declared import DeclaredFeed
from penstock.feeds.feed import Feed
from penstock.model.findings import Finding

from .description import model_findings, own_findings
from .examples import Example, example_of
from .forms import forms_of

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "docs" / "feeds" / "examples"
TEMPLATE = ROOT / "template.yaml"


def page_of(feed: Feed, examples: Path = EXAMPLES, template: Path = TEMPLATE) -> str:
    """The page, as Markdown."""
    parts = [
        f"# The {feed.name} feed",
        f"`penstock feeds {feed.name} --page` writes this page: what is wrong here is wrong in the feed's module.",
        _about(feed),
        *_reads(feed),
        *_record(feed),
        *_findings(feed),
        *_limits(feed),
        *_settings(feed, template),
        *_example(example_of(feed, examples)),
    ]
    return "\n\n".join(parts) + "\n"


def _about(feed: Feed) -> str:
    """What the feed is, at length: a declaration says it, a module in its docstring."""
    if isinstance(feed, DeclaredFeed):
        return feed.about or feed.title
    return inspect.cleandoc(importlib.import_module(module_of(feed.name)).__doc__ or feed.title)


def _reads(feed: Feed) -> Iterator[str]:
    yield "## What it reads"
    yield f"Files under keys that begin with `{feed.name}/`, as the first of these formats that recognises them:"
    yield _table(("format", "what it is"), ((one.name, _paragraph(one)) for one in feed.formats))
    yield (
        "Compressed files and zip archives of such files are read as well: [compressed files](../compressed-files.md)."
        " What is unknown in a record is kept out of it and told."
    )


def _paragraph(one: object) -> str:
    """The first paragraph of its class's docstring."""
    return " ".join((inspect.getdoc(one) or "").split("\n\n")[0].split())


def _record(feed: Feed) -> Iterator[str]:
    yield "## A record"
    yield _identity(feed)
    noted: set[str] = set()
    rows: list[tuple[str, ...]] = []
    for one in forms_of(feed.record):
        spellings = ", ".join(feed.spellings.get(one.name, ()))
        note = "" if one.note in noted else one.note
        noted.add(one.note)
        rows.append((f"`{one.name}`", "yes" if one.required else "", one.form, spellings, note))
    yield _table(("field", "required", "form", "also called", ""), rows)
    if feed.spellings:
        yield "Case, blanks and punctuation of names never matter."


def _identity(feed: Feed) -> str:
    said: list[str] = []
    if feed.identity:
        said.append(f"Two records are the same if {_names(feed.identity)} are.")
    else:
        said.append("No record is ever the same as another: it has no identity.")
    if feed.revision:
        said.append(f"Of two such records the one with the higher `{feed.revision}` corrects the other.")
    if feed.group:
        said.append(f"Consecutive records with the same {_names(feed.group)} stay together.")
    if feed.examination:
        by = _names(feed.examination.by)
        said.append(f"A record is also judged by those before it, in any file, with the same {by}.")
    if feed.trace:
        said.append(f"Each delivered record carries its trace as `{feed.trace}`.")
    if feed.archived:
        said.append("What is judged and rejected is also kept in the archive, where nobody can change it.")
    return " ".join(said)


def _names(names: Sequence[str]) -> str:
    *first, last = (f"`{name}`" for name in names)
    return f"{', '.join(first)} and {last}" if first else last


def _findings(feed: Feed) -> Iterator[str]:
    yield "## Findings"
    yield "`hard` rejects the record, `soft` flags or holds it, `info` only tells."
    columns = ("code", "severity", "field", "what is demanded, or what is wrong", "source")
    yield _table(columns, map(_finding_row, own_findings(feed)))
    yield "Of the model, field by field:"
    forms = list(forms_of(feed.record))
    yield _table(("code", "what is wrong", "fields"), map(_model_row, model_findings(forms)))
    yield "What any feed may find (`format.…`, `archive.…`, `destination.…`, `delivery.…`): [findings](../findings.md)."


def _finding_row(one: Finding) -> tuple[str, ...]:
    return f"`{one.code}`", one.severity, f"`{one.field}`" if one.field else "", one.message, one.rule or ""


def _model_row(one: Finding) -> tuple[str, ...]:
    return f"`{one.code}`", one.message, ", ".join(f"`{name}`" for name in (one.field or "").split(", "))


def _limits(feed: Feed) -> Iterator[str]:
    limits = feed.limits
    lines = f"{limits.lines:,} lines, " if limits.lines else ""
    yield "## Limits"
    rows = [
        ("a record", _size(limits.record_bytes), "a larger one is rejected unread"),
        ("a chunk", f"{limits.records:,} records, {lines}{_size(limits.bytes)}", "whatever is reached first"),
    ]
    if feed.group:
        group = f"{limits.group_records:,} records, {_size(limits.group_bytes)}"
        rows.append(("a group", group, "one larger than a chunk travels alone, one larger than this is rejected"))
    yield _table(("what", "at most", ""), rows)


def _size(count: int) -> str:
    mebibytes, rest = divmod(count, 1024 * 1024)
    return f"{count:,} bytes" if rest else f"{mebibytes:,} MiB"


def _settings(feed: Feed, template: Path) -> Iterator[str]:
    first = _first_settings(feed, template.read_text(encoding="utf-8"))
    yield "## Settings"
    yield (
        f"The parameter `/penstock/<stack>/destinations/{feed.name}` in Parameter Store; it changes without a deploy."
        " Its first value:"
    )
    yield f"```json\n{json.dumps(first, indent=2, ensure_ascii=False)}\n```"
    if feed.examination or any(one.severity == "soft" for one in own_findings(feed)):
        yield (
            "`soft` says what becomes of a record with a soft finding: `deliver` delivers it and tells of the finding"
            " in the report, `hold` holds it until somebody decides, by `penstock held release` or `penstock held"
            f" refuse`. Without it, it is `{feed.soft}`."
        )
    if feed.examination:
        yield "`policy` is the operator's word on the rules."
        yield inspect.cleandoc(feed.examination.policy.__doc__ or "")
        rows = [
            (f"`{one.name}`", "yes" if one.required else "", one.form, one.note)
            for one in forms_of(feed.examination.policy)
        ]
        yield _table(("of `policy`", "required", "form", ""), rows)


def _first_settings(feed: Feed, template: str) -> dict[str, Any]:
    """The JSON that the template's block of the feed gives its destination's parameter."""
    name = f"{feed.name.capitalize()}Destination"
    block = template[template.index(f"\n  {name}:\n") :]
    text = block[block.index("{\n", block.index("Value: !Sub")) :]
    settings, _ = json.JSONDecoder().raw_decode(text)
    return settings | {"url": "https://…"}


def _example(example: Example | None) -> Iterator[str]:
    if example is None:
        return
    yield "## An example"
    yield f"Of `examples/{example.name}`, judged as a drop of it would be:"
    yield f"```\n{example.text.rstrip()}\n```"
    rows = [(str(ordinal), *_finding_row(one)) for ordinal, findings in example.found.items() for one in findings]
    yield _table(("record", "code", "severity", "field", "message", "source"), rows)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ("---",) * len(columns), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    """As the cell of a table. What is in backticks is shown as it is; elsewhere a pattern would look like a link."""
    text = text.replace("|", "\\|")
    return text if "`" in text else text.replace("<", "&lt;").replace("[", "&#91;").replace("]", "&#93;")
