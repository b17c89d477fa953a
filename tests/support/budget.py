"""How many examples a law is tried on, and how many calls of a run a fault strikes. For each commit a third of them,
always the same ones; `make properties`, and so `make prove`, tries all of them, and other examples each time."""

from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import Phase, settings

ALL = 100  #: Hypothesis's own number, by which the profile's counts

settings.register_profile("gate", settings.get_profile("ci"), max_examples=ALL // 3)
# `make mutation` asks whether an example fails, and not which is the shortest.
settings.register_profile("mutation", settings.get_profile("gate"), phases=(Phase.explicit, Phase.generate))


def examples(most: int) -> int:
    """Of so many, those that the profile has time for."""
    return most * settings().max_examples // ALL


def faults(calls: int) -> Iterator[tuple[int, bool, bool]]:
    """Where a fault strikes a run of so many calls: at which call, whether it kills, and whether after its effect.

    For each commit each way begins at another call, so that every call is struck in one way at least.
    """
    step = ALL // settings().max_examples
    for first, (kills, after) in enumerate(product((True, False), repeat=2)):
        for at in range(first % step, calls, step):
            yield at, kills, after


#: For tests that use `faults`.
with_faults = pytest.mark.faults
