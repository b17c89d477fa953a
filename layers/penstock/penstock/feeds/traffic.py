"""Broadcast traffic and advertising logs: what a station is to air, has aired, and bills.

Four types of record: a `spot` is placed, an `avail` is time still to be sold, a `billing` charges for a spot, a
`make_good` airs in place of a spot that failed. A record without a type is a spot. Two records are the same placement
when station, spot, date and time are the same.

Times are of the broadcast day: it runs past midnight, so hours go up to 29, and a spot at 25:10:00 still belongs to
yesterday's date. Frames may follow (SMPTE ST 2021-2: the separator is one of . , : ; before two digits).

Lengths are understood as exports write them (`:30`, `1:00`, `00:00:30`), and so are rates (`$1,250.00`). What is
delivered has one form, whatever the export: stations in capitals, rates in cents (10.00), frames behind a colon, or a
semicolon where frames are dropped, and none where they are 00. Every aired row of an as-run log is a spot, its material
the promo or programme number; so is every row of the plan before it (BEFORE_BROADCAST), under an id of its own that
ends with -planned, and with a note that says so.

A last row that begins with a word such as TRAILER declares the number of records, and perhaps the sum of their rates,
each with its name (`TRAILER,records=1250`) or without, or has that sum in their column;
a key such as `traffic/log_1250rec.csv` declares the number, and so does a file beside it, `traffic/log.csv.ok` or
`traffic/log.ok` (or `.cnt`, `.manifest.json`): `records=1250`, `rate=56250.00`, the numbers alone, or a JSON object.
What differs holds the whole file.
"""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Required, TypedDict

from pydantic import ConfigDict, Field, StringConstraints, with_config

from penstock.feeds.control import ControlTotals
from penstock.feeds.feed import Feed, Limits
from penstock.feeds.rules import Record, Rulebook
from penstock.feeds.written import CENTS, DAY, WHOLE, Numbered
from penstock.formats.asrun import AsRun
from penstock.formats.delimited import Delimited
from penstock.formats.json_array import JsonArray
from penstock.formats.json_sequence import JsonSequence
from penstock.formats.ndjson import NdJson

# The model's own `str_strip_whitespace` does not reach into types that several fields share.
type Word = Annotated[str, Numbered, StringConstraints(strip_whitespace=True, min_length=1, max_length=128)]
type Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]

type Station = Annotated[
    str, Numbered, StringConstraints(strip_whitespace=True, min_length=1, max_length=128, pattern=r"^\P{Ll}*$")
]
"""Call letters or a channel's name, in capitals."""

type Isci = Annotated[
    str, Numbered, StringConstraints(pattern=r"^(?:[A-Z1-9][A-Z0-9]{10}[HD]?|[A-Z]{4}[0-9]{4}[HD]?)$")
]
"""Ad-ID: 11 characters, the first not 0, then H (high definition) or D (3D) for video (Ad-ID, "What is an Ad-ID code").
The older ISCI: four letters, four digits."""

type AirDate = Annotated[date, Field(ge=date(1980, 1, 1)), DAY]
"""No older: exports write 1970-01-01 or 1900-01-01 where they know nothing."""

type AirTime = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        pattern=r"^(?:[01][0-9]|2[0-9]):[0-5][0-9]:[0-5][0-9](?:[:;](?:[1-9][0-9]|0[1-9]))?$",
    ),
]
"""HH:MM:SS of the broadcast day, hours 00 to 29, perhaps with frames."""


@with_config(ConfigDict(str_strip_whitespace=True, extra="ignore", hide_input_in_errors=True))
class TrafficRecord(TypedDict, total=False):
    """One line of a log."""

    record_type: Literal["spot", "avail", "billing", "make_good"]
    spot_id: Required[Word]
    station: Required[Station]
    isci: Isci | None
    house_number: Word | None
    break_code: Word | None
    air_date: Required[AirDate]
    air_time: Required[AirTime]
    length_s: Annotated[int, Field(ge=1, le=86400), WHOLE] | None
    advertiser: Word | None
    product: Word | None
    rate: Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=4), *CENTS] | None
    billing_code: Word | None
    make_good_for: Word | None
    notes: Text | None


RULES = Rulebook("traffic")


@RULES.among(
    "spot_needs_material",
    "isci",
    "a spot has material: give its Ad-ID or ISCI, or a house number",
    also=("house_number", "record_type"),
)
def _spot_without_material(records: Sequence[Record]) -> list[int]:
    return [
        at
        for at, one in enumerate(records)
        if "isci" not in one and one.get("record_type", "spot") == "spot" and "house_number" not in one
    ]


@RULES.among("spot_needs_length", "length_s", "a spot has a length in seconds", also=("record_type",))
def _spot_without_length(records: Sequence[Record]) -> list[int]:
    return [at for at, one in enumerate(records) if "length_s" not in one and one.get("record_type", "spot") == "spot"]


@RULES.among(
    "make_good_needs_spot",
    "make_good_for",
    "a make-good names the spot it replaces, which is not itself",
    also=("spot_id", "record_type"),
)
def _make_good_for_nothing(records: Sequence[Record]) -> list[int]:
    return [
        at
        for at, one in enumerate(records)
        if one.get("record_type") == "make_good" and one.get("make_good_for") in (None, one["spot_id"])
    ]


@RULES.among("billing_needs_rate", "rate", "a billing record has a rate", also=("record_type",))
def _billing_without_rate(records: Sequence[Record]) -> list[int]:
    return [at for at, one in enumerate(records) if "rate" not in one and one.get("record_type") == "billing"]


@RULES.among("billing_needs_code", "billing_code", "a billing record has a billing code", also=("record_type",))
def _billing_without_code(records: Sequence[Record]) -> list[int]:
    return [at for at, one in enumerate(records) if "billing_code" not in one and one.get("record_type") == "billing"]


@RULES.among(
    "avail_has_advertiser",
    "advertiser",
    "an avail is time still to be sold: it has no advertiser",
    also=("record_type",),
)
def _avail_with_advertiser(records: Sequence[Record]) -> list[int]:
    return [at for at, one in enumerate(records) if "advertiser" in one and one.get("record_type") == "avail"]


_CLOCK_LENGTH = re.compile(r"(?:(?:(\d{1,2}):)?([0-5]?\d))?:([0-5]\d)", re.ASCII)
_WITHOUT_FRAMES = re.compile(r"(\d{1,2}:[0-5]\d:[0-5]\d)[.,:;]00", re.ASCII)
_AT_MIDNIGHT = re.compile(r"(\d{4}-\d\d-\d\d)[T ]00:00(?::00(?:\.0+)?)?", re.ASCII)
_FRAMES = re.compile(r"(\d\d:\d\d:\d\d)([.,:;])(\d\d)", re.ASCII)
_COUNTED_AS = {".": ":", ",": ";"}  #: what else stands before frames, of which none are dropped, or some


def _normalised(record: dict[str, Any]) -> dict[str, Any]:
    """Lengths written as clock times (`:30`, `1:00`, `00:00:30`), frames of 00 or behind another character, days as
    timestamps of their midnight, capitals, and no field where nothing is meant."""
    normal = {name: value for name, value in record.items() if value != ""}
    if isinstance(normal.get("station"), str):
        normal["station"] = normal["station"].upper()
    if isinstance(normal.get("record_type"), str):
        normal["record_type"] = re.sub("[ -]+", "_", normal["record_type"].lower())
    midnight = _AT_MIDNIGHT.fullmatch(str(normal.get("air_date", "")))
    if midnight:
        normal["air_date"] = midnight[1]
    length = _CLOCK_LENGTH.fullmatch(_WITHOUT_FRAMES.sub(r"\1", str(normal.get("length_s", ""))))
    if length:
        hours, minutes, seconds = (int(part or 0) for part in length.groups())
        normal["length_s"] = hours * 3600 + minutes * 60 + seconds
    framed = _FRAMES.fullmatch(str(normal.get("air_time", "")))
    if framed:
        time, mark, frames = framed.groups()
        normal["air_time"] = time if frames == "00" else f"{time}{_COUNTED_AS.get(mark, mark)}{frames}"
    return normal


_SPELLINGS = {
    "record_type": "type, rec type, line type, event type",
    "spot_id": "spot, spot no, spot number, spot key, placement id, event id, traffic id",
    "station": "call letters, call sign, channel, outlet, station id, station code",
    "isci": "isci code, isci/ad-id, ad-id, ad-id/isci, ad-id code, commercial id, copy id, media id, material",
    "house_number": "house no, house id, cart, cart no, cart number, material id",
    "break_code": "break, break id, break no, pod, pod code",
    "air_date": "date, broadcast date, aired date, date aired, log date, schedule date",
    "air_time": "time, broadcast time, aired time, time aired, start time, schedule time",
    "length_s": "length, len, dur, duration, spot length, length sec, length seconds, duration s, duration sec",
    "advertiser": "client, advertiser name, sponsor",
    "product": "brand, product name, product desc, product description",
    "rate": "spot rate, gross rate, unit rate, price, cost, amount",
    "billing_code": "bill code, billing, billing id, revenue code",
    "make_good_for": "mg for, mg of, mg spot, makegood, makegood for, make good of, original spot, original spot id",
    "notes": "note, comment, comments, remark, remarks",
}
"""What exports of the trade call the fields."""

TRAFFIC = Feed(
    name="traffic",
    title="Broadcast traffic and advertising logs",
    formats=(AsRun(), JsonArray(), JsonSequence(), NdJson(), Delimited()),
    record=TrafficRecord,
    identity=("station", "spot_id", "air_date", "air_time"),
    search=("isci", "house_number"),
    sender="station",
    limits=Limits(records=5000),
    written={
        "station": "of call letters in capitals",
        "isci": "of an Ad-ID, 11 letters and digits, perhaps with H or D behind them, or of an ISCI, four letters and"
        " four digits",
        "air_time": "HH:MM:SS of the broadcast day, hours 00 to 29, perhaps with frames: 20:15:00 or 25:10:00:12",
    },
    normalise=_normalised,
    decimals=("rate",),
    wholes=("length_s",),
    control=ControlTotals(
        words=("TRAILER", "TRL", "TOTAL", "TOTALS", "TOTAL RECORDS", "GRAND TOTAL", "END", "EOF"),
        sums=("rate",),
        sidecars=(".ok", ".cnt", ".manifest.json"),
        key=r"(?<![0-9a-z])([0-9]{1,12})[ _-]?(?:records|recs|rec|rows)(?![0-9a-z])",
    ),
    rules=tuple(RULES),
    spellings={name: tuple(spellings.split(", ")) for name, spellings in _SPELLINGS.items()},
)
