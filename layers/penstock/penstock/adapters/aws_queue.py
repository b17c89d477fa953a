"""SQS behind the queue's port."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from penstock.adapters.aws_faults import transient_faults
from penstock.ports import Outgoing

LONGEST = 42_000  #: seconds; SQS allows 12 hours from the receipt, of which the invocation has had its part


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
