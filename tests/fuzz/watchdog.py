"""No input may take longer than this, whatever is in it. Where nothing comes back from C at all, the fuzzer's own clock
ends it."""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

SECONDS = 2.0  #: of CPU, so that a busy machine is no finding; an input of some kilobytes takes milliseconds


class TooSlow(AssertionError):
    """Raised where an input is still being worked on when its time is up."""


@contextmanager
def watched(seconds: float = SECONDS) -> Generator[None]:
    """Raises in the midst of what takes longer.

    Raises:
        TooSlow: the time is up.
    """
    before = signal.signal(signal.SIGVTALRM, _bark)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _bark(_signal: int, _frame: FrameType | None) -> None:
    raise TooSlow(f"an input took more than {SECONDS} seconds of CPU")
