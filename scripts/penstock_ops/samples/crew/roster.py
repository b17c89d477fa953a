"""Legal duties: four days on, three off, by day, from home base and back.

All of it is far within either regulation, so that a fault put into one duty is the only one it has, and the others stay
what they were: about ten hours of duty a day, forty a week, and thirteen of rest between two.
"""

import random
import string
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from itertools import count, pairwise
from typing import Any, Literal, NamedTuple

#: A Monday in winter time on both sides of the Atlantic, until long after the last duty.
FIRST_DAY = date(2026, 11, 9)
WEEKS = 4
DAYS_ON = 4
#: Minutes: from report to the first block off, between two sectors, and from the end of the FDP to release.
REPORT, TURNAROUND, RELEASE = 60, 45, 30
TAXI_OUT, TAXI_IN = 12, 6

type Regulation = Literal["far117", "easa"]


class Base(NamedTuple):
    """A home base, its zone and winter offset in hours, and where one flies to from there."""

    regulation: Regulation
    airport: str
    zone: str
    offset: int
    carrier: str
    destinations: tuple[str, ...]


BASES = (
    Base("far117", "JFK", "America/New_York", -5, "PS", ("BOS", "DCA", "PIT", "BUF", "RDU", "CLE")),
    Base("far117", "ORD", "America/Chicago", -6, "PS", ("STL", "MSP", "CMH", "BNA", "OMA", "MCI")),
    Base("far117", "LAX", "America/Los_Angeles", -8, "PS", ("SFO", "LAS", "PHX", "SMF", "SJC", "RNO")),
    Base("easa", "AMS", "Europe/Amsterdam", 1, "PK", ("LHR", "CDG", "FRA", "BRU", "HAM", "CPH")),
    Base("easa", "MAD", "Europe/Madrid", 1, "PK", ("BCN", "LIS", "VLC", "SVQ", "OPO", "BIO")),
    Base("easa", "ATH", "Europe/Athens", 2, "PK", ("SKG", "HER", "SOF", "RHO", "CFU", "SKP")),
)


@dataclass(slots=True)
class Duty:
    """A duty as it is sent, and where it stands: its week, and whether it is the week's first or last one."""

    record: dict[str, Any]
    week: int
    first: bool
    last: bool

    def time(self, name: str) -> datetime:
        """One of its times."""
        return datetime.fromisoformat(self.record[name])


class Roster(NamedTuple):
    """A crew member's duties in order of time."""

    base: Base
    duties: list[Duty]


def members(seed: int) -> Iterator[Roster]:
    """Without end; crew ids of two seeds never meet."""
    rng = random.Random(f"{seed}:crew")
    prefix = "".join(random.Random(f"{seed}:members").choices(string.ascii_uppercase, k=4))
    for number in count(1):
        yield _roster(f"{prefix}{number:06d}", rng)


def _roster(crew: str, rng: random.Random) -> Roster:
    base = rng.choice(BASES)
    duties: list[Duty] = []
    for week in range(WEEKS):
        # Of a week's duties none begins much earlier than the one before: that leaves the rest as long as it is.
        begins = rng.randrange(6 * 60 + 30, 8 * 60 + 30)
        for day in range(DAYS_ON):
            midnight = datetime.combine(FIRST_DAY + timedelta(days=7 * week + day), time())
            report = midnight + timedelta(minutes=begins + rng.randint(-25, 25))
            record = duty(base, crew, f"{crew}-{week + 1}{day + 1}", report, rng.choice((2, 2, 3, 4)), rng)
            duties.append(Duty(record, week, first=day == 0, last=day == DAYS_ON - 1))
    return Roster(base, duties)


def duty(base: Base, crew: str, name: str, report: datetime, sectors: int, rng: random.Random) -> dict[str, Any]:
    """A duty of so many sectors that reports at this local time."""
    report = report.replace(tzinfo=timezone(timedelta(hours=base.offset)))
    stops = [base.airport, *rng.sample(base.destinations, sectors - 1), base.airport]
    flown: list[dict[str, Any]] = []
    out, end, flight_time = report + timedelta(minutes=REPORT), report, 0
    for origin, destination in pairwise(stops):
        block, delay = rng.randint(45, 80), rng.randint(0, 8)
        planned = _oooi(out, block)
        actual = _oooi(out + timedelta(minutes=delay), block + rng.randint(-5, 5))
        flown.append(
            {
                "flight": f"{base.carrier}{rng.randint(100, 999)}",
                "origin": origin,
                "destination": destination,
                "registration": _registration(base, rng),
            }
            | {f"planned_{name}": moment.isoformat() for name, moment in planned.items()}
            | {f"actual_{name}": moment.isoformat() for name, moment in actual.items()}
        )
        flight_time += minutes(actual["in"] - actual["out"])
        end = actual["in"]
        out = planned["in"] + timedelta(minutes=TURNAROUND)
    return {
        "duty_id": name,
        "revision": 1,
        "crew_id": crew,
        "regulation": base.regulation,
        "acclimatised": "yes",
        "reference_tz": base.zone,
        "report_at": report.isoformat(),
        "fdp_end_at": end.isoformat(),
        "release_at": (end + timedelta(minutes=RELEASE)).isoformat(),
        "pilots": 2,
        "extension": "none",
        "flight_time_minutes": flight_time,
        "qualifications": [
            {"code": "MEDICAL", "valid_until": "2027-06-30"},
            {"code": "LINE CHECK", "valid_until": "2027-11-30"},
        ],
        "sectors": flown,
        "home_base": base.airport,
    }


def minutes(length: timedelta) -> int:
    """A length in whole minutes."""
    return length // timedelta(minutes=1)


def _oooi(out: datetime, block: int) -> dict[str, datetime]:
    into = out + timedelta(minutes=block)
    return {
        "out": out,
        "off": out + timedelta(minutes=TAXI_OUT),
        "on": into - timedelta(minutes=TAXI_IN),
        "in": into,
    }


def _registration(base: Base, rng: random.Random) -> str:
    if base.regulation == "far117":
        return f"N{rng.randint(100, 999)}{''.join(rng.choices('ABCDEFGHJKLMNPQRSTUVWXYZ', k=2))}"
    return f"PH-{''.join(rng.choices(string.ascii_uppercase, k=3))}"
