"""The published tables as the sample files have them, cell by cell against what the engine allows.

`python -m tests.corpora.crew_tables` prints how many cells there are, per regulation and table, and how many match.
"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from penstock.feeds.crew import easa, part117, part117_tables
from penstock.feeds.crew.policy import REGULATION_ONLY, Policy
from tests.corpora.corpus import FOLDER
from tests.support.duties import codes, duty, plain
from tests.support.duties import easa as easa_duty

UNDER_FRM = Policy(frm=True)


class Cell(NamedTuple):
    """A published cell, and what is allowed at every minute of its band and for every column it stands for."""

    regulation: str
    table: str
    place: str
    published: int | None
    allowed: set[int | None]

    @property
    def matches(self) -> bool:
        """Is the published figure allowed everywhere, and nothing else?"""
        return self.allowed == {self.published}


def cells() -> list[Cell]:
    """Every cell of the files, whose figures are minutes."""
    far = json.loads((FOLDER / "crew" / "part117_tables.json").read_bytes())
    europe = json.loads((FOLDER / "crew" / "easa_ftl_tables.json").read_bytes())
    return [
        *_table_a(far["table_a_max_flight_time"]),
        *_table_b(far["table_b_max_fdp_unaugmented"]),
        *_table_c(far["table_c_max_fdp_augmented"]),
        *_table_2(europe["table_2_acclimatised"]),
        *_unknown("Table 3", europe["table_3_unknown"], REGULATION_ONLY),
        *_unknown("Table 4", europe["table_4_unknown_with_frm"], UNDER_FRM),
        *_extension(europe["cs_ftl_1_205_b_extension"]),
        *_in_flight_rest(europe["cs_ftl_1_205_c_inflight_rest"]),
    ]


def _table_a(rows: list[dict[str, Any]]) -> Iterator[Cell]:
    for row in rows:
        allowed: set[int | None] = {part117_tables.flight_time(minute, 2) for minute in _band(row)}
        yield Cell("14 CFR 117", "Table A", row["from"], row["max"], allowed)


def _table_b(table: dict[str, Any]) -> Iterator[Cell]:
    for row in table["rows"]:
        for column, published in zip(table["columns"], row["max"], strict=True):
            segments = range(7, 13) if column == "7+" else [int(column)]
            allowed: set[int | None] = {
                part117.longest_fdp(plain(duty(clock, 60, number))) for clock in _starts(row) for number in segments
            }
            yield Cell("14 CFR 117", "Table B", f"{row['from']} {column}", published, allowed)


def _table_c(table: dict[str, Any]) -> Iterator[Cell]:
    for row in table["rows"]:
        for column, published in zip(table["columns"], row["max"], strict=True):
            crew = {"rest_facility_class": int(column[5]), "pilots": int(column[7])}
            allowed: set[int | None] = {
                part117.longest_fdp(plain(duty(clock, 60, number, **crew)))
                for clock in _starts(row)
                for number in (1, 2, 3)
            }
            yield Cell("14 CFR 117", "Table C", f"{row['from']} {column}", published, allowed)


def _table_2(table: dict[str, Any]) -> Iterator[Cell]:
    for row in table["rows"]:
        for column, published in zip(table["columns"], row["max"], strict=True):
            allowed = {
                easa.basic_fdp(plain(easa_duty(clock, 60, number)), REGULATION_ONLY)
                for clock in _starts(row)
                for number in _sectors(column)
            }
            yield Cell("EASA", "Table 2", f"{row['from']} {column}", published, allowed)


def _unknown(name: str, table: dict[str, Any], policy: Policy) -> Iterator[Cell]:
    for column, published in zip(table["columns"], table["max"], strict=True):
        allowed = {
            easa.basic_fdp(plain(easa_duty(f"{hour:02d}:00", 60, number, acclimatised="unknown")), policy)
            for hour in range(24)
            for number in _sectors(column)
        }
        yield Cell("EASA", name, column, published, allowed)


def _extension(table: dict[str, Any]) -> Iterator[Cell]:
    for row in table["rows"]:
        for column, published in zip(table["columns"], row["max"], strict=True):
            allowed = {_extended(clock, number) for clock in _starts(row) for number in _sectors(column)}
            yield Cell("EASA", "CS FTL.1.205(b)", f"{row['from']} {column}", published, allowed)


def _extended(clock: str, sectors: int) -> int | None:
    """The longest FDP that passes as a planned extension, above the basic one; None where none does."""
    basic = easa.basic_fdp(plain(easa_duty(clock, 60, sectors)), REGULATION_ONLY)
    assert basic
    passes = [
        minutes
        for minutes in range(basic + 15, basic + 75, 15)
        if codes(easa_duty(clock, minutes, sectors, extension="planned")) == ["easa.extension_used"]
    ]
    return max(passes, default=None)


def _in_flight_rest(table: dict[str, Any]) -> Iterator[Cell]:
    for pilots, crew in ((3, "one_extra_pilot"), (4, "two_extra_pilots")):
        for name, published in table[crew].items():
            augmented = {"pilots": pilots, "rest_facility_class": int(name[-1])}
            allowed = {
                easa.longest_fdp(plain(easa_duty("08:00", 60, number, **augmented)), REGULATION_ONLY)
                for number in (1, 2, 3)
            }
            yield Cell("EASA", "CS FTL.1.205(c)", f"{crew} {name}", published, allowed)


def _band(row: dict[str, Any]) -> Iterator[int]:
    """The minutes of the day, first to last, also past midnight."""
    first, last = (int(row[end].replace(":", "")) // 100 * 60 + int(row[end][-2:]) for end in ("from", "to"))
    for offset in range((last - first) % 1440 + 1):
        yield (first + offset) % 1440


def _starts(row: dict[str, Any]) -> list[str]:
    """The band's first and last minutes, and each quarter of an hour between."""
    band = list(_band(row))
    minutes = {band[0], band[-1], *band[::15]}
    return [f"{minute // 60:02d}:{minute % 60:02d}" for minute in sorted(minutes)]


def _sectors(column: str) -> list[int]:
    return [1, 2] if column == "1-2" else [int(column)]


def main() -> None:
    """Prints the count."""
    checked, matching = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for cell in cells():
        for table in (cell.table, "all"):
            checked[cell.regulation, table] += 1
            matching[cell.regulation, table] += cell.matches
    for (regulation, table), count in checked.items():
        print(f"{regulation:12}{table:18}{count:5} cells, {matching[regulation, table]:5} match")  # noqa: T201


if __name__ == "__main__":
    main()
