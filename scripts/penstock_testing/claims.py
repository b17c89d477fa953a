"""The claims' twin: who holds what, in one dictionary."""

from collections.abc import Mapping

from penstock.model.rows import Owner


class MemoryClaims:
    """As `Claims`."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], Owner] = {}

    async def claim(self, feed: str, wanted: Mapping[str, Owner]) -> dict[str, Owner]:
        """As `Claims.claim`."""
        return {identity: self.held.setdefault((feed, identity), owner) for identity, owner in wanted.items()}

    async def take_over(self, feed: str, identity: str, held: Owner, wanted: Owner) -> bool:
        """As `Claims.take_over`."""
        now = self.held.get((feed, identity), held)
        if not now.is_same(held) or now.fence != held.fence:
            return False
        self.held[feed, identity] = wanted
        return True

    async def give_up(self, feed: str, identity: str, owner: Owner) -> None:
        """As `Claims.give_up`."""
        held = self.held.get((feed, identity))
        if held and held.is_same(owner) and held.fence <= owner.fence:
            del self.held[feed, identity]
            if held.was:
                self.held[feed, identity] = held.was
