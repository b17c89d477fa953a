"""Certain nights, measured: an outage of hours, many workers under one rate, a small file beside a huge one.

python -m tests.simulation.nights
"""

import asyncio
import heapq
import sys
from collections import Counter
from dataclasses import dataclass

from penstock.ports.destination import DestinationSettings
from tests.simulation.chaos import Plan
from tests.simulation.senders import Drop, Item
from tests.simulation.verdict import fullest_bucket, problems_of
from tests.simulation.world import Night, World

KEYED = DestinationSettings(url="api", batch_records=5, rate_per_second=50.0, burst=10, honours_idempotency_key=True)


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
    during = sum(begin <= at < end for at, _ in world.api.books.departures)
    drained = max(at for at, _ in world.api.books.departures) - end
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


def _file(place: int, records: int, after: float) -> Drop:
    items = tuple(Item(1000 * place + at, f"f{place}r{at}") for at in range(records))
    return Drop(f"traffic/{place}.csv", items, after)


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
    unfair, fair = (waits_beside_a_huge_file(fair=fair) for fair in (False, True))
    sys.stdout.write(f"a small file beside 10 million records waits {unfair:.0f} s; in a fair queue {fair:.1f} s\n")
    sys.stdout.write("".join(f"{problem}\n" for problem in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
