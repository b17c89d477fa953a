"""The arithmetic of EN 16931-1, §6.4, by the standard's numbers and worked by hand, in UBL and in CII alike."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.feeds.freight import FREIGHT
from tests.support.documents import Document, Duty, Extra, Item, Writer, as_cii, as_ubl
from tests.support.invoices import amount
from tests.support.reading import judge_file

SYNTAXES = pytest.mark.parametrize("written", [as_ubl, as_cii])
FINE = Document()


def codes(body: bytes) -> set[str]:
    """What is found of a document, whatever becomes of it."""
    return set(judge_file(FREIGHT, body).findings)


def rejected(body: bytes) -> set[str]:
    """The codes that reject a document."""
    return {one.code for record in judge_file(FREIGHT, body).rejected for one in record.findings}


def told(body: bytes) -> dict[str, Any]:
    """What is delivered of a document."""
    (one,) = judge_file(FREIGHT, body).accepted
    return json.loads(one.payload)


@SYNTAXES
def test_an_invoice_that_adds_up_says_nothing_odd(written: Writer) -> None:
    body = written(FINE)
    assert (codes(body), told(body)["totals"]["due"]) == (set(), "166.60")


@SYNTAXES
@pytest.mark.parametrize(
    ("rule", "totals", "code"),
    [
        ("BR-CO-10", {"lines": "150.01"}, "freight.line_total"),
        ("BR-CO-11", {"allowances": "9.99"}, "freight.allowance_total"),
        ("BR-CO-11", {"allowances": ""}, "freight.charge_total_missing"),
        ("BR-CO-12", {"charges": "0.01"}, "freight.charge_total"),
        ("BR-CO-13", {"tax_exclusive": "140.01"}, "freight.tax_exclusive"),
        ("BR-CO-14", {"tax": "26.61"}, "freight.tax_subtotals"),
        ("BR-CO-15", {"tax_inclusive": "166.61"}, "freight.tax_inclusive"),
        ("BR-CO-16", {"due": "166.59"}, "freight.payable"),
        ("BR-CO-16", {"prepaid": "66.60"}, "freight.payable"),
        ("BR-CO-16", {"rounding": "0.40"}, "freight.payable"),
        ("BR-CO-16", {"prepaid": "66.60", "rounding": "0.40", "due": "100.00"}, "freight.payable"),
    ],
)
def test_a_total_that_is_wrong_by_a_cent_rejects(written: Writer, rule: str, totals: dict[str, str], code: str) -> None:
    assert code in rejected(written(FINE.with_totals(**totals))), rule


@SYNTAXES
@pytest.mark.parametrize(
    "totals",
    [
        {"prepaid": "66.60", "due": "100.00"},
        {"rounding": "0.40", "due": "167.00"},
        {"rounding": "-0.60", "due": "166.00"},
        {"prepaid": "66.60", "rounding": "0.40", "due": "100.40"},
        {"prepaid": "166.60", "due": "0.00"},
        {"charges": "0.00"},
    ],
)
def test_br_co_16_what_is_paid_is_taken_off_and_the_rounding_added(written: Writer, totals: dict[str, str]) -> None:
    assert codes(written(FINE.with_totals(**totals))) == set()


@SYNTAXES
@pytest.mark.parametrize(("rounding", "due", "sound"), [("0.99", "167.59", True), ("1.00", "167.60", False)])
def test_a_rounding_is_below_one_unit(written: Writer, rounding: str, due: str, sound: bool) -> None:
    assert rejected(written(FINE.with_totals(rounding=rounding, due=due))) == (set() if sound else {"freight.rounding"})


def taxed(taxable: str, vat: str, *items: Item, percent: str = "19", category: str = "S") -> Document:
    """A document of these lines, one category of VAT, and totals that follow from both."""
    gross = f"{Decimal(taxable) + Decimal(vat)}"
    totals = {"lines": taxable, "tax_exclusive": taxable, "tax": vat, "tax_inclusive": gross, "due": gross}
    return Document(items=items, extras=(), duties=(Duty(taxable, vat, category, percent),), totals=totals)


@SYNTAXES
@pytest.mark.parametrize(
    ("vat", "sound"), [("19.00", True), ("19.01", False), ("18.99", False), ("50.00", False), ("-19.00", False)]
)
def test_br_co_17_a_tax_is_its_percentage_to_the_cent(written: Writer, vat: str, sound: bool) -> None:
    """The official artefacts allow one unit either way, which is no rule of the norm."""
    body = written(taxed("100.00", vat, Item("1", "100.00", "100.00")))
    assert rejected(body) == (set() if sound else {"freight.tax_rate"})


@SYNTAXES
@pytest.mark.parametrize(("vat", "sound"), [("0.594", False), ("0.59", True), ("0.60", True), ("0.58", False)])
def test_br_co_17_is_rounded_there_or_line_by_line_and_nothing_between(written: Writer, vat: str, sound: bool) -> None:
    """Three lines of 1.00, at 19.8 %: 0.594 of all, so 0.59; 0.198 of each, so 0.60. Fractions of a cent are none."""
    body = written(taxed("3.00", vat, *[Item("1", "1.00", "1.00", percent="19.8")] * 3, percent="19.8"))
    assert (not rejected(body)) == sound


@SYNTAXES
def test_br_co_04_each_line_says_by_which_category_it_is_taxed(written: Writer) -> None:
    untold = taxed("100.00", "19.00", Item("1", "40.00", "40.00"), Item("1", "60.00", "60.00", category=""))

    assert rejected(written(untold)) == {"freight.line_category"}
    assert "freight.line_category" not in codes(written(replace(untold, profile="urn:of-no-norm")))


@SYNTAXES
@pytest.mark.parametrize("category", ["Z", "E", "AE", "K", "G", "O"])
def test_br_z_09_and_its_siblings_nothing_is_due_by_a_category_that_is_not_taxed(
    written: Writer, category: str
) -> None:
    free = taxed("100.00", "0.00", Item("1", "100.00", "100.00", category=category, percent="0"), percent="0")
    free = replace(free, duties=(Duty("100.00", "0.00", category, "0"),))
    assert rejected(written(free)) == set()
    wrong = replace(free, duties=(Duty("100.00", "1.00", category, ""),)).with_totals(
        tax="1.00", tax_inclusive="101.00", due="101.00"
    )
    assert rejected(written(wrong)) == {"freight.tax_of_untaxed"}


@SYNTAXES
def test_br_s_08_the_taxable_amount_is_that_of_the_lines_and_charges_of_its_rate(written: Writer) -> None:
    two = Document(
        items=(Item("1", "100.00", "100.00"), Item("1", "50.00", "50.00", percent="7")),
        extras=(Extra("true", "10.00", category="S", rate="7"),),
        duties=(Duty("100.00", "19.00"), Duty("60.00", "4.20", percent="7")),
        totals={
            "lines": "150.00", "charges": "10.00", "tax_exclusive": "160.00", "tax": "23.20", "tax_inclusive": "183.20",
            "due": "183.20",
        },
    )  # fmt: skip
    assert codes(written(two)) == set()
    moved = replace(two, duties=(Duty("110.00", "20.90"), Duty("50.00", "3.50", percent="7"))).with_totals(
        tax="24.40", tax_inclusive="184.40", due="184.40"
    )
    assert rejected(written(moved)) == {"freight.taxable"}


@SYNTAXES
@pytest.mark.parametrize("category", ["Z", "E", "AE", "K", "G", "O"])
def test_br_z_08_and_its_siblings_look_at_the_category_alone(written: Writer, category: str) -> None:
    free = taxed("100.00", "0.00", Item("1", "100.00", "100.00", category=category, percent="0"), percent="0")
    wrong = replace(free, duties=(Duty("90.00", "0.00", category, ""),))
    assert rejected(written(wrong)) == {"freight.taxable"}


# -- lines


@SYNTAXES
@pytest.mark.parametrize(
    ("item", "found"),
    [
        (Item("1000", "10.00", "100.00", per="100"), set()),
        (Item("1000", "10.00", "10000.00", per="100"), {"freight.line_amount"}),
        (Item("1000", "10.00", "100.00"), {"freight.line_amount"}),
        (Item("2", "1270.00", "100.00"), {"freight.line_amount"}),
        (Item("1", "100.00", "100.01"), {"freight.line_amount"}),
        (Item("-1", "100.00", "-100.00"), {"freight.negative"}),
        (Item("3", "0.3333", "1.00"), set()),
        (Item("1", "100.00", "100.00", per="0"), {"freight.price_per"}),
        (Item("1", "100.00", "100.00", per="-1"), {"freight.price_per"}),
    ],
)
def test_bt_131_a_line_is_quantity_by_price_for_as_many_as_the_price_is_for(
    written: Writer, item: Item, found: set[str]
) -> None:
    vat = f"{float(item.amount) * 0.19:.2f}"
    assert codes(written(taxed(item.amount, vat, item))) - {"freight.line_sign"} == found


@SYNTAXES
def test_a_price_that_is_written_with_too_few_decimals_is_told_and_does_not_reject(written: Writer) -> None:
    """245 by 0.1973 is 48.3385: with a price of 0.19727 it is 48.33. By more than that nothing is explained."""
    assert codes(written(taxed("48.33", "9.18", Item("245", "0.1973", "48.33")))) == {"freight.price_rounded"}
    assert rejected(written(taxed("48.30", "9.18", Item("245", "0.1973", "48.30")))) == {"freight.line_amount"}


@SYNTAXES
def test_a_price_in_whole_cents_was_not_rounded(written: Writer) -> None:
    """Else a line of a million would come to anything, at a price of nothing."""
    assert rejected(written(taxed("12.34", "2.34", Item("1000", "0.01", "12.34")))) == {"freight.line_amount"}
    assert rejected(written(taxed("400000.00", "76000.00", Item("1000000", "0", "400000.00")))) == {
        "freight.line_amount"
    }


@SYNTAXES
@pytest.mark.parametrize("missing", ["lines", "tax_exclusive", "tax_inclusive"])
def test_br_12_to_br_14_the_totals_are_given(written: Writer, missing: str) -> None:
    assert rejected(written(FINE.with_totals(**{missing: ""}))) >= {"freight.totals_missing"}


@SYNTAXES
def test_br_co_18_a_tax_is_broken_down(written: Writer) -> None:
    assert "freight.totals_missing" in rejected(written(replace(FINE, duties=())))


@SYNTAXES
def test_br_27_no_price_is_below_nothing(written: Writer) -> None:
    body = written(taxed("-100.00", "-19.00", Item("1", "-100.00", "-100.00")))
    assert rejected(body) == {"freight.line_unpriced", "freight.negative"}


@SYNTAXES
def test_a_line_the_other_way_round_is_told(written: Writer) -> None:
    assert codes(written(taxed("-100.00", "-19.00", Item("1", "100.00", "-100.00")))) == {
        "freight.line_sign",
        "freight.negative",
    }


@SYNTAXES
def test_bt_136_and_bt_141_a_lines_own_charges_are_in_its_amount(written: Writer) -> None:
    own = (Extra("true", "5.00"), Extra("false", "25.00"))
    assert codes(written(taxed("80.00", "15.20", Item("1", "100.00", "80.00", charges=own)))) == set()
    assert rejected(written(taxed("100.00", "19.00", Item("1", "100.00", "100.00", charges=own)))) == {
        "freight.line_amount"
    }


def test_ubl_by_itself_leaves_open_whether_they_are_in_the_price_and_the_record_says_which_fitted() -> None:
    """As OASIS's own example: 1 at 1273 is 1273, with an allowance of 12 and a charge of 10."""
    own = (Extra("false", "12.00"), Extra("true", "10.00"))
    plain = replace(taxed("1273.00", "241.87", Item("1", "1273.00", "1273.00", charges=own)), profile="")
    assert codes(as_ubl(plain)) == {"freight.several_readings"}
    assert told(as_ubl(plain))["totals"]["reading"] == ["line_charges_in_price"]
    added = replace(taxed("1271.00", "241.49", Item("1", "1273.00", "1271.00", charges=own)), profile="")
    assert told(as_ubl(added))["totals"]["reading"] == ["line_charges_added"]


@SYNTAXES
@pytest.mark.parametrize("where", ["document", "line"])
def test_a_charge_without_its_indicator_is_none_to_guess(written: Writer, where: str) -> None:
    bare = (Extra("", "10.00", category="S", rate="19"),)
    body = written(replace(FINE, extras=bare) if where == "document" else replace(FINE, items=(Item(charges=bare),)))
    found = [one for record in judge_file(FREIGHT, body).rejected for one in record.findings]
    assert ("freight.element_missing", "ChargeIndicator") in [(one.code, one.field) for one in found]


@SYNTAXES
@pytest.mark.parametrize(("off", "sound"), [("15.00", True), ("15.01", False), ("1.50", False)])
def test_bt_94_and_bt_101_a_charge_in_per_cent_is_that_of_its_base(written: Writer, off: str, sound: bool) -> None:
    net = 150 - Decimal(off)
    vat = (net * Decimal("0.19")).quantize(Decimal("0.01"))
    document = replace(
        FINE,
        extras=(Extra("false", off, base="150.00", percent="10", category="S", rate="19"),),
        duties=(Duty(f"{net}", f"{vat}"),),
    ).with_totals(
        allowances=off, tax_exclusive=f"{net}", tax=f"{vat}", tax_inclusive=f"{net + vat}", due=f"{net + vat}"
    )
    assert rejected(written(document)) == (set() if sound else {"freight.allowance_percentage"})


@SYNTAXES
def test_an_allowance_without_an_amount_rejects(written: Writer) -> None:
    document = replace(FINE, extras=(Extra("false", "", base="100.00", percent="10", category="S", rate="19"),))
    assert rejected(written(document)) == {"freight.allowance_unpriced"}


# -- sums


@SYNTAXES
@pytest.mark.parametrize(
    ("total", "sound"), [("0.021", True), ("0.02", True), ("0.03", True), ("0.01", False), ("0.04", False)]
)
def test_a_sum_is_of_the_rounded_or_rounded_itself_and_never_slack(written: Writer, total: str, sound: bool) -> None:
    """Three lines of 0.007: 0.021, or rounded 0.02, or three times 0.01."""
    document = taxed(total, "0.00", *[Item("1", "0.007", "0.007")] * 3, percent="0", category="Z")
    assert ("freight.line_total" not in codes(written(replace(document, profile="")))) == sound


@SYNTAXES
@pytest.mark.parametrize(
    ("currency", "net", "vat", "sound"),
    [
        ("EUR", "100.005", "19.00", False),
        ("JPY", "100", "19", True),
        ("JPY", "100.50", "19.10", False),
        ("KWD", "100.005", "19.001", True),
    ],
)
def test_br_dec_an_amount_has_no_more_decimals_than_its_currency(
    written: Writer, currency: str, net: str, vat: str, sound: bool
) -> None:
    found = rejected(written(replace(taxed(net, vat, Item("1", net, net)), currency=currency)))
    assert ("freight.fraction" in found or "freight.minor_unit" in found) != sound


@SYNTAXES
@pytest.mark.parametrize("currency", ["XXX", "eur", "EURO", "XAU"])
def test_an_unknown_currency_rejects(written: Writer, currency: str) -> None:
    assert "freight.currency_unknown" in rejected(written(replace(FINE, currency=currency)))


# -- extensions


def test_br_dex_09_payments_for_third_parties_are_added_in_the_extension_of_xrechnung() -> None:
    paid = f"<cac:PrepaidPayment><cbc:ID>parking</cbc:ID>{amount('PaidAmount', '20.00')}</cac:PrepaidPayment>"
    extension = "urn:cen.eu:en16931:2017#conformant#urn:xeinkauf.de:kosit:extension:xrechnung_3.0"
    document = replace(FINE, profile=extension, head=paid).with_totals(due="186.60")
    assert codes(as_ubl(document)) == set()
    assert told(as_ubl(document))["totals"]["third_party"] == "20.00"
    assert rejected(as_ubl(replace(document, profile=FINE.profile))) == {"freight.payable"}
    assert rejected(as_ubl(document.with_totals(due="166.60"))) == {"freight.payable"}


@pytest.mark.parametrize(
    ("due", "reading"), [("156.60", "withheld_deducted"), ("166.60", "withheld_told"), ("160.00", "")]
)
def test_a_tax_that_is_withheld_is_taken_off_or_told_where_the_norm_does_not_hold(due: str, reading: str) -> None:
    withheld = f"<cac:WithholdingTaxTotal>{amount('TaxAmount', '10.00')}</cac:WithholdingTaxTotal>"
    document = replace(FINE, head=withheld, profile="").with_totals(due=due)
    if not reading:
        assert rejected(as_ubl(document)) >= {"freight.payable"}
        return
    assert codes(as_ubl(document)) == {"freight.several_readings"}
    totals = told(as_ubl(document))["totals"]
    assert (totals["withheld"], totals["reading"]) == ("10.00", [reading])


def test_where_the_norm_holds_a_tax_that_is_withheld_changes_nothing() -> None:
    withheld = f"<cac:WithholdingTaxTotal>{amount('TaxAmount', '10.00')}</cac:WithholdingTaxTotal>"
    assert codes(as_ubl(replace(FINE, head=withheld))) == set()
    assert rejected(as_ubl(replace(FINE, head=withheld).with_totals(due="156.60"))) == {"freight.payable"}


# -- the law: what follows from lines by the norm is accepted, and with a cent more anywhere it is not


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 500), st.integers(1, 100_00)), min_size=1, max_size=6),
    st.sampled_from([0, 7, 19, 21]),
)
def test_what_follows_by_the_norm_is_accepted_and_a_cent_more_is_not(lines: list[tuple[int, int]], rate: int) -> None:
    items = [Item(str(count), money(price), money(count * price), percent=str(rate)) for count, price in lines]
    net = sum(count * price for count, price in lines)
    vat = (net * rate * 2 + 100) // 200
    totals = {
        "lines": money(net), "tax_exclusive": money(net), "tax": money(vat), "tax_inclusive": money(net + vat),
        "due": money(net + vat),
    }  # fmt: skip
    document = Document(
        items=items, extras=(), duties=(Duty(money(net), money(vat), percent=str(rate)),), totals=totals
    )
    for written in (as_ubl, as_cii):
        assert codes(written(document)) == set()
        for name, total in totals.items():
            more = document.with_totals(**{name: money(round(float(total) * 100) + 1)})
            assert rejected(written(more))


def money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"
