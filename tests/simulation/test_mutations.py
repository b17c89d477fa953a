"""The simulator finds deliberate bugs. `make simulate-mutations` shows all of them, and after how many seeds."""

from pathlib import Path

import pytest

from tests.simulation.mutations import MUTATIONS, OF_LIVING, OF_PAPERS, Mutation, found_after
from tests.simulation.reproductions import REPRODUCTIONS, table

SEEDS = 100

#: Every fifth, for every commit: each kind of bug is among them. `make prove` tries all of them.
SOME = [mutation for mutation in (*MUTATIONS, *OF_LIVING, *OF_PAPERS) if not mutation.rare][::5]


@pytest.mark.parametrize("mutation", SOME, ids=lambda mutation: mutation.name)
def test_a_deliberate_bug_is_found(mutation: Mutation) -> None:
    assert found_after(mutation, SEEDS)


EVERY = list(dict.fromkeys([*MUTATIONS, *OF_LIVING, *OF_PAPERS, *(one.undone for one in REPRODUCTIONS)]))


@pytest.mark.parametrize("mutation", EVERY, ids=lambda mutation: mutation.name)
def test_a_deliberate_bug_still_fits_the_code(mutation: Mutation) -> None:
    with mutation.applied():
        pass


def test_the_page_has_each_fault_that_was_reproduced_with_its_tests() -> None:
    page = Path(__file__).parents[2] / "docs" / "testing.md"
    assert table() in page.read_text(encoding="utf-8")
