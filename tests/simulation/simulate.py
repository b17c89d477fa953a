"""One seed, from its plan to its verdict."""

import re
from collections import Counter
from dataclasses import dataclass, field

from tests.simulation.chaos import Kind, Plan
from tests.simulation.forgetting import problems_after_expiry
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


async def _judge(world: World) -> list[str]:
    """Once all has ended, and again once what of it can expire has, and it came again."""
    return await problems_of(world) or await problems_after_expiry(world)


def simulate(plan: Plan, trace: bool = False) -> Run:
    """Runs a plan. The same plan is the same run, call by call."""
    world = World(plan, trace)
    try:
        problems = world.run(_judge)
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
        sum(1 for _ in world.items),
        sum(stage.invocations for stage in world.stages),
        sum(stage.queue.dead_in_all for stage in world.stages),
        world.trace.lines,
    )
