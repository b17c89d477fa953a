"""Files that have not ended within their lane's deadline, an operator's setting of its destination."""

from collections.abc import Iterable
from dataclasses import dataclass

from penstock.feeds.lanes import lane_of
from penstock.io.targets import target_of
from penstock.model.errors import Transient
from penstock.model.rows import FileRow
from penstock.ports.destination import Directory

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Overdue:
    """A lane, or a feed where it has none; how many hours its files have to end, how many have had more, and the one
    that has been open longest."""

    lane: str
    deadline_hours: float
    files: int
    oldest: FileRow


@dataclass(frozen=True, slots=True)
class Deadline:
    """A lane, or a feed where it has none, with a deadline; and its open files, those that are due first first."""

    lane: str
    deadline_hours: float
    rows: tuple[FileRow, ...]

    @property
    def next_due(self) -> float:
        """When the first of them is due, in seconds since the epoch."""
        return open_since(self.rows[0]) + self.deadline_hours * HOUR

    def late(self, now: float) -> list[FileRow]:
        """Those that have had more time than they have."""
        return [row for row in self.rows if now - open_since(row) > self.deadline_hours * HOUR]


async def deadlines(directory: Directory, rows: Iterable[FileRow]) -> list[Deadline]:
    """The lanes of these files, which are open, that have a deadline, by name. Of a lane whose settings cannot be read
    nobody knows one."""
    by_lane: dict[str, list[FileRow]] = {}
    for row in rows:
        by_lane.setdefault(lane_of(row.file), []).append(row)
    found: list[Deadline] = []
    for lane, those in sorted(by_lane.items()):
        try:
            hours = (await target_of(directory, lane)).settings.deadline_hours
        except Transient:
            continue
        if hours is not None:
            found.append(Deadline(lane, hours, tuple(sorted(those, key=open_since))))
    return found


async def overdue(directory: Directory, rows: Iterable[FileRow], now: float) -> list[Overdue]:
    """The lanes that have such files, of these that are open, by name."""
    return [
        Overdue(one.lane, one.deadline_hours, len(late), late[0])
        for one in await deadlines(directory, rows)
        if (late := one.late(now))
    ]


def open_since(row: FileRow) -> float:
    """When a file was opened, or last opened again, in seconds since the epoch."""
    return row.taken_up_at or row.opened_at
