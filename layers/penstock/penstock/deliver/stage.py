"""The third stage: every accepted record of a chunk reaches its destination once, and the chunk is settled.

One message is one chunk. What was decided about it lies in the ledger, so a chunk that comes again carries on:

    resume   batches that were begun: sent again under their keys, or `unknown` where that could do it twice
    round    identities claimed → a record that another holds is a duplicate, a conflict, or has to wait
             ours examined beside what is known of earlier files, where the feed demands it (`identity.examination`)
             what is ours is composed into batches, fixed in the ledger, and sent; again, while that decides anything
             what is flagged is fixed too, and held, where that is the policy (`account.held_batches`)
    settle   every record has its end: outcomes and rejects written, chunk and file counters in one transaction

A chunk that cannot go on now, because another has its records, the destination's time is booked, or its circuit is
open, comes back by a delayed message of its own: no receive is counted, so no wait ever ends in a DLQ. What waits for
another's records delivers its own first, so two files that overlap never wait for each other.
"""

import asyncio
import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from penstock.account.completion import complete_file
from penstock.account.finalising import ChunkEnd, FinalisingPorts, end_chunk
from penstock.account.held_batches import take_up
from penstock.deliver.circuit import Breaker, CircuitPorts
from penstock.deliver.rate_limiter import RateLimiter
from penstock.deliver.responses import MAYBE_DONE, TOO_FAST, Meaning, Reading, read_answer
from penstock.feeds import feed_named
from penstock.feeds.feed import Examination
from penstock.identity.examination import Examiner, Ours, OutcomeLookup, policy_of
from penstock.io.sending import send_all
from penstock.model import ids
from penstock.model.errors import Busy, LeaseLost, NotNow, Transient, Unanswered
from penstock.model.findings import Account, Finding, Outcome, Severity
from penstock.model.messages import DispatchMessage
from penstock.model.records import Accepted
from penstock.model.rows import BatchRow, BatchState, ChunkRow, ChunkState, Owner, scope_of
from penstock.model.stage_result import StageResult
from penstock.outputs.accepted import load_accepted
from penstock.outputs.answers import Reason, ends_of, write_reasons
from penstock.outputs.examination_findings import Found
from penstock.outputs.exception_report import announce
from penstock.outputs.findings import flags_of, joined
from penstock.outputs.outcomes import RecordEnd
from penstock.ports.claims import Claims
from penstock.ports.clock import Clock
from penstock.ports.destination import Answer, Destination, DestinationSettings
from penstock.ports.event_bus import EventBus
from penstock.ports.histories import Entry, Histories
from penstock.ports.ledger import Ledger
from penstock.ports.mappings import Mappings
from penstock.ports.object_store import ObjectStore
from penstock.ports.queue import Outgoing, Queue
from penstock.ports.throttle import Throttle

FIRST_WAIT = 5  #: seconds a chunk stays away at first, if nothing says how long; doubled each time
LONGEST_WAIT = 300
LONGEST_DELAY = 900  #: seconds; SQS delays no message for longer
UNCONFIGURED = 60.0  #: seconds after which the settings of a destination are asked for again
SLOW_FOR = 60.0  #: seconds calls go slower after a destination has said that they come too fast


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

    @property
    def ending(self) -> FinalisingPorts:
        """Those that a chunk's end needs."""
        return FinalisingPorts(self.store, self.ledger, self.claims, self.histories, self.clock, self.rng)

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
        Transient: some batches must be tried again; the others are not sent again.
    """
    now = ports.clock.now()
    file = message.chunk.file
    lease = await ports.ledger.claim_dispatch(message, now, deadline - now)
    if lease.fence is None:
        if lease.busy_for:
            raise Busy("another dispatcher holds the chunk", after=lease.busy_for)
        counts = await complete_file(ports.ledger, ports.store, ports.events, ports.clock, file.file_id)
        return StageResult("seen before", file.feed, message.chunk.chunk_id, counts)
    try:
        settings = await _settings(ports, message)
        if probing:
            settings = replace(settings, concurrency=1)
        return await _Delivery(ports, message, settings, lease.row, lease.fence, deadline, probing).run()
    except NotNow as reason:
        await come_back_later(ports, message, reason.after)
        await ports.ledger.release_chunk(lease.row, lease.fence)
        return StageResult(f"put off: {reason}", file.feed, message.chunk.chunk_id, {"ChunksPutOff": 1})
    except Exception:
        await ports.ledger.release_chunk(lease.row, lease.fence)
        raise


async def _settings(ports: DispatcherPorts, message: DispatchMessage) -> DestinationSettings:
    """The destination's settings. With nothing to deliver, none are needed."""
    if not message.accepted:
        return DestinationSettings(url="")
    feed = feed_named(message.chunk.file.feed)
    try:
        settings = await ports.destination.settings(feed.name)
        policy_of(feed, settings.policy)
        return settings
    except Transient as error:
        raise NotNow(str(error), after=error.after or UNCONFIGURED) from error


async def come_back_later(ports: DispatcherPorts, message: DispatchMessage, after: float | None = None) -> None:
    """A message to ourselves; this one is done with, so that it counts as no attempt. It comes `after` so many seconds,
    None for twice as many as the time before."""
    feed, waits = message.chunk.file.feed, message.waits + 1
    if after is None:
        after = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(waits - 1, 10))
    delay = min(LONGEST_DELAY, math.ceil(after + ports.rng.uniform(0, FIRST_WAIT)))
    again = message.model_copy(update={"waits": waits})
    outgoing = Outgoing(again.model_dump_json(), group=feed, delay=delay)
    await send_all(ports.dispatches[feed], [outgoing], ports.clock, ports.rng)


class _Elsewhere:
    """The chunk that holds an identity, and what became of its records."""

    def __init__(self, row: ChunkRow | None, batches: Iterable[BatchRow]) -> None:
        self._row = row
        self._last = {ordinal: batch for batch in batches for ordinal in batch.ordinals}
        # What an earlier round said of the records of this one does not count any more.
        if row and row.generation and row.state is not ChunkState.SETTLED:
            for ordinal in scope_of(row):
                if ordinal in self._last and self._last[ordinal].generation < row.generation:
                    del self._last[ordinal]

    def outcome_of(self, ordinal: int) -> Outcome | None:
        """The record's outcome, None while it is on its way. Who ended without a batch has no use for the claim, as if
        rejected; nor has who died, unless a batch of it may have been applied. A chunk whose rows have expired has
        delivered what it still holds."""
        batch = self._last.get(ordinal)
        outcome = batch.outcome_of(ordinal) if batch else None
        if outcome:
            return outcome
        if self._row is None:
            return Outcome.DELIVERED
        if self._row.state is ChunkState.DEAD and batch and batch.unanswered:
            return Outcome.UNKNOWN
        return Outcome.REJECTED if self._row.state in (ChunkState.SETTLED, ChunkState.DEAD) else None


class _Delivery:
    """One chunk's way through one invocation."""

    def __init__(
        self,
        ports: DispatcherPorts,
        message: DispatchMessage,
        settings: DestinationSettings,
        chunk: ChunkRow,
        fence: int,
        deadline: float,
        probing: bool,
    ) -> None:
        self._ports, self._message, self._settings = ports, message, settings
        self._file, self._feed = message.chunk.file, feed_named(message.chunk.file.feed)
        self._chunk, self._fence, self._deadline = chunk, fence, deadline
        self._records: dict[int, Accepted] = {}
        self._batches: dict[int, BatchRow] = {}
        self._endings: dict[int, RecordEnd] = {}
        self._seen: dict[tuple[str, int], _Elsewhere] = {}
        self._flags: dict[int, tuple[Finding, ...]] = {}
        self._rule_flags: dict[int, tuple[Finding, ...]] = {}
        self._found = Found(ports.store, chunk)
        self._refused: set[int] = set()
        self._later: list[Transient] = []
        self._calls, self._got_further = 0, False
        feed = message.chunk.file.feed
        self._breaker = Breaker(ports.circuit, feed, settings, probing)
        self._turns = RateLimiter(ports.throttle, ports.clock, feed, settings, deadline, self._breaker)

    async def run(self) -> StageResult:
        ports, began = self._ports, self._ports.clock.now()
        body = await ports.store.get(self._key("accepted"))
        if body is None:
            raise Transient("the accepted records of the chunk are not there yet")
        self._records = {record.ordinal: record for record in load_accepted(body)}
        if self._message.flagged:
            self._rule_flags = await flags_of(ports.store, self._chunk)
            if len(self._rule_flags) < self._message.flagged:
                raise Transient("the findings of the chunk are not there yet")
        waiting = await self._deliver_all()
        counts = {"DestinationCalls": float(self._calls)}
        if waiting:
            await self._make_way()
            await come_back_later(ports, self._message)
            await ports.ledger.release_chunk(self._chunk, self._fence)
            return StageResult(
                "waiting for records on their way", self._feed.name, self._message.chunk.chunk_id, counts
            )
        counted = await self._settle()
        counts |= {f"Records{outcome.title()}": float(number) for outcome, number in counted.items()}
        counts |= {"ChunksSettled": 1.0, "DeliveryLatency": (ports.clock.now() - began) * 1000}
        counts |= await complete_file(ports.ledger, ports.store, ports.events, ports.clock, self._file.file_id)
        return StageResult("settled", self._feed.name, self._message.chunk.chunk_id, counts)

    async def _deliver_all(self) -> set[int]:
        """Everything that can be delivered now; the ordinals that wait for another's end.

        Raises:
            NotNow: the rest is to come back later. So it is where something failed and something got further: only
                attempts that lead nowhere count.
            Transient: something failed.
        """
        for batch in await take_up(self._ports.ending, self._feed, self._chunk, self._fence, self._records):
            self._batches[batch.number] = batch
            await self._know(batch)
        mine = [batch for batch in self._batches.values() if batch.generation == self._chunk.generation]
        if mine and self._feed.examination:
            self._flags |= await self._found.load()
        await self._send([batch for batch in mine if batch.state is BatchState.ATTEMPTED])
        waiting = set[int]() if self._later else await self._rounds()
        await self._breaker.end()
        if self._later:
            after = max((error.after or 0 for error in self._later), default=0) or None
            harmless = all(isinstance(error, NotNow) for error in self._later)
            raise (NotNow if harmless or self._got_further else Transient)(str(self._later[0]), after=after)
        return waiting

    # -- deciding ------------------------------------------------------------------------------------------------

    async def _rounds(self) -> set[int]:
        """Decides and delivers until nothing more can be decided now; the ordinals that wait for another's."""
        while True:
            undecided = [ordinal for ordinal in self._records if ordinal not in self._endings]
            ours, waiting = await self._contend(undecided) if self._feed.identity else (undecided, set[int]())
            if ours and self._feed.examination:
                ours, later = await self._examine(ours, self._feed.examination)
                waiting |= later
            if ours:
                await self._send(await self._compose(ours))
            decided = len(undecided) - sum(ordinal not in self._endings for ordinal in undecided)
            if self._later or not decided:
                return waiting

    async def _contend(self, undecided: Sequence[int]) -> tuple[list[int], set[int]]:
        """Claims what is undecided: (ordinals that are ours, ordinals that wait). The others have ended."""
        contenders: dict[str, Accepted] = {}
        fates = self._fates()
        for ordinal in undecided:
            record = self._records[ordinal]
            fate = fates.get((record.identity, record.digest))
            if fate is not None:
                self._endings[ordinal] = self._same_as(fate)
            else:
                contenders.setdefault(record.identity, record)
        ourselves = {identity: self._owner(record) for identity, record in contenders.items()}
        owners = await self._ports.claims.claim(self._feed.name, ourselves)
        ours: list[int] = []
        waiting: set[int] = set()
        self._seen.clear()
        for identity, record in contenders.items():
            held, wanted = owners[identity], ourselves[identity]
            if held.is_same(wanted) and held.fence >= self._fence:
                if held.fence > self._fence:
                    raise LeaseLost("another dispatcher has claimed the chunk's records")
                ours.append(record.ordinal)
                continue
            owner, fate = await self._in_force(held, wanted)
            is_ours = owner is not None and owner.is_same(wanted)
            if fate is None:
                waiting.add(record.ordinal)
            elif owner is not None and not is_ours and record.revision <= owner.revision:
                self._endings[record.ordinal] = self._after(owner, record)
            elif await self._ports.claims.take_over(
                self._feed.name, identity, held, replace(wanted, was=owner.was if owner and is_ours else owner)
            ):
                ours.append(record.ordinal)
            else:
                waiting.add(record.ordinal)
        return ours, waiting

    async def _in_force(self, held: Owner, wanted: Owner) -> tuple[Owner | None, Outcome | None]:
        """Who an identity was really delivered for, may have been, or is held for, and how that ended, None while it is
        on its way; `wanted` itself, where nobody stands before it. The claim of who ended otherwise is void, and what
        it was to correct is in force. What can come to nothing still keeps what it corrects."""
        if held.is_same(wanted):
            return held, Outcome.REJECTED
        if (held.file_id, held.chunk) == (self._chunk.file_id, self._chunk.span.chunk):
            fate = self._own_fate(held.ordinal)
        else:
            fate = (await self._look_at(held.file_id, held.chunk)).outcome_of(held.ordinal)
        if fate is Outcome.DELIVERED:
            return replace(held, was=None), fate
        if fate in (None, Outcome.UNKNOWN, Outcome.HELD):
            return held, fate
        return await self._in_force(held.was, wanted) if held.was else (None, fate)

    def _fates(self) -> dict[tuple[str, str], int]:
        """The first record of this chunk that has ended, by identity and payload: its twins share its fate."""
        fates: dict[tuple[str, str], int] = {}
        for ordinal in sorted(self._endings):
            record = self._records[ordinal]
            fates.setdefault((record.identity, record.digest), ordinal)
        return fates

    def _same_as(self, ordinal: int) -> RecordEnd:
        """The ending of a record whose twin, earlier in the chunk, has ended."""
        twin = self._endings[ordinal]
        if twin.outcome in (Outcome.REJECTED, Outcome.DUPLICATE):
            return replace(twin, batch=None)
        return RecordEnd(Outcome.DUPLICATE, of=ids.trace(self._file.file_id, ordinal))

    def _after(self, held: Owner, record: Accepted) -> RecordEnd:
        """The ending of a record whose identity has been delivered, or may have been."""
        if held.digest == record.digest:
            return RecordEnd(Outcome.DUPLICATE, of=held.trace)
        if record.revision < held.revision:
            return RecordEnd(Outcome.REJECTED, (self._feed.superseded_by(f"record {held.trace}"),), of=held.trace)
        conflict = self._feed.conflict_with(f"record {held.trace}")
        return RecordEnd(Outcome.REJECTED, (conflict,), of=held.trace)

    def _own_fate(self, ordinal: int) -> Outcome | None:
        """As `_Elsewhere.outcome_of`, of a record of this chunk. One that is undecided holds an identity in vain: an
        attempt that broke has claimed it, before those that come first are decided again."""
        ending = self._endings.get(ordinal)
        if ending:
            return ending.outcome
        last = [batch for batch in self._batches.values() if ordinal in batch.ordinals][-1:]
        if last and last[0].generation == self._chunk.generation and last[0].state is BatchState.ATTEMPTED:
            return None
        return (last[0].outcome_of(ordinal) if last else None) or Outcome.REJECTED

    async def _look_at(self, file_id: str, chunk: int) -> "_Elsewhere":
        """Another chunk, as it was when this round of decisions first looked at it."""
        if (file_id, chunk) not in self._seen:
            self._seen[file_id, chunk] = await self._look_anew_at(file_id, chunk)
        return self._seen[file_id, chunk]

    async def _look_anew_at(self, file_id: str, chunk: int) -> "_Elsewhere":
        # The row first: a chunk that is seen settled has all its batches.
        row = await self._ports.ledger.chunk(file_id, chunk)
        return _Elsewhere(row, await self._ports.ledger.batches(file_id, chunk))

    def _owner(self, record: Accepted) -> Owner:
        place = self._chunk.file_id, self._chunk.span.chunk, record.ordinal
        return Owner(*place, record.digest, record.revision, self._fence)

    # -- examining -----------------------------------------------------------------------------------------------

    async def _examine(self, ours: Sequence[int], examination: Examination) -> tuple[list[int], set[int]]:
        """Judges what is ours by what is known of other files: (ordinals that may be sent, ordinals that wait). The
        others have ended."""
        ports, file_id, number = self._ports, self._chunk.file_id, self._chunk.span.chunk
        policy, mine = policy_of(self._feed, self._settings.policy), Ours(file_id, number, self._fence)
        examiner = Examiner(ports.histories, self._feed, examination, policy, mine, ports.clock.now())
        examined = await examiner.examine([self._records[ordinal] for ordinal in ours], self._look)
        self._endings |= {at: RecordEnd(Outcome.REJECTED, findings) for at, findings in examined.refused.items()}
        self._refused |= examined.refused.keys()
        await self._found.add(examined.flagged)
        for ordinal in ours:
            self._flags.pop(ordinal, None)
        self._flags |= examined.flagged
        return sorted(examined.accepted), examined.waiting

    async def _make_way(self) -> None:
        """Gives up the identities of records that were refused here. The ledger does not tell of it yet: who wants them
        would wait for us, while we wait for others."""
        for ordinal in sorted(self._refused) if self._feed.identity else ():
            record = self._records[ordinal]
            await self._ports.claims.give_up(self._feed.name, record.identity, self._owner(record))

    async def _look(self) -> OutcomeLookup:
        """As `Look`."""
        if not await self._ports.ledger.holds(self._chunk, self._fence):
            raise LeaseLost("another dispatcher has taken the chunk over")
        seen: dict[tuple[str, int], _Elsewhere] = {}

        async def fate(entry: Entry) -> Outcome | None:
            if entry.is_of(self._chunk.file_id, self._chunk.span.chunk):
                return self._own_fate(entry.ordinal)
            place = entry.file_id, entry.chunk
            if place not in seen:
                seen[place] = await self._look_anew_at(*place)
            return seen[place].outcome_of(entry.ordinal)

        return fate

    # -- delivering ----------------------------------------------------------------------------------------------

    async def _compose(self, ordinals: Iterable[int]) -> list[BatchRow]:
        """New batches to be sent, fixed in the ledger before anything is. Numbers go on from round to round. What is to
        be held is fixed with them, in a batch of its own."""
        ours, size, number = sorted(ordinals), self._settings.batch_records, len(self._batches)
        held = tuple(filter(self._is_to_be_held, ours))
        ours = sorted(set(ours).difference(held))
        batches = [
            BatchRow(number=number + place, ordinals=tuple(ours[at : at + size]), generation=self._chunk.generation)
            for place, at in enumerate(range(0, len(ours), size))
        ]
        waits = [BatchRow(number + len(batches), held, self._chunk.generation, BatchState.HELD)] if held else []
        await self._ports.ledger.fix_batches(self._chunk, self._fence, [*waits, *batches])
        for batch in waits:
            self._batches[batch.number] = batch
            await self._know(batch)
        return batches

    def _is_to_be_held(self, ordinal: int) -> bool:
        if (self._settings.soft or self._feed.soft) == "deliver" or self._message.chunk.released:
            return False
        found = (*self._rule_flags.get(ordinal, ()), *self._flags.get(ordinal, ()))
        return any(finding.severity is Severity.SOFT for finding in found)

    async def _send(self, batches: Sequence[BatchRow]) -> None:
        """Sends batches under the destination's rate, some at once. What has to be tried again is left in `_later`."""
        at_once = asyncio.Semaphore(self._settings.concurrency)

        async def deliver(batch: BatchRow) -> None:
            async with at_once:
                try:
                    await self._deliver(batch)
                except Transient as error:
                    self._later.append(error)

        async with asyncio.TaskGroup() as tasks:
            for batch in batches:
                tasks.create_task(deliver(batch))

    async def _deliver(self, batch: BatchRow) -> None:
        """One batch, one call: its end is written to the ledger, or Transient says that it must come again."""
        ports, settings = self._ports, self._settings
        in_doubt = batch.unanswered
        if in_doubt and not self._may_ask_again(batch):
            await self._end(replace(batch, state=BatchState.UNKNOWN, unanswered=False))
            return
        turn_ends = await self._turns.next(len(batch.ordinals))
        batch = await ports.ledger.begin_attempt(self._chunk, self._fence, batch, ports.clock.now())
        if ports.clock.now() > turn_ends:
            await ports.ledger.note_answer(self._chunk, self._fence, replace(batch, unanswered=in_doubt))
            raise NotNow("the ledger was slow, and the call missed its turn", after=0)
        self._calls += 1
        batch_id = ids.batch_id(self._file.file_id, self._chunk.span.chunk, batch.number)
        try:
            answer = await ports.destination.post(settings, batch_id, self._body(batch_id, batch))
        except Unanswered:
            await self._doubt(batch, "the destination did not answer")
        except Transient as error:
            await ports.ledger.note_answer(self._chunk, self._fence, replace(batch, unanswered=in_doubt))
            await self._breaker.failed(str(error))
            raise
        else:
            await self._read(batch, batch_id, answer, in_doubt)

    async def _read(self, batch: BatchRow, batch_id: str, answer: Answer, in_doubt: bool) -> None:
        """Does what the destination's answer says. The ledger hears of it before the circuit does."""
        reading, status = read_answer(answer, len(batch.ordinals), in_doubt), answer.status
        if reading.meaning is Meaning.DOUBT:
            await self._doubt(batch, "the destination's answer leaves in doubt what it did", answer.retry_after)
        elif reading.meaning is Meaning.LATER and status in MAYBE_DONE:
            await self._doubt(batch, f"the destination answered {status}, and may have done it", answer.retry_after)
        elif reading.meaning is Meaning.LATER:
            ports = self._ports
            await ports.ledger.note_answer(self._chunk, self._fence, replace(batch, unanswered=in_doubt))
            if status == TOO_FAST:
                seconds = max(SLOW_FOR, answer.retry_after or 0)
                await ports.throttle.slow_down(self._feed.name, ports.clock.now(), seconds)
                await self._breaker.succeeded()
                raise NotNow("the destination says that calls come too fast", after=answer.retry_after)
            await self._breaker.failed(f"the destination answered {status}")
            raise (NotNow if answer.retry_after else Transient)(
                f"the destination answered {status}", after=answer.retry_after
            )
        else:
            await self._take(batch, batch_id, reading)

    def _may_ask_again(self, batch: BatchRow) -> bool:
        """Whether the same key can be sent again without doing it twice: the key is kept for as long as this invocation
        can go on, and its last call be under way."""
        if not self._settings.honours_idempotency_key or batch.first_sent_at is None:
            return False
        last = self._deadline + self._settings.timeout_seconds
        return last - batch.first_sent_at < self._settings.key_retention_hours * 3600

    async def _doubt(self, batch: BatchRow, reason: str, after: float | None = None) -> None:
        """Nobody knows whether the batch was applied."""
        may_ask_again = self._may_ask_again(batch)
        if not may_ask_again:
            await self._end(replace(batch, state=BatchState.UNKNOWN, unanswered=False))
        await self._breaker.failed(reason)
        if may_ask_again:
            raise (NotNow if after else Transient)(reason, after=after)

    async def _take(self, batch: BatchRow, batch_id: str, reading: Reading) -> None:
        """The destination took the batch, or refused it, as a whole or in part."""
        rejected = reading.meaning is Meaning.REFUSED
        reasons = dict.fromkeys(range(len(batch.ordinals)), reading.reason) if rejected else reading.refused
        refused = {batch.ordinals[index]: reason for index, reason in reasons.items()}
        if refused:
            await write_reasons(self._ports.store, self._chunk, batch, refused)
        returned = tuple(batch.ordinals[index] for index in sorted(reading.returned))
        await self._end(
            replace(
                batch,
                state=BatchState.REJECTED if rejected else BatchState.DELIVERED,
                refused=() if rejected else tuple(sorted(refused)),
                returned=returned,
                unanswered=False,
            ),
            refused,
        )
        await self._breaker.succeeded()
        if returned:
            raise Transient(f"the destination asked to have {len(returned)} records again")

    async def _end(self, batch: BatchRow, reasons: Mapping[int, Reason] | None = None) -> None:
        await self._ports.ledger.end_batch(self._chunk, self._fence, batch)
        self._got_further |= len(batch.returned) < len(batch.ordinals)
        self._batches[batch.number] = batch
        await self._know(batch, reasons)

    async def _know(self, batch: BatchRow, reasons: Mapping[int, Reason] | None = None) -> None:
        """Takes up what a batch of this round says of its records."""
        if batch.generation != self._chunk.generation:
            return
        self._endings |= await ends_of(self._ports.store, self._chunk, batch, reasons)

    def _body(self, batch_id: str, batch: BatchRow) -> bytes:
        """What is posted: the payloads as the validator wrote them, spliced, not read. A trace is put before the other
        fields here and not in the payload, whose digest tells whether two records are the same."""
        payloads = [self._records[ordinal].payload for ordinal in batch.ordinals]
        if self._feed.trace:
            traces = [ids.trace(self._file.file_id, ordinal) for ordinal in batch.ordinals]
            payloads = [
                b'{"%s":"%s",%s' % (self._feed.trace.encode(), trace.encode(), payload[1:])
                for trace, payload in zip(traces, payloads, strict=True)
            ]
        records = b",".join(payloads)
        return b'{"feed":"%s","batch_id":"%s","records":[%s]}' % (self._feed.name.encode(), batch_id.encode(), records)

    # -- settling ------------------------------------------------------------------------------------------------

    async def _settle(self) -> Account:
        """Every record has its end."""
        message = self._message
        flags = joined(self._rule_flags, self._flags)
        ended = ChunkEnd(self._endings, message.rejected, message.findings, self._records, flags)
        refused = [one.outcome_line(at) for at, one in self._endings.items() if one.outcome is Outcome.REJECTED]
        await announce(self._ports.events, self._feed, self._file, self._chunk, refused)
        return await end_chunk(self._ports.ending, message.chunk, self._chunk, self._fence, ended, ChunkState.SETTLED)

    def _key(self, name: str) -> str:
        return ids.work_key(self._file.file_id, self._chunk.span.chunk, name, self._chunk.generation)
