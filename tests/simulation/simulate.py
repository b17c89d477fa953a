"""One seed, from its plan to its verdict."""

import asyncio
import re
from collections import Counter
from dataclasses import dataclass, field

from tests.simulation.chaos import Kind, Plan
from tests.simulation.verdict import problems_of
from tests.simulation.world import World


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a plan. `faults` counts those that struck, `numbers` are theirs and `calls` where they did; `hours`
    are simulated."""

    plan: Plan
    problems: list[str]
    faults: Counter[Kind]
    numbers: tuple[int, ...]
    calls: tuple[str, ...]
    hours: float
    files: int
    records: int
    invocations: int
    dead_letters: int
    trace: list[str] = field(default_factory=list[str])

    @property
    def kinds(self) -> frozenset[str]:
        """The problems without their particulars."""
        return frozenset(re.sub(r"[0-9a-f]{20}|f\d+r\d+[/+c.\d]*|\d+", "#", problem) for problem in self.problems)


def simulate(plan: Plan, trace: bool = False) -> Run:
    """Runs a plan. The same plan is the same run, call by call."""
    world = World(plan, trace)
    try:
        world.run()
        problems = asyncio.run(problems_of(world))
    except Exception as error:
        problems = [f"{type(error).__name__}: {error}"]
    return Run(
        plan,
        problems,
        world.chaos.counted(),
        tuple(number for number, _, _ in world.chaos.struck),
        tuple(sorted({call for _, _, call in world.chaos.struck})),
        world.loop.time() / 3600,
        len(world.dropped),
        sum(len(drop.items) for _, drop in world.dropped),
        sum(stage.invocations for stage in world.stages),
        sum(stage.queue.dead_in_all for stage in world.stages),
        world.trace.lines,
    )
