"""A file judged right here: what would happen to it if it were dropped. No AWS, bounded memory."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from penstock import rejects
from penstock.errors import Refused
from penstock.feeds import FEEDS, feed_named
from penstock.feeds.feed import Feed
from penstock.findings import Finding
from penstock.formats.format import HEAD
from penstock.judging import Accepted, Rejected, judge, rejected_later
from penstock.messages import Layout, Span
from penstock.splitting import Planner

from .seen import Seen

BLOCK = 1024 * 1024  #: bytes read at once


@dataclass(slots=True)
class Checked:
    """What a check found. `rejects` is where the reject file was written, None if there are none."""

    feed: str
    format: str | None = None
    received: int = 0
    rejected: int = 0
    duplicate: int = 0
    chunks: int = 0
    findings: Counter[str] = field(default_factory=Counter[str])
    refused: Finding | None = None
    rejects: Path | None = None
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """The check as JSON shows it."""
        return {
            "feed": self.feed,
            "format": self.format,
            "records": {
                "received": self.received,
                "valid": self.received - self.rejected - self.duplicate,
                "rejected": self.rejected,
                "duplicate": self.duplicate,
            },
            "chunks": self.chunks,
            "findings": dict(sorted(self.findings.items())),
            "refused": {"code": self.refused.code, "message": self.refused.message} if self.refused else None,
            "rejects": str(self.rejects) if self.rejects else None,
            "seconds": round(self.seconds, 3),
        }


def check(path: Path, feed: str | None, rejects_to: Path, advance: Callable[[int], None]) -> Checked:
    """Splits, validates and judges a file; `advance` is told of every so many bytes done.

    Raises:
        OSError: the file cannot be read, or the rejects cannot be written.
    """
    began = time.perf_counter()
    checked = Checked(feed or "")
    try:
        with path.open("rb") as source:
            _check(source, path, feed, rejects_to, advance, checked)
    except Refused as refusal:
        checked.refused = Finding(refusal.code, refusal.message)
        checked.findings[refusal.code] += 1
    checked.seconds = time.perf_counter() - began
    return checked


def _check(
    source: BinaryIO, path: Path, name: str | None, rejects_to: Path, advance: Callable[[int], None], checked: Checked
) -> None:
    head = source.read(HEAD)
    feed, layout = _recognise(head, name, path)
    checked.feed, checked.format = feed.name, layout.format
    checked.findings.update({"format.unknown_field": len(layout.unknown)} if layout.unknown else {})
    source.seek(0)
    seen = Seen()
    planner = Planner(feed, layout)
    for span, chunk in _chunks(source, planner):
        judgement = judge(feed, layout, span, chunk)
        again = _repeated(feed, judgement.accepted, seen)
        conflicts = {ordinal: finding for ordinal, finding in again.items() if finding}
        bad = judgement.rejected
        if conflicts:
            bad += rejected_later(feed, layout, span, chunk, conflicts, {}, judgement.raws)
        checked.chunks += 1
        checked.received += span.records
        checked.rejected += len(bad)
        checked.duplicate += len(again) - len(conflicts)
        checked.findings.update(judgement.findings)
        checked.findings.update(finding.code for finding in conflicts.values())
        if bad:
            _write(feed, layout, bad, rejects_to, checked)
        advance(span.end - span.start)
    if not checked.received:
        raise Refused("format.no_records", "the file has a header and no records")


def _recognise(head: bytes, name: str | None, path: Path) -> tuple[Feed, Layout]:
    """The feed asked for; or the one the file's folder names, as a key would; or the first that can read it."""
    if name is None and path.resolve().parent.name in FEEDS:
        name = path.resolve().parent.name
    if name is not None:
        feed = feed_named(name)
        return feed, feed.recognise(head)
    refusal: Refused | None = None
    for feed in FEEDS.values():
        try:
            return feed, feed.recognise(head)
        except Refused as error:
            refusal = refusal or error
    assert refusal is not None
    raise refusal


def _chunks(source: BinaryIO, planner: Planner) -> Iterator[tuple[Span, bytes]]:
    """Each span with its bytes, which are read again from the file: the planner keeps none."""
    done = False
    while not done:
        block = source.read(BLOCK)
        done = not block
        for span in planner.finish() if done else planner.push(block):
            resume = source.tell()
            source.seek(span.start)
            chunk = source.read(min(span.end - span.start, 1024) if span.oversize else span.end - span.start)
            source.seek(resume)
            yield span, chunk


def _repeated(feed: Feed, accepted: list[Accepted], seen: Seen) -> dict[int, Finding | None]:
    """Ordinals whose identity was met before: None where the record is the same, the conflict where it is another."""
    if not feed.identity:
        return {}
    return {
        ordinal: None if same else feed.conflict_with(f"record {earlier} of this file")
        for ordinal, earlier, same in seen.add(accepted)
    }


def _write(feed: Feed, layout: Layout, bad: list[Rejected], rejects_to: Path, checked: Checked) -> None:
    with rejects_to.open("ab" if checked.rejects else "wb") as out:
        if checked.rejects is None:
            out.write(rejects.header(feed, layout))
        out.write(rejects.rows(feed, layout, sorted(bad, key=lambda one: one.ordinal)))
    checked.rejects = rejects_to
