"""An SQS standard queue: at least once, in no order, with visibility timeouts, receive counts and dead letters."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from penstock.ports.queue import Outgoing, Received
from tests.simulation.chaos import Chaos, Kind
from tests.simulation.releases import Deployed, is_newer
from tests.simulation.virtual import VirtualLoop


@dataclass(slots=True)
class Message:
    """A message in a queue. `sent` is its body as it was handed over, `body` as its sender's release writes it.
    `visible_at` is when it can be received next; each receipt names it anew. `understood` says that a release received
    it that knows its version. A `poison` message is nothing that anybody here has sent. `taken` says
    that a consumer has it."""

    number: int
    body: str
    group: str
    visible_at: float
    sent: str = ""
    receives: int = 0
    understood: bool = False
    poison: bool = False
    taken: bool = False

    @property
    def receipt(self) -> str:
        """What the last receiver holds."""
        return f"{self.number}/{self.receives}"


class SimQueue:
    """As `Queue`, and what its consumers and operators do with it."""

    def __init__(
        self,
        name: str,
        visibility: float,
        most_receives: int,
        deployed: Deployed,
        loop: VirtualLoop,
        chaos: Chaos,
        rng: random.Random,
    ) -> None:
        self.name, self._deployed = name, deployed
        self._visibility, self._most_receives = visibility, most_receives
        self._loop, self._chaos, self._rng = loop, chaos, rng
        self._sent = 0
        self.messages: dict[int, Message] = {}
        self.dead: list[Message] = []
        self.dead_in_all = 0
        self.bodies: list[tuple[str, str]] = []
        #: Bodies of messages that expired, or were purged.
        self.lost: set[str] = set()
        self.broken: list[str] = []
        #: Called when a message becomes visible.
        self.wake: Callable[[], None] = lambda: None
        #: Whether the group with the fewest messages in flight is served first, as SQS's fair queues do it.
        self.is_fair = False

    # -- senders

    async def send_batch(self, messages: Sequence[Outgoing]) -> list[int]:
        """As `Queue.send_batch`."""
        for message in messages:
            self.put(message.body, message.group, message.delay)
        return []

    def put(self, body: str, group: str, delay: float = 0.0) -> None:
        """One message; the network may double it or sit on it, and a queue where nobody comes for it lets it expire."""
        self.bodies.append((body, group))
        if self._chaos.expires(self.name):
            self.lost.add(body)
            return
        sent, body = body, self._deployed.write(body)
        fault = self._chaos.strike("message")
        if fault is Kind.DELAYED:
            delay += self._rng.uniform(1.0, 3600.0)
        for _ in range(2 if fault is Kind.DOUBLED else 1):
            self._sent += 1
            message = Message(self._sent, body, group, 0.0, sent)
            self.messages[message.number] = message
            self._show(message, delay + self._rng.uniform(0.0, 0.2))

    # -- consumers

    async def receive(self, most: int, seconds: float) -> list[Received]:
        """As `Queue.receive`."""
        taken: list[Received] = []
        while len(taken) < most and (message := self.take()):
            self._show(message, seconds)
            taken.append(Received(self._deployed.read(message.body), message.receipt, message.receives))
        return taken

    async def delete(self, receipt: str) -> None:
        """As `Queue.delete`."""
        message = self._held_by(receipt)
        if message:
            del self.messages[message.number]

    async def is_empty(self) -> bool:
        """As `Queue.is_empty`."""
        return not self.messages

    def take(self) -> Message | None:
        """Any message that is visible, invisible from now on; one received too often goes to the dead."""
        now = self._loop.time()
        visible = [message for message in self.messages.values() if message.visible_at <= now]
        while visible:
            message = visible.pop(self._place_in(visible))
            if message.receives < self._most_receives:
                message.receives += 1
                message.taken = True
                message.understood |= self._deployed.latest.newer or not is_newer(message.body)
                self._show(message, self._visibility)
                return message
            del self.messages[message.number]
            if not message.understood:
                self.broken.append(f"{self.name}: a message of a newer release was given up by an older one")
            message.visible_at = now
            self.dead.append(message)
            self.dead_in_all += 1
        return None

    def _place_in(self, visible: Sequence[Message]) -> int:
        """Which of these messages is given out."""
        if not self.is_fair:
            return self._rng.randrange(len(visible))
        in_flight = Counter(message.group for message in self.messages.values() if message.taken)
        return min(range(len(visible)), key=lambda place: (in_flight[visible[place].group], self._rng.random()))

    async def hold_back(self, receipt: str, seconds: float) -> None:
        """As `Queue.hold_back`. A receipt that another has followed does nothing."""
        message = self._held_by(receipt)
        if message:
            message.taken = False
            self._show(message, round(seconds))

    def acknowledge(self, receipt: str) -> None:
        """The mapping is done with it, unless another has received it since."""
        message = self._held_by(receipt)
        if message and self._chaos.strike("deletion") is None:
            del self.messages[message.number]

    # -- operators

    @property
    def is_idle(self) -> bool:
        """Nothing lies here that anybody is to work on."""
        return not self.messages and all(message.poison for message in self.dead)

    def purge(self, letters: bool) -> None:
        """Everything in the queue is gone, or everything in its DLQ."""
        purged = [one for one in self.dead if not one.poison] if letters else list(self.messages.values())
        self.lost |= {message.sent for message in purged}
        if letters:
            self.dead = [message for message in self.dead if message.poison]
        else:
            self.messages.clear()

    def poison(self, body: str) -> None:
        """A dead letter that nobody can do anything about."""
        self._sent += 1
        self.dead.append(Message(self._sent, body, "", self._loop.time(), poison=True))

    def redrive(self) -> None:
        """What is dead gets its chances again."""
        for message in filter(lambda one: not one.poison, self.dead):
            message.receives = 0
            self.messages[message.number] = message
            self._show(message, self._rng.uniform(0.0, 1.0))
        self.dead = [message for message in self.dead if message.poison]

    def _held_by(self, receipt: str) -> Message | None:
        message = self.messages.get(int(receipt.split("/")[0]))
        return message if message and message.receipt == receipt else None

    def _show(self, message: Message, after: float) -> None:
        message.visible_at = self._loop.time() + after
        self._loop.call_at(message.visible_at, lambda: self.wake())


class DeadLetters:
    """A DLQ, as the sweeper looks at it. Taking from it is the operators' business."""

    def __init__(self, queue: SimQueue, deployed: Deployed, loop: VirtualLoop) -> None:
        self._queue, self._deployed, self._loop = queue, deployed, loop

    async def receive(self, most: int, seconds: float) -> list[Received]:
        """As `Queue.receive`."""
        now = self._loop.time()
        visible = [message for message in self._queue.dead if message.visible_at <= now][:most]
        for message in visible:
            message.visible_at = now + seconds
        return [Received(self._deployed.read(message.body), str(message.number), 1) for message in visible]

    async def hold_back(self, receipt: str, seconds: float) -> None:
        """As `Queue.hold_back`."""
        for message in self._queue.dead:
            if str(message.number) == receipt:
                message.visible_at = self._loop.time() + seconds
