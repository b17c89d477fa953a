"""found.json: what an examination has found of records that are sent nevertheless, written before they are."""

from collections.abc import Mapping

from penstock.model import ids
from penstock.model.findings import Finding
from penstock.model.rows import ChunkRow
from penstock.outputs.work import dump_by_ordinal, load_by_ordinal, read_work
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
            await self._store.put(_found_key(self._chunk), dump_by_ordinal(said), "application/json")


async def found_of(store: ObjectStore, chunk: ChunkRow) -> dict[int, tuple[Finding, ...]]:
    """What the chunk's round has found of records that it sends, by ordinal."""
    said = load_by_ordinal(await read_work(store, chunk, _NAME, chunk.generation))
    return {ordinal: tuple(map(Finding.from_dict, findings)) for ordinal, findings in said.items()}


_NAME = "found.json"


def _found_key(chunk: ChunkRow) -> str:
    return ids.work_key(chunk.file_id, chunk.span.chunk, _NAME, chunk.generation)
