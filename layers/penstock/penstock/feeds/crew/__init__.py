"""Flight crew duties against 14 CFR Part 117 and EASA ORO.FTL / CS FTL.1.

A record is one activity of one crew member, from `report_at` to `release_at`: flight duty, positioning, airport or home
standby, short-call or long-call reserve, ground duty, simulator, training, leave, a day off or rest. Without `activity`
it is what it looks like. The model (`record`) says what it looks like; `engine.examine` says what it is worth by the
rules, given the crew member's history. Each rule is a function whose docstring states it with its paragraph.

In a table the nested fields (`sectors`, `split_rest`, `standby`, `qualifications`) are JSON in a cell. What was
accepted counts for all after it, in whatever file they come; a higher `revision` replaces it.

What is withdrawn is a higher revision with the `status` `cancelled`, or `reassigned` with `reassigned_to`: its hours
are free again. Who flies instead has a record of their own, with their own `crew_id`; a duty never moves to somebody
else by itself. A sector with the `status` `cancelled` is none, one with `diverted_to` ended there.

Activities without 10 hours of rest between are one duty period: a simulator before a flight is part of its FDP,
positioning behind it is not. Who was called from standby or reserve has it in the duty's `standby`, or in a record of
its own that ends within four hours before.

What a record does not tell never loosens a limit. Without `acclimatised` the stricter table holds, without `home_base`
every place may be it, a sector without times fills the FDP unless `flight_time_minutes` is given, a flight duty without
sectors has the most that the tables know, and one that is `delayed` without `original_report_at` may have been to begin
at any time; a call that no `called_at` tells came when it is worst. Without `role` it is flight crew's. Without
`activity`, sectors or `standby` it may be a flight duty. The FDP ends when the last sector that is operated is in; a
later `fdp_end_at` counts, unless a cancelled sector or positioning behind explains it, an earlier one is only told.
Where neither tells, it ends at release; where only a plan does, and the release would be too late, that is told.
Flight time is what the sectors add up to, where they have times.

What a history and the table of airports tell is computed and compared: acclimatisation, rest for time zones, FDP and
flight time. What was accepted is legal as a whole, in whatever order it came: a record answers for what it does to
those after it, by every regulation that one of them is under. Where the policy has turn-rounds, an aircraft is followed
through the records of all crew members by its registration.

Part 117 is that of 2025-01-01, in force since 2014-01-04; the EASA rules are those of Regulation (EU) No 83/2014 and of
CS-FTL.1 of ED Decision 2014/002/R, in force since 2016-02-18. A finding says which of them judged it, one of the
operator's policy that policy's edition. Not checked, as no record tells it: fitness for duty; each pilot's in-flight
rest; that a rest has 8 hours of sleep opportunity; how a break was scheduled, and that an accommodation is suitable
beyond the record's word; a second notice of a delayed report; two local days twice a month; longitude, for which the
clocks stand; cabin crew that reports before the flight crew; that a takeoff or landing was by night.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from pydantic_core import from_json

from penstock.feeds.crew import engine, rotation
from penstock.feeds.crew.duty import dumped, duty_of, loaded, read
from penstock.feeds.crew.history import KEPT, History
from penstock.feeds.crew.policy import Policy
from penstock.feeds.crew.policy_examples import tried
from penstock.feeds.crew.record import DutyRecord
from penstock.feeds.crew.times import DAY, is_zone
from penstock.feeds.feed import Examination, Feed, Known, Limits, Record
from penstock.formats.delimited import Delimited
from penstock.formats.json_array import JsonArray
from penstock.formats.json_sequence import JsonSequence
from penstock.formats.ndjson import NdJson
from penstock.model.findings import Finding, Severity

_NESTED = ("sectors", "split_rest", "standby", "qualifications")
_WORDS = ("duty_id", "crew_id", "reassigned_to")
_REGULATIONS = {
    "far117": "far117",
    "part117": "far117",
    "117": "far117",
    "14cfr117": "far117",
    "14cfrpart117": "far117",
    "faa": "far117",
    "easa": "easa",
    "oroftl": "easa",
    "easaoroftl": "easa",
}
_STATES = {
    "yes": "yes",
    "y": "yes",
    "true": "yes",
    "no": "no",
    "n": "no",
    "false": "no",
    "unknown": "unknown",
    "u": "unknown",
    "x": "unknown",
}
_ACTIVITIES = {
    "flight": "flight_duty",
    "fly": "flight_duty",
    "flt": "flight_duty",
    "fdp": "flight_duty",
    "deadhead": "positioning",
    "dh": "positioning",
    "pos": "positioning",
    "standby": "home_standby",
    "sby": "home_standby",
    "hsby": "home_standby",
    "asby": "airport_standby",
    "shortcall": "short_call_reserve",
    "rap": "short_call_reserve",
    "longcall": "long_call_reserve",
    "reserve": "long_call_reserve",
    "rsv": "long_call_reserve",
    "ground": "ground_duty",
    "office": "ground_duty",
    "sim": "simulator",
    "trn": "training",
    "vacation": "leave",
    "vac": "leave",
    "off": "day_off",
    "dayoff": "day_off",
}
_STATUSES = {
    "canceled": "cancelled",
    "cnl": "cancelled",
    "cnx": "cancelled",
    "withdrawn": "cancelled",
    "flown": "operated",
    "scheduled": "planned",
    "div": "diverted",
}
_SPACED = re.compile(r"(\d{4}-\d{2}-\d{2}) +(\d{2}:\d{2})(.*)", re.DOTALL)


def _normalised(record: dict[str, Any]) -> dict[str, Any]:
    """Usual spellings of words, a blank between date and time, and nested fields as a table has them: JSON in a
    cell."""
    normal = {name: _normal(value) for name, value in record.items() if value not in (None, "")}
    for name in _NESTED:
        if isinstance(normal.get(name), str):
            normal[name] = _said_in(normal[name])
    for name, words in (("regulation", _REGULATIONS), ("acclimatised", _STATES)):
        said = normal.get(name)
        if isinstance(said, str | bool):
            normal[name] = words.get(re.sub(r"[^a-z0-9]+", "", str(said).lower()), said)
    _respell(normal, "activity", _ACTIVITIES)
    sectors = normal.get("sectors")
    for one in (normal, *(cast("list[Any]", sectors) if isinstance(sectors, list) else ())):
        if isinstance(one, dict):
            _respell(cast(dict[str, Any], one), "status", _STATUSES)
    if isinstance(normal.get("extension"), str):
        normal["extension"] = normal["extension"].lower()
    return {name: value for name, value in normal.items() if value != ""}


def _unnested(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The record with the lists and objects of its cells; as it came, where one is no JSON, or where it has a text that
    `_normalised` would write otherwise, though the model would take it."""
    cells = [name for name in _NESTED if isinstance(record.get(name), str)]
    if not cells or any(_normal(record.get(name)) != record.get(name) for name in _WORDS):
        return record
    try:
        whole = {**record, **{name: from_json(record[name]) for name in cells}}
    except ValueError:
        return record
    if "qualifications" in whole:
        whole["qualifications"] = _normal(whole["qualifications"])
    return whole


def _respell(record: dict[str, Any], name: str, words: Mapping[str, str]) -> None:
    """A word as the model has it: in small letters, with underscores, by its usual name."""
    said = record.get(name)
    if isinstance(said, str):
        plain = re.sub(r"[^a-z0-9]+", "_", said.lower()).strip("_")
        record[name] = words.get(plain.replace("_", ""), plain)


def _normal(value: Any) -> Any:
    if isinstance(value, str):
        return _SPACED.sub(r"\1T\2\3", value.strip())
    if isinstance(value, dict):
        inner = {name: _normal(one) for name, one in cast(dict[str, Any], value).items()}
        return {name: one for name, one in inner.items() if one != ""}
    return [_normal(inner) for inner in cast(list[Any], value)] if isinstance(value, list) else value


def _said_in(cell: str) -> Any:
    try:
        return _normal(json.loads(cell))
    except ValueError:
        # The model says what is wrong with it.
        return cell


_SPELLINGS = {
    "duty_id": "duty, duty no, duty number, pairing id, pairing, trip id",
    "revision": "rev, version",
    "crew_id": "crew, crew member, crew member id, employee id, employee, staff number, pilot id",
    "regulation": "rule set, ruleset, ftl",
    "acclimatised": "acclimated, acclimatized, acclimatisation",
    "reference_tz": "reference time zone, reference zone, time zone, tz, zone",
    "activity": "activity type, duty type, code, activity code",
    "status": "duty status, activity status",
    "reassigned_to": "reassigned to, replaced by, swapped with",
    "report_at": "report, report time, reporting time, check in, start, begin, starts at",
    "original_report_at": "original report, original report time, planned report",
    "fdp_end_at": "fdp end, fdp ends, end of fdp",
    "release_at": "release, release time, check out, duty end, end, ends at",
    "pilots": "pilot count, crew size, augmentation",
    "rest_facility_class": "rest facility, rest class, facility class",
    "split_rest": "split duty, split duty rest, break",
    "flight_time_minutes": "flight time, block minutes, flight minutes",
    "home_base": "base, domicile",
    "sectors": "legs, flights, segments",
    "standby": "reserve",
}
"""What exports of the trade call the fields."""


def _examine(records: Sequence[Record], known: Sequence[Known], policy: Policy) -> list[list[Finding]]:
    """What the engine finds in duties of one crew member, or what is found in parts of records about one tail."""
    if records and rotation.is_part(records[0]):
        return [list(one) for one in rotation.examine(records, known, policy)]
    history = History(loaded(one.kept for one in known))
    found = engine.examine(records, dict.fromkeys((one["crew_id"] for one in records), history), policy)
    return [list(breaches) for breaches in found]


def _keep(record: Record) -> Known:
    """The duty as the rules see it. One in a zone that nobody knows is never accepted."""
    if rotation.is_part(record):
        return rotation.to_history(record)
    kept = dumped(duty_of(record)) if is_zone(record["reference_tz"]) else None
    return Known(record["duty_id"], kept)


def _prune(known: Sequence[Known]) -> Sequence[Known]:
    if known and rotation.is_of_tail(known[0]):
        return rotation.prune(known)
    kept = {duty.id for duty in History(loaded(one.kept for one in known)).kept()}
    return [one for one in known if one.id in kept]


_OPERATORS_OWN = Finding(
    "crew.policy.…",
    "a limit that the operator's policy sets itself; the code ends as the policy calls it, which also says how severe",
    severity=Severity.SOFT,
    rule="the operations manual, as the policy cites it",
)

CREW = Feed(
    name="crew",
    title="Flight crew duties against 14 CFR Part 117 and EASA ORO.FTL",
    formats=(JsonArray(), JsonSequence(), NdJson(), Delimited()),
    record=DutyRecord,
    identity=("crew_id", "duty_id"),
    revision="revision",
    group=("crew_id",),
    examination=Examination(
        by=("crew_id",),
        read=read,
        examine=_examine,
        to_history=_keep,
        prune=_prune,
        policy=Policy,
        days=KEPT // DAY,
        tried=tried,
        also=rotation.parts,
    ),
    findings=(*(clause.stated for clause in engine.CLAUSES), _OPERATORS_OWN),
    limits=Limits(records=1000),
    normalise=_normalised,
    unnested=_unnested,
    spellings={name: tuple(spellings.split(", ")) for name, spellings in _SPELLINGS.items()},
)
