"""How long to wait before trying again."""

import random

from hypothesis import given
from hypothesis import strategies as st

from penstock.io.retry import backoff

attempts = st.integers(1, 10_000)
seeds = st.integers(0, 2**32)


@given(attempts, seeds)
def test_a_wait_has_full_jitter_under_a_ceiling_that_doubles_up_to_a_quarter_of_an_hour(
    attempt: int, seed: int
) -> None:
    wait = backoff(attempt, random.Random(seed))
    assert 0 <= wait <= min(900, 2 * 2 ** min(attempt - 1, 20))


@given(attempts, seeds, st.floats(0, 86_400))
def test_a_wait_is_never_shorter_than_the_other_side_asked_for_and_hardly_longer(
    attempt: int, seed: int, least: float
) -> None:
    assert least <= backoff(attempt, random.Random(seed), least) <= least + 2


def test_waits_are_spread_over_the_whole_range() -> None:
    rng = random.Random(1)
    waits = [backoff(20, rng) for _ in range(500)]
    assert min(waits) < 45
    assert max(waits) > 855
