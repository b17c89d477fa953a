"""How long to wait before trying again."""

import random

FIRST = 2.0  #: seconds; the ceiling of the first wait
LAST = 900.0  #: seconds; no wait is longer, so that a recovered destination is found again soon


def backoff(attempt: int, rng: random.Random, least: float | None = None) -> float:
    """Seconds to wait before attempt `attempt` + 1 (attempts count from 1): exponential, with full jitter.

    `least` is what the other side asked for (Retry-After): the wait is never shorter, and jitter comes on top of it so
    that not everybody comes back in the same second.
    """
    ceiling = min(LAST, FIRST * 2 ** min(attempt - 1, 30))
    if least is None:
        return rng.uniform(0, ceiling)
    return least + rng.uniform(0, min(ceiling, FIRST))
