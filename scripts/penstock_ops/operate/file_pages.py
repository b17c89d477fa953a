"""Files page by page, newest first, by what they are. Each page is read from the index of states, never from a table as
a whole: where few files are as wanted, a page ends after so many that were looked at, and says where to go on."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from penstock.account.completion import summary
from penstock.feeds import FEEDS
from penstock.model.errors import PenstockError
from penstock.model.findings import Outcome
from penstock.model.rows import KEPT, FileRow, FileState
from penstock.ports.ledger import Ledger

PAGE = 50  #: files on a page
LOOKED_AT = 1000  #: files looked at for one page, at most
_AT_ONCE = 100  #: files read at once, where some of them are passed over

STATES: dict[str, tuple[FileState, ...]] = {
    "splitting": (FileState.SPLITTING,),
    "sealed": (FileState.SEALED,),
    "replaying": (FileState.SPLITTING, FileState.SEALED),
    "settled": (FileState.SEALED, FileState.SETTLED),
    "incomplete": (FileState.SEALED, FileState.SETTLED),
    "refused": (FileState.REFUSED,),
    "unpacked": (FileState.UNPACKED,),
}
"""How a file may be shown, and the states of rows that may be shown so."""


class WrongFilter(PenstockError):
    """Raised where files are asked for by what no file can be."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which files: "" where it does not matter. `key` is a part of it, in which * stands for anything; `day` is when
    the file was first heard of, in UTC; `state` as files are shown; `outcome` is what some record of it ended as;
    `lane` is the part of the key that names it."""

    feed: str = ""
    lane: str = ""
    key: str = ""
    state: str = ""
    outcome: str = ""
    day: str = ""

    @property
    def states(self) -> Collection[FileState]:
        """The states of rows that may be wanted."""
        return STATES[self.state] if self.state else KEPT

    @property
    def bounds(self) -> tuple[float, float | None]:
        """After when and before when a wanted file was opened, in seconds since the epoch."""
        if not self.day:
            return 0.0, None
        start = datetime.strptime(self.day, "%Y-%m-%d").replace(tzinfo=UTC)
        # Times in the ledger have six decimals, and both bounds are outside.
        return start.timestamp() - 1e-6, (start + timedelta(days=1)).timestamp()

    def ensure_sound(self) -> None:
        """Nothing where such files can be.

        Raises:
            WrongFilter: there is no such feed, state or outcome, or this is no day.
        """
        known = {"feed": list(FEEDS), "state": list(STATES), "outcome": list(map(str, Outcome))}
        for name, values in known.items():
            said = getattr(self, name)
            if said and said not in values:
                raise WrongFilter(f"there is no {name} {said}; there are: {', '.join(values)}")
        try:
            _ = self.bounds
        except (ValueError, OverflowError):
            raise WrongFilter(f"{self.day} is no day: say it as 2026-11-29") from None

    def is_met_by(self, row: FileRow, told: dict[str, Any]) -> bool:
        """Whether a file, and its account, is wanted."""
        key = row.file.dropped.key
        return (
            self.feed in ("", row.file.feed)
            and self.state in ("", told["state"])
            and self.lane in ("", told.get("lane", ""))
            and (not self.key or fnmatchcase(key.lower(), f"*{self.key.lower()}*"))
            and (not self.outcome or row.counted[Outcome(self.outcome)] > 0)
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Files as their accounts are now, newest first. `older` is where the next page begins, None after the last file:
    seconds since the epoch; `looked_at` is how many files were looked at for this one."""

    files: list[dict[str, Any]]
    older: float | None
    looked_at: int


async def page_of(ledger: Ledger, wanted: Wanted, before: float | None, now: float) -> Page:
    """The files that are wanted, of those opened before that time.

    Raises:
        WrongFilter: no file can be so.
    """
    wanted.ensure_sound()
    after, until = wanted.bounds
    before = min((one for one in (before, until) if one is not None), default=None)
    found: list[dict[str, Any]] = []
    looked_at = 0
    while looked_at < LOOKED_AT:
        rows = await ledger.files(_AT_ONCE, before=before, after=after, states=wanted.states)
        for row, told in _told(rows, now):
            looked_at, before = looked_at + 1, row.opened_at
            if wanted.is_met_by(row, told):
                found.append(told)
            if len(found) == PAGE:
                return Page(found, before, looked_at)
        if len(rows) < _AT_ONCE:
            return Page(found, None, looked_at)
    return Page(found, before, looked_at)


def _told(rows: list[FileRow], now: float) -> Iterator[tuple[FileRow, dict[str, Any]]]:
    return ((row, summary(row, now) | {"opened_at": row.opened_at}) for row in rows)
