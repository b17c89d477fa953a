"""A file's records beside the earlier ones of the same file, as the dispatcher would judge them: identities, revisions,
and what the feed's examination demands. The destination is taken to accept everything."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from penstock.feeds.feed import Feed
from penstock.identity.decision import Decision, decide, findings_of, passes_over
from penstock.identity.examination import Examiner, OutcomeLookup, policy_of
from penstock.identity.ours import Ours
from penstock.model.findings import Finding, Outcome
from penstock.model.records import Accepted
from penstock.outputs.findings import Flags
from penstock.ports.histories import Entry
from penstock_ops.check.operator_settings import OperatorSettings
from penstock_ops.check.seen import Seen
from penstock_testing.histories import MemoryHistories


class _Earlier(NamedTuple):
    """The record that stands under an identity, which was delivered, unless it is held, and the one before it."""

    digest: str
    revision: int
    ordinal: int
    outcome: Outcome = Outcome.DELIVERED
    was: "_Earlier | None" = None


@dataclass(slots=True)
class InFile:
    """What became of a chunk's accepted records: the findings of those that are rejected and of those that are dead, by
    ordinal, those that repeat an earlier one, and what was found of the others."""

    rejected: dict[int, tuple[Finding, ...]] = field(default_factory=dict[int, tuple[Finding, ...]])
    duplicates: set[int] = field(default_factory=set[int])
    flagged: dict[int, tuple[Finding, ...]] = field(default_factory=dict[int, tuple[Finding, ...]])
    dead: dict[int, tuple[Finding, ...]] = field(default_factory=dict[int, tuple[Finding, ...]])

    def add(self, record: Accepted, earlier: _Earlier | None, feed: Feed) -> bool:
        """Ends a record as the one before it of the same identity has it. Whether it is to be delivered itself."""
        while earlier and passes_over(record, earlier, earlier.outcome):
            earlier = earlier.was
        decision = decide(record, earlier, earlier and earlier.outcome)
        if decision is Decision.OURS or earlier is None:
            return True
        if decision is Decision.DUPLICATE:
            self.duplicates.add(record.ordinal)
        else:
            name = f"record {earlier.ordinal} of this file"
            self.rejected[record.ordinal] = findings_of(decision, feed, name)
        return False


class Repeats:
    """Judges the chunks of one file of a feed without examination and revisions, in 16 bytes a record."""

    def __init__(self, feed: Feed) -> None:
        self._feed, self._seen = feed, Seen()

    def judge(self, chunk: int, records: Sequence[Accepted], flags: Flags) -> InFile:
        """As `Judge.judge`."""
        in_file, again = InFile(), self._seen.add(records) if self._feed.identity else []
        by_ordinal = {record.ordinal: record for record in records} if again else {}
        for ordinal, earlier, same in again:
            record = by_ordinal[ordinal]
            in_file.add(record, _Earlier(record.digest if same else "", 0, earlier), self._feed)
        return in_file


class Judge:
    """Judges the chunks of one file, one after the other."""

    def __init__(self, feed: Feed, settings: OperatorSettings) -> None:
        self._feed, self._settings, self._policy = feed, settings, policy_of(feed, settings.policy)
        self._histories = MemoryHistories()
        self._owners: dict[str, _Earlier] = {}

    def judge(self, chunk: int, records: Sequence[Accepted], flags: Flags) -> InFile:
        """Judges the accepted records of a chunk, of which so much was found by themselves."""
        return asyncio.run(self._judge(chunk, records, flags))

    async def _judge(self, chunk: int, records: Sequence[Accepted], flags: Flags) -> InFile:
        in_file, ended = InFile(), dict[int, Outcome]()
        undecided = {record.ordinal: record for record in records}
        while undecided:
            ours = self._contend(undecided, in_file)
            waiting = await self._examine(chunk, ours, ended, in_file) if self._feed.examination else set[int]()
            for record in ours:
                ended_badly = in_file.rejected.keys() | in_file.dead.keys()
                if record.ordinal not in waiting and record.ordinal not in ended_badly:
                    found = (*flags.get(record.ordinal, ()), *in_file.flagged.get(record.ordinal, ()))
                    outcome = Outcome.HELD if self._feed.is_held_for(found, self._settings.soft) else Outcome.DELIVERED
                    was, place = self._owners.get(record.identity), (record.revision, record.ordinal)
                    self._owners[record.identity] = _Earlier(record.digest, *place, outcome, was)
                    ended[record.ordinal] = outcome
            done = in_file.rejected.keys() | in_file.dead.keys() | in_file.duplicates | ended.keys()
            undecided = {ordinal: record for ordinal, record in undecided.items() if ordinal not in done}
        return in_file

    def _contend(self, undecided: dict[int, Accepted], in_file: InFile) -> list[Accepted]:
        """The first record of each identity, if it may be delivered after what was; the others have ended."""
        first: dict[str, Accepted] = {}
        for record in undecided.values():
            first.setdefault(record.identity or str(record.ordinal), record)
        return [one for identity, one in first.items() if in_file.add(one, self._owners.get(identity), self._feed)]

    async def _examine(
        self, chunk: int, ours: Sequence[Accepted], ended: dict[int, Outcome], in_file: InFile
    ) -> set[int]:
        """The ordinals that wait until others of the chunk have ended."""
        assert self._feed.examination is not None

        async def look() -> OutcomeLookup:
            async def lookup(entry: Entry) -> Outcome | None:
                return ended.get(entry.ordinal, Outcome.REJECTED) if entry.chunk == chunk else Outcome.DELIVERED

            return lookup

        mine = Ours("", chunk, 0)
        examiner = Examiner(self._histories, self._feed, self._feed.examination, self._policy, mine, math.inf)
        examined = await examiner.examine(ours, look)
        in_file.rejected |= examined.refused
        in_file.flagged |= examined.flagged
        in_file.dead |= examined.dead
        return examined.waiting
