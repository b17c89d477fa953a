"""The port of the record claims: which record owns which identity."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from penstock.model.rows import Owner


class Claims(Protocol):
    """Which record owns which identity. One conditional insert a record, 25 to a call."""

    async def claim(self, feed: str, wanted: Mapping[str, Owner]) -> dict[str, Owner]:
        """Claims each identity for its owner, unless it has one. The owners since, the same ones included."""
        ...

    async def take_over(self, feed: str, identity: str, held: Owner, wanted: Owner) -> bool:
        """Hands an identity from an owner that has no use for it, or is corrected, to another; False where it has
        changed hands, be it to the same record under another fence."""
        ...

    async def note_end(self, feed: str, identity: str, owner: Owner) -> None:
        """Notes on an identity how its owner's record has `ended`, if this owner still holds it and under no later
        fence, or is to have it back should a correction come to nothing: the claim may outlive what the ledger knows of
        it."""
        ...

    async def give_up(self, feed: str, identity: str, owner: Owner) -> None:
        """Frees an identity if this owner still holds it, and under no later fence; a correction's goes back to whom it
        was to correct. One that is noted as `unknown` is kept: whoever knows by now takes the note off first."""
        ...

    async def owners(self, feed: str, identities: Sequence[str]) -> dict[str, Owner]:
        """Who holds these identities; those that nobody does are not there. Looking changes nothing."""
        ...
