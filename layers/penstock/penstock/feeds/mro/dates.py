"""What is wrong with a record's dates: they are of the future, or not in the order in which things happen."""

import re
from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from penstock.feeds.mro import days
from penstock.feeds.mro.days import DAYS, day_of, released_on
from penstock.feeds.rules import Record, Rulebook
from penstock.model.findings import Severity

SOON = 7  #: days from a report's number to its submission, of nearly all: of 235 real ones 230, and of 212 none

#: Days from a removal to its report's number, beyond which somebody looks: of 235 real reports 231 took at most 16, and
#: the other four 33 to 55.
LONG = 28

_CONTROL_NUMBER = re.compile(r"[A-Z0-9]{4}(20\d{2})(\d{2})(\d{2})\d+")

RULES = Rulebook("mro")


@RULES.among("future_date", "removal_date", "a date is of the future", also=(*DAYS, "release_date", "production_date"))
def _in_the_future(records: Sequence[Record]) -> list[int]:
    latest = days.today()
    return [
        at
        for at, one in enumerate(records)
        if any((one.get(name) or latest) > latest for name in DAYS) or (released_on(one) or latest) > latest
    ]


@RULES.each(
    "installation_date_missing",
    "installation_date",
    "an installation has the day it was done",
    "14 CFR 43.9(a)(2)",
    also=("event",),
)
def _installation_without_date(one: Record) -> bool:
    return one.get("event") == "installation" and "installation_date" not in one


@RULES.each(
    "installed_before_removal", "installation_date", "it was installed before it was removed", also=("removal_date",)
)
def _installed_before_removal(one: Record) -> bool:
    return "installation_date" in one and one["installation_date"] < one["removal_date"]


@RULES.each(
    "completed_before_removal",
    "completion_date",
    "the work on it was completed before it was removed",
    also=("removal_date",),
)
def _completed_before_removal(one: Record) -> bool:
    return "completion_date" in one and one["completion_date"] < one["removal_date"]


@RULES.each(
    "released_before_completion",
    "release_date",
    "it was released before the work on it was completed",
    "14 CFR 43.9(a); Part-145.A.50(a)",
    also=("completion_date", "production_date"),
)
def _released_before_completion(one: Record) -> bool:
    released = released_on(one)
    return released is not None and "completion_date" in one and released < one["completion_date"]


@RULES.each(
    "installed_before_release",
    "installation_date",
    "it was installed before it was released",
    "Part-M M.A.501; 14 CFR 43.9(a)",
    also=("release_date", "production_date", "event"),
)
def _installed_before_release(one: Record) -> bool:
    released: date | None = released_on(one)
    installed: date | None = one.get("installation_date")
    if one.get("event") != "installation" or released is None or installed is None:
        return False
    return installed < released


@RULES.each(
    "after_submission",
    "removal_date",
    "what the record tells of came after the record was submitted; are day and month swapped?",
    also=("submitted_on", "installation_date", "event"),
)
def _after_submission(one: Record) -> bool:
    return "submitted_on" in one and day_of(one) > one["submitted_on"]


def _day_in_control_number(one: Record) -> date | None:
    """The day on which the report was numbered: after what it tells of, and before it was submitted."""
    return _day_in(one.get("control_number") or "")


@lru_cache(4096)
def _day_in(number: str) -> date | None:
    """Asked for by several rules of each record."""
    found = _CONTROL_NUMBER.fullmatch(number)
    return _day(int(found[1]), int(found[2]), int(found[3])) if found else None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


@RULES.each(
    "day_and_month_swapped",
    "submitted_on",
    "day and month are swapped: with the day that the control number has, only the other way round makes sense",
    also=("control_number",),
)
def _day_and_month_swapped(one: Record) -> bool:
    """Read the other way round the submission is within days of the report's number, and as it stands it is not."""
    numbered, written = _day_in_control_number(one), one.get("submitted_on")
    if numbered is None or written is None or 0 <= (written - numbered).days <= SOON:
        return False
    swapped = _day(written.year, written.day, written.month)
    return swapped is not None and 0 <= (swapped - numbered).days <= SOON


@RULES.each(
    "control_number_day",
    "control_number",
    "the day in the control number is before what the record tells of, or after its submission",
    also=("submitted_on", "removal_date", "installation_date"),
)
def _numbered_on_another_day(one: Record) -> bool:
    numbered, written = _day_in_control_number(one), one.get("submitted_on")
    if numbered is None or _day_and_month_swapped(one):
        return False
    return numbered < day_of(one) or (written is not None and written < numbered)


@RULES.each(
    "long_before_report",
    "removal_date",
    "what the record tells of lies weeks before the day in the control number; are day and month swapped?",
    severity=Severity.SOFT,
    also=("control_number", "installation_date"),
)
def _long_before_its_report(one: Record) -> bool:
    numbered = _day_in_control_number(one)
    if numbered is None or _day_and_month_swapped(one) or _numbered_on_another_day(one):
        return False
    return (numbered - day_of(one)).days > LONG
