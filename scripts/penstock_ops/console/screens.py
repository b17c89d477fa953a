"""How results look to a person: Rich tables on a terminal, plain text elsewhere. JSON is for machines."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from rich.text import Text

from penstock.model.findings import Outcome
from penstock.model.tidied import TIDIED
from penstock_ops.console.advice import next_commands, sentences_of
from penstock_ops.console.listing import Column, Phrase, listing, wrapped
from penstock_ops.console.visible import SafeConsole
from penstock_ops.wording.commands import probe_of
from penstock_ops.wording.money import PAID_FOR, dollars, quantity

# Without a terminal there is no width to wrap at.
out = SafeConsole(soft_wrap=True)
if not out.is_terminal:
    out.width = 200
err = SafeConsole(stderr=True)

_STYLES = {"delivered": "green", "valid": "green", "rejected": "red", "unknown": "red", "dead": "red"}


def say(*phrases: Phrase, indent: int = 0) -> None:
    """Prints phrases, broken between words where a line is full."""
    wrapped(out, phrases, indent)


def account(report: Mapping[str, Any]) -> None:
    """A file's balance, its findings, how far it has come while it is open, and what to type next."""
    say((report["key"], "bold"), report["state"], f"file {report['file_id']}")
    if report["refused"]:
        say("refused:", (report["refused"]["message"], "red"), f"({report['refused']['code']})", indent=2)
        return
    if report["files"]:
        say(f"{report['files']:,} files; `penstock report` tells of each:", indent=2)
        for file in report["unpacked"]:
            say(file["file_id"], file["key"], indent=4)
        return
    records = report["records"]
    terms = [f"{records[outcome]:,} {outcome}" for outcome in Outcome if records[outcome]]
    verdict = {True: ("balanced", "green"), False: ("NOT BALANCED", "bold red"), None: ("still open", "yellow")}
    took = f"in {report['seconds']:.1f} s"
    if report.get("round_seconds") is not None:
        took += f", its last round in {report['round_seconds']:.1f} s"
    say(f"{records['received']:,} received = {' + '.join(terms) or '0'}", verdict[report["balanced"]], took, indent=2)
    if report.get("progress"):
        progress(report["progress"], indent=2)
    findings(report["findings"], report["feed"])
    notes(report["notes"])
    if "resent" in report:
        say((f"sent again at {report['resent']}: nobody had worked on some of it for hours", "yellow"), indent=4)
    if "replaying_since" in report:
        say((f"open again since {report['replaying_since']}, for a replay or a release", "yellow"), indent=4)
    for outcome, ordinals in report.get("ranges", {}).items():
        say(f"{outcome}: records {ordinals}", indent=4)
    if report.get("cost"):
        say(_cost(report["cost"]), indent=2)
    for command in next_commands(report):
        say(f"next: {command}", indent=2)


def _cost(told: Mapping[str, Any]) -> str:
    """What a file has cost, and what most of it was for."""
    most, part = max(told["by"].items(), key=lambda one: one[1])
    where = f"list prices of {told['prices']['region']}, {told['prices']['date']}"
    return f"cost {dollars(told['dollars'])}, of which {dollars(part)} for {PAID_FOR[most]} ({where})"


def progress(told: Mapping[str, Any], indent: int = 0) -> None:
    """How far a file on its way has come, and why it is no further."""
    say((told["reason"], "yellow"), indent=indent)
    for what in ("records", "chunks"):
        terms = [f"{number:,} {stage}" for stage, number in told[what].items() if number]
        say(f"{what}: {', '.join(terms) or 'none yet'}", indent=indent)
    for wait in told["waits"]:
        again = f"next try {wait['next_try']}" if wait["next_try"] else "due, as soon as somebody is free"
        times = f"failed {_times(wait['failures'])}, " if wait["failures"] else ""
        head = f"chunk {wait['chunk']} ({wait['stage']}), records {_shortened(wait['records'])}: {wait['reason']}"
        say(head, f"{times}since {wait['since']}, {again}", indent=indent + 2)
        for batch in wait["batches"]:
            sent = f"records {_shortened(batch['records'])}, sent {_times(batch['attempts'])}"
            say(f"batch {batch['batch_id']}: {sent}", batch["reason"], indent=indent + 4)
    if told["waits_left_out"]:
        say(f"and {told['waits_left_out']:,} chunks more that wait", indent=indent + 2)


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"


def findings(counts: Mapping[str, int], feed: str = "") -> None:
    """Findings by code, the most frequent first, each with its sentence where the feed has one."""
    sentences = sentences_of(feed)
    width = len(f"{max(counts.values(), default=0):,}")
    rows = [
        (f"{count:>{width},}  {code}", sentences.get(code, ""))
        for code, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    ]
    if rows:
        listing(out, (Column(""), Column("", words=True)), rows, indent=4)


def notes(noted: Sequence[Mapping[str, Any]]) -> None:
    """What was found about the file and not about one of its records; what was tidied is told among the findings."""
    for finding in noted:
        if finding["code"] in TIDIED:
            continue
        rule = f"; {finding['rule']}" if "rule" in finding else ""
        say((f"{finding['message']} ({finding['code']}{rule})", "yellow"), indent=4)


def checked(result: Mapping[str, Any]) -> None:
    """What a check found."""
    for entry in result.get("entries", ()):
        say((entry["file"], "bold"))
        checked(entry)
    if "entries" in result:
        if result.get("route"):
            say(f"most of it goes as {result['route']}; each file by what is in it")
        return
    if result["refused"]:
        say("refused:", (result["refused"]["message"], "red"), f"({result['refused']['code']})")
        return
    records = result["records"]
    guessed = f" (by its {result['guessed']}; --feed says otherwise)" if result.get("guessed") else ""
    say(
        f"{result['feed']}{guessed}, {result['format']}: {records['received']:,} records in {result['chunks']:,} chunks"
    )
    for name in ("valid", "rejected", "duplicate", "held", *(["dead"] if "dead" in records else [])):
        style = _STYLES.get(name, "") if records[name] else "dim"
        out.print(Text.assemble("  ", (f"{records[name]:>12,} {name}", style)))
    findings(result["findings"], result["feed"])
    notes(result["notes"])
    for message, count in result.get("internal_errors", {}).items():
        say((f"{count:,} dead: {message}", "red"), indent=4)
    if result.get("by_itself"):
        unasked = ", and without the operator's settings" if result.get("unasked") else ""
        say(f"judged by itself: not beside earlier files{unasked}")
    if result.get("delivered_to"):
        say(f"what would be delivered: {result['delivered_to']}")
    if result.get("acknowledged_in"):
        say(f"what the sender would be told: {result['acknowledged_in']}")
    if result["rejects"]:
        say(f"to mend and drop again: {result['rejects']}")


def templates(listed: list[dict[str, Any]]) -> None:
    """The templates of a folder, a line each where there is room."""
    if not listed:
        say("no templates yet; `penstock templates draft DOCUMENT` makes one")
        return
    names = ("template", "kind", "state", "pages", "fields", "tables")
    columns = [Column(name, right=name in ("pages", "fields", "tables")) for name in names]
    listing(out, columns, [[str(one[name]) for name in names] for one in listed])


def differences(found: list[dict[str, Any]]) -> None:
    """What differs between two templates, a line each."""
    for one in found:
        rest = ", ".join(f"{name} {value}" for name, value in one.items() if name not in ("field", "what"))
        say(f"{one['field']}: {one['what']}: {rest}")
    if not found:
        say("nothing differs")


def files(reports: list[dict[str, Any]]) -> None:
    """The latest files: a line each where there is room. Of one that is open, why it is."""
    if not reports:
        say("no files yet; `penstock drop FILE --feed NAME` drops one")
        return
    columns = [Column("file"), Column("key"), Column("state")]
    columns += [Column(name, right=True) for name in ("received", *Outcome)]
    listing(out, [*columns, Column("balanced")], [_file(report) for report in reports])
    for report in reports:
        if report.get("progress"):
            say(f"{report['file_id']} is open:")
            progress(report["progress"] | {"waits": report["progress"]["waits"][:1]}, indent=2)


def _file(report: Mapping[str, Any]) -> list[str]:
    records = report["records"]
    state = f"{report['state']}: {report['files']:,} files" if report["files"] else report["state"]
    counts = [f"{records[name]:,}" if name == "received" or records[name] else "" for name in ("received", *Outcome)]
    balanced = {True: "yes", False: "NO", None: "open"}[report["balanced"]]
    return [report["file_id"], report["key"], state, *counts, balanced]


def bill(told: Mapping[str, Any]) -> None:
    """What something costs, line by line, the dearest first."""
    rows = [(line["what"], quantity(line["number"]), dollars(line["dollars"])) for line in told["lines"]]
    columns = [Column("paid for"), Column("number", right=True), Column("dollars", right=True)]
    listing(out, columns, [*rows, ("altogether", "", dollars(told["dollars"]))])
    if told["prices"]:
        say(f"{told['of']}; list prices of {told['prices']['region']}, {told['prices']['date']}")
    else:
        say(f"{told['of']}: nobody has counted yet")


def dead_letters(queues: list[dict[str, Any]]) -> None:
    """What lies in each DLQ: how much, since when, and about which files."""
    for queue in queues:
        there = queue["letters"]
        since = f", the oldest sent {queue['oldest']}" if queue["oldest"] else ""
        out.print(Text.assemble(f"{queue['queue']} DLQ: ", (f"{there:,} letters", "red" if there else "dim"), since))
        if there > queue["looked_at"]:
            say(f"looked at {queue['looked_at']:,} of them; somebody else may be looking at others", indent=2)
        if queue["unreadable"]:
            say(f"{queue['unreadable']:,} that nobody can read: `penstock dlq show {queue['queue']}`", indent=2)
        for file in queue["files"]:
            records = f", records {_shortened(file['records'])}" if file["records"] else ""
            received = f"received up to {file['receives']} times"
            say(f"{file['key']} ({file['file_id']}): {file['letters']:,} letters{records}, {received}", indent=2)


def letters(those: list[dict[str, Any]]) -> None:
    """Dead letters, a line for each thing they are about."""
    rows: list[Sequence[str]] = []
    for one in those:
        named = (one["message_id"], one["sent"], str(one["receives"]))
        nothing = "nothing: a test event" if one["readable"] else "cannot be read"
        for about in one["about"] or [{"key": nothing}]:
            records = _shortened(about.get("records", ""))
            rows.append([*named, about.get("file_id", ""), about["key"], str(about.get("chunk", "")), records])
    if not rows:
        say("no letters")
        return
    names = ("message", "sent", "received", "file", "key", "chunk", "records")
    listing(out, [Column(name, right=name in ("received", "chunk")) for name in names], rows)


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
    say((answer["key"], "bold"), f"file {answer['file_id']}")
    terms = [f"{number:,} {outcome}" for outcome, number in answer["records"].items()]
    say(f"to be replayed: {' + '.join(terms) or 'no'} records, in {answer['chunks']:,} chunks", indent=2)
    findings(answer["findings"], answer.get("feed", ""))
    if answer["to_cut"]:
        say("to be cut: what Penstock itself has failed at", indent=2)
    for sentence in answer["then"]:
        say((sentence, "yellow"), indent=2)


def resend(answer: Mapping[str, Any]) -> None:
    """What of a file is, or would be, sent again."""
    say((answer["key"], "bold"), answer["state"], f"file {answer['file_id']}")
    verb = "sent again" if answer["sent"] is not None else "to be sent again"
    if answer["split"]:
        say(f"{verb}: the rest of the file, to be split", indent=2)
    for name, where in (("to_validate", "to be validated"), ("to_dispatch", "to be delivered")):
        if answer[name]:
            say(f"{verb}, {where}: chunks {_shortened(answer[name])}", indent=2)
    if not answer["messages"]:
        say("there is nothing to send again: it has ended, or somebody has worked on all of it just now", indent=2)


def unknown_batches(batches: list[dict[str, Any]]) -> None:
    """Batches of unknown outcome, a line each."""
    if not batches:
        say("no batch is of unknown outcome")
        return
    names = ("batch (Idempotency-Key)", "key", "records", "of them", "first sent", "attempts")
    rows = [
        [
            one["batch_id"], one["key"], _shortened(one["records"]), f"{one['count']:,}", one["first_sent"],
            str(one["attempts"]),
        ]
        for one in batches
    ]  # fmt: skip
    listing(out, [Column(name, right=name in ("of them", "attempts")) for name in names], rows)
    for one in batches:
        if one["reason"]:
            say(f"{one['batch_id']}: {one['reason']}")
    say("next: ask the destination about each, then `penstock unknown resolve BATCH_ID --delivered --note TEXT`")


def decided(answer: Mapping[str, Any]) -> None:
    """What was decided about a batch, and its file's account since."""
    say(f"{answer['batch_id']}: {answer['count']:,} records are {answer['outcome']}")
    if answer["outcome"] == Outcome.DEAD:
        again = f"penstock replay --file {answer['file_id']} --records {answer['records']}"
        say(f"next: {again}", indent=2)
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
        say((one["record"], "bold"), f"{one['key']}, since {one['since']}")
        if named:
            say(named, indent=2)
        for finding in one["findings"]:
            say((f"{finding['message']} ({finding['code']})", "yellow"), indent=4)
    if not records:
        out.print("no record is held")


def found(answer: Mapping[str, Any]) -> None:
    """Records that were looked for, each with what became of it and what to type about it."""
    sentences = sentences_of(answer["feed"])
    for one in answer["records"]:
        outcome = one["outcome"] or "on its way"
        revised = ", forgotten by the ledger: only its claim tells" if one.get("forgotten") else ""
        say((one["trace"], "bold"), (outcome, _STYLES.get(outcome, "")), f"{one.get('key', '')}{revised}")
        if one.get("values"):
            say(", ".join(f"{name} {value}" for name, value in one["values"].items()), indent=2)
        for batch in one.get("batches", ()):
            say(f"batch {batch['batch_id']}: {batch['outcome']}, sent {_times(batch['attempts'])}", indent=2)
        if one.get("batch") and "batches" not in one:
            say(f"batch {one['batch']}: sent {one.get('sent_at', 'never')}, ended {one['ended_at']}", indent=2)
        if one.get("of"):
            say(f"the earlier one is {one['of']}", indent=2)
        for finding in one.get("findings", ()):
            say((f"{finding['message']} ({finding['code']})", "yellow"), indent=4)
        for code in one.get("codes", ()):
            say((f"{sentences.get(code, '')} ({code})".strip(), "yellow"), indent=4)
        if not one.get("forgotten"):
            say(f"next: penstock explain {one['file_id']} {one['ordinal']}", indent=2)
    if not answer["records"]:
        say(_NOT_FOUND[answer["by"]].format(**answer))
    elif answer["not_found"]:
        say(f"{len(answer['records']):,} records found, but none with:")
        for name, values in answer["not_found"].items():
            say(f"{name} {', '.join(values)}", indent=2)


_NOT_FOUND = {
    "claim": "no such record",
    "files": "no such record in the {looked_through:,} latest files of {feed}, and no claim",
    "table": "no such record of {feed}: no claim, no row in the table of outcomes, and none in the {looked_through:,}"
    " files of which it lacks an end",
}


def answered(answer: Mapping[str, Any]) -> None:
    """What a question to the table of outcomes was answered: a line a row where there is room."""
    columns, rows = answer["columns"], answer["rows"]
    numbers = [name for name in columns if any(isinstance(row[name], int | float) for row in rows)]
    cells = [[_cell(row[name]) for name in columns] for row in rows]
    if rows:
        listing(out, [Column(name, right=name in numbers) for name in columns], cells)
    scanned = f"{answer['bytes_scanned']:,} bytes scanned in {answer['seconds']:.1f} s"
    say(f"{len(rows):,} rows{'; there are more (--rows)' if answer['more'] else ''}, {scanned}")


def _cell(value: Any) -> str:
    return "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def released(answer: Mapping[str, Any]) -> None:
    """Which records were released, and their file's account since."""
    say(f"{answer['count']:,} records of {answer['file_id']} were released: {answer['records']}")
    if answer["still_held"]:
        again = f"another round of their chunk came between: release them again: {answer['still_held']}"
        say((again, "yellow"), indent=2)
    account(answer["report"])


def refused(answer: Mapping[str, Any]) -> None:
    """Which records a scheduler refused, and their file's account since."""
    say(f"{answer['count']:,} records of {answer['file_id']} are rejected: {answer['records']}")
    account(answer["report"])


def _shortened(ranges: str, most: int = 60) -> str:
    return ranges if len(ranges) <= most else f"{ranges[:most].rpartition(',')[0]},…"


def feeds(answer: list[dict[str, Any]]) -> None:
    """The feeds there are, a line each where there is room."""
    names = ("feed", "what", "formats", "identity", "group", "chunk", "rules")
    rows: list[Sequence[str]] = []
    for one in answer:
        formats, identity, group = (", ".join(one[name]) for name in ("formats", "identity", "group"))
        chunk = f"{one['limits']['records']:,} records, {one['limits']['bytes'] // 1024 // 1024:,} MiB"
        rows.append([one["feed"], one["title"], formats, identity, group, chunk, str(one["rules"])])
    listing(out, [Column(name, right=name == "rules", words=name == "what") for name in names], rows)


def feed(answer: Mapping[str, Any]) -> None:
    """Everything about one feed; the page under docs/feeds says the same with its sources."""
    feeds([dict(answer)])
    fields = [
        [f"{one['field']}{' *' if one['required'] else ''}", one["form"], ", ".join(one["spellings"])]
        for one in answer["fields"]
    ]
    out.print()
    say(("fields, those with * required", "italic"))
    columns = (Column("field"), Column("form", words=True), Column("also called", words=True))
    listing(out, columns, fields)
    found = [[one["code"], one["severity"], one["message"], one.get("rule", "")] for one in answer["findings"]]
    out.print()
    say(("findings", "italic"))
    listing(
        out, (Column("code"), Column("severity"), Column("message", words=True), Column("source", words=True)), found
    )


def policy(answer: Mapping[str, Any]) -> None:
    """An operator's policy, rule by rule, and its examples."""
    facts(answer["settings"])
    rules = [
        [
            one.get("code", ""),
            one["kind"],
            one.get("severity", ""),
            ", ".join(f"{name} {value}" for name, value in one["demands"].items()),
            one.get("source", ""),
        ]
        for one in answer["rules"]
    ]
    columns = (Column("code"), Column("kind"), Column("severity"), Column("demands", words=True))
    out.print()
    say(("rules", "italic"))
    listing(out, (*columns, Column("source", words=True)), rules)
    for one in answer["examples"]:
        found = f"found {', '.join(one['found']) or 'nothing'}"
        verdict = (
            ("holds", "green") if one["holds"] else (f"waits for {', '.join(one['expected']) or 'nothing'}", "red")
        )
        say(f"{one['says']}: {found};", verdict)


def destination(answer: Mapping[str, Any]) -> None:
    """A feed's settings, and what is wrong with them."""
    facts({"feed": answer["feed"], "settings": answer["settings"]})
    for problem in answer["wrong"]:
        say("wrong:", (problem, "red"))
    if answer["wrong"]:
        out.print("nothing is sent until that is mended; the chunks wait")


def destination_check(answer: Mapping[str, Any]) -> None:
    """Whether a destination answers."""
    if answer["called"]:
        say(f"{answer['called']}, {answer['milliseconds']:,} ms")
    say((f"{answer['feed']}: {answer['verdict']}", "green" if answer["fine"] else "red"))


def notices(answer: Mapping[str, Any]) -> None:
    """Who is told, what is wrong, and what there was to tell."""
    for route in answer["routes"]:
        lanes, tells = ", ".join(route["lanes"]) or "all feeds", ", ".join(route["tells"])
        say((route["route"], "bold"), f"{route['kind']}: {lanes}, from {route['severity']} on; {tells}")
    if not answer["routes"]:
        say("nobody is told: there is no route")
    for problem in answer["wrong"]:
        say(("wrong", "red"), problem)
    if answer["letters"]:
        say((f"{answer['letters']:,} notices that no route took lie in the DLQ", "red"))
    say((f"on {answer['day']} (UTC)", "bold"), "" if answer["causes"] else "nothing")
    for cause in answer["causes"]:
        about = f" ({cause['about']})" if cause["about"] else ""
        place, times = cause["lane"] or "no feed", f"{cause['times']:,} ×"
        say(f"{place}: {cause['severity']}", f"{times} {cause['kind']}{about}", cause["first"], indent=2)


def status(answer: Mapping[str, Any]) -> None:
    """How the world is; what there is none of needs no line."""
    facts({name: value for name, value in answer.items() if value and name not in ("queues", "open")})
    rows = [[name, *(f"{number:,}" if number else "" for number in those.values())] for name, those in _queues(answer)]
    if rows:
        columns = [Column(name.replace("_", " "), right=True) for name in ("waiting", "in_flight", "delayed")]
        listing(out, [Column("queue"), *columns], rows)
    for file in answer.get("open", ()):
        say((file["key"], "bold"), file["state"], f"file {file['file_id']}, open since {file['opened_at']}")
        progress(file | {"waits": file["waits"][:1]}, indent=2)
    for feed, circuit in answer.get("circuits", {}).items():
        if circuit["circuit"] != "closed":
            say(f"next: {probe_of(feed)}, once its destination is mended")


def watched(answer: Mapping[str, Any]) -> None:
    """One look at the pipe: what is on its way first."""
    say((f"penstock, {answer['at']}", "bold"))
    for file in answer["open"]:
        say((file["key"], "bold"), file["state"], f"file {file['file_id']}, open since {file['opened_at']}")
        progress(file | {"waits": file["waits"][:3]}, indent=2)
    if not answer["open"]:
        say("nothing is on its way", indent=2)
    waiting = [f"{name} {sum(those.values()):,}" for name, those in _queues(answer)]
    say("messages:", ", ".join(waiting) or "none")
    for feed, circuit in answer["circuits"].items():
        if circuit["circuit"] != "closed":
            say((f"the circuit of {feed} is {circuit['circuit']}: {circuit['why']}", "yellow"))
    if answer["files"]:
        out.print()
        files([report | {"progress": None} for report in answer["files"]])


def _queues(answer: Mapping[str, Any]) -> list[tuple[str, Mapping[str, int]]]:
    """Those with anything in them."""
    return [(name, those) for name, those in answer.get("queues", {}).items() if any(those.values())]


def facts(answer: Mapping[str, Any], indent: int = 0) -> None:
    """Nested facts, a line each."""
    for name, value in answer.items():
        label = f"{' ' * indent}{name}"
        parts = _parts(value)
        if parts is None:
            say(f"{label.strip()}: {_said(value)}", indent=indent)
            continue
        out.print(f"{label}:")
        for part in parts:
            facts(part, indent + 2)


def _said(value: Any) -> str:
    """A plain value as settings spell it; what is empty has a word, too."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if value or value == 0 else "none"


def _parts(value: Any) -> list[Mapping[str, Any]] | None:
    """The facts within a value, None where it is plain."""
    several = cast(list[Any], value) if isinstance(value, list) else [value]
    return several if several and all(one and isinstance(one, Mapping) for one in several) else None
