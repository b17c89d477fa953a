"""Runs seeds, or one of them again.

python -m tests.simulation 10000        seeds 0 to 9999
python -m tests.simulation 20000-20500  these
python -m tests.simulation --seed 17    one, with its trace; --files, --until and --skip leave something out
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.chaos import EVERY, Kind, Plan
from tests.simulation.shrinking import Shrinker
from tests.simulation.simulate import Run, simulate

SHOWN = 3  #: failing seeds that are made short and shown
GROUP = 100  #: seeds a process does at once


def main() -> int:
    """The command line; 1 if a seed fails."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("seeds", nargs="?", default="1000", help="how many, or FIRST-LAST")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--seed", type=int, help="one seed, with its trace")
    parser.add_argument("--files", type=int, default=EVERY, help="files dropped at most")
    parser.add_argument("--until", type=int, default=EVERY, help="the number of the first fault that is left out")
    parser.add_argument("--skip", default="", help="numbers of faults that are left out")
    parser.add_argument("--without", default="", help="kinds of faults that are left out, and calls that none comes to")
    asked = parser.parse_args()
    if asked.seed is not None:
        skip = frozenset(map(int, filter(None, asked.skip.split(","))))
        without = frozenset(filter(None, asked.without.split(",")))
        run = simulate(Plan(asked.seed, asked.files, asked.until, skip, without), trace=True)
        say(*run.trace, *(run.problems or ["sound"]))
        return 1 if run.problems else 0
    first, _, last = asked.seeds.rpartition("-")
    return many(range(int(first), int(last) + 1) if first else range(int(last)), asked.jobs)


def many(seeds: range, jobs: int) -> int:
    """Runs seeds and sums them up."""
    began, failing = time.monotonic(), list[Run]()
    faults, records, hours, invocations = Counter[Kind](), 0, 0.0, 0
    for run in runs(seeds, jobs):
        faults += run.faults
        records, hours, invocations = records + run.records, hours + run.hours, invocations + run.invocations
        if run.problems:
            failing.append(run)
            say(f"seed {run.plan.seed} fails: {run.problems[0]}")
    seconds = time.monotonic() - began
    for run in failing[:SHOWN]:
        show(run)
    say(
        f"{len(seeds)} seeds, {len(failing)} failed; {len(seeds) / seconds:.1f} seeds a second",
        f"{records} records, {invocations} invocations, {hours:.0f} simulated hours, {faults.total()} faults:",
        *(f"{count:9} {kind}" for kind, count in faults.most_common()),
    )
    return 1 if failing else 0


def runs(seeds: range, jobs: int) -> Iterator[Run]:
    """One after the other, or by several processes."""
    if jobs == 1:
        yield from map(simulate, map(Plan, seeds))
        return
    with ProcessPoolExecutor(jobs) as processes:
        yield from processes.map(simulate, map(Plan, seeds), chunksize=GROUP)


def show(run: Run) -> None:
    """A failing seed: what is wrong, what it takes, and how to see it again."""
    short = Shrinker(run).shrink()
    plan = short.plan
    command = [f"python -m tests.simulation --seed {plan.seed}"]
    command += [f"--files {plan.files}"] if plan.files != EVERY else []
    command += [f"--until {plan.until}"] if plan.until != EVERY else []
    command += [f"--skip {','.join(map(str, sorted(plan.skip)))}"] if plan.skip else []
    command += [f"--without {','.join(sorted(plan.without))}"] if plan.without else []
    say(
        "",
        f"── seed {plan.seed}, made short: {short.files} files, {short.records} records, {short.faults.total()} faults",
        *short.trace,
        *short.problems,
        f"again: {' '.join(command)}",
        "",
    )


def say(*lines: str) -> None:
    """Lines for a reader."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
