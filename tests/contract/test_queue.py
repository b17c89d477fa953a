"""The queue's contract, on the twin and on SQS."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pytest

from penstock.adapters.aws_clients import AwsClients
from penstock.adapters.aws_queue import LONGEST, SqsQueue
from penstock.model.errors import Transient
from penstock.ports.queue import Outgoing, Queue, Received
from penstock_testing.memory import MemoryClock, MemoryQueue
from tests.contract.stubs import Scripted, refusal
from tests.support.emulators import Emulator

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATIENCE = 10.0  #: seconds until a message that must come counts as lost


@dataclass(frozen=True)
class Message:
    """A received message."""

    body: str
    group: str
    receipt: str
    receives: int
    seconds: float
    """How long it took to come."""


class Consumer(Protocol):
    """A queue under test, with its receiving end."""

    @property
    def queue(self) -> Queue: ...

    def receive(self) -> list[Message]:
        """What is visible now; invisible for a long time from then on."""
        ...

    async def await_one(self) -> Message:
        """The next message, whenever it comes."""
        ...


@dataclass
class InMemory:
    clock: MemoryClock
    queue: MemoryQueue

    def receive(self) -> list[Message]:
        received: list[Message] = []
        while (held := self.queue.take()) is not None:
            received.append(Message(held.body, held.group, held.receipt, held.receives, 0))
        return received

    async def await_one(self) -> Message:
        began = self.clock.now()
        while not (received := self.receive()):
            await self.clock.sleep(0.5)
            assert self.clock.now() < began + PATIENCE, "it never came"
        (message,) = received
        return Message(message.body, message.group, message.receipt, message.receives, self.clock.now() - began)


@dataclass
class InSqs:
    queue: SqsQueue
    sqs: Any
    _left: list[Message] = field(default_factory=list[Message])

    def receive(self, wait: int = 0) -> list[Message]:
        received: list[Message] = []
        began = time.monotonic()
        while batch := self.sqs.receive_message(
            QueueUrl=self.queue.url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=0 if received else wait,
            MessageSystemAttributeNames=["All"],
        ).get("Messages"):
            received += [
                Message(
                    message["Body"],
                    message["Attributes"]["MessageGroupId"],
                    message["ReceiptHandle"],
                    int(message["Attributes"]["ApproximateReceiveCount"]),
                    time.monotonic() - began,
                )
                for message in batch
            ]
        return received

    async def await_one(self) -> Message:
        (message,) = self.receive(wait=round(PATIENCE))
        return message


@pytest.fixture
def on_sqs(moto: Emulator, on_moto: AwsClients) -> InSqs:
    """moto is faithful here, and quick as long as queues are short."""
    return InSqs(SqsQueue(on_moto.sqs, moto.queue(VisibilityTimeout="1800")), moto.client("sqs"))


@pytest.fixture(params=["memory", "sqs"])
def consumer(request: pytest.FixtureRequest) -> Consumer:
    if request.param == "sqs":
        return request.getfixturevalue("on_sqs")
    clock = MemoryClock()
    return InMemory(clock, MemoryQueue(clock))


def some(number: int, delay: int = 0) -> list[Outgoing]:
    return [Outgoing(f'{{"n":{n},"name":"Köhler"}}', f"group-{n}", delay) for n in range(number)]


@pytest.mark.parametrize("number", [1, 10])
async def test_what_is_sent_is_received_with_its_group(consumer: Consumer, number: int) -> None:
    """R19."""
    assert await consumer.queue.send_batch(some(number)) == []

    received = consumer.receive()
    assert sorted((message.body, message.group) for message in received) == sorted(
        (message.body, message.group) for message in some(number)
    )
    assert {message.receives for message in received} == {1}


async def test_what_is_being_worked_on_is_invisible(consumer: Consumer) -> None:
    await consumer.queue.send_batch(some(1))

    assert len(consumer.receive()) == 1
    assert consumer.receive() == []


async def test_a_delayed_message_comes_later(consumer: Consumer) -> None:
    await consumer.queue.send_batch(some(1, delay=1))

    assert consumer.receive() == []
    assert (await consumer.await_one()).seconds > 0.4


async def test_a_message_held_back_for_no_time_is_there_again_and_counts(consumer: Consumer) -> None:
    await consumer.queue.send_batch(some(1))
    (first,) = consumer.receive()

    await consumer.queue.hold_back(first.receipt, 0)

    (again,) = consumer.receive()
    assert (again.body, again.receives) == (first.body, 2)


async def test_a_message_is_held_back_from_now_on(consumer: Consumer) -> None:
    await consumer.queue.send_batch(some(1))
    (first,) = consumer.receive()

    await consumer.queue.hold_back(first.receipt, 1)

    assert consumer.receive() == []
    assert (await consumer.await_one()).seconds > 0.4


async def test_holding_back_one_leaves_the_others(consumer: Consumer) -> None:
    await consumer.queue.send_batch(some(3))
    received = consumer.receive()

    await consumer.queue.hold_back(received[1].receipt, 0)

    assert [message.body for message in consumer.receive()] == [received[1].body]


# -- taking messages without a mapping


async def test_who_takes_messages_has_their_bodies_and_how_often_they_were_received(consumer: Consumer) -> None:
    await consumer.queue.send_batch(some(1))

    (first,) = await consumer.queue.receive(10, 60)
    await consumer.queue.hold_back(first.receipt, 0)
    (again,) = await consumer.queue.receive(10, 60)

    assert [(one.body, one.receives) for one in (first, again)] == [(some(1)[0].body, 1), (some(1)[0].body, 2)]


async def test_no_more_are_taken_than_asked_for(consumer: Consumer) -> None:
    await consumer.queue.send_batch(some(5))

    taken = [await consumer.queue.receive(2, 60) for _ in range(3)]

    assert [len(some_of_them) for some_of_them in taken] == [2, 2, 1]
    assert {one.body for some_of_them in taken for one in some_of_them} == {message.body for message in some(5)}


async def test_where_nothing_can_be_seen_nothing_is_taken(consumer: Consumer) -> None:
    assert await consumer.queue.receive(1, 60) == []


async def test_what_was_taken_is_seen_again_after_a_while(consumer: Consumer) -> None:
    await consumer.queue.send_batch(some(1))
    await consumer.queue.receive(1, 1)

    assert consumer.receive() == []
    again = await consumer.await_one()
    assert (again.receives, again.seconds > 0.4) == (2, True)


async def test_what_was_taken_can_be_held_back_and_deleted(consumer: Consumer) -> None:
    await consumer.queue.send_batch(some(2))
    first, second = await consumer.queue.receive(2, 60)

    await consumer.queue.delete(first.receipt)
    await consumer.queue.hold_back(second.receipt, 0)

    assert [message.body for message in consumer.receive()] == [second.body]


async def test_deleting_twice_is_deleting_once(consumer: Consumer) -> None:
    await consumer.queue.send_batch(some(1))
    (taken,) = await consumer.queue.receive(1, 60)

    await consumer.queue.delete(taken.receipt)
    await consumer.queue.delete(taken.receipt)

    assert await consumer.queue.is_empty()


@pytest.mark.parametrize("where", ["to be seen", "with a receiver", "delayed"])
async def test_a_queue_is_empty_when_no_message_is_anywhere(consumer: Consumer, where: str) -> None:
    assert await consumer.queue.is_empty()
    await consumer.queue.send_batch(some(1, delay=600 if where == "delayed" else 0))
    if where == "with a receiver":
        await consumer.queue.receive(1, 60)

    assert not await consumer.queue.is_empty()


# -- SQS alone


def stubbed(**scripts: list[Any]) -> tuple[SqsQueue, Scripted]:
    client = Scripted(**scripts)
    return SqsQueue(client, "url"), client


@pytest.mark.parametrize("failed", [[], [2], [9, 0, 4]])
async def test_messages_that_were_not_taken_are_told_by_their_places(failed: Sequence[int]) -> None:
    """R20; no emulator takes half a batch."""
    taken = [{"Id": str(place)} for place in range(10) if place not in failed]
    answer: dict[str, Any] = {"Successful": taken}
    if failed:
        answer["Failed"] = [{"Id": str(place), "Code": "InternalError", "SenderFault": False} for place in failed]
    queue, _ = stubbed(send_message_batch=[answer])

    assert await queue.send_batch(some(10)) == sorted(failed)


async def test_a_call_that_fails_is_transient() -> None:
    queue, _ = stubbed(
        send_message_batch=[refusal("RequestThrottled")],
        change_message_visibility=[refusal("InternalError", 500)],
        receive_message=[refusal("RequestThrottled")],
        delete_message=[refusal("ServiceUnavailable", 503)],
        get_queue_attributes=[refusal("RequestThrottled")],
    )

    with pytest.raises(Transient):
        await queue.send_batch(some(1))
    with pytest.raises(Transient):
        await queue.hold_back("r", 1)
    with pytest.raises(Transient):
        await queue.receive(1, 1)
    with pytest.raises(Transient):
        await queue.delete("r")
    with pytest.raises(Transient):
        await queue.is_empty()


@pytest.mark.parametrize("seconds", [43_200.0, 172_800.0, float("inf")])
async def test_no_message_is_held_back_for_longer_than_sqs_can(seconds: float) -> None:
    """12 hours from its receipt, of which this invocation has had up to 15 minutes."""
    queue, client = stubbed(change_message_visibility=[{}])

    await queue.hold_back("r", seconds)

    assert LONGEST <= 12 * 3600 - 15 * 60
    assert client.calls[0][1]["VisibilityTimeout"] == LONGEST


@pytest.mark.parametrize(("seconds", "asked"), [(0.0, 0), (0.1, 1), (59.2, 60), (1e9, LONGEST)])
async def test_a_message_is_out_of_sight_for_at_least_as_long_as_asked_for(seconds: float, asked: int) -> None:
    """SQS knows whole seconds only, and of those 12 hours."""
    message = {"Body": "b", "ReceiptHandle": "r", "Attributes": {"ApproximateReceiveCount": "7"}}
    queue, client = stubbed(receive_message=[{"Messages": [message]}])

    assert await queue.receive(3, seconds) == [Received("b", "r", 7)]
    request = client.calls[0][1]
    assert (request["VisibilityTimeout"], request["MaxNumberOfMessages"]) == (asked, 3)
    assert request["WaitTimeSeconds"] > 0, "short polling asks some of the servers only, and misses messages"
