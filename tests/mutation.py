"""Mutation testing of the modules that decide what becomes of a record: `make mutation`.

Each of their functions is changed in one place at a time, and the module's own tests must fail. A change that no test
finds survives: a decision that nothing proves, or a change that makes no difference.

    python -m tests.mutation [MODULE…]     all, or these; a table, and each survivor by its name
    mutmut show NAME                       what a survivor changes, in .world/mutated/MODULE
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
CORE = ROOT / "layers" / "penstock" / "penstock"
WORK = ROOT / ".world" / "mutated"
BIN = ROOT / ".world" / "mutation" / "bin"
#: What tests import beside the core.
BESIDE = ("scripts", "functions", "layers/documents", "layers/tables", "layers/feeds/python")


@dataclass(frozen=True, slots=True)
class Decider:
    """A module, `what` it decides, its own `tests`, and how many of a hundred changes they find at the `least`."""

    what: str
    tests: Sequence[str]
    least: int


DECIDERS: Mapping[str, Decider] = {
    "identity/decision": Decider("whose an identity is", ("test_identities",), 95),
    "deliver/responses": Decider("what an answer means, and what is tried again", ("test_responses",), 95),
    "deliver/circuit": Decider("when nothing more is sent", ("test_circuit", "test_breaker"), 95),
    "model/findings": Decider("whether an account balances", ("test_accounts",), 95),
    "split/grouping": Decider("where a group ends", ("test_splitting",), 90),
}


@dataclass(frozen=True, slots=True)
class Score:
    """What became of a module's mutants."""

    mutants: int
    found: int
    survivors: Sequence[str]

    @property
    def percent(self) -> int:
        """How many of a hundred a test found, rounded down."""
        return 100 * self.found // self.mutants if self.mutants else 0


def main() -> int:
    """The command line; 1 if a module's score is below what it must be."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description="Mutation testing.")
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=", ".join(DECIDERS))
    asked = parser.parse_args().modules or list(DECIDERS)
    if unknown := [name for name in asked if name not in DECIDERS]:
        parser.error(f"nothing is called {', '.join(unknown)}; there are {', '.join(DECIDERS)}")
    scores = {name: _score(name, DECIDERS[name]) for name in asked}
    sys.stdout.write("\n".join(_table(scores)) + "\n")
    for name, score in scores.items():
        for survivor in score.survivors:
            sys.stdout.write(f"survived in {name}: {survivor}\n")
    return 1 if any(score.percent < DECIDERS[name].least for name, score in scores.items()) else 0


def _score(name: str, decider: Decider) -> Score:
    work = WORK / name.replace("/", ".")
    _lay_out(work, name, decider)
    path = os.pathsep.join(str(ROOT / folder) for folder in BESIDE)
    environment = {**os.environ, "PYTHONPATH": path, "COLUMNS": "200"}
    with (work / "log.txt").open("wb") as log:
        command = [str(BIN / "mutmut"), "run", "--max-children", "1"]
        subprocess.run(command, cwd=work, env=environment, stdout=log, stderr=subprocess.STDOUT, check=False)

    def said(*arguments: str) -> str:
        asked = [str(BIN / "mutmut"), *arguments]
        return subprocess.run(asked, cwd=work, env=environment, capture_output=True, text=True, check=True).stdout

    said("export-cicd-stats")
    counted = json.loads((work / "mutants" / "mutmut-cicd-stats.json").read_text())
    ended = sum(counted[how] for how in ("killed", "survived", "timeout", "segfault", "suspicious", "no_tests"))
    if not ended or ended != counted["total"]:
        raise SystemExit(f"{name} was not mutated to its end; see {work / 'log.txt'}")
    survivors = [line.strip().partition(":")[0] for line in said("results").splitlines() if line.endswith("survived")]
    # A test that hangs, or dies, has found the change, too.
    found = counted["killed"] + counted["timeout"] + counted["segfault"]
    return Score(counted["total"], found, survivors)


def _lay_out(work: Path, name: str, decider: Decider) -> None:
    """A copy of the core and its tests, in the folders in which mutmut looks for them."""
    shutil.rmtree(work, ignore_errors=True)
    leave = shutil.ignore_patterns("__pycache__")
    shutil.copytree(CORE, work / "src" / "penstock", ignore=leave)
    shutil.copytree(ROOT / "tests", work / "tests", ignore=leave)
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    settings["addopts"] = [one.replace("=gate", "=mutation") for one in settings["addopts"]]
    lines = [
        "[tool.mutmut]",
        'source_paths = ["src"]',
        "timeout_multiplier = 4.0",  # a change that goes round for ever is found, and not waited for
        f"only_mutate = {json.dumps([f'src/penstock/{name}.py'])}",
        f"pytest_add_cli_args_test_selection = {json.dumps([f'tests/unit/{test}.py' for test in decider.tests])}",
        "[tool.pytest.ini_options]",
        *(f"{key} = {json.dumps(value)}" for key, value in settings.items()),
    ]
    (work / "pyproject.toml").write_text("\n".join(lines) + "\n")


def _table(scores: Mapping[str, Score]) -> list[str]:
    lines = ["| module | what it decides | changes | found by a test | score |", "| --- | --- | ---: | ---: | ---: |"]
    for name, score in scores.items():
        numbers = f"{score.mutants} | {score.found} | {score.percent} %"
        lines.append(f"| `{name}` | {DECIDERS[name].what} | {numbers} |")
    total = Score(sum(one.mutants for one in scores.values()), sum(one.found for one in scores.values()), ())
    return [*lines, f"| all | | {total.mutants} | {total.found} | {total.percent} % |"]


if __name__ == "__main__":
    sys.exit(main())
