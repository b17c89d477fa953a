"""The tables of 14 CFR Part 117, in hours as printed; rows by the acclimated local time they begin at."""

from penstock.feeds.crew.bands import Bands, minutes

TABLE_A = Bands(
    {
        "0000": 8 * 60,
        "0500": 9 * 60,
        "2000": 8 * 60,
    }
)
"""Table A (117.11): maximum flight time with the minimum crew, by time of report."""

FLIGHT_TIME_AUGMENTED = {3: 13 * 60, 4: 17 * 60}
"""117.11(a)(2) and (3): maximum flight time by number of pilots."""

TABLE_B = Bands(
    {
        #               1   2   3   4   5    6   7 or more segments
        "0000": minutes("9  9  9  9  9    9  9"),
        "0400": minutes("10 10 10 10 9    9  9"),
        "0500": minutes("12 12 12 12 11.5 11 10.5"),
        "0600": minutes("13 13 12 12 11.5 11 10.5"),
        "0700": minutes("14 14 13 13 12.5 12 11.5"),
        "1200": minutes("13 13 13 13 12.5 12 11.5"),
        "1300": minutes("12 12 12 12 11.5 11 10.5"),
        "1700": minutes("12 12 11 11 10   9  9"),
        "2200": minutes("11 11 10 10 9    9  9"),
        "2300": minutes("10 10 10 9  9    9  9"),
    }
)
"""Table B (117.13): maximum FDP of an unaugmented crew, by scheduled start and number of flight segments."""

TABLE_C = Bands(
    {
        #    rest facility class 1    class 2    class 3, each with 3 and with 4 pilots
        "0000": minutes("15 17        14 15.5    13 13.5"),
        "0600": minutes("16 18.5      15 16.5    14 14.5"),
        "0700": minutes("17 19        16.5 18    15 15.5"),
        "1300": minutes("16 18.5      15 16.5    14 14.5"),
        "1700": minutes("15 17        14 15.5    13 13.5"),
    }
)
"""Table C (117.17): maximum FDP of an augmented crew, by scheduled start, class of rest facility and pilots."""


def flight_time(clock: int, pilots: int) -> int:
    """Most flight time in minutes: Table A for two pilots, 117.11(a)(2) and (3) for more."""
    return FLIGHT_TIME_AUGMENTED[pilots] if pilots > 2 else TABLE_A.at(clock)


def unaugmented(clock: int, segments: int) -> int:
    """Table B, in minutes."""
    return TABLE_B.at(clock)[min(max(segments, 1), 7) - 1]


def augmented(clock: int, rest_class: int, pilots: int) -> int:
    """Table C, in minutes."""
    return TABLE_C.at(clock)[(rest_class - 1) * 2 + pilots - 3]
