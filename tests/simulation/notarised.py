"""Whether the logs of accounts say at every settling what the accounts say."""

import json
import math

from penstock.model import ids
from penstock.model.findings import Outcome, account
from penstock.model.rows import FileRow, FileState
from penstock.receipts.records import unpacked
from penstock.receipts.stage import NotaryPorts, notarise, records_key
from penstock_testing.heads import LocalSigner, MemoryHeads
from penstock_testing.ledger import MemoryLedger
from penstock_testing.memory import MemoryEvents, MemoryStore
from tests.simulation.virtual import VirtualClock

_SIGNER = LocalSigner()


class Notarised:
    """The notary, which comes whenever a file was settled. `broken` is where a log and an account differ."""

    def __init__(self, store: MemoryStore, ledger: MemoryLedger, clock: VirtualClock) -> None:
        self._store, self._ledger, self._heads = store, ledger, MemoryHeads()
        self._ports = NotaryPorts(store, ledger, self._heads, _SIGNER, MemoryEvents(), clock, "night")
        self.broken: list[str] = []

    async def look(self, file_id: str) -> None:
        """Compares the head of a file's account with the account, and its records' lines with both."""
        (looked,) = await notarise(self._ports, math.inf)
        if looked.counts["LookFaults"]:
            self.broken.append(f"the notary failed when {file_id} was settled")
        row = await self._ledger.file(file_id)
        if row is None or row.state is not FileState.SETTLED:
            return
        place = (await self._heads.places(file_id)).get(row.ends)
        if place is None:
            self.broken.append(f"account {row.ends} of file {file_id} is not in the log")
            return
        head = json.loads(self._heads.logs[row.file.feed][place].text)
        logged = account((Outcome(name), number) for name, number in head["outcomes"].items())
        if (head["records"], logged) != (row.received, row.counted) or await self._told(row) != row.counted:
            self.broken.append(f"file {file_id} counts {row.counted}, and the log {logged}")

    async def _told(self, row: FileRow) -> dict[Outcome, int]:
        """The outcomes of the records' lines."""
        told = account()
        for chunk in await self._ledger.chunks(row.file.file_id):
            key = records_key(chunk.file_id, chunk.span.chunk, chunk.ended_under)
            for line in unpacked(self._store.work[key]):
                told[Outcome(line.split(b" ")[3].decode())] += 1
        return told

    async def missing(self) -> list[str]:
        """Accounts that are due after one more look, though their files are settled with them: whoever comes late to a
        file's end says anew that its account is to be logged."""
        await notarise(self._ports, math.inf)
        due = [ids.account_of(key) for key in self._store.work if key.startswith(ids.ACCOUNTS)]
        rows = {file_id: await self._ledger.file(file_id) for file_id, _ in due}
        return [
            f"account {number} of {file_id} was never logged"
            for file_id, number in due
            if (row := rows[file_id]) and (row.state, row.ends) == (FileState.SETTLED, number)
        ]
