"""The three stages over given ports, one after the other, and the CPU seconds that each takes."""

import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from penstock.deliver.stage import DispatcherPorts, dispatch
from penstock.model.messages import ChunkMessage, DispatchMessage, SourceFile, SplitMessage, read_message
from penstock.ports.claims import Claims
from penstock.ports.clock import Clock
from penstock.ports.destination import Destination
from penstock.ports.event_bus import EventBus
from penstock.ports.histories import Histories
from penstock.ports.ledger import Ledger
from penstock.ports.mappings import Mappings
from penstock.ports.object_store import ObjectStore
from penstock.ports.queue import Outgoing, Queue, Received
from penstock.ports.throttle import Throttle
from penstock.split.stage import SplitterPorts, split
from penstock.validate.stage import ValidatorPorts, validate

STAGES = ("splitter", "validator", "dispatcher")


@dataclass
class Tapped:
    """A queue whose messages are also kept here, for the next stage."""

    queue: Queue
    bodies: list[str] = field(default_factory=list[str])

    async def send_batch(self, messages: Sequence[Outgoing]) -> list[int]:
        self.bodies += [message.body for message in messages]
        return await self.queue.send_batch(messages)

    async def hold_back(self, receipt: str, seconds: float) -> None:
        await self.queue.hold_back(receipt, seconds)

    async def receive(self, most: int, seconds: float) -> list[Received]:
        return await self.queue.receive(most, seconds)

    async def delete(self, receipt: str) -> None:
        await self.queue.delete(receipt)

    async def is_empty(self) -> bool:
        return await self.queue.is_empty()


@dataclass(frozen=True)
class Ports:
    """What the stages need of the world."""

    store: ObjectStore
    ledger: Ledger
    claims: Claims
    histories: Histories
    chunks: Tapped
    deliveries: Tapped
    throttle: Throttle
    mappings: Mappings
    destination: Destination
    events: EventBus
    clock: Clock


async def run(ports: Ports, file: SourceFile) -> dict[str, float]:
    """CPU seconds of this process by stage. Every record has its end at the end."""
    rng, clock = random.Random(1), ports.clock

    async def splitter() -> None:
        # 900 s are enough for all of it: nothing is handed on.
        stage = SplitterPorts(
            ports.store, ports.ledger, ports.chunks, ports.chunks, ports.chunks, ports.events, clock, rng
        )
        await split(stage, SplitMessage(file=file), clock.now() + 900)

    async def validator() -> None:
        stage = ValidatorPorts(ports.store, ports.ledger, {file.feed: ports.deliveries}, clock, rng)
        for body in ports.chunks.bodies:
            await validate(stage, read_message(body, ChunkMessage), clock.now() + 120)

    async def dispatcher() -> None:
        stage = DispatcherPorts(
            ports.store,
            ports.ledger,
            ports.claims,
            ports.histories,
            ports.throttle,
            ports.mappings,
            {file.feed: ports.deliveries},
            ports.destination,
            ports.events,
            clock,
            rng,
        )
        for body in ports.deliveries.bodies:
            await dispatch(stage, read_message(body, DispatchMessage), clock.now() + 300)

    seconds: dict[str, float] = {}
    stages: dict[str, Callable[[], Awaitable[None]]] = dict(zip(STAGES, (splitter, validator, dispatcher), strict=True))
    for name, stage in stages.items():
        began = time.process_time()
        await stage()
        seconds[name] = time.process_time() - began
    row = await ports.ledger.file(file.file_id)
    assert row is not None
    assert row.received == sum(row.counted.values()), row.counted
    return seconds
