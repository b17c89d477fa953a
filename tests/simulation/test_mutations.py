"""The simulator finds deliberate bugs. `make simulate-mutations` shows all of them, and after how many seeds."""

import pytest

from tests.simulation.mutations import MUTATIONS, OF_LIVING, OF_PAPERS, Mutation, found_after

SEEDS = 100

QUICK = [mutation for mutation in (*MUTATIONS, *OF_LIVING, *OF_PAPERS) if not mutation.rare]


@pytest.mark.parametrize("mutation", QUICK, ids=lambda mutation: mutation.name)
def test_a_deliberate_bug_is_found(mutation: Mutation) -> None:
    assert found_after(mutation, SEEDS)


@pytest.mark.parametrize("mutation", [*MUTATIONS, *OF_LIVING, *OF_PAPERS], ids=lambda mutation: mutation.name)
def test_a_deliberate_bug_still_fits_the_code(mutation: Mutation) -> None:
    with mutation.applied():
        pass
