"""Who else checks a log by the rules of the traffic feed, and how: each the obvious way, for somebody who wants to know
how many records are wrong, and no more.

None of them says which rule a record breaks, keeps what was sent beside the reason, or knows that a spot came before.
They are no part of the project: `make bench` installs them where only this module finds them.
"""

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from penstock_ops.world.project import ROOT

# Behind everything else, so that what the project has comes first.
sys.path.append(str(ROOT / ".world" / "bench" / "lib" / "python3.13" / "site-packages"))

TYPES = ("spot", "avail", "billing", "make_good")
AD_ID = "^(?:[A-Z1-9][A-Z0-9]{10}[HD]?|[A-Z]{4}[0-9]{4}[HD]?)$"
TIME = "^(?:[01][0-9]|2[0-9]):[0-5][0-9]:[0-5][0-9](?:[.,:;][0-9]{2})?$"
STATION = "^[^a-z]+$"
WORDS = ("spot_id", "break_code", "advertiser", "product", "billing_code", "make_good_for")


def polars(path: Path) -> int:
    """Wrong records, by expressions over columns of text."""
    pl: Any = import_module("polars")
    return _table(pl, path).select((~_right(pl)).sum()).item()


def pandera(path: Path) -> int:
    """Wrong records, by a schema over a table of polars, which names each cell that is wrong."""
    pl: Any = import_module("polars")
    pa: Any = import_module("pandera.polars")
    text: Callable[..., Any] = lambda *checks, **more: pa.Column(str, checks=list(checks), **{"nullable": True, **more})  # noqa: E731
    rules = {
        "spot_needs_material": ~_is(pl, "spot") | pl.col("isci").is_not_null(),
        "spot_needs_length": ~_is(pl, "spot") | pl.col("length_s").is_not_null(),
        "make_good_needs_spot": ~_is(pl, "make_good")
        | (pl.col("make_good_for").is_not_null() & (pl.col("make_good_for") != pl.col("spot_id")).fill_null(True)),
        "billing_needs_rate": ~_is(pl, "billing") | pl.col("rate").is_not_null(),
        "billing_needs_code": ~_is(pl, "billing") | pl.col("billing_code").is_not_null(),
        "avail_has_advertiser": ~_is(pl, "avail") | pl.col("advertiser").is_null(),
        "air_date": _is_a_day(pl),
        "length_s": _is_a_length(pl),
        "rate": _is_a_rate(pl),
    }
    schema = pa.DataFrameSchema(
        {
            "record_type": text(pa.Check.isin(TYPES)),
            "station": text(pa.Check.str_matches(STATION), nullable=False),
            "isci": text(pa.Check.str_matches(AD_ID)),
            "air_date": text(nullable=False),
            "air_time": text(pa.Check.str_matches(TIME), nullable=False),
            **{name: text(pa.Check.str_length(1, 128), nullable=name != "spot_id") for name in WORDS},
        },
        checks=[
            pa.Check(lambda data, rule=rule: data.lazyframe.select(rule.alias("right")), name=name)
            for name, rule in rules.items()
        ],
    )
    try:
        schema.validate(_table(pl, path), lazy=True)
    except pa.errors.SchemaErrors as wrong:
        return wrong.failure_cases["index"].n_unique()
    return 0


def duckdb(path: Path) -> int:
    """Wrong records, by one statement."""
    connection: Any = import_module("duckdb").connect()
    ((wrong,),) = connection.execute(_STATEMENT, [str(path)]).fetchall()
    return wrong


CHECKS: dict[str, Callable[[Path], int]] = {"DuckDB": duckdb, "Polars": polars, "pandera, on Polars": pandera}


def are_there() -> bool:
    """Whether they can be measured here."""
    return all(find_spec(library) for library in ("duckdb", "polars", "pandera"))


_STATEMENT = rf"""
WITH log AS (
    SELECT *, coalesce(record_type, 'spot') AS kind
    FROM read_csv(?, header = true, all_varchar = true, strict_mode = false, ignore_errors = true)
)
SELECT count(*) FILTER (WHERE NOT coalesce(
    kind IN {TYPES}
    AND {" AND ".join(f"coalesce(length({name}) <= 128, true)" for name in WORDS)}
    AND spot_id IS NOT NULL
    AND regexp_matches(station, '{STATION}')
    AND (isci IS NULL OR regexp_matches(isci, '{AD_ID}'))
    AND try_cast(air_date AS DATE) >= DATE '1980-01-01'
    AND regexp_matches(air_time, '{TIME}')
    AND (length_s IS NULL OR try_cast(length_s AS INTEGER) BETWEEN 1 AND 86400)
    AND (rate IS NULL OR try_cast(rate AS DECIMAL(14, 4)) >= 0)
    AND (kind <> 'spot' OR (isci IS NOT NULL AND length_s IS NOT NULL))
    AND (kind <> 'make_good' OR (make_good_for IS NOT NULL AND make_good_for <> spot_id))
    AND (kind <> 'billing' OR (rate IS NOT NULL AND billing_code IS NOT NULL))
    AND (kind <> 'avail' OR advertiser IS NULL),
    false))
FROM log
"""


def _table(pl: Any, path: Path) -> Any:
    return pl.read_csv(path, infer_schema=False, encoding="utf8-lossy", truncate_ragged_lines=True)


def _is(pl: Any, kind: str) -> Any:
    return pl.col("record_type").fill_null("spot") == kind


def _is_a_day(pl: Any) -> Any:
    return (pl.col("air_date").str.to_date("%Y-%m-%d", strict=False) >= pl.date(1980, 1, 1)).fill_null(False)


def _is_a_length(pl: Any) -> Any:
    seconds = pl.col("length_s").cast(pl.Int64, strict=False)
    return pl.col("length_s").is_null() | seconds.is_between(1, 86_400).fill_null(False)


def _is_a_rate(pl: Any) -> Any:
    return pl.col("rate").is_null() | (pl.col("rate").cast(pl.Decimal(14, 4), strict=False) >= 0).fill_null(False)


def _right(pl: Any) -> Any:
    given = {name: pl.col(name).is_not_null() for name in ("isci", "length_s", "make_good_for", "rate", "billing_code")}
    return pl.all_horizontal(
        pl.col("record_type").fill_null("spot").is_in(TYPES),
        pl.col("spot_id").is_not_null(),
        *(pl.col(name).str.len_chars().fill_null(1) <= 128 for name in WORDS),
        pl.col("station").str.contains(STATION).fill_null(False),
        pl.col("isci").str.contains(AD_ID).fill_null(True),
        _is_a_day(pl),
        pl.col("air_time").str.contains(TIME).fill_null(False),
        _is_a_length(pl),
        _is_a_rate(pl),
        ~_is(pl, "spot") | (given["isci"] & given["length_s"]),
        ~_is(pl, "make_good")
        | (given["make_good_for"] & (pl.col("make_good_for") != pl.col("spot_id")).fill_null(True)),
        ~_is(pl, "billing") | (given["rate"] & given["billing_code"]),
        ~_is(pl, "avail") | pl.col("advertiser").is_null(),
    )
