"""Batches on their way to a destination: composed, fixed in the ledger, sent under its rate, and their answers read."""

import asyncio
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from penstock.deliver.body import body_of
from penstock.deliver.circuit import Breaker
from penstock.deliver.lease import ChunkLease
from penstock.deliver.pinning import Call, call_of, why_key_is_lost, why_never_again
from penstock.deliver.rate_limiter import RateLimiter
from penstock.deliver.responses import MAYBE_DONE, OF_THE_PAYLOAD, TOO_FAST, Meaning, Reading, read_answer
from penstock.feeds.feed import Feed
from penstock.identity.lookup import Progress
from penstock.model import ids
from penstock.model.errors import Misconfigured, NotNow, Transient, Unanswered
from penstock.model.ordinals import folded
from penstock.model.rows import BatchRow, BatchState, Owner
from penstock.outputs.answers import Reason, ends_of, write_reasons
from penstock.ports.clock import Clock
from penstock.ports.destination import Answer, Destination, DestinationSettings
from penstock.ports.object_store import ObjectStore


@dataclass(slots=True)
class BatchSender:
    """Sends the batches of one chunk; `deadline` is when the invocation ends, in seconds since the epoch. What has
    ended goes into `progress`, what has to be tried again is left in `faults`, by its number."""

    lease: ChunkLease
    progress: Progress
    feed: Feed
    destination: Destination
    settings: DestinationSettings
    store: ObjectStore
    clock: Clock
    turns: RateLimiter
    breaker: Breaker
    deadline: float
    faults: dict[int, Transient] = field(default_factory=dict[int, Transient])
    calls: int = 0
    _got_further: bool = False

    async def compose(self, ordinals: Iterable[int], held: Iterable[int]) -> list[BatchRow]:
        """New batches to be sent, fixed in the ledger before anything is; numbers go on from those before. What is to
        be held is fixed with them, in a batch of its own."""
        waits, ours, size = tuple(sorted(held)), sorted(ordinals), self.settings.batch_records
        number, generation = len(self.progress.batches), self.lease.chunk.generation
        batches = [
            BatchRow(number=number + place, ordinals=tuple(ours[at : at + size]), generation=generation)
            for place, at in enumerate(range(0, len(ours), size))
        ]
        kept = [BatchRow(number + len(batches), waits, generation, BatchState.HELD)] if waits else []
        await self.lease.fix([*kept, *batches])
        for batch in kept:
            await self.take_up(batch)
        return batches

    async def park(self, in_doubt: Mapping[int, Owner]) -> None:
        """Fixes batches that are never sent: whether their records were delivered already, by other chunks that are
        forgotten, is for an operator to decide. One batch for each of those chunks."""
        generation, numbers = self.lease.chunk.generation, itertools.count(len(self.progress.batches))
        by_chunk: dict[tuple[str, int], list[int]] = {}
        for ordinal, owner in in_doubt.items():
            by_chunk.setdefault((owner.file_id, owner.chunk), []).append(ordinal)
        batches = [
            BatchRow(
                next(numbers), tuple(sorted(ordinals)), generation, BatchState.UNKNOWN, reason=_sent_by(file_id, chunk)
            )
            for (file_id, chunk), ordinals in by_chunk.items()
        ]
        await self.lease.fix(batches)
        for batch in batches:
            await self.take_up(batch)

    async def take_up(self, batch: BatchRow, reasons: Mapping[int, Reason] | None = None) -> None:
        """Takes up a batch as the ledger has it. What one of this generation says of its records ends them."""
        self.progress.batches[batch.number] = batch
        if batch.generation == self.lease.chunk.generation:
            self.progress.ends |= await ends_of(self.store, self.lease.chunk, batch, reasons)

    async def send(self, batches: Sequence[BatchRow]) -> None:
        """Sends batches under the destination's rate, some at once."""
        at_once = asyncio.Semaphore(self.settings.concurrency)

        async def deliver(batch: BatchRow) -> None:
            async with at_once:
                try:
                    await self._deliver(batch)
                except Transient as error:
                    self.faults[batch.number] = error

        async with asyncio.TaskGroup() as tasks:
            for batch in batches:
                tasks.create_task(deliver(batch))

    async def resume(self, batches: Sequence[BatchRow]) -> None:
        """Sends batches that an attempt before has fixed. What surely was not applied may change: records of a batch
        that has lost some, or is larger than the destination takes by now, go into other batches."""
        kept: list[BatchRow] = []
        for batch in batches:
            if batch.unanswered or self._is_fit(batch):
                kept.append(batch)
            else:
                dropped = replace(batch, state=BatchState.DROPPED)
                await self.lease.end(dropped)
                await self.take_up(dropped)
        await self.send(kept)

    def _is_fit(self, batch: BatchRow) -> bool:
        """Whether a batch can be sent as it was composed."""
        size = len(batch.ordinals)
        return size <= self.settings.batch_records and self.progress.records.keys() >= set(batch.ordinals)

    async def end(self) -> None:
        """Everything that can be sent now has been.

        Raises:
            NotNow: the rest is to come back later. So it is where something failed and something got further: only
                attempts that lead nowhere count.
            Transient: something failed.
        """
        await self.breaker.end()
        if self.faults:
            after = max(error.after or 0 for error in self.faults.values()) or None
            failed = self._failed()
            reason = next(iter(failed), str(next(iter(self.faults.values()))))
            raise (NotNow if not failed or self._got_further else Transient)(reason, after, failed)

    def _failed(self) -> dict[str, str]:
        """The numbers of the batches whose calls failed, by reason; those that only had to wait are not among them."""
        numbers: dict[str, list[int]] = {}
        for number, error in sorted(self.faults.items()):
            if not isinstance(error, NotNow):
                numbers.setdefault(str(error), []).append(number)
        return {reason: folded(those) for reason, those in numbers.items()}

    async def _deliver(self, batch: BatchRow) -> None:
        """One batch, one call: its end is written to the ledger, or Transient says that it must come again."""
        in_doubt, call = batch.unanswered, self._call(batch)
        reason = why_never_again(batch, call, self._until) if in_doubt else ""
        if reason or call is None:
            await self._park(batch, reason)
            return
        turn_ends = await self.turns.next(len(batch.ordinals))
        batch = await self.lease.begin_attempt(replace(batch, sent=call.sent), self.clock.now())
        if self.clock.now() > turn_ends:
            await self.lease.note_nothing_done(batch, in_doubt=in_doubt)
            raise NotNow("the ledger was slow, and the call missed its turn", after=0)
        self.calls += 1
        try:
            answer = await self.destination.post(self.settings, call.key, call.body)
        except Unanswered:
            await self._doubt(batch, "the destination did not answer")
        except Transient as error:
            await self.lease.note_nothing_done(batch, in_doubt=in_doubt)
            if not isinstance(error, Misconfigured):  # which says nothing about the destination
                await self.breaker.failed(str(error))
            raise
        else:
            await self._read(batch, answer, in_doubt)

    def _call(self, batch: BatchRow) -> Call | None:
        """The batch's next call, None where some of its records are not accepted any more."""
        chunk, records = self.lease.chunk, self.progress.records
        if not records.keys() >= set(batch.ordinals):
            return None
        key = ids.batch_id(chunk.file_id, chunk.span.chunk, batch.number)
        body = body_of(self.feed, chunk.file_id, key, batch, records)
        return call_of(self.settings, key, body, batch, self.clock.now())

    @property
    def _until(self) -> float:
        """How long a key must be kept: as long as this invocation can go on, and its last call be under way."""
        return self.deadline + self.settings.timeout_seconds

    async def _read(self, batch: BatchRow, answer: Answer, in_doubt: bool) -> None:
        """Does what the destination's answer says. The ledger hears of it before the circuit does."""
        reading, status = read_answer(answer, len(batch.ordinals), in_doubt), answer.status
        if reading.meaning is Meaning.DOUBT and status in OF_THE_PAYLOAD:
            # Asked a third time, it would answer the same.
            await self._park(batch, f"an answer was lost, and the destination answered {status} when asked again")
            await self.breaker.succeeded()
        elif reading.meaning is Meaning.DOUBT:
            await self._doubt(batch, "the destination's answer leaves in doubt what it did", answer.retry_after)
        elif reading.meaning is Meaning.LATER and status in MAYBE_DONE:
            await self._doubt(batch, f"the destination answered {status}, and may have done it", answer.retry_after)
        elif reading.meaning is Meaning.LATER:
            await self.lease.note_nothing_done(batch, in_doubt=in_doubt)
            await self._come_again(status, answer.retry_after)
        else:
            await self._take(replace(batch, answered=_told(answer)), reading)

    async def _come_again(self, status: int, after: float | None) -> None:
        """The destination has done nothing, and is to be asked again."""
        if status == TOO_FAST:
            await self.turns.slow_down(after or 0)
            await self.breaker.succeeded()
            raise NotNow("the destination says that calls come too fast", after=after)
        await self.breaker.failed(f"the destination answered {status}")
        raise (NotNow if after else Transient)(f"the destination answered {status}", after=after)

    async def _doubt(self, batch: BatchRow, what: str, after: float | None = None) -> None:
        """Nobody knows whether the batch was applied. It is asked again, or parked where that could do it twice."""
        reason = why_key_is_lost(batch.sent, self._until) if batch.sent else "it was not noted what was sent"
        if reason:
            await self._park(batch, f"{what}; {reason}")
        await self.breaker.failed(what)
        if not reason:
            raise (NotNow if after else Transient)(what, after=after)

    async def _park(self, batch: BatchRow, reason: str) -> None:
        """A batch that may have been applied, and cannot be asked again, is for an operator to decide."""
        await self._end(replace(batch, state=BatchState.UNKNOWN, unanswered=False, reason=reason))

    async def _take(self, batch: BatchRow, reading: Reading) -> None:
        """The destination took the batch, or refused it, as a whole or in part."""
        rejected = reading.meaning is Meaning.REFUSED
        reasons = dict.fromkeys(range(len(batch.ordinals)), reading.reason) if rejected else reading.refused
        refused = {batch.ordinals[index]: reason for index, reason in reasons.items()}
        if refused:
            await write_reasons(self.store, self.lease.chunk, batch, refused)
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
        await self.breaker.succeeded()
        if returned:
            raise Transient(f"the destination asked to have {len(returned)} records again")

    async def _end(self, batch: BatchRow, reasons: Mapping[int, Reason] | None = None) -> None:
        await self.lease.end(batch)
        self._got_further |= len(batch.returned) < len(batch.ordinals)
        await self.take_up(batch, reasons)


def _told(answer: Answer) -> str:
    return f"{answer.status}:{sha256(answer.body).hexdigest()}"


def _sent_by(file_id: str, chunk: int) -> str:
    return (
        f"chunk {ids.chunk_id(file_id, chunk)} has sent the same records, and it was never known whether they were"
        " applied; its account has expired"
    )
