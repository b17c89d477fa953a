"""The third stage: every accepted record of a chunk reaches its destination once, and the chunk is settled.

One message is one chunk. What was decided about it lies in the ledger, so a chunk that comes again carries on:

    resume   batches that were begun: sent again under their keys, or `unknown` where that could do it twice
    round    identities claimed → a record that another holds is a duplicate, a conflict, or has to wait
             what is ours is composed into batches, fixed in the ledger, and sent; again, while that decides anything
    settle   every record has its end: outcomes and rejects written, chunk and file counters in one transaction

A chunk that waits for another's records delivers what it owns first, and then comes back by a delayed message of its
own: no receive count is burnt, and two files that overlap never wait for each other.
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from penstock import ids, rejects
from penstock.accepted import load_accepted
from penstock.errors import Busy, OutOfTime, Transient, Unanswered
from penstock.feeds import feed_named
from penstock.findings import Account, Finding, Outcome, account
from penstock.judging import Accepted, rejected_later
from penstock.ledger import BatchRow, BatchState, ChunkRow, ChunkState, Claims, Ledger, Owner
from penstock.messages import DispatchMessage
from penstock.ports import Clock, Destination, DestinationSettings, EventBus, ObjectStore, Outgoing, Queue
from penstock.reader import read_range
from penstock.responses import MAYBE_DONE, Meaning, Reading, Reason, read_answer
from penstock.sending import send_all
from penstock.settling import finish_if_complete
from penstock.worked import Worked

MARGIN = 5.0  #: seconds kept at the end of an invocation for the ledger to be told what happened
FIRST_WAIT = 5  #: seconds a chunk waits for another's records at first; doubled each time
LONGEST_WAIT = 300
LATE = 0.25  #: seconds a call may come after its time, also where the destination allows no burst


@dataclass(frozen=True, slots=True)
class DispatcherPorts:
    """What the dispatcher needs of the world."""

    store: ObjectStore
    ledger: Ledger
    claims: Claims
    dispatch: Queue
    destination: Destination
    events: EventBus
    clock: Clock
    rng: random.Random


@dataclass(frozen=True, slots=True)
class Ending:
    """How an accepted record ended. `of` is the record it duplicates or conflicts with, `batch` the one it went in."""

    outcome: Outcome
    finding: Finding | None = None
    of: str | None = None
    batch: str | None = None


async def dispatch(ports: DispatcherPorts, message: DispatchMessage, deadline: float) -> Worked:
    """Delivers one chunk; `deadline` is when the invocation ends, in seconds since the epoch.

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
        counts = await finish_if_complete(ports.ledger, ports.store, ports.events, ports.clock, file.file_id)
        return Worked("seen before", file.feed, message.chunk.chunk_id, counts)
    try:
        # With nothing to deliver, a feed whose destination is not configured can still be settled.
        settings = await ports.destination.settings(file.feed) if message.accepted else DestinationSettings(url="")
        return await _Delivery(ports, message, settings, lease.row, lease.fence, deadline).run()
    except Exception:
        await ports.ledger.release_chunk(lease.row, lease.fence)
        raise


class _Elsewhere:
    """The chunk that holds an identity, and what became of its records."""

    def __init__(self, row: ChunkRow | None, batches: Iterable[BatchRow]) -> None:
        self._row = row
        self._outcomes = {ordinal: batch.outcome_of(ordinal) for batch in batches for ordinal in batch.ordinals}

    def fate_of(self, ordinal: int) -> Outcome | None:
        """The record's outcome, None while it is on its way. Who ended without a batch has no use for the claim, as if
        rejected; a chunk whose rows have expired has delivered what it still holds."""
        if ordinal in self._outcomes:
            return self._outcomes[ordinal]
        if self._row is None:
            return Outcome.DELIVERED
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
    ) -> None:
        self._ports, self._message, self._settings = ports, message, settings
        self._file, self._feed = message.chunk.file, feed_named(message.chunk.file.feed)
        self._chunk, self._fence, self._deadline = chunk, fence, deadline
        self._records: dict[int, Accepted] = {}
        self._batches: dict[int, BatchRow] = {}
        self._endings: dict[int, Ending] = {}
        self._later: list[Transient] = []
        self._calls = 0

    async def run(self) -> Worked:
        ports, began = self._ports, self._ports.clock.now()
        body = await ports.store.get(self._key("accepted"))
        if body is None:
            raise Transient("the accepted records of the chunk are not there yet")
        self._records = {record.ordinal: record for record in load_accepted(body)}
        for batch in await ports.ledger.batches(self._chunk.file_id, self._chunk.span.chunk):
            await self._know(batch)
        await self._send([batch for batch in self._batches.values() if batch.state is BatchState.ATTEMPTED])
        waiting = set[int]() if self._later else await self._rounds()
        if self._later:
            raise Transient(str(self._later[0]), after=max(error.after or 0 for error in self._later) or None)
        counts = {"DestinationCalls": float(self._calls)}
        if waiting:
            await self._come_back_later()
            return Worked("waiting for records on their way", self._feed.name, self._message.chunk.chunk_id, counts)
        counted = await self._settle()
        counts |= {f"Records{outcome.title()}": float(number) for outcome, number in counted.items()}
        counts |= {"ChunksSettled": 1.0, "DeliveryLatency": (ports.clock.now() - began) * 1000}
        counts |= await finish_if_complete(ports.ledger, ports.store, ports.events, ports.clock, self._file.file_id)
        return Worked("settled", self._feed.name, self._message.chunk.chunk_id, counts)

    # -- deciding ------------------------------------------------------------------------------------------------

    async def _rounds(self) -> set[int]:
        """Decides and delivers until nothing more can be decided now; the ordinals that wait for another's."""
        while True:
            undecided = [ordinal for ordinal in self._records if ordinal not in self._endings]
            ours, waiting = await self._contend(undecided) if self._feed.identity else (undecided, set[int]())
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
        owners = await self._ports.claims.claim(
            self._feed.name, {identity: self._owner(record) for identity, record in contenders.items()}
        )
        ours: list[int] = []
        waiting: set[int] = set()
        seen: dict[tuple[str, int], _Elsewhere] = {}
        for identity, record in contenders.items():
            held, wanted = owners[identity], self._owner(record)
            if held == wanted:
                ours.append(record.ordinal)
                continue
            place = (held.file_id, held.chunk)
            if place not in seen:
                seen[place] = await self._look_at(*place)
            fate = seen[place].fate_of(held.ordinal)
            if fate in (Outcome.DELIVERED, Outcome.UNKNOWN):
                self._endings[record.ordinal] = self._after(held, record)
            elif fate is None:
                waiting.add(record.ordinal)
            elif await self._ports.claims.take_over(self._feed.name, identity, held, wanted):
                ours.append(record.ordinal)
            else:
                waiting.add(record.ordinal)
        return ours, waiting

    def _fates(self) -> dict[tuple[str, str], int]:
        """The first record of this chunk that has ended, by identity and payload: its twins share its fate."""
        fates: dict[tuple[str, str], int] = {}
        for ordinal in sorted(self._endings):
            record = self._records[ordinal]
            fates.setdefault((record.identity, record.digest), ordinal)
        return fates

    def _same_as(self, ordinal: int) -> Ending:
        """The ending of a record whose twin, earlier in the chunk, has ended."""
        twin = self._endings[ordinal]
        if twin.outcome in (Outcome.REJECTED, Outcome.DUPLICATE):
            return replace(twin, batch=None)
        return Ending(Outcome.DUPLICATE, of=ids.trace(self._file.file_id, ordinal))

    def _after(self, held: Owner, record: Accepted) -> Ending:
        """The ending of a record whose identity has been delivered, or may have been."""
        if held.digest == record.digest:
            return Ending(Outcome.DUPLICATE, of=held.trace)
        conflict = self._feed.conflict_with(f"record {held.trace}")
        return Ending(Outcome.REJECTED, conflict, of=held.trace)

    async def _look_at(self, file_id: str, chunk: int) -> "_Elsewhere":
        if (file_id, chunk) == (self._chunk.file_id, self._chunk.span.chunk):
            return _Elsewhere(self._chunk, list(self._batches.values()))
        # The row first: a chunk that is seen settled has all its batches.
        row = await self._ports.ledger.chunk(file_id, chunk)
        return _Elsewhere(row, await self._ports.ledger.batches(file_id, chunk))

    def _owner(self, record: Accepted) -> Owner:
        return Owner(self._file.file_id, self._chunk.span.chunk, record.ordinal, record.digest)

    # -- delivering ----------------------------------------------------------------------------------------------

    async def _compose(self, ordinals: Iterable[int]) -> list[BatchRow]:
        """New batches, fixed in the ledger before anything is sent."""
        ours, size, number = sorted(ordinals), self._settings.batch_records, len(self._batches)
        batches = [
            BatchRow(number=number + place, ordinals=tuple(ours[at : at + size]))
            for place, at in enumerate(range(0, len(ours), size))
        ]
        await self._ports.ledger.fix_batches(self._chunk, self._fence, batches)
        return batches

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

    async def _await_turn(self, batch: BatchRow) -> float:
        """Books the destination's time for one call and waits for it; until when the call must have set out. Booked
        only when the call is about to be made: a place that is not used at its time would let others come in a heap."""
        ports, settings = self._ports, self._settings
        # The burst lets calls set out up to `grace` away from their places. Half of it is for those that come before
        # their time, half for those that a slow ledger holds up: a call that is due at once has no time before.
        largest = settings.batch_records if settings.rate_unit == "records" else 1
        grace = max(0, settings.burst - largest) / settings.rate_per_second
        late = max(LATE, grace / 2)
        while True:
            horizon = self._deadline - MARGIN - settings.timeout_seconds - ports.clock.now()
            if horizon < 0:
                raise OutOfTime("the invocation ends before an answer could come", after=0)
            booked = await ports.ledger.reserve(self._feed.name, self._cost(batch), ports.clock.now(), horizon)
            await ports.clock.sleep(max(0.0, booked - max(0.0, grace - late) - ports.clock.now()))
            if ports.clock.now() <= booked + late:
                return booked + late

    def _cost(self, batch: BatchRow) -> float:
        """Seconds of the destination's time that a batch takes up."""
        units = len(batch.ordinals) if self._settings.rate_unit == "records" else 1
        return units / self._settings.rate_per_second

    async def _deliver(self, batch: BatchRow) -> None:
        """One batch, one call: its end is written to the ledger, or Transient says that it must come again."""
        ports, settings = self._ports, self._settings
        in_doubt = batch.unanswered
        if in_doubt and not self._may_ask_again(batch):
            await self._end(replace(batch, state=BatchState.UNKNOWN, unanswered=False))
            return
        turn_ends = await self._await_turn(batch)
        batch = await ports.ledger.begin_attempt(self._chunk, self._fence, batch, ports.clock.now())
        if ports.clock.now() > turn_ends:
            await ports.ledger.note_answer(self._chunk, self._fence, replace(batch, unanswered=in_doubt))
            raise Transient("the ledger was slow, and the call missed its turn", after=0)
        self._calls += 1
        batch_id = ids.batch_id(self._file.file_id, self._chunk.span.chunk, batch.number)
        try:
            answer = await ports.destination.post(settings, batch_id, self._body(batch_id, batch))
        except Unanswered:
            await self._doubt(batch, "the destination did not answer")
            return
        except Transient:
            await ports.ledger.note_answer(self._chunk, self._fence, replace(batch, unanswered=in_doubt))
            raise
        reading = read_answer(answer, len(batch.ordinals), in_doubt)
        if reading.meaning is Meaning.DOUBT:
            await self._doubt(batch, "the destination's answer leaves in doubt what it did", answer.retry_after)
        elif reading.meaning is Meaning.LATER and answer.status in MAYBE_DONE:
            await self._doubt(
                batch, f"the destination answered {answer.status}, and may have done it", answer.retry_after
            )
        elif reading.meaning is Meaning.LATER:
            await ports.ledger.note_answer(self._chunk, self._fence, replace(batch, unanswered=in_doubt))
            raise Transient(f"the destination answered {answer.status}", after=answer.retry_after)
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
        if not self._may_ask_again(batch):
            await self._end(replace(batch, state=BatchState.UNKNOWN, unanswered=False))
            return
        raise Transient(reason, after=after)

    async def _take(self, batch: BatchRow, batch_id: str, reading: Reading) -> None:
        """The destination took the batch, or refused it, as a whole or in part."""
        rejected = reading.meaning is Meaning.REFUSED
        reasons = dict.fromkeys(range(len(batch.ordinals)), reading.reason) if rejected else reading.refused
        refused = {batch.ordinals[index]: reason for index, reason in reasons.items()}
        if refused:
            await self._ports.store.put(
                self._key(f"{batch.number:03d}.answer"), _dump_reasons(refused), "application/json"
            )
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
        if returned:
            raise Transient(f"the destination asked to have {len(returned)} records again")

    async def _end(self, batch: BatchRow, reasons: Mapping[int, Reason] | None = None) -> None:
        await self._ports.ledger.end_batch(self._chunk, self._fence, batch)
        await self._know(batch, reasons)

    async def _know(self, batch: BatchRow, reasons: Mapping[int, Reason] | None = None) -> None:
        """Takes up what a batch's row says of its records."""
        self._batches[batch.number] = batch
        batch_id = ids.batch_id(self._file.file_id, self._chunk.span.chunk, batch.number)
        if reasons is None and (batch.refused or batch.state is BatchState.REJECTED):
            reasons = _load_reasons(await self._ports.store.get(self._key(f"{batch.number:03d}.answer")))
        for ordinal in batch.ordinals:
            outcome = batch.outcome_of(ordinal)
            if outcome is Outcome.REJECTED:
                reason = (reasons or {}).get(ordinal, Reason(0))
                self._endings[ordinal] = Ending(
                    outcome, Finding("destination.rejected", reason.sentence()), batch=batch_id
                )
            elif outcome is not None:
                self._endings[ordinal] = Ending(outcome, batch=batch_id)

    def _body(self, batch_id: str, batch: BatchRow) -> bytes:
        """What is posted: the payloads as the validator wrote them, spliced, not read."""
        records = b",".join([self._records[ordinal].payload for ordinal in batch.ordinals])
        return b'{"feed":"%s","batch_id":"%s","records":[%s]}' % (self._feed.name.encode(), batch_id.encode(), records)

    # -- settling ------------------------------------------------------------------------------------------------

    async def _come_back_later(self) -> None:
        """A message to ourselves, later; this one is done with, so that waiting never ends in a DLQ."""
        waits = self._message.waits + 1
        delay = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(waits - 1, 10))
        again = self._message.model_copy(update={"waits": waits})
        outgoing = Outgoing(again.model_dump_json(), group=self._file.feed, delay=delay)
        await send_all(self._ports.dispatch, [outgoing], self._ports.clock, self._ports.rng)
        await self._ports.ledger.release_chunk(self._chunk, self._fence)

    async def _settle(self) -> Account:
        """Everything has ended: writes what became of each record, frees the claims of what was not delivered, and
        settles the chunk with the file's counters."""
        message, ports = self._message, self._ports
        counted = account((ending.outcome, 1) for ending in self._endings.values())
        counted[Outcome.REJECTED] += message.rejected
        refused = {at: ending for at, ending in self._endings.items() if ending.outcome is Outcome.REJECTED}
        findings = Counter(message.findings)
        findings.update(ending.finding.code for ending in refused.values() if ending.finding)
        told = [at for at, ending in self._endings.items() if ending.outcome is not Outcome.DELIVERED]
        if told:
            lines = [json.dumps({"ordinal": at} | _story(self._endings[at])) for at in sorted(told)]
            await ports.store.put(
                self._key("outcomes.ndjson"), "\n".join([*lines, ""]).encode(), "application/x-ndjson"
            )
        if refused:
            part = await self._reject_rows(refused)
            await ports.store.put(self._key("rejects-delivery.csv"), part, "text/csv; charset=utf-8")
            if self._feed.identity:
                for at in refused:
                    record = self._records[at]
                    await ports.claims.give_up(self._feed.name, record.identity, self._owner(record))
        await ports.ledger.settle_chunk(self._chunk, self._fence, counted, findings, ports.clock.now())
        return counted

    async def _reject_rows(self, refused: Mapping[int, Ending]) -> bytes:
        """The rejects of delivery with their original bytes, which are read again from the pinned object."""
        ports, span, layout = self._ports, self._chunk.span, self._message.chunk.layout
        findings = {at: ending.finding for at, ending in refused.items() if ending.finding}
        fields = {at: json.loads(self._records[at].payload) for at in findings}
        source = await read_range(ports.store, self._file, span.start, span.end, ports.clock, ports.rng)
        return rejects.rows(self._feed, layout, rejected_later(self._feed, layout, span, source, findings, fields))

    def _key(self, name: str) -> str:
        return ids.work_key(self._file.file_id, self._chunk.span.chunk, name)


def _story(ending: Ending) -> dict[str, Any]:
    """An ending as `outcomes.ndjson` tells it."""
    story: dict[str, Any] = {"outcome": str(ending.outcome), "of": ending.of, "batch": ending.batch}
    if ending.finding:
        story |= ending.finding.as_dict()
    return {name: value for name, value in story.items() if value is not None}


def _dump_reasons(reasons: Mapping[int, Reason]) -> bytes:
    return json.dumps({str(ordinal): asdict(reason) for ordinal, reason in sorted(reasons.items())}).encode()


def _load_reasons(body: bytes | None) -> dict[int, Reason]:
    return {int(ordinal): Reason(**reason) for ordinal, reason in json.loads(body or b"{}").items()}
