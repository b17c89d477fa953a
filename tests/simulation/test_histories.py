"""No update of a history is lost, and every conflict is clean, whoever comes between whom: state across files.
`make simulate-histories` runs a thousand."""

import pytest

from tests.simulation.histories import contest
from tests.simulation.mutations import OF_HISTORIES, Mutation, found_after

SEEDS = 60


def test_random_interleavings_lose_no_update_and_every_conflict_is_clean() -> None:
    runs = {seed: contest(seed) for seed in range(SEEDS)}

    assert {seed: run.problems for seed, run in runs.items() if run.problems} == {}
    # They do meet, so this is no empty promise.
    assert sum(run.items.lost for run in runs.values()) > 10
    assert sum(run.conflicts for run in runs.values()) > 50
    assert sum(run.items.summed for run in runs.values()) > 20


def test_the_same_seed_is_the_same_run() -> None:
    assert contest(7, trace=True).trace.lines == contest(7, trace=True).trace.lines


@pytest.mark.parametrize("bug", OF_HISTORIES, ids=lambda bug: bug.name)
def test_a_deliberate_bug_is_found(bug: Mutation) -> None:
    with bug.applied():
        pass
    assert bug.rare or found_after(bug)
