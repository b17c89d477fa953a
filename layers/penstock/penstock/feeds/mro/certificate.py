"""What is wrong with a certificate by itself: its form, its blocks, its release, its corrections."""

import re
from collections.abc import Sequence

from penstock.feeds.mro.forms import FORMS, NEW, block_date, may_bear
from penstock.feeds.mro.placeholders import is_placeholder
from penstock.feeds.rules import Record, Rulebook
from penstock.model.findings import Severity

_BLOCK_13 = ("design_data", "production_signature", "production_approval", "production_name", "production_date")
_BLOCK_14 = ("release_basis", "release_signature", "release_certificate", "release_name", "release_date")
_BLOCKS = ("authority", "organisation", "description", "quantity")

_CORRECTS = re.compile(r"\bcorrects?\s+the\s+errors?\b|\bcorrects?\s+the\s+error\(s\)", re.IGNORECASE)

_PART_M = "Part-M Appendix II"
_FORMS = "FAA Order 8130.21H; Part-M Appendix II"
_OTHER_DATE = "the form writes its dates otherwise: dd/mmm/yyyy on FAA Form 8130-3, dd mmm yyyy on EASA Form 1"

RULES = Rulebook("mro")


_SAYS_NOTHING = "what stands there says nothing; write what the certificate has"
_OR_EMPTY = "what stands there says nothing; write what is known, or leave it empty where nothing is"

_EVIDENCE = {
    "authority": "block 1",
    "form_tracking_number": "block 3",
    "organisation": "block 4",
    "description": "block 7",
    "production_signature": "block 13b",
    "production_approval": "block 13c",
    "production_name": "block 13d",
    "production_date": "block 13e",
    "release_signature": "block 14b",
    "release_certificate": "block 14c",
    "release_name": "block 14d",
    "release_date": "block 14e",
}
"""The blocks by which a certificate proves who did what to what, beside the serial and part number (see
`component`)."""


def _demand_evidence(field: str, source: str | None, message: str, severity: Severity = Severity.HARD) -> None:
    @RULES.among(f"{field}_placeholder", field, message, source, severity)
    def _says_nothing(records: Sequence[Record]) -> list[int]:  # pyright: ignore[reportUnusedFunction]
        said = [one.get(field) for one in records]
        nothing = {text for text in set(said) if text and is_placeholder(text)}
        return [at for at, text in enumerate(said) if text in nothing] if nothing else []


for _field, _block in _EVIDENCE.items():
    _demand_evidence(_field, f"{_FORMS}, {_block}", _SAYS_NOTHING)
# Block 5 may be empty, so it proves nothing; block 12 names another certificate only where one is corrected.
_demand_evidence("work_order", f"{_FORMS}, block 5", _OR_EMPTY, Severity.SOFT)
_demand_evidence("corrects", f"{_FORMS}, block 12", _OR_EMPTY)
# Of no block, but what a removal is traced by: the aircraft, and the operator's own report.
_demand_evidence("registration", None, _OR_EMPTY)
_demand_evidence("control_number", None, _OR_EMPTY)


def _has_any(one: Record, fields: Sequence[str]) -> bool:
    return any(map(one.get, fields))


def _has_all(one: Record, fields: Sequence[str]) -> bool:
    return all(map(one.get, fields))


def _badly_dated(one: Record, field: str) -> bool:
    text = one.get(field)
    return bool(text) and not is_placeholder(text) and block_date(one["form_type"], text) is None


@RULES.each(
    "status_of_form",
    "cert_status",
    "this form does not say so in its block of status and work; EASA takes one term, the FAA also INSPECTED and"
    " TESTED together",
    _FORMS,
    also=("form_type",),
)
def _status_of_another_form(one: Record) -> bool:
    return not may_bear(one["form_type"], one["cert_status"])


@RULES.each(
    "authority_of_form",
    "authority",
    "this authority does not issue the form",
    f"{_FORMS}, block 1",
    also=("form_type",),
)
def _authority_of_another_form(one: Record) -> bool:
    authority: str = one.get("authority") or ""
    return (
        bool(authority)
        and not is_placeholder(authority)
        and not FORMS[one["form_type"]].authority.search(authority.upper())
    )


@RULES.each("tracking_number", "form_tracking_number", "a certificate has a tracking number", f"{_FORMS}, block 3")
def _without_tracking_number(one: Record) -> bool:
    return not one.get("form_tracking_number")


@RULES.each(
    "item",
    "item",
    "of a certificate with several lines the record says which line, and none past the last",
    f"{_PART_M}, block 6",
    also=("items",),
)
def _which_line(one: Record) -> bool:
    item, items = one.get("item"), one.get("items")
    return items is not None and ((items > 1 and item is None) or (item or 1) > items)


@RULES.each(
    "part_number",
    "part_number",
    "a component has a part number: a serial number alone names nothing",
    f"{_FORMS}, block 8; 14 CFR 43.10(c)(1)",
)
def _without_part_number(one: Record) -> bool:
    return not one.get("part_number")


@RULES.each(
    "block_empty",
    "organisation",
    "the authority, the organisation, the description or the quantity is left out",
    f"{_FORMS}, blocks 1, 4, 7, 9",
    severity=Severity.INFO,
)
def _block_empty(one: Record) -> bool:
    return not _has_all(one, _BLOCKS)


@RULES.each(
    "regulation_unnamed",
    "remarks",
    "block 14a says that another regulation is named in the remarks; they are empty",
    f"{_FORMS}, block 14a",
    also=("release_basis",),
)
def _regulation_unnamed(one: Record) -> bool:
    remarks: str = one.get("remarks") or ""
    return one.get("release_basis") in ("other", "both") and (not remarks or is_placeholder(remarks))


@RULES.each(
    "correction_unnamed",
    "remarks",
    "a corrected certificate cites the tracking number of the one it corrects in its remarks; give the same in"
    " `corrects`",
    f"{_PART_M} 5.3, block 12",
    also=("corrects",),
)
def _correction_unnamed(one: Record) -> bool:
    """`corrects` names the old certificate, and block 12 says so: both, or neither."""
    old, remarks = one.get("corrects"), one.get("remarks") or ""
    if old and is_placeholder(old):
        return False
    if old:
        return not re.search(
            rf"(?<![A-Z0-9])(?<![A-Z0-9][-/_.]){re.escape(old.upper())}(?![-/_.]?[A-Z0-9])", remarks.upper()
        )
    return bool(_CORRECTS.search(remarks))


@RULES.each(
    "corrects_itself",
    "corrects",
    "a corrected certificate has a new tracking number",
    f"{_PART_M} 5.2",
    also=("form_tracking_number",),
)
def _corrects_itself(one: Record) -> bool:
    return one.get("corrects") is not None and one["corrects"] == one.get("form_tracking_number")


@RULES.each(
    "both_releases",
    "release_signature",
    "blocks 13 and 14 are both filled in; a release from production and one from maintenance do not mix",
    f"{_PART_M} 1.7",
    also=(*_BLOCK_13, *_BLOCK_14),
)
def _both_releases(one: Record) -> bool:
    return _has_any(one, _BLOCK_13) and _has_any(one, _BLOCK_14)


@RULES.each(
    "release_missing",
    "release_signature",
    "maintenance is released in block 14: basis, signature, certificate or approval number, name and date",
    "14 CFR 43.9(a)(4); Part-145.A.50",
    also=("cert_status", *_BLOCK_14),
)
def _not_released(one: Record) -> bool:
    return one["cert_status"] not in NEW and not _has_all(one, _BLOCK_14)


@RULES.each(
    "conformity_missing",
    "production_signature",
    "a new item is certified in block 13: design data, signature, approval number, name and date",
    f"{_FORMS}, block 13; Part-21 Appendix I",
    also=("cert_status", *_BLOCK_13),
)
def _not_certified(one: Record) -> bool:
    return one["cert_status"] in NEW and not _has_all(one, _BLOCK_13)


@RULES.each(
    "design_data",
    "design_data",
    "what is NEW conforms to approved design data, a PROTOTYPE to data not approved",
    "Part-21 Appendix I, block 11",
    also=("cert_status",),
)
def _design_data_of_another_status(one: Record) -> bool:
    said = one.get("design_data")
    wanted = {"NEW": "approved", "PROTOTYPE": "non_approved"}.get(one["cert_status"])
    return said is not None and wanted is not None and said != wanted


@RULES.each("production_date", "production_date", _OTHER_DATE, f"{_FORMS}, block 13e", also=("form_type",))
def _production_badly_dated(one: Record) -> bool:
    return _badly_dated(one, "production_date")


@RULES.each("release_date", "release_date", _OTHER_DATE, f"{_FORMS}, block 14e", also=("form_type",))
def _release_badly_dated(one: Record) -> bool:
    return _badly_dated(one, "release_date")
