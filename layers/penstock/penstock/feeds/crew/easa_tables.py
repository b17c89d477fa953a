"""The tables of ORO.FTL.205 and CS FTL.1.205, in hours as printed; rows by the local time they begin at."""

from penstock.feeds.crew.bands import Bands, minutes

TABLE_2 = Bands(
    {
        #               1-2   3     4     5     6     7     8     9     10 sectors
        "0600": minutes("13:00 12:30 12:00 11:30 11:00 10:30 10:00 09:30 09:00"),
        "1330": minutes("12:45 12:15 11:45 11:15 10:45 10:15 09:45 09:15 09:00"),
        "1400": minutes("12:30 12:00 11:30 11:00 10:30 10:00 09:30 09:00 09:00"),
        "1430": minutes("12:15 11:45 11:15 10:45 10:15 09:45 09:15 09:00 09:00"),
        "1500": minutes("12:00 11:30 11:00 10:30 10:00 09:30 09:00 09:00 09:00"),
        "1530": minutes("11:45 11:15 10:45 10:15 09:45 09:15 09:00 09:00 09:00"),
        "1600": minutes("11:30 11:00 10:30 10:00 09:30 09:00 09:00 09:00 09:00"),
        "1630": minutes("11:15 10:45 10:15 09:45 09:15 09:00 09:00 09:00 09:00"),
        "1700": minutes("11:00 10:30 10:00 09:30 09:00 09:00 09:00 09:00 09:00"),
        "0500": minutes("12:00 11:30 11:00 10:30 10:00 09:30 09:00 09:00 09:00"),
        "0515": minutes("12:15 11:45 11:15 10:45 10:15 09:45 09:15 09:00 09:00"),
        "0530": minutes("12:30 12:00 11:30 11:00 10:30 10:00 09:30 09:00 09:00"),
        "0545": minutes("12:45 12:15 11:45 11:15 10:45 10:15 09:45 09:15 09:00"),
    }
)
"""Table 2 (ORO.FTL.205(b)(1)): maximum daily FDP of the acclimatised, by start at reference time and sectors."""

#               1-2   3     4     5     6     7     8 sectors
TABLE_3 = minutes("11:00 10:30 10:00 09:30 09:00 09:00 09:00")
"""Table 3 (ORO.FTL.205(b)(2)): in an unknown state of acclimatisation, whatever the time of day."""

TABLE_4 = minutes("12:00 11:30 11:00 10:30 10:00 09:30 09:00")
"""Table 4 (ORO.FTL.205(b)(3)): the same under fatigue risk management."""

EXTENDED = Bands(
    {
        #              1-2   3     4     5 sectors; what is missing is not allowed
        "0600": minutes(""),
        "0615": minutes("13:15 12:45 12:15 11:45"),
        "0630": minutes("13:30 13:00 12:30 12:00"),
        "0645": minutes("13:45 13:15 12:45 12:15"),
        "0700": minutes("14:00 13:30 13:00 12:30"),
        "1330": minutes("13:45 13:15 12:45"),
        "1400": minutes("13:30 13:00 12:30"),
        "1430": minutes("13:15 12:45 12:15"),
        "1500": minutes("13:00 12:30 12:00"),
        "1530": minutes("12:45"),
        "1600": minutes("12:30"),
        "1630": minutes("12:15"),
        "1700": minutes("12:00"),
        "1730": minutes("11:45"),
        "1800": minutes("11:30"),
        "1830": minutes("11:15"),
        "1900": minutes(""),
    }
)
"""CS FTL.1.205(b): maximum daily FDP with a planned extension without in-flight rest."""

IN_FLIGHT_REST = {
    3: minutes("16 15 14"),
    4: minutes("17 16 15"),
}
"""CS FTL.1.205(c)(3): maximum FDP with in-flight rest, by pilots on board, for rest facilities of class 1, 2 and 3."""

CABIN_REST = tuple(
    (minutes(fdp)[0], minutes(rests))
    for fdp, rests in (
        # maximum FDP, then the least in-flight rest with facilities of class 1, 2 and 3; what is missing is not allowed
        ("14:30", "1:30 1:30 1:30"),
        ("15:00", "1:45 2:00 2:20"),
        ("15:30", "2:00 2:20 2:40"),
        ("16:00", "2:15 2:40 3:00"),
        ("16:30", "2:35 3:00"),
        ("17:00", "3:00 3:25"),
        ("17:30", "3:25"),
        ("18:00", "3:50"),
    )
)
"""CS FTL.1.205(c)(4): least in-flight rest of each cabin crew member, by the FDP that it extends to."""

LONG_SECTOR = 9 * 60
LONG_SECTOR_BONUS = 60
"""CS FTL.1.205(c): an hour more with at most two sectors, one of them of more than 9 hours."""


UNKNOWN = "X"
"""A state of acclimatisation in Table 1; B is still to the zone of departure, D to where the duty starts."""

_TABLE_1 = (
    # up to (hours of difference), then <48 <72 <96 <120 and more hours since reporting at reference time
    (4 * 60 - 1, "BDDDD"),
    (6 * 60, "BXDDD"),
    (9 * 60, "BXXDD"),
    (12 * 60, "BXXXD"),
)
"""Table 1 (ORO.FTL.105(1))."""

REST_AT_HOME = (
    # up to (hours of difference), then <48 <72 <96 and more hours since the rotation's first report
    (6 * 60, (2, 2, 3, 3)),
    (9 * 60, (2, 3, 3, 4)),
    (12 * 60, (2, 3, 4, 5)),
)
"""CS FTL.1.235(b)(3)(i): least local nights of rest at home base after time zone differences of 4 hours or more."""


def acclimatised_after(apart: int, elapsed: int) -> str:
    """Table 1, for clocks so many minutes apart, so many minutes after reporting at reference time."""
    return next(row for most, row in _TABLE_1 if apart <= most)[min(max(elapsed // (24 * 60) - 1, 0), 4)]


def nights_at_home(apart: int, elapsed: int) -> int:
    """CS FTL.1.235(b)(3)(i), for clocks so many minutes apart and so long a rotation."""
    return next(row for most, row in REST_AT_HOME if apart <= most)[min(max(elapsed // (24 * 60) - 1, 0), 3)]


def acclimatised(clock: int, sectors: int) -> int | None:
    """Table 2, in minutes; None where the table ends."""
    return _column(TABLE_2.at(clock), sectors)


def acclimatised_at_worst(sectors: int) -> int | None:
    """Table 2, in minutes, at the time of start that allows least; None where the table ends."""
    return min((most for row in TABLE_2.rows if (most := _column(row, sectors)) is not None), default=None)


def unknown(sectors: int, frm: bool) -> int | None:
    """Table 3, or Table 4 under fatigue risk management, in minutes; None where the table ends."""
    return _column(TABLE_4 if frm else TABLE_3, sectors)


def extended(clock: int, sectors: int) -> int | None:
    """CS FTL.1.205(b), in minutes; None where an extension is not allowed."""
    return _column(EXTENDED.at(clock), sectors)


def in_flight_rest(pilots: int, rest_class: int, sectors: int, longest_sector: int) -> int:
    """CS FTL.1.205(c), in minutes, for at most three sectors."""
    bonus = LONG_SECTOR_BONUS if sectors <= 2 and longest_sector > LONG_SECTOR else 0
    return IN_FLIGHT_REST[pilots][rest_class - 1] + bonus


def cabin_in_flight_rest(rest_class: int, rest: int) -> int:
    """CS FTL.1.205(c)(4): the FDP in minutes that so much in-flight rest extends to; 0 if to none."""
    rows = [fdp for fdp, rests in CABIN_REST if len(rests) >= rest_class and rests[rest_class - 1] <= rest]
    return max(rows, default=0)


def _column(row: tuple[int, ...], sectors: int) -> int | None:
    """The first column is for one and for two sectors."""
    at = max(sectors, 2) - 2
    return row[at] if at < len(row) else None
