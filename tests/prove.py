"""`make prove`: what takes too long for every commit, one after the other, with a report.

python -m tests.prove [NAME…]    all, or these; what each printed is in .proof/NAME.txt, the report in .proof/report.md
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
REPORT = ROOT / ".proof"

#: What is proved, and the verb of the Makefile that does it, with its arguments. The longest last.
PROOFS: Mapping[str, Sequence[str]] = {
    "marked": ("test-marked",),
    "console": ("test-console",),
    "properties": ("properties", "ROUNDS=20"),
    "histories": ("simulate-histories", "SEEDS=2000"),
    "nights": ("simulate-nights",),
    "mutations": ("simulate-mutations",),
    "mutation": ("mutation",),
    "reproductions": ("simulate-reproductions",),
    "seeds": ("simulate", "SEEDS=10000"),
    "fuzz": ("fuzz", "SECONDS=1800"),
    "living": ("test-living",),
    "seen": ("seen", "SLOW=2"),
    "soak": ("soak", "MINUTES=20"),
}


def main() -> int:
    """The command line; 1 if anything was not proved. What fails stops nothing that comes after it."""
    parser = argparse.ArgumentParser(prog="python -m tests.prove", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PROOFS))
    asked = parser.parse_args().names or list(PROOFS)
    if unknown := [name for name in asked if name not in PROOFS]:
        parser.error(f"nothing is called {', '.join(unknown)}; there are {', '.join(PROOFS)}")
    REPORT.mkdir(exist_ok=True)
    results = [(name, *_proved(name)) for name in asked]
    (REPORT / "report.md").write_text("\n".join([*_report(results), ""]), encoding="utf-8")
    return 1 if any(code for _, code, _ in results) else 0


def _proved(name: str) -> tuple[int, float]:
    """Its exit code, and how many seconds it took."""
    sys.stderr.write(f"make {' '.join(PROOFS[name])}\n")
    began = time.monotonic()
    with (REPORT / f"{name}.txt").open("wb") as printed:
        done = subprocess.run(["make", *PROOFS[name]], cwd=ROOT, stdout=printed, stderr=subprocess.STDOUT, check=False)
    return done.returncode, time.monotonic() - began


def _report(results: Sequence[tuple[str, int, float]]) -> Iterator[str]:
    yield "| what | command | verdict | minutes |"
    yield "| --- | --- | --- | --- |"
    for name, code, seconds in results:
        verdict = "failed: see " + f"`{name}.txt`" if code else "passed"
        yield f"| {name} | `make {' '.join(PROOFS[name])}` | {verdict} | {seconds / 60:.0f} |"


if __name__ == "__main__":
    sys.exit(main())
