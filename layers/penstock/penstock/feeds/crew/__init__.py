"""Flight crew duties against 14 CFR Part 117 and EASA ORO.FTL / CS FTL.1.

A record is one duty of one crew member. The model (`record`) says what a duty looks like; `engine.examine` says what
it is worth by the rules, given the crew member's history. Each rule is a function whose docstring states it with its
paragraph.

In a table the nested fields (`sectors`, `split_rest`, `standby`, `qualifications`) are JSON in a cell. A duty that was
accepted counts for those after it, in whatever file they come; a higher `revision` replaces it.

What a record does not tell never loosens a limit. Without `acclimatised` the stricter table holds, without `home_base`
every place may be it, and a sector without times fills the FDP unless `flight_time_minutes` is given. Without
`fdp_end_at` the FDP ends when the last sector that is operated is in. Positioning before it counts to the FDP, after it
as duty only. A home standby that nobody was called from is a record of its own: `report_at` and `release_at` are the
standby's.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, cast

from penstock.feeds.crew import engine
from penstock.feeds.crew.duty import dumped, duty_of, loaded
from penstock.feeds.crew.history import KEPT, History
from penstock.feeds.crew.policy import Policy
from penstock.feeds.crew.record import DutyRecord
from penstock.feeds.crew.times import DAY, is_zone
from penstock.feeds.feed import Examination, Feed, Known, Limits, Record
from penstock.formats.delimited import Delimited
from penstock.formats.json_array import JsonArray
from penstock.formats.ndjson import NdJson
from penstock.model.findings import Finding, Severity

_NESTED = ("sectors", "split_rest", "standby", "qualifications")
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
_SPACED = re.compile(r"(\d{4}-\d{2}-\d{2}) +(\d{2}:\d{2})(.*)", re.DOTALL)


def _normalised(record: dict[str, Any]) -> dict[str, Any]:
    """Usual spellings of words, a blank between date and time, and nested fields as a table has them: JSON in a
    cell."""
    normal = {name: _normal(value) for name, value in record.items() if value not in (None, "")}
    for name in _NESTED:
        if isinstance(normal.get(name), str):
            normal[name] = _unnested(normal[name])
    for name, words in (("regulation", _REGULATIONS), ("acclimatised", _STATES)):
        said = normal.get(name)
        if isinstance(said, str | bool):
            normal[name] = words.get(re.sub(r"[^a-z0-9]+", "", str(said).lower()), said)
    if isinstance(normal.get("extension"), str):
        normal["extension"] = normal["extension"].lower()
    return {name: value for name, value in normal.items() if value != ""}


def _normal(value: Any) -> Any:
    if isinstance(value, str):
        return _SPACED.sub(r"\1T\2\3", value.strip())
    if isinstance(value, dict):
        return {name: _normal(inner) for name, inner in cast(dict[str, Any], value).items()}
    return [_normal(inner) for inner in cast(list[Any], value)] if isinstance(value, list) else value


def _unnested(cell: str) -> Any:
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
    "report_at": "report, report time, reporting time, check in",
    "fdp_end_at": "fdp end, fdp ends, end of fdp",
    "release_at": "release, release time, check out, duty end",
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
    """What the engine finds in duties of one crew member."""
    history = History(loaded(one.kept for one in known))
    found = engine.examine(records, dict.fromkeys((one["crew_id"] for one in records), history), policy)
    return [list(breaches) for breaches in found]


def _keep(record: Record) -> Known:
    """The duty as the rules see it. One in a zone that nobody knows is never accepted."""
    kept = dumped(duty_of(record)) if is_zone(record["reference_tz"]) else None
    return Known(record["duty_id"], kept)


def _prune(known: Sequence[Known]) -> list[Known]:
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
    formats=(JsonArray(), NdJson(), Delimited()),
    record=DutyRecord,
    identity=("crew_id", "duty_id"),
    revision="revision",
    group=("crew_id",),
    examination=Examination(
        by=("crew_id",), examine=_examine, to_history=_keep, prune=_prune, policy=Policy, days=KEPT // DAY
    ),
    findings=(*(clause.stated for clause in engine.CLAUSES), _OPERATORS_OWN),
    limits=Limits(records=1000),
    normalise=_normalised,
    spellings={name: tuple(spellings.split(", ")) for name, spellings in _SPELLINGS.items()},
)
