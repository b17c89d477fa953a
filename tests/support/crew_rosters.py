"""Random rosters, judged one record at a time as they come, and then what was accepted of them from scratch.

`python -m tests.support.crew_rosters 20000` tries so many, and prints how many are not legal.
"""

import random
import sys
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from penstock.feeds.crew import CREW
from penstock.feeds.crew.duty import dumped, loaded
from penstock.feeds.crew.engine import examine, hard, whole
from penstock.feeds.crew.history import History
from penstock.feeds.crew.policy import REGULATION_ONLY
from tests.support.duties import at

PLACES = {
    "EHAM": "Europe/Amsterdam",
    "EDDF": "Europe/Berlin",
    "KJFK": "America/New_York",
    "VIDP": "Asia/Kolkata",
}
WORK = ("positioning", "ground_duty", "simulator", "training")
WAITING = ("airport_standby", "home_standby", "short_call_reserve", "long_call_reserve")
FREE = ("leave", "day_off", "rest")
GAPS = (0, 30, 180, 240, 599, 600, 601, 720, 780, 900, 1800, 2160, 2880, 3600)
"""Minutes between two activities, mostly about the limits."""


def clock(minute: int) -> str:
    """Minutes after the first day's midnight, as `at` takes them."""
    return f"{minute // 1440:+d} {minute % 1440 // 60:02d}:{minute % 60:02d}"


def rosters(rng: random.Random) -> list[dict[str, Any]]:
    """Records of one crew member and of whoever takes over, in an order of arrival: duties of both regulations and all
    else, corrections, withdrawals."""
    records: list[dict[str, Any]] = []
    minute, place = rng.randrange(1440), "EHAM"
    for number in range(rng.randint(3, 14)):
        minute += rng.choice(GAPS) + rng.randint(0, 60)
        record, place = _activity(rng, f"D{number}", minute, place)
        minute += record.pop("length")
        records.append(record)
    later = [change for record in records for change in _changes(rng, record)]
    rng.shuffle(records)
    # A change comes behind what it changes, mostly.
    for change in later:
        records.insert(rng.randint(len(records) // 2, len(records)), change)
    return records


def _activity(rng: random.Random, name: str, minute: int, place: str) -> tuple[dict[str, Any], str]:
    regulation = rng.choice(("far117", "easa"))
    there = rng.choice(list(PLACES)) if rng.random() < 0.4 else place
    record: dict[str, Any] = {
        "duty_id": name,
        "crew_id": "C1",
        "revision": 1,
        "regulation": regulation,
        "acclimatised": rng.choice(("yes", "yes", "yes", "no", "unknown")),
        "reference_tz": PLACES[rng.choice((place, "EHAM"))],
        "home_base": rng.choice(("AMS", "EHAM", "EHAM")),
        "report_at": at(clock(minute)),
    }
    if rng.random() < 0.65:
        block, sectors = rng.randint(30, 300), rng.randint(1, 4)
        length = 60 + sectors * (block + 45)
        ends = [place, *(rng.choice((place, there)) for _ in range(sectors - 1)), there]
        record["sectors"] = [
            {
                "flight": f"PS{leg + 1}",
                "origin": ends[leg],
                "destination": ends[leg + 1],
                "planned_out": at(clock(minute + 60 + leg * (block + 45))),
                "planned_in": at(clock(minute + 60 + leg * (block + 45) + block)),
            }
            for leg in range(sectors)
        ]
        record["extension"] = rng.choice(("none", "none", "planned", "discretion"))
        if rng.random() < 0.2:
            record |= {"pilots": 3, "rest_facility_class": rng.choice((1, 2, 3))}
    else:
        record["activity"] = rng.choice(rng.choice((WORK, WAITING, FREE)))
        length, there = rng.choice((60, 240, 480, 600)), place
    record |= {"release_at": at(clock(minute + length)), "length": length}
    return record, there


def _changes(rng: random.Random, record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    kind = rng.random()
    if kind < 0.12:
        yield record | {"revision": 2, "status": "cancelled"}
    elif kind < 0.2:
        yield record | {"revision": 2, "status": "reassigned", "reassigned_to": "C2"}
        yield record | {"crew_id": "C2"}
    elif kind < 0.3:
        moved = rng.choice((-1440, -180, -60, 60, 180, 1440))
        again, _ = _activity(rng, record["duty_id"], _minute(record["report_at"]) + moved, "EHAM")
        del again["length"]
        yield again | {"revision": 2}


def _minute(moment: str) -> int:
    first, valid = at("00:00"), CREW.one.validate_python
    times = [valid(dict(_PLAIN, report_at=one))["report_at"] for one in (first, moment)]
    return int((times[1] - times[0]).total_seconds()) // 60


_PLAIN = {"duty_id": "D", "crew_id": "C", "regulation": "easa", "reference_tz": "UTC", "release_at": at("01:00")}


def judged_one_by_one(records: list[dict[str, Any]]) -> tuple[dict[str, History], set[str]]:
    """The histories after all records came, each by itself, and the codes that withdrawals have told to be broken."""
    histories, told = defaultdict[str, History](History), set[str]()
    for record in records:
        crew = record["crew_id"]
        history = History(loaded(map(dumped, histories[crew].kept())))
        (found,) = examine([CREW.one.validate_python(record)], {crew: history})
        histories[crew] = history
        told |= {word.rstrip(":") for one in found if one.code == "crew.withdrawal" for word in one.message.split()}
    return histories, told


def illegal(records: list[dict[str, Any]]) -> list[str]:
    """The codes of what is broken in what was accepted, but for what a withdrawal has told."""
    histories, told = judged_one_by_one(records)
    broken: list[str] = []
    for history in histories.values():
        anew = History(history.kept())
        for period in anew.duties:
            found = whole(anew, period, REGULATION_ONLY)
            broken += [one.code for one in found if hard([one]) and one.code not in told]
    return broken


def main() -> None:
    """Tries as many rosters as it is told, by their seeds."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    wrong = {seed: found for seed in range(number) if (found := illegal(rosters(random.Random(seed))))}
    print(f"{number:,} rosters, judged one by one and then from scratch: {len(wrong)} illegal")  # noqa: T201
    for seed, found in list(wrong.items())[:10]:
        print(seed, found)  # noqa: T201


if __name__ == "__main__":
    main()
