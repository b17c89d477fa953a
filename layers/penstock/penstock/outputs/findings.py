"""findings.ndjson: what the validator found in a chunk, as later stages read it."""

from collections.abc import Iterable, Mapping

from penstock.model.defects import is_defect
from penstock.model.findings import GONE, Finding, Severity
from penstock.model.rows import ChunkRow
from penstock.outputs.outcomes import load_lines
from penstock.outputs.work import read_work
from penstock.ports.object_store import ObjectStore

type Flags = Mapping[int, tuple[Finding, ...]]
"""What was found of records that rejects none of them, by ordinal."""


async def flags_of(
    store: ObjectStore, chunk: ChunkRow, generation: int | None = None
) -> dict[int, tuple[Finding, ...]]:
    """What the validator found of the records that it accepted in the chunk's generation, or an earlier one, by
    ordinal."""
    return {at: found for at, found in (await judged_of(store, chunk, generation)).items() if not rejects_any(found)}


def joined(*flags: Flags) -> Flags:
    """What was found of records at one place, and at another."""
    return {at: tuple(one for found in flags for one in found.get(at, ())) for at in set[int]().union(*flags)}


async def judged_of(
    store: ObjectStore, chunk: ChunkRow, generation: int | None = None
) -> dict[int, tuple[Finding, ...]]:
    """What the validator found in the chunk's generation, or an earlier one, by ordinal."""
    found: dict[int, tuple[Finding, ...]] = {}
    body = await read_work(store, chunk, "findings.ndjson", chunk.generation if generation is None else generation)
    for line in load_lines(body or b""):
        if "ordinal" in line:
            found[line["ordinal"]] = (*found.get(line["ordinal"], ()), Finding.from_dict(line))
    return found


def ends_dead(findings: Iterable[Finding]) -> bool:
    """Whether who was not accepted for these is dead, and not rejected: it says nothing about the record."""
    return any(one.severity is Severity.HARD and (one.code == GONE or is_defect(one.code)) for one in findings)


def rejects_any(findings: Iterable[Finding]) -> bool:
    """Whether one of these findings rejects its record."""
    return any(finding.severity is Severity.HARD for finding in findings)
