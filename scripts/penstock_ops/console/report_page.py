"""A file's report as one page to send to a partner: nothing is fetched, nothing runs, and every value is escaped."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from penstock.model.findings import Outcome
from penstock_ops.console.advice import sentences_of
from penstock_ops.console.visible import LINES, visible

MOST = 1000  #: rejected records that the page tells one by one

_WORDS = {
    Outcome.DELIVERED: "taken by the destination",
    Outcome.REJECTED: "handed back, with the reason",
    Outcome.DUPLICATE: "the same as an earlier record",
    Outcome.HELD: "waiting for a decision",
    Outcome.UNKNOWN: "sent, and never answered",
    Outcome.DEAD: "not processed; will be tried again",
}

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #8886;
  overflow-wrap: anywhere; }
td.number, th.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.verdict { font-weight: 600; }
footer { margin-top: 2rem; font-size: .85rem; opacity: .75; }
@media print { body { margin: 0; max-width: none; } }
"""


def page(report: Mapping[str, Any], rejected: Sequence[Mapping[str, str]], made_at: str) -> str:
    """The page of a report as `penstock report --json` has it, in local times; `rejected` are the rows of its
    rejects.csv, with `line`, `field`, `code` and `message`."""
    parts = [
        f"<h1>{_text(report['key'])}</h1>",
        f'<p class="verdict">{_text(_verdict(report))}</p>',
        _records(report),
        _findings(report),
        _notes(report),
        _rejected(rejected, report["records"][Outcome.REJECTED]),
        f"<footer>File {_text(report['file_id'])}, version {_text(report['version_id'])}, feed {_text(report['feed'])}."
        f" SHA-256 (tree): {_text(report['sha256_tree'] or 'not known')}."
        f" Account {report['account_version']}, as of {_text(made_at)}. Made by Penstock.</footer>",
    ]
    title = _text(f"{report['key']}: {report['state']}")
    # No script may run, and nothing be fetched, whatever a value holds.
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{'\n'.join(filter(None, parts))}\n</body>\n"
        "</html>\n"
    )


def _verdict(report: Mapping[str, Any]) -> str:
    if report["refused"]:
        return f"Refused: {report['refused']['message']} ({report['refused']['code']})"
    if report["files"]:
        return f"Unpacked: {report['files']:,} files, each of which has a report of its own"
    balanced = {True: "every record is accounted for", False: "the account does not balance", None: "still open"}
    return f"{str(report['state']).capitalize()}: {balanced[report['balanced']]}"


def _records(report: Mapping[str, Any]) -> str:
    records = report["records"]
    if not records["received"]:
        return ""
    rows = [(f"{records['received']:,}", "received", "in the file")]
    rows += [(f"{records[one]:,}", str(one), _WORDS[one]) for one in Outcome if records[one]]
    return "<h2>Records</h2>" + _table(("Records", "", ""), rows, numbers=1)


def _findings(report: Mapping[str, Any]) -> str:
    sentences = sentences_of(report["feed"])
    counts = sorted(report["findings"].items(), key=lambda one: (-one[1], one[0]))
    rows = [(f"{count:,}", code, sentences.get(code, "")) for code, count in counts]
    return "<h2>What was found</h2>" + _table(("Times", "Code", "What it says"), rows, numbers=1) if rows else ""


def _notes(report: Mapping[str, Any]) -> str:
    rows = [(one["code"], one["message"], one.get("rule", "")) for one in report["notes"]]
    return "<h2>About the file as a whole</h2>" + _table(("Code", "What it says", "Source"), rows) if rows else ""


def _rejected(rows: Sequence[Mapping[str, str]], number: int) -> str:
    if not rows:
        return ""
    names = ("line", "ordinal", "field", "code", "message")
    told = [tuple(row.get(f"penstock_{name}", "") for name in names) for row in rows[:MOST]]
    more = f"<p>The first {len(told):,} of {number:,}; the reject file has them all.</p>" if number > len(told) else ""
    return "<h2>Rejected records</h2>" + _table(("Line", "Record", "Field", "Code", "Reason"), told, numbers=2) + more


def _table(names: Sequence[str], rows: Iterable[Sequence[str]], numbers: int = 0) -> str:
    """A table, whose first columns are numbers."""

    def cells(tag: str, those: Sequence[str]) -> str:
        kinds = [" class=number" if place < numbers else "" for place in range(len(those))]
        return "".join(f"<{tag}{kind}>{_text(one)}</{tag}>" for kind, one in zip(kinds, those, strict=True))

    body = "\n".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<table>\n<thead><tr>{cells('th', names)}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def _text(value: object) -> str:
    """A value as text that is nothing but text, with what is not seen made visible."""
    return escape(visible(str(value), LINES), quote=True)
