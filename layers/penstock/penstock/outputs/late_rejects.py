"""Records that were accepted, and rejected after that: their reject rows need the original bytes again."""

from collections.abc import Mapping, Sequence
from typing import Any

from penstock.feeds.feed import Feed
from penstock.formats.record_lines import RecordLines
from penstock.model.findings import Finding
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
