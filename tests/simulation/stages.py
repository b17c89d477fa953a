"""A stage: a queue, and its function behind an event source mapping of Lambda, one message an invocation.

The function's own way with failures is the real one (`QueueFunction`), over a telemetry that says nothing.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, cast

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from penstock.adapters.lambda_function import MARGIN, Process, QueueFunction, SourceQueues
from penstock.adapters.telemetry import Telemetry
from penstock.model.errors import MalformedMessage, Transient
from penstock.model.stage_result import StageResult
from tests.simulation.chaos import Chaos
from tests.simulation.queues import Message, SimQueue
from tests.simulation.releases import Deployed
from tests.simulation.trace import Trace
from tests.simulation.virtual import VirtualClock, VirtualLoop
from tests.simulation.worker import Worker, reach


class _Silent:
    """As `Telemetry`, for nobody to read."""

    def __init__(self, worker: Worker, trace: Trace, defects: list[str]) -> None:
        self._worker, self._trace, self._defects = worker, trace, defects

    def attempt(self, feed: str | None) -> None:
        """As `Telemetry.attempt`."""

    def done(self, result: StageResult, seconds: float) -> None:
        """As `Telemetry.done`."""
        self._trace.add(self._worker.name, f"→ {result.what}", result.trace)

    def failed(
        self, error: Exception, feed: str | None, trace: str | None, seconds: float, receives: int, wait: float | None
    ) -> None:
        """As `Telemetry.failed`. What can succeed at no later time must not come again until it is given up."""
        if not isinstance(error, Transient | MalformedMessage):
            self._defects.append(f"{self._worker.name} raised {type(error).__name__}: {error}")
        self._trace.add(self._worker.name, f"→ {type(error).__name__}", f"{error} (receive {receives}, wait {wait})")


async def _composed_elsewhere(stack: AsyncExitStack) -> tuple[Process, SourceQueues]:
    """A function composes itself when Lambda first calls it; here its stage has done so, for the worker at hand."""
    raise AssertionError("the simulator composes its functions itself")


@dataclass(slots=True)
class Stage:
    """One function, its queue, and as many of it at once as the mapping allows. `seconds` is its timeout."""

    name: str
    queue: SimQueue
    seconds: float
    at_once: int
    compose: Callable[[Worker], Process]
    deployed: Deployed
    loop: VirtualLoop
    clock: VirtualClock
    chaos: Chaos
    rng: random.Random
    trace: Trace
    working: int = 0  #: invocations under way, as Lambda sees it
    alive: int = 0  #: those and the ones that Lambda has forgotten, but that still run
    invocations: int = 0
    polls: bool = True  #: whether the mapping is on
    defects: list[str] = field(default_factory=list[str])
    _function: QueueFunction = field(init=False)

    def __post_init__(self) -> None:
        self._function = QueueFunction(self.name, "Message", _composed_elsewhere)
        self._function._rng = self.rng
        self.queue.wake = self.pump

    def pump(self) -> None:
        """Invokes for every visible message that there is room for."""
        while self.polls and self.working < self.at_once:
            message = self.queue.take()
            if message is None:
                return
            self._invoke(message)

    def _invoke(self, message: Message) -> None:
        self.working += 1
        self.alive += 1
        self.invocations += 1
        worker = Worker(f"{self.name}-{self.invocations}", self.seconds, self.chaos, self.rng, self.trace)
        receipt, process = message.receipt, self.compose(worker)
        record = SQSRecord(
            {
                "receiptHandle": receipt,
                "eventSourceARN": self.name,
                "body": message.body,
                "attributes": {"ApproximateReceiveCount": str(message.receives), "MessageGroupId": message.group},
            }
        )
        self.trace.add(worker.name, "invoked", f"receive {message.receives}")
        work = self._function._process(
            record,
            process,
            {self.name: reach(self.queue, "queue", worker)},
            cast(Telemetry, _Silent(worker, self.trace, self.defects)),
            self.clock.now() + self.seconds - MARGIN,
        )
        worker.task = self.loop.create_task(work, context=self.deployed.context())
        over = False

        def forget() -> None:
            nonlocal over
            if not over:
                over = True
                self.working -= 1
                self.loop.call_soon(self.pump)

        def time_out() -> None:
            if not worker.outlives:
                self.trace.add(worker.name, "timed out")
                worker.kill()
            forget()

        timer = self.loop.call_later(self.seconds, time_out)

        def ended(task: Any) -> None:
            timer.cancel()
            self.alive -= 1
            if task.cancelled():
                self.trace.add(worker.name, "died")
            elif task.exception() is None:
                self.queue.acknowledge(receipt)
            forget()

        worker.task.add_done_callback(ended)


@dataclass(slots=True)
class Switches:
    """As `Mappings`, for the one feed there is."""

    stage: Stage

    async def switch(self, feed: str, on: bool) -> None:
        """As `Mappings.switch`."""
        self.stage.polls = on
        if on:
            self.stage.loop.call_soon(self.stage.pump)


@dataclass(slots=True)
class Scheduled:
    """A function on a schedule, one at a time. `seconds` is its timeout."""

    name: str
    every: float
    seconds: float
    work: Callable[[Worker, float], Awaitable[object]]
    deployed: Deployed
    loop: VirtualLoop
    clock: VirtualClock
    chaos: Chaos
    rng: random.Random
    trace: Trace
    invocations: int = 0
    defects: list[str] = field(default_factory=list[str])

    async def run(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(self.every)
            await self.invoke()

    async def invoke(self) -> None:
        """Once, until it ends or its time is over."""
        self.invocations += 1
        worker = Worker(f"{self.name}-{self.invocations}", self.seconds, self.chaos, self.rng, self.trace)
        self.trace.add(worker.name, "invoked")
        worker.task = self.loop.create_task(self._once(worker), context=self.deployed.context())
        await asyncio.wait([worker.task], timeout=self.seconds)
        if not worker.outlives:
            worker.kill()

    async def _once(self, worker: Worker) -> None:
        try:
            await self.work(worker, self.clock.now() + self.seconds - MARGIN)
        except Transient as error:
            self.trace.add(worker.name, f"→ {type(error).__name__}", str(error))
        except Exception as error:
            self.defects.append(f"{worker.name}: {type(error).__name__}: {error}")
