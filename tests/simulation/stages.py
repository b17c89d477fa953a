"""A stage: a queue, and its function behind an event source mapping of Lambda, one message an invocation.

The function's own way with failures is the real one (`QueueFunction`), over a telemetry that says nothing.
"""

import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, cast

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from penstock.adapters.lambda_function import MARGIN, Process, QueueFunction
from penstock.adapters.telemetry import Telemetry
from penstock.ports import Queue
from penstock.worked import Worked
from tests.simulation.chaos import Chaos
from tests.simulation.queues import Message, SimQueue
from tests.simulation.trace import Trace
from tests.simulation.virtual import VirtualClock, VirtualLoop
from tests.simulation.worker import Worker, reach


class _Silent:
    """As `Telemetry`, for nobody to read."""

    def __init__(self, worker: Worker, trace: Trace) -> None:
        self._worker, self._trace = worker, trace

    def attempt(self, feed: str | None) -> None:
        """As `Telemetry.attempt`."""

    def worked(self, worked: Worked, seconds: float) -> None:
        """As `Telemetry.worked`."""
        self._trace.add(self._worker.name, f"→ {worked.what}", worked.trace)

    def failed(
        self, error: Exception, feed: str | None, trace: str | None, seconds: float, receives: int, wait: float | None
    ) -> None:
        """As `Telemetry.failed`."""
        self._trace.add(self._worker.name, f"→ {type(error).__name__}", f"{error} (receive {receives}, wait {wait})")


async def _composed_elsewhere(stack: AsyncExitStack) -> tuple[Process, Queue]:
    raise NotImplementedError


@dataclass(slots=True)
class Stage:
    """One function, its queue, and as many of it at once as the mapping allows. `seconds` is its timeout."""

    name: str
    queue: SimQueue
    seconds: float
    at_once: int
    compose: Callable[[Worker], Process]
    loop: VirtualLoop
    clock: VirtualClock
    chaos: Chaos
    rng: random.Random
    trace: Trace
    working: int = 0  #: invocations under way, as Lambda sees it
    alive: int = 0  #: those and the ones that Lambda has forgotten, but that still run
    invocations: int = 0
    defects: list[str] = field(default_factory=list[str])
    _function: QueueFunction = field(init=False)

    def __post_init__(self) -> None:
        self._function = QueueFunction(self.name, "Message", _composed_elsewhere)
        self._function._rng = self.rng
        self.queue.wake = self.pump

    def pump(self) -> None:
        """Invokes for every visible message that there is room for."""
        while self.working < self.at_once:
            message = self.queue.receive()
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
                "body": message.body,
                "attributes": {"ApproximateReceiveCount": str(message.receives), "MessageGroupId": message.group},
            }
        )
        self.trace.add(worker.name, "invoked", f"receive {message.receives}")
        work = self._function._process(
            record,
            process,
            reach(self.queue, "queue", worker),
            cast(Telemetry, _Silent(worker, self.trace)),
            self.clock.now() + self.seconds - MARGIN,
        )
        worker.task = self.loop.create_task(work)
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
                self.queue.delete(receipt)
            forget()

        worker.task.add_done_callback(ended)
