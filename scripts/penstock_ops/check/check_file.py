"""A file judged right here: what would happen to it if it were dropped. No AWS, bounded memory."""

import asyncio
import math
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from penstock.adapters.system_clock import SystemClock
from penstock.feeds import FEEDS, feed_named
from penstock.feeds.control import held_for
from penstock.feeds.feed import Feed
from penstock.formats.documents import is_document
from penstock.formats.format import HEAD
from penstock.identity.examination import policy_of
from penstock.model.defects import at_a_file, broken_off_at
from penstock.model.errors import Defective, Permanent, Refused
from penstock.model.findings import Finding
from penstock.model.messages import Layout, SourceFile, Span, SplitMessage, ZipEntry
from penstock.outputs import rejects
from penstock.outputs.late_rejects import rejected_later
from penstock.split.control import with_control_totals
from penstock.split.planner import Planner
from penstock.split.returned import with_origin, with_rows_again
from penstock.split.staging import Staging
from penstock.validate.judging import Judgement, judge
from penstock_ops.check.acknowledged import Acknowledged, write_refusal
from penstock_ops.check.delivered import Delivered
from penstock_ops.check.documents import as_records
from penstock_ops.check.in_file import InFile, Judge, Repeats
from penstock_ops.check.local_store import LocalStore
from penstock_ops.check.operator_settings import OperatorSettings
from penstock_ops.check.recognition import Choose, recognise
from penstock_ops.check.rejects_to import RejectsTo

BLOCK = 1024 * 1024  #: bytes read at once
TEMPLATES = Path("templates")  #: the folder that documents' templates are kept in


@dataclass(slots=True)
class Checked:
    """What a check found. `rejects` is where the reject file was written, None if there are none. Of an archive,
    `entries` are what was found of each file in it, and `file` is its name there. `notes` are findings about the file
    and not about one of its records; `internal_errors` counts what our own functions failed of at `dead` records.
    `records` is where what would be delivered was written, `acknowledgements` what the sender would be told, if that
    was asked for. Where the feed judges records by
    earlier ones, it was judged `by_itself`, without earlier files; `unasked` says that it was judged without the
    operator's settings as well. `guessed` says by what the feed was known, where nobody named it."""

    feed: str
    file: str | None = None
    format: str | None = None
    received: int = 0
    rejected: int = 0
    duplicate: int = 0
    held: int = 0
    dead: int = 0
    chunks: int = 0
    findings: Counter[str] = field(default_factory=Counter[str])
    notes: list[Finding] = field(default_factory=list[Finding])
    refused: Finding | None = None
    rejects: Path | None = None
    records: Path | None = None
    acknowledgements: Path | None = None
    seconds: float = 0.0
    entries: list["Checked"] = field(default_factory=list["Checked"])
    route: str = ""
    by_itself: bool = False
    unasked: bool = False
    internal_errors: Counter[str] = field(default_factory=Counter[str])
    guessed: str = ""

    def refuse(self, refusal: Permanent) -> None:
        """Notes why the file as a whole cannot be read."""
        self.refused = Finding(refusal.code, refusal.message)
        self.findings[refusal.code] += 1

    def note(self, finding: Finding) -> None:
        """Notes what was found about the file."""
        self.notes.append(finding)
        self.findings[finding.code] += 1

    def as_dict(self) -> dict[str, Any]:
        """The check as JSON shows it. An archive's figures are those of its files together; it alone has `entries`."""
        every = [self, *self.entries]
        figures = ((one.received, one.rejected, one.duplicate, one.held, one.dead) for one in every)
        received, rejected, duplicate, held, dead = map(sum, zip(*figures, strict=True))
        errors = sum((one.internal_errors for one in every), Counter[str]())
        named = {"file": self.file} if self.file else {}
        entries = {"entries": [one.as_dict() for one in self.entries]} if self.entries else {}
        return (
            named
            | {
                "feed": self.feed,
                "guessed": self.guessed or None,
                "format": self.format,
                "records": {
                    "received": received,
                    "valid": received - rejected - duplicate - held - dead,
                    "rejected": rejected,
                    "duplicate": duplicate,
                    "held": held,
                }
                | ({"dead": dead} if dead else {}),
                "chunks": sum(one.chunks for one in every),
                "findings": dict(sorted(sum((one.findings for one in every), Counter[str]()).items())),
                "notes": [finding.as_dict() for finding in self.notes],
                "refused": {"code": self.refused.code, "message": self.refused.message} if self.refused else None,
                "rejects": str(self.rejects) if self.rejects else None,
                "seconds": round(self.seconds, 3),
            }
            | ({"internal_errors": dict(errors)} if errors else {})
            | {name: True for name in ("by_itself", "unasked") if any(getattr(one, name) for one in every)}
            | ({"delivered_to": str(self.records)} if self.records else {})
            | ({"acknowledged_in": str(self.acknowledgements)} if self.acknowledgements else {})
            | ({"route": self.route} if self.route else {})
            | entries
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """What a check is asked for: the feed, if it is known, and else who is to choose one; where rejects go, what
    would be delivered, and what the sender would be told; the operator's settings, None where nobody gave them; the
    folder of templates that documents are read by; and the sheet that is read of a workbook, if somebody says so."""

    feed: str | None
    rejects_to: Path
    records_to: Path | None = None
    settings: OperatorSettings | None = None
    templates: Path = TEMPLATES
    acknowledgements_to: Path | None = None
    choose: Choose | None = None
    sheet: str = ""

    def of_entry(self, number: int) -> "Asked":
        """The same of an archive's file of this number, which has files of its own."""
        if number == 1:
            return self
        return replace(
            self,
            rejects_to=_numbered(self.rejects_to, number),
            records_to=self.records_to and _numbered(self.records_to, number),
            acknowledgements_to=self.acknowledgements_to and _numbered(self.acknowledgements_to, number),
        )

    def clear(self) -> None:
        """Removes what an earlier check has written there, so that nobody takes it for what this one found."""
        for path in filter(None, (self.rejects_to, self.records_to, self.acknowledgements_to)):
            path.unlink(missing_ok=True)


def _numbered(path: Path, number: int) -> Path:
    return path.with_stem(f"{path.stem}.{number}")


def check(
    path: Path,
    feed: str | None,
    rejects_to: Path,
    advance: Callable[[int], None],
    records_to: Path | None = None,
    settings: OperatorSettings | None = None,
    *,
    templates: Path = TEMPLATES,
    acknowledgements_to: Path | None = None,
    choose: Choose | None = None,
    sheet: str = "",
) -> Checked:
    """Splits, validates and judges a file; `advance` is told of every so many bytes done.

    What cannot be read as it lies is staged as it would be in AWS, in a temporary folder. Of an archive each file is
    judged by itself; the rejects of the second of them are FILE.rejects.2.csv, and so on. What an earlier check has
    written at these paths is removed, whatever comes of this one.

    Raises:
        OSError: the file cannot be read, or the rejects cannot be written.
        Transient: the settings are none that the feed takes.
        Undecided: several feeds fit the file alike, and there is nobody to `choose`.
    """
    began = time.perf_counter()
    checked = Checked(feed or "")
    asked = Asked(feed, rejects_to, records_to, settings, templates, acknowledgements_to, choose, sheet)
    with TemporaryDirectory(prefix="penstock-check-") as folder:
        store = LocalStore(Path(folder))
        source = store.source(path.resolve(), feed or "")
        asked.clear()
        try:
            prepared = _prepare(store, source, None, sheet)
            if isinstance(prepared, SourceFile):
                _check(store, prepared, path, asked, _scaled(advance, source.size, prepared.size), checked)
            else:
                checked.entries = _check_entries(store, prepared, path, asked, advance)
                checked.route = _route_of(checked.entries, asked.settings or OperatorSettings())
        except (Refused, Defective) as refusal:
            checked.refuse(refusal)
            with path.open("rb") as source:
                head = source.read(HEAD)
            why, told_to = refusal.message, asked.acknowledgements_to
            checked.acknowledgements = write_refusal(checked.feed, head, why, told_to, time.time())
    checked.seconds = time.perf_counter() - began
    return checked


def _prepare(
    store: LocalStore, source: SourceFile, entry: ZipEntry | None, sheet: str = ""
) -> SourceFile | list[SplitMessage]:
    staging = Staging(store, SystemClock(), random.Random(), math.inf, {source.feed: sheet})
    return asyncio.run(staging.prepare(source, entry))


def _check_entries(
    store: LocalStore,
    entries: list[SplitMessage],
    path: Path,
    asked: Asked,
    advance: Callable[[int], None],
) -> list[Checked]:
    """Each file of an archive, one after the other, so that only one of them is staged."""
    checks: list[Checked] = []
    for number, message in enumerate(entries, 1):
        assert message.entry is not None
        began = time.perf_counter()
        checked = Checked(asked.feed or "", file=message.entry.name)
        asked.of_entry(number).clear()
        try:
            prepared = _prepare(store, message.file, message.entry)
            assert isinstance(prepared, SourceFile)
            scaled = _scaled(advance, message.entry.compressed, prepared.size)
            _check(store, prepared, path, asked.of_entry(number), scaled, checked)
            store.path_of(prepared).unlink()
        except (Refused, Defective) as refusal:
            checked.refuse(refusal)
        checked.seconds = time.perf_counter() - began
        checks.append(checked)
    return checks


def _route_of(entries: Sequence[Checked], settings: OperatorSettings) -> str:
    """What the feed calls the archive, by what most of its files are; "" where they are of several feeds."""
    feeds = {one.feed for one in entries if one.feed}
    feed = feed_named(feeds.pop()) if len(feeds) == 1 else None
    if feed is None or feed.route_of_batch is None:
        return ""
    return feed.route_of_batch([one.format for one in entries], policy_of(feed, settings.policy))


def _scaled(advance: Callable[[int], None], whole: int, size: int) -> Callable[[int], None]:
    """Progress over `size` bytes, told as progress over the `whole` that they were expanded from."""
    return lambda done: advance(done * whole // size)


def _check(
    store: LocalStore,
    file: SourceFile,
    path: Path,
    asked: Asked,
    advance: Callable[[int], None],
    checked: Checked,
) -> None:
    file = _as_records(store, file, path, asked)
    with store.path_of(file).open("rb") as source:
        head = source.read(HEAD)
        recognised = recognise(head, asked.feed, path, asked.choose)
        feed = recognised.feed
        layout = _looked_through(store, feed, file, recognised.layout, head)
        checked.feed, checked.format, checked.guessed = feed.name, layout.format, recognised.guessed
        checked.findings.update({"format.unknown_field": len(layout.unknown)} if layout.unknown else {})
        source.seek(0)
        settings = asked.settings or OperatorSettings()
        policy_of(feed, settings.policy)  # also where the feed takes none, as a drop would find
        check_in_file = Judge(feed, settings).judge if feed.examination or feed.revision else Repeats(feed).judge
        checked.by_itself = feed.examination is not None
        checked.unasked = checked.by_itself and asked.settings is None
        delivered = Delivered(feed, asked.records_to, path.name)
        acknowledged = Acknowledged(store, file, asked.acknowledgements_to)
        rejects_to = RejectsTo(feed, layout, asked.rejects_to)
        planner = Planner(feed, layout, size=layout.until or file.size)
        for span, chunk in _chunks(source, planner, layout.until or file.size, checked):
            reading = span.layout or layout
            judgement = judge(feed, reading, span, chunk)
            flags = {one.ordinal: one.findings for one in judgement.flagged}
            in_file = check_in_file(span.chunk, judgement.accepted, flags)
            bad = judgement.rejected
            if in_file.rejected:
                bad += rejected_later(feed, reading, span, chunk, in_file.rejected, {}, judgement.raws)
            checked.chunks += 1
            checked.received += span.records
            checked.rejected += len(bad)
            checked.duplicate += len(in_file.duplicates)
            checked.dead += len(judgement.dead) + len(in_file.dead)
            held = _held(feed, settings, judgement, in_file)
            checked.held += len(held)
            gone = in_file.rejected.keys() | in_file.dead.keys() | in_file.duplicates | held
            delivered.write(one for one in judgement.accepted if one.ordinal not in gone)
            told = judgement.told.keys() - checked.findings.keys()
            checked.findings.update(judgement.findings - Counter(judgement.told.keys()) + Counter(told))
            checked.notes += [judgement.told[code] for code in sorted(told)]
            dead = (*(one.findings for one in judgement.dead), *in_file.dead.values())
            checked.internal_errors.update(finding.message for findings in dead for finding in findings)
            for found in (in_file.rejected, in_file.flagged, in_file.dead):
                checked.findings.update(finding.code for findings in found.values() for finding in findings)
            acknowledged.note(span, bad)
            if bad:
                rejects_to.add(rejects.rows(feed, reading, sorted(bad, key=lambda one: one.ordinal), ""))
            advance(span.end - span.start)
        noted = planner.noted
        for finding in file.notes:
            noted.add(finding)
        checked.findings.update(noted.counts)
        checked.notes += noted.examples
        checked.notes += [held_for(layout.control)] if layout.control else []
        checked.records = asked.records_to
        checked.rejects = rejects_to.close()
    if not checked.dead:
        checked.acknowledgements = acknowledged.write(feed, layout, time.time())
    if not checked.received:
        raise Refused("format.no_records", "the file has a header and no records")


def _held(feed: Feed, settings: OperatorSettings, judgement: Judgement, in_file: InFile) -> set[int]:
    """The ordinals of what would wait for somebody."""
    found: dict[int, tuple[Finding, ...]] = {one.ordinal: one.findings for one in judgement.flagged}
    for ordinal, more in in_file.flagged.items():
        found[ordinal] = (*found.get(ordinal, ()), *more)
    ended = in_file.rejected.keys() | in_file.dead.keys() | in_file.duplicates
    return {
        ordinal for ordinal, said in found.items() if ordinal not in ended and feed.is_held_for(said, settings.soft)
    }


def _as_records(store: LocalStore, file: SourceFile, path: Path, asked: Asked) -> SourceFile:
    """The file as records can be cut from it. Where neither somebody nor its folder says of which feed a document is,
    what is in it does."""
    with store.path_of(file).open("rb") as source:
        head = source.read(HEAD)
    folder = path.resolve().parent.name
    name = asked.feed or (folder if folder in FEEDS else None)
    if name is None and is_document(head):
        return as_records(store, file, asked.templates, "")
    documents = feed_named(name).documents if name else None
    return as_records(store, file, asked.templates, name) if name and documents and documents(head) else file


def _looked_through(store: LocalStore, feed: Feed, file: SourceFile, layout: Layout, head: bytes) -> Layout:
    """The layout, once it is known what stands twice in the file, and what its control totals are."""
    clock, rng = SystemClock(), random.Random()
    layout = with_origin(layout, file)
    layout = asyncio.run(with_rows_again(feed, file, layout, head, store, clock, rng))
    return asyncio.run(with_control_totals(feed, file, layout, store, clock, rng, deadline=math.inf))


def _chunks(source: BinaryIO, planner: Planner, until: int, checked: Checked) -> Iterator[tuple[Span, bytes]]:
    """Each span with its bytes, which are read again from the file: the planner keeps none. The records end at byte
    `until`. Where the planner fails behind a chunk, it is noted that the file ends there.

    Raises:
        Defective: a function of ours fails at the file from the first.
    """
    done, end = False, 0
    try:
        while not done:
            block = source.read(min(BLOCK, until - source.tell()))
            done = not block
            for span in _spans(checked.feed, planner.finish() if done else planner.push(block)):
                end, resume = span.end, source.tell()
                source.seek(span.start)
                chunk = source.read(min(span.end - span.start, 1024) if span.oversize else span.end - span.start)
                source.seek(resume)
                yield span, chunk
    except Defective as stop:
        if not checked.chunks:
            raise
        checked.note(broken_off_at(end, stop))


def _spans(feed: str, spans: Iterator[Span]) -> Iterator[Span]:
    with at_a_file(feed):
        yield from spans
