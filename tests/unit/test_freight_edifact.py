"""INVOIC of EDIFACT, in directories D.96A and D.01B: which amount is which, worked by hand."""

import json
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.feeds.freight import FREIGHT
from tests.support.budget import examples
from tests.support.documents import MESSAGE, message_file
from tests.support.reading import judge_file

AT = [one[:3] for one in MESSAGE]
HEADER, LINES = MESSAGE[: AT.index("LIN")], MESSAGE[AT.index("LIN") : AT.index("UNS")]
TOTALS = MESSAGE[AT.index("UNS") + 1 :]


def message(header: Sequence[str] = HEADER, lines: Sequence[str] = LINES, totals: Sequence[str] = TOTALS) -> list[str]:
    return [*header, *lines, "UNS+S", *totals]


def changed(segments: Sequence[str], old: str, *new: str) -> list[str]:
    """With other segments instead of one, and of this kind only the first."""
    at = next(at for at, one in enumerate(segments) if one.startswith(old))
    return [*segments[:at], *new, *segments[at + 1 :]]


def told(body: Sequence[str], **how: str) -> dict[str, Any]:
    (one,) = judge_file(FREIGHT, message_file(body, **how)).accepted
    return json.loads(one.payload)


def faults(body: Sequence[str], **how: str) -> list[tuple[str, str | None]]:
    judgement = judge_file(FREIGHT, message_file(body, **how))
    return [(one.code, one.field) for record in judgement.rejected for one in record.findings]


@pytest.mark.parametrize("kind", ["INVOIC:D:96A:UN", "INVOIC:D:01B:UN", "INVOIC:D:96A:UN:EAN008"])
def test_a_message_becomes_an_invoice(kind: str) -> None:
    assert told(message(), kind=kind) == {
        "document_type": "edifact_invoic",
        "kind": "invoice",
        "kind_code": "380",
        "purpose": "original",
        "purpose_code": "9",
        "sign": 1,
        "carrier": "DE123456789",
        "carrier_scheme": "VAT",
        "invoice_number": "INV-7",
        "invoice_date": "2026-11-20",
        "currency": "EUR",
        "parties": [
            {
                "role": "SU",
                "name": "Acme Fracht",
                "id": "DE123456789",
                "id_kind": "VAT",
                "ids": [{"kind": "0088", "value": "4012345000009"}],
            }
        ],
        "lines": [
            {
                "number": "1", "description": "Haul", "amount": "125.00", "quantity": "10", "unit": "HUR",
                "unit_price": "12.50", "references": [{"kind": "SA", "value": "HAUL"}],
            },
            {
                "number": "2", "amount": "25", "quantity": "1", "unit_price": "25",
                "references": [{"kind": "SA", "value": "TOLL"}],
            },
        ],
        "taxes": [{"amount": "28.50", "kind": "VAT", "category": "S", "percent": "19", "taxable": "150"}],
        "totals": {
            "due": "178.50", "lines": "150.00", "line_count": 2, "tax_exclusive": "150.00", "tax": "28.50",
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("MOA+77", ["MOA+77:178.51"], "freight.payable"),
        ("MOA+77", ["MOA+77:178.50", "MOA+113:78.50"], "freight.payable"),
        ("MOA+77", ["MOA+9:178.50", "MOA+77:178.51"], "freight.tax_inclusive"),
        ("MOA+79", ["MOA+79:150.01"], "freight.line_total"),
        ("MOA+125", ["MOA+125:150.01"], "freight.tax_exclusive"),
        ("MOA+176", ["MOA+176:28.51"], "freight.tax_subtotals"),
        ("MOA+124", ["MOA+124:28.51"], "freight.tax_rate"),
        ("CNT+2", ["CNT+2:3"], "freight.message_count"),
    ],
)
def test_a_total_that_is_wrong_by_a_cent_rejects(old: str, new: list[str], code: str) -> None:
    assert code in [found for found, _ in faults(message(totals=changed(TOTALS, old, *new)))]


def test_what_is_paid_is_taken_off_of_what_is_due() -> None:
    totals = changed(TOTALS, "MOA+77", "MOA+77:178.50", "MOA+113:78.50", "MOA+9:100.00")
    assert told(message(totals=totals))["totals"]["due"] == "100.00"


def test_the_message_that_the_eancom_manual_shows_adds_up() -> None:
    """Freight of 120 with 19 % of tax; 40 at a gross 60, less 10 %, with 21 %; 12.65 kg at 200 with 19 %."""
    body = """
        BGM+380+IN432097 DTM+137:20020308:102 PAI+::42 RFF+ON:ORD9523 DTM+171:20020212:102 RFF+DQ:53662
        NAD+BY+5412345000013::9 RFF+VA:4146023 NAD+SU+4012345500004::9 RFF+VA:VR12345 CUX+2:EUR:4 PAT+22++5:3:D:10
        PCD+12:2.5:13 ALC+C++6++FC MOA+23:120 TAX+7+VAT+++:::19+S MOA+124:22.80 LIN+1++4000862141404:SRV QTY+47:40
        MOA+203:2160 PRI+AAB:60:CA TAX+7+VAT+++:::21+S MOA+124:453.60 ALC+A PCD+1:10 LIN+2++5412345111115:SRV QTY+46:5
        QTY+47:12.65:KGM MOA+203:2530 PRI+AAA:200:CA::1:KGM TAX+7+VAT+++:::19+S MOA+124:480.70 UNS+S CNT+2:2
        MOA+86:5767.10 MOA+79:4690 MOA+129:5767.10 MOA+125:4810 MOA+176:957.10 MOA+131:120 TAX+7+VAT+++:::19+S
        MOA+124:503.50 TAX+7+VAT+++:::21+S MOA+124:453.60 ALC+C++++FC MOA+131:120
    """.split()  # noqa: SIM905
    invoice = told(body, kind="INVOIC:D:01B:UN:EAN011")
    assert (invoice["totals"]["due"], invoice["order_number"]) == ("5767.10", "ORD9523")
    assert invoice["charges"] == [
        {"kind": "accessorial", "amount": "120", "code": "FC", "tax_category": "S", "tax_percent": "19"}
    ]
    assert invoice["lines"][0]["charges"] == [{"kind": "discount", "amount": "-240.00", "percent": "10"}]
    assert invoice["terms"] == [{"discount_percent": "2.5", "discount_days": 10}]
    assert ("freight.payable", "totals.due") in faults(changed(body, "MOA+86", "MOA+86:5767.11"))


@pytest.mark.parametrize(
    ("code", "why", "kind", "purpose", "sign"),
    [
        ("380", "", "invoice", "original", 1),
        ("381", "9", "credit_note", "original", -1),
        ("383", "9", "debit_note", "original", 1),
        ("384", "9", "corrected_invoice", "original", 1),
        ("380", "7", "invoice", "copy", 1),
        ("380", "1", "invoice", "cancellation", -1),
        ("380", "5", "invoice", "correction", 1),
        ("999", "9", "unknown", "original", 1),
    ],
)
def test_bgm_says_what_it_is_and_what_it_is_sent_for(code: str, why: str, kind: str, purpose: str, sign: int) -> None:
    invoice = told(message(changed(HEADER, "BGM", f"BGM+{code}+INV-7+{why}")))
    assert (invoice["kind"], invoice["purpose"], invoice["sign"]) == (kind, purpose, sign)


def test_d_01b_writes_the_number_as_a_composite() -> None:
    assert told(message(changed(HEADER, "BGM", "BGM+380+INV-7:1:2+9")))["invoice_number"] == "INV-7"


def test_a_test_interchange_is_one() -> None:
    """UNB, data element 0035."""
    assert told(message(), test="1")["test"] is True
    assert "test" not in told(message())


def test_what_it_refers_to_and_what_a_payer_matches_on_is_kept() -> None:
    header = [
        *HEADER[:2], "DTM+35:20261118:102", "PAI+::58", "FTX+AAI+++Thank you", "RFF+ON:PO-7", "RFF+CT:C-9",
        "RFF+CN:PRO-1", "RFF+BM:B-2", "RFF+IV:INV-6", "DTM+171:20261001:102", "RFF+DQ:D-3", *HEADER[2:4],
        "FII+BF+DE89370400440532013000", "NAD+PE+++Factor Bank", "CUX+2:EUR:4", "PAT+1", "DTM+13:20261220:102",
        "PAT+22++5:3:D:10", "PCD+12:2",
        "TDT+20++30+31+ACME::182",
    ]  # fmt: skip
    invoice = told(message(header))
    expected = {
        "order_number": "PO-7", "contract_number": "C-9", "pro_number": "PRO-1", "shipment_id": "B-2",
        "refers_to": [{"number": "INV-6", "date": "2026-10-01"}], "references": [{"kind": "DQ", "value": "D-3"}],
        "due_date": "2026-12-20", "delivery_date": "2026-11-18", "payment_method": "58", "notes": ["Thank you"],
        "terms": [{"due_date": "2026-12-20"}, {"discount_percent": "2", "discount_days": 10}],
        "payee": {"name": "Factor Bank", "iban": "DE89370400440532013000"},
        "legs": [{"carrier": "ACME", "mode": "30"}],
    }  # fmt: skip
    assert {name: invoice.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("nad", "scheme", "carrier"),
    [
        (["NAD+SU+4012345000009::9"], "0088", "4012345000009"),
        (["NAD+SU+123456789::16"], "0060", "123456789"),
        (["NAD+CA+ACME::182"], "SCAC", "ACME"),
        (["NAD+SU+V-17::92"], "assigned_by_buyer", "V-17"),
        (["NAD+SU+V-17"], "party_id", "V-17"),
        (["NAD+SU+V-17", "RFF+XA:HRB 7"], "legal_registration", "HRB 7"),
        (["NAD+SU+++Acme"], "name", "Acme"),
        (["NAD+SU++Acme:Street 1"], "name", "Acme"),
        (["NAD+CA+ACME::182", "NAD+SE+V-17::92"], "assigned_by_buyer", "V-17"),
    ],
)
def test_who_is_paid_goes_by_the_strongest_number_with_its_scheme(nad: list[str], scheme: str, carrier: str) -> None:
    invoice = told(message([*HEADER[:2], *nad, HEADER[4]]))
    assert (invoice["carrier_scheme"], invoice["carrier"]) == (scheme, carrier)


@pytest.mark.parametrize(
    ("lines", "amount", "found"),
    [
        (("QTY+47:500", "MOA+203:60.00", "PRI+AAA:12.00:::100"), "60.00", []),
        (("QTY+47:500", "MOA+203:6000.00", "PRI+AAA:12.00:::100"), "6000.00", ["freight.line_amount"]),
        (("QTY+47:500", "PRI+AAA:12.00:::100"), "60", []),
        (("QTY+47:2", "MOA+203:100", "PRI+AAA:1270"), "", ["freight.line_amount"]),
        (("QTY+46:5", "QTY+47:12.65:KGM", "MOA+203:2530", "PRI+AAA:200:::1:KGM"), "2530", []),
        (("QTY+47:5:KGM", "MOA+203:1000", "PRI+AAA:200:::1:TNE"), "1000", ["freight.line_amount"]),
        (("QTY+47:5000:KGM", "MOA+203:1000", "PRI+AAA:200:::1:TNE"), "1000", []),
        (("QTY+47:5000:KGM", "PRI+AAA:200:::1:TNE"), "1000", []),
        (("QTY+47:5:KGM", "MOA+203:1000", "PRI+AAA:200:::1:PF"), "1000", []),
    ],
)
def test_a_line_is_quantity_by_price_for_as_many_as_the_price_is_for(
    lines: Sequence[str], amount: str, found: list[str]
) -> None:
    net = amount or "100"
    body = message(lines=("LIN+1", *lines), totals=(f"MOA+77:{net}", f"MOA+79:{net}"))
    assert [code for code, _ in faults(body)] == found
    if not found:
        assert float(told(body)["lines"][0]["amount"]) == float(amount)


@pytest.mark.parametrize(
    ("alc", "found"),
    [
        (["ALC+C++6++FC", "MOA+23:10"], []),
        (["ALC+C++6++FC", "MOA+8:10"], []),
        (["ALC+C", "PCD+2:5", "MOA+25:200"], []),
        (["ALC+C++6++FC"], ["freight.allowance_unpriced"]),
        (["ALC+C", "PCD+2:6.66667"], []),  # of the lines' 150
        (["ALC+C", "PCD+2:5"], ["freight.payable"]),
        (["ALC+X", "MOA+8:10"], ["freight.element_missing"]),
        (["ALC+A", "MOA+8:10"], ["freight.payable"]),
    ],
)
def test_an_alc_says_whether_it_is_added_and_how_much(alc: list[str], found: list[str]) -> None:
    totals = ("MOA+77:160", "MOA+79:150")
    assert [code for code, _ in faults(message([*HEADER, *alc], totals=totals))] == found


@pytest.mark.parametrize(
    ("section", "twice", "field"),
    [
        ("header", "BGM+380+INV-8+9", "BGM"),
        ("header", "DTM+137:20261121:102", "DTM+137"),
        ("header", "NAD+SU+V-18::92", "NAD+SU"),
        ("header", "CUX+2:USD:4", "CUX+2"),
        ("lines", "QTY+47:11", "QTY+47"),
        ("lines", "MOA+203:26", "MOA+203"),
        ("lines", "PRI+AAA:26", "PRI+AAA"),
        ("totals", "MOA+77:1.00", "MOA+77"),
        ("totals", "UNS+S", "UNS"),
    ],
)
def test_what_money_hangs_on_stands_once(section: str, twice: str, field: str) -> None:
    parts: dict[str, Sequence[str]] = {"header": HEADER, "lines": LINES, "totals": TOTALS}
    # Behind a CUX a DTM would be the rate's; behind a TAX a MOA may still be one of the message's.
    more = (*HEADER[:2], twice, *HEADER[2:]) if section == "header" else (*parts[section], twice)
    body = message(**(parts | {section: more}))
    assert ("freight.stands_twice", field) in faults(body)


def test_an_amount_in_another_currency_is_told_beside_and_never_taken() -> None:
    totals = ("MOA+77:200:USD:11", *TOTALS[1:])
    assert told(message(totals=totals))["totals"]["due"] == "178.50"
    assert ("freight.element_missing", "MOA+77") in faults(message(totals=["MOA+77:178.50:USD", *TOTALS[2:]]))


@pytest.mark.parametrize("una", ["", "UNA:+,? '", "UNA:+.? '"])
def test_a_comma_and_a_point_are_decimal_marks_and_nothing_separates_thousands(una: str) -> None:
    """ISO 9735 §10: both marks are allowed, whatever UNA says; triad separators are not."""
    totals = [one.replace(".", ",") for one in TOTALS]
    assert told(message(totals=totals), una=una)["totals"]["due"] == "178.50"
    assert ("freight.amount", "MOA-01") in faults(message(totals=changed(TOTALS, "MOA+77", "MOA+77:1.178,50")), una=una)


@pytest.mark.parametrize(
    ("date", "sound"),
    [
        ("20261120:102", True),
        ("202611202115:203", True),
        ("261120:101", True),
        ("20261320:102", False),
        ("2026:602", False),
    ],
)
def test_a_date_is_in_the_form_that_it_says(date: str, sound: bool) -> None:
    body = message(changed(HEADER, "DTM", f"DTM+137:{date}"))
    if sound:
        assert told(body)["invoice_date"] == "2026-11-20"
    else:
        assert ("freight.date", "DTM+137") in faults(body)


def test_one_missing_segment_hides_no_other() -> None:
    assert [code for code, _ in faults(["DTM+137:20261120:102", "UNS+S", "MOA+79:1"])] == [
        "freight.element_missing", "freight.element_missing", "freight.element_missing", "freight.carrier_missing",
        "freight.no_lines",
    ]  # fmt: skip


@pytest.mark.parametrize(("kind", "name"), [("ORDERS:D:96A:UN", "purchase order"), ("PRICAT:D:96A:UN", "PRICAT")])
def test_a_message_of_another_kind_is_rejected_by_name(kind: str, name: str) -> None:
    judgement = judge_file(FREIGHT, message_file(message(), kind=kind))
    (fault,) = judgement.rejected[0].findings
    assert (fault.code, fault.field) == ("freight.document_type", "UNH-02")
    assert name in fault.message


def test_several_messages_are_as_many_records_and_text_may_hold_any_mark() -> None:
    named = message(changed(HEADER, "NAD", "NAD+SU+++A?+B?:C?'?? GmbH"))
    judgement = judge_file(FREIGHT, message_file(message(), named, message(totals=("MOA+77:1",))))
    assert [json.loads(one.payload)["parties"][0]["name"] for one in judgement.accepted] == [
        "Acme Fracht",
        "A+B:C'? GmbH",
    ]
    assert [one.ordinal for one in judgement.rejected] == [2]


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_a_message_wrapped_at_eighty_columns_says_that_its_lines_are(end: bytes) -> None:
    """A line end within a segment may be a lost terminator as well: nobody can take it out unasked."""
    flat = message_file(message(), message())
    wrapped = end.join(flat[at : at + 80] for at in range(0, len(flat), 80))

    judgement = judge_file(FREIGHT, wrapped)

    assert [one.findings[0].code for one in judgement.rejected] == ["format.character"] * 2
    assert all("are its lines wrapped at a fixed width" in one.findings[0].message for one in judgement.rejected)


# -- the law: whatever a message holds, it is read or rejected, and no amount is delivered that none of its MOA says

WHOLE = [*HEADER, "RFF+IV:INV-6", "ALC+C++6++FC", "MOA+23:10", "TAX+7+VAT+++:::19+S", *LINES, "UNS+S", *TOTALS]
odd = st.text(alphabet="A1:+?.,- ", max_size=12)


@settings(max_examples=examples(400), deadline=None)
@given(st.data())
def test_no_amount_is_delivered_that_no_moa_says(data: st.DataObject) -> None:
    body = list(WHOLE)
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        change = data.draw(st.sampled_from(["drop", "twice", "swap", "odd", "more"]))
        if change == "drop":
            body.pop(at)
        elif change == "twice":
            body.insert(data.draw(st.integers(0, len(body))), body[at])
        elif change == "swap":
            body.insert(data.draw(st.integers(0, len(body) - 1)), body.pop(at))
        elif change == "odd":
            body[at] = body[at][:4] + data.draw(odd)
        else:
            body.insert(
                at, data.draw(st.sampled_from(["MOA", "LIN", "NAD", "PRI", "ALC", "TAX"])) + "+" + data.draw(odd)
            )
        if not body:
            return
    said = {one[4:].partition(":")[2].partition(":")[0] for one in body if one.startswith("MOA+")}
    for record in judge_file(FREIGHT, message_file(body)).accepted:
        assert Decimal(json.loads(record.payload)["totals"]["due"]) in {
            Decimal(one.replace(",", ".")) for one in said if is_number(one)
        }


def is_number(text: str) -> bool:
    try:
        return Decimal(text.replace(",", ".")).is_finite()
    except InvalidOperation:
        return False


def test_a_message_that_does_not_say_what_it_is_is_no_invoice_unasked() -> None:
    """INVOIC is the message of invoices and of credit notes: only 1001 tells which."""
    for bgm in ("BGM++INV-7+9", "BGM+:::CREDIT NOTE+INV-7+9"):
        assert told(message(changed(HEADER, "BGM", bgm)))["kind"] == "unknown"


def test_where_no_cux_names_a_currency_the_amounts_do_or_it_is_looked_at() -> None:
    header = changed(HEADER, "CUX")
    assert "currency" not in told(message(header))
    (flagged,) = judge_file(FREIGHT, message_file(message(header))).flagged
    assert [one.code for one in flagged.findings] == ["freight.currency_missing"]
    assert "freight.currency_missing" in FREIGHT.holds

    named = [one.replace("MOA+77:178.50", "MOA+77:178.50:EUR") for one in TOTALS]
    assert told(message(header, totals=named))["currency"] == "EUR"


def test_days_periods_and_further_accounts_are_told() -> None:
    header = [HEADER[0], "DTM+11:20261118:102", "DTM+263:2026110120261130:718", "DTM+140:202611:610", *HEADER[1:]]
    at = next(at for at, one in enumerate(header) if one.startswith("NAD+SU"))
    accounts = ("FII+BF+DE89370400440532013000", "FII+BF+4711")
    invoice = told(message([*header[: at + 1], *accounts, *header[at + 1 :]]))
    assert invoice["dates"] == [{"kind": "11", "date": "2026-11-18"}]
    assert invoice["period"] == {"start": "2026-11-01", "end": "2026-11-30"}
    assert invoice["payee"] == {"iban": "DE89370400440532013000"}
    assert {"kind": "FII", "value": "4711"} in invoice["references"]


def test_who_is_paid_claims_the_money_where_nobody_else_does() -> None:
    header = [one.replace("NAD+SU", "NAD+PE") for one in HEADER]
    assert told(message(header))["carrier"] == told(message())["carrier"]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("MOA+77", ["MOA+77:1x8.50"], "37"),
        ("MOA+77", ["MOA+77:1.178,50"], "19"),
        ("MOA+77", [], "13"),
        ("MOA+77", ["MOA+77:178.50", "MOA+77:178.50"], "35"),
        ("CNT+2", ["CNT+2:3"], "29"),
    ],
)
def test_what_is_wrong_is_called_as_contrl_calls_it(old: str, new: list[str], code: str) -> None:
    """UN/EDIFACT, data element 0085. Each is told once, and not as missing as well."""
    totals = changed(TOTALS, old, *new)
    (reject,) = judge_file(FREIGHT, message_file(message(totals=totals))).rejected
    assert [str(one.rule)[:15] for one in reject.findings] == [f"EDIFACT 0085 {code}"]


def test_a_date_that_is_none_is_told_with_its_place_and_not_as_missing() -> None:
    bad = ["DTM+137:20261399:102" if one.startswith("DTM+137") else one for one in HEADER]
    (reject,) = judge_file(FREIGHT, message_file(message(bad))).rejected
    (finding,) = reject.findings
    assert (finding.code, finding.rule) == ("freight.date", "EDIFACT 0085 12: invalid value")
    assert finding.message.startswith(f"segment {2 + next(at for at, one in enumerate(bad) if 'DTM+137' in one)} (DTM)")
