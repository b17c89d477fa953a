"""outcomes-<fence>.ndjson: a line for each record of a chunk that was not delivered, or was in spite of a finding.

Each line says in `v` which version a release must know to act on it (see `model.versions`).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from penstock.model import ids, versions
from penstock.model.findings import Finding, Outcome
from penstock.model.rows import ChunkRow
from penstock.ports.object_store import ObjectStore

type OutcomeLine = dict[str, Any]
"""What is told of a record: `outcome`, `findings`, `of`, whose duplicate it is, and `since` when it is held."""


@dataclass(frozen=True, slots=True)
class RecordEnd:
    """How a record ended, and what was found that made it so. `of` is the record it duplicates or conflicts with,
    `batch` the one it went in."""

    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    of: str | None = None
    batch: str | None = None

    def outcome_line(self, ordinal: int, flags: tuple[Finding, ...] = (), now: float | None = None) -> OutcomeLine:
        """The ending as a line of the outcomes; `flags` were found of the record, and did not make it end so."""
        said = {
            "of": self.of,
            "batch": self.batch,
            "since": now if self.outcome is Outcome.HELD else None,
            "findings": [finding.as_dict() for finding in (*self.findings, *flags)],
        }
        return {"ordinal": ordinal, "outcome": str(self.outcome)} | {name: one for name, one in said.items() if one}


async def outcome_lines_of(store: ObjectStore, chunk: ChunkRow) -> dict[int, OutcomeLine]:
    """What a chunk's last ending tells, by ordinal; nothing before the first. A record of which it tells nothing was
    delivered."""
    if not chunk.ended:
        return {}
    body = await store.get(chunk_key(chunk, f"outcomes-{chunk.ended_under}.ndjson")) or b""
    return {line["ordinal"]: line for line in load_lines(body)}


async def rejects_of(store: ObjectStore, chunk: ChunkRow) -> bytes:
    """The rows of a chunk's rejects, as its last ending tells them."""
    return await store.get(chunk_key(chunk, f"rejects-{chunk.ended_under}.csv")) or b""


def codes_of(outcome_line: OutcomeLine) -> list[str]:
    """The findings that are told of a record."""
    return [finding["code"] for finding in outcome_line.get("findings", ())]


def chunk_key(chunk: ChunkRow, name: str, in_generation: int = 0) -> str:
    return ids.work_key(chunk.file_id, chunk.span.chunk, name, in_generation)


def load_lines(body: bytes) -> list[dict[str, Any]]:
    """Lines of outcomes or findings, without their versions.

    Raises:
        NewerRelease: a newer release has written one, in a form that this one does not know.
    """
    lines: list[dict[str, Any]] = [json.loads(line) for line in body.splitlines()]
    for line in lines:
        versions.ensure_known("a line about a record", line.pop("v", 1), versions.LINES)
    return lines


def dump_lines(lines: Iterable[Mapping[str, Any]]) -> bytes:
    """Lines of outcomes or findings, with their versions."""
    return "".join(f"{json.dumps({'v': versions.LINES, **line})}\n" for line in lines).encode()
