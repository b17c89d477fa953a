"""The probe: on a schedule it looks at a feed's circuits, sets its mapping right, and tries an open one with one batch.

    open, and time to probe ─► half-open: one chunk is delivered, call by call
        its first call succeeds ─► closed, the mapping polls again
        it fails                ─► open, the next probe later than this one
    open, and none waits    ─► closed: the next chunk shows what is the case

The chunk is that of a message off the feed's queue; of a feed with lanes, whose queue has messages of all of them, one
that waits for this very destination by the ledger. A message that was taken for the probe comes back by a message of
its own, so probing for hours ends in no DLQ.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

from penstock.deliver.circuit import close, half_open
from penstock.deliver.stage import DispatcherPorts, come_back_later, dispatch
from penstock.feeds import feed_named
from penstock.feeds.lanes import has_lanes, lane_of
from penstock.identity.examination import policy_of
from penstock.io.by_itself import ByItself
from penstock.io.sending import put_off
from penstock.io.targets import target_of
from penstock.model.errors import MalformedMessage, Misconfigured, NewerRelease, Transient
from penstock.model.lane_names import parts_of
from penstock.model.messages import DispatchMessage, read_message
from penstock.model.rows import ChunkRow, ChunkState, FileRow
from penstock.model.stage_result import StageResult
from penstock.outputs.handover import dispatch_message_of, message_of
from penstock.ports.queue import Outgoing, Queue, Received
from penstock.ports.throttle import Circuit

TRIED = 5  #: chunks at most, until one of them calls the destination
OPEN_FILES = 500  #: the oldest, among which chunks are looked for that wait for a lane's destination
PROBE_SECONDS = 300.0  #: a probe that is not over by then was lost; the dispatcher's timeout


@dataclass(frozen=True, slots=True)
class _Probe:
    """A look at one destination's circuit; `name` is as in `Throttle`."""

    ports: DispatcherPorts
    name: str
    queue: Queue
    deadline: float
    by_itself: ByItself


async def probe(ports: DispatcherPorts, name: str, deadline: float, *, early: bool = False) -> StageResult:
    """Looks at the circuit of one feed's destination, or of a lane's own; `deadline` is when the invocation ends, in
    seconds since the epoch. An open one is tried once it is time, or `early`, for an operator who has mended the
    destination.

    Raises:
        Transient: something broke; the next probe sets it right. Whatever else is raised has been told.
    """
    feed, _ = parts_of(name)
    by_itself = ByItself(ports, "circuits", deadline)
    try:
        circuit = await _look(_Probe(ports, name, ports.dispatches[feed], deadline, by_itself), early=early)
        is_misconfigured = await _has_wrong_settings(ports, name)
    except Transient:
        raise
    except Exception as error:
        await by_itself.tell(name, error)
        raise
    counts = {
        "CircuitOpen": float(circuit is not Circuit.CLOSED),
        "SettingsWrong": float(is_misconfigured),
        "LookFaults": float(by_itself.faults),
    }
    return StageResult(f"circuit {circuit}", feed, name, counts)


async def probe_each(ports: DispatcherPorts, feed: str, deadline: float) -> list[StageResult]:
    """Looks at the circuits of the feed's destination and of those that its lanes have of their own, each by itself.

    Raises:
        Transient: none could be looked at, or nobody knows which there are.
    """
    names = [feed, *(await ports.destination.lanes(feed) if has_lanes(feed) else ())]
    ends = await asyncio.gather(*(probe(ports, name, deadline) for name in names), return_exceptions=True)
    failed = {name: end for name, end in zip(names, ends, strict=True) if isinstance(end, BaseException)}
    if len(failed) == len(names):
        raise failed[feed]
    return [end for end in ends if not isinstance(end, BaseException)] + [
        StageResult(f"not looked at: {type(error).__name__}", feed, name, {"LookFaults": 1.0})
        for name, error in failed.items()
    ]


async def _look(probe: _Probe, *, early: bool) -> Circuit:
    """How the circuit is afterwards."""
    ports, name = probe.ports, probe.name
    row = await ports.throttle.row(name)
    # Whoever changed the circuit switched the mapping too, unless it died in between; and a release that knew of no
    # lanes may have switched off that of a feed which has some by now.
    feed, _ = parts_of(name)
    await ports.mappings.switch(feed, on=has_lanes(feed) or row.circuit is Circuit.CLOSED)
    if row.circuit is not Circuit.CLOSED and await half_open(ports.circuit, name, PROBE_SECONDS, early=early):
        await (_try_waiting(probe) if has_lanes(feed) else _try(probe))
    return (await ports.throttle.row(name)).circuit


async def _has_wrong_settings(ports: DispatcherPorts, name: str) -> bool:
    """Whether nothing is sent until somebody has mended the destination's settings: its chunks only wait, by messages
    that are always young."""
    try:
        target = await target_of(ports.destination, name)
        policy_of(feed_named(parts_of(name)[0]), target.settings.policy)
    except Misconfigured:
        return True
    except Transient:
        return False
    return False


async def _is_decided(probe: _Probe) -> bool:
    return (await probe.ports.throttle.row(probe.name)).circuit is not Circuit.HALF_OPEN


async def _stay_open(probe: _Probe) -> None:
    """Everything is held back at the moment; the circuit stays as it was, and the next probe finds something."""
    now = probe.ports.clock.now()
    await probe.ports.throttle.end_probe(probe.name, now, now)


async def _try(probe: _Probe) -> None:
    ports = probe.ports
    for _ in range(TRIED):
        received = await probe.queue.receive(1, probe.deadline - ports.clock.now())
        if not received:
            break
        await _deliver(probe, received[0])
        if await _is_decided(probe):
            return
    if await probe.queue.is_empty():
        await close(ports.circuit, probe.name)
    else:
        await _stay_open(probe)


async def _deliver(probe: _Probe, received: Received) -> None:
    ports = probe.ports
    try:
        message = read_message(received.body, DispatchMessage)
    except MalformedMessage:
        return
    except NewerRelease:
        await put_off(probe.queue, received.body, probe.name)
        await probe.queue.delete(received.receipt)
        return
    try:
        await dispatch(ports, message, probe.deadline, probing=True)
    except Transient as error:
        await come_back_later(ports, message, error.after)
    except Exception as error:
        # It comes back by itself, until it lies in the DLQ; the probe tries the next one.
        await probe.by_itself.tell(message.chunk.chunk_id, error)
        return
    await probe.queue.delete(received.receipt)


# -- of a feed with lanes


class _Nowhere:
    """The feed's queue, for a chunk whose own message waits there already."""

    async def send_batch(self, messages: Sequence[Outgoing]) -> list[int]:
        """Takes them all, and keeps none."""
        return []


async def _try_waiting(probe: _Probe) -> None:
    ledger, tried = probe.ports.ledger, 0
    for row in await ledger.open_files(OPEN_FILES):
        if row.layout is None or not await _goes_there(probe, lane_of(row.file)):
            continue
        for chunk in await ledger.chunks(row.file.file_id):
            if chunk.state is not ChunkState.VALIDATED or not await _deliver_waiting(probe, row, chunk):
                continue
            tried += 1
            if await _is_decided(probe):
                return
            if tried == TRIED:
                await _stay_open(probe)
                return
    await (_stay_open(probe) if tried else close(probe.ports.circuit, probe.name))


async def _goes_there(probe: _Probe, lane: str) -> bool:
    """Whether a lane's records go to this destination."""
    feed, _ = parts_of(lane)
    if probe.name != feed or lane == feed:
        return lane == probe.name
    try:
        return await probe.ports.destination.own_settings(lane) is None
    except Misconfigured:
        return False


async def _deliver_waiting(probe: _Probe, row: FileRow, chunk: ChunkRow) -> bool:
    """Whether the chunk has anything to deliver, which is tried. Where it comes to nothing, its own message, which
    waits in the queue, comes back, and so does the probe."""
    feed, _ = parts_of(probe.name)
    ports = replace(probe.ports, dispatches={feed: cast(Queue, _Nowhere())})
    try:
        message = await dispatch_message_of(ports.store, message_of(row, chunk), chunk)
        if message is None or not message.accepted:
            return False
        await dispatch(ports, message, probe.deadline, probing=True)
    except Transient:
        pass
    except Exception as error:
        await probe.by_itself.tell(chunk.chunk_id, error)
    return True
