"""Runs seeds, or one of them again.

python -m tests.simulation 10000        seeds 0 to 9999
python -m tests.simulation 20000-20500  these
python -m tests.simulation --seed 17    one, with its trace; --files, --until and --skip leave something out
python -m tests.simulation 500 --only RECUT          only this kind of fault, or these
python -m tests.simulation 500 --also EXPIRED,DOWN   the seeds' own faults, and these kinds in every one of them
python -m tests.simulation 500 --papers              most files are documents
python -m tests.simulation 500 --papers --elsewhere  whose scans are read by an engine elsewhere
python -m tests.simulation 500 --lanes               most files are in a lane
python -m tests.simulation 500 --archives            most files are zip files
"""

import argparse
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

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
    parser.add_argument("--only", type=kinds, default=frozenset[str](), help="kinds of faults; there are no others")
    parser.add_argument("--also", type=kinds, default=frozenset[str](), help="kinds of faults that every seed has")
    parser.add_argument("--papers", action="store_true", help="most files are documents")
    parser.add_argument("--elsewhere", action="store_true", help="their scans are read by an engine elsewhere")
    parser.add_argument("--archives", action="store_true", help="most files are zip files")
    parser.add_argument("--lanes", action="store_true", help="most files are in a lane, of which one has an own API")
    asked = parser.parse_args()
    if asked.seed is not None:
        skip = frozenset(map(int, filter(None, asked.skip.split(","))))
        without = frozenset(filter(None, asked.without.split(",")))
        kind = asked.papers, asked.elsewhere, asked.archives, asked.lanes
        plan = Plan(asked.seed, asked.files, asked.until, skip, without, asked.only, asked.also, *kind)
        run = simulate(plan, trace=True)
        say(*run.trace, *(run.problems or ["sound"]))
        return 1 if run.problems else 0
    first, _, last = asked.seeds.rpartition("-")
    seeds = range(int(first), int(last) + 1) if first else range(int(last))
    kind = {name: getattr(asked, name) for name in ("papers", "elsewhere", "archives", "lanes")}
    plan = Plan(0, only=asked.only, also=asked.also, **kind)
    return many([replace(plan, seed=seed) for seed in seeds], asked.jobs)


def kinds(names: str) -> frozenset[str]:
    """Kinds of faults, by their names."""
    chosen = frozenset(re.findall(r"\w+", names.upper()))
    unknown = ", ".join(sorted(chosen - Kind.__members__.keys()))
    if unknown:
        raise argparse.ArgumentTypeError(f"there is no {unknown}; there are {', '.join(Kind.__members__)}")
    return chosen


def many(plans: Sequence[Plan], jobs: int) -> int:
    """Runs plans and sums them up."""
    began, failing = time.monotonic(), list[Run]()
    faults, records, hours, invocations = Counter[Kind](), 0, 0.0, 0
    for run in runs(plans, jobs):
        faults += run.faults
        records, hours, invocations = records + run.records, hours + run.hours, invocations + run.invocations
        if run.problems:
            failing.append(run)
            say(f"seed {run.plan.seed} fails: {run.problems[0]}")
    seconds = time.monotonic() - began
    for run in failing[:SHOWN]:
        show(run)
    say(
        f"{len(plans)} seeds, {len(failing)} failed; {len(plans) / seconds:.1f} seeds a second",
        f"{records} records, {invocations} invocations, {hours:.0f} simulated hours, {faults.total()} faults:",
        *(f"{count:9} {kind}" for kind, count in faults.most_common()),
    )
    return 1 if failing else 0


def runs(plans: Sequence[Plan], jobs: int) -> Iterator[Run]:
    """One after the other, or by several processes."""
    if jobs == 1:
        yield from map(simulate, plans)
        return
    with ProcessPoolExecutor(jobs) as processes:
        yield from processes.map(simulate, plans, chunksize=GROUP)


def show(run: Run) -> None:
    """A failing seed: what is wrong, what it takes, and how to see it again."""
    short = Shrinker(run).shrink()
    plan = short.plan
    command = [f"python -m tests.simulation --seed {plan.seed}"]
    command += [f"--files {plan.files}"] if plan.files != EVERY else []
    command += [f"--until {plan.until}"] if plan.until != EVERY else []
    command += [f"--skip {','.join(map(str, sorted(plan.skip)))}"] if plan.skip else []
    command += [f"--without {','.join(sorted(plan.without))}"] if plan.without else []
    command += [f"--only {','.join(sorted(plan.only))}"] if plan.only else []
    command += [f"--also {','.join(sorted(plan.also))}"] if plan.also else []
    command += ["--papers"] if plan.papers else []
    command += ["--elsewhere"] if plan.elsewhere else []
    command += ["--archives"] if plan.archives else []
    command += ["--lanes"] if plan.lanes else []
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
