"""The examination of records by those before them, in any file: what `Feed.examination` demands, over the histories.

    read     the history, and what became of the entries that are not sure yet
    judge    our records beside what is known
    write    the entries of those that may be sent, if the history is still as it was read; else all of it again

Entries of other chunks that are on their way count. Only, no record is rejected for an entry that may yet come
to nothing: a record that would be accepted beside the certain entries alone waits. No two chunks wait for each other by
that, as a record that waits has no entry, and a record that has one waits for nobody: it goes out next.

Records at which a function of the feed fails, by themselves or beside their history, end as dead; the others are judged
as if they were not there.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from penstock.feeds.feed import Examination, Feed, Known, Record
from penstock.identity.ours import Ours
from penstock.model.defects import defect
from penstock.model.errors import Misconfigured
from penstock.model.findings import Finding, Outcome, Severity
from penstock.model.ids import trace
from penstock.model.records import Accepted
from penstock.ports.histories import Entry, Histories, History, HistoryFull
from penstock.ports.setting_names import problem_of

TRIES = 8  #: that a history is judged and written, while others change it
AT_ONCE = 8  #: histories under way
MOST_PROBLEMS = 20  #: of a policy that are told
DAY = 86_400

type OutcomeLookup = Callable[[Entry], Awaitable[Outcome | None]]
"""What became of an entry's record; None while it is on its way."""

type Look = Callable[[], Awaitable[OutcomeLookup]]
"""Begins a look at what became of records, which sees nothing older than its beginning. LeaseLost where the chunk that
is examined is another's by then: a worker that looks after reading a history writes nothing behind the other's back."""


@dataclass(slots=True)
class Examined:
    """What came of an examination: what is known from now on of those that may be sent, by ordinal, ordinals that wait,
    and the findings of those that are refused and of those that are dead; `flagged` are those of the accepted ones,
    which do not refuse them."""

    accepted: dict[int, Known] = field(default_factory=dict[int, Known])
    waiting: set[int] = field(default_factory=set[int])
    refused: dict[int, tuple[Finding, ...]] = field(default_factory=dict[int, tuple[Finding, ...]])
    flagged: dict[int, tuple[Finding, ...]] = field(default_factory=dict[int, tuple[Finding, ...]])
    dead: dict[int, tuple[Finding, ...]] = field(default_factory=dict[int, tuple[Finding, ...]])

    def add(self, other: "Examined") -> None:
        """Takes up what came of another history. A record of several is dead if one of them cannot be examined,
        is refused if one of them refuses it, and waits if one of them lets it wait; what two of them tell alike is told
        once."""
        self.waiting |= other.waiting
        pairs = ((self.refused, other.refused), (self.flagged, other.flagged), (self.dead, other.dead))
        for mine, theirs in pairs:
            for at, found in theirs.items():
                before = mine.get(at, ())
                mine[at] = (*before, *(one for one in found if one not in before))
        self.waiting -= self.refused.keys() | self.dead.keys()
        for at in self.dead:
            self.refused.pop(at, None)
        for at in other.accepted.keys() | other.waiting | other.refused.keys() | other.dead.keys():
            if at in self.waiting or at in self.refused or at in self.dead:
                self.accepted.pop(at, None)
            elif at in other.accepted:
                self.accepted[at] = other.accepted[at]


def policy_of(feed: Feed, policy: Mapping[str, Any]) -> Any:
    """The operator's policy as the feed's examination takes it.

    Raises:
        Misconfigured: the settings have none that it could take.
    """
    if feed.examination is None:
        if policy:
            raise Misconfigured(f"the settings of the feed {feed.name} are not valid: policy: this feed takes none")
        return None
    settings = feed.examination.policy
    try:
        return _reader(settings).validate_python(policy)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        problems = "; ".join(problem_of(fault, settings, ("policy",)) for fault in faults[:MOST_PROBLEMS])
        raise Misconfigured(f"the settings of the feed {feed.name} are not valid: {problems}") from None


@cache
def _reader(policy: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(policy)


def keys_of(examination: Examination, record: Record) -> list[str]:
    """The keys of the histories that a record belongs to: 128 bits of SHA-256 over the values it goes by."""
    by = examination.by
    values = examination.keys(record) if examination.keys else ["\x1f".join(str(record.get(name)) for name in by)]
    return list(map(_digest, values))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def parts_of(examination: Examination, record: Record, known: Mapping[str, Any], policy: Any) -> dict[str, Record]:
    """The parts of a record by the keys of the further histories that they belong to (`Examination.also`)."""
    if examination.also is None:
        return {}
    return {_digest(f"also\x1f{text}"): part for text, part in examination.also(record, known, policy).items()}


type _Records = Mapping[int, Record]
"""Records of one history, by their ordinals."""


def by_history(
    feed: Feed, examination: Examination, file_id: str, records: Iterable[Accepted]
) -> tuple[dict[str, dict[int, Record]], dict[int, tuple[Finding, ...]]]:
    """Records as the model has them, by their histories' keys and their ordinal, with their trace, if they have one
    when they are delivered; and the findings of those for which that cannot be told, as a function of the feed
    fails."""
    histories, dead = dict[str, dict[int, Record]](), dict[int, tuple[Finding, ...]]()
    for one in records:
        try:
            record = feed.one.validate_json(one.payload)
            if feed.trace:
                record[feed.trace] = trace(file_id, one.ordinal)
            keys = keys_of(examination, record)
            if examination.read:
                record = examination.read(record)
        except Exception as error:
            dead[one.ordinal] = (defect(feed.name, error),)
        else:
            for key in keys:
                histories.setdefault(key, {})[one.ordinal] = record
    return histories, dead


class Examiner:
    """Examines records of one chunk."""

    def __init__(
        self, histories: Histories, feed: Feed, examination: Examination, policy: Any, ours: Ours, now: float
    ) -> None:
        self._histories, self._feed, self._examination, self._policy = histories, feed, examination, policy
        self._ours, self._until = ours, now + examination.days * DAY

    async def examine(self, records: Iterable[Accepted], look: Look) -> Examined:
        """Examines records, and writes the entries of those that may be sent.

        Raises:
            LeaseLost: another dispatcher has the chunk.
        """
        by_key, dead = by_history(self._feed, self._examination, self._ours.file_id, records)
        seen, examined = await self._histories.read(self._feed.name, list(by_key)), Examined(dead=dead)
        parts = self._parts(by_key, seen, dead)
        if parts:
            by_key, seen = by_key | parts, seen | await self._histories.read(self._feed.name, list(parts))
        lookup, turns = await look(), asyncio.Semaphore(AT_ONCE)

        async def one(key: str, records: _Records) -> Examined:
            async with turns:
                return await self._examine_one(key, records, seen[key], lookup, look)

        try:
            async with asyncio.TaskGroup() as tasks:
                under_way = [tasks.create_task(one(key, records)) for key, records in by_key.items()]
        except ExceptionGroup as faults:
            raise faults.exceptions[0] from None
        for task in under_way:
            examined.add(task.result())
        return examined

    def _parts(
        self, by_key: Mapping[str, _Records], seen: Mapping[str, History], dead: dict[int, tuple[Finding, ...]]
    ) -> dict[str, dict[int, Record]]:
        """The further histories' keys with the parts of records that belong to them. A record at which the feed fails
        is dead."""
        histories = dict[str, dict[int, Record]]()
        for key, records in by_key.items() if self._examination.also else ():
            known = {entry.id: entry.kept for entry in seen[key].entries}
            for ordinal, record in records.items():
                try:
                    parts = parts_of(self._examination, record, known, self._policy)
                except Exception as error:
                    dead[ordinal] = (defect(self._feed.name, error),)
                else:
                    for other, part in parts.items():
                        histories.setdefault(other, {})[ordinal] = part
        return histories

    async def _examine_one(
        self, key: str, records: _Records, seen: History, lookup: OutcomeLookup, look: Look
    ) -> Examined:
        """All of one history. A chunk that loses the race too often comes again later."""
        for _ in range(TRIES):
            standing, on_their_way, held = await self._standing(seen, lookup, records)
            examined, entries = self._decide(records, standing, on_their_way, held)
            entries = _before_held(entries, held, {known.id for known in examined.accepted.values()})
            if not examined.accepted and not self._has_void(seen, standing):
                return examined
            try:
                if await self._histories.write(self._feed.name, key, seen, entries, self._until):
                    return examined
            except HistoryFull:
                full = (self._feed.history_full(),)
                refused = examined.refused | dict.fromkeys(examined.accepted, full)
                return Examined(refused=refused, dead=examined.dead)
            seen = (await self._histories.read(self._feed.name, [key]))[key]
            lookup = await look()
        return Examined(waiting=set(records))

    # -- what is known

    def _ids_of(self, records: _Records) -> set[str]:
        """The ids that our records have in their history. A record that has none will be found dead."""
        ids = set[str]()
        for record in records.values():
            with suppress(Exception):
                ids.add(self._examination.to_history(record).id)
        return ids

    async def _standing(
        self, seen: History, lookup: OutcomeLookup, records: _Records
    ) -> tuple[dict[str, Entry], set[str], dict[str, Entry]]:
        """The entries that are in force by their ids, the ids of those on their way, and those that are passed over: a
        correction that is held bars nothing, so that ours is judged beside what that was to correct (as
        `decision.passes_over` has it)."""
        standing, on_their_way, held = dict[str, Entry](), set[str](), dict[str, Entry]()
        ids_of_ours = cache(lambda: self._ids_of(records))  # to have them takes time, and next to no entry is held
        for entry in seen.entries:
            in_force, outcome = await self._in_force(entry, lookup)
            while in_force and outcome is Outcome.HELD and in_force.id in ids_of_ours():
                held.setdefault(in_force.id, in_force)
                in_force, outcome = await self._in_force(in_force.was, lookup) if in_force.was else (None, None)
            if in_force:
                standing[in_force.id] = in_force
                if outcome is None:
                    on_their_way.add(in_force.id)
        return standing, on_their_way, held

    async def _in_force(self, entry: Entry, lookup: OutcomeLookup) -> tuple[Entry | None, Outcome | None]:
        """An entry, or what it replaced if it is void; and what became of its record."""
        outcome = Outcome.DELIVERED if entry.sure else await lookup(entry)
        if outcome is Outcome.DELIVERED:
            return replace(entry, sure=True, was=None), outcome
        if outcome in _COUNT:
            return entry, outcome
        return await self._in_force(entry.was, lookup) if entry.was else (None, outcome)

    def _has_void(self, seen: History, standing: Mapping[str, Entry]) -> bool:
        """Whether an attempt of ours that broke has left entries behind."""
        file_id, chunk = self._ours.file_id, self._ours.chunk
        return any(
            entry.is_of(file_id, chunk) and (entry.id not in standing or standing[entry.id].ordinal != entry.ordinal)
            for entry in seen.entries
        )

    # -- what ours are worth beside it

    def _decide(
        self, records: _Records, standing: Mapping[str, Entry], on_their_way: set[str], held: Mapping[str, Entry]
    ) -> tuple[Examined, list[Entry]]:
        """What records are worth, and the history with those in it that may be sent; without those that the feed fails
        at. Where it fails at what is known, it fails at all of them."""
        try:
            return self._decide_at_once(records, standing, on_their_way, held)
        except Exception as error:
            fault = defect(self._feed.name, error)
        dead = self._failing(records, standing, on_their_way, held) or dict.fromkeys(records, (fault,))
        others = {ordinal: record for ordinal, record in records.items() if ordinal not in dead}
        try:
            examined, entries = (
                self._decide_at_once(others, standing, on_their_way, held) if others else (Examined(), None)
            )
        except Exception as error:
            examined, entries = Examined(dead=dict.fromkeys(others, (defect(self._feed.name, error),))), None
        examined.dead |= dead
        return examined, list(standing.values()) if entries is None else entries

    def _failing(
        self, records: _Records, standing: Mapping[str, Entry], on_their_way: set[str], held: Mapping[str, Entry]
    ) -> dict[int, tuple[Finding, ...]]:
        """Those that the feed fails at one by one, looked for by halves."""
        try:
            self._decide_at_once(records, standing, on_their_way, held)
            return {}
        except Exception as error:
            fault = defect(self._feed.name, error)
        if len(records) == 1:
            return dict.fromkeys(records, (fault,))
        ordinals = sorted(records)
        halves = ordinals[: len(ordinals) // 2], ordinals[len(ordinals) // 2 :]
        return {
            at: found
            for half in halves
            for at, found in self._failing({at: records[at] for at in half}, standing, on_their_way, held).items()
        }

    def _decide_at_once(
        self, records: _Records, standing: Mapping[str, Entry], on_their_way: set[str], held: Mapping[str, Entry]
    ) -> tuple[Examined, list[Entry]]:
        """As `_decide`; whatever the feed raises goes through."""
        examined = self._judge(records, standing, on_their_way, held)
        if len(examined.waiting) == len(records) and not on_their_way:
            # They stand in each other's way only: one goes first, before others one in the place of what is held.
            first = min(records, key=lambda at: (not self._ids_of({at: records[at]}) & held.keys(), at))
            examined = self._judge({first: records[first]}, standing, on_their_way, held)
            examined.waiting |= records.keys() - {first}
        return examined, self._entries(examined.accepted, standing)

    def _judge(
        self, records: _Records, standing: Mapping[str, Entry], on_their_way: set[str], held: Mapping[str, Entry]
    ) -> Examined:
        if any(standing[one].was for one in on_their_way):
            # If it comes to nothing, what it corrects is back; nobody can be judged by both.
            return Examined(waiting=set(records))
        found = self._found_in(records, standing.values())
        fits = {at: self._examination.to_history(one) for at, one in records.items() if not _refuses(found[at])}
        certain = [entry for entry in standing.values() if entry.id not in on_their_way]
        waiting = self._only_beside_others(records, fits, standing, certain, held)
        accepted = {ordinal: known for ordinal, known in fits.items() if ordinal not in waiting}
        flagged = {ordinal: tuple(found[ordinal]) for ordinal in accepted if found[ordinal]}
        examined = Examined(accepted, waiting, flagged=flagged)
        for ordinal in sorted(records.keys() - fits.keys()):
            said = tuple(found[ordinal])
            if len(records) > 1 or on_their_way:
                said = tuple(self._found_in({ordinal: records[ordinal]}, certain)[ordinal])
            if _refuses(said):
                examined.refused[ordinal] = said
            else:
                examined.waiting.add(ordinal)
        return examined

    def _only_beside_others(
        self,
        records: _Records,
        fits: Mapping[int, Known],
        standing: Mapping[str, Entry],
        certain: Sequence[Entry],
        held: Mapping[str, Entry],
    ) -> set[int]:
        """Of the records that fit, those that would not if the entries on their way came to nothing, or our corrections
        beside them, so that what is held, or was corrected, stands again: they go after those."""
        fitting = {ordinal: records[ordinal] for ordinal in fits}
        found = list(self._found_in(fitting, certain).items()) if fits and len(certain) < len(standing) else []
        before = {**standing, **held}
        new = {ordinal: records[ordinal] for ordinal, known in fits.items() if known.id not in before}
        if new and (held or len(new) < len(fits)):
            found += self._found_in(new, before.values()).items()
        return {ordinal for ordinal, said in found if _refuses(said)}

    def _found_in(self, records: _Records, entries: Iterable[Entry]) -> dict[int, list[Finding]]:
        known = [Known(entry.id, entry.kept) for entry in entries]
        found = self._examination.examine(list(records.values()), known, self._policy)
        return dict(zip(records, found, strict=True))

    # -- what is known from now on

    def _entries(self, accepted: Mapping[int, Known], standing: Mapping[str, Entry]) -> list[Entry]:
        """What stands, and the entries of the accepted, without what is too old."""
        entries, ours = dict(standing), self._ours
        for ordinal, known in accepted.items():
            if known.kept is not None:
                place = ours.file_id, ours.chunk, ordinal, ours.fence
                entries[known.id] = Entry(known.id, known.kept, *place, was=entries.get(known.id))
        young = self._examination.prune([Known(entry.id, entry.kept) for entry in entries.values()])
        return [entries[known.id] for known in young]


def _before_held(entries: Iterable[Entry], held: Mapping[str, Entry], accepted: set[str]) -> list[Entry]:
    """The entries to write: what was passed over is back in its place, behind the one that was accepted there, if that
    comes to nothing."""
    places = {entry.id: entry for entry in entries}
    for at, before in held.items():
        places[at] = replace(places[at], was=before) if at in accepted and at in places else before
    return list(places.values())


_COUNT = (None, Outcome.UNKNOWN, Outcome.HELD)
"""With these outcomes a record's entry counts without being sure; with any other it was not delivered, and its entry is
void."""


def _refuses(found: Iterable[Finding]) -> bool:
    return any(finding.severity is Severity.HARD for finding in found)


async def take_back(histories: Histories, feed: Feed, ours: Ours, records: Iterable[Accepted], now: float) -> None:
    """Takes back the entries of records that will not be delivered, unless others change their histories all the time:
    an entry that stays is void to whoever reads it."""
    examination = feed.examination
    if examination is None:
        return
    # A record whose history cannot be named has no entry in one.
    by_key, _ = by_history(feed, examination, ours.file_id, records)
    for of_one in list(by_key.values()):
        for ordinal, record in of_one.items():
            try:
                parts = parts_of(examination, record, {}, None)
            except Exception as error:
                defect(feed.name, error)  # raises what is none: an entry of a record that we fail at may stay
                continue
            for key, part in parts.items():
                by_key.setdefault(key, {})[ordinal] = part
    for _ in range(TRIES):
        for key, seen in (await histories.read(feed.name, list(by_key))).items():
            entries = [_without(entry, ours, by_key[key]) for entry in seen.entries]
            left = [entry for entry in entries if entry]
            until = now + examination.days * DAY
            if entries == list(seen.entries) or await histories.write(feed.name, key, seen, left, until):
                del by_key[key]
        if not by_key:
            return


def _without(entry: Entry, ours: Ours, ordinals: _Records) -> Entry | None:
    """An entry, or what it replaced if its record is one of these. That of a sure one never is."""
    is_ours = entry.is_of(ours.file_id, ours.chunk) and entry.ordinal in ordinals and entry.fence <= ours.fence
    return entry.was if is_ours and not entry.sure else entry
