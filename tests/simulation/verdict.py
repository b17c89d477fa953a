"""The invariants, checked after a run against the destination's own books."""

import csv
import io
import json
import math
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass

from penstock.account.completion import BROKEN_OFF
from penstock.deliver.rate_limiter import LATE
from penstock.model import ids
from penstock.model.findings import Outcome, account, balances
from penstock.model.messages import SourceFile
from penstock.model.rows import BatchState, ChunkRow, FileState
from penstock.outputs.accepted import load_accepted
from penstock.outputs.judged import part_of
from penstock.outputs.outcomes import OutcomeLine, codes_of, outcome_lines_of
from penstock.ports.destination import DestinationSettings
from penstock.ports.histories import Entry
from tests.simulation.api import OF_A_LANE, Departure
from tests.simulation.chaos import Kind
from tests.simulation.releases import FLAGGED, RULED_OUT, SPACED, Release, is_raised_at, is_ruled_out
from tests.simulation.senders import Item
from tests.simulation.world import World

INTERNAL_ERROR = "traffic.internal_error"

type At = tuple[str, int]
"""A record: its file, and its ordinal in it."""


@dataclass(frozen=True, slots=True)
class Told:
    """What Penstock says became of a record."""

    at: At
    item: Item
    chunk: int
    outcome: Outcome
    of: str | None = None
    code: str = ""
    identity: str = ""
    digest: str = ""


async def problems_of(world: World) -> list[str]:
    """Everything that is not as it must be; nothing, if the run was sound."""
    problems = [*world.problems, *world.ledger.broken, *world.store.broken, *world.tabulated.broken]
    problems += [*world.notarised.broken, *await world.notarised.missing()]
    problems += [f"the key {key} was used for two payloads" for key in world.api.books.misused]
    problems += [f"a call went to “{url}”, by settings that are wrong" for url in world.api.books.astray]
    if world.problems:
        problems += [line async for line in _stuck(world)]
        return problems
    told: dict[At, Told] = {}
    problems += await told_of(world, told)
    problems += _once(world, told)
    problems += _justified(world, told)
    problems += _released(world, told)
    problems += _claims(world, told)
    problems += _histories(world, told)
    problems += [line async for line in _doubts(world)]
    if not world.chaos.struck and any(stage.queue.dead_in_all for stage in world.stages):
        problems.append("a message was given up, and nothing ever went wrong")
    problems += _calls(world)
    problems += _rate(world)
    return problems


async def told_of(world: World, told: dict[At, Told]) -> list[str]:
    """What Penstock says became of every record is added to `told`; what of it does not agree with the rest."""
    return [line for file, drop in world.dropped async for line in _file(world, file, drop.items, told)]


async def _stuck(world: World) -> AsyncIterator[str]:
    for file, drop in world.dropped:
        row = await world.memory.file(file.file_id)
        if not await world.has_ended(file.file_id):
            chunks = [f"{one.span.chunk} {one.state}" for one in await world.memory.chunks(file.file_id)]
            yield f"file {file.file_id} ({drop.key}) is {row.state if row else 'unheard of'}: {', '.join(chunks)}"


async def _file(world: World, file: SourceFile, items: tuple[Item, ...], told: dict[At, Told]) -> AsyncIterator[str]:
    """Balance, and that the ledger, the outcomes and the reports of one file say the same."""
    row, name = await world.memory.file(file.file_id), f"file {file.file_id}"
    if not await world.has_ended(file.file_id):
        yield f"{name} never settled"
        return
    if row is None or row.state is FileState.REFUSED:
        return  # nobody ever heard of it, or its original was gone before anybody had read it
    if file.file_id in world.life.deleted and BROKEN_OFF in row.noted.counts:
        items = items[: row.received]
    if row.received != len(items):
        yield f"{name} has {len(items)} records, and {row.received} were received"
    if not balances(row.received, row.counted):
        yield f"{name} does not balance: {row.received} received, {_short(row.counted)}"
    whole = account()
    for chunk in await world.memory.chunks(file.file_id):
        ordinals = range(chunk.span.first_record, chunk.span.first_record + chunk.span.records)
        accepted, outcome_lines = accepted_of(world, chunk), await outcome_lines_of(world.store, chunk)
        mine = {
            at: _told(file, chunk.span.chunk, at, items[at], accepted.get(at), outcome_lines.get(at)) for at in ordinals
        }
        counted = account((one.outcome, 1) for one in mine.values())
        if counted != chunk.counted:
            yield f"chunk {chunk.chunk_id} counts {_short(chunk.counted)}, and its outcomes say {_short(counted)}"
        whole = account([*whole.items(), *counted.items()])
        told |= {one.at: one for one in mine.values()}
    if whole != row.counted:
        yield f"{name} counts {_short(row.counted)}, and its chunks' outcomes say {_short(whole)}"
    records = {"received": row.received} | {str(outcome): row.counted[outcome] for outcome in Outcome}
    told_of = [
        detail for kind, detail in world.events.published if kind == "FileSettled" and detail["file_id"] == file.file_id
    ]
    last = max(told_of, key=lambda detail: detail["account_version"], default={})
    summary = json.loads(world.store.work.get(ids.report_key(file.file_id, "summary.json"), b"{}"))
    if any(one.get("records") != records for one in (last, summary)) or not all(one["balanced"] for one in told_of):
        yield f"{name} is reported otherwise than the ledger has it"
    rejects = world.store.work.get(ids.report_key(file.file_id, "rejects.csv"), b"").decode()
    returned = sorted(int(line["penstock_ordinal"]) for line in csv.DictReader(io.StringIO(rejects, newline="")))
    rejected = sorted(at for (of, at), one in told.items() if of == file.file_id and one.outcome is Outcome.REJECTED)
    if returned != rejected:
        yield f"{name}: rejects.csv has the records {returned}, and {rejected} were rejected"
    flagged = sum(item.fault == "flagged" for item in items)
    # Of a record that nothing could judge to its end, nobody knows.
    judged = file.file_id not in world.life.deleted and Kind.RAISING not in world.chaos.counted()
    if judged and row.findings.get(FLAGGED.code, 0) != flagged:
        yield f"{name} has {flagged} flagged records, and {row.findings.get(FLAGGED.code, 0)} are counted"


def _told(
    file: SourceFile,
    chunk: int,
    ordinal: int,
    item: Item,
    accepted: tuple[str, str] | None,
    outcome_line: OutcomeLine | None,
) -> Told:
    """What the work bucket says of a record."""
    at, outcome_line = (file.file_id, ordinal), outcome_line or {"outcome": "delivered"}
    code = next(iter(codes_of(outcome_line)), "")
    identity, digest = accepted or ("", "")
    return Told(at, item, chunk, Outcome(outcome_line["outcome"]), outcome_line.get("of"), code, identity, digest)


def accepted_of(world: World, chunk: ChunkRow) -> dict[int, tuple[str, str]]:
    """A chunk's accepted records with their identities and digests, in whichever round they were."""
    accepted: dict[int, tuple[str, str]] = {}
    for number in range(chunk.generation + 1):
        body = world.store.work.get(ids.work_key(chunk.file_id, chunk.span.chunk, "accepted", number), b"")
        accepted |= {one.ordinal: (one.identity, one.digest) for one in load_accepted(part_of(body, "accepted") or b"")}
    return accepted


def _once(world: World, told: dict[At, Told]) -> Iterator[str]:
    """Nothing twice: no revision of an identity was applied more than once, whoever brought it."""
    numbers = {one.item.label: (one.item.number, one.item.revision) for one in told.values()}
    for placement, times in Counter(numbers.get(label) for _, label in world.api.books.applied).items():
        if placement is None:
            yield "something was applied that nobody sent"
        elif times > 1:
            yield f"placement {placement[0]}, revision {placement[1]} was applied {times} times"


def _justified(world: World, told: dict[At, Told]) -> Iterator[str]:
    """Every outcome has its reason in the destination's books, or in another record's outcome."""
    applied = {(key.rsplit("-", 2)[0], label) for key, label in world.api.books.applied}
    refused = {(key.rsplit("-", 2)[0], label) for key, label in world.api.books.refused}
    # Twins of one file share a label: only one of them can be the one that went out.
    going = Counter((one.at[0], one.item.label) for one in told.values() if one.outcome is Outcome.DELIVERED)
    for (file_id, label), count in going.items():
        if count > 1 or (file_id, label) not in applied:
            yield f"{label} of {file_id} is called delivered {count} times, and was not applied so"
    ended = {(one.at[0], one.item.label): set[Outcome]() for one in told.values()}
    for one in told.values():
        ended[one.at[0], one.item.label].add(one.outcome)
    for sent in sorted(applied):
        if not ended.get(sent, set()) & {Outcome.DELIVERED, Outcome.UNKNOWN}:
            yield f"{sent[1]} of {sent[0]} was applied, and is called {', '.join(sorted(ended.get(sent, ())))}"
    for one in told.values():
        yield from _reason(world, one, told, refused)


def _released(world: World, told: dict[At, Told]) -> Iterator[str]:
    """What a scheduler should see first was sent only once he had released it."""
    if world.life.soft != {"hold"}:
        return
    released: dict[tuple[str, str], float] = {}
    for at, when in world.released.items():
        place = at[0], told[at].item.label
        released[place] = min(when, released.get(place, when))
    flagged = {(one.at[0], one.item.label) for one in told.values() if one.item.fault == "flagged"}
    for (key, label), when in world.api.books.applied_at.items():
        place = key.rsplit("-", 2)[0], label
        if place in flagged and when < released.get(place, math.inf):
            yield f"{label} of {place[0]} was applied before anybody had released it"


def _reason(world: World, one: Told, told: dict[At, Told], refused: set[tuple[str, str]]) -> Iterator[str]:
    name, is_gone = f"{one.item.label} ({one.at[0]}:{one.at[1]})", one.at[0] in world.life.deleted
    if one.outcome is Outcome.DEAD and not is_gone and not _may_have_raised(world, one):
        yield f"{name} is {one.outcome}, by {one.code}"
    if one.outcome is Outcome.HELD and (one.item.fault != "flagged" or "hold" not in world.life.soft):
        yield f"{name} is held for nothing"
    if one.outcome is Outcome.HELD and world.all_decided:
        yield f"{name} is held, and everything was decided"
    if one.code.startswith("schema.") != (one.item.fault == "validator") and not is_gone:
        yield f"{name} was judged wrongly"
    if one.code == RULED_OUT.code and not (
        is_ruled_out(one.item.label) and _had(world, lambda release: release.strict)
    ):
        yield f"{name} is called refused by a rule that takes it"
    if one.code == "destination.rejected" and (one.at[0], one.item.label) not in refused:
        yield f"{name} is called refused by the destination, which never did"
    if one.of is None:
        if one.outcome is Outcome.DUPLICATE:
            yield f"{name} is a duplicate of nothing"
        return
    file_id, ordinal = one.of.split(":")
    other = told.get((file_id, int(ordinal)))
    # What was unknown when it was looked at may have been found out since; the same content is still the same.
    known_then = other is not None and (other.at[0], other.chunk) in world.ledger.once_open
    if other is None or (other.outcome not in _IN_FORCE and not known_then):
        yield f"{name} is {one.outcome} for {one.of}, which is {other.outcome if other else 'unheard of'}"
    elif world.dropped_at[one.at[0]] > world.refused_at.get(other.at, math.inf) and other.outcome is Outcome.REJECTED:
        yield f"{name} is {one.outcome} for {one.of}, which had been refused before it came"
    elif other.item.label == one.item.label and one.outcome is not Outcome.DUPLICATE:
        # What another release has serialised has another digest: that is told as a conflict, and nobody sends it.
        if not _had(world, lambda release: release.serialised == SPACED):
            yield f"{name} is called {one.outcome} of the same record"
    elif other.item.label != one.item.label and one.outcome is Outcome.DUPLICATE:
        yield f"{name} is called {one.outcome} of {other.item.label}"


def _may_have_raised(world: World, one: Told) -> bool:
    """Whether a record may be dead because a rule raised at it, and nobody has replayed it since that was mended."""
    raised = is_raised_at(one.item.label) and _had(world, lambda release: release.raising)
    return raised and one.code == INTERNAL_ERROR and one.at not in world.replayed


def _had(world: World, is_so: Callable[[Release], bool]) -> bool:
    """Whether any release was like this."""
    return any(map(is_so, world.deployed.so_far))


_IN_FORCE = (Outcome.DELIVERED, Outcome.UNKNOWN, Outcome.HELD)


def _claims(world: World, told: dict[At, Told]) -> Iterator[str]:
    """A claim belongs to who was delivered, may have been, or is held. Nobody else keeps one, but for a void claim that
    the next to want it takes over: a worker whose lease had passed may have left it behind, or a correction has handed
    it back to who had come to nothing meanwhile."""
    littered = Kind.OUTLIVED in world.chaos.counted()
    revisions: dict[str, int] = {}
    for one in told.values():
        revisions[one.identity] = max(one.item.revision, revisions.get(one.identity, 0))

    def is_litter(one: Told) -> bool:
        return one.outcome not in _IN_FORCE and (littered or one.item.revision < revisions[one.identity])

    for (_, _), owner in world.claims.held.items():
        one = told.get((owner.file_id, owner.ordinal))
        if one is None or (one.outcome not in _IN_FORCE and not is_litter(one)):
            yield f"{owner.trace} keeps its claim, and is {one.outcome if one else 'unheard of'}"
    for identity, latest in _latest(told).items():
        owner = world.claims.held.get(("traffic", identity))
        # A void correction in front of it is litter, too: what it was to correct is in force.
        while owner and owner.was and is_litter(told[owner.file_id, owner.ordinal]):
            owner = owner.was
        if owner is None or owner.trace not in [ids.trace(*one.at) for one in latest]:
            holder, one = owner.trace if owner else "nobody", latest[0]
            yield f"{one.at[0]}:{one.at[1]} is {one.outcome}, and {holder} holds its claim"


def _latest(told: dict[At, Told]) -> dict[str, list[Told]]:
    """By identity the latest revision of those in force; where that is held, the others, too: what a correction is to
    correct may have come behind it, as long as that is held, and be held itself."""
    in_force: dict[str, list[Told]] = {}
    for one in told.values():
        if one.outcome in _IN_FORCE:
            in_force.setdefault(one.identity, []).append(one)
    latest: dict[str, list[Told]] = {}
    for identity, found in in_force.items():
        settled = [one for one in found if one.outcome is not Outcome.HELD]
        last = max(found, key=lambda one: one.item.revision)
        waiting = [one for one in found if one.outcome is Outcome.HELD] if last.outcome is Outcome.HELD else []
        latest[identity] = [last, *waiting]
        if settled:
            latest[identity].append(max(settled, key=lambda one: one.item.revision))
    return latest


def _histories(world: World, told: dict[At, Told]) -> Iterator[str]:
    """What is known of an identity is the record that was delivered last, or may have been, or is held; what is void
    counts as what it replaced."""
    if world.plan.seed % 3:
        return
    known: dict[str, At] = {}
    for history in world.histories.all().values():
        for entry in history.entries:
            in_force: Entry | None = entry
            while in_force and told[in_force.file_id, in_force.ordinal].outcome not in _IN_FORCE:
                in_force = in_force.was
            if in_force:
                at = in_force.file_id, in_force.ordinal
                known[told[at].identity] = at
    latest = {identity: [one.at for one in found] for identity, found in _latest(told).items()}
    for identity in known.keys() | latest.keys():
        ats = latest.get(identity, [None])
        if known.get(identity) not in ats:
            yield f"{ats[0]} was the last that was delivered of its identity, and {known.get(identity)} is known"


_CHANGES_A_BATCH = {
    Kind.RESERIALISED,
    Kind.MOVED,
    Kind.RULED,
    Kind.RAISING,
    Kind.DELETED,
    Kind.REVERSIONED,
    Kind.REROWED,
}


async def _doubts(world: World) -> AsyncIterator[str]:
    """With keys, a doubt remains only once the key may be forgotten, or where the second answer was a refusal; nothing
    is in doubt where nothing went wrong."""
    settings = world.settings
    # What cannot be sent again as it was, to where it was, stays in doubt at once.
    doubtful = world.chaos.counted().keys() & _CHANGES_A_BATCH
    refused = {key for key, _ in world.api.books.refused}
    for (file_id, chunk, number), when in world.ledger.doubted.items():
        name = f"batch {number} of {ids.chunk_id(file_id, chunk)}"
        batch = next(one for one in await world.memory.batches(file_id, chunk) if one.number == number)
        if not world.chaos.struck:
            yield f"{name} is unknown, and nothing ever went wrong"
        if "when asked again" in batch.reason and ids.batch_id(file_id, chunk, number) in refused:
            continue
        if batch.state is BatchState.UNKNOWN and settings.honours_idempotency_key and not doubtful:
            kept_until = (batch.first_sent_at or 0.0) + settings.key_retention_hours * 3600
            # Refused when it is asked again, it would be refused a third time; whether it was applied is not said.
            asked_in_vain = Kind.REFUSED in world.chaos.counted() and "when asked again" in batch.reason
            if when + 2 * world.dispatching.seconds < kept_until and not asked_in_vain:
                yield f"{name} is unknown while its key is still good"


def _calls(world: World) -> Iterator[str]:
    """Without keys, no call follows one that may have done something."""
    if world.settings.honours_idempotency_key:
        return
    by_key: defaultdict[str, list[bool]] = defaultdict(list)
    for call in world.api.books.calls:
        if not all(by_key[call.key]):
            yield f"{call.key} was called again after a call that may have done something"
        by_key[call.key].append(call.harmless)


def _rate(world: World) -> Iterator[str]:
    """Never more than limit + burst in any window, as calls set out; a burst of records cannot be smaller than a batch.
    A destination that allows no burst bears with calls that are a moment late."""
    settings = world.settings
    of_records = settings.rate_unit == "records"
    largest = max(6 if Kind.EDITED in world.chaos.counted() else 0, settings.batch_records) if of_records else 1
    burst = max(settings.burst, largest)
    patience = max(0.0, LATE - (burst - largest) / settings.rate_per_second)
    most = fullest_bucket(world)
    if most > burst + patience * settings.rate_per_second + 1e-3:
        yield f"a window held {most - burst:.1f} more than its rate and a burst of {burst}"


def fullest_bucket(world: World) -> float:
    """What a bucket holds at most that runs out at the rate: the most that any window has beyond its share. A lane's
    own destination has its own."""
    of_a_lane = [one for one in world.api.books.departures if one.url == OF_A_LANE]
    others = [one for one in world.api.books.departures if one.url != OF_A_LANE]
    return max(_fullest(world.settings, of_a_lane), _fullest(world.settings, others))


def _fullest(settings: DestinationSettings, departures: Sequence[Departure]) -> float:
    bucket, last, most = 0.0, 0.0, 0.0
    for at, records, _ in departures:
        held = max(0.0, bucket - (at - last) * settings.rate_per_second)
        bucket = held + (records if settings.rate_unit == "records" else 1)
        last, most = at, max(most, bucket)
    return most


def _short(counted: dict[Outcome, int]) -> str:
    return ", ".join(f"{number} {outcome}" for outcome, number in counted.items() if number) or "nothing"
