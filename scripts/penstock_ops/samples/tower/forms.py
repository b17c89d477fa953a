"""Three forms as a tower owner's contractors, landlords and towns fill them in: what is on them, and where.

Written from what TIA-222 inspection reports, lease amendments and municipal permits say. Each form has its own manner
of dates, units and places, and is one page.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from .paper import Page, Text

type Values = Mapping[str, Any]
"""What a form says, by field, as it is printed; of a table a list of its rows."""

OWNERS = ("Ridgeline Towers LLC", "Blue Mesa Infrastructure", "Keystone Vertical Inc", "Harbor Structures LP")
ENGINEERS = ("M. Okafor, PE", "L. Brandt, PE", "S. Iyer, PE", "J. Castellano, PE")
LANDLORDS = ("Ellen Marsh", "Prairie Grain Cooperative", "Diocese of Salem", "Tom and Ruth Becker")
TOWNS = ("City of Ashford", "Marlow County", "Town of Piney Creek", "Village of Oak Bend")
COMPONENTS = ("Leg", "Diagonal", "Horizontal", "Guy wire", "Base plate")


@dataclass(frozen=True, slots=True)
class Field:
    """A label, where it stands, and where its value does."""

    label: str
    left: float
    top: float
    value_left: float


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of form: its title, its fields' places, its table's headings by column, and how one is filled in."""

    name: str
    kind: str
    title: str
    fields: Mapping[str, Field]
    fill: Callable[[random.Random], Values]
    critical: tuple[str, ...]
    table: str = ""
    columns: Mapping[str, tuple[str, float]] | None = None
    table_top: float = 0.0

    def page(self, values: Values, notes: str = "") -> Page:
        """The form, filled in."""
        texts = [Text(54, 60, self.title, 15)]
        for name, field in self.fields.items():
            texts.append(Text(field.left, field.top, field.label))
            texts.append(Text(field.value_left, field.top, str(values.get(name, ""))))
        for column, (heading, left) in (self.columns or {}).items():
            texts.append(Text(left, self.table_top, heading))
            texts += [
                Text(left, self.table_top + 16 * row, str(cells[column]))
                for row, cells in enumerate(values[self.table], 1)
            ]
        texts.append(Text(54, 720, f"Notes: {notes or 'none'}", 9))
        return [text for text in texts if text.text]


def _two_columns(labels: Mapping[str, str], top: float, step: float, value: float) -> dict[str, Field]:
    """Fields line by line, two on each."""
    places: dict[str, Field] = {}
    for at, (name, label) in enumerate(labels.items()):
        left = 54.0 if at % 2 == 0 else 320.0
        places[name] = Field(label, left, top + step * (at // 2), left + value)
    return places


def _inspection(rng: random.Random) -> Values:
    done = date(2026, 1, 5) + timedelta(days=rng.randrange(300))
    rows = [
        {"component": component, "capacity_pct": f"{rng.uniform(31, 97):.1f}"}
        for component in rng.sample(COMPONENTS, rng.randint(2, 5))
    ]
    return {
        "site_id": f"TX-{rng.randrange(1000, 9999)}",
        "asr_number": f"1{rng.randrange(200_000, 320_000):06d}",
        "inspection_date": done.strftime("%m/%d/%Y"),
        "next_due": done.replace(year=done.year + 3).strftime("%m/%d/%Y"),
        "owner": rng.choice(OWNERS),
        "engineer": rng.choice(ENGINEERS),
        "height_agl_ft": f"{rng.randrange(150, 480)} ft",
        "plumb_pct": f"{rng.uniform(0.02, 0.2):.2f} %",
        "member_ratings": rows,
    }


def _lease(rng: random.Random) -> Values:
    effective = date(2026, 1, 1) + timedelta(days=rng.randrange(360))
    return {
        "site_id": f"KS-{rng.randrange(1000, 9999)}",
        "amendment_number": str(rng.randint(1, 6)),
        "lessor": rng.choice(LANDLORDS),
        "lessee": rng.choice(OWNERS),
        "effective_date": f"{effective:%B} {effective.day}, {effective.year}",
        "expiration_date": f"{effective:%B} {effective.day}, {effective.year + 10}",
        "monthly_rent_usd": f"${rng.randrange(900, 4200):,}.00",
        "escalator_pct": f"{rng.choice((2, 2.5, 3, 3.5))} %",
    }


def _permit(rng: random.Random) -> Values:
    asked = date(2026, 2, 1) + timedelta(days=rng.randrange(200))
    decided = asked + timedelta(days=rng.randint(20, 85))
    return {
        "permit_number": f"WTF-2026-{rng.randrange(100, 999)}",
        "site_id": f"OR-{rng.randrange(1000, 9999)}",
        "jurisdiction": rng.choice(TOWNS),
        "facility_category": "Collocation",
        "application_date": f"{asked:%Y-%m-%d}",
        "decision_date": f"{decided:%Y-%m-%d}",
        "issue_date": f"{decided:%Y-%m-%d}",
        "expiration_date": f"{decided.year + 2}-{decided:%m-%d}",
        "approved_height_ft": f"{rng.randrange(60, 199)} ft",
    }


INSPECTION = Form(
    name="sample-inspection",
    kind="inspection",
    title="Tower Inspection Report",
    fields=_two_columns(
        {
            "site_id": "Site ID:",
            "asr_number": "FCC ASR Number:",
            "inspection_date": "Date of Inspection:",
            "next_due": "Next Inspection Due:",
            "owner": "Tower Owner:",
            "engineer": "Engineer of Record:",
            "height_agl_ft": "Overall Height AGL:",
            "plumb_pct": "Out of Plumb:",
        },
        top=110,
        step=24,
        value=118,
    ),
    fill=_inspection,
    critical=("site_id", "asr_number", "inspection_date", "height_agl_ft", "member_ratings"),
    table="member_ratings",
    columns={"component": ("Member", 54.0), "capacity_pct": ("Capacity (%)", 240.0)},
    table_top=240,
)

LEASE = Form(
    name="sample-lease",
    kind="lease_amendment",
    title="Amendment to Ground Lease",
    fields={
        name: Field(label, 72.0, 120.0 + 28 * at, 230.0)
        for at, (name, label) in enumerate(
            {
                "site_id": "Site Number",
                "amendment_number": "Amendment No.",
                "lessor": "Landlord",
                "lessee": "Tenant",
                "effective_date": "Effective Date",
                "expiration_date": "Term Expires",
                "monthly_rent_usd": "Monthly Rent",
                "escalator_pct": "Annual Escalator",
            }.items()
        )
    },
    fill=_lease,
    critical=("site_id", "lessor", "effective_date", "expiration_date", "monthly_rent_usd"),
)

PERMIT = Form(
    name="sample-permit",
    kind="municipal_permit",
    title="Wireless Telecommunications Facility Permit",
    fields=_two_columns(
        {
            "permit_number": "Permit No.:",
            "site_id": "Site:",
            "jurisdiction": "Issued By:",
            "facility_category": "Category:",
            "application_date": "Application Filed:",
            "decision_date": "Decision:",
            "issue_date": "Issued:",
            "expiration_date": "Expires:",
            "approved_height_ft": "Approved Height:",
        },
        top=130,
        step=30,
        value=104,
    ),
    fill=_permit,
    critical=("permit_number", "site_id", "issue_date", "expiration_date", "approved_height_ft"),
)

FORMS = (INSPECTION, LEASE, PERMIT)
