"""Traffic files as their senders meant them, read apart from the package: each record as the words it must arrive with.

A record that has no fields to read (a ragged row, a line that is not JSON) is None.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

type Sent = dict[str, str] | None

#: The trade's headings, and what the feed calls them; "Priority" is nothing to the feed.
TRADE = {
    "Record Type": "record_type",
    "Spot ID": "spot_id",
    "Call Letters": "station",
    "ISCI/Ad-ID": "isci",
    "Break": "break_code",
    "Air Date": "air_date",
    "Air Time": "air_time",
    "Length": "length_s",
    "Advertiser": "advertiser",
    "Product": "product",
    "Rate": "rate",
    "Billing Code": "billing_code",
    "MG For": "make_good_for",
    "Notes": "notes",
    "Priority": "",
}


def read_csv(body: bytes) -> list[Sent]:
    """Under the feed's own names."""
    return _delimited(body, ",", lambda heading: heading)


def read_trade_tsv(body: bytes) -> list[Sent]:
    """Under the trade's names."""
    return _delimited(body, "\t", TRADE.__getitem__)


def read_ndjson(body: bytes) -> list[Sent]:
    """An object a line."""
    return [_object(line) for line in body.decode("utf-8", "surrogateescape").split("\n") if line]


def read_asrun(body: bytes) -> list[Sent]:
    """Aired rows as spots: the material is the promo's number, or else the programme's."""
    lines = body.decode("iso-8859-1").split("\r\n")
    columns = next(line for line in lines if line.startswith("%COMMENT")).removeprefix("%COMMENT ").split("\t")
    return [_airing(dict(zip(columns, line.split("\t"), strict=True))) for line in lines if line and line[0] != "%"]


def words(record: Mapping[str, Any]) -> dict[str, str]:
    """A record's values as text, without those that say nothing."""
    return {name: str(value) for name, value in record.items() if value not in ("", None)}


def identity(record: Mapping[str, Any]) -> tuple[str, ...]:
    """What makes two records the same placement."""
    said = _as_it_arrives(record)
    return tuple(said.get(name, "") for name in ("station", "spot_id", "air_date", "air_time"))


def content(record: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    """A record as something that can be counted."""
    return frozenset(_as_it_arrives(record).items())


def _as_it_arrives(record: Mapping[str, Any]) -> dict[str, Any]:
    """Frames stand behind a colon, or where some are dropped behind a semicolon; none are not said."""
    framed = re.fullmatch(r"(\d\d:\d\d:\d\d)([.,:;])(\d\d)", str(record.get("air_time", "")))
    if not framed:
        return dict(record)
    mark = ":" if framed[2] in ".:" else ";"
    return dict(record) | {"air_time": framed[1] if framed[3] == "00" else f"{framed[1]}{mark}{framed[3]}"}


def _delimited(body: bytes, delimiter: str, field_of: Callable[[str], str]) -> list[Sent]:
    text = io.StringIO(body.decode("utf-8-sig", "surrogateescape"), newline="")
    rows = csv.reader(text, delimiter=delimiter)
    header = next(rows)
    return [_named(map(field_of, header), row) if len(row) == len(header) else None for row in rows]


def _named(fields: Iterable[str], row: list[str]) -> dict[str, str]:
    return {field: cell for field, cell in zip(fields, row, strict=True) if field and cell}


def _object(line: str) -> Sent:
    try:
        value: Any = json.loads(line)
    except ValueError:
        return None
    return words(value) if isinstance(value, dict) else None


def _airing(cells: Mapping[str, str]) -> dict[str, str]:
    day, start = cells["Date"], cells["StartTime"]
    return words(
        {
            "record_type": "spot",
            "spot_id": cells["ReconciliationKey"] or f"{cells['ChannelID']}-{start}",
            "station": cells["Omroep"],
            "house_number": cells["PromoID"] or cells["ProgID"],
            "air_date": f"{day[:4]}-{day[4:6]}-{day[6:]}",
            "air_time": f"{start[:2]}:{start[2:4]}:{start[4:]}",
            "length_s": cells["Duration"].replace("-1", ""),
            "product": cells["UnharmonizedTitle"].strip(),
        }
    )
