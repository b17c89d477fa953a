"""Which records are faulty, and with what; every kind of fault gets an equal part."""

import random
from collections import deque

from penstock_ops.samples.sample import DELIVERED, Expectation, SampleOptions

from .bills import Bill

DUPLICATE = "duplicate"
CONFLICT = "freight.identity_conflict"
#: Records that a repeat or a conflict looks back.
NEAR = 400


class Faults:
    """Draws them. `kinds` are what a file of the format can have, with what must become of such a record."""

    def __init__(self, options: SampleOptions, kinds: dict[str, Expectation]) -> None:
        self._rng = random.Random(f"{options.seed}:faults")
        self._rate = options.faults
        self._kinds = kinds
        self._bag: list[str] = []
        self._recent: deque[tuple[int, Bill]] = deque(maxlen=NEAR)

    def draw(self, ordinal: int, bill: Bill) -> tuple[Bill, str, Expectation]:
        """The bill to write, the kind of fault to write it with ("" for none), and what must become of it."""
        kind = self._next_kind() if self._rng.random() < self._rate else ""
        if kind in (DUPLICATE, CONFLICT):
            if not self._recent:
                kind = ""
            else:
                earlier, same = self._rng.choice(self._recent)
                if kind == DUPLICATE:
                    return same, "", Expectation("duplicate", duplicate_of=earlier)
                return same, kind, Expectation("rejected", CONFLICT, duplicate_of=earlier)
        if kind:
            return bill, kind, self._kinds[kind]
        self._recent.append((ordinal, bill))
        return bill, "", DELIVERED

    def _next_kind(self) -> str:
        """Every kind once, in some order, and again."""
        if not self._bag:
            kinds = [*self._kinds, DUPLICATE, CONFLICT]
            self._bag = self._rng.sample(kinds, len(kinds))
        return self._bag.pop()
