"""X12 210 and 810 as invoices. The order and the elements are those of the standard's tables, told here once more."""

import json
import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.feeds.freight import FREIGHT
from penstock.validate.judging import Judgement
from tests.support import edi
from tests.support.budget import examples
from tests.support.edi import Words
from tests.support.invoices import (
    B3,
    BIG,
    ITEMS,
    L3,
    LINES,
    SELLER,
    changed,
    freight_bill,
    goods_bill,
    x12_file,
)
from tests.support.reading import judge_file

CODES = {one.code for one in (*FREIGHT.findings, *FREIGHT.rules)} | {
    "schema.pattern", "schema.required", "schema.type", "schema.range",
}  # fmt: skip


def judged(body: Sequence[Words], kind: str = "210") -> Judgement:
    return judge_file(FREIGHT, x12_file(body, kinds=[kind]))


def invoice_of(judgement: Judgement) -> dict[str, Any]:
    assert not judgement.rejected, [one.findings for one in judgement.rejected]
    (one,) = judgement.accepted
    return json.loads(one.payload)


def faults(judgement: Judgement) -> list[tuple[str, str | None]]:
    return [(finding.code, finding.field) for one in judgement.rejected for finding in one.findings]


# 210


def test_a_freight_bill_becomes_an_invoice() -> None:
    before = [
        ("C3", "USD"),
        ("N9", "PO", "PO-7"),
        ("N9", "CN", "PRO-9"),
        ("R3", "ACME", "1", "CHI", "M"),
        ("N1", "SH", "MILL", "93", "M1"),
        ("N3", "1 ROAD", "GATE 4"),
        ("N4", "BOSTON", "MA", "01890", "US"),
        ("N1", "CN", "PRINTER"),
        ("N7", "ABCU", "1234567"),
        ("S5", "1", "LD", "1200", "L"),
        ("G62", "11", "20261117"),
        ("N1", "SF", "DOCK 2"),
    ]
    assert invoice_of(judged(freight_bill(before=before))) == {
        "document_type": "x12_210",
        "kind": "invoice",
        "purpose": "original",
        "sign": 1,
        "carrier": "ACME",
        "carrier_scheme": "SCAC",
        "scac": "ACME",
        "invoice_number": "INV-1",
        "invoice_date": "2026-11-20",
        "pro_number": "PRO-9",
        "shipment_id": "PRO-1",
        "order_number": "PO-7",
        "currency": "USD",
        "payment_method": "TP",
        "delivery_date": "2026-11-18",
        "references": [{"kind": "PO", "value": "PO-7"}, {"kind": "CN", "value": "PRO-9"}],
        "parties": [
            {
                "role": "SH", "name": "MILL", "id": "M1", "id_kind": "93", "address": ["1 ROAD", "GATE 4"],
                "city": "BOSTON", "region": "MA", "postal_code": "01890", "country": "US",
            },
            {"role": "CN", "name": "PRINTER"},
        ],
        "legs": [{"sequence": "1", "carrier": "ACME", "city": "CHI", "mode": "M"}],
        "stops": [
            {
                "sequence": "1", "reason": "LD", "weight": "1200", "date": "2026-11-17",
                "dates": [{"kind": "11", "date": "2026-11-17"}],
                "parties": [{"role": "SF", "name": "DOCK 2"}],
            }
        ],
        "equipment": ["ABCU1234567"],
        "lines": [
            {
                "number": "1", "description": "PAPER ON SKIDS", "amount": "350.00", "quantity": "3", "unit": "PCS",
                "weight": "1200", "weight_unit": "L",
                "charges": [{"kind": "freight", "amount": "350.00", "rate": "12.5", "rate_basis": "PH"}],
            },
            {
                "number": "2", "amount": "50.00",
                "charges": [{"kind": "accessorial", "amount": "50.00", "code": "FUE"}],
            },
            {
                "number": "3", "amount": "-100.00",
                "charges": [{"kind": "discount", "amount": "-100.00", "code": "DSC"}],
            },
        ],
        "totals": {"due": "300.00", "lines": "300.00", "weight": "1200"},
    }  # fmt: skip


#: The table of the 210, 004010, each segment once and in its place; the loops' levels are left to the eye.
IN_ORDER: list[Words] = [
    B3, ("B2A", "00"), ("C2", "B"), ("C3", "USD"), ("ITD", "01"), ("N9", "BM", "1"), ("G62", "86", "20261118"),
    ("R3", "ACME", "1"), ("H3", "X"), ("K1", "X"),
    ("N1", "SH"), ("N2", "X"), ("N3", "X"), ("N4", "X"), ("N9", "X", "1"),
    ("N7", "A", "1"), ("M7", "1"),
    ("SPO", "1"), ("SDQ", "EA"),
    ("S5", "1", "LD"), ("N9", "X", "1"), ("G62", "11", "20261118"), ("H3", "X"), ("SPO", "1"), ("SDQ", "EA"),
    ("N1", "SF"), ("N2", "X"), ("N3", "X"), ("N4", "X"), ("N9", "X", "1"), ("N7", "A", "1"), ("M7", "1"),
    ("LX", "1"), ("N9", "X", "1"), ("POD", "20261118"), ("L5", "1", "X"), ("H1", "1"), ("H2", "X"), ("L0", "1"),
    ("L1", "1", "1", "FR", "30000"), ("L4", "1"), ("L7", "1"), ("K1", "X"), ("SPO", "1"), ("SDQ", "EA"),
    ("N1", "ST"), ("N2", "X"), ("N3", "X"), ("N4", "X"), ("N9", "X", "1"),
    ("CD3", "L"), ("N9", "X", "1"), ("H6", "X"), ("L9", "X"), ("POD", "20261118"), ("G62", "35", "20261118"),
    ("SPO", "1"), ("SDQ", "EA"),
    L3,
]  # fmt: skip


def test_every_segment_may_be_where_the_standard_has_it() -> None:
    assert faults(judged(IN_ORDER)) == []


@settings(max_examples=examples(100), deadline=None)
@given(st.sets(st.sampled_from(range(1, len(IN_ORDER) - 1))))
def test_what_is_optional_may_be_missing(left_out: set[int]) -> None:
    """But for what opens a loop: then what is in it stands elsewhere."""
    openers = {"N1", "N7", "SPO", "S5", "LX", "CD3", "L1"}
    kept = [one for at, one in enumerate(IN_ORDER) if at not in left_out or one[0] in openers]
    assert faults(judged(kept)) == []


@pytest.mark.parametrize(
    ("tag", "body"),
    [
        ("B3", [("C3", "USD"), *freight_bill()]),
        ("C3", freight_bill(before=[("N9", "BM", "1"), ("C3", "USD")])),
        ("R3", freight_bill(before=[("K1", "X"), ("R3", "ACME", "1")])),
        ("N2", freight_bill(before=[("N1", "SH"), ("N3", "X"), ("N2", "X")])),
        ("N3", freight_bill(before=[("N3", "X"), ("N1", "SH")])),
        ("N3", freight_bill(before=[("N1", "SH"), ("N3", "X"), ("N3", "X"), ("N3", "X")])),
        ("N1", freight_bill(before=[("N1", "SH")] * 11)),
        ("N1", freight_bill(before=[("N7", "", "1"), ("N1", "SH")])),
        ("N1", freight_bill(before=[("S5", "1", "LD"), *[("N1", "SF")] * 3])),
        ("L5", freight_bill(lines=[*LINES[:3], ("L5", "1", "X"), *LINES[3:]])),
        ("LX", [B3, L3, *LINES]),
        ("TDS", freight_bill(before=[("TDS", "1")])),
        ("ZZ9", freight_bill(before=[("ZZ9", "1")])),
    ],
)
def test_a_segment_in_the_wrong_place_rejects(tag: str, body: list[Words]) -> None:
    assert faults(judged(body)) == [("freight.segment_order", tag)]


def test_the_order_of_another_version_is_not_known_and_not_looked_at() -> None:
    body = x12_file(freight_bill(before=[("N7", "", "1"), ("R3", "ACME", "1")])).replace(b"*004010~", b"*005010~")
    judgement = judge_file(FREIGHT, body)
    assert len(judgement.accepted) == 1
    assert judgement.findings == {"freight.version_unchecked": 1}


@pytest.mark.parametrize(("at", "field"), [(2, "B3-02"), (4, "B3-04"), (6, "B3-06"), (7, "B3-07")])
def test_a_header_without_what_it_must_have_rejects(at: int, field: str) -> None:
    assert faults(judged(freight_bill(changed(B3, {at: ""})))) == [("freight.element_missing", field)]


@pytest.mark.parametrize(
    ("segment", "field"),
    [
        (("C3", ""), "C3-01"), (("N9", "", "1"), "N9-01"), (("R3", "ACME"), "R3-02"), (("N1", "", "MILL"), "N1-01"),
        (("N7", "ABCU"), "N7-02"), (("S5", "1"), "S5-02"),
    ],
)  # fmt: skip
def test_a_segment_without_what_it_must_have_rejects(segment: Words, field: str) -> None:
    assert faults(judged(freight_bill(before=[segment]))) == [("freight.element_missing", field)]


def test_a_set_without_its_header_rejects() -> None:
    assert faults(judged(freight_bill()[1:])) == [("freight.segment_missing", "B3")]
    assert faults(judged(goods_bill()[1:], "810")) == [("freight.segment_missing", "BIG")]
    assert faults(judged([BIG, SELLER, *ITEMS], "810")) == [("freight.segment_missing", "TDS")]


@pytest.mark.parametrize(
    ("scac", "fault"),
    [
        ("", ("freight.carrier_missing", "B3-11")),
        ("A", ("freight.scac", "B3-11")),
        ("ACMES", ("freight.scac", "B3-11")),
        ("AC1E", ("freight.scac", "B3-11")),
        ("acme", ("freight.scac", "B3-11")),
    ],
)
def test_a_carrier_that_is_none_rejects(scac: str, fault: tuple[str, str]) -> None:
    assert faults(judged(freight_bill(changed(B3, {11: scac})))) == [fault]


@pytest.mark.parametrize("scac", ["AB", "ABC", "ABCD"])
def test_a_scac_is_two_to_four_letters(scac: str) -> None:
    assert invoice_of(judged(freight_bill(changed(B3, {11: scac}))))["carrier"] == scac


@pytest.mark.parametrize("date", ["261120", "20261320", "20260230", "2026-11-20", "2026112O", "٢٠٢٦١١٢٠"])
def test_a_date_that_is_none_rejects(date: str) -> None:
    assert faults(judged(freight_bill(changed(B3, {6: date})))) == [("freight.date", "B3-06")]
    assert faults(judged(freight_bill(changed(B3, {9: date})))) == [("freight.date", "B3-09")]


@pytest.mark.parametrize("amount", ["300.00", "3E4", "+30000", "30 000", "30,000", "--1", "٣"])
def test_an_amount_has_implied_decimals_or_rejects(amount: str) -> None:
    """Type N2: 300.00 is written 30000, and 300.00 would be read as 3.00 by one and refused by another."""
    assert faults(judged(freight_bill(changed(B3, {7: amount})))) == [("freight.amount", "B3-07")]
    lines = [*LINES[:3], changed(LINES[3], {4: amount}), *LINES[4:]]
    assert faults(judged(freight_bill(lines=lines))) == [("freight.amount", "L1-04")]


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(st.lists(st.integers(-(10**10), 10**10), min_size=1, max_size=4), min_size=1, max_size=8), st.data())
def test_the_charges_the_total_and_the_amount_due_are_the_same_to_the_cent(
    charges: list[list[int]], data: st.DataObject
) -> None:
    lines: list[Words] = []
    for at, amounts in enumerate(charges, 1):
        lines += [("LX", str(at)), *(("L1", str(at), "", "", str(amount)) for amount in amounts)]
    total = sum(map(sum, charges))
    off = data.draw(st.sampled_from([-100, -1, 0, 1, 100]))
    off_l3 = data.draw(st.sampled_from([-1, 0, 0, 1]))

    header, l3 = changed(B3, {7: str(total + off)}), changed(L3, {5: str(total + off_l3)})
    judgement = judged(freight_bill(header, lines, l3))

    assert sorted(faults(judgement)) == sorted(
        [("freight.charges_total", "totals.lines")] * (off_l3 != 0)
        + [("freight.net_due", "totals.due")] * (off != 0)
        + [("freight.negative", "totals.due")] * (total + off < 0 and (off != 0 or off_l3 != 0))
    )
    if judgement.accepted:
        told = invoice_of(judgement)
        assert Decimal(told["totals"]["due"]) == Decimal(total) / 100
        assert [Decimal(line["amount"]) for line in told["lines"]] == [Decimal(sum(line)) / 100 for line in charges]


def test_without_l3_the_amount_due_alone_is_compared() -> None:
    assert faults(judged(freight_bill(total=None))) == []
    assert faults(judged(freight_bill(changed(B3, {7: "30001"}), total=None))) == [("freight.net_due", "totals.due")]


def test_an_invoice_without_lines_rejects() -> None:
    assert ("freight.lines_missing", "lines") in faults(judged(freight_bill(lines=[])))
    assert ("freight.lines_missing", "lines") in faults(judged(goods_bill(lines=[]), "810"))


# 810


def test_a_carriers_810_becomes_an_invoice() -> None:
    before = [("CUR", "SE", "CAD"), ("REF", "CN", "PRO-9"), SELLER, ("ITD", "01", "3", "", "", "", "20261220")]
    behind = [("SAC", "C", "G830", "", "", "1500"), ("CTT", "2")]
    assert invoice_of(judged(goods_bill("26500", before=before, behind=behind), "810")) == {
        "document_type": "x12_810",
        "kind": "invoice",
        "purpose": "original",
        "sign": 1,
        "carrier": "ACME",
        "carrier_scheme": "SCAC",
        "scac": "ACME",
        "invoice_number": "INV-2",
        "invoice_date": "2026-11-20",
        "pro_number": "PRO-9",
        "order_number": "PO-7",
        "currency": "CAD",
        "due_date": "2026-12-20",
        "terms": [{"due_date": "2026-12-20"}],
        "references": [{"kind": "PO", "value": "PO-7"}, {"kind": "CN", "value": "PRO-9"}],
        "parties": [{"role": "SE", "name": "ACME FREIGHT", "id": "ACME", "id_kind": "2"}],
        "lines": [
            {
                "number": "1",
                "amount": "200.50",
                "quantity": "2",
                "unit": "EA",
                "unit_price": "100.25",
                "references": [{"kind": "VP", "value": "HAUL"}],
            },
            {
                "number": "2",
                "amount": "49.50",
                "quantity": "1",
                "unit": "EA",
                "unit_price": "49.50",
                "references": [{"kind": "VP", "value": "TOLL"}],
            },
        ],
        "charges": [{"kind": "accessorial", "amount": "15.00", "code": "G830"}],
        "totals": {"due": "265.00", "line_count": 2},
    }


@pytest.mark.parametrize(
    ("before", "scac"),
    [
        ([("N1", "CA", "ACME FREIGHT", "2", "ABCD")], "ABCD"),
        ([("N1", "VN", "X", "2", "VNDR"), ("N1", "CA", "X", "2", "ABCD")], "ABCD"),
        ([("REF", "SCA", "ABCD"), ("N1", "SE", "ACME FREIGHT")], "ABCD"),
    ],
)
def test_the_carrier_of_an_810_is_who_says_so(before: list[Words], scac: str) -> None:
    body = x12_file(goods_bill(before=before), kinds=["810"]).replace(b"*02*CARRIER", b"*02*CARR   ")
    told = invoice_of(judge_file(FREIGHT, body))
    assert (told["carrier"], told["scac"]) == (scac, scac)


@pytest.mark.parametrize(
    ("before", "carrier"),
    [
        ([("N1", "SE", "ACME FREIGHT", "92", "V-17")], "V-17"),
        ([("N1", "SU", "ACME FREIGHT")], "ACME FREIGHT"),
    ],
)
def test_a_carrier_without_a_scac_goes_by_its_number_or_name(before: list[Words], carrier: str) -> None:
    body = x12_file(goods_bill(before=before), kinds=["810"]).replace(b"*02*CARRIER", b"*ZZ*CARRIER")
    told = invoice_of(judge_file(FREIGHT, body))
    assert (told["carrier"], told.get("scac")) == (carrier, None)


@pytest.mark.parametrize("before", [[], [("N1", "ST", "PRINTER")], [("N1", "BT", "PAYER", "2", "PAYR")]])
def test_an_810_of_nobody_rejects(before: list[Words]) -> None:
    """Who sends the interchange need not be who claims the money, also where ISA05 says that it is a SCAC."""
    assert faults(judged(goods_bill(before=before), "810")) == [("freight.carrier_missing", "N1")]


@pytest.mark.parametrize("role", ["RE", "PE", "RI"])
def test_who_is_paid_claims_the_money_where_nobody_else_is_named(role: str) -> None:
    told = invoice_of(judged(goods_bill(before=[("N1", role, "ACME FREIGHT", "1", "123456789")]), "810"))
    assert (told["carrier"], told["carrier_scheme"]) == ("123456789", "DUNS")
    assert told["payee"] == {"name": "ACME FREIGHT", "id": "123456789", "scheme": "DUNS"}


def test_who_is_paid_stands_beside_who_claims_the_money() -> None:
    told = invoice_of(judged(goods_bill(before=[("N1", "RE", "FACTOR"), SELLER]), "810"))
    assert (told["carrier"], told["payee"]) == ("ACME", {"name": "FACTOR"})


def item(*extras: Words) -> list[Words]:
    return [ITEMS[0], *extras, ITEMS[1]]


CHARGE, ALLOWANCE = ("SAC", "C", "G830", "", "", "1500"), ("SAC", "A", "F800", "", "", "2000")
TAX, TERMS = ("SAC", "C", "H850", "", "", "2500"), ("SAC", "A", "C310", "", "", "1000")
TXI = ("TXI", "ST", "25.00", "10")


@pytest.mark.parametrize(
    ("due", "of_item", "of_all"),
    [
        ("25000", (), ()),
        ("26500", (), (CHARGE,)),
        ("23000", (), (ALLOWANCE,)),
        ("24500", (), (CHARGE, ALLOWANCE)),
        ("26500", (CHARGE,), ()),
        ("28000", (CHARGE,), (CHARGE,)),  # both count, as the standard has it
        ("26500", (CHARGE,), (CHARGE,)),  # the summary says again what the lines say
        ("27500", (), (TAX,)),
        ("27500", (), (TXI,)),
        ("27500", (), (TAX, TXI)),  # one tax, told twice
        ("24000", (), (TERMS,)),
        ("25000", (), (TERMS,)),  # a discount for who pays in time
        ("25000", (), (("SAC", "N", "B840", "", "", "9900"),)),  # neither allowance nor charge
    ],
)
def test_the_total_of_an_810_is_its_lines_with_what_is_added(
    due: str, of_item: Sequence[Words], of_all: Sequence[Words]
) -> None:
    off, behind = str(int(due) + 700), list(of_all)
    assert faults(judged(goods_bill(due, item(*of_item), behind=behind), "810")) == []
    assert faults(judged(goods_bill(off, item(*of_item), behind=behind), "810")) == [
        ("freight.invoice_total", "totals.due")
    ]


def test_each_line_of_an_810_may_have_been_rounded_to_the_cent() -> None:
    lines = [("IT1", str(at), "3", "EA", "33.335") for at in range(4)]
    assert faults(judged(goods_bill("40002", lines), "810")) == []
    assert faults(judged(goods_bill("40004", lines), "810")) == []
    assert faults(judged(goods_bill("40009", lines), "810")) == [("freight.invoice_total", "totals.due")]


@pytest.mark.parametrize(("count", "found"), [("2", []), ("02", []), ("3", ["freight.line_count"])])
def test_ctt_counts_the_lines(count: str, found: list[str]) -> None:
    assert [code for code, _ in faults(judged(goods_bill(behind=[("CTT", count)]), "810"))] == found


def test_what_ends_no_number_rejects() -> None:
    assert faults(judged(goods_bill(behind=[("CTT", "two")]), "810")) == [("freight.amount", "CTT-01")]
    lines = [changed(ITEMS[0], {4: "1,00"}), ITEMS[1]]
    assert faults(judged(goods_bill(lines=lines), "810")) == [("freight.amount", "IT1-04")]


# routing


def test_one_interchange_may_hold_several_kinds() -> None:
    body = x12_file(
        freight_bill(), goods_bill(), [("B2", "", "ACME")], freight_bill(), kinds=["210", "810", "204", "214"]
    )
    judgement = judge_file(FREIGHT, body)
    assert [json.loads(one.payload)["document_type"] for one in judgement.accepted] == ["x12_210", "x12_810"]
    assert [(one.ordinal, one.findings[0].code) for one in judgement.rejected] == [
        (2, "freight.document_type"),
        (3, "freight.document_type"),
    ]
    for one, name in zip(judgement.rejected, ("204 (motor carrier load tender)", "214 (ship"), strict=True):
        assert name in one.findings[0].message


@pytest.mark.parametrize("kind", ["204", "214", "990", "997", "850", "ZZZ"])
def test_a_set_that_is_no_invoice_is_named(kind: str) -> None:
    (rejected,) = judged(freight_bill(), kind).rejected
    assert (rejected.findings[0].code, rejected.findings[0].field) == ("freight.document_type", "ST-01")
    assert f"is a {kind}" in rejected.findings[0].message


def test_a_test_interchange_says_so_and_is_never_the_true_invoice() -> None:
    body = x12_file(freight_bill())
    (true,) = judge_file(FREIGHT, body).accepted
    test = judge_file(FREIGHT, body.replace(b"*0*P*:~", b"*0*T*:~"))
    assert invoice_of(test)["test"] is True
    assert test.accepted[0].identity != true.identity


# whatever comes

_TAGS = (
    "LX", "L0", "L1", "L3", "L5", "L7", "N1", "N2", "N3", "N4", "N9", "S5", "G62", "R3", "N7", "C3",
    "IT1", "PID", "SAC", "TXI", "TDS", "CTT", "REF", "CUR", "ITD", "DTM", "CAD",
)  # fmt: skip
_SAID = ("", "", "1", "-1", "A", "20261120", "2", "SE", "CA", "C", "H850", "100", "2.5", "ACME", "035", "é")
anything = st.builds(
    lambda tag, rest: (tag, *rest), st.sampled_from(_TAGS), st.lists(st.sampled_from(_SAID), max_size=9)
)


@settings(max_examples=examples(300), deadline=None)
@given(st.sampled_from(["210", "810"]), st.lists(anything, max_size=12), st.sampled_from(["004010", "005010"]))
def test_whatever_comes_is_an_invoice_or_rejected(kind: str, rest: list[Words], version: str) -> None:
    """Also where the order is not looked at, and segments stand where nothing is open for them."""
    header = B3 if kind == "210" else BIG
    body = x12_file([header, *rest], kinds=[kind]).replace(b"*004010~", f"*{version}~".encode())
    judgement = judge_file(FREIGHT, body)
    assert len(judgement.accepted) + len(judgement.rejected) == 1
    assert {code for code, _ in faults(judgement)} <= CODES


def test_a_text_said_in_very_many_segments_is_refused_in_no_time() -> None:
    """Where the order is not looked at, nothing else bounds them."""
    lines: list[Words] = [("LX", "1"), *[("L5", "1", "X" * 50)] * 50_000, ("L1", "1", "", "", "30000")]
    body = x12_file(freight_bill(lines=lines)).replace(b"*004010~", b"*005010~")
    began = time.process_time()
    assert faults(judge_file(FREIGHT, body)) == [("schema.length", "lines.description")]
    assert time.process_time() - began < 5


# identity


def test_the_same_invoice_in_another_interchange_is_the_same() -> None:
    """Whatever the envelopes' control numbers: else an invoice sent again would be a conflict."""
    first = judge_file(FREIGHT, x12_file(freight_bill()))
    again = judge_file(FREIGHT, edi.interchange([edi.st(77, freight_bill())], control=9, delimiters=edi.BARS))
    assert [(one.identity, one.digest) for one in first.accepted] == [
        (one.identity, one.digest) for one in again.accepted
    ]


@pytest.mark.parametrize("changes", [{2: "INV-9"}, {6: "20261121"}, {11: "OTHR"}])
def test_carrier_number_and_date_make_an_invoice(changes: Mapping[int, str]) -> None:
    first, other = judged(freight_bill()), judged(freight_bill(changed(B3, changes)))
    assert first.accepted[0].identity != other.accepted[0].identity


def test_no_finding_repeats_a_value() -> None:
    secret = "MRSMILLER4711"
    for at in (2, 3, 4, 6, 7, 8, 9, 11):
        judgement = judged(freight_bill(changed(B3, {at: secret * 20})))
        told = [finding.as_dict() for one in judgement.rejected for finding in one.findings]
        assert secret not in json.dumps(told)
