"""Documents about towers: structural inspections, lease amendments, municipal permits and agency filings.

A record is one form, as it was read from a scan, a PDF or a text: a line of the staged text. Its fields are named as in
`fields` of the document layer, dates ISO 8601, coordinates signed decimal degrees (NAD 83), numbers in the unit that
ends their name. `evidence` has of each field where it stands and what was read there, `drift` what of its template has
changed, `doubts` what nobody could read for certain, `marks` what else there is to know of the document; `filed_zone`
and `filed_site` are what its key says. What a form has beyond its kind stands under its template's name for it.

What a person has to look at is held: silence is never consent. What a regulation asks of the tower's owner is told, and
the record is delivered.
"""

import hashlib
from datetime import date, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Literal, NotRequired, Required, TypedDict

from pydantic import ConfigDict, Field, StringConstraints, with_config

from penstock.feeds.feed import Feed, Limits
from penstock.feeds.rules import Record, Rulebook
from penstock.formats.ndjson import NdJson
from penstock.formats.text import UTF8_BOM
from penstock.model.findings import Severity

type Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
type Id = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
type Number = Annotated[float, Field(allow_inf_nan=False)]
type Day = Annotated[date, Field(ge=date(1900, 1, 1), lt=date(2200, 1, 1))]
type Latitude = Annotated[float, Field(ge=-90, le=90)]
type Longitude = Annotated[float, Field(ge=-180, le=180)]

_OPEN = ConfigDict(str_strip_whitespace=True, extra="ignore", hide_input_in_errors=True)
_OF_ANY_FORM = ConfigDict(str_strip_whitespace=True, extra="allow", hide_input_in_errors=True)


@with_config(_OPEN)
class Rating(TypedDict, total=False):
    """A member of the structure, and how much of what it can bear it bears (TIA-222)."""

    component: Text
    member: Text
    type: Text
    capacity_pct: Number
    elevation_ft: Number
    result: Text


@with_config(_OPEN)
class Tension(TypedDict, total=False):
    """A guy's tension, designed and measured."""

    anchor: Text
    level: Text
    design_lbf: Number
    measured_lbf: Number
    deviation_pct: Number


@with_config(_OPEN)
class Outage(TypedDict, total=False):
    """A light that was out (47 CFR 17.49)."""

    lamp: Text
    observed: Text
    faa_notified: Text
    repair: Text
    restored: Text


@with_config(_OPEN)
class Amended(TypedDict, total=False):
    """A term of a lease, before and after."""

    term: Text
    existing: Text
    amended: Text


@with_config(_OPEN)
class Moved(TypedDict):
    """What became of a field's place on its form."""

    field: Text
    kind: Text
    old: NotRequired[Text]
    new: NotRequired[Text]
    by: NotRequired[list[float]]
    critical: bool


type Mark = Literal["program", "files", "locked", "page_missing", "page_order"]
"""What a person has to know of a document beside what stands on its pages."""


@with_config(_OF_ANY_FORM)
class TowerRecord(TypedDict, total=False):
    """One form."""

    kind: Required[
        Literal[
            "inspection",
            "structural_audit",
            "lease_amendment",
            "municipal_permit",
            "asr_registration",
            "faa_determination",
            "light_outage_log",
            "unknown",
        ]
    ]
    form_id: Required[Id]
    document: Required[Id]
    template: Id
    pages: Required[Annotated[list[int], Field(min_length=2, max_length=2)]]
    route: Required[Literal["text", "ocr", "mixed"]]
    site_id: Id
    asr_number: Id
    latitude: Latitude
    longitude: Longitude
    owner: Text
    engineer: Text
    inspection_date: Day
    previous_inspection_date: Day
    next_due: Day
    structure_class: Text
    structure_type: Text
    lighting_status: Text
    marking_standard: Text
    lighting_chapters: Text
    height_agl_ft: Number
    height_amsl_ft: Number
    ground_elevation_ft: Number
    mount_ft: Number
    max_capacity_pct: Number
    plumb_pct: Number
    twist_deg: Number
    temperature_f: Number
    wind_speed_mph: Number
    report_date: Day
    member_ratings: list[Rating]
    members: list[Rating]
    guy_tensions: list[Tension]
    amendment_number: Id
    lessor: Text
    lessee: Text
    parcel: Text
    effective_date: Day
    expiration_date: Day
    original_lease_date: Day
    monthly_rent_usd: Annotated[Number, Field(ge=0)]
    escalator_pct: Number
    notice_days: Annotated[Number, Field(ge=0)]
    amended_terms: list[Amended]
    permit_number: Id
    jurisdiction: Text
    zoning_district: Text
    facility_category: Text
    application_date: Day
    decision_date: Day
    issue_date: Day
    approved_height_ft: Number
    file_number: Id
    faa_study: Id
    frn: Id
    constructed_date: Day
    notified_date: Day
    structure_height_m: Number
    height_agl_m: Number
    height_amsl_m: Number
    ground_elevation_m: Number
    location: Text
    outages: list[Outage]
    tags: list[Id]
    evidence: dict[str, Any]
    drift: list[Moved]
    doubts: list[Text]
    marks: list[Mark]
    filed_zone: Text
    filed_site: Text


RULES = Rulebook("tower")

CAPACITY, CAPACITY_TOLERATED = 100.0, 105.0
GUY_TOLERANCE = 10.0
NOTICE = timedelta(minutes=30)
CHANGE_NOTICE_DAYS = 5
DETERMINATION_MONTHS = 18
INSPECTION_YEARS = {"guyed": 3, "self": 5, "monopole": 5}
SHOT_CLOCKS = {"small facility collocation": 60, "collocation": 90, "small facility": 90, "new": 150, "eligible": 60}


def _is_marked(mark: str, one: Record) -> bool:
    return mark in one.get("marks", ())


@RULES.each(
    "unknown_template",
    "template",
    "no template has the form's labels, or all of its pages: make one (penstock templates draft), or send it back",
    "the operator's templates",
    Severity.SOFT,
)
def _unknown(one: Record) -> bool:
    return one["kind"] == "unknown"


@RULES.each(
    "template_drift",
    "drift",
    "a critical field is not where, or not what, its template has: see drift; accept a new version, or send it back",
    "the operator's templates",
    Severity.SOFT,
)
def _drifted(one: Record) -> bool:
    return any(moved["critical"] for moved in one.get("drift", ()))


@RULES.each(
    "form_changed",
    "drift",
    "a field on which nothing hangs has changed its place or label",
    "the operator's templates",
    Severity.INFO,
)
def _changed(one: Record) -> bool:
    return any(not moved["critical"] for moved in one.get("drift", ()))


@RULES.each(
    "doubtful",
    "doubts",
    "something could not be read for certain, or is blank where a value is wanted: see doubts",
    "the operator's templates",
    Severity.SOFT,
)
def _doubtful(one: Record) -> bool:
    return bool(one.get("doubts")) and one["kind"] != "unknown"


for _mark, _code, _what, _severity in (
    ("program", "active_content", "the PDF has a program in it, which may change what it shows: print it to paper, or"
     " to a PDF without one, or release it", Severity.SOFT),
    ("files", "embedded_files", "the PDF carries files that nobody has read: look at them, and drop what is a document"
     " by itself", Severity.SOFT),
    ("locked", "locked", "the PDF is locked against changes by its owner's password; it was read all the same",
     Severity.INFO),
    ("page_missing", "page_missing", "a page is missing, by the form's template or by what is printed on the others:"
     " send all of them", Severity.SOFT),
    ("page_order", "page_order", "pages do not come in the order of the form's template, or of the numbers printed on"
     " them: is one of another form?", Severity.SOFT),
):  # fmt: skip
    RULES.each(_code, "marks", _what, "the document", _severity)(partial(_is_marked, _mark))


@RULES.each(
    "wrong_site",
    "site_id",
    "the form is of another site than its key, tower/<zone>/<site>/…; was it misread, or misfiled?",
    "the sender's keys",
    Severity.SOFT,
)
def _filed_under_another_site(one: Record) -> bool:
    return _differ(one.get("filed_site"), one.get("site_id"))


@RULES.each(
    "wrong_zone",
    "zone",
    "the form says another zone than its key, tower/<zone>/<site>/…; was it misread, or misfiled?",
    "the sender's keys",
    Severity.SOFT,
)
def _filed_under_another_zone(one: Record) -> bool:
    return _differ(one.get("filed_zone"), one.get("zone"))


def _differ(filed: str | None, said: object) -> bool:
    """Whether a key and a form name two things; case, blanks and punctuation never matter."""
    return bool(filed and said) and _plain(str(filed)) != _plain(str(said))


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name)).casefold()


@RULES.each(
    "asr_number",
    "asr_number",
    "a registration number has seven digits, the first a 1; was it misread?",
    "47 CFR 17.4(g); FCC Form 854",
    Severity.SOFT,
)
def _no_asr_number(one: Record) -> bool:
    said = one.get("asr_number")
    return said is not None and not (len(said) == 7 and said.isdigit() and said.startswith("1"))


_IN_ORDER = (
    ("previous_inspection_date", "inspection_date", "next_due"),
    ("original_lease_date", "effective_date", "expiration_date"),
    ("application_date", "decision_date", "issue_date", "expiration_date"),
    ("constructed_date", "notified_date"),
)


@RULES.each(
    "dates_order",
    "issue_date",
    "the form's dates do not follow each other; was one misread?",
    "record",
    Severity.SOFT,
)
def _dates_out_of_order(one: Record) -> bool:
    said = [[one[name] for name in names if one.get(name)] for names in _IN_ORDER]
    return any(dates != sorted(dates) for dates in said)


@RULES.each(
    "heights",
    "height_amsl_ft",
    "height above ground and the ground's elevation make the height above sea level; was one misread?",
    "FCC Form 854, items 12 to 15",
    Severity.SOFT,
)
def _heights_disagree(one: Record) -> bool:
    for unit, slack in (("ft", 2.0), ("m", 0.6)):
        heights = [one.get(f"{name}_{unit}") for name in ("ground_elevation", "height_agl", "height_amsl")]
        ground, agl, amsl = heights
        if None not in heights and abs((ground or 0) + (agl or 0) - (amsl or 0)) > slack:
            return True
    structure, overall = one.get("structure_height_m"), one.get("height_agl_m")
    return structure is not None and overall is not None and structure > overall


@RULES.each(
    "over_capacity",
    "max_capacity_pct",
    "a member bears more than it is made for; above 105 % nobody tolerates it",
    "TIA-222-H, 2.6; common practice for 105 %",
    Severity.SOFT,
)
def _over_capacity(one: Record) -> bool:
    rated = [row.get("capacity_pct", 0.0) for name in ("member_ratings", "members") for row in one.get(name, ())]
    return max([one.get("max_capacity_pct", 0.0), *rated]) > CAPACITY


@RULES.each(
    "guy_tension",
    "guy_tensions",
    "a guy's tension is within 10 % of its design",
    "TIA-222-H, annex J",
    Severity.SOFT,
)
def _guy_off(one: Record) -> bool:
    return any(abs(off) > GUY_TOLERANCE for row in one.get("guy_tensions", ()) if (off := _deviation(row)) is not None)


def _deviation(row: Record) -> float | None:
    if row.get("design_lbf") and row.get("measured_lbf") is not None:
        return 100 * (row["measured_lbf"] / row["design_lbf"] - 1)
    return row.get("deviation_pct")


@RULES.each(
    "outage_notice",
    "outages",
    "a light that is not corrected within 30 minutes is reported at once",
    "47 CFR 17.48(a)",
    Severity.SOFT,
)
def _not_reported(one: Record) -> bool:
    return any(_is_late(row) for row in one.get("outages", ()))


def _is_late(row: Record) -> bool:
    observed, notified, restored = (_instant(row.get(name)) for name in ("observed", "faa_notified", "restored"))
    if observed is None or (restored is not None and restored - observed <= NOTICE):
        return False
    return notified is None or notified - observed > NOTICE


def _instant(text: str | None) -> datetime | None:
    for form in ("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M %p"):
        try:
            return datetime.strptime(text or "", form)  # noqa: DTZ007  both ends are of one log and one clock
        except ValueError:
            continue
    return None


@RULES.each(
    "change_notice",
    "notified_date",
    "construction and its changes are told within 5 days",
    "47 CFR 17.57; 14 CFR 77.11",
    Severity.SOFT,
)
def _notified_late(one: Record) -> bool:
    built, notified = one.get("constructed_date"), one.get("notified_date")
    if not (built and notified):
        return False
    return notified - built > timedelta(days=CHANGE_NOTICE_DAYS)


@RULES.each(
    "determination_expiry",
    "expiration_date",
    "a determination expires 18 months after it was issued, unless it was extended",
    "14 CFR 77.33, 77.35",
    Severity.SOFT,
)
def _lasts_too_long(one: Record) -> bool:
    issued, expires = one.get("issue_date"), one.get("expiration_date")
    if one["kind"] != "faa_determination" or not (issued and expires):
        return False
    return (expires.year - issued.year) * 12 + expires.month - issued.month > DETERMINATION_MONTHS


@RULES.each(
    "inspection_interval",
    "next_due",
    "a guyed tower is inspected every 3 years, a self-supporting one every 5",
    "TIA-222-H, 14.2",
    Severity.SOFT,
)
def _due_too_late(one: Record) -> bool:
    done, due = one.get("inspection_date"), one.get("next_due")
    if not (done and due):
        return False
    described = f"{one.get('structure_type', '')} {one.get('structure_class', '')}".lower()
    years = next(
        (years for word, years in INSPECTION_YEARS.items() if word in described), max(INSPECTION_YEARS.values())
    )
    return due > done + timedelta(days=366 * years)


@RULES.each(
    "superseded_advisory_circular",
    "marking_standard",
    "the circular has been superseded; an existing structure keeps that of its determination",
    "47 CFR 17.24; AC 70/7460-1M",
    Severity.INFO,
)
def _old_circular(one: Record) -> bool:
    said = "".join(str(one.get("marking_standard", "")).upper().split())
    return "70/7460-1" in said and "70/7460-1M" not in said


@RULES.each(
    "shot_clock",
    "decision_date",
    "an authority decides within 60, 90 or 150 days by the kind of facility, not counting days the clock was stopped",
    "47 CFR 1.6003(c)",
    Severity.SOFT,
)
def _decided_late(one: Record) -> bool:
    asked, decided = one.get("application_date"), one.get("decision_date")
    category = str(one.get("facility_category", "")).lower()
    days = next((days for word, days in SHOT_CLOCKS.items() if all(part in category for part in word.split())), None)
    if not (asked and decided and days):
        return False
    return decided - asked > timedelta(days=days)


HELD = (
    "unknown_template",
    "template_drift",
    "doubtful",
    "active_content",
    "embedded_files",
    "page_missing",
    "page_order",
    "asr_number",
    "dates_order",
    "heights",
    "wrong_site",
    "wrong_zone",
)
"""What may be a misreading, or is no reading at all: a person looks first."""


PROVENANCE = (
    "document", "template", "pages", "route", "evidence", "drift", "doubts", "marks", "filed_zone", "filed_site",
)  # fmt: skip


def _is_paper(head: bytes) -> bool:
    """Whether a file is one of forms: a PDF, a picture or a text, and not the records that were read of them."""
    return not head.removeprefix(UTF8_BOM).lstrip().startswith(b"{")


def _to_record(entry: Any) -> dict[str, Any]:
    """The form's own id, by what makes two forms of its kind the same; of one without, what it says; of one that
    nobody knows, where it is, as two blank pages are not the same form."""
    names = _IDENTITY.get(entry.get("kind"), ())
    said = [str(entry[name]) for name in names if entry.get(name)]
    return {**entry, "form_id": "/".join(said) if said and len(said) == len(names) else _digest(entry)}


_IDENTITY: dict[Any, tuple[str, ...]] = {
    "inspection": ("site_id", "inspection_date"),
    "structural_audit": ("site_id", "report_date"),
    "lease_amendment": ("site_id", "effective_date"),
    "municipal_permit": ("permit_number", "issue_date"),
    "asr_registration": ("asr_number", "issue_date"),
    "faa_determination": ("faa_study", "issue_date"),
}


def _digest(entry: Any) -> str:
    passed_over = () if entry.get("kind") == "unknown" else PROVENANCE
    said = sorted((name, value) for name, value in entry.items() if name not in passed_over)
    return hashlib.sha256(repr(said).encode()).hexdigest()[:32]


def _zone(key: str) -> str:
    """Of `tower/<zone>/<site>/…` the zone."""
    parts = key.split("/")
    return parts[1] if len(parts) > 2 else ""


def _filed(key: str) -> dict[str, str]:
    """Of `tower/<zone>/<site>/…` both."""
    parts = key.partition("!")[0].split("/")
    names = ("filed_zone", "filed_site")
    return dict(zip(names, parts[1:-1], strict=False))


TOWER = Feed(
    name="tower",
    title="Documents about towers: inspections, leases, permits and filings with the FCC and the FAA",
    formats=(NdJson(),),
    record=TowerRecord,
    identity=("kind", "form_id"),
    search=("site_id", "asr_number"),
    to_record=_to_record,
    provenance=PROVENANCE,
    lanes=_zone,
    filed=_filed,
    field_digests=True,
    rules=tuple(RULES),
    holds=tuple(f"tower.{code}" for code in HELD),
    unreleasable=("tower.unknown_template",),
    documents=_is_paper,
    limits=Limits(records=500),
)
