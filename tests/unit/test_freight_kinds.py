"""What a document is, what it was sent for, and what becomes of it for that. The codes are told here once more, from
the lists of X12 (data elements 640, 353 and 202; 004010) and UNTDID 1001 and 1225."""

import json
from typing import Any

import pytest

from penstock.feeds.freight import FREIGHT
from penstock.feeds.freight.examination import TRACE, examine
from penstock.feeds.freight.kinds import kind_of_1001, purpose_of_1225
from penstock.feeds.freight.policy import Policy
from penstock.model.findings import Finding, Severity
from penstock.model.records import Accepted
from tests.support.edi import Words
from tests.support.invoices import B3, BIG, changed, freight_bill, goods_bill, ubl, x12_file
from tests.support.reading import judge_file


def accepted(body: bytes) -> Accepted:
    (one,) = judge_file(FREIGHT, body).accepted
    return one


def record_of(body: bytes, ordinal: int = 0, file: str = "f") -> dict[str, Any]:
    """A record as the examination gets it."""
    record: dict[str, Any] = FREIGHT.one.validate_json(accepted(body).payload)
    return record | {TRACE: f"{file}:{ordinal}"}


def of_810(type_code: str = "", purpose: str = "") -> bytes:
    return x12_file(goods_bill(header=changed(BIG, {7: type_code, 8: purpose})), kinds=["810"])


def of_210(correction: str = "", *before: Words) -> bytes:
    return x12_file(freight_bill(changed(B3, {8: correction}), before=before))


def found(body: bytes, policy: Policy | None = None) -> list[Finding]:
    return examine([record_of(body)], [], policy or Policy())[0]


@pytest.mark.parametrize(
    ("code", "kind", "sign"),
    [
        ("", "invoice", 1),
        ("PR", "invoice", 1),  # product or service
        ("CI", "invoice", 1),  # consolidated invoice
        ("DI", "invoice", 1),  # debit invoice
        ("BZ", "invoice", 1),  # freight invoice
        ("25", "invoice", 1),  # ocean import invoice
        ("RG", "corrected_invoice", 1),  # revised final bill
        ("PB", "partial_invoice", 1),
        ("PP", "prepayment_invoice", 1),
        ("DR", "debit_note", 1),  # debit memo
        ("CR", "credit_note", -1),  # credit memo
        ("CN", "credit_note", -1),  # credit invoice
        ("CG", "credit_note", -1),  # consolidated credit memo
        ("CO", "corrected_invoice", 1),
        ("AI", "corrected_invoice", 1),  # adjusted invoice
        ("RE", "corrected_invoice", 1),  # rebill
        ("ZZ", "unknown", 1),
    ],
)
def test_an_810_says_in_big07_what_it_is(code: str, kind: str, sign: int) -> None:
    told = json.loads(accepted(of_810(code)).payload)
    assert (told["kind"], told["sign"], told.get("kind_code", "")) == (kind, sign, code)


@pytest.mark.parametrize(
    ("code", "purpose"),
    [
        ("", "original"), ("00", "original"), ("01", "cancellation"), ("03", "cancellation"), ("04", "correction"),
        ("05", "correction"), ("07", "copy"), ("15", "copy"), ("18", "copy"), ("22", "copy"), ("24", "draft"),
        ("CO", "correction"), ("08", "unknown"), ("99", "unknown"),
    ],
)  # fmt: skip
def test_an_810_says_in_big08_what_it_was_sent_for(code: str, purpose: str) -> None:
    assert json.loads(accepted(of_810("", code)).payload)["purpose"] == purpose


@pytest.mark.parametrize(
    ("code", "kind", "purpose"),
    [
        ("", "invoice", "original"),
        ("CO", "invoice", "correction"),
        ("RB", "invoice", "correction"),  # rebilling, the bill before is to be ignored
        ("BD", "debit_note", "correction"),  # balance due: what is still owed of an earlier bill
        ("CA", "invoice", "cancellation"),
        ("PD", "invoice", "copy"),  # past due: asks once more
        ("XX", "invoice", "unknown"),
    ],
)
def test_a_210_says_in_b3_08_that_it_corrects(code: str, kind: str, purpose: str) -> None:
    told = json.loads(accepted(of_210(code)).payload)
    assert (told["kind"], told["purpose"], told.get("purpose_code", "")) == (kind, purpose, code)


def test_the_purpose_of_a_204_counts_in_a_210_that_has_it() -> None:
    assert json.loads(accepted(of_210("", ("B2A", "05"))).payload)["purpose"] == "correction"
    assert json.loads(accepted(of_210("CA", ("B2A", "00"))).payload)["purpose"] == "cancellation"


@pytest.mark.parametrize("code", ["380", "326", "386", "389", "751", "875", "876", "877", "383"])
def test_new_claims_are_delivered_with_their_kind(code: str) -> None:
    assert Policy().of_kind(kind_of_1001(code)) == "deliver"


@pytest.mark.parametrize("code", ["381", "384", "325", "396", "9999", "102"])
def test_what_reverses_corrects_or_only_offers_and_what_is_unknown_is_held(code: str) -> None:
    assert Policy().of_kind(kind_of_1001(code)) == "hold"


@pytest.mark.parametrize(
    ("code", "action"), [("", "deliver"), ("9", "deliver"), ("1", "hold"), ("7", "hold"), ("31", "hold"), ("5", "hold")]
)
def test_what_is_no_original_is_held(code: str, action: str) -> None:
    assert Policy().of_purpose(purpose_of_1225(code)) == action


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (of_810("CR"), "freight.kind"),
        (of_810("ZZ"), "freight.kind"),
        (of_810("", "07"), "freight.purpose"),
        (of_810("DU"), "freight.purpose"),
        (of_210("CO"), "freight.purpose"),
        (of_210("CA"), "freight.purpose"),
        (of_210().replace(b"*0*P*:~", b"*0*T*:~"), "freight.test_data"),
        (of_210().replace(b"*0*P*:~", b"*0*I*:~"), "freight.purpose"),
    ],
)
def test_what_is_no_new_claim_is_held_whatever_is_said_of_soft_findings(body: bytes, code: str) -> None:
    told = found(body)
    assert [(one.code, one.severity) for one in told] == [(code, Severity.SOFT)]
    assert FREIGHT.is_held_for(told, "deliver")


def test_an_original_invoice_is_not_held() -> None:
    assert found(of_210()) == found(of_810()) == []


def test_the_settings_say_which_kinds_are_taken() -> None:
    credit = of_810("CR")
    assert found(credit, Policy(kinds={"credit_note": "deliver"})) == []
    (refused,) = found(credit, Policy(kinds={"credit_note": "reject"}))
    assert (refused.code, refused.severity) == ("freight.kind_refused", Severity.HARD)
    (held,) = found(of_810(), Policy(kinds={"invoice": "hold"}))
    assert held.code == "freight.kind"


# a test is nothing but a test


def test_a_test_claims_nothing_and_never_bars_the_true_invoice() -> None:
    test, true = of_210().replace(b"*0*P*:~", b"*0*T*:~"), of_210()
    assert accepted(test).identity != accepted(true).identity
    assert FREIGHT.examination is not None
    assert FREIGHT.examination.to_history(record_of(test)).kept is None
    told = examine([record_of(test), record_of(true, 1)], [], Policy())
    assert [[one.code for one in each] for each in told] == [["freight.test_data"], []]


@pytest.mark.parametrize(
    ("one", "other"),
    [(b"*004010~", b"*005010~"), (b"*004010~", b"*004010VICS~"), (b"*000000001*0*P", b"*000000077*0*P"),
     (b"*20261120*2115*1*X", b"*20261121*0300*1*X")],
)  # fmt: skip
def test_facts_of_the_envelope_make_no_other_invoice(one: bytes, other: bytes) -> None:
    first, again = accepted(of_210()), accepted(of_210().replace(one, other))
    assert (first.identity, first.digest) == (again.identity, again.digest)


def test_the_later_correction_of_one_invoice_counts() -> None:
    """GS04 and GS05 say when it was made."""
    first = accepted(of_210("CO"))
    later = accepted(of_210("CO").replace(b"*20261120*2115*1*X", b"*20261121*0300*1*X"))
    assert first.identity == later.identity == accepted(of_210()).identity
    assert 0 == accepted(of_210()).revision < first.revision < later.revision


def test_a_document_that_calls_itself_by_two_names_is_neither() -> None:
    both = "<cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode><cbc:CreditNoteTypeCode>381</cbc:CreditNoteTypeCode>"
    body = ubl().replace("<cbc:DocumentCurrencyCode>", f"{both}<cbc:DocumentCurrencyCode>", 1)
    (one,) = judge_file(FREIGHT, body.encode()).accepted
    assert json.loads(one.payload)["kind"] == "unknown"


@pytest.mark.parametrize("usage", [" ", "X"])
def test_an_interchange_that_does_not_say_whether_it_is_a_test_is_looked_at(usage: str) -> None:
    body = x12_file(freight_bill()).replace(b"*0*P*:~", f"*0*{usage}*:~".encode())
    (one,) = judge_file(FREIGHT, body).accepted
    assert json.loads(one.payload)["purpose"] == "unknown"
