"""Records that were accepted, and rejected after that: their reject rows need the original bytes again."""

from collections.abc import Mapping, Sequence
from typing import Any

from penstock.feeds.feed import Feed
from penstock.formats.record_lines import RecordLines
from penstock.model.findings import GONE, Finding, Severity
from penstock.model.messages import Layout, Span
from penstock.model.records import Rejected


def rejected_later(
    feed: Feed,
    layout: Layout,
    span: Span,
    chunk: bytes,
    findings: Mapping[int, tuple[Finding, ...]],
    cells: Mapping[int, dict[str, Any]],
    raws: Sequence[bytes] | None = None,
) -> list[Rejected]:
    """Records that were accepted, and refused after that, with their raw bytes; keys are ordinals. `raws` are the
    chunk's, where they are at hand."""
    raws = raws or feed.format_named(layout.format).split(layout, chunk)
    lines = RecordLines(chunk, raws, span)
    return [
        Rejected(
            ordinal,
            lines.of(ordinal),
            raws[ordinal - span.first_record],
            "",
            findings[ordinal],
            cells.get(ordinal),
        )
        for ordinal in sorted(findings)
    ]


def rejected_without_original(
    raws: Mapping[int, str], findings: Mapping[int, tuple[Finding, ...]], cells: Mapping[int, dict[str, Any]]
) -> list[Rejected]:
    """As `rejected_later`, where the original is gone: what is known of the records without it. `raws` are the SHA-256
    of their bytes."""
    return [
        Rejected(at, None, b"", raws[at], (*findings[at], _gone(raws[at])), cells.get(at), gone=True)
        for at in sorted(findings)
    ]


def rejected_unread(
    findings: Mapping[int, tuple[Finding, ...]], cells: Mapping[int, dict[str, Any]], fault: Finding
) -> list[Rejected]:
    """As `rejected_later`, where a function of ours fails at the chunk: what was found comes back in any case."""
    return [Rejected(at, None, b"", "", (*findings[at], fault), cells.get(at)) for at in sorted(findings)]


def _gone(raw: str) -> Finding:
    message = f"the original was deleted before the record was rejected; the SHA-256 of its bytes was {raw}"
    return Finding(GONE, message, severity=Severity.INFO)
