"""A storm day: what was planned for many crew members, and what became of it, in eight files.

Of the duties of a month some are cancelled, some given to others, some diverted. Beside it stands what every crew
member's hours must be in the end, reckoned from the records alone.
"""

import copy
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from penstock_ops.samples.crew.roster import Duty, members

DUTIES, CANCELLED, REASSIGNED, DIVERTED = 3_000, 250, 120, 40
ALTERNATES = {"far117": ("ALB", "SYR"), "easa": ("EGCC", "EDDN")}
LATER = timedelta(minutes=25)

type Record = dict[str, Any]


@dataclass
class StormDay:
    """The files by their names, in the order in which they are sent, those of the plan first; and the minutes of duty
    and of flight time that each crew member has in the end."""

    planned: dict[str, bytes]
    changes: dict[str, bytes]
    minutes: dict[str, tuple[int, int]]
    records: dict[str, int] = field(default_factory=dict[str, int])


def storm_day(seed: int, part: int = 1) -> StormDay:
    """The day, or one of a `part`th of its size."""
    rng = random.Random(f"{seed}:storm")
    duties = list(islice(_duties(seed), DUTIES // part))
    places = rng.sample(range(len(duties)), (CANCELLED + REASSIGNED + DIVERTED) // part)
    gone, given, away = (
        places[: CANCELLED // part],
        places[CANCELLED // part : (CANCELLED + REASSIGNED) // part],
        places[(CANCELLED + REASSIGNED) // part :],
    )
    cancelled = [_changed(duties[at], status="cancelled") for at in gone]
    reassigned: list[Record] = []
    taken_over: list[Record] = []
    for number, at in enumerate(given):
        other = f"{duties[at].record['crew_id'][:4]}R{number:05d}"
        reassigned.append(_changed(duties[at], status="reassigned", reassigned_to=other))
        taken_over.append(copy.deepcopy(duties[at].record) | {"crew_id": other})
    diverted = [_diverted(duties[at], rng) for at in away]
    third = len(duties) // 3 + 1
    plan = [one.record for one in duties]
    planned = {f"plan-{number}": plan[at : at + third] for number, at in enumerate(range(0, len(plan), third))}
    changes = {
        "cancelled-0": cancelled[::2],
        "cancelled-1": cancelled[1::2],
        "reassigned": reassigned,
        "taken-over": taken_over,
        "diverted": diverted,
    }
    replaced = {*gone, *given, *away}
    standing = [*(one.record for at, one in enumerate(duties) if at not in replaced), *taken_over, *diverted]
    everybody = {one["crew_id"] for one in plan}
    return StormDay(
        {name: _lines(records) for name, records in planned.items()},
        {name: _lines(records) for name, records in changes.items()},
        dict.fromkeys(everybody, (0, 0)) | minutes_of(standing),
        {name: len(records) for name, records in (planned | changes).items()},
    )


def _duties(seed: int) -> Iterator[Duty]:
    for roster in members(seed):
        yield from roster.duties


def _changed(duty: Duty, **changes: Any) -> Record:
    record: Record = {**copy.deepcopy(duty.record), "revision": 2, **changes}
    if record.get("status"):
        # What is withdrawn was not flown.
        for sector in record["sectors"]:
            for name in [name for name in sector if name.startswith("actual_")]:
                del sector[name]
    return record


def _diverted(duty: Duty, rng: random.Random) -> Record:
    """The last sector lands elsewhere, and later."""
    record = _changed(duty)
    last = record["sectors"][-1]
    last |= {"status": "diverted", "diverted_to": rng.choice(ALTERNATES[record["regulation"]])}
    for place, names in ((last, ("actual_on", "actual_in")), (record, ("fdp_end_at", "release_at"))):
        for name in names:
            place[name] = (datetime.fromisoformat(place[name]) + LATER).isoformat()
    record["flight_time_minutes"] += LATER // timedelta(minutes=1)
    return record


def minutes_of(records: Iterable[Mapping[str, Any]]) -> dict[str, tuple[int, int]]:
    """From report to release, and block to block, of each crew member."""
    duty, flown = defaultdict[str, int](int), defaultdict[str, int](int)
    for one in records:
        duty[one["crew_id"]] += _between(one["report_at"], one["release_at"])
        flown[one["crew_id"]] += sum(_between(sector["actual_out"], sector["actual_in"]) for sector in one["sectors"])
    return {crew: (duty[crew], flown[crew]) for crew in duty}


def _between(begin: str, end: str) -> int:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)) // timedelta(minutes=1)


def _lines(records: Iterable[Record]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in records)
