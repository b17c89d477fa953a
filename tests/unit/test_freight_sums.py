"""What an X12 invoice comes to: what a price is per, how sums may be rounded, what is deducted and what stands once.
The figures are reckoned here by hand, from X12 004010 (data elements 639, 640, 661, 662; SAC, CTP, L1, L3, B3)."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.feeds.freight import FREIGHT
from penstock.validate.judging import Judgement
from tests.support.budget import examples
from tests.support.edi import Words
from tests.support.invoices import B3, BIG, L3, SELLER, changed, freight_bill, goods_bill, x12_file
from tests.support.reading import judge_file


def judged(body: Sequence[Words], kind: str, version: str = "004010") -> Judgement:
    return judge_file(FREIGHT, x12_file(body, kinds=[kind]).replace(b"*004010~", f"*{version}~".encode()))


def told(judgement: Judgement) -> dict[str, Any]:
    assert not judgement.rejected, [one.findings for one in judgement.rejected]
    return json.loads(judgement.accepted[0].payload)


def faults(judgement: Judgement) -> list[str]:
    return [finding.code for one in judgement.rejected for finding in one.findings]


def flags(judgement: Judgement) -> list[str]:
    return [finding.code for one in judgement.flagged for finding in one.findings]


# what a number is per (no. 3)


@pytest.mark.parametrize(
    ("quantity", "price", "basis", "due"),
    [
        ("500", "12.00", "", "600000"),
        ("500", "12.00", "PE", "600000"),  # price per each
        ("500", "12.00", "HP", "6000"),  # price per hundred
        ("500", "12.00", "TP", "600"),  # price per thousand
        ("24", "12.00", "PD", "2400"),  # price per dozen
        ("500", "12.00", "QH", "6000"),  # quoted price per hundred
        ("5000", "12.00", "WM", "6000"),  # wholesale price per thousand
        ("500", "12.00", "CT", "600000"),  # contract
        ("500", "12.00", "NC", "0"),  # no charge
    ],
)
def test_a_price_is_for_as_many_as_its_basis_says(quantity: str, price: str, basis: str, due: str) -> None:
    line = ("IT1", "1", quantity, "EA", price, basis)
    assert faults(judged(goods_bill(due, [line]), "810")) == []
    assert faults(judged(goods_bill(str(int(due) + 1), [line]), "810")) == ["freight.invoice_total"]


@pytest.mark.parametrize(
    ("quantity", "unit", "price", "basis", "per", "due"),
    [
        ("2000", "LB", "150.00", "PT", "2000", "15000"),  # per ton, of 2,000 pounds
        ("2", "TN", "0.05", "PP", "0.0005", "20000"),  # per pound
        ("500", "LB", "0.05", "PP", None, "2500"),
        ("12", "YD", "100.00", "HF", "100", "1200"),  # per 100 feet, of which a yard is no part that has an end
        ("300", "FT", "100.00", "HF", "100", "30000"),
        ("3", "CA", "4.00", "PP", None, "1200"),  # nobody knows what a case weighs
        ("3", "", "4.00", "PP", None, "1200"),
    ],
)
def test_a_basis_that_names_a_unit_is_reckoned_in_that_of_the_quantity(
    quantity: str, unit: str, price: str, basis: str, per: str | None, due: str
) -> None:
    judgement = judged(goods_bill(due, [("IT1", "1", quantity, unit, price, basis)]), "810")
    assert told(judgement)["lines"][0].get("price_per") == per
    assert flags(judgement) == (["freight.price_unit"] if unit in ("CA", "YD") else [])


def test_a_price_without_a_quantity_comes_to_nothing_that_anybody_can_tell() -> None:
    lines = [("IT1", "1", "", "", "12.00"), ("IT1", "2", "1", "EA", "10.00")]
    assert faults(judged(goods_bill("1000", lines), "810")) == ["freight.element_missing"]


def test_of_several_prices_the_one_that_is_billed_counts() -> None:
    prices = [("CTP", "", "MSR", "15.00"), ("CTP", "", "UCP", "12.00")]
    assert faults(judged(goods_bill("2400", [("IT1", "1", "2", "EA"), *prices]), "810")) == []
    assert faults(judged(goods_bill("3000", [("IT1", "1", "2", "EA"), *prices]), "810")) == ["freight.invoice_total"]
    twice = [*prices, ("CTP", "", "UCP", "11.00")]
    assert faults(judged(goods_bill("2400", [("IT1", "1", "2", "EA"), *twice]), "810")) == ["freight.invoice_total"]


def test_a_percentage_may_be_of_what_earlier_discounts_have_left() -> None:
    """Data element 378, 7: 10 % of 100.00, and 5 % of the 90.00 that are left."""
    line = ("IT1", "1", "1", "EA", "100.00")
    first, second = ("SAC", "A", "D240", "", "", "", "6", "10"), ("SAC", "A", "D500", "", "", "", "7", "5")
    assert faults(judged(goods_bill("8550", [line, first, second]), "810")) == []
    assert faults(judged(goods_bill("8500", [line, first, changed(second, {6: "6"})]), "810")) == []


@pytest.mark.parametrize("role", ["II", "RE", "PE", "VN"])
@pytest.mark.parametrize("version", ["004010", "005010"])
def test_who_is_paid_is_named_once(role: str, version: str) -> None:
    one, other = ("N1", role, "BANK", "92", "7"), ("N1", role, "SOMEBODY ELSE", "92", "9")
    assert faults(judged(goods_bill(before=[SELLER, one, other]), "810", version)) == ["freight.stands_twice"]
    assert faults(judged(goods_bill(before=[SELLER, one, one]), "810", version)) == []


def test_who_is_paid_by_a_freight_bill_is_told_and_named_once() -> None:
    bank, other = ("N1", "RE", "BANK", "93", "7"), ("N1", "RE", "OTHER", "93", "8")
    assert told(judged(freight_bill(before=[bank]), "210"))["payee"] == {
        "name": "BANK", "id": "7", "scheme": "X12-66:93",
    }  # fmt: skip
    assert faults(judged(freight_bill(before=[bank, other]), "210")) == ["freight.stands_twice"]


def test_thousandths_of_a_currency_are_rounded_to_what_its_element_can_say() -> None:
    lines = [("IT1", "1", "1", "EA", "10.125")]
    assert faults(judged(goods_bill("1013", lines, before=[("CUR", "SE", "KWD"), SELLER]), "810")) == []


def test_what_a_line_is_for_and_what_it_is_rated_as_is_told() -> None:
    (line, _) = told(judged(goods_bill(), "810"))["lines"]
    assert line["references"] == [{"kind": "VP", "value": "HAUL"}]
    lines = [
        ("LX", "1"),
        ("L0", "1", "28", "CW", "1200", "G", "", "", "3", "PCS", "", "L"),
        ("L1", "1", "", "", "30000"),
    ]
    (line,) = told(judged(freight_bill(lines=lines), "210"))["lines"]
    assert (line["quantity"], line["unit"], line["rated_quantity"], line["rated_unit"]) == ("3", "PCS", "28", "CW")


def test_a_price_leaves_with_what_it_is_per() -> None:
    (line,) = told(judged(goods_bill("6000", [("IT1", "1", "500", "EA", "12.00", "HP")]), "810"))["lines"]
    assert (line["unit_price"], line["price_per"], line["price_basis"], line["amount"]) == (
        "12.00",
        "100",
        "HP",
        "60.00",
    )


@pytest.mark.parametrize(
    ("tax", "due", "found"),
    [
        (("TXI", "VA", "19", "19"), "11900", []),
        (("TXI", "VA", "19", ".19"), "11900", []),
        (("TXI", "VA", "25", "19"), "12500", ["freight.tax_base"]),
        (("TXI", "VA", "9.50", "19"), "10950", ["freight.tax_base"]),
    ],
)
def test_a_tax_that_does_not_say_what_is_taxed_is_looked_at_unless_it_is_all(
    tax: Words, due: str, found: list[str]
) -> None:
    line = ("IT1", "1", "1", "EA", "100.00")
    assert flags(judged(goods_bill(due, [line], behind=[tax]), "810")) == found
    assert flags(judged(goods_bill(due, [line, tax]), "810")) == found


def test_a_basis_that_is_none_rejects() -> None:
    assert faults(judged(goods_bill("6000", [("IT1", "1", "500", "EA", "12.00", "XX")]), "810")) == [
        "freight.price_basis"
    ]


def test_a_price_of_a_ctp_counts_where_the_line_has_none() -> None:
    lines = [("IT1", "1", "500", "EA"), ("CTP", "", "NET", "12.00", "", "", "", "", "", "HP")]
    assert told(judged(goods_bill("6000", lines), "810"))["lines"][0]["amount"] == "60.00"
    lines = [("IT1", "1", "10", "EA"), ("CTP", "", "NET", "12.00", "", "", "DIS", "0.9")]
    assert told(judged(goods_bill("10800", lines), "810"))["lines"][0]["amount"] == "108.00"


@pytest.mark.parametrize(
    ("price", "parts", "due"),
    [
        ("", [("SLN", "1", "", "I", "2", "EA", "100.25"), ("SLN", "2", "", "I", "1", "EA", "49.50")], "25000"),
        # What is included costs nothing more; what is added does.
        ("100.00", [("SLN", "1", "", "I", "2", "EA", "40.00")], "10000"),
        ("100.00", [("SLN", "1", "", "A", "2", "EA", "40.00")], "18000"),
        # 662 says what becomes of the price, 661 what becomes of the article.
        ("100.00", [("SLN", "1", "", "I", "2", "EA", "40.00", "", "A")], "18000"),
        ("100.00", [("SLN", "1", "", "A", "2", "EA", "40.00", "", "O")], "10000"),
        ("", [("SLN", "1", "", "I", "500", "EA", "12.00", "HP")], "6000"),
    ],
)
def test_parts_of_a_line_count_as_they_say(price: str, parts: list[Words], due: str) -> None:
    body = goods_bill(due, [("IT1", "1", "1", "EA", price), *parts])
    assert len(told(judged(body, "810"))["lines"][0]["parts"]) == len(parts)
    assert faults(judged(goods_bill(str(int(due) + 1), [("IT1", "1", "1", "EA", price), *parts]), "810"))


@pytest.mark.parametrize(
    ("charge", "due", "amount"),
    [
        (("SAC", "C", "D240", "", "", "", "3", "2.5"), "20500", "5.00"),
        (("SAC", "A", "D240", "", "", "", "3", "10"), "18000", "-20.00"),
        (("SAC", "C", "D240", "", "", "", "", "", "1.50", "EA", "4"), "20600", "6.00"),
    ],
)
def test_a_charge_in_percent_or_at_a_rate_has_an_amount(charge: Words, due: str, amount: str) -> None:
    body = goods_bill(due, [("IT1", "1", "2", "EA", "100.00")], behind=[charge])
    assert told(judged(body, "810"))["charges"][0]["amount"] == amount


def test_a_charge_without_any_figure_rejects() -> None:
    assert faults(judged(goods_bill(behind=[("SAC", "C", "D240")]), "810")) == ["freight.allowance_unpriced"]


def test_the_allowance_of_older_versions_counts() -> None:
    ita = ("ITA", "A", "", "FR", "06", "", "", "2000")
    body = goods_bill("23000", behind=[ita], header=changed(BIG, {1: "961120"}))
    assert told(judged(body, "810", "003040"))["charges"][0]["amount"] == "-20.00"


# totals without slack (no. 4)


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(st.tuples(st.integers(1, 99), st.integers(1, 99_999)), min_size=1, max_size=30), st.integers(-60, 60))
def test_a_total_is_one_of_two_sums_however_many_lines_there_are(items: list[tuple[int, int]], off: int) -> None:
    """Prices in thousandths: the sum of the rounded products, or the rounded sum of the products."""
    lines = [("IT1", str(at), str(n), "EA", f"{price / 1000:.3f}") for at, (n, price) in enumerate(items, 1)]
    rounded = sum((n * price + 5) // 10 for n, price in items)
    whole = (sum(n * price for n, price in items) + 5) // 10
    due = whole + off
    expected = [] if due in (rounded, whole) else ["freight.invoice_total"]
    found = [code for code in faults(judged(goods_bill(str(due), lines), "810")) if code != "freight.negative"]
    assert found == expected


@pytest.mark.parametrize(
    ("tax", "percent", "found"),
    [("8.25", ".0825", []), ("8.25", "8.25", []), ("8.26", "8.25", ["freight.tax_amount"]), ("8.25", "", [])],
)
def test_a_tax_is_its_share_of_what_is_taxed(tax: str, percent: str, found: list[str]) -> None:
    """Data element 954 is a percentage as a decimal: .0825; it is often written as 8.25."""
    due = str(10_000 + int(tax.replace(".", "")))
    txi = ("TXI", "ST", tax, percent, "", "", "", "", "100.00")
    assert faults(judged(goods_bill(due, [LINE], behind=[txi]), "810")) == found


LINE = ("IT1", "1", "1", "EA", "100.00")


@pytest.mark.parametrize(
    ("due", "of_line", "of_all", "reading"),
    [
        ("11000", ("SAC", "C", "D240", "", "", "500"), ("SAC", "C", "D240", "", "", "500"), "header_beside_lines"),
        ("10500", ("SAC", "C", "D240", "", "", "500"), ("SAC", "C", "D240", "", "", "500"), "header_repeats_lines"),
        ("10000", None, ("SAC", "A", "C310", "", "", "200"), "terms_discount_told"),
        ("9800", None, ("SAC", "A", "C310", "", "", "200"), "terms_discount_deducted"),
    ],
)
def test_where_the_standard_allows_several_readings_the_record_says_which_fitted(
    due: str, of_line: Words | None, of_all: Words, reading: str
) -> None:
    judgement = judged(goods_bill(due, [LINE, *([of_line] if of_line else [])], behind=[of_all]), "810")
    assert reading in told(judgement)["totals"]["reading"]
    assert flags(judgement) == ["freight.several_readings"]


def test_a_charge_of_a_line_is_not_dropped_where_the_total_has_another() -> None:
    lines, behind = [LINE, ("SAC", "C", "D240", "", "", "5000")], [("SAC", "C", "H000", "", "", "100")]
    assert faults(judged(goods_bill("10100", lines, behind=behind), "810")) == ["freight.invoice_total"]
    assert "reading" not in told(judged(goods_bill("15100", lines, behind=behind), "810"))["totals"]


def charged(*charges: Words) -> list[Words]:
    return [("LX", "1"), *charges]


@pytest.mark.parametrize(
    ("due", "charge", "l3", "reading"),
    [
        ("0", ("L1", "1", "", "", "30000", "", "30000"), {5: "30000", 7: "30000"}, None),
        ("20000", ("L1", "1", "", "", "30000"), {5: "30000", 7: "10000"}, None),
        ("30000", ("L1", "1", "", "", "30000", "5000"), {5: "30000", 6: "5000"}, ["advances_within_charges"]),
        ("35000", ("L1", "1", "", "", "30000", "5000"), {5: "30000", 6: "5000"}, ["advances_beside_charges"]),
    ],
)
def test_what_is_due_is_less_than_the_charges_by_what_was_prepaid(
    due: str, charge: Words, l3: dict[int, str], reading: list[str] | None
) -> None:
    judgement = judged(freight_bill(changed(B3, {7: due}), charged(charge), changed(L3, l3)), "210")
    assert told(judgement)["totals"].get("reading") == reading
    assert flags(judgement) == (["freight.advances"] if reading else [])
    wrong = freight_bill(changed(B3, {7: str(int(due) + 1)}), charged(charge), changed(L3, l3))
    assert "freight.net_due" in faults(judged(wrong, "210"))


def test_gross_is_not_due_where_it_was_prepaid() -> None:
    total = changed(L3, {5: "30000", 7: "30000"})
    body = freight_bill(changed(B3, {7: "30000"}), charged(("L1", "1", "", "", "30000")), total)
    assert faults(judged(body, "210")) == ["freight.net_due"]


def test_a_discount_that_is_charged_contradicts_itself() -> None:
    lines = charged(("L1", "1", "", "", "40000"), ("L1", "2", "", "", "10000", "", "", "", "DSC"))
    body = freight_bill(changed(B3, {7: "50000"}), lines, changed(L3, {5: "50000"}))
    assert faults(judged(body, "210")) == ["freight.discount_positive"]


@pytest.mark.parametrize(
    ("currency", "due", "found"),
    [
        ("USD", "30001", []),
        ("JPY", "30000", []),  # 300 yen
        ("JPY", "30001", ["freight.minor_unit"]),
        ("KWD", "30001", []),
        ("XYZ", "30000", ["freight.currency_unknown"]),
        ("XAU", "30000", ["freight.currency_unknown"]),  # gold has no coins
        ("usd", "30000", ["freight.currency_unknown"]),
    ],
)
def test_an_amount_is_one_of_its_currency(currency: str, due: str, found: list[str]) -> None:
    """ISO 4217."""
    lines = charged(("L1", "1", "", "", due))
    body = freight_bill(changed(B3, {7: due}), lines, changed(L3, {5: due}), [("C3", currency)])
    assert faults(judged(body, "210")) == found


# what money hangs on stands once (no. 5)


@pytest.mark.parametrize("version", ["004010", "005010", "003040"])
@pytest.mark.parametrize(
    ("kind", "segment"),
    [
        ("210", changed(B3, {7: "99999"})),
        ("210", changed(L3, {5: "99999"})),
        ("810", changed(BIG, {2: "INV-9"})),
        ("810", ("TDS", "99999")),
    ],
)
def test_what_money_hangs_on_stands_once_in_every_version(version: str, kind: str, segment: Words) -> None:
    body = freight_bill() if kind == "210" else goods_bill()
    at = next(at for at, one in enumerate(body) if one[0] == segment[0])
    for twice in ([*body[:at], segment, *body[at:]], [*body[: at + 1], segment, *body[at + 1 :]]):
        assert "freight.stands_twice" in faults(judged(twice, kind, version))


_TAGS = ("LX", "L1", "L3", "B3", "N1", "IT1", "SLN", "CTP", "SAC", "ITA", "TXI", "TDS", "BIG", "ITD", "CUR", "C3")
_SAID = ("", "1", "-1", "A", "I", "20261120", "2", "SE", "C", "H850", "100", "2.5", "ACME", "HP", "USD", "JPY")
anything = st.builds(
    lambda tag, rest: (tag, *rest), st.sampled_from(_TAGS), st.lists(st.sampled_from(_SAID), max_size=9)
)


@settings(max_examples=examples(400), deadline=None)
@given(
    st.sampled_from(["210", "810"]),
    st.lists(anything, max_size=12),
    st.sampled_from(["004010", "005010", "003040"]),
    st.sampled_from(["0", "100", "200", "-100", "30000"]),
)
def test_no_amount_due_is_delivered_that_stands_in_none_of_its_elements(
    kind: str, rest: list[Words], version: str, due: str
) -> None:
    body = [changed(B3, {7: due}), *rest] if kind == "210" else [BIG, SELLER, *rest, ("TDS", due)]
    for one in judged(body, kind, version).accepted:
        totals = json.loads(one.payload)["totals"]
        places = {"210": {"due": ("B3", 7), "lines": ("L3", 5), "advances": ("L3", 6), "prepaid": ("L3", 7)},
                  "810": {"due": ("TDS", 1)}}[kind]  # fmt: skip
        for name, (tag, at) in places.items():
            if name in totals:
                stands = {segment[at] for segment in body if segment[0] == tag and len(segment) > at}
                assert str(int(Decimal(totals[name]) * 100)) in stands


# siblings of what contradicts itself (nos. 3 and 4)


@pytest.mark.parametrize("tds", ["24500", "25500"])
def test_an_allowance_below_nothing_contradicts_itself(tds: str) -> None:
    """As a positive DSC of a 210 does: nobody can tell whether it is taken off or added."""
    body = goods_bill(tds, behind=[("SAC", "A", "D240", "", "", "-500")])
    assert "freight.allowance_negative" in faults(judged(body, "810"))


def test_a_charge_may_be_taken_back() -> None:
    assert told(judged(goods_bill("24500", behind=[("SAC", "C", "D240", "", "", "-500")]), "810"))


@pytest.mark.parametrize(("relation", "tds"), [("", "25500"), ("A", "25500"), ("I", "25000"), ("O", "25000")])
def test_a_tax_that_is_included_or_only_told_is_in_no_sum(relation: str, tds: str) -> None:
    """Data element 662: A add, I included, O information only."""
    tax = ("TXI", "ST", "5.00", "", "", "", "", relation)
    invoice = told(judged(goods_bill(tds, behind=[tax]), "810"))
    assert ("taxes" in invoice, "TXI ST 5.00" in str(invoice.get("notes"))) == (relation in "A", relation in ("I", "O"))


def test_a_line_in_another_currency_than_its_invoice_is_a_finding() -> None:
    line = ("IT1", "1", "2", "EA", "125")
    for code, found in (("USD", []), ("EUR", ["freight.currency"])):
        body = goods_bill("25000", [line, ("CUR", "SE", code)], before=[("CUR", "SE", "USD"), SELLER])
        assert faults(judged(body, "810")) == found


@pytest.mark.parametrize(("at", "due"), [(6, "25000"), (7, "35000")])
def test_what_was_paid_or_advanced_below_nothing_is_looked_at(at: int, due: str) -> None:
    body = freight_bill(changed(B3, {7: due}), total=changed(L3, {at: "-5000"}))
    assert "freight.paid_negative" in flags(judged(body, "210"))
    assert "freight.paid_negative" in FREIGHT.holds


# who is paid, and what a payer matches on (nos. 6 and 8)


def test_one_missing_field_hides_no_other_finding() -> None:
    body = freight_bill(changed(B3, {4: "", 6: "20261399", 7: "30001", 11: ""}))
    assert set(faults(judged(body, "210"))) == {
        "freight.element_missing", "freight.date", "freight.carrier_missing", "freight.net_due",
    }  # fmt: skip


def test_a_missing_total_hides_no_other_finding() -> None:
    body = [changed(BIG, {1: "20261399"}), ("IT1", "1", "1", "EA", "1", "XX")]
    assert set(faults(judged(body, "810"))) >= {
        "freight.segment_missing", "freight.date", "freight.price_basis", "freight.carrier_missing",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("party", "carrier", "scheme"),
    [
        (("N1", "SE", "ACME", "2", "ACME"), "ACME", "SCAC"),
        (("N1", "SE", "ACME", "1", "123456789"), "123456789", "DUNS"),
        (("N1", "SE", "ACME", "92", "V-17"), "V-17", "assigned_by_buyer"),
        (("N1", "SE", "ACME", "91", "V-17"), "V-17", "assigned_by_seller"),
        (("N1", "SE", "ACME"), "ACME", "name"),
    ],
)
def test_the_scheme_is_part_of_who_claims_the_money(party: Words, carrier: str, scheme: str) -> None:
    invoice = told(judged(goods_bill(before=[party]), "810"))
    assert (invoice["carrier"], invoice["carrier_scheme"]) == (carrier, scheme)


def test_the_same_number_of_another_scheme_is_another_carrier() -> None:
    identities = {
        judged(goods_bill(before=[("N1", "SE", "ACME", qualifier, "17")]), "810").accepted[0].identity
        for qualifier in ("1", "91", "92")
    }
    assert len(identities) == 3


def test_dates_of_payment_and_terms_are_told() -> None:
    due = freight_bill(
        changed(B3, {12: "20261220"}), before=[("ITD", "01", "3", "2", "20261130", "10", "20261219", "30")]
    )
    invoice = told(judged(due, "210"))
    assert invoice["due_date"] == "2026-12-19"
    assert invoice["terms"] == [
        {"due_date": "2026-12-20"},
        {
            "due_date": "2026-12-19", "net_days": 30, "discount_percent": "2", "discount_date": "2026-11-30",
            "discount_days": 10,
        },
    ]  # fmt: skip


def test_a_date_of_payment_that_is_none_rejects() -> None:
    before: list[Words] = [("ITD", "01", "3", "", "", "", "20269920")]
    assert faults(judged(freight_bill(before=before), "210")) == ["freight.date"]


def test_parties_dates_and_orders_of_a_line_stay_with_it() -> None:
    lines: list[Words] = [
        ("LX", "1"), ("N9", "BM", "BOL-1"), ("L0", "1", "", "", "1200", "G", "", "", "3", "PCS", "", "L"),
        ("L1", "1", "12.5", "PH", "30000"), ("SPO", "PO-77"), ("N1", "SH", "MILL"), ("N4", "BOSTON", "MA"),
        ("N1", "CN", "PRINTER"),
    ]  # fmt: skip
    (line,) = told(judged(freight_bill(lines=lines), "210"))["lines"]
    assert [(one["role"], one["name"]) for one in line["parties"]] == [("SH", "MILL"), ("CN", "PRINTER")]
    assert line["references"] == [{"kind": "BM", "value": "BOL-1"}, {"kind": "PO", "value": "PO-77"}]
    assert (line["weight"], line["charges"][0]["rate"], line["charges"][0]["rate_basis"]) == ("1200", "12.5", "PH")


def test_segments_that_nobody_reads_are_told_by_name() -> None:
    judgement = judged(freight_bill(before=[("H3", "X"), ("K1", "CALL FIRST")]), "210")
    assert judgement.unknown == {"H3", "K1"}
    assert judgement.findings == {"format.unknown_field": 2}


# dates of old, and what is not read yet (no. 9)


@pytest.mark.parametrize(
    ("date", "day"), [("961120", "1996-11-20"), ("800101", "1980-01-01"), ("261120", "2026-11-20")]
)
def test_before_004010_a_date_has_two_digits_of_its_year(date: str, day: str) -> None:
    body = freight_bill(changed(B3, {6: date, 9: ""}))
    assert told(judged(body, "210", "003060"))["invoice_date"] == day
    assert faults(judged(body, "210", "004010")) == ["freight.date"]


@pytest.mark.parametrize("kind", ["110", "310", "410", "812", "859", "880"])
def test_an_invoice_of_another_kind_is_one_that_is_not_read_yet(kind: str) -> None:
    (rejected,) = judged(freight_bill(), kind).rejected
    assert rejected.findings[0].code == "freight.document_type"
    assert "not read yet" in rejected.findings[0].message
    assert "no invoice" not in rejected.findings[0].message
