"""How results look to a person: Rich tables on a terminal, plain text elsewhere. JSON is for machines."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from rich.table import Table
from rich.text import Text

from penstock.model.findings import Outcome
from penstock_ops.console.visible import SafeConsole

# Without a terminal there is no width to wrap at.
out = SafeConsole(soft_wrap=True)
if not out.is_terminal:
    out.width = 200
err = SafeConsole(stderr=True)

_STYLES = {"delivered": "green", "valid": "green", "rejected": "red", "unknown": "red", "dead": "red"}


def account(report: Mapping[str, Any]) -> None:
    """A file's balance, and its findings with the reasons."""
    out.print(Text.assemble((report["key"], "bold"), f"   {report['state']}, file {report['file_id']}"))
    if report["refused"]:
        out.print(
            Text.assemble("  refused: ", (report["refused"]["message"], "red"), f" ({report['refused']['code']})")
        )
        return
    if report["files"]:
        out.print(f"  {report['files']:,} files; `penstock report` tells of each:")
        for file in report["unpacked"]:
            out.print(Text(f"    {file['file_id']}  {file['key']}"), soft_wrap=True)
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
    notes(report["notes"])
    if "resent" in report:
        out.print(Text(f"    sent again at {report['resent']}: nobody had worked on some of it for hours", "yellow"))
    for outcome, ordinals in report.get("ranges", {}).items():
        out.print(Text(f"    {outcome}: records {ordinals}"), soft_wrap=True)


def findings(counts: Mapping[str, int]) -> None:
    """Findings by code, the most frequent first."""
    if counts:
        table = Table(box=None, show_header=False, padding=(0, 1, 0, 4))
        table.add_column(justify="right")
        table.add_column()
        for code, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])):
            table.add_row(f"{count:,}", code)
        out.print(table)


def notes(noted: Sequence[Mapping[str, Any]]) -> None:
    """What was found about the file and not about one of its records."""
    for finding in noted:
        rule = f"; {finding['rule']}" if "rule" in finding else ""
        out.print(Text(f"    {finding['message']} ({finding['code']}{rule})", "yellow"), soft_wrap=True)


def checked(result: Mapping[str, Any]) -> None:
    """What a check found."""
    for entry in result.get("entries", ()):
        out.print(Text(entry["file"], "bold"))
        checked(entry)
    if "entries" in result:
        return
    if result["refused"]:
        out.print(Text.assemble("refused: ", (result["refused"]["message"], "red"), f" ({result['refused']['code']})"))
        return
    records = result["records"]
    out.print(f"{result['feed']}, {result['format']}: {records['received']:,} records in {result['chunks']:,} chunks")
    for name in ("valid", "rejected", "duplicate", "held", *(["dead"] if "dead" in records else [])):
        out.print(
            Text.assemble("  ", (f"{records[name]:>12,} {name}", _STYLES.get(name, "") if records[name] else "dim"))
        )
    findings(result["findings"])
    notes(result["notes"])
    for message, count in result.get("internal_errors", {}).items():
        out.print(Text(f"    {count:,} dead: {message}", "red"), soft_wrap=True)
    if result.get("by_itself"):
        unasked = ", and without the operator's settings" if result.get("unasked") else ""
        out.print(f"judged by itself: not beside earlier files{unasked}")
    if result.get("delivered_to"):
        out.print(f"what would be delivered: {result['delivered_to']}", soft_wrap=True)
    if result.get("acknowledged_in"):
        out.print(f"what the sender would be told: {result['acknowledged_in']}", soft_wrap=True)
    if result["rejects"]:
        out.print(f"to mend and drop again: {result['rejects']}", soft_wrap=True)


def templates(listed: list[dict[str, Any]]) -> None:
    """The templates of a folder, a line each."""
    table = Table(box=None, pad_edge=False)
    for name in ("template", "kind", "state", "pages", "fields", "tables"):
        table.add_column(name, justify="right" if name in ("pages", "fields", "tables") else "left")
    for one in listed:
        table.add_row(*(str(one[name]) for name in ("template", "kind", "state", "pages", "fields", "tables")))
    out.print(table if listed else "no templates yet; `penstock templates draft DOCUMENT` makes one")


def differences(found: list[dict[str, Any]]) -> None:
    """What differs between two templates, a line each."""
    for one in found:
        rest = ", ".join(f"{name} {value}" for name, value in one.items() if name not in ("field", "what"))
        out.print(Text(f"{one['field']}: {one['what']}: {rest}"), soft_wrap=True)
    if not found:
        out.print("nothing differs")


def files(reports: list[dict[str, Any]]) -> None:
    """The latest files, a line each."""
    table = Table(box=None, pad_edge=False)
    for name in ("file", "key", "state", "received", *Outcome, "balanced"):
        table.add_column(name, justify="left" if name in ("file", "key", "state", "balanced") else "right")
    for report in reports:
        records = report["records"]
        balanced = {True: "yes", False: "NO", None: "open"}[report["balanced"]]
        counts = [f"{records[name]:,}" for name in ("received", *Outcome)]
        state = f"{report['state']}: {report['files']:,} files" if report["files"] else report["state"]
        table.add_row(report["file_id"], report["key"], state, *counts, balanced)
    out.print(table if reports else "no files yet; `penstock drop FILE --feed NAME` drops one")


def dead_letters(queues: list[dict[str, Any]]) -> None:
    """What lies in each DLQ: how much, since when, and about which files."""
    for queue in queues:
        there = queue["letters"]
        since = f", the oldest sent {queue['oldest']}" if queue["oldest"] else ""
        out.print(Text.assemble(f"{queue['queue']} DLQ: ", (f"{there:,} letters", "red" if there else "dim"), since))
        if there > queue["looked_at"]:
            out.print(f"  looked at {queue['looked_at']:,} of them; somebody else may be looking at others")
        if queue["unreadable"]:
            out.print(f"  {queue['unreadable']:,} that nobody can read: `penstock dlq show {queue['queue']}`")
        for file in queue["files"]:
            records = f", records {_shortened(file['records'])}" if file["records"] else ""
            received = f"received up to {file['receives']} times"
            out.print(f"  {file['key']} ({file['file_id']}): {file['letters']:,} letters{records}, {received}")


def letters(those: list[dict[str, Any]]) -> None:
    """Dead letters, a line for each thing they are about."""
    table = Table(box=None, pad_edge=False)
    for name in ("sent", "received", "message", "file", "key", "chunk", "records"):
        table.add_column(name, justify="right" if name in ("received", "chunk") else "left")
    for one in those:
        named = (one["sent"], str(one["receives"]), one["message_id"])
        nothing = "nothing: a test event" if one["readable"] else "cannot be read"
        for about in one["about"] or [{"key": nothing}]:
            records = _shortened(about.get("records", ""))
            table.add_row(*named, about.get("file_id", ""), about["key"], str(about.get("chunk", "")), records)
    out.print(table if those else "no letters")


def redriven(queues: list[dict[str, Any]]) -> None:
    """What a redrive moved, or would move."""
    for queue in queues:
        feeds = f" of {', '.join(queue['feeds'])}" if queue["feeds"] else ""
        if queue["moved"] is None:
            out.print(f"{queue['queue']} DLQ: {queue['letters']:,} letters{feeds} would be moved")
        else:
            out.print(f"{queue['queue']} DLQ: {queue['moved']:,} letters{feeds} moved")
        if queue["unreadable"]:
            out.print(f"  {queue['unreadable']:,} that nobody can read: `penstock dlq show {queue['queue']}`")
        if queue["left"]:
            out.print(f"  {queue['left']:,} stay: nobody can tell where they belong")


def replay(answer: Mapping[str, Any]) -> None:
    """What a replay is about."""
    out.print(Text.assemble((answer["key"], "bold"), f"   file {answer['file_id']}"))
    terms = [f"{number:,} {outcome}" for outcome, number in answer["records"].items()]
    out.print(f"  to be replayed: {' + '.join(terms) or 'no'} records, in {answer['chunks']:,} chunks")
    findings(answer["findings"])
    for sentence in answer["then"]:
        out.print(Text(f"  {sentence}", "yellow"), soft_wrap=True)


def resend(answer: Mapping[str, Any]) -> None:
    """What of a file is, or would be, sent again."""
    out.print(Text.assemble((answer["key"], "bold"), f"   {answer['state']}, file {answer['file_id']}"))
    verb = "sent again" if answer["sent"] is not None else "to be sent again"
    if answer["split"]:
        out.print(f"  {verb}: the rest of the file, to be split")
    for name, where in (("to_validate", "to be validated"), ("to_dispatch", "to be delivered")):
        if answer[name]:
            out.print(f"  {verb}, {where}: chunks {_shortened(answer[name])}", soft_wrap=True)
    if not answer["messages"]:
        out.print("  there is nothing to send again: it has ended, or somebody has worked on all of it just now")


def unknown_batches(batches: list[dict[str, Any]]) -> None:
    """Batches of unknown outcome, a line each."""
    table = Table(box=None, pad_edge=False)
    for name in ("batch (Idempotency-Key)", "key", "records", "of them", "first sent", "attempts"):
        table.add_column(name, justify="right" if name in ("of them", "attempts") else "left")
    for one in batches:
        count, attempts = f"{one['count']:,}", str(one["attempts"])
        table.add_row(one["batch_id"], one["key"], _shortened(one["records"]), count, one["first_sent"], attempts)
    out.print(table if batches else "no batch is of unknown outcome")
    for one in batches:
        if one["reason"]:
            out.print(Text(f"{one['batch_id']}: {one['reason']}"), soft_wrap=True)


def decided(answer: Mapping[str, Any]) -> None:
    """What was decided about a batch, and its file's account since."""
    out.print(f"{answer['batch_id']}: {answer['count']:,} records are {answer['outcome']}")
    if answer["outcome"] == Outcome.DEAD:
        again = f"penstock replay --file {answer['file_id']} --records {answer['records']}"
        out.print(f"  to send them again: `{again}`", soft_wrap=True)
    account(answer["report"])


def adopted(answer: Mapping[str, Any]) -> None:
    """What was taken in of which table, or would be."""
    word = "would be copied" if answer["dry_run"] else "copied"
    for name in ("ledger", "claims"):
        if name in answer:
            out.print(f"{name}: {answer[name]['copied']:,} rows {word}, {answer[name]['there']:,} were there already")


def held_records(records: list[dict[str, Any]]) -> None:
    """Held records, each with what was found of it."""
    for one in records:
        named = ", ".join(f"{name} {value}" for name, value in one["identity"].items())
        out.print(Text.assemble((one["record"], "bold"), f"  {one['key']}, since {one['since']}"), soft_wrap=True)
        out.print(Text(f"  {named}" if named else ""), soft_wrap=True)
        for finding in one["findings"]:
            out.print(Text(f"    {finding['message']} ({finding['code']})", "yellow"), soft_wrap=True)
    if not records:
        out.print("no record is held")


def released(answer: Mapping[str, Any]) -> None:
    """Which records were released, and their file's account since."""
    out.print(f"{answer['count']:,} records of {answer['file_id']} were released: {answer['records']}", soft_wrap=True)
    if answer["still_held"]:
        again = f"another round of their chunk came between: release them again: {answer['still_held']}"
        out.print(Text(f"  {again}", "yellow"), soft_wrap=True)
    account(answer["report"])


def refused(answer: Mapping[str, Any]) -> None:
    """Which records a scheduler refused, and their file's account since."""
    out.print(f"{answer['count']:,} records of {answer['file_id']} are rejected: {answer['records']}", soft_wrap=True)
    account(answer["report"])


def _shortened(ranges: str, most: int = 60) -> str:
    return ranges if len(ranges) <= most else f"{ranges[:most].rpartition(',')[0]},…"


def feeds(answer: list[dict[str, Any]]) -> None:
    """The feeds there are, a line each."""
    table = Table(box=None, pad_edge=False)
    for name in ("feed", "what", "formats", "identity", "group", "chunk", "rules"):
        table.add_column(name, justify="right" if name == "rules" else "left")
    for one in answer:
        formats, identity, group = (", ".join(one[name]) for name in ("formats", "identity", "group"))
        chunk = f"{one['limits']['records']:,} records, {one['limits']['bytes'] // 1024 // 1024:,} MiB"
        table.add_row(one["feed"], one["title"], formats, identity, group, chunk, str(one["rules"]))
    out.print(table)


def feed(answer: Mapping[str, Any]) -> None:
    """Everything about one feed; the page under docs/feeds says the same with its sources."""
    feeds([dict(answer)])
    fields = Table(box=None, pad_edge=False, title="fields, those with * required", title_justify="left")
    for name in ("field", "form", "also called"):
        fields.add_column(name)
    for one in answer["fields"]:
        name = f"{one['field']}{' *' if one['required'] else ''}"
        fields.add_row(Text(name), Text(one["form"]), Text(", ".join(one["spellings"])))
    found = Table(box=None, pad_edge=False, title="findings", title_justify="left")
    for name in ("code", "severity", "message", "source"):
        found.add_column(name)
    for one in answer["findings"]:
        found.add_row(one["code"], one["severity"], Text(one["message"]), Text(one.get("rule", "")))
    for table in (fields, found):
        out.print()
        out.print(table)


def destination(answer: Mapping[str, Any]) -> None:
    """A feed's settings, and what is wrong with them."""
    facts({"feed": answer["feed"], "settings": answer["settings"]})
    for problem in answer["wrong"]:
        out.print(Text.assemble("wrong: ", (problem, "red")), soft_wrap=True)
    if answer["wrong"]:
        out.print("nothing is sent until that is mended; the chunks wait")


def destination_check(answer: Mapping[str, Any]) -> None:
    """Whether a destination answers."""
    if answer["called"]:
        out.print(f"{answer['called']}, {answer['milliseconds']:,} ms", soft_wrap=True)
    out.print(Text(f"{answer['feed']}: {answer['verdict']}", "green" if answer["fine"] else "red"), soft_wrap=True)


def status(answer: Mapping[str, Any]) -> None:
    """How the world is; what there is none of needs no line."""
    facts({name: value for name, value in answer.items() if value})


def facts(answer: Mapping[str, Any], indent: int = 0) -> None:
    """Nested facts, a line each."""
    for name, value in answer.items():
        label = f"{' ' * indent}{name}"
        parts = _parts(value)
        if parts is None:
            out.print(Text(f"{label}: {value}"), soft_wrap=True)
            continue
        out.print(f"{label}:")
        for part in parts:
            facts(part, indent + 2)


def _parts(value: Any) -> list[Mapping[str, Any]] | None:
    """The facts within a value, None where it is plain."""
    several = cast(list[Any], value) if isinstance(value, list) else [value]
    return several if several and all(isinstance(one, Mapping) for one in several) else None
