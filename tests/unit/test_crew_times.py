"""Clocks and calendars, against Python's own."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.feeds.crew import times
from penstock.feeds.crew.bands import Bands

ZONES = ["Etc/UTC", "Europe/Amsterdam", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia"]
moments = st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
local = st.integers(0, 40_000)


def minute(text: str) -> int:
    return times.minute_of(datetime.fromisoformat(f"{text}:00+00:00"))


@given(moments, st.sampled_from(ZONES))
def test_a_local_time_is_what_the_wall_clock_shows(moment: datetime, zone: str) -> None:
    there = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=UTC)
    assert times.local(zone, times.minute_of(moment)) == times.minute_of(there)


@given(moments, st.sampled_from(ZONES))
def test_a_day_begins_at_its_midnight(moment: datetime, zone: str) -> None:
    instant = times.minute_of(moment)
    day = times.local(zone, instant) // times.DAY
    assert times.midnight(zone, day) <= instant < times.midnight(zone, day + 1)


@pytest.mark.parametrize(("day", "length"), [("2026-03-29", 23), ("2026-03-30", 24), ("2026-10-25", 25)])
def test_a_day_has_23_or_25_hours_when_clocks_change(day: str, length: int) -> None:
    number = minute(f"{day} 00:00") // times.DAY
    begin, end = times.midnight("Europe/Amsterdam", number), times.midnight("Europe/Amsterdam", number + 1)
    assert end - begin == length * 60


@pytest.mark.parametrize(
    ("zone", "day", "begins"),
    [
        # Clocks go from 23:59 to 01:00, from 00:59 back to 00:00, and from 23:59 back to 23:00.
        ("Atlantic/Azores", "2026-03-29", "2026-03-29 01:00"),
        ("Atlantic/Azores", "2026-10-25", "2026-10-25 00:00"),
        ("America/Sao_Paulo", "2018-02-18", "2018-02-18 03:00"),
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04 03:00"),
    ],
)
def test_a_day_begins_when_the_clock_first_shows_it(zone: str, day: str, begins: str) -> None:
    assert times.midnight(zone, minute(f"{day} 00:00") // times.DAY) == minute(begins)


@given(st.sampled_from(sorted(available_timezones())), st.integers(7305, 24836))
def test_every_day_of_every_zone_begins_with_its_first_minute(zone: str, day: int) -> None:
    begin = times.midnight(zone, day)
    assert times.local(zone, begin - 1) // times.DAY < day <= times.local(zone, begin) // times.DAY


@given(moments)
def test_months(moment: datetime) -> None:
    day = times.minute_of(moment) // times.DAY
    month = times.month_of(day)
    assert (month // 12, month % 12 + 1) == (moment.year, moment.month)
    assert times.first_day(month) == times.minute_of(moment.replace(day=1)) // times.DAY


@given(local, st.integers(0, 6000), st.integers(0, 1439), st.integers(1, 1440))
def test_minutes_in_a_daily_window(begin: int, length: int, window: int, width: int) -> None:
    counted = sum((at - window) % 1440 < width for at in range(begin, begin + length))
    assert times.within_daily(begin, begin + length, window, window + width) == counted


@pytest.mark.parametrize(
    ("begin", "end", "nights"),
    [
        ("2026-03-10 22:00", "2026-03-11 06:00", 1),
        ("2026-03-10 22:00", "2026-03-11 05:59", 0),
        ("2026-03-11 00:00", "2026-03-11 08:00", 1),
        ("2026-03-11 00:01", "2026-03-11 09:00", 0),
        ("2026-03-10 18:00", "2026-03-12 06:00", 2),
        ("2026-03-10 12:00", "2026-03-13 12:00", 3),
    ],
)
def test_local_nights(begin: str, end: str, nights: int) -> None:
    assert times.local_nights("Etc/UTC", minute(begin), minute(end)) == nights


@pytest.mark.parametrize(
    ("begin", "end", "nights"),
    [
        ("2026-03-10 21:00", "2026-03-11 07:00", 1),
        ("2026-03-10 21:01", "2026-03-11 07:00", 0),  # not 10 hours
        ("2026-03-11 01:01", "2026-03-11 12:00", 0),
        ("2026-03-10 20:00", "2026-03-11 06:59", 0),
        ("2026-03-10 20:00", "2026-03-13 07:00", 3),
    ],
)
def test_physiological_nights(begin: str, end: str, nights: int) -> None:
    assert times.physiological_nights("Etc/UTC", minute(begin), minute(end)) == nights


@pytest.mark.parametrize(
    ("night", "rest", "nights"),
    [
        # Between 22:00 and 08:00 by the clock, which skips an hour or shows it twice.
        ("2026-03-28", ("21:00", "05:00"), 1),
        ("2026-03-28", ("21:00", "04:59"), 0),
        ("2026-03-28", ("22:01", "06:00"), 0),
        ("2026-10-24", ("20:00", "04:00"), 1),
        ("2026-10-24", ("23:00", "07:00"), 1),
        ("2026-10-24", ("23:01", "07:00"), 0),
    ],
)
def test_a_local_night_has_eight_hours_whatever_the_clocks_do(night: str, rest: tuple[str, str], nights: int) -> None:
    """Amsterdam goes from UTC+1 to UTC+2 on March 29, 2026, and back on October 25; these are in UTC."""
    evening = date.fromisoformat(night)
    begins, ends = (minute(f"{evening + timedelta(days=clock < '12:00')} {clock}") for clock in rest)
    assert times.local_nights("Europe/Amsterdam", begins, ends) == nights


@pytest.mark.parametrize(("ends", "nights"), [("05:00", 1), ("04:59", 0)])
def test_a_physiological_night_ends_by_the_clock(ends: str, nights: int) -> None:
    """07:00 is 05:00 in UTC on the morning on which Amsterdam's clocks have gone forward."""
    begins = minute("2026-03-28 18:00")
    assert times.physiological_nights("Europe/Amsterdam", begins, minute(f"2026-03-29 {ends}")) == nights


@given(st.integers(-(10**6), 10**6))
def test_lengths_are_written_in_hours_and_minutes(length: int) -> None:
    hours, minutes = times.hours(length).removeprefix("-").split(":")
    assert timedelta(hours=int(hours), minutes=int(minutes)) == timedelta(minutes=abs(length))
    assert times.hours(length).startswith("-") == (length < 0)


@pytest.mark.parametrize("name", ["", "Atlantis", "Europe", "../etc/passwd", "Europe/Amsterdam "])
def test_a_zone_that_does_not_exist(name: str) -> None:
    assert not times.is_zone(name)


def test_a_zone_that_does() -> None:
    assert all(map(times.is_zone, ZONES))


@pytest.mark.parametrize(
    ("clock", "row"), [(0, "night"), (299, "night"), (300, "day"), (1019, "day"), (1020, "night"), (1439, "night")]
)
def test_the_last_band_runs_past_midnight(clock: int, row: str) -> None:
    assert Bands({"0500": "day", "1700": "night"}).at(clock) == row
