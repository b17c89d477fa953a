"""Sending many messages so that every one of them is sent, or the sender knows it failed (R20)."""

import random
from collections.abc import Iterable, Iterator

from penstock.feeds.lanes import lane_of
from penstock.io.retry import backoff
from penstock.model.errors import Transient
from penstock.model.messages import DispatchMessage, Message
from penstock.ports.clock import Clock
from penstock.ports.queue import Outgoing, Outlet

PER_CALL = 10  #: SendMessageBatch takes no more entries
LONGEST_DELAY = 900  #: seconds; SQS delays no message for longer
BYTES_PER_CALL = 1024 * 1024  #: SendMessageBatch takes no more, over all entries, in encoded bytes
ATTEMPTS = 5


def outgoing(message: Message, delay: int = 0) -> Outgoing:
    """A message in the group of its file's lane: a fair queue gives each its turn (R19). It can be received after so
    many seconds."""
    file = message.chunk.file if isinstance(message, DispatchMessage) else message.file
    return Outgoing(message.model_dump_json(), lane_of(file), delay)


async def send_all(queue: Outlet, messages: Iterable[Outgoing], clock: Clock, rng: random.Random) -> None:
    """Sends every message; entries that were not taken are sent again.

    Raises:
        Transient: some were still not taken after the last attempt.
    """
    for call in calls(messages):
        left = call
        for attempt in range(1, ATTEMPTS + 1):
            failed = await queue.send_batch(left)
            left = [left[place] for place in failed]
            if not left:
                break
            await clock.sleep(backoff(attempt, rng) / 10)
        else:
            raise Transient(f"{len(left)} of {len(call)} messages were not taken by the queue")


async def put_off(queue: Outlet, body: str, group: str) -> None:
    """Sends a message again as it is, to come as late as it can: the one that it is put in place of is done with, so
    that no receive is counted, and no wait ends in a DLQ.

    Raises:
        Transient: the queue did not take it.
    """
    if await queue.send_batch([Outgoing(body, group, LONGEST_DELAY)]):
        raise Transient("the message was not taken by the queue")


def calls(messages: Iterable[Outgoing]) -> Iterator[list[Outgoing]]:
    """The messages in order, as many together as one call can carry."""
    call: list[Outgoing] = []
    size = 0
    for message in messages:
        length = len(message.body.encode()) + len(message.group.encode())
        if call and (len(call) == PER_CALL or size + length > BYTES_PER_CALL):
            yield call
            call, size = [], 0
        call.append(message)
        size += length
    if call:
        yield call
