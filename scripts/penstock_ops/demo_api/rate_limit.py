"""A token bucket."""

from .clock import Clock


class TokenBucket:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._taken = 0.0
        self._at = clock()

    def take(self, rate_per_second: float, burst: int) -> float:
        """Seconds until a call may pass: 0 takes a token, anything more takes none.

        The limit is an argument because it can change between two calls.
        """
        now = self._clock()
        self._taken = max(0.0, self._taken - max(0.0, now - self._at) * rate_per_second)
        self._at = now
        over = self._taken + 1 - burst
        if over > 0:
            return over / rate_per_second
        self._taken += 1
        return 0.0
