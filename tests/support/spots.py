"""Traffic files as a sender would write them. Knows nothing of the package's own tables."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

COLUMNS = (
    "record_type", "spot_id", "station", "isci", "house_number", "break_code", "air_date", "air_time", "length_s",
    "advertiser", "product", "rate", "billing_code", "make_good_for", "notes",
)  # fmt: skip


def spot(number: int, **changes: Any) -> dict[str, Any]:
    """A flawless spot; `changes` replaces cells, None leaves one empty."""
    record = {
        "record_type": "spot",
        "spot_id": f"S{number:05d}",
        "station": "WXYZ",
        "isci": f"ABCD{number % 10_000:04d}",
        "air_date": "2026-11-20",
        "air_time": "19:28:30",
        "length_s": "30",
        "advertiser": "Ada's Diner",
        "rate": "1250.00",
    } | changes
    return {name: value for name, value in record.items() if value is not None}


def csv_file(
    records: Iterable[Mapping[str, Any]],
    columns: Sequence[str] = COLUMNS,
    delimiter: str = ",",
    newline: str = "\r\n",
) -> bytes:
    """A file with a header."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", delimiter=delimiter, lineterminator=newline)
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().encode()


def ndjson_file(records: Iterable[Mapping[str, Any]]) -> bytes:
    """A JSON object a line."""
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def asrun_file(lines: Iterable[str], pivot: str = "020000") -> bytes:
    """An as-run log with these lines below its preamble."""
    names = (
        "ChannelID", "Omroep", "Date", "StartTime", "Duration", "EndTime", "ProgID", "ProgramType",
        "UnharmonizedTitle", "SubTitle", "PromoTypeID", "SecondaryUnharmonizedTitle", "TertiaryUnharmonizedTitle",
        "PromotionChannelID", "PromotionDay", "RepeatCode", "ReconciliationKey", "ProgramTypology", "CCC", "PromoID",
    )  # fmt: skip
    preamble = ["%FORMAT\t20230101\tBROADCASTDAY\t20261120", f"%PIVOTHOUR\t{pivot}", "%COMMENT " + "\t".join(names)]
    return "".join(f"{line}\r\n" for line in (*preamble, *lines)).encode("iso-8859-1")


def airing(number: int, start: str = "193000", **changes: str) -> str:
    """One line of an as-run log: a promo of 30 seconds."""
    cells = dict.fromkeys(map(str, range(20)), "") | {
        "0": "234", "1": "OB", "2": "20261120", "3": start, "4": "30", "5": "193029", "7": "PROMO",
        "8": "Titel", "16": f"K{number}", "19": "4365342",
    } | changes  # fmt: skip
    return "\t".join(cells.values())


def rows_of(body: bytes, delimiter: str = "") -> list[dict[str, str]]:
    """A CSV report, read; what it is delimited by, its header tells."""
    text = body.decode("utf-8-sig")
    delimiter = delimiter or max(",;\t", key=text.partition("\n")[0].count)
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))
