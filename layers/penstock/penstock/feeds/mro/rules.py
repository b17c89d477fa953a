"""What is wrong with a record by itself. Each rule looks at many records in one comprehension: they run over all."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from penstock.feeds.feed import Record, Rule
from penstock.feeds.mro.forms import FORMS, NEW, block_date, may_bear
from penstock.model.findings import Severity

NO_SERIAL = "N/A"
"""What stands in block 10 where the item bears no serial number."""

_PLACEHOLDERS = frozenset(
    {"NA", "N.A", "N-A", "N A", "NIL", "NONE", "NULL", "UNKNOWN", "UNK", "TBD", "TBA", "VARIOUS", "SEE BLOCK 12", "0"}
)
_BLOCK_13 = ("design_data", "production_signature", "production_approval", "production_name", "production_date")
_BLOCK_14 = ("release_basis", "release_signature", "release_certificate", "release_name", "release_date")
_BLOCKS = ("authority", "organisation", "description", "quantity")

SOON = 7  #: days from a report's number to its submission, of nearly all: of 235 real ones 230, and of 212 none

_CONTROL_NUMBER = re.compile(r"[A-Z0-9]{4}(20\d{2})(\d{2})(\d{2})\d+")
_CORRECTS = re.compile(r"\bcorrects?\s+the\s+errors?\b|\bcorrects?\s+the\s+error\(s\)", re.IGNORECASE)


def _where(broken: Callable[[Record], object]) -> Callable[[Sequence[Record]], list[int]]:
    return lambda records: [at for at, one in enumerate(records) if broken(one)]


# -- the certificate


def _status_of_another_form(one: Record) -> bool:
    return not may_bear(one["form_type"], one["cert_status"])


def _authority_of_another_form(one: Record) -> bool:
    authority: str = one.get("authority") or ""
    return bool(authority) and not FORMS[one["form_type"]].authority.search(authority.upper())


def _has_any(one: Record, fields: Sequence[str]) -> bool:
    return any(one.get(name) for name in fields)


def _has_all(one: Record, fields: Sequence[str]) -> bool:
    return all(one.get(name) for name in fields)


def _both_releases(one: Record) -> bool:
    return _has_any(one, _BLOCK_13) and _has_any(one, _BLOCK_14)


def _not_released(one: Record) -> bool:
    return one["cert_status"] not in NEW and not _has_all(one, _BLOCK_14)


def _not_certified(one: Record) -> bool:
    return one["cert_status"] in NEW and not _has_all(one, _BLOCK_13)


def _design_data_of_another_status(one: Record) -> bool:
    said = one.get("design_data")
    wanted = {"NEW": "approved", "PROTOTYPE": "non_approved"}.get(one["cert_status"])
    return said is not None and wanted is not None and said != wanted


def _badly_dated(field: str) -> Callable[[Record], bool]:
    def broken(one: Record) -> bool:
        text = one.get(field)
        return bool(text) and block_date(one["form_type"], text) is None

    return broken


def _regulation_unnamed(one: Record) -> bool:
    return one.get("release_basis") in ("other", "both") and not one.get("remarks")


def _correction_unnamed(one: Record) -> bool:
    """`corrects` names the old certificate, and block 12 says so: both, or neither."""
    old, remarks = one.get("corrects"), one.get("remarks") or ""
    if old:
        return old.upper() not in remarks.upper()
    return bool(_CORRECTS.search(remarks))


def _corrects_itself(one: Record) -> bool:
    return one.get("corrects") is not None and one["corrects"] == one.get("form_tracking_number")


def _which_line(one: Record) -> bool:
    item, items = one.get("item"), one.get("items")
    return items is not None and ((items > 1 and item is None) or (item or 1) > items)


# -- the component


def _serial_is_a_placeholder(one: Record) -> bool:
    return one["component_sn"] in _PLACEHOLDERS


def _part_is_a_placeholder(one: Record) -> bool:
    return one.get("part_number") in _PLACEHOLDERS | {NO_SERIAL}


def _many_with_one_serial(one: Record) -> bool:
    return one["component_sn"] != NO_SERIAL and (one.get("quantity") or 1) > 1


def _limited_without_serial(one: Record) -> bool:
    return bool(one.get("life_limited")) and one["component_sn"] == NO_SERIAL


def _life_status_missing(one: Record) -> bool:
    """What its limit is in must be said; where no limit is given, anything of the three. A temporary removal changes
    nothing of it (14 CFR 43.10(b))."""
    if not one.get("life_limited") or (one.get("temporary") and one.get("event") != "installation"):
        return False
    if "life_limit_hours" in one and "hours_since_new" not in one:
        return True
    if "life_limit_cycles" in one and "cycles_since_new" not in one:
        return True
    return not any(name in one for name in ("hours_since_new", "cycles_since_new", "life_expires_on"))


def _over_its_life(one: Record) -> bool:
    return (
        ("life_limit_hours" in one and one.get("hours_since_new", 0) > one["life_limit_hours"])
        or ("life_limit_cycles" in one and one.get("cycles_since_new", 0) > one["life_limit_cycles"])
        or ("life_expires_on" in one and _event_day(one) > one["life_expires_on"])
    )


def _installed_over_its_life(one: Record) -> bool:
    return one.get("event") == "installation" and _over_its_life(one)


def _removed_over_its_life(one: Record) -> bool:
    return one.get("event") != "installation" and _over_its_life(one)


def _more_since_overhaul(quantity: str) -> Callable[[Record], bool]:
    def broken(one: Record) -> bool:
        since, new = one.get(f"{quantity}_since_overhaul"), one.get(f"{quantity}_since_new")
        return since is not None and new is not None and since > new

    return broken


def _unlikely_cycles(one: Record) -> bool:
    hours, cycles = one.get("hours_since_new"), one.get("cycles_since_new")
    if not hours or not cycles:
        return False
    return not cycles <= 20 * hours <= 20 * 24 * cycles


# -- the dates


def _event_day(one: Record) -> date:
    """The day of what the record tells of."""
    day: date = (one.get("installation_date") if one.get("event") == "installation" else None) or one["removal_date"]
    return day


def today() -> date:
    """The latest day that it is anywhere on Earth: nobody's time zone makes a record one of the future."""
    return (datetime.now(UTC) + timedelta(hours=14)).date()


_DAYS = ("removal_date", "installation_date", "completion_date", "submitted_on")


def _released_on(one: Record) -> date | None:
    return block_date(one["form_type"], one.get("release_date") or one.get("production_date") or "")


def _in_the_future(records: Sequence[Record]) -> list[int]:
    latest = today()
    return [
        at
        for at, one in enumerate(records)
        if any((one.get(name) or latest) > latest for name in _DAYS) or (_released_on(one) or latest) > latest
    ]


def _installation_without_date(one: Record) -> bool:
    return one.get("event") == "installation" and "installation_date" not in one


def _installed_before_removal(one: Record) -> bool:
    return "installation_date" in one and one["installation_date"] < one["removal_date"]


def _completed_before_removal(one: Record) -> bool:
    return "completion_date" in one and one["completion_date"] < one["removal_date"]


def _released_before_completion(one: Record) -> bool:
    released = _released_on(one)
    return released is not None and "completion_date" in one and released < one["completion_date"]


def _installed_before_release(one: Record) -> bool:
    released: date | None = _released_on(one)
    installed: date | None = one.get("installation_date")
    if one.get("event") != "installation" or released is None or installed is None:
        return False
    return installed < released


def _after_submission(one: Record) -> bool:
    return "submitted_on" in one and _event_day(one) > one["submitted_on"]


def _day_in_control_number(one: Record) -> date | None:
    """The day on which the report was numbered: after what it tells of, and before it was submitted."""
    found = _CONTROL_NUMBER.fullmatch(one.get("control_number") or "")
    return _day(int(found[1]), int(found[2]), int(found[3])) if found else None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _day_and_month_swapped(one: Record) -> bool:
    """Read the other way round the submission is within days of the report's number, and as it stands it is not."""
    numbered, written = _day_in_control_number(one), one.get("submitted_on")
    if numbered is None or written is None or 0 <= (written - numbered).days <= SOON:
        return False
    swapped = _day(written.year, written.day, written.month)
    return swapped is not None and 0 <= (swapped - numbered).days <= SOON


def _numbered_on_another_day(one: Record) -> bool:
    numbered, written = _day_in_control_number(one), one.get("submitted_on")
    if numbered is None or _day_and_month_swapped(one):
        return False
    return numbered < _event_day(one) or (written is not None and written < numbered)


_PART_M = "Part-M Appendix II"
_FORMS = "FAA Order 8130.21H; Part-M Appendix II"


def _rule(
    code: str,
    field: str,
    message: str,
    broken: Callable[[Record], object],
    source: str | None = None,
    severity: Severity = Severity.HARD,
) -> Rule:
    return Rule(f"mro.{code}", field, message, _where(broken), severity, source)


RULES: tuple[Rule, ...] = (
    # The certificate
    _rule(
        "status_of_form",
        "cert_status",
        "this form does not say so in its block of status and work; EASA takes one term, the FAA also INSPECTED and"
        " TESTED together",
        _status_of_another_form,
        _FORMS,
    ),
    _rule(
        "authority_of_form",
        "authority",
        "this authority does not issue the form",
        _authority_of_another_form,
        f"{_FORMS}, block 1",
    ),
    _rule(
        "tracking_number",
        "form_tracking_number",
        "a certificate has a tracking number",
        lambda one: not one.get("form_tracking_number"),
        f"{_FORMS}, block 3",
    ),
    _rule(
        "item",
        "item",
        "of a certificate with several lines the record says which line, and none past the last",
        _which_line,
        f"{_PART_M}, block 6",
    ),
    _rule(
        "part_number",
        "part_number",
        "a component has a part number: a serial number alone names nothing",
        lambda one: not one.get("part_number"),
        f"{_FORMS}, block 8; 14 CFR 43.10(c)(1)",
    ),
    _rule(
        "block_empty",
        "organisation",
        "the authority, the organisation, the description or the quantity is left out",
        lambda one: not _has_all(one, _BLOCKS),
        f"{_FORMS}, blocks 1, 4, 7, 9",
        Severity.INFO,
    ),
    _rule(
        "regulation_unnamed",
        "remarks",
        "block 14a says that another regulation is named in the remarks; they are empty",
        _regulation_unnamed,
        f"{_FORMS}, block 14a",
    ),
    _rule(
        "correction_unnamed",
        "remarks",
        "a corrected certificate cites the tracking number of the one it corrects in its remarks; give the same in"
        " `corrects`",
        _correction_unnamed,
        f"{_PART_M} 5.3, block 12",
    ),
    _rule(
        "corrects_itself",
        "corrects",
        "a corrected certificate has a new tracking number",
        _corrects_itself,
        f"{_PART_M} 5.2",
    ),
    _rule(
        "both_releases",
        "release_signature",
        "blocks 13 and 14 are both filled in; a release from production and one from maintenance do not mix",
        _both_releases,
        f"{_PART_M} 1.7",
    ),
    _rule(
        "release_missing",
        "release_signature",
        "maintenance is released in block 14: basis, signature, certificate or approval number, name and date",
        _not_released,
        "14 CFR 43.9(a)(4); Part-145.A.50",
    ),
    _rule(
        "conformity_missing",
        "production_signature",
        "a new item is certified in block 13: design data, signature, approval number, name and date",
        _not_certified,
        f"{_FORMS}, block 13; Part-21 Appendix I",
    ),
    _rule(
        "design_data",
        "design_data",
        "what is NEW conforms to approved design data, a PROTOTYPE to data not approved",
        _design_data_of_another_status,
        "Part-21 Appendix I, block 11",
    ),
    _rule(
        "production_date",
        "production_date",
        "the form writes its dates otherwise: dd/mmm/yyyy on FAA Form 8130-3, dd mmm yyyy on EASA Form 1",
        _badly_dated("production_date"),
        f"{_FORMS}, block 13e",
    ),
    _rule(
        "release_date",
        "release_date",
        "the form writes its dates otherwise: dd/mmm/yyyy on FAA Form 8130-3, dd mmm yyyy on EASA Form 1",
        _badly_dated("release_date"),
        f"{_FORMS}, block 14e",
    ),
    # The component
    _rule(
        "serial_placeholder",
        "component_sn",
        "this is no serial number; where the item bears none, write exactly N/A",
        _serial_is_a_placeholder,
        f"{_PART_M}, block 10",
    ),
    _rule(
        "part_placeholder",
        "part_number",
        "this is no part number; write it as it stands on the item",
        _part_is_a_placeholder,
        f"{_PART_M}, block 8",
    ),
    _rule(
        "serial_of_many",
        "quantity",
        "one serial number names one item; give each a record of its own",
        _many_with_one_serial,
        f"{_FORMS}, blocks 9 and 10",
    ),
    _rule(
        "life_limited_without_serial",
        "component_sn",
        "a life-limited part is controlled by its serial number: N/A is none",
        _limited_without_serial,
        "14 CFR 43.10(c)(1)",
    ),
    _rule(
        "life_status_missing",
        "cycles_since_new",
        "a life-limited part comes with its life status: cycles or hours since new, or the day its life ends, whichever"
        " its limit is in",
        _life_status_missing,
        "14 CFR 43.10(a), (c)",
    ),
    _rule(
        "installed_over_life",
        "cycles_since_new",
        "the part was past its life limit when it was installed",
        _installed_over_its_life,
        "14 CFR 43.10(c)",
    ),
    _rule(
        "removed_over_life",
        "cycles_since_new",
        "the part was past its life limit when it was removed",
        _removed_over_its_life,
        "14 CFR 43.10(c)",
        Severity.SOFT,
    ),
    _rule(
        "hours_since_overhaul",
        "hours_since_overhaul",
        "there are more hours since overhaul than since new",
        _more_since_overhaul("hours"),
    ),
    _rule(
        "cycles_since_overhaul",
        "cycles_since_overhaul",
        "there are more cycles since overhaul than since new",
        _more_since_overhaul("cycles"),
    ),
    _rule(
        "hours_per_cycle",
        "hours_since_new",
        "a cycle took more than a day on average, or less than three minutes; is a digit missing?",
        _unlikely_cycles,
        None,
        Severity.SOFT,
    ),
    # The dates
    Rule("mro.future_date", "removal_date", "a date is of the future", _in_the_future),
    _rule(
        "installation_date_missing",
        "installation_date",
        "an installation has the day it was done",
        _installation_without_date,
        "14 CFR 43.9(a)(2)",
    ),
    _rule(
        "installed_before_removal",
        "installation_date",
        "it was installed before it was removed",
        _installed_before_removal,
    ),
    _rule(
        "completed_before_removal",
        "completion_date",
        "the work on it was completed before it was removed",
        _completed_before_removal,
    ),
    _rule(
        "released_before_completion",
        "release_date",
        "it was released before the work on it was completed",
        _released_before_completion,
        "14 CFR 43.9(a); Part-145.A.50(a)",
    ),
    _rule(
        "installed_before_release",
        "installation_date",
        "it was installed before it was released",
        _installed_before_release,
        "Part-M M.A.501; 14 CFR 43.9(a)",
    ),
    _rule(
        "after_submission",
        "removal_date",
        "what the record tells of came after the record was submitted; are day and month swapped?",
        _after_submission,
    ),
    _rule(
        "day_and_month_swapped",
        "submitted_on",
        "day and month are swapped: with the day that the control number has, only the other way round makes sense",
        _day_and_month_swapped,
    ),
    _rule(
        "control_number_day",
        "control_number",
        "the day in the control number is before what the record tells of, or after its submission",
        _numbered_on_another_day,
    ),
)


def day_of(record: Record) -> date:
    """The day of what the record tells of."""
    return _event_day(record)


def last_day_of(record: Record) -> date:
    """The last day that the record says anything of."""
    said: list[Any] = [record.get(name) for name in _DAYS] + [_released_on(record)]
    return max(day for day in said if day is not None)
