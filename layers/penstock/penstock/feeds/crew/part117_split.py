"""14 CFR 117.15: when a split-duty rest is no part of the flight duty period."""

from typing import NamedTuple

from penstock.feeds.crew.duty import Duty
from penstock.feeds.crew.times import DAY, HOUR

NIGHT = (22 * HOUR, 29 * HOUR)  #: 22:00 to 05:00 local (117.15(a))
LEAST = 3 * HOUR
MOST_COMBINED = 14 * HOUR


class SplitCredit(NamedTuple):
    """Minutes that are not part of the FDP, when they are, and why there are none."""

    minutes: int
    counted: tuple[int, int]
    why_not: str


def split_credit(duty: Duty) -> SplitCredit:
    """117.15: in an unaugmented operation, time in a suitable accommodation is not part of the FDP if (a) it is between
    22:00 and 05:00 local time, (b) at least 3 hours from reaching the accommodation, (e) after the first segment, and
    (f) FDP and rest together take no more than 14 hours.

    Our reading of (a): of a longer rest the part between 22:00 and 05:00 counts. The clock is that of the reference
    zone. That (c) the rest was scheduled before the FDP began, and (d) not cut short against it, no record tells: they
    are taken for granted.
    """
    if not duty.split:
        return SplitCredit(0, (0, 0), "")
    rest = _night_part(duty)
    length = rest[1] - rest[0]
    return SplitCredit(length, rest, "") if not (why := _why_not(duty, rest)) else SplitCredit(0, (0, 0), why)


def _why_not(duty: Duty, rest: tuple[int, int]) -> str:
    if duty.augmented:
        return "the crew is augmented"
    if not duty.split_suitable:
        return "the accommodation is not said to be suitable (117.3)"
    if rest[1] - rest[0] < LEAST:
        return "it has less than 3 hours between 22:00 and 05:00 (117.15(a), (b))"
    if duty.first_in > duty.split_start:
        return "the first segment is not completed before (117.15(e))"
    if duty.fdp_end - duty.fdp_start > MOST_COMBINED:
        return "FDP and rest together take more than 14 hours (117.15(f))"
    return ""


def rest_at_night(duty: Duty) -> int:
    """Minutes of rest that 117.27 asks for: in a suitable accommodation, between 22:00 and 05:00, after the first
    segment (117.15(a) and (e))."""
    if not duty.split or not duty.split_suitable or duty.first_in > duty.split_start:
        return 0
    start, end = _night_part(duty)
    return end - start


def _night_part(duty: Duty) -> tuple[int, int]:
    """The part of the break within one night."""
    start, end = duty.local(duty.split_start), duty.local(duty.split_end)
    night = (start - NIGHT[1]) // DAY + 1
    night_start, night_end = night * DAY + NIGHT[0], night * DAY + NIGHT[1]
    inside = max(start, night_start), min(end, night_end)
    if inside[1] <= inside[0]:
        return duty.split_start, duty.split_start
    return duty.split_start + inside[0] - start, duty.split_end - (end - inside[1])
