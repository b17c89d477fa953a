"""Fuzzes every target, or takes one input again.

python -m tests.fuzz --seconds 600       ten minutes, split over the targets
python -m tests.fuzz csv xml             a minute, for these only
python -m tests.fuzz csv --input 41ff    one input, in hexadecimal digits
"""

import argparse
import sys

from tests.fuzz.fuzzing import Run, fuzzed
from tests.fuzz.targets import TARGETS


def main() -> int:
    """The command line; 1 if something is found."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("targets", nargs="*", metavar="target", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=60, help="in all")
    parser.add_argument("--input", type=bytes.fromhex, help="takes this one, and says what is wrong")
    asked = parser.parse_args()
    unknown = set(asked.targets) - TARGETS.keys()
    if unknown:
        parser.error(f"no target {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    names = asked.targets or list(TARGETS)
    if asked.input is not None:
        for name in names:
            TARGETS[name].check(asked.input)
        return 0
    runs = {name: fuzzed(name, max(1, asked.seconds // len(names))) for name in names}
    for name, run in runs.items():
        say(f"{name:8} {run.executions:9,} inputs, {run.coverage:5,} edges")
    say(f"{'all':8} {sum(run.executions for run in runs.values()):9,} inputs")
    broken = {name: run for name, run in runs.items() if run.found is not None}
    for name, run in broken.items():
        say(*finding(name, run))
    return 1 if broken else 0


def finding(name: str, run: Run) -> list[str]:
    """What breaks a law, and how to see it again."""
    assert run.found is not None
    return [
        "",
        f"── {name}: {run.found[:200]!r}",
        run.said,
        f"again: python -m tests.fuzz {name} --input {run.found.hex()}",
    ]


def say(*lines: str) -> None:
    """Lines for a reader."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
