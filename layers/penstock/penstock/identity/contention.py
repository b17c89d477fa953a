"""Contention for identities: who holds each, what became of its record, and what that makes of ours.

A claim says which record came first, not which was delivered. So a claim that another record has is read together
with what became of its record: the claim of who was not delivered is void, and is taken over; a correction that came to
nothing leaves in force what it was to correct.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from penstock.feeds.feed import Feed
from penstock.identity.decision import Decision, decide, findings_of, is_void, passes_over
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
    that have ended. Those `in_doubt` are ours too, and only an operator can say whether they were delivered already:
    beside them stands who may have been."""

    ours: list[int] = field(default_factory=list[int])
    in_doubt: dict[int, Owner] = field(default_factory=dict[int, Owner])
    waiting: set[int] = field(default_factory=set[int])
    ends: dict[int, RecordEnd] = field(default_factory=dict[int, RecordEnd])


@dataclass(frozen=True, slots=True)
class _InForce:
    """The record that an identity stands with, None if none; what became of it, None while it is on its way, and
    whether the ledger has forgotten it."""

    owner: Owner | None
    outcome: Outcome | None
    forgotten: bool = False


class IdentityResolver:
    """Claims identities for the records of one chunk."""

    def __init__(self, claims: Claims, ledger: Ledger, feed: Feed, ours: Ours, progress: Progress) -> None:
        self._claims, self._ledger, self._feed, self._ours, self._progress = claims, ledger, feed, ours, progress
        self.awaited: set[str] = set()  #: ids of the chunks that were waited for, the last time

    async def contend(self, undecided: Iterable[int]) -> Contention:
        """Claims what is undecided, and decides what cannot be claimed.

        Raises:
            LeaseLost: another dispatcher has the chunk, and has claimed its records.
        """
        contention, contenders = Contention(), dict[str, Accepted]()
        self.awaited.clear()
        ended = self._ended()
        for ordinal in undecided:
            record = self._progress.records[ordinal]
            twin = ended.get((record.identity, record.digest))
            if twin is not None:
                contention.ends[ordinal] = self._same_as(twin)
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
        """Whether a claim is ours already, under this lease. One that was taken over in doubt is not to be sent."""
        if not held.is_same(wanted) or held.fence < wanted.fence or self._is_in_doubt(held):
            return False
        if held.fence > wanted.fence:
            raise LeaseLost("another dispatcher has claimed the chunk's records")
        return True

    async def _resolve(self, record: Accepted, held: Owner, lookup: Lookup, contention: Contention) -> None:
        """What a record is beside the one that holds its identity."""
        wanted = self._ours.owner(record)
        twin = await self._held_twin(held.was, wanted, lookup)
        if twin:
            contention.ends[record.ordinal] = RecordEnd(Outcome.DUPLICATE, of=twin.trace)
            return
        before = top = await self._in_force(held, wanted, lookup)
        while before.owner and passes_over(record, before.owner, before.outcome):
            before = await self._in_force(before.owner.was, wanted, lookup)
        decision = decide(record, before.owner, before.outcome, forgotten=before.forgotten)
        if decision is Decision.WAITS:
            contention.waiting.add(record.ordinal)
            self.awaited.add(ids.chunk_id(held.file_id, held.chunk))
        elif decision is Decision.OURS:
            if await self._take_over(record, held, replace(wanted, was=top.owner)):
                contention.ours.append(record.ordinal)
            else:
                contention.waiting.add(record.ordinal)
        elif decision is Decision.IN_DOUBT and before.owner:
            # An operator's word on ours is one on the other, too; so ours stands before what that one was to correct.
            if await self._take_over(record, held, replace(wanted, was=before.owner.was, ended=Outcome.UNKNOWN)):
                contention.in_doubt[record.ordinal] = before.owner
            else:
                contention.waiting.add(record.ordinal)
        elif before.owner:
            contention.ends[record.ordinal] = self._ending(decision, before.owner)

    async def _in_force(self, held: Owner | None, wanted: Owner, lookup: Lookup) -> _InForce:
        """The record that an identity was really delivered for, may have been, or is held for. The claim of a record
        that ended otherwise is void, and the one that it was to correct is in force. A record that can come to nothing
        still keeps the one that it corrects."""
        if held is None:
            return _InForce(None, None)
        if held.is_same(wanted):
            # An attempt of ours that broke: it may have taken over in doubt. What it corrects was decided then, and may
            # be waiting for us by now.
            same = replace(held, digest=wanted.digest)
            if self._is_in_doubt(held):
                return _InForce(same, Outcome.UNKNOWN, forgotten=True)
            return _InForce(held.was, Outcome.REJECTED)
        seen = await lookup.of_owner(held)
        if is_void(seen.outcome, forgotten=seen.forgotten):
            return await self._in_force(held.was, wanted, lookup)
        owner = replace(held, was=None) if seen.outcome is Outcome.DELIVERED else held
        return _InForce(owner, seen.outcome, seen.forgotten)

    def _is_in_doubt(self, held: Owner) -> bool:
        """Whether a claim of ours was taken over from who may have been delivered, and nothing is fixed of it yet."""
        return held.ended is Outcome.UNKNOWN and not self._progress.was_sent(held.ordinal)

    async def _held_twin(self, behind: Owner | None, wanted: Owner, lookup: Lookup) -> Owner | None:
        """The same correction, held, behind what it is to correct: that has come later, and stands before it."""
        while behind and (behind.digest != wanted.digest or behind.is_same(wanted)):
            behind = behind.was
        seen = await lookup.of_owner(behind) if behind else None
        # Who was held, and is forgotten, will never be released.
        return behind if seen and seen.outcome is Outcome.HELD and not seen.forgotten else None

    async def _take_over(self, record: Accepted, held: Owner, wanted: Owner) -> bool:
        """Whether the identity is ours now. Who has lost the race for it looks again at who has won."""
        return await self._claims.take_over(self._feed.name, record.identity, held, wanted)

    def _ending(self, decision: Decision, owner: Owner) -> RecordEnd:
        """The end of a record whose identity has been delivered, may have been, or is held."""
        if decision is Decision.DUPLICATE:
            return RecordEnd(Outcome.DUPLICATE, of=owner.trace)
        return RecordEnd(Outcome.REJECTED, findings_of(decision, self._feed, f"record {owner.trace}"), of=owner.trace)

    def _ended(self) -> dict[tuple[str, str], int]:
        """The first record of this chunk that has ended, by identity and payload: its twins end as it has."""
        ended: dict[tuple[str, str], int] = {}
        for ordinal in sorted(self._progress.ends.keys() & self._progress.records):
            record = self._progress.records[ordinal]
            ended.setdefault((record.identity, record.digest), ordinal)
        return ended

    def _same_as(self, ordinal: int) -> RecordEnd:
        """The end of a record whose twin, earlier in the chunk, has ended."""
        twin = self._progress.ends[ordinal]
        if twin.outcome in (Outcome.REJECTED, Outcome.DUPLICATE, Outcome.DEAD):
            return replace(twin, batch=None)
        return RecordEnd(Outcome.DUPLICATE, of=ids.trace(self._ours.file_id, ordinal))


async def note_ends(claims: Claims, feed: Feed, ours: Ours, ends: Iterable[tuple[Accepted, Outcome]]) -> None:
    """Notes on the claims of records that keep them without having been delivered how they have ended, and takes that
    off again from those that have another end since: once the ledger has forgotten them, the claims are all there
    is."""
    for record, outcome in ends if feed.identity else ():
        ended = outcome if outcome in (Outcome.HELD, Outcome.UNKNOWN) else None
        await claims.note_end(feed.name, record.identity, replace(ours.owner(record), ended=ended))
