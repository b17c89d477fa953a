"""What moves in a stack, lane by lane, as the ledger has it: so it is the same after a restart, and for whoever looks.

waiting_for   records whose chunk is to be judged, or to be sent, of the files that have been open longest
per_minute    records that were read from files that were sealed, and that ended with their chunks, within `WINDOW`
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from penstock.feeds.lanes import lane_of
from penstock.model.lane_names import told
from penstock.model.ordinals import unfolded
from penstock.model.rows import ChunkRow, ChunkState, FileRow
from penstock.operate.deadlines import Deadline, deadlines, open_since
from penstock.ports.destination import Directory
from penstock.ports.ledger import Ledger
from penstock_ops.operate.times import utc

WINDOW = 600.0  #: seconds that rates are told of
LOOKED_INTO = 20  #: open files, and as many that have ended within the window, whose chunks are read
_WAITS = {ChunkState.SENT: "judged", ChunkState.VALIDATED: "sent"}


@dataclass(slots=True)
class _Lane:
    """A lane while it is counted."""

    files: list[FileRow] = field(default_factory=list[FileRow])
    waits: Counter[str] = field(default_factory=Counter[str])
    moved: Counter[str] = field(default_factory=Counter[str])


async def by_lane(
    ledger: Ledger, directory: Directory, opened: Sequence[FileRow], latest: Iterable[FileRow], now: float
) -> dict[str, dict[str, Any]]:
    """By the name of the lane, or of the feed where there is none: how many `files` are open, the `oldest`, when the
    first of them is `due` and how many are `late`; and what the module says. `opened` are the open files, those that
    have been so longest first; `latest` others that may have ended within the window."""
    found: dict[str, _Lane] = {}
    for row in opened:
        found.setdefault(lane_of(row.file), _Lane()).files.append(row)
    since = now - WINDOW
    ended = [row for row in latest if (row.settled_at or 0) >= since]
    looked_into = {row.file.file_id: row for row in (*opened[:LOOKED_INTO], *ended[:LOOKED_INTO])}
    chunks = await asyncio.gather(*map(ledger.chunks, looked_into))
    for row, of_file in zip(looked_into.values(), chunks, strict=True):
        _count(found.setdefault(lane_of(row.file), _Lane()), row, of_file, since)
    due = {one.lane: one for one in await deadlines(directory, opened)}
    return {name: told(name) | _told(lane, due.get(name), now) for name, lane in sorted(found.items())}


def _count(lane: _Lane, row: FileRow, chunks: Iterable[ChunkRow], since: float) -> None:
    if (row.sealed_at or 0) >= since:
        lane.moved["read"] += row.received
    for chunk in chunks:
        records = len(unfolded(chunk.only)) or chunk.span.records
        if chunk.state in _WAITS:
            lane.waits[_WAITS[chunk.state]] += records
        elif (chunk.settled_at or 0) >= since:
            lane.moved["ended"] += records


def _told(lane: _Lane, due: Deadline | None, now: float) -> dict[str, Any]:
    oldest = min(lane.files, key=open_since, default=None)
    return {
        "files": len(lane.files),
        "oldest": oldest and {"file_id": oldest.file.file_id, "open_since": utc(open_since(oldest))},
        "due": utc(due.next_due) if due else None,
        "deadline_hours": due.deadline_hours if due else None,
        "late": len(due.late(now)) if due else 0,
        "waiting_for": {name: lane.waits[name] for name in _WAITS.values()},
        "per_minute": {name: round(lane.moved[name] * 60 / WINDOW, 1) for name in ("read", "ended")},
    }
