"""Certain nights, measured: an outage of hours, many workers under one rate, a small file beside a huge one.

python -m tests.simulation.nights
"""

import asyncio
import heapq
import sys
from collections import Counter
from dataclasses import dataclass, replace

from penstock.ports.destination import DestinationSettings
from tests.simulation.api import HERE, THERE
from tests.simulation.chaos import Plan
from tests.simulation.senders import Drop, Item
from tests.simulation.verdict import fullest_bucket, problems_of
from tests.simulation.world import Night, World

PLACES = 4  #: as many chunks of one lane are delivered at once, of ten
HOW_DEAD = ("unreachable", "silent", "5xx")
KEYED = DestinationSettings(url="api", batch_records=5, rate_per_second=50.0, burst=10, honours_idempotency_key=True)
PROMPT = replace(KEYED, timeout_seconds=0.3)


@dataclass(frozen=True, slots=True)
class Outage:
    """What an outage did. Times in seconds."""

    dead_letters: int
    calls_during: int
    drained_after: float
    problems: list[str]


def outage(hours: float, how: int, files: int = 40, records: int = 25) -> Outage:
    """Files that keep coming while the destination is down; `how` it shows: 0 unreachable, 1 silent, 2 by a 5xx."""
    begin, end = 60.0, 60.0 + hours * 3600
    drops = tuple(_file(place, records, after=place * (end / files)) for place in range(files))
    world = World(Plan(1), night=Night(KEYED, drops, chunk_records=5, outages=((begin, end, how),)))
    world.run()
    during = sum(begin <= at < end for at, *_ in world.api.books.departures)
    drained = max(at for at, *_ in world.api.books.departures) - end
    dead = sum(stage.queue.dead_in_all for stage in world.stages)
    return Outage(dead, during, drained, asyncio.run(problems_of(world)))


def rate(workers: int, per_second: float = 4.0, burst: int = 5) -> tuple[float, float, list[str]]:
    """With so many dispatchers at once: the most calls that any window held beyond rate x window and burst, the share
    of the rate that was used, and what was wrong."""
    settings = DestinationSettings(
        url="api",
        batch_records=1,
        rate_per_second=per_second,
        burst=burst,
        timeout_seconds=5,
        honours_idempotency_key=True,
    )
    drops = tuple(_file(place, 100, after=0.0) for place in range(16))
    world = World(Plan(2), night=Night(settings, drops, chunk_records=10, at_once=workers))
    world.run()
    departures = world.api.books.departures
    used = len(departures) / (departures[-1][0] - departures[0][0]) / per_second
    return fullest_bucket(world) - burst, used, asyncio.run(problems_of(world))


def waits_beside_a_huge_file(*, fair: bool, chunks: int = 2000, at_once: int = 20, seconds: float = 1.1) -> float:
    """Seconds until the only chunk of a small file is taken up that comes ten seconds after a huge one's: 10 million
    records are 2,000 chunks. A fair queue gives way to the group that has fewest messages in flight, others take
    messages about in the order in which they came."""
    waiting = [(0.0, "huge")] * chunks + [(10.0, "small")]
    in_flight, free = Counter[str](), [(0.0, "")] * at_once
    heapq.heapify(free)
    while True:
        now, ended = heapq.heappop(free)
        in_flight[ended] -= bool(ended)
        seen = [message for message in waiting if message[0] <= now]
        taken = min(seen, key=lambda message: (in_flight[message[1]] if fair else 0, message[0]))
        if taken[1] == "small":
            return now - taken[0]
        waiting.remove(taken)
        in_flight[taken[1]] += 1
        heapq.heappush(free, (now + seconds, taken[1]))


@dataclass(frozen=True, slots=True)
class Neighbours:
    """How a calm lane's files fared: seconds from each one's drop until its last record was applied, sorted; and what
    was wrong with the night."""

    seconds: list[float]
    dead_letters: int
    problems: list[str]

    @property
    def mean(self) -> float:
        """Of all files."""
        return sum(self.seconds) / len(self.seconds)


def beside(trouble: str, calm: int = 60) -> Neighbours:
    """A calm lane drops a file a minute, and ten times as many come to another lane beside it, two a second, whose
    destination is `unreachable`, `silent`, answers `5xx` all the time, or is `slow`. With no trouble, "", nobody is
    there."""
    busy = replace(KEYED, url=THERE, timeout_seconds=20.0)
    drops = [_file(place, 10, after=60.0 * place + 5.0, lane="calm/") for place in range(calm)]
    if trouble:
        drops += [_file(1000 + place, 10, after=60.0 + 0.5 * place, lane="busy/") for place in range(10 * calm)]
    if trouble == "slow":
        busy = replace(busy, rate_per_second=0.5, burst=1)
    outages = ((60.0, 60.0 * calm, HOW_DEAD.index(trouble)),) if trouble in HOW_DEAD else ()
    lanes = {"traffic/calm": replace(PROMPT, url=HERE), "traffic/busy": busy}
    night = Night(PROMPT, tuple(drops), at_once=10, outages=outages, struck=THERE, lanes=lanes, places=PLACES)
    world = World(Plan(4), night=night)
    world.run()
    of_calm = [(file, drop) for file, drop in world.dropped if "/calm/" in drop.key]
    applied = {label: at for (_, label), at in world.api.books.applied_at.items()}
    seconds = [
        max(applied[item.label] for item in drop.items) - world.dropped_at[file.file_id] for file, drop in of_calm
    ]
    dead = sum(stage.queue.dead_in_all for stage in world.stages)
    return Neighbours(sorted(seconds), dead, asyncio.run(problems_of(world)))


def _file(place: int, records: int, after: float, lane: str = "") -> Drop:
    items = tuple(Item(1000 * place + at, f"f{place}r{at}") for at in range(records))
    return Drop(f"traffic/{lane}{place}.csv", items, after)


def main() -> int:
    """Prints the figures; 1 if a night was not sound."""
    wrong: list[str] = []
    for how, name in enumerate(("unreachable", "silent", "answering 5xx")):
        night = outage(6.0, how)
        wrong += night.problems
        sys.stdout.write(
            f"six hours {name}: {night.dead_letters} messages dead-lettered, {night.calls_during} calls meanwhile,"
            f" the last record delivered {night.drained_after:.0f} s after its end\n"
        )
    for workers in (1, 8, 64):
        over, used, problems = rate(workers)
        wrong += problems
        sys.stdout.write(
            f"{workers} workers under one rate: worst window {over:+.2f} calls over limit and burst,"
            f" {used:.0%} of the rate used\n"
        )
    alone = beside("")
    for trouble in (*HOW_DEAD, "slow"):
        lane = beside(trouble)
        wrong += lane.problems
        slower, slowest = lane.mean / alone.mean - 1, lane.seconds[-1] / alone.seconds[-1] - 1
        sys.stdout.write(
            f"a lane beside one that floods and is {trouble}: {len(lane.seconds)} files delivered, {slower:+.1%} on the"
            f" mean of {alone.mean:.2f} s, {slowest:+.1%} on the slowest of {alone.seconds[-1]:.2f} s;"
            f" {lane.dead_letters} messages dead-lettered\n"
        )
    unfair, fair = (waits_beside_a_huge_file(fair=fair) for fair in (False, True))
    sys.stdout.write(f"a small file beside 10 million records waits {unfair:.0f} s; in a fair queue {fair:.1f} s\n")
    sys.stdout.write("".join(f"{problem}\n" for problem in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
