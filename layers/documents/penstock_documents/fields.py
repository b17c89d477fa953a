"""The kinds of documents, and the names of their fields; of a tower's a name's end tells its unit.

Dates are ISO 8601, coordinates signed decimal degrees of six places (NAD 83), numbers in the unit of their name, an
invoice's amounts decimals as text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

type Type = Literal["amount", "date", "fixed", "latitude", "longitude", "number", "text", "time"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of document: its fields, its tables with their columns, the rules of whom it concerns, and the feed that
    reads it. `fixed` are fields that say the same on each document of a form; `told` are facts that a person tells of
    the form and that need not stand on it; without those of `required` nobody can draft a template."""

    fields: tuple[str, ...]
    tables: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    tags: tuple[str, ...] = ()
    feed: str = "tower"
    fixed: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


KINDS: Mapping[str, Kind] = {
    "inspection": Kind(
        (
            "asr_number", "engineer", "ground_elevation_ft", "height_agl_ft", "height_amsl_ft", "inspection_date",
            "latitude", "lighting_status", "longitude", "marking_standard", "max_capacity_pct", "mount_ft", "next_due",
            "owner", "plumb_pct", "previous_inspection_date", "site_id", "structure_class", "structure_type",
            "temperature_f", "twist_deg", "wind_speed_mph",
        ),
        {
            "member_ratings": ("capacity_pct", "component", "elevation_ft", "result"),
            "guy_tensions": ("anchor", "design_lbf", "deviation_pct", "level", "measured_lbf"),
        },
        ("TIA-222",),
    ),
    "structural_audit": Kind(
        ("asr_number", "max_capacity_pct", "report_date", "site_id"),
        {"members": ("capacity_pct", "elevation_ft", "member", "type")},
        ("TIA-222",),
    ),
    "lease_amendment": Kind(
        (
            "amendment_number", "effective_date", "escalator_pct", "expiration_date", "lessee", "lessor",
            "monthly_rent_usd", "notice_days", "original_lease_date", "parcel", "site_id",
        ),
        {"amended_terms": ("amended", "existing", "term")},
        ("LEASE",),
    ),
    "municipal_permit": Kind(
        (
            "application_date", "approved_height_ft", "asr_number", "decision_date", "expiration_date",
            "facility_category", "issue_date", "jurisdiction", "permit_number", "site_id", "zoning_district",
        ),
        {},
        ("MUNICIPAL",),
    ),
    "asr_registration": Kind(
        (
            "asr_number", "constructed_date", "faa_study", "file_number", "frn", "ground_elevation_m", "height_agl_m",
            "height_amsl_m", "issue_date", "latitude", "longitude", "notified_date", "owner", "structure_height_m",
        ),
        {},
        ("FCC-ASR",),
    ),
    "faa_determination": Kind(
        (
            "expiration_date", "faa_study", "ground_elevation_ft", "height_agl_ft", "height_amsl_ft", "issue_date",
            "latitude", "lighting_chapters", "location", "longitude", "marking_standard", "structure_type",
        ),
        {},
        ("FAA",),
    ),
    "light_outage_log": Kind(
        ("asr_number", "site_id"),
        {"outages": ("faa_notified", "lamp", "observed", "repair", "restored")},
        ("FCC-LIGHTING",),
    ),
    "freight_invoice": Kind(
        (
            "carrier", "contract_number", "currency", "due_date", "invoice_date", "invoice_number", "order_number",
            "pro_number", "scac", "shipment_id", "title", "total_due", "total_net", "total_tax",
        ),
        {"lines": ("amount", "description", "number", "quantity", "unit", "unit_price")},
        feed="freight",
        fixed=("title", "carrier"),
        told=("currency", "scac"),
        required=("title", "carrier", "currency", "invoice_number", "invoice_date", "total_due"),
    ),
}  # fmt: skip

NUMBERS = ("site_id", "asr_number", "permit_number", "file_number", "faa_study", "frn")
"""What is numbered after one pattern, by whoever gives the numbers out."""

SINGLE = ("invoice_number", "pro_number", "shipment_id", "order_number", "contract_number")
"""Numbers of as many words as on the document that the template is made from."""

AMOUNTS = ("amount", "quantity", "total_due", "total_net", "total_tax", "unit_price")
"""Decimals, perhaps of a currency."""

UNITS = ("ft", "m", "pct", "usd", "deg", "f", "mph", "lbf", "days")
TIMES = ("observed", "faa_notified", "repair", "restored")
"""Columns that say when, unless a form says there what or who."""


def type_of(name: str) -> Type:
    """What kind of value a field has, by its name."""
    if name in AMOUNTS:
        return "amount"
    if name in ("latitude", "longitude"):
        return "latitude" if name == "latitude" else "longitude"
    if name.endswith("_date") or name == "next_due":
        return "date"
    return "number" if unit_of(name) else "text"


def unit_of(name: str) -> str:
    """The unit that a field's name ends with, "" if it names none."""
    end = name.rpartition("_")[2]
    return end if end in UNITS and "_" in name else ""


_PLAUSIBLE = {
    "latitude": ((-15.0, 72.0),),
    "longitude": ((-180.0, -64.0), (140.0, 180.0)),
    "ft": ((-300.0, 20_000.0),),
    "m": ((-100.0, 6_000.0),),
    "pct": ((-100.0, 400.0),),
    "usd": ((0.0, 10_000_000.0),),
    "f": ((-80.0, 150.0),),
    "mph": ((0.0, 250.0),),
    "deg": ((-360.0, 360.0),),
}
"""Ranges of towers under the FCC's rules: the States and their territories, from Samoa to Maine."""


def is_plausible(name: str, value: Any) -> bool:
    """Whether a value lies where a tower's can: it decides between two readings, and a sole one outside is doubted."""
    ranges = _PLAUSIBLE.get(name) or _PLAUSIBLE.get(unit_of(name))
    return ranges is None or any(low <= value <= high for low, high in ranges)
