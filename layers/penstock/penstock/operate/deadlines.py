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


async def overdue(directory: Directory, rows: Iterable[FileRow], now: float) -> list[Overdue]:
    """The lanes that have such files, of these that are open, by name. Of a lane whose settings cannot be read nobody
    knows a deadline."""
    by_lane: dict[str, list[FileRow]] = {}
    for row in rows:
        by_lane.setdefault(lane_of(row.file), []).append(row)
    found: list[Overdue] = []
    for lane, those in sorted(by_lane.items()):
        try:
            hours = (await target_of(directory, lane)).settings.deadline_hours
        except Transient:
            continue
        late = [row for row in those if hours is not None and now - open_since(row) > hours * HOUR]
        if hours is not None and late:
            found.append(Overdue(lane, hours, len(late), min(late, key=open_since)))
    return found


def open_since(row: FileRow) -> float:
    """When a file was opened, or last opened again, in seconds since the epoch."""
    return row.taken_up_at or row.opened_at
