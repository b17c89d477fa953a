"""The ports of queues."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to send: the body, the fair queue's group (R19), and seconds until it can be received."""

    body: str
    group: str
    delay: int = 0


@dataclass(frozen=True, slots=True)
class Received:
    """A message as its receiver has it. `receives` counts how often it has been received, this time included."""

    body: str
    receipt: str
    receives: int


class Outlet(Protocol):
    """An SQS queue, as its senders see it."""

    async def send_batch(self, messages: Sequence[Outgoing]) -> list[int]:
        """Sends at most 10 messages in one call; the places of those that were not taken.

        Raises:
            Transient: the call failed; nothing is known of any of them.
        """
        ...


class Queue(Outlet, Protocol):
    """An SQS queue, as its consumers see it, too."""

    async def hold_back(self, receipt: str, seconds: float) -> None:
        """Makes a received message visible again after `seconds`, counted from now."""
        ...

    async def receive(self, most: int, seconds: float) -> list[Received]:
        """At most `most` (up to 10) messages, invisible to others for `seconds`; none where none can be seen now.

        For those that take messages without a mapping: the probe, the sweeper and operators.

        Raises:
            Transient: the call failed.
        """
        ...

    async def delete(self, receipt: str) -> None:
        """Done with a received message."""
        ...

    async def is_empty(self) -> bool:
        """Whether no message is there: none to be seen, none with a receiver, none delayed. SQS counts a while late."""
        ...
