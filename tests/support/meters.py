"""The feed of docs/new-feed.md in both its forms: declared as the page has it, and with the same limits in Python."""

import re
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Required, TypedDict

from pydantic import ConfigDict, Field, StringConstraints, with_config

from penstock.feeds.declared.making import declared
from penstock.feeds.feed import Feed
from penstock.feeds.rules import Record, Rulebook
from penstock.feeds.written import DAY, PLAIN, Numbered
from penstock.formats.delimited import Delimited
from penstock.formats.json_array import JsonArray
from penstock.formats.ndjson import NdJson

PAGE = Path(__file__).parents[2] / "docs" / "new-feed.md"


@cache
def declaration() -> str:
    """The YAML of the page."""
    found = re.search(r"^```yaml layers/feeds/.*/meters.yaml\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    assert found
    return found[1]


@cache
def declared_meters() -> Feed:
    """The feed that it declares."""
    return declared(declaration(), "meters", "meters.yaml")


@with_config(ConfigDict(str_strip_whitespace=True, extra="ignore", hide_input_in_errors=True))
class MeterRecord(TypedDict, total=False):
    """One reading."""

    meter_id: Required[
        Annotated[
            str,
            Numbered,
            StringConstraints(strip_whitespace=True, min_length=1, max_length=2000, pattern=r"^(?:[A-Z]{2}[0-9]{6})$"),
        ]
    ]
    read_on: Required[Annotated[date, Field(ge=date(2000, 1, 1)), DAY]]
    reading: Required[Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=3), *PLAIN]]
    unit: Required[Literal["m3", "kWh"]]
    kind: Literal["read", "estimated"] | None
    reason: Annotated[str, Numbered, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)] | None


RULES = Rulebook("meters")


@RULES.each(
    "estimate_needs_reason",
    "reason",
    "an estimated reading says why nobody read the meter",
    "the network's terms of supply, 4.2",
)
def _estimated_without_reason(one: Record) -> bool:
    return one.get("kind") == "estimated" and "reason" not in one


_WORDS = {
    "unit": {"m³": "m3", "cbm": "m3", "m^3": "m3", "m3": "m3", "kwh": "kWh"},
    "kind": {"read": "read", "estimated": "estimated"},
}

METERS = Feed(
    name="meters",
    title="Readings of water and power meters",
    formats=(JsonArray(), NdJson(), Delimited()),
    record=MeterRecord,
    identity=("meter_id", "read_on"),
    normalise=lambda record: {
        name: _WORDS.get(name, {}).get(str(value).strip().casefold(), value)
        for name, value in record.items()
        if value != ""
    },
    decimals=("reading",),
    rules=tuple(RULES),
    spellings={"meter_id": ("meter", "meter number"), "read_on": ("date", "read date"), "reading": ("value", "index")},
)
"""In Python, as a person would write it down."""
