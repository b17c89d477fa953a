"""What a stage wrote about a chunk, under the name it has now or had in an earlier release; and what is told of single
records, by their ordinals.

    {"v": 2, "told": {"3": …}}

Version 1 was what is `told` alone.
"""

import json
from collections.abc import Mapping
from typing import Any

from penstock.model import ids, versions
from penstock.model.rows import ChunkRow
from penstock.outputs.judged import NAME, PARTS, part_of
from penstock.ports.object_store import ObjectStore


async def read_work(store: ObjectStore, chunk: ChunkRow, name: str, in_generation: int) -> bytes | None:
    """What lies in the work bucket of a chunk's generation; None if nothing does.

    Raises:
        NewerRelease: a newer release has written it, in a form that this one does not know.
    """
    if name in PARTS:
        judged = await _read(store, chunk, NAME, in_generation)
        part = None if judged is None else part_of(judged, name)
        if part is not None or name == NAME:
            return part
    return await _read(store, chunk, name, in_generation)


async def _read(store: ObjectStore, chunk: ChunkRow, name: str, in_generation: int) -> bytes | None:
    """An object. A later generation was a round once, and what an earlier release wrote lies there."""
    file_id, number = chunk.file_id, chunk.span.chunk
    body = await store.get(ids.work_key(file_id, number, name, in_generation))
    if body is None and in_generation:
        body = await store.get(ids.earlier_work_key(file_id, number, name, in_generation))
    return body


def dump_by_ordinal(written: Mapping[Any, Any]) -> bytes:
    """What is told of records, as JSON has it."""
    return json.dumps({"v": versions.REASONS, "told": written}).encode()


def load_by_ordinal(body: bytes | None) -> dict[int, Any]:
    """What is told of records, by their ordinals; of none where there is no body.

    Raises:
        NewerRelease: a newer release has written it, in a form that this one does not know.
    """
    document: dict[str, Any] = json.loads(body or b"{}")
    versions.ensure_known("what is told of a batch", document.get("v", 1), versions.REASONS)
    written: dict[str, Any] = document["told"] if "v" in document else document
    return {int(ordinal): one for ordinal, one in written.items()}
