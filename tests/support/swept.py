"""A pipeline with its sweeper: its DLQs, and its drop bucket."""

from penstock.operate.sweep import SweeperPorts, sweep
from penstock.ports.destination import DestinationSettings
from penstock_testing.memory import Held, MemoryDrops, MemoryQueue
from tests.support.destination import Api
from tests.support.pipeline import Pipeline

KEYED = DestinationSettings(url="api", rate_per_second=1000.0, burst=1000, honours_idempotency_key=True)


class Swept:
    """A pipeline with its DLQs and its drop bucket."""

    def __init__(self, pipeline: Pipeline | None = None) -> None:
        self.pipeline = pipeline or Pipeline(Api(KEYED))
        self.dlqs = MemoryQueue(self.pipeline.clock), MemoryQueue(self.pipeline.clock)
        self.drops = MemoryDrops()

    @property
    def ports(self) -> SweeperPorts:
        of = self.pipeline
        return SweeperPorts(
            store=of.store,
            ledger=of.ledger,
            claims=of.claims,
            histories=of.histories,
            throttle=of.throttle,
            drops=self.drops,
            dead_letters=self.dlqs,
            intake=of.intake,
            chunks=of.chunks,
            dispatches={"traffic": of.dispatches},
            directory=of.api,
            events=of.events,
            clock=of.clock,
            rng=of.rng,
        )

    async def sweep(self) -> dict[str, float]:
        *_, last = await sweep(self.ports, self.pipeline.clock.now() + 60)
        return last.counts

    def gives_up(self, queue: MemoryQueue, dlq: int) -> list[str]:
        """All messages of a queue go to its DLQ."""
        bodies = [held.body for held in queue.messages.values()]
        for place, held in enumerate(queue.messages.values()):
            self.dlqs[dlq].messages[f"dead{place}"] = Held(f"dead{place}", held.body, held.group, 0.0)
        queue.messages.clear()
        return bodies
