"""The third stage: every accepted record of a chunk reaches its destination once, and the chunk is settled.

One message is one chunk. What was decided about it lies in the ledger, so a chunk that comes again carries on:

    resume   batches that were begun: sent again under their keys, or `unknown` where that could do it twice
    decide   identities claimed → a record that another holds is a duplicate, a conflict, or has to wait
             (`identity.contention`)
             ours examined beside what is known of earlier files, where the feed demands it (`identity.examination`)
             what is ours is composed into batches, fixed in the ledger, and sent (`deliver.sender`); again, while that
             decides anything
             what is flagged is fixed too, and held, where that is the policy (`account.held_batches`)
    settle   every record has its end: outcomes and rejects written, chunk and file counters in one transaction

A chunk that cannot go on now, because another has its records, the destination's time is booked, or its circuit is
open, comes back by a delayed message of its own: no receive is counted, so no wait ever ends in a DLQ. What waits for
another's records delivers its own first, so two files that overlap never wait for each other.
"""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from penstock.account.completion import complete_file
from penstock.account.finalising import ChunkEnd, end_chunk
from penstock.account.held_batches import take_up
from penstock.deliver.circuit import Breaker, CircuitPorts
from penstock.deliver.lanes import ensure_open_way, place_at
from penstock.deliver.lease import ChunkLease
from penstock.deliver.rate_limiter import RateLimiter
from penstock.deliver.sender import BatchSender
from penstock.feeds import feed_named
from penstock.feeds.feed import Examination
from penstock.feeds.lanes import lane_of
from penstock.identity.contention import Contention, IdentityResolver
from penstock.identity.examination import Examiner, OutcomeLookup, policy_of
from penstock.identity.lookup import Progress
from penstock.io.failing import tell_if_failing
from penstock.io.same_cut import ensure_same_cut
from penstock.io.sending import LONGEST_DELAY, outgoing, send_all
from penstock.io.targets import Target, target_of
from penstock.model.errors import Busy, LeaseLost, NotNow, Transient
from penstock.model.findings import Account, Finding, Outcome
from penstock.model.messages import DispatchMessage
from penstock.model.records import Accepted
from penstock.model.rows import BatchState, ChunkState
from penstock.model.stage_result import StageResult
from penstock.outputs.accepted import load_accepted
from penstock.outputs.examination_findings import Found
from penstock.outputs.exception_report import announce
from penstock.outputs.findings import flags_of, joined
from penstock.outputs.handover import dispatch_message_of
from penstock.outputs.outcomes import RecordEnd
from penstock.outputs.work import read_work
from penstock.ports.claims import Claims
from penstock.ports.clock import Clock
from penstock.ports.destination import Destination, DestinationSettings
from penstock.ports.event_bus import EventBus
from penstock.ports.histories import Histories
from penstock.ports.ledger import Ledger
from penstock.ports.mappings import Mappings
from penstock.ports.object_store import ObjectStore
from penstock.ports.queue import Queue
from penstock.ports.throttle import Throttle

FIRST_WAIT = 5  #: seconds a chunk stays away at first, if nothing says how long; doubled each time
LONGEST_WAIT = 300
ON_THEIR_WAY = "it waits for records that are on their way"
UNCONFIGURED = 60.0  #: seconds after which the settings of a destination are asked for again


@dataclass(frozen=True, slots=True)
class DispatcherPorts:
    """What the dispatcher needs of the world."""

    store: ObjectStore
    ledger: Ledger
    claims: Claims
    histories: Histories
    throttle: Throttle
    mappings: Mappings
    dispatches: Mapping[str, Queue]
    destination: Destination
    events: EventBus
    clock: Clock
    rng: random.Random
    lane_places: int = 4  #: chunks of one lane that are delivered at once

    @property
    def circuit(self) -> CircuitPorts:
        """Those that the circuit needs."""
        return CircuitPorts(self.throttle, self.mappings, self.store, self.events, self.clock)


async def dispatch(
    ports: DispatcherPorts, message: DispatchMessage, deadline: float, *, probing: bool = False
) -> StageResult:
    """Delivers one chunk; `deadline` is when the invocation ends, in seconds since the epoch. If `probing`, it is let
    through an open circuit, call by call until the first has shown whether the destination is back.

    Raises:
        Busy: another dispatcher is at this chunk.
        OtherCut: the file was cut otherwise than the message has it.
        Transient: some batches must be tried again; the others are not sent again.
    """
    now = ports.clock.now()
    file = message.chunk.file
    await ensure_same_cut(ports.ledger, message.chunk, now)
    lease = await ports.ledger.claim_dispatch(message, now, deadline - now)
    if lease.fence is None:
        if lease.busy_for:
            raise Busy("another dispatcher holds the chunk", after=lease.busy_for)
        counts = await complete_file(ports, file.file_id)
        return StageResult("seen before", file.feed, message.chunk.chunk_id, counts)
    held = ChunkLease(ports.ledger, lease.row, lease.fence)
    try:
        async with place_at(ports.throttle, ports.clock, lane_of(file), ports.lane_places, deadline):
            delivery = await _delivery(ports, message, held, deadline, probing=probing)
            return await delivery.run()
    except NotNow as reason:
        wait = await come_back_later(ports, message, reason.after)
        setback = held.a_try(ports.clock.now()).put_off(str(reason), wait, reason.batches)
        await held.release(setback)
        await tell_if_failing(ports.events, file, lease.row.setback, setback, lease.row.span.chunk)
        counts = {"ChunksPutOff": 1.0, "FailingOften": float(setback.is_frequent and bool(reason.batches))}
        return StageResult(f"put off: {reason}", file.feed, message.chunk.chunk_id, counts)
    except LeaseLost:
        raise  # there is nothing to give back, and what is said of the chunk is another's business
    except Exception as error:
        setback = held.a_try(ports.clock.now()).failed(error, ports.rng)
        await held.release(setback)
        await tell_if_failing(ports.events, file, lease.row.setback, setback, lease.row.span.chunk)
        raise


async def _delivery(
    ports: DispatcherPorts, message: DispatchMessage, lease: ChunkLease, deadline: float, *, probing: bool
) -> "_Delivery":
    """All that one chunk's delivery needs."""
    feed, target = feed_named(message.chunk.file.feed), await _target(ports, message)
    settings = replace(target.settings, concurrency=1) if probing else target.settings
    if message.accepted and not probing:
        await ensure_open_way(ports.throttle, target.name, ports.clock.now(), ports.rng)
    message, records = await _accepted(ports, message, lease)
    progress = Progress(lease.chunk, records)
    rule_flags = await _rule_flags(ports, message, lease)
    breaker = Breaker(ports.circuit, target.name, settings, probing)
    turns = RateLimiter(ports.throttle, ports.clock, target.name, settings, deadline, breaker)
    sender = BatchSender(
        lease, progress, feed, ports.destination, settings, ports.store, ports.clock, turns, breaker, deadline
    )
    return _Delivery(ports, message, lease, progress, rule_flags, sender)


async def _target(ports: DispatcherPorts, message: DispatchMessage) -> Target:
    """Where the chunk's records go. With nothing to deliver, no settings are needed."""
    file = message.chunk.file
    if not message.accepted:
        return Target(file.feed, DestinationSettings(url=""))
    try:
        target = await target_of(ports.destination, lane_of(file))
        policy_of(feed_named(file.feed), target.settings.policy)
        return target
    except Transient as error:
        raise NotNow(str(error), after=error.after or UNCONFIGURED) from error


async def come_back_later(ports: DispatcherPorts, message: DispatchMessage, after: float | None = None) -> int:
    """A message to ourselves; this one is done with, so that it counts as no attempt. It comes `after` so many seconds,
    None for twice as many as the time before; in how many it comes."""
    feed, waits = message.chunk.file.feed, message.waits + 1
    if after is None:
        after = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(waits - 1, 10))
    delay = min(LONGEST_DELAY, math.ceil(after + ports.rng.uniform(0, FIRST_WAIT)))
    again = message.model_copy(update={"waits": waits})
    await send_all(ports.dispatches[feed], [outgoing(again, delay)], ports.clock, ports.rng)
    return delay


async def _accepted(
    ports: DispatcherPorts, message: DispatchMessage, lease: ChunkLease
) -> tuple[DispatchMessage, dict[int, Accepted]]:
    """The records of the chunk's generation that the validator has accepted, by ordinal; and the message that counts
    them. In earlier releases the last word stood: where another has judged the chunk since, the message is made from
    what that one has written, as it may never have sent its own."""
    chunk = lease.chunk
    body = await read_work(ports.store, chunk, "accepted", chunk.generation)
    if body is None:
        raise Transient("the accepted records of the chunk are not there yet")
    records = {record.ordinal: record for record in load_accepted(body)}
    if len(records) == message.accepted:
        return message, records
    written = await dispatch_message_of(ports.store, message.chunk, chunk)
    if written is None:
        raise Transient("the accepted records of the chunk are those of another message")
    return written.model_copy(update={"waits": message.waits}), records


async def _rule_flags(
    ports: DispatcherPorts, message: DispatchMessage, lease: ChunkLease
) -> dict[int, tuple[Finding, ...]]:
    """What the validator has found of records that it accepted, by ordinal."""
    if not message.flagged:
        return {}
    flags = await flags_of(ports.store, lease.chunk)
    if len(flags) < message.flagged:
        raise Transient("the findings of the chunk are not there yet")
    return flags


class _Delivery:
    """One chunk's way through one invocation: what is decided about its records, and what follows of it."""

    def __init__(
        self,
        ports: DispatcherPorts,
        message: DispatchMessage,
        lease: ChunkLease,
        progress: Progress,
        rule_flags: Mapping[int, tuple[Finding, ...]],
        sender: BatchSender,
    ) -> None:
        self._ports, self._message, self._lease, self._progress = ports, message, lease, progress
        self._feed, self._settings, self._sender = sender.feed, sender.settings, sender
        self._rule_flags, self._found = rule_flags, Found(ports.store, lease.chunk)
        self._resolver = IdentityResolver(ports.claims, ports.ledger, sender.feed, lease.ours, progress)
        self._refused: set[int] = set()

    async def run(self) -> StageResult:
        """Delivers what can be delivered now, and settles the chunk if that was all.

        Raises:
            NotNow: the rest is to come back later.
            Transient: something failed.
        """
        ports, chunk_id, began = self._ports, self._message.chunk.chunk_id, self._ports.clock.now()
        await self._resume()
        waiting = set[int]() if self._sender.faults else await self._decide_and_send()
        await self._sender.end()
        counts = {"DestinationCalls": float(self._sender.calls)}
        if waiting:
            # The ledger does not tell yet which records were rejected here: another that wants such an identity would
            # wait for us, while we wait for others.
            await self._resolver.give_up(self._refused)
            wait = await come_back_later(ports, self._message)
            await self._lease.release(self._lease.a_try(ports.clock.now()).put_off(self._awaited(), wait))
            return StageResult("waiting for records on their way", self._feed.name, chunk_id, counts)
        counted = await self._settle()
        counts |= {f"Records{outcome.title()}": float(number) for outcome, number in counted.items()}
        # Nothing else has ended as dead here.
        dead = sum(one.outcome is Outcome.DEAD for one in self._progress.ends.values())
        counts |= {
            "InternalErrors": float(dead),
            "ChunksSettled": 1.0,
            "DeliveryLatency": (ports.clock.now() - began) * 1000,
        }
        counts |= await complete_file(ports, self._lease.chunk.file_id)
        return StageResult("settled", self._feed.name, chunk_id, counts)

    async def _resume(self) -> None:
        """Goes on with the batches that an attempt before has fixed."""
        lease, progress = self._lease, self._progress
        for batch in await take_up(self._ports, self._feed, lease.chunk, lease.fence, progress.records):
            await self._sender.take_up(batch)
        mine = [batch for batch in progress.batches.values() if batch.generation == lease.chunk.generation]
        if mine and self._feed.examination:
            progress.flags |= await self._found.load()
        await self._sender.resume([batch for batch in mine if batch.state is BatchState.ATTEMPTED])

    async def _decide_and_send(self) -> set[int]:
        """Decides and delivers until nothing more can be decided now; the ordinals that wait for another's."""
        while True:
            undecided, waiting = self._progress.undecided(), set[int]()
            ours = undecided
            if self._feed.identity:
                contention = await self._contend(undecided)
                self._progress.ends |= contention.ends
                if contention.in_doubt:
                    await self._sender.park(contention.in_doubt)
                ours, waiting = contention.ours, contention.waiting
            if ours and self._feed.examination:
                ours, later = await self._examine(ours, self._feed.examination)
                waiting |= later
            if ours:
                held = self._to_be_held(ours)
                await self._sender.send(await self._sender.compose(set(ours) - held, held))
            if self._sender.faults or len(self._progress.undecided()) == len(undecided):
                return waiting

    async def _contend(self, undecided: Sequence[int]) -> Contention:
        """Contends for identities while the chunk is ours. Whoever has it since may have ended it: what was claimed too
        late would stay claimed by a record that is not delivered, and outlive the row that tells so."""
        try:
            contention = await self._resolver.contend(undecided)
            await self._lease.ensure_held()
        except LeaseLost:
            await self._resolver.give_up(undecided)
            raise
        return contention

    async def _examine(self, ours: Sequence[int], examination: Examination) -> tuple[list[int], set[int]]:
        """Judges what is ours by what is known of other files: (ordinals that may be sent, ordinals that wait). The
        others have ended."""
        ports, progress = self._ports, self._progress
        policy, now = policy_of(self._feed, self._settings.policy), ports.clock.now()
        examiner = Examiner(ports.histories, self._feed, examination, policy, self._lease.ours, now)
        examined = await examiner.examine([progress.records[ordinal] for ordinal in ours], self._look)
        progress.ends |= {at: RecordEnd(Outcome.REJECTED, findings) for at, findings in examined.refused.items()}
        progress.ends |= {at: RecordEnd(Outcome.DEAD, findings) for at, findings in examined.dead.items()}
        self._refused |= examined.refused.keys() | examined.dead.keys()
        await self._found.add(examined.flagged)
        for ordinal in ours:
            progress.flags.pop(ordinal, None)
        progress.flags |= examined.flagged
        return sorted(examined.accepted), examined.waiting

    async def _look(self) -> OutcomeLookup:
        """As `Look`."""
        await self._lease.ensure_held()
        return self._resolver.look().of_entry

    def _awaited(self) -> str:
        """Whom the chunk waits for."""
        chunks = sorted(self._resolver.awaited)
        more = f" and {len(chunks) - 1} more" if len(chunks) > 1 else ""
        return f"it waits for records that chunk {chunks[0]}{more} has on its way" if chunks else ON_THEIR_WAY

    def _to_be_held(self, ours: Sequence[int]) -> set[int]:
        """Those of them of which something was found that holds them."""
        found = joined(self._rule_flags, self._progress.flags)
        return {at for at in found.keys() & set(ours) if self._holds(found[at])}

    def _holds(self, found: Sequence[Finding]) -> bool:
        if self._message.chunk.released:
            return self._feed.is_unreleasable(one.code for one in found)
        return self._feed.is_held_for(found, self._settings.soft)

    async def _settle(self) -> Account:
        """Every record has its end."""
        ports, message, chunk = self._ports, self._message, self._lease.chunk
        progress, flags = self._progress, joined(self._rule_flags, self._progress.flags)
        ended = ChunkEnd(progress.ends, message.rejected, message.findings, progress.records, flags)
        refused = [one.outcome_line(at) for at, one in progress.ends.items() if one.outcome is Outcome.REJECTED]
        await announce(ports.events, self._feed, message.chunk.file, chunk, refused)
        return await end_chunk(ports, message.chunk, chunk, self._lease.fence, ended, ChunkState.SETTLED)
