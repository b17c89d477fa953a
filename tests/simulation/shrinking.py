"""A failing seed made short: as few files and faults as still show the same problem."""

from dataclasses import replace

from tests.simulation.chaos import EVERY, Plan
from tests.simulation.simulate import Run, simulate

MOST = 800  #: runs spent


class Shrinker:
    """Leaves out what it can."""

    def __init__(self, run: Run) -> None:
        self._kinds = run.kinds
        self.best = run
        self._left = MOST

    def shrink(self) -> Run:
        """The shortest run found, with its trace."""
        for files in range(1, self.best.files):
            if self._shorter(self._failing(replace(self.best.plan, files=files))):
                break
        for name in (*(kind.name for kind in self.best.faults), *self.best.calls):
            self._shorter(self._failing(replace(self.best.plan, without=self.best.plan.without | {name})))
        self._shorter(self._cut(self.best))
        self._leave_out()
        while any(self._shorter(self._otherwise(number)) for number in self.best.numbers):
            pass
        return simulate(self.best.plan, trace=True)

    def _cut(self, run: Run) -> Run:
        """No fault after the earliest one that suffices."""
        low, high, numbers = 0, len(run.numbers), run.numbers
        while low < high:
            middle = (low + high) // 2
            shorter = self._failing(replace(run.plan, until=numbers[middle]))
            if shorter:
                run, high = shorter, middle
            else:
                low = middle + 1
        return run

    def _leave_out(self) -> None:
        """Halves of the faults, quarters, and then each, for as long as any can go; the last ones first, because
        everything before them stays as it is."""
        size = max(1, len(self.best.numbers) // 2)
        while self._left:
            numbers, plan = self.best.numbers, self.best.plan
            groups = [numbers[max(0, end - size) : end] for end in range(len(numbers), 0, -size)]
            plans = [replace(plan, skip=plan.skip | frozenset(group)) for group in groups]
            if any(self._shorter(self._failing(one)) for one in plans):
                continue
            if size == 1:
                return
            size = max(1, size // 2)

    def _otherwise(self, number: int) -> Run | None:
        """Without one fault, the night goes on another way: perhaps to the same end by fewer later ones."""
        run = self._failing(replace(self.best.plan, skip=self.best.plan.skip | {number}, until=EVERY))
        return self._cut(run) if run else None

    def _failing(self, plan: Plan) -> Run | None:
        """The plan's run, if it has the problem."""
        if not self._left:
            return None
        self._left -= 1
        run = simulate(plan)
        return run if run.kinds & self._kinds else None

    def _shorter(self, run: Run | None) -> bool:
        """Takes a run for the best if it is shorter."""
        if not run or (run.files, run.faults.total()) >= (self.best.files, self.best.faults.total()):
            return False
        self.best = run
        return True
