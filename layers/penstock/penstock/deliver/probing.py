"""The probe: on a schedule it looks at a feed's circuit, sets its mapping right, and tries an open one with one batch.

    open, and time to probe ─► half-open: one message is taken off the queue and delivered, call by call
        its first call succeeds ─► closed, the mapping polls again
        it fails                ─► open, the next probe later than this one
    open, and the queue is empty ─► closed: the next message shows what is the case

A message that was taken for the probe comes back by a message of its own, so probing for hours ends in no DLQ.
"""

from dataclasses import dataclass

from penstock.deliver.circuit import close, half_open
from penstock.deliver.stage import DispatcherPorts, come_back_later, dispatch
from penstock.feeds import feed_named
from penstock.identity.examination import policy_of
from penstock.io.by_itself import ByItself
from penstock.io.sending import put_off
from penstock.model.errors import MalformedMessage, Misconfigured, NewerRelease, Transient
from penstock.model.messages import DispatchMessage, read_message
from penstock.model.stage_result import StageResult
from penstock.ports.queue import Queue, Received
from penstock.ports.throttle import Circuit

TRIED = 5  #: messages at most, until one of them calls the destination
PROBE_SECONDS = 300.0  #: a probe that is not over by then was lost; the dispatcher's timeout


@dataclass(frozen=True, slots=True)
class _Probe:
    ports: DispatcherPorts
    feed: str
    queue: Queue
    deadline: float
    by_itself: ByItself


async def probe(ports: DispatcherPorts, feed: str, deadline: float, *, early: bool = False) -> StageResult:
    """Looks at one feed's circuit; `deadline` is when the invocation ends, in seconds since the epoch. An open one is
    tried once it is time, or `early`, for an operator who has mended the destination.

    Raises:
        Transient: something broke; the next probe sets it right. Whatever else is raised has been told.
    """
    by_itself = ByItself(ports, "circuits", deadline)
    try:
        circuit = await _look(_Probe(ports, feed, ports.dispatches[feed], deadline, by_itself), early=early)
        is_misconfigured = await _has_wrong_settings(ports, feed)
    except Transient:
        raise
    except Exception as error:
        await by_itself.tell(feed, error)
        raise
    counts = {
        "CircuitOpen": float(circuit is not Circuit.CLOSED),
        "SettingsWrong": float(is_misconfigured),
        "LookFaults": float(by_itself.faults),
    }
    return StageResult(f"circuit {circuit}", feed, feed, counts)


async def _look(probe: _Probe, *, early: bool) -> Circuit:
    """How the circuit is afterwards."""
    ports, feed = probe.ports, probe.feed
    row = await ports.throttle.row(feed)
    # Whoever changed the circuit switched the mapping too, unless it died in between.
    await ports.mappings.switch(feed, on=row.circuit is Circuit.CLOSED)
    if row.circuit is not Circuit.CLOSED and await half_open(ports.circuit, feed, PROBE_SECONDS, early=early):
        await _try(probe)
    return (await ports.throttle.row(feed)).circuit


async def _has_wrong_settings(ports: DispatcherPorts, feed: str) -> bool:
    """Whether nothing is sent until somebody has mended the destination's settings: its chunks only wait, by messages
    that are always young."""
    try:
        policy_of(feed_named(feed), (await ports.destination.settings(feed)).policy)
    except Misconfigured:
        return True
    except Transient:
        return False
    return False


async def _try(probe: _Probe) -> None:
    ports, feed = probe.ports, probe.feed
    for _ in range(TRIED):
        received = await probe.queue.receive(1, probe.deadline - ports.clock.now())
        if not received:
            break
        await _deliver(probe, received[0])
        if (await ports.throttle.row(feed)).circuit is not Circuit.HALF_OPEN:
            return
    if await probe.queue.is_empty():
        await close(ports.circuit, feed)
    else:
        # Everything is held back at the moment; the circuit stays as it was, and the next probe finds something.
        now = ports.clock.now()
        await ports.throttle.end_probe(feed, now, now)


async def _deliver(probe: _Probe, received: Received) -> None:
    ports = probe.ports
    try:
        message = read_message(received.body, DispatchMessage)
    except MalformedMessage:
        return
    except NewerRelease:
        await put_off(probe.queue, received.body, probe.feed)
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
