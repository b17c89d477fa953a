"""Usual spellings of a record's values and of the fields' names."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

_FORMS = {
    "faa81303": "FAA_8130-3",
    "faaform81303": "FAA_8130-3",
    "81303": "FAA_8130-3",
    "form81303": "FAA_8130-3",
    "easaform1": "EASA_FORM_1",
    "easaformone": "EASA_FORM_1",
    "form1": "EASA_FORM_1",
    "caacaac038": "CAAC_AAC-038",
    "aac038": "CAAC_AAC-038",
    "tccaformone": "TCCA_FORM_ONE",
    "tcca240078": "TCCA_FORM_ONE",
    "tccaformone240078": "TCCA_FORM_ONE",
    "caaform1": "UK_CAA_FORM_1",
    "ukcaaform1": "UK_CAA_FORM_1",
    "ukcaaformone": "UK_CAA_FORM_1",
    "ukform1": "UK_CAA_FORM_1",
    "caaformone": "UK_CAA_FORM_1",
    "caaukform1": "UK_CAA_FORM_1",
    "anacf10001": "ANAC_F-100-01",
    "anacform10001": "ANAC_F-100-01",
    "f10001": "ANAC_F-100-01",
    "anacformf10001": "ANAC_F-100-01",
    "formf10001": "ANAC_F-100-01",
    "segvoo003": "ANAC_F-100-01",
    "formsegvoo003": "ANAC_F-100-01",
    "anacformsegvoo003": "ANAC_F-100-01",
    "anacsegvoo003": "ANAC_F-100-01",
    "tccaform1": "TCCA_FORM_ONE",
    "tcformone": "TCCA_FORM_ONE",
    "transportcanadaformone": "TCCA_FORM_ONE",
    "transportcanadaform1": "TCCA_FORM_ONE",
    "form240078": "TCCA_FORM_ONE",
    "240078": "TCCA_FORM_ONE",
}
_WORDS = {
    "event": {
        "removal": "removal",
        "removed": "removal",
        "remove": "removal",
        "rem": "removal",
        "off": "removal",
        "installation": "installation",
        "installed": "installation",
        "install": "installation",
        "ins": "installation",
        "on": "installation",
    },
    "design_data": {"approved": "approved", "nonapproved": "non_approved", "notapproved": "non_approved"},
    "release_basis": {
        "own": "own",
        "14cfr439": "own",
        "part145a50": "own",
        "other": "other",
        "otherregulation": "other",
        "both": "both",
        "dual": "both",
    },
}
_IN_CAPITALS = ("part_number", "component_sn", "cert_status", "registration")
_DAYS = ("removal_date", "installation_date", "completion_date", "submitted_on", "life_expires_on")

_ISO_AND_CLOCK = re.compile(r"(\d{4}-\d{2}-\d{2})[T ]\d{1,2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:?\d{2})?")
_SLASHES = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?: \d{1,2}:\d{2}(?::\d{2})?(?: ?[AP]M)?)?", re.IGNORECASE)
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]+)?) ?%")


def normalised(record: dict[str, Any]) -> dict[str, Any]:
    """Without blanks; words as the model has them; days without a clock time, and from slashes where they can only be
    read in one way; confidence in percent as a number."""
    normal = {name: value for name, value in record.items() if value != ""}
    for name in _IN_CAPITALS:
        if isinstance(normal.get(name), str):
            normal[name] = " ".join(normal[name].upper().split())
    if isinstance(normal.get("form_type"), str):
        normal["form_type"] = _FORMS.get(_plain(normal["form_type"]), normal["form_type"])
    for name, words in _WORDS.items():
        if isinstance(normal.get(name), str):
            normal[name] = words.get(_plain(normal[name]), normal[name])
    for name in _DAYS:
        if isinstance(normal.get(name), str):
            normal[name] = _day(normal[name].strip())
    percent = _PERCENT.fullmatch(str(normal.get("ocr_confidence", "")).strip())
    if percent:
        normal["ocr_confidence"] = _hundredth(percent[1])
    return normal


def _day(text: str) -> str:
    clocked = _ISO_AND_CLOCK.fullmatch(text)
    if clocked:
        return clocked[1]
    slashed = _SLASHES.fullmatch(text)
    if not slashed:
        return text
    first, second, year = int(slashed[1]), int(slashed[2]), int(slashed[3])
    # Where both could be a month nobody knows which is: that is for the sender to say.
    if first <= 12 < second:
        return f"{year:04d}-{first:02d}-{second:02d}"
    if second <= 12 < first or first == second:
        return f"{year:04d}-{second:02d}-{first:02d}"
    return text


def _hundredth(number: str) -> Decimal | str:
    try:
        return Decimal(number) / 100
    except InvalidOperation:
        return number


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", text.lower())


_SPELLINGS = {
    "event": "event type, record type, transaction, transaction type, action",
    "revision": "rev, version",
    "control_number": "operator control number, control no, sdr number, report number",
    "submitted_on": "submission date, submitted, report date, date submitted",
    "form_type": "form, certificate type, certificate, release form",
    "authority": "approving authority, approving civil aviation authority, country",
    "form_tracking_number": "tracking number, form tracking no, tracking no, certificate number, arc number",
    "organisation": "organization, organisation name, organization name, repair station, shop, mro, vendor",
    "work_order": "work order number, wo, work order no, workorder, contract, invoice",
    "item": "item no, line, line item",
    "items": "lines, line items, item count",
    "description": "part description, nomenclature, part name, component name",
    "part_number": "pn, p/n, part no, part, mpn, component part number",
    "quantity": "qty",
    "component_sn": "sn, s/n, serial number, serial no, serial, part serial number, component serial number",
    "cert_status": "status, status/work, certificate status, work performed, condition released",
    "remarks": "remark, comments",
    "corrects": "corrects certificate, replaces certificate, original tracking number",
    "removal_date": "removed on, date removed, removed, rem date, difficulty date",
    "installation_date": "installed on, date installed, installed, ins date",
    "completion_date": "completed on, date completed, completed, work completed",
    "registration": "tail, tail number, aircraft, aircraft registration, registry n number, n number, reg",
    "position": "location, part location, installed position",
    "ata": "ata chapter, jasc, jasc code, ata code",
    "reason": "removal reason, reason for removal, part condition, defect",
    "temporary": "temporary removal",
    "hours_since_new": "tsn, time since new, hsn, part total time, total time, total hours",
    "cycles_since_new": "csn, part total cycles, total cycles",
    "hours_since_overhaul": "tso, time since overhaul, hso",
    "cycles_since_overhaul": "cso",
    "life_limited": "llp, life limited part",
    "life_limit_hours": "life limit hours, hour limit",
    "life_limit_cycles": "life limit cycles, cycle limit",
    "life_expires_on": "life expiry, expiry, expiry date, shelf life",
    "ocr_confidence": "confidence, ocr score, extraction confidence",
    "release_certificate": "approval number, certificate of release number, repair station certificate",
    "release_date": "certificate date, date of release",
    "release_name": "certifier, inspector",
}

SPELLINGS = {name: tuple(spellings.split(", ")) for name, spellings in _SPELLINGS.items()}
"""What exports of the trade call the fields."""
