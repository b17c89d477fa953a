"""Duties as a crew system would send them, and what the engine finds in them. Knows nothing of its tables."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from penstock.feeds.crew import CREW
from penstock.feeds.crew.clauses import Breach
from penstock.feeds.crew.duty import Duty, duty_of
from penstock.feeds.crew.engine import examine
from penstock.feeds.crew.history import History
from penstock.feeds.crew.policy import REGULATION_ONLY, Policy

DAY = "2026-03-10"


def at(text: str, day: str = DAY) -> str:
    """An instant in UTC: `06:30`, or `+1 06:30` for the next day."""
    plus, _, clock = text.rpartition(" ")
    moment = datetime.fromisoformat(f"{day}T{clock}:00+00:00") + timedelta(days=int(plus or 0))
    return moment.isoformat()


def duty(start: str, fdp: str | int, sectors: int | list[dict[str, Any]] = 1, /, **changes: Any) -> dict[str, Any]:
    """A duty in UTC that starts at a clock time (as `at`) with an FDP (`13:00` or minutes), and half an hour after it.

    Its sectors, so many, say no times, but for the first where there is a break, which lies after it. `changes`
    replaces fields; None leaves one out."""
    begin = datetime.fromisoformat(at(start))
    minutes = fdp if isinstance(fdp, int) else int(fdp.split(":")[0]) * 60 + int(fdp.split(":")[1])
    end = begin + timedelta(minutes=minutes)
    flown = [_sector(number) for number in range(sectors)] if isinstance(sectors, int) else sectors
    if changes.get("split_rest") and isinstance(sectors, int):
        flown[0] |= {"planned_out": begin.isoformat(), "planned_in": (begin + timedelta(minutes=60)).isoformat()}
    record = {
        "duty_id": "D1",
        "revision": 1,
        "crew_id": "C1",
        "regulation": "far117",
        "acclimatised": "yes",
        "reference_tz": "Etc/UTC",
        "report_at": begin.isoformat(),
        "fdp_end_at": end.isoformat(),
        "release_at": (end + timedelta(minutes=30)).isoformat(),
        "pilots": 2,
        "rest_facility_class": None,
        "split_rest": None,
        "extension": "none",
        "standby": None,
        "flight_time_minutes": min(60, minutes),
        "qualifications": [{"code": "ATPL", "valid_until": "2030-12-31"}],
        "sectors": flown,
    } | changes
    return {name: value for name, value in record.items() if value is not None}


def flight(out: str, into: str, **changes: Any) -> dict[str, Any]:
    """A sector that goes as planned; `changes` replaces times."""
    return {
        "flight": "PS1", "origin": "EHAM", "destination": "EHAM",
        "planned_out": at(out), "planned_in": at(into), "actual_out": at(out), "actual_in": at(into),
    } | changes  # fmt: skip


def _sector(number: int) -> dict[str, Any]:
    return {"flight": f"PS{number + 1}", "origin": "EHAM", "destination": "EHAM"}


def easa(start: str, fdp: str | int, sectors: int | list[dict[str, Any]] = 1, /, **changes: Any) -> dict[str, Any]:
    """The same under EASA."""
    return duty(start, fdp, sectors, **({"regulation": "easa"} | changes))


def roster(*duties: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One crew member's duties, numbered D1, D2 and on."""
    return [{**one, "duty_id": f"D{number}"} for number, one in enumerate(duties, 1)]


def standby(kind: str, start: str, end: str) -> dict[str, str]:
    """A standby."""
    return {"kind": kind, "start": at(start), "end": at(end)}


def rest(start: str, end: str, suitable: bool = True) -> dict[str, Any]:
    """A split-duty rest."""
    return {"start": at(start), "end": at(end), "suitable": suitable}


def valid(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record as the model has it."""
    return CREW.one.validate_python(dict(record))


def plain(record: Mapping[str, Any]) -> Duty:
    """The duty as the rules see it."""
    return duty_of(valid(record))


def found_in(
    *records: Mapping[str, Any], policy: Policy = REGULATION_ONLY, history: Iterable[Mapping[str, Any]] = ()
) -> list[list[Breach]]:
    """The findings of each of these records of one file."""
    past = History(map(plain, history))
    histories = defaultdict(History, {one["crew_id"]: past for one in records})
    return examine([valid(one) for one in records], histories, policy)


def codes(*records: Mapping[str, Any], **known: Any) -> list[str]:
    """The codes of what is found in the last record, in order, without `crew.`."""
    return sorted(breach.code.removeprefix("crew.") for breach in found_in(*records, **known)[-1])
