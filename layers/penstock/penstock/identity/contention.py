"""Contention for identities: who holds each, what became of its record, and what that makes of ours.

A claim is the word of who came first, not of who was delivered. So a claim that is held by another is read together
with what became of its record: the claim of who was not delivered is void, and is taken over; a correction that came to
nothing leaves in force what it was to correct.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from penstock.feeds.feed import Feed
from penstock.identity.decision import VOID, Decision, decide, findings_of
from penstock.identity.lookup import Lookup, Progress
from penstock.identity.ours import Ours
from penstock.model import ids
from penstock.model.errors import LeaseLost
from penstock.model.findings import Outcome
from penstock.model.records import Accepted
from penstock.model.rows import Owner
from penstock.outputs.outcomes import RecordEnd
from penstock.ports.claims import Claims
from penstock.ports.ledger import Ledger


@dataclass(slots=True)
class Contention:
    """What came of it, by ordinal: the records that are ours to deliver, those that wait for another's end, and those
    that have ended."""

    ours: list[int] = field(default_factory=list[int])
    waiting: set[int] = field(default_factory=set[int])
    endings: dict[int, RecordEnd] = field(default_factory=dict[int, RecordEnd])


@dataclass(frozen=True, slots=True)
class _InForce:
    """Who an identity stands with, None if nobody; what became of its record, None while it is on its way."""

    owner: Owner | None
    outcome: Outcome | None


class IdentityResolver:
    """Claims identities for the records of one chunk."""

    def __init__(self, claims: Claims, ledger: Ledger, feed: Feed, ours: Ours, progress: Progress) -> None:
        self._claims, self._ledger, self._feed, self._ours, self._progress = claims, ledger, feed, ours, progress

    async def contend(self, undecided: Iterable[int]) -> Contention:
        """Claims what is undecided, and decides what cannot be claimed.

        Raises:
            LeaseLost: another dispatcher has the chunk, and has claimed its records.
        """
        contention, contenders = Contention(), dict[str, Accepted]()
        ended = self._ended()
        for ordinal in undecided:
            record = self._progress.records[ordinal]
            twin = ended.get((record.identity, record.digest))
            if twin is not None:
                contention.endings[ordinal] = self._same_as(twin)
            else:
                contenders.setdefault(record.identity, record)
        wanted = {identity: self._ours.owner(record) for identity, record in contenders.items()}
        owners = await self._claims.claim(self._feed.name, wanted)
        lookup = self.look()
        for identity, record in contenders.items():
            if self._is_claimed(owners[identity], wanted[identity]):
                contention.ours.append(record.ordinal)
            else:
                await self._resolve(record, owners[identity], lookup, contention)
        return contention

    async def give_up(self, ordinals: Iterable[int]) -> None:
        """Gives up the identities of records."""
        for ordinal in sorted(ordinals) if self._feed.identity else ():
            record = self._progress.records[ordinal]
            await self._claims.give_up(self._feed.name, record.identity, self._ours.owner(record))

    def look(self) -> Lookup:
        """Begins a look at what became of records, which sees nothing older than its beginning."""
        return Lookup(self._ledger, self._ours, self._progress)

    def _is_claimed(self, held: Owner, wanted: Owner) -> bool:
        """Whether a claim is ours already, under this lease."""
        if not held.is_same(wanted) or held.fence < wanted.fence:
            return False
        if held.fence > wanted.fence:
            raise LeaseLost("another dispatcher has claimed the chunk's records")
        return True

    async def _resolve(self, record: Accepted, held: Owner, lookup: Lookup, contention: Contention) -> None:
        """What a record is beside the one that holds its identity."""
        wanted = self._ours.owner(record)
        before = await self._in_force(held, wanted, lookup)
        decision = decide(record, before.owner, before.outcome)
        if decision is Decision.OURS:
            corrected = replace(wanted, was=before.owner)
            is_ours = await self._claims.take_over(self._feed.name, record.identity, held, corrected)
        else:
            is_ours = False
        if is_ours:
            contention.ours.append(record.ordinal)
        elif before.owner is None or decision in (Decision.OURS, Decision.WAITS):
            # Who has lost the race for a claim looks again at who has won it.
            contention.waiting.add(record.ordinal)
        else:
            contention.endings[record.ordinal] = self._ending(decision, before.owner)

    async def _in_force(self, held: Owner | None, wanted: Owner, lookup: Lookup) -> _InForce:
        """Who an identity was really delivered for, may have been, or is held for. The claim of who ended otherwise is
        void, and what it was to correct is in force. What can come to nothing still keeps what it corrects."""
        if held is None:
            return _InForce(None, None)
        if held.is_same(wanted):
            # An attempt of ours that broke. What it corrects was decided then, and may be waiting for us by now.
            return _InForce(held.was, Outcome.REJECTED)
        outcome = await lookup.outcome_of(held.file_id, held.chunk, held.ordinal)
        if outcome in VOID:
            return await self._in_force(held.was, wanted, lookup)
        return _InForce(replace(held, was=None) if outcome is Outcome.DELIVERED else held, outcome)

    def _ending(self, decision: Decision, owner: Owner) -> RecordEnd:
        """The ending of a record whose identity has been delivered, may have been, or is held."""
        if decision is Decision.DUPLICATE:
            return RecordEnd(Outcome.DUPLICATE, of=owner.trace)
        return RecordEnd(Outcome.REJECTED, findings_of(decision, self._feed, f"record {owner.trace}"), of=owner.trace)

    def _ended(self) -> dict[tuple[str, str], int]:
        """The first record of this chunk that has ended, by identity and payload: its twins end as it has."""
        ended: dict[tuple[str, str], int] = {}
        for ordinal in sorted(self._progress.endings.keys() & self._progress.records):
            record = self._progress.records[ordinal]
            ended.setdefault((record.identity, record.digest), ordinal)
        return ended

    def _same_as(self, ordinal: int) -> RecordEnd:
        """The ending of a record whose twin, earlier in the chunk, has ended."""
        twin = self._progress.endings[ordinal]
        if twin.outcome in (Outcome.REJECTED, Outcome.DUPLICATE, Outcome.DEAD):
            return replace(twin, batch=None)
        return RecordEnd(Outcome.DUPLICATE, of=ids.trace(self._ours.file_id, ordinal))
