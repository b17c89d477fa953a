"""The tables of Part 117 and ORO.FTL.205 as they are printed, typed here from the regulations, against what the engine
allows: each cell a minute before its band, at its begin, within, at its last minute, and a minute over the limit."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from penstock.feeds.crew import easa, part117
from penstock.feeds.crew.policy import REGULATION_ONLY, Policy
from tests.support.duties import codes, duty, plain
from tests.support.duties import easa as easa_duty

TABLE_A = """
0000-0459 8
0500-1959 9
2000-2359 8
"""

TABLE_B = """
0000-0359  9  9  9  9  9    9  9
0400-0459 10 10 10 10  9    9  9
0500-0559 12 12 12 12 11.5 11 10.5
0600-0659 13 13 12 12 11.5 11 10.5
0700-1159 14 14 13 13 12.5 12 11.5
1200-1259 13 13 13 13 12.5 12 11.5
1300-1659 12 12 12 12 11.5 11 10.5
1700-2159 12 12 11 11 10    9  9
2200-2259 11 11 10 10  9    9  9
2300-2359 10 10 10  9  9    9  9
"""

#          class 1   class 2   class 3, 3 and 4 pilots each
TABLE_C = """
0000-0559 15 17   14   15.5 13 13.5
0600-0659 16 18.5 15   16.5 14 14.5
0700-1259 17 19   16.5 18   15 15.5
1300-1659 16 18.5 15   16.5 14 14.5
1700-2359 15 17   14   15.5 13 13.5
"""

#          1 and 2 sectors, 3, 4, ... 10
TABLE_2 = """
0600-1329 13:00 12:30 12:00 11:30 11:00 10:30 10:00 09:30 09:00
1330-1359 12:45 12:15 11:45 11:15 10:45 10:15 09:45 09:15 09:00
1400-1429 12:30 12:00 11:30 11:00 10:30 10:00 09:30 09:00 09:00
1430-1459 12:15 11:45 11:15 10:45 10:15 09:45 09:15 09:00 09:00
1500-1529 12:00 11:30 11:00 10:30 10:00 09:30 09:00 09:00 09:00
1530-1559 11:45 11:15 10:45 10:15 09:45 09:15 09:00 09:00 09:00
1600-1629 11:30 11:00 10:30 10:00 09:30 09:00 09:00 09:00 09:00
1630-1659 11:15 10:45 10:15 09:45 09:15 09:00 09:00 09:00 09:00
1700-0459 11:00 10:30 10:00 09:30 09:00 09:00 09:00 09:00 09:00
0500-0514 12:00 11:30 11:00 10:30 10:00 09:30 09:00 09:00 09:00
0515-0529 12:15 11:45 11:15 10:45 10:15 09:45 09:15 09:00 09:00
0530-0544 12:30 12:00 11:30 11:00 10:30 10:00 09:30 09:00 09:00
0545-0559 12:45 12:15 11:45 11:15 10:45 10:15 09:45 09:15 09:00
"""

TABLE_3 = "0000-2359 11:00 10:30 10:00 09:30 09:00 09:00 09:00"
TABLE_4 = "0000-2359 12:00 11:30 11:00 10:30 10:00 09:30 09:00"

#           1 and 2 sectors, 3, 4, 5; a dash where an extension is not allowed
EXTENSIONS = """
0600-0614   -     -     -     -
0615-0629 13:15 12:45 12:15 11:45
0630-0644 13:30 13:00 12:30 12:00
0645-0659 13:45 13:15 12:45 12:15
0700-1329 14:00 13:30 13:00 12:30
1330-1359 13:45 13:15 12:45   -
1400-1429 13:30 13:00 12:30   -
1430-1459 13:15 12:45 12:15   -
1500-1529 13:00 12:30 12:00   -
1530-1559 12:45   -     -     -
1600-1629 12:30   -     -     -
1630-1659 12:15   -     -     -
1700-1729 12:00   -     -     -
1730-1759 11:45   -     -     -
1800-1829 11:30   -     -     -
1830-1859 11:15   -     -     -
1900-0359   -     -     -     -
0400-0559   -     -     -     -
"""


class Cell(NamedTuple):
    """A cell of a table: clock times in minutes, its column from 0, its limit in minutes."""

    first: int
    last: int
    column: int
    limit: int | None

    def starts(self) -> list[str]:
        """Clock times of the band: its first and last minute, and one between."""
        length = (self.last - self.first) % 1440
        return [_clock(self.first), _clock(self.first + length // 2), _clock(self.last)]


def cells(table: str) -> list[Cell]:
    return list(_cells(table))


def _cells(table: str) -> Iterator[Cell]:
    for line in table.split("\n"):
        band, *limits = line.split() or [""]
        for column, limit in enumerate(limits):
            first, last = (int(clock[:2]) * 60 + int(clock[2:]) for clock in band.split("-"))
            yield Cell(first, last, column, None if limit == "-" else _minutes(limit))


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes) if minutes else int(float(hours) * 60)


def _clock(minute: int) -> str:
    return f"{minute % 1440 // 60:02d}:{minute % 60:02d}"


@pytest.mark.parametrize("table", [TABLE_A, TABLE_B, TABLE_C, TABLE_2, TABLE_3, TABLE_4, EXTENSIONS])
def test_the_bands_typed_here_cover_the_day_once(table: str) -> None:
    """The test of the tests."""
    minutes = sorted(
        (cell.first + offset) % 1440
        for cell in cells(table)
        if cell.column == 0
        for offset in range((cell.last - cell.first) % 1440 + 1)
    )
    assert minutes == list(range(1440))


@pytest.mark.parametrize("cell", cells(TABLE_A), ids=str)
def test_table_a(cell: Cell) -> None:
    assert cell.limit
    for start in cell.starts():
        assert codes(duty(start, "9:00", flight_time_minutes=cell.limit)) == []
        over = duty(start, cell.limit + 1, flight_time_minutes=cell.limit + 1)
        assert "far117.flight_time" in codes(over)


SEVEN_AND_MORE = [(cell, segments) for cell in cells(TABLE_B) if cell.column == 6 for segments in (8, 16)]


@pytest.mark.parametrize(("cell", "segments"), [(cell, cell.column + 1) for cell in cells(TABLE_B)] + SEVEN_AND_MORE)
def test_table_b(cell: Cell, segments: int) -> None:
    assert cell.limit
    for start in cell.starts():
        assert codes(duty(start, cell.limit, segments)) == []
        assert codes(duty(start, cell.limit + 1, segments)) == ["far117.fdp"]
        assert codes(duty(start, cell.limit - 30, segments, acclimatised="no")) == []
        assert codes(duty(start, cell.limit - 29, segments, acclimatised="no")) == ["far117.fdp"]
        assert part117.longest_fdp(plain(duty(start, 60, segments))) == cell.limit


@pytest.mark.parametrize("cell", cells(TABLE_C), ids=str)
@pytest.mark.parametrize("segments", [1, 2, 3])
def test_table_c(cell: Cell, segments: int) -> None:
    assert cell.limit
    crew = {"rest_facility_class": cell.column // 2 + 1, "pilots": cell.column % 2 + 3}
    for start in cell.starts():
        assert _without_facility(codes(duty(start, cell.limit, segments, **crew))) == []
        assert _without_facility(codes(duty(start, cell.limit + 1, segments, **crew))) == ["far117.fdp_augmented"]
        not_acclimated = crew | {"acclimatised": "unknown"}
        assert _without_facility(codes(duty(start, cell.limit - 30, segments, **not_acclimated))) == []
        assert "far117.fdp_augmented" in codes(duty(start, cell.limit - 29, segments, **not_acclimated))


def _without_facility(found: list[str]) -> list[str]:
    return [code for code in found if code != "rest_facility"]


@pytest.mark.parametrize("cell", cells(TABLE_2), ids=str)
def test_table_2(cell: Cell) -> None:
    assert cell.limit
    for sectors in [1, 2] if cell.column == 0 else [cell.column + 2]:
        for start in cell.starts():
            assert codes(easa_duty(start, cell.limit, sectors)) == []
            assert codes(easa_duty(start, cell.limit + 1, sectors)) == ["easa.fdp"]
            assert easa.basic_fdp(plain(easa_duty(start, 60, sectors)), REGULATION_ONLY) == cell.limit


@pytest.mark.parametrize(
    ("cell", "policy"),
    [(cell, Policy(frm=False)) for cell in cells(TABLE_3)] + [(cell, Policy(frm=True)) for cell in cells(TABLE_4)],
)
@pytest.mark.parametrize("state", ["unknown", "no"])
@pytest.mark.parametrize("start", ["00:00", "04:59", "05:00", "13:30", "23:59"])
def test_tables_3_and_4_whatever_the_time_of_day(cell: Cell, policy: Policy, state: str, start: str) -> None:
    assert cell.limit
    for sectors in [1, 2] if cell.column == 0 else [cell.column + 2]:
        assert codes(easa_duty(start, cell.limit, sectors, acclimatised=state), policy=policy) == []
        assert codes(easa_duty(start, cell.limit + 1, sectors, acclimatised=state), policy=policy) == ["easa.fdp"]


@pytest.mark.parametrize(("state", "most"), [("yes", 10), ("unknown", 8)])
def test_where_the_tables_end(state: str, most: int) -> None:
    assert codes(easa_duty("08:00", 60, most, acclimatised=state)) == []
    assert codes(easa_duty("08:00", 60, most + 1, acclimatised=state)) == ["easa.sectors"]


@pytest.mark.parametrize("cell", cells(EXTENSIONS), ids=str)
def test_planned_extensions(cell: Cell) -> None:
    used, basic = ["easa.extension_used"], dict(_basic())
    for sectors in [1, 2] if cell.column == 0 else [cell.column + 2]:
        for start in cell.starts():
            if cell.limit is None:
                over = basic[start, sectors] + 1
                assert codes(easa_duty(start, over - 1, sectors, extension="planned")) == used
                assert codes(easa_duty(start, over, sectors, extension="planned")) == ["easa.extension_not_allowed"]
            else:
                assert codes(easa_duty(start, cell.limit, sectors, extension="planned")) == used
                assert codes(easa_duty(start, cell.limit + 1, sectors, extension="planned")) == ["easa.fdp_extended"]


def _basic() -> Iterator[tuple[tuple[str, int], int]]:
    """Table 2 minute by minute."""
    for cell in cells(TABLE_2):
        assert cell.limit
        for offset in range((cell.last - cell.first) % 1440 + 1):
            for sectors in [1, 2] if cell.column == 0 else [cell.column + 2]:
                yield (_clock(cell.first + offset), sectors), cell.limit


#: pilots, class, limit (CS FTL.1.205(c)(3))
IN_FLIGHT_REST = [(3, 3, 14), (3, 2, 15), (3, 1, 16), (4, 3, 15), (4, 2, 16), (4, 1, 17)]


@pytest.mark.parametrize(("pilots", "rest_class", "hours"), IN_FLIGHT_REST)
@pytest.mark.parametrize("sectors", [1, 2, 3])
def test_in_flight_rest(pilots: int, rest_class: int, hours: int, sectors: int) -> None:
    crew = {"pilots": pilots, "rest_facility_class": rest_class}
    policy = Policy(preferred_rest_class=3)
    assert codes(easa_duty("08:00", hours * 60, sectors, **crew), policy=policy) == []
    over = easa_duty("08:00", hours * 60 + 1, sectors, **crew)
    assert codes(over, policy=policy) == ["easa.fdp_in_flight_rest"]
