"""How long to wait before trying again, and what is kept of work that waits."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from penstock.model.defects import place_of
from penstock.model.errors import NewerRelease, NotNow, PenstockError, Transient
from penstock.model.setbacks import Setback

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


@dataclass(frozen=True, slots=True)
class Try:
    """A stage's try at a file or a chunk: `before` is what set it back the last time, if anything did; `now` when this
    one ends, in seconds since the epoch."""

    stage: str
    before: Setback | None
    now: float

    def failed(self, error: Exception, rng: random.Random) -> Setback:
        """What the ledger says of a try that failed. When the next one begins is decided here, and told by the error
        to whoever holds the message."""
        if not isinstance(error, Transient):
            return self._setback(sentence_of(error), None, {}, failed=True)
        if not isinstance(error, NewerRelease):  # which comes back when messages that are put off do
            error.wait = backoff(self._failures + 1, rng, error.after)
        again_at = None if error.wait is None else self.now + error.wait
        error.setback = self._setback(str(error), again_at, error.batches, failed=not isinstance(error, NotNow))
        return error.setback

    def put_off(self, reason: str, wait: float, batches: Mapping[str, str] | None = None) -> Setback:
        """What the ledger says of work that waits for a message of its own; where calls of `batches` failed, it did."""
        return self._setback(reason, self.now + wait, batches or {}, failed=bool(batches))

    @property
    def _failures(self) -> int:
        return self.before.failures if self.before and self.before.stage == self.stage else 0

    def _setback(self, reason: str, again_at: float | None, batches: Mapping[str, str], *, failed: bool) -> Setback:
        goes_on = self.before is not None and self.before.stage == self.stage
        since = self.before.since if self.before and goes_on else self.now
        return Setback(self.stage, reason, self._failures + failed, since, again_at, dict(batches))


def sentence_of(error: Exception) -> str:
    """Why something failed, without any record: our own errors carry none; of others only the type and its place in our
    code are told."""
    return str(error) if isinstance(error, PenstockError) else f"{type(error).__name__} at {place_of(error)}"
