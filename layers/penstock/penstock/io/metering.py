"""What the work at one message takes of AWS, counted while it is done.

    the function        opens a meter for a message (`metering`)
    the adapters        count what they call, where they call it (`count`)
    the ledger          writes what no row has yet along with what it writes anyway (`told`)

What a write takes is known after it, and the last write of an invocation has none after it that could tell. So who
tells adds what is still to come, as far as it is known: the write itself, and what surely follows. What then comes
otherwise is told by the next write, if there is one.

The meter is the task's own (contextvars): neither stages nor ports need to know of it. Where none is open, as in an
operator's command, nothing is counted.
"""

import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from typing import Any

from penstock.model.usage import NOTHING, Usage

GIGABYTE = 2**30
DAYS_A_MONTH = 730 / 24  #: AWS counts 730 hours

_REPORTS = frozenset({"reports", "receipts", "outcomes", "outbox"})
_PASSING = frozenset({"due", "accounts"})  #: folders from which a look takes away within minutes what lies there


@dataclass(frozen=True, slots=True)
class Kept:
    """For how many days things are stored, as template.yaml's parameters have it."""

    ledger: int = 90
    reports: int = 400
    archive: int = 1100

    def days_of(self, key: str) -> int:
        """Of an object in the work bucket."""
        folder = key.partition("/")[0]
        return 0 if folder in _PASSING else self.reports if folder in _REPORTS else self.ledger


class Meter:
    """One message's. `gigabytes` is the memory of the function, which is paid by the second."""

    def __init__(self, gigabytes: float, kept: Kept) -> None:
        self._gigabytes, self._kept, self._began = gigabytes, kept, time.monotonic()
        self._counted: Counter[str] = Counter()
        self._told = Usage()
        #: The rows that the ledger's adapter has seen last, by their keys: what one has been told, and how large it is.
        self.rows: dict[tuple[str, str], dict[str, Any]] = {}

    def count(self, **numbers: float) -> None:
        """Counts quantities of `Usage`."""
        self._counted.update(numbers)

    def store_work(self, key: str, size: int) -> None:
        """Counts an object of so many bytes in the work bucket."""
        self.count(s3_gb_months=_gb_months(size, self._kept.days_of(key)))

    def store_archived(self, size: int) -> None:
        """Counts one in the archive."""
        self.count(s3_gb_months=_gb_months(size, self._kept.archive))

    def store_dropped(self, size: int) -> None:
        """Counts one that was dropped."""
        self.count(s3_gb_months=_gb_months(size, self._kept.ledger))

    def store_row(self, size: int) -> None:
        """Counts a row of DynamoDB that was made."""
        self.count(dynamodb_gb_months=_gb_months(size, self._kept.ledger))

    def untold(self) -> Usage:
        """What is in no row yet; below nothing where something that was told is still to come."""
        seconds = time.monotonic() - self._began
        return Usage(**self._counted) + Usage(lambda_gb_seconds=seconds * self._gigabytes) - self._told

    def tell(self, to_come: Usage) -> Usage:
        """What a row is told now: all that is untold, and what is still to come."""
        told = self.untold() + to_come
        self._told += told
        return told


def _gb_months(size: int, days: int) -> float:
    return size / GIGABYTE * days / DAYS_A_MONTH


_open: ContextVar[Meter | None] = ContextVar("meter", default=None)


@contextmanager
def metering(gigabytes: float, kept: Kept) -> Generator[Meter]:
    """A meter for what is done within."""
    meter = Meter(gigabytes, kept)
    token = _open.set(meter)
    try:
        yield meter
    finally:
        _open.reset(token)


def current() -> Meter | None:
    """The meter of the message that is worked at."""
    return _open.get()


def count(**numbers: float) -> None:
    """Counts quantities of `Usage`, where there is a meter."""
    meter = _open.get()
    if meter:
        meter.count(**numbers)


def take_over(used: Usage) -> None:
    """Counts what another has used that had no row to tell, and has left word of it."""
    count(**asdict(used))


def tell(to_come: Usage) -> Usage:
    """As `Meter.tell`, for who leaves word elsewhere than in a row."""
    meter = _open.get()
    return meter.tell(to_come) if meter else NOTHING


def untold() -> Usage:
    """What is in no row yet."""
    meter = _open.get()
    return meter.untold() if meter else NOTHING
