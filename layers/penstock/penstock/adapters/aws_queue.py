"""SQS behind the queue's port."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from penstock.adapters.aws_faults import transient_faults
from penstock.ports.queue import Outgoing, Received

LONGEST = 42_000  #: seconds; SQS allows 12 hours from the receipt, of which the invocation has had its part
WAIT = 1  #: second to wait for a message: only a call that waits asks all of SQS's servers (long polling)


@dataclass(frozen=True, slots=True)
class SqsQueue:
    """As `Queue`."""

    sqs: Any
    url: str

    async def send_batch(self, messages: Sequence[Outgoing]) -> list[int]:
        """As `Queue.send_batch`."""
        entries: list[dict[str, Any]] = [
            {"Id": str(place), "MessageBody": message.body, "MessageGroupId": message.group}
            | ({"DelaySeconds": message.delay} if message.delay else {})
            for place, message in enumerate(messages)
        ]
        with transient_faults():
            answer = await self.sqs.send_message_batch(QueueUrl=self.url, Entries=entries)
        return sorted(int(failed["Id"]) for failed in answer.get("Failed", ()))

    async def hold_back(self, receipt: str, seconds: float) -> None:
        """As `Queue.hold_back`."""
        with transient_faults():
            await self.sqs.change_message_visibility(
                QueueUrl=self.url, ReceiptHandle=receipt, VisibilityTimeout=round(min(LONGEST, seconds))
            )

    async def receive(self, most: int, seconds: float) -> list[Received]:
        """As `Queue.receive`."""
        with transient_faults():
            answer = await self.sqs.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=most,
                VisibilityTimeout=ceil(min(LONGEST, seconds)),
                WaitTimeSeconds=WAIT,
                MessageSystemAttributeNames=["ApproximateReceiveCount"],
            )
        return [
            Received(message["Body"], message["ReceiptHandle"], int(message["Attributes"]["ApproximateReceiveCount"]))
            for message in answer.get("Messages", ())
        ]

    async def delete(self, receipt: str) -> None:
        """As `Queue.delete`."""
        with transient_faults():
            await self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=receipt)

    async def is_empty(self) -> bool:
        """As `Queue.is_empty`."""
        with transient_faults():
            answer = await self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=_COUNTS)
        return not any(int(answer["Attributes"][name]) for name in _COUNTS)


_COUNTS = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
]
