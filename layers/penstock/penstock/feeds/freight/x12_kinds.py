"""What a transaction set says that it is: BIG07 (data element 640), BIG08 (353) and B3-08 (202), ISA15; 004010."""

from collections.abc import Mapping, Sequence
from typing import Any

from penstock.feeds.freight.kinds import Kind, Purpose, says

_KINDS: dict[Kind, str] = {
    # Of a carrier or supplier, and what telephone companies bill in parts: each is a claim of its own.
    "invoice": """
    20 21 22 23 24 25 26 27 BA BH BZ CD CI CT DC DI DO EB EF EI ER FB FD IB IF IR IU MF MI MM MR MS PR RB RF SM SS UF
    """,
    "partial_invoice": "PB",
    "prepayment_invoice": "PP",
    "debit_note": "CF DR",
    "credit_note": "CC CE CG CN CR MC",
    "corrected_invoice": "AI CO RE RG",
}
_KIND_OF_640: dict[str, Kind] = {code: kind for kind, codes in _KINDS.items() for code in codes.split()}

_DUPLICATE = "DU"  #: of 640: what the document was sent for, and not what it is
_SIMULATION = "77"  #: of 353: a simulation exercise

_PURPOSES: dict[Purpose, tuple[str, str]] = {
    # By 353, and by 202.
    "original": ("00 20 33 49", ""),
    # Past due billing (PD) asks once more for what was billed before.
    "copy": ("06 07 15 18 22 45 5C", "PD"),
    "correction": ("04 05 19 26 41 CO", "AD AI AR BD BE CO CP CS D1 DV MD RB RC RE SC TL"),
    "cancellation": ("01 03 17 46", "BO CA CM CT DE"),
    "draft": ("14 16 24 38 42", ""),
}
_PURPOSE_OF_353: dict[str, Purpose] = {code: one for one, (codes, _) in _PURPOSES.items() for code in codes.split()}
_PURPOSE_OF_202: dict[str, Purpose] = {code: one for one, (_, codes) in _PURPOSES.items() for code in codes.split()}

_BALANCE_DUE = "BD"  #: of 202: a further claim, for what is still owed of an earlier bill


def kind_of_810(type_code: str, purpose_code: str, envelope: Mapping[str, str]) -> dict[str, Any]:
    """The fields that follow from BIG07 and BIG08.

    >>> {name: kind_of_810("CR", "07", {})[name] for name in ("kind", "purpose", "sign")}
    {'kind': 'credit_note', 'purpose': 'copy', 'sign': -1}
    """
    kind: Kind = _KIND_OF_640.get(type_code, "unknown") if type_code else "invoice"
    purpose: Purpose = _PURPOSE_OF_353.get(purpose_code, "unknown") if purpose_code else "original"
    if type_code == _DUPLICATE:
        kind, purpose = "invoice", "copy"
    return _said(kind, purpose, envelope, type_code, purpose_code)


def kind_of_210(correction_code: str, header: Sequence[str], envelope: Mapping[str, str]) -> dict[str, Any]:
    """The fields that follow from B3-08, and from a B2A, if the carrier sends one."""
    kind: Kind = "debit_note" if correction_code == _BALANCE_DUE else "invoice"
    purpose_code = header[1].strip() if len(header) > 1 else ""
    purpose: Purpose = _PURPOSE_OF_353.get(purpose_code, "unknown") if purpose_code else "original"
    if correction_code:
        purpose, purpose_code = _PURPOSE_OF_202.get(correction_code, "unknown"), correction_code
    return _said(kind, purpose, envelope, "", purpose_code)


def _said(
    kind: Kind, purpose: Purpose, envelope: Mapping[str, str], kind_code: str, purpose_code: str
) -> dict[str, Any]:
    """ISA15 says T for a test, P for production; I is for information only, and what is neither, or nothing, nobody
    knows."""
    usage = envelope.get("usage", "P")
    if usage == "I" and purpose == "original":
        purpose = "copy"
    elif usage not in ("P", "T", "I"):
        purpose = "unknown"
    made = envelope.get("group_made", "")
    made_at = int(made) if made.isascii() and made.isdecimal() and len(made) <= 18 else 1
    test = usage == "T" or purpose_code == _SIMULATION
    return says(kind, purpose, test, made_at, kind_code=kind_code, purpose_code=purpose_code)
