"""found.json: what an examination has found of records that are sent nevertheless, written before they are."""

import json
from collections.abc import Mapping

from penstock.model import ids
from penstock.model.findings import Finding
from penstock.model.rows import ChunkRow
from penstock.ports.object_store import ObjectStore


class Found:
    """What a round has found of records that it sends: once they are in a batch, nobody examines them again."""

    def __init__(self, store: ObjectStore, chunk: ChunkRow) -> None:
        self._store, self._chunk = store, chunk
        self._found: dict[int, tuple[Finding, ...]] = {}

    async def load(self) -> dict[int, tuple[Finding, ...]]:
        """What an attempt before has found, by ordinal."""
        self._found = await found_of(self._store, self._chunk)
        return dict(self._found)

    async def add(self, found: Mapping[int, tuple[Finding, ...]]) -> None:
        """Adds findings by their records' ordinals."""
        if found:
            self._found |= found
            said = {ordinal: [finding.as_dict() for finding in findings] for ordinal, findings in self._found.items()}
            await self._store.put(_found_key(self._chunk), json.dumps(said).encode(), "application/json")


async def found_of(store: ObjectStore, chunk: ChunkRow) -> dict[int, tuple[Finding, ...]]:
    """What the chunk's round has found of records that it sends, by ordinal."""
    said = json.loads(await store.get(_found_key(chunk)) or b"{}")
    return {int(ordinal): tuple(map(Finding.from_dict, findings)) for ordinal, findings in said.items()}


def _found_key(chunk: ChunkRow) -> str:
    return ids.work_key(chunk.file_id, chunk.span.chunk, "found.json", chunk.generation)
