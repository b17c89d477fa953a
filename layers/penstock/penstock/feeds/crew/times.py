"""Clocks and calendars: what the rules ask about time.

An instant is whole minutes since 1970 in UTC, seconds cut off: rosters and tables are kept in minutes, and both ends
of a band are inclusive to the minute. A local time is the minutes since 1970 that the wall clock of a zone shows; its
remainder by 1,440 is the minute of the day, its quotient the day.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

HOUR = 60
DAY = 24 * HOUR
_EPOCH_DAY = date(1970, 1, 1).toordinal()

WOCL = (2 * HOUR, 6 * HOUR)
"""The window of circadian low, 02:00 to 05:59 (14 CFR 117.3; ORO.FTL.105(28))."""


_FIXED = dict[tzinfo | None, int]()
"""Minutes east of UTC, by the fixed offsets that times are written with; of which there are few."""


def minute_of(moment: datetime) -> int:
    """The instant of an aware datetime. A record has dozens of times, and subtracting them takes twice as long."""
    ahead = _FIXED.get(moment.tzinfo)
    if ahead is None:
        ahead = _minutes_east(moment)
    return (moment.toordinal() - _EPOCH_DAY) * DAY + moment.hour * HOUR + moment.minute - ahead


def _minutes_east(moment: datetime) -> int:
    zone, ahead = moment.tzinfo, moment.utcoffset()
    if zone is None or ahead is None:
        raise ValueError("a time without an offset says nothing")
    minutes = ahead // timedelta(minutes=1)
    if zone.utcoffset(None) is not None:
        _FIXED[zone] = minutes
    return minutes


def text_of(instant: int) -> str:
    """An instant as findings show it."""
    return datetime.fromtimestamp(instant * 60, UTC).strftime("%Y-%m-%d %H:%MZ")


def hours(length: int) -> str:
    """A length in minutes as regulations write it: 13:30."""
    return f"{'-' if length < 0 else ''}{abs(length) // 60}:{abs(length) % 60:02d}"


def clock(local: int) -> str:
    """The wall clock of a local time: 06:05."""
    return f"{local % DAY // 60:02d}:{local % 60:02d}"


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@cache
def is_zone(name: str) -> bool:
    """Is there an IANA zone of that name?"""
    try:
        _zone(name)
    except (KeyError, ValueError, OSError):  # unknown, no name of a zone at all, a folder's name
        return False
    return True


@lru_cache(16384)
def _offset(zone: str, quarter: int) -> int:
    """Minutes east of UTC in this quarter of an hour since 1970: no zone has changed its clocks between two."""
    there = datetime.fromtimestamp(quarter * 15 * 60, _zone(zone)).utcoffset()
    return int(there.total_seconds()) // 60 if there else 0


def offset(zone: str, instant: int) -> int:
    """Minutes by which the zone's clocks are ahead of UTC."""
    return _offset(zone, instant // 15)


def clocks_ahead(one: str, other: str, instant: int) -> int:
    """Minutes by which a zone's clocks are ahead of another's, the short way round: never more than 12 hours."""
    return (offset(one, instant) - offset(other, instant) + DAY // 2) % DAY - DAY // 2


def clocks_apart(one: str, other: str, instant: int) -> int:
    """Minutes between the clocks of two zones, the short way round."""
    return abs(clocks_ahead(one, other, instant))


def local(zone: str, instant: int) -> int:
    """The local time of an instant."""
    return instant + _offset(zone, instant // 15)


@lru_cache(16384)
def instant_at(zone: str, there: int) -> int:
    """The instant at which a zone's clocks come to a local time: where they skip it from there on, when they do so;
    where they show it twice, the first."""
    offsets = offset(zone, there - DAY), offset(zone, there + DAY)
    begins = [there - ahead for ahead in offsets]
    return min(begin for begin in begins if local(zone, begin) >= there)


def midnight(zone: str, day: int) -> int:
    """The instant at which a local day begins."""
    return instant_at(zone, day * DAY)


@lru_cache(4096)
def month_of(day: int) -> int:
    """The month of a local day, counted from year 0."""
    there = date.fromordinal(_EPOCH_DAY + day)
    return there.year * 12 + there.month - 1


@lru_cache(4096)
def first_day(month: int) -> int:
    """The first local day of a month."""
    return date(month // 12, month % 12 + 1, 1).toordinal() - _EPOCH_DAY


def within_daily(begin: int, end: int, window_from: int, window_to: int) -> int:
    """Minutes of [begin, end) that lie in a daily window of the clock. All local; a window past midnight ends above
    1,440."""
    inside, day = 0, (begin - window_to) // DAY
    while day * DAY + window_from < end:
        inside += max(0, min(end, day * DAY + window_to) - max(begin, day * DAY + window_from))
        day += 1
    return inside


def in_wocl(begin: int, end: int) -> int:
    """Minutes of [begin, end), local, within the window of circadian low."""
    return within_daily(begin, end, *WOCL)


def local_nights(zone: str, begin: int, end: int) -> int:
    """Local nights in a rest: 8 hours between 22:00 and 08:00 (ORO.FTL.105(14)), which is an hour less where the clocks
    go forward and one more where they go back. Both times are instants."""
    nights = _nights(zone, begin, end, 22 * HOUR, 32 * HOUR)
    return sum(min(end, until) - max(begin, since) >= 8 * HOUR for since, until in nights)


def physiological_nights(zone: str, begin: int, end: int) -> int:
    """Physiological nights in a rest: those of which it holds 01:00 to 07:00 (14 CFR 117.3), each within 10 hours of
    rest. Both times are instants."""
    if end - begin < 10 * HOUR:
        return 0
    return sum(begin <= since and until <= end for since, until in _nights(zone, begin, end, HOUR, 7 * HOUR))


def _nights(zone: str, begin: int, end: int, night_from: int, night_to: int) -> Iterator[tuple[int, int]]:
    """The nights, from one clock time to another, that may have a part in [begin, end)."""
    for day in range((local(zone, begin) - night_to) // DAY, local(zone, end) // DAY + 1):
        yield instant_at(zone, day * DAY + night_from), instant_at(zone, day * DAY + night_to)
