"""Whether the table of outcomes says at every settling what the accounts say."""

import math
from typing import Any

from penstock.model import ids
from penstock.model.findings import Outcome, account
from penstock.tabulate.stage import TabulatorPorts, tabulate
from penstock_testing.ledger import MemoryLedger
from penstock_testing.memory import MemoryEvents, MemoryStore
from penstock_testing.tables import MemoryTables, rows_in
from tests.simulation.virtual import VirtualClock


class Tabulated:
    """The tabulator, which comes whenever a file was settled. `broken` is where the table and an account differ."""

    def __init__(self, store: MemoryStore, ledger: MemoryLedger, clock: VirtualClock) -> None:
        self._store, self._ledger = store, ledger
        self._ports = TabulatorPorts(store, ledger, MemoryTables(), MemoryEvents(), clock)
        self._rows: dict[tuple[str, int], list[dict[str, Any]]] = {}
        self._read: set[str] = set()
        self.broken: list[str] = []

    async def look(self, file_id: str) -> None:
        """Compares a file's rows with its account, chunk by chunk and as a whole."""
        (looked,) = await tabulate(self._ports, math.inf)
        if looked.counts["LookFaults"]:
            self.broken.append(f"the tabulator failed when {file_id} was settled")
        self._take()
        row, whole = await self._ledger.file(file_id), account()
        for chunk in await self._ledger.chunks(file_id):
            newest = {
                one["ordinal"]: one
                for one in sorted(self._rows.get((file_id, chunk.span.chunk), ()), key=lambda one: one["fence"])
            }
            counted = account((Outcome(one["outcome"]), 1) for one in newest.values())
            whole = account([*whole.items(), *counted.items()])
            if counted != chunk.counted:
                self.broken.append(f"chunk {chunk.chunk_id} counts {chunk.counted}, and the table {counted}")
        if row and whole != row.counted:
            self.broken.append(f"file {file_id} counts {row.counted}, and the table {whole}")

    def _take(self) -> None:
        """The rows of parts that are new."""
        for key in [key for key in self._store.work if key.startswith(ids.TABLE) and key not in self._read]:
            self._read.add(key)
            for one in rows_in(self._store.work[key]):
                self._rows.setdefault((one["file_id"], one["chunk"]), []).append(one)
