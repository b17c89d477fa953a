"""What has expired: the ledger's rows of files that have ended, and what their chunks left; the claims too, or not yet.
Then the same files are dropped again, and in half of the runs faults go on."""

import random
from collections import Counter
from collections.abc import Iterator

from penstock.model.findings import Outcome
from tests.simulation.chaos import Kind
from tests.simulation.verdict import At, Told, told_of
from tests.simulation.world import World


async def problems_after_expiry(world: World) -> list[str]:
    """What is not as it must be, once rows have expired and everything came again; nothing, in a run where none do."""
    if not world.chaos.forgets():
        return []
    forgets = random.Random(f"forgets {world.plan.seed}")
    claims_too, storm = forgets.random() < 0.4, forgets.choice((0.0, 3600.0))
    before = _applied(world)
    world.forget(claims=claims_too)
    world.trace.add("life", "forgets", "with claims" if claims_too else "without claims", Kind.FORGOTTEN)
    problems, told = list[str](), dict[At, Told]()
    if not await world.drop_it_all_again(storm):
        problems.append("what was dropped again after its rows had expired does not end")
    problems += await told_of(world, told)
    problems += _again(world, told, before, claims_too)
    return problems


type Placement = tuple[int, int]
"""An item's number and revision."""


def _applied(world: World) -> Counter[Placement]:
    """How often the destination has which revision of what."""
    placements = {item.label: (item.number, item.revision) for item in world.items}
    return Counter(placements[label] for _, label in world.api.books.applied)


def _again(world: World, told: dict[At, Told], before: Counter[Placement], claims_too: bool) -> Iterator[str]:
    """While its claim is there, what was applied is not applied again. Nothing is a duplicate of what never was. Once
    the claims have gone as well it may be applied again, once."""
    after = _applied(world)
    for (number, revision), times in after.items():
        then = before[number, revision]
        if times > then + (claims_too or not then):
            yield f"placement {number}, revision {revision} was applied {then} times, and {times} times in all"
    numbers = {number for number, _ in after}
    for one in told.values():
        if one.outcome is Outcome.DUPLICATE and one.item.number not in numbers and not _has_twin(one, told):
            yield f"{one.item.label} ({one.at[0]}:{one.at[1]}) is a duplicate of what was never applied"
        if one.outcome is Outcome.DEAD:
            yield f"{one.item.label} ({one.at[0]}:{one.at[1]}) is dead, by {one.code}"


def _has_twin(one: Told, told: dict[At, Told]) -> bool:
    """Whether it is the duplicate of a record that came again beside it."""
    file_id, _, ordinal = (one.of or ":0").rpartition(":")
    return (file_id, int(ordinal)) in told
