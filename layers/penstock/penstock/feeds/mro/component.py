"""What is wrong with a component by itself: its part and serial number, its life, its hours and cycles."""

import re
from collections.abc import Sequence

from penstock.feeds.mro.days import day_of
from penstock.feeds.mro.placeholders import is_placeholder
from penstock.feeds.rules import Record, Rulebook
from penstock.model.findings import Severity

NO_SERIAL = "N/A"
"""What stands in block 10 where the item bears no serial number."""

_PART_M = "Part-M Appendix II"
_FORMS = "FAA Order 8130.21H; Part-M Appendix II"

RULES = Rulebook("mro")


_NUMBERS = {"component_sn": "block 10", "part_number": "block 8", "form_tracking_number": "block 3"}
"""What is called a number and is none, and the block where it stands."""

# As spreadsheets show what they have taken for a number or a day. (1.23E11, without a sign, is none of theirs.)
_ROUNDED = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]{2,3}", re.IGNORECASE)
_MONTH = "(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)"
_DAY = re.compile(
    rf"[0-9]{{1,2}}[- ]{_MONTH}(?:[- ][0-9]{{2}}(?:[0-9]{{2}})?)?|{_MONTH}[- ][0-9]{{2}}"
    r"|[0-9]{1,2}/[0-9]{1,2}/(?:19|20)[0-9]{2}|(?:19|20)[0-9]{2}-[01][0-9]-[0-3][0-9](?: [0-9:]+)?",
    re.IGNORECASE,
)
_DAY_AMONG = re.compile(rf"^(?:{_DAY.pattern})$", re.IGNORECASE | re.MULTILINE)
"""One in any line. Nearly always there is none, and one search takes less than one a record."""

_LIMITS = ("life_limit_hours", "life_limit_cycles")
_LIFE_STATUS = ("hours_since_new", "life_expires_on")
_OF_LIFE = ("life_limited", *_LIMITS, "description", "remarks", "temporary")
"""Where it stands that a part is life-limited; and beside its cycles, what its life status is."""

_LIFE_LIMITED = re.compile(
    r"(?<!not )(?<!non-)(?<!non )(?<!no )\b(?:life[- ]limit(?:ed(?: parts?+)?+|s)?+|llp)\b"
    r"(?! ?[:=-]? ?(?:no|none|n/?a|false)\b)"
)


def is_life_limited(one: Record) -> bool:
    """Whether the part is life-limited, by its flag, by a limit that is given, or by the words of its certificate: each
    is evidence enough (14 CFR 43.10(a)), whatever the flag says."""
    if one.get("life_limited") or any(one.get(name) is not None for name in _LIMITS):
        return True
    words = f"{one.get('description')} {one.get('remarks')}".lower()
    return ("life" in words or "llp" in words) and bool(_LIFE_LIMITED.search(words))


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


def _demand_a_number_as_it_is_written(field: str, block: str) -> None:
    """For each of them, so that the finding is of the cell that is to be mended."""
    source = f"{_PART_M}, {block}"

    @RULES.among(
        "digits_lost",
        field,
        "a spreadsheet has made a number of it, and its digits are lost; write it as it was, in a column of text",
        source,
    )
    def _digits_lost(records: Sequence[Record]) -> list[int]:  # pyright: ignore[reportUnusedFunction]
        said = [one.get(field) or "" for one in records]
        return [at for at, text in enumerate(said) if _ROUNDED.fullmatch(text)] if "+" in "".join(said) else []

    @RULES.among(
        "looks_like_a_day",
        field,
        "it looks like what spreadsheets make of a number that they take for a day; does it really read so?",
        source,
        Severity.SOFT,
    )
    def _looks_like_a_day(records: Sequence[Record]) -> list[int]:  # pyright: ignore[reportUnusedFunction]
        said = [one.get(field) or "" for one in records]
        some = _DAY_AMONG.search("\n".join(said))
        return [at for at, text in enumerate(said) if _DAY.fullmatch(text)] if some else []


for _field, _block in _NUMBERS.items():
    _demand_a_number_as_it_is_written(_field, _block)


@RULES.each(
    "serial_of_many",
    "quantity",
    "one serial number names one item; give each a record of its own",
    f"{_FORMS}, blocks 9 and 10",
    also=("component_sn",),
)
def _many_with_one_serial(one: Record) -> bool:
    return one["component_sn"] != NO_SERIAL and (one.get("quantity") or 1) > 1


@RULES.each(
    "life_limited_without_serial",
    "component_sn",
    "a life-limited part is controlled by its serial number: N/A is none",
    "14 CFR 43.10(c)(1)",
    also=_OF_LIFE,
)
def _limited_without_serial(one: Record) -> bool:
    return one["component_sn"] == NO_SERIAL and is_life_limited(one)


@RULES.each(
    "life_status_missing",
    "cycles_since_new",
    "a life-limited part comes with its life status: cycles or hours since new, or the day its life ends, whichever"
    " its limit is in",
    "14 CFR 43.10(a), (c)",
    also=(*_LIFE_STATUS, *_OF_LIFE),
)
def _life_status_missing(one: Record) -> bool:
    """What its limit is in must be said; where no limit is given, anything of the three. A temporary removal changes
    nothing of it (14 CFR 43.10(b))."""
    is_missing = (
        ("life_limit_hours" in one and "hours_since_new" not in one)
        or ("life_limit_cycles" in one and "cycles_since_new" not in one)
        or not ("hours_since_new" in one or "cycles_since_new" in one or "life_expires_on" in one)
    )
    is_away = one.get("temporary") and one.get("event") != "installation"
    return is_missing and not is_away and is_life_limited(one)


@RULES.each(
    "installed_over_life",
    "cycles_since_new",
    "the part was past its life limit when it was installed",
    "14 CFR 43.10(c)",
    also=(*_LIFE_STATUS, *_LIMITS, "event"),
)
def _installed_over_its_life(one: Record) -> bool:
    return one.get("event") == "installation" and _over_its_life(one)


@RULES.each(
    "removed_over_life",
    "cycles_since_new",
    "the part was past its life limit when it was removed",
    "14 CFR 43.10(c)",
    severity=Severity.SOFT,
    also=(*_LIFE_STATUS, *_LIMITS, "event"),
)
def _removed_over_its_life(one: Record) -> bool:
    return one.get("event") != "installation" and _over_its_life(one)


@RULES.each(
    "hours_since_overhaul",
    "hours_since_overhaul",
    "there are more hours since overhaul than since new",
    also=("hours_since_new",),
)
def _more_hours_since_overhaul(one: Record) -> bool:
    return _more_since_overhaul(one, "hours")


@RULES.each(
    "cycles_since_overhaul",
    "cycles_since_overhaul",
    "there are more cycles since overhaul than since new",
    also=("cycles_since_new",),
)
def _more_cycles_since_overhaul(one: Record) -> bool:
    return _more_since_overhaul(one, "cycles")


@RULES.each(
    "hours_per_cycle",
    "hours_since_new",
    "a cycle took more than a day on average, or less than three minutes; is a digit missing?",
    severity=Severity.SOFT,
    also=("cycles_since_new",),
)
def _unlikely_cycles(one: Record) -> bool:
    hours, cycles = one.get("hours_since_new"), one.get("cycles_since_new")
    if not hours or not cycles:
        return False
    return not cycles <= 20 * hours <= 20 * 24 * cycles
