"""What a crew member can be rostered for: a closed set, and what each is worth to the rules.

Flight duty has an FDP. Positioning, ground duty, simulator and training are duty: before a flight, without the rest
that is demanded between, they are part of its FDP, after it of the duty period only (14 CFR 117.3; ORO.FTL.105(11),
(12), 215). Standby and reserve that nobody was called from count as CS FTL.1.225 and 117.21 say; a duty that somebody
was called to names them in its `standby`, or follows theirs within some hours. Leave, days off and rest are no duty,
and nobody has one of them and a duty at once.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from penstock.feeds.crew.clauses import Breach, Clause

type Activity = Literal[
    "flight_duty",
    "positioning",
    "airport_standby",
    "home_standby",
    "short_call_reserve",
    "long_call_reserve",
    "ground_duty",
    "simulator",
    "training",
    "leave",
    "day_off",
    "rest",
]

type Status = Literal["planned", "operated", "delayed", "cancelled", "reassigned"]
"""What became of an activity. One that is cancelled or was given to another crew member is withdrawn: it counts no
more."""

type SectorStatus = Literal["planned", "operated", "delayed", "diverted", "returned", "cancelled"]
"""What became of a sector: one that diverted ended elsewhere, one that returned where it began (a return to the field),
one that was cancelled was none."""

FLIGHT_DUTY = "flight_duty"
WORK = frozenset({"positioning", "ground_duty", "simulator", "training"})
FREE = frozenset({"leave", "day_off", "rest"})
WITHDRAWN = frozenset({"cancelled", "reassigned"})

STANDBY = {
    "airport_standby": "airport",
    "home_standby": "home",
    "short_call_reserve": "short_call",
    "long_call_reserve": "long_call",
}
"""Standby and reserve by themselves, as the `standby` of a duty names them."""

_BY_STANDBY = {kind: activity for activity, kind in STANDBY.items()} | {
    "other": "home_standby",
    "reserve": "long_call_reserve",
}

_FLOWN = ("sectors", "fdp_end_at", "split_rest", "original_report_at", "rest_facility_class", "in_flight_rest_minutes")
_FOREIGN: Mapping[str, Sequence[str]] = (
    {"positioning": _FLOWN[1:]}
    | dict.fromkeys(STANDBY, _FLOWN)
    | dict.fromkeys(WORK - {"positioning"}, _FLOWN)
    | dict.fromkeys(FREE, (*_FLOWN, "standby"))
)
"""Fields that have no meaning for an activity. A flight duty has them all."""


def activity_of(record: Mapping[str, Any]) -> str:
    """What a record is about. One that does not say so is told by what it has: flights, or a standby that led to
    nothing. With neither it may be a flight duty, which asks for the most."""
    said = record.get("activity")
    if said:
        return said
    sectors = record.get("sectors")
    if sectors:
        # Mostly the first one is operated.
        positioning = sectors[0].get("positioning") and all(one.get("positioning") for one in sectors)
        return "positioning" if positioning else FLIGHT_DUTY
    standby = record.get("standby")
    return _BY_STANDBY[standby["kind"]] if standby and not record.get("fdp_end_at") else FLIGHT_DUTY


SHAPE = Clause(
    "crew.activity",
    "activity",
    "14 CFR 117.3, 117.21; ORO.FTL.105, 225, 230",
    "an activity has no fields of another one",
)
WITHDRAWAL = Clause(
    "crew.status",
    "status",
    "record",
    "what was cancelled or given to somebody else was not flown; what was given to somebody else says to whom",
)


def shape(record: Mapping[str, Any], activity: str) -> list[Breach]:
    """What an activity cannot have: flights in a leave, an operated sector in a positioning, a flight in what was
    withdrawn. What says no `activity` is what it looks like."""
    found: list[Breach] = []
    ids = (record["duty_id"],)
    if record.get("activity") and activity != FLIGHT_DUTY:
        for name in _FOREIGN.get(activity, ()):
            if record.get(name):
                message = f"{activity} has no {name}; leave it out, or send another activity ({_instead(activity)})"
                found.append(SHAPE.breach(message, ids))
    if record.get("role") == "cabin" and record["regulation"] == "far117":
        message = "Part 117 is about flight crew; cabin crew are not under it (14 CFR 117.1, 121.467)"
        found.append(SHAPE.breach(message, ids))
    sectors: Sequence[Mapping[str, Any]] = record.get("sectors") or ()
    if activity == "positioning" and not all(one.get("positioning") for one in sectors):
        message = "positioning has a sector that is operated; send it as flight_duty, or mark the sector positioning"
        found.append(SHAPE.breach(message, ids))
    told = record.get("status") or record.get("reassigned_to") or any("status" in one for one in sectors)
    return found + _withdrawn(record, sectors, ids) if told else found


def _instead(activity: str) -> str:
    return "flight_duty with `standby`" if activity in STANDBY else FLIGHT_DUTY


def _withdrawn(record: Mapping[str, Any], sectors: Sequence[Mapping[str, Any]], ids: tuple[str, ...]) -> list[Breach]:
    faults: list[str] = []
    status = record.get("status")
    flown = [one["flight"] for one in sectors if one.get("actual_off") or one.get("actual_on") or one.get("actual_in")]
    if status in WITHDRAWN and flown:
        faults.append(
            f"the duty is {status} and {flown[0]} was flown; send a correction with the other sectors cancelled"
        )
    for number, sector in enumerate(sectors, 1):
        if sector.get("status") == "cancelled" and (sector.get("actual_off") or sector.get("actual_in")):
            faults.append(f"sector {number} ({sector['flight']}) is cancelled and was flown; is it `returned`?")
        elif sector.get("diverted_to") and sector.get("status") in ("cancelled", "returned"):
            faults.append(
                f"sector {number} ({sector['flight']}) is {sector['status']} and diverted to {sector['diverted_to']};"
                " leave out one of the two"
            )
    other = record.get("reassigned_to")
    if status == "reassigned" and (not other or other == record["crew_id"]):
        faults.append("reassigned_to does not name another crew member, whose record is one of its own")
    elif other and status != "reassigned":
        faults.append("reassigned_to goes with the status `reassigned` only; send it, or leave reassigned_to out")
    return [WITHDRAWAL.breach(fault, ids) for fault in faults]
