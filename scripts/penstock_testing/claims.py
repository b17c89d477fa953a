"""The claims' twin: who holds what, in one dictionary."""

from collections.abc import Mapping, Sequence

from penstock.model import versions
from penstock.model.findings import Outcome
from penstock.model.rows import Owner
from penstock.ports.clock import Clock


class MemoryClaims:
    """As `Claims`. With a clock, a claim ends so many seconds after its last change."""

    def __init__(self, clock: Clock | None = None, ttl_seconds: int = 0) -> None:
        self._clock, self._ttl_seconds = clock, ttl_seconds
        self.held: dict[tuple[str, str], Owner] = {}
        self._versions: dict[tuple[str, str], int] = {}
        self._expiries: dict[tuple[str, str], float] = {}

    async def claim(self, feed: str, wanted: Mapping[str, Owner]) -> dict[str, Owner]:
        """As `Claims.claim`."""
        owners: dict[str, Owner] = {}
        for identity, owner in wanted.items():
            held = self._held(feed, identity)
            if held is None:
                self._put(feed, identity, owner)
            owners[identity] = held or owner
        return owners

    async def take_over(self, feed: str, identity: str, held: Owner, wanted: Owner) -> bool:
        """As `Claims.take_over`."""
        now = self._held(feed, identity) or held
        if not now.is_same(held) or now.fence != held.fence:
            return False
        self._put(feed, identity, wanted)
        return True

    async def note_end(self, feed: str, identity: str, owner: Owner) -> None:
        """As `Claims.note_end`."""
        held = self._held(feed, identity)
        if held and held.noting(owner) != held:
            self._put(feed, identity, held.noting(owner))

    async def give_up(self, feed: str, identity: str, owner: Owner) -> None:
        """As `Claims.give_up`."""
        held = self._held(feed, identity)
        is_theirs = held and held.is_same(owner) and held.fence <= owner.fence
        if held and is_theirs and held.ended is not Outcome.UNKNOWN:
            del self.held[feed, identity]
            if held.was:
                self._put(feed, identity, held.was)

    async def owners(self, feed: str, identities: Sequence[str]) -> dict[str, Owner]:
        """As `Claims.owners`."""
        held = {identity: self._held(feed, identity) for identity in identities}
        return {identity: owner for identity, owner in held.items() if owner}

    def _held(self, feed: str, identity: str) -> Owner | None:
        place = feed, identity
        if self._clock and self._expiries.get(place, self._clock.now()) <= self._clock.now():
            self.held.pop(place, None)
        if place in self.held:
            versions.ensure_known("the claim", self._versions.get(place, 1), versions.CLAIM)
        return self.held.get(place)

    def _put(self, feed: str, identity: str, owner: Owner) -> None:
        self.held[feed, identity] = owner
        self._versions[feed, identity] = versions.CLAIM
        if self._clock:
            self._expiries[feed, identity] = self._clock.now() + self._ttl_seconds
