"""Whose claims and entries are ours."""

from dataclasses import dataclass

from penstock.model.records import Accepted
from penstock.model.rows import Owner


@dataclass(frozen=True, slots=True)
class Ours:
    """The chunk that claims identities and writes entries, and the fence of its lease."""

    file_id: str
    chunk: int
    fence: int

    def owner(self, record: Accepted) -> Owner:
        """A record of ours as the owner of its identity."""
        return Owner(self.file_id, self.chunk, record.ordinal, record.digest, record.revision, self.fence)
