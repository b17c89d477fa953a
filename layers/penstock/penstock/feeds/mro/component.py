"""What is wrong with a component by itself: its part and serial number, its life, its hours and cycles."""

import re

from penstock.feeds.mro.days import day_of
from penstock.feeds.mro.placeholders import is_placeholder
from penstock.feeds.rules import Record, Rulebook
from penstock.model.findings import Severity

NO_SERIAL = "N/A"
"""What stands in block 10 where the item bears no serial number."""

_PART_M = "Part-M Appendix II"
_FORMS = "FAA Order 8130.21H; Part-M Appendix II"

RULES = Rulebook("mro")


_NUMBERS = ("component_sn", "part_number")
_ROUNDED = re.compile(r"[0-9](?:\.[0-9]+)?E\+[0-9]{2,3}")
_MONTH = "(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)"
_DAY = re.compile(rf"[0-9]{{1,2}}-{_MONTH}(?:-[0-9]{{2}}(?:[0-9]{{2}})?)?|{_MONTH}-[0-9]{{2}}")


def is_life_limited(one: Record) -> bool:
    """Whether the part is life-limited, by its flag or by a limit that is given: the limit is evidence enough (14 CFR
    43.10(a))."""
    return bool(one.get("life_limited")) or any(
        one.get(name) is not None for name in ("life_limit_hours", "life_limit_cycles")
    )


def _over_its_life(one: Record) -> bool:
    return (
        ("life_limit_hours" in one and one.get("hours_since_new", 0) > one["life_limit_hours"])
        or ("life_limit_cycles" in one and one.get("cycles_since_new", 0) > one["life_limit_cycles"])
        or ("life_expires_on" in one and day_of(one) > one["life_expires_on"])
    )


def _more_since_overhaul(one: Record, quantity: str) -> bool:
    since, new = one.get(f"{quantity}_since_overhaul"), one.get(f"{quantity}_since_new")
    return since is not None and new is not None and since > new


@RULES.each(
    "serial_placeholder",
    "component_sn",
    "this is no serial number; where the item bears none, write exactly N/A",
    f"{_PART_M}, block 10",
)
def _serial_is_a_placeholder(one: Record) -> bool:
    return one["component_sn"] != NO_SERIAL and is_placeholder(one["component_sn"])


@RULES.each(
    "part_placeholder",
    "part_number",
    "this is no part number; write it as it stands on the item",
    f"{_PART_M}, block 8",
)
def _part_is_a_placeholder(one: Record) -> bool:
    return is_placeholder(one.get("part_number") or "")


@RULES.each(
    "digits_lost",
    "component_sn",
    "a spreadsheet has made a number of the serial or part number, and its digits are lost; write it as it stands on"
    " the item, in a column of text",
    f"{_PART_M}, blocks 8 and 10",
)
def _digits_lost(one: Record) -> bool:
    return any(_ROUNDED.fullmatch(one.get(name) or "") for name in _NUMBERS)


@RULES.each(
    "looks_like_a_day",
    "component_sn",
    "a serial or part number looks like what spreadsheets make of one that they take for a day; does it stand so on the"
    " item?",
    f"{_PART_M}, blocks 8 and 10",
    severity=Severity.SOFT,
)
def _looks_like_a_day(one: Record) -> bool:
    return any(_DAY.fullmatch(one.get(name) or "") for name in _NUMBERS)


@RULES.each(
    "serial_of_many",
    "quantity",
    "one serial number names one item; give each a record of its own",
    f"{_FORMS}, blocks 9 and 10",
)
def _many_with_one_serial(one: Record) -> bool:
    return one["component_sn"] != NO_SERIAL and (one.get("quantity") or 1) > 1


@RULES.each(
    "life_limited_without_serial",
    "component_sn",
    "a life-limited part is controlled by its serial number: N/A is none",
    "14 CFR 43.10(c)(1)",
)
def _limited_without_serial(one: Record) -> bool:
    return is_life_limited(one) and one["component_sn"] == NO_SERIAL


@RULES.each(
    "life_status_missing",
    "cycles_since_new",
    "a life-limited part comes with its life status: cycles or hours since new, or the day its life ends, whichever"
    " its limit is in",
    "14 CFR 43.10(a), (c)",
)
def _life_status_missing(one: Record) -> bool:
    """What its limit is in must be said; where no limit is given, anything of the three. A temporary removal changes
    nothing of it (14 CFR 43.10(b))."""
    if not is_life_limited(one) or (one.get("temporary") and one.get("event") != "installation"):
        return False
    if "life_limit_hours" in one and "hours_since_new" not in one:
        return True
    if "life_limit_cycles" in one and "cycles_since_new" not in one:
        return True
    return not any(name in one for name in ("hours_since_new", "cycles_since_new", "life_expires_on"))


@RULES.each(
    "installed_over_life",
    "cycles_since_new",
    "the part was past its life limit when it was installed",
    "14 CFR 43.10(c)",
)
def _installed_over_its_life(one: Record) -> bool:
    return one.get("event") == "installation" and _over_its_life(one)


@RULES.each(
    "removed_over_life",
    "cycles_since_new",
    "the part was past its life limit when it was removed",
    "14 CFR 43.10(c)",
    severity=Severity.SOFT,
)
def _removed_over_its_life(one: Record) -> bool:
    return one.get("event") != "installation" and _over_its_life(one)


@RULES.each("hours_since_overhaul", "hours_since_overhaul", "there are more hours since overhaul than since new")
def _more_hours_since_overhaul(one: Record) -> bool:
    return _more_since_overhaul(one, "hours")


@RULES.each("cycles_since_overhaul", "cycles_since_overhaul", "there are more cycles since overhaul than since new")
def _more_cycles_since_overhaul(one: Record) -> bool:
    return _more_since_overhaul(one, "cycles")


@RULES.each(
    "hours_per_cycle",
    "hours_since_new",
    "a cycle took more than a day on average, or less than three minutes; is a digit missing?",
    severity=Severity.SOFT,
)
def _unlikely_cycles(one: Record) -> bool:
    hours, cycles = one.get("hours_since_new"), one.get("cycles_since_new")
    if not hours or not cycles:
        return False
    return not cycles <= 20 * hours <= 20 * 24 * cycles
