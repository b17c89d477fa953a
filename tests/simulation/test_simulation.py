"""Invariants 1 to 4 and 7 of many a bad night (R1, R10, R20 to R24, R26, R28); `verdict.py` says which."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from penstock_testing.tables import MemoryTables
from tests.simulation.__main__ import show
from tests.simulation.chaos import LIVING, Kind, Plan
from tests.simulation.mutations import MUTATIONS
from tests.simulation.shrinking import Shrinker
from tests.simulation.simulate import simulate

SEEDS = 80
SEEDS_OF_A_KIND = range(10, 14)  #: in which each kind strikes often enough
MANY_OF_A_KIND = range(200)
SEEDS_WITH_DOCUMENTS = 20
SEEDS_WITH_LANES = 40


def test_many_bad_nights_are_sound() -> None:
    failing = [run for run in map(simulate, map(Plan, range(SEEDS))) if run.problems]
    for run in failing[:1]:
        show(run)
    assert not failing


def test_bad_nights_with_documents_are_sound() -> None:
    """Ranges of pages lost, doubled, reordered, and their readers killed between two pages."""
    runs = [simulate(Plan(seed, papers=True)) for seed in range(SEEDS_WITH_DOCUMENTS)]
    for run in [run for run in runs if run.problems][:1]:
        show(run)
    assert not any(run.problems for run in runs)
    assert any("reader.look" in run.calls for run in runs)
    struck = sum((run.faults for run in runs), Counter[Kind]())
    assert struck.keys() >= {Kind.DOUBLED, Kind.DELAYED, Kind.NOT_DELETED, Kind.CRASHED_AFTER}


def test_bad_nights_with_lanes_are_sound() -> None:
    """A lane has a destination of its own, with a circuit and a line of its own, and shares everything else."""
    runs = [simulate(Plan(seed, lanes=True)) for seed in range(SEEDS_WITH_LANES)]
    for run in [run for run in runs if run.problems][:1]:
        show(run)
    assert not any(run.problems for run in runs)
    struck = sum((run.faults for run in runs), Counter[Kind]())
    assert struck.keys() >= {Kind.DOWN, Kind.UNREACHABLE, Kind.FAILED, Kind.TOO_MANY, Kind.UNANSWERED}


def test_bad_nights_with_scans_that_are_read_elsewhere_are_sound() -> None:
    """Notices lost and doubled, jobs that take long, an engine that has enough to do, workers killed at all of it."""
    runs = [simulate(Plan(seed, papers=True, elsewhere=True)) for seed in range(SEEDS_WITH_DOCUMENTS)]
    for run in [run for run in runs if run.problems][:1]:
        show(run)
    assert not any(run.problems for run in runs)
    assert all(any(call in run.calls for run in runs) for call in ("engine.begin", "engine.answer"))


def test_a_table_that_says_otherwise_than_the_accounts_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    written = MemoryTables.written

    async def wrong(*args: Any, **named: Any) -> tuple[bytes, int]:
        part, rows = await written(*args, **named)
        return part.replace(b'"delivered"', b'"held"', 1), rows

    monkeypatch.setattr(MemoryTables, "written", wrong)

    assert any("and the table" in problem for problem in simulate(Plan(0)).problems)


@pytest.mark.parametrize("kind", sorted(LIVING))
def test_a_fault_of_living_in_every_night_leaves_all_of_them_sound(kind: Kind) -> None:
    assert_sound_with(kind, SEEDS_OF_A_KIND)


@pytest.mark.prove
@pytest.mark.parametrize("kind", sorted(LIVING))
def test_a_fault_of_living_in_each_of_many_nights_leaves_all_of_them_sound(kind: Kind) -> None:
    assert_sound_with(kind, MANY_OF_A_KIND)


def assert_sound_with(kind: Kind, seeds: Sequence[int]) -> None:
    """Every night has that fault, as a rule more than once, and is sound."""
    runs = [simulate(Plan(seed, also=frozenset({kind.name}))) for seed in seeds]
    for run in [run for run in runs if run.problems][:1]:
        show(run)
    assert not any(run.problems for run in runs)
    assert sum(run.faults[kind] for run in runs) >= len(seeds)


def test_the_same_seed_is_the_same_night_in_every_process() -> None:
    script = "from tests.simulation.simulate import *; print(*simulate(Plan(6), trace=True).trace, sep=chr(10))"
    traces = {
        subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert traces == {"\n".join([*simulate(Plan(6), trace=True).trace, ""])}


def test_a_failing_seed_is_made_short_and_comes_again(capsys: pytest.CaptureFixture[str]) -> None:
    bug = next(one for one in MUTATIONS if one.name == "a key changes on a retry")
    with bug.applied():
        run = next(run for run in map(simulate, map(Plan, range(100))) if run.problems)
        short = Shrinker(run).shrink()
        again = simulate(short.plan)
        show(run)

    # The same problem with less, and the way to see it again.
    assert short.kinds & run.kinds
    assert again.problems == short.problems
    assert short.faults.total() * 4 <= run.faults.total()
    assert short.files <= run.files
    shown = capsys.readouterr().out
    assert f"python -m tests.simulation --seed {run.plan.seed} " in shown
    assert "***" in shown
    assert simulate(short.plan).problems == []
