"""Flight crew duties against 14 CFR Part 117 and EASA ORO.FTL / CS FTL.1.

A record is one duty of one crew member. The model (`record`) says what a duty looks like; `engine.examine` says what
it is worth by the rules, given the crew member's history. `docs` of each rule is the docstring of its function.
"""

import json
import re
from typing import Any, cast

from penstock.feeds.crew.record import DutyRecord
from penstock.feeds.feed import Feed, Limits
from penstock.formats.delimited import Delimited
from penstock.formats.json_array import JsonArray
from penstock.formats.ndjson import NdJson

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


def _tidy(record: dict[str, Any]) -> dict[str, Any]:
    """Usual spellings of words, a blank between date and time, and nested fields as a table has them: JSON in a
    cell."""
    tidied = {name: _tidied(value) for name, value in record.items() if value not in (None, "")}
    for name in _NESTED:
        if isinstance(tidied.get(name), str):
            tidied[name] = _unnested(tidied[name])
    for name, words in (("regulation", _REGULATIONS), ("acclimatised", _STATES)):
        said = tidied.get(name)
        if isinstance(said, str | bool):
            tidied[name] = words.get(re.sub(r"[^a-z0-9]+", "", str(said).lower()), said)
    if isinstance(tidied.get("extension"), str):
        tidied["extension"] = tidied["extension"].lower()
    return {name: value for name, value in tidied.items() if value != ""}


def _tidied(value: Any) -> Any:
    if isinstance(value, str):
        return _SPACED.sub(r"\1T\2\3", value.strip())
    if isinstance(value, dict):
        return {name: _tidied(inner) for name, inner in cast(dict[str, Any], value).items()}
    return [_tidied(inner) for inner in cast(list[Any], value)] if isinstance(value, list) else value


def _unnested(cell: str) -> Any:
    try:
        return _tidied(json.loads(cell))
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

CREW = Feed(
    name="crew",
    title="Flight crew duties against 14 CFR Part 117 and EASA ORO.FTL",
    formats=(JsonArray(), NdJson(), Delimited()),
    record=DutyRecord,
    identity=("crew_id", "duty_id"),
    revision="revision",
    group=("crew_id",),
    limits=Limits(records=1000),
    tidy=_tidy,
    spellings={name: tuple(spellings.split(", ")) for name, spellings in _SPELLINGS.items()},
)
