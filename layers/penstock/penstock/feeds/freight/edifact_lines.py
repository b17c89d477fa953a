"""Lines, charges and taxes of an INVOIC (UNTDID D.96A, segment groups 6, 15, 25 and on; D.01B, 6, 16, 26 and on)."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from penstock.feeds.freight.edifact_values import INVALID, MISSING, Group, Message, groups
from penstock.feeds.freight.trees import negated
from penstock.feeds.freight.values import priced_per, said
from penstock.formats.segment_records import Segment

TAXES = ("124", "150", "161", "176")  #: UNTDID 5025: amounts of a tax
_QUANTITIES = ("47", "46", "12")  #: UNTDID 6063: invoiced, delivered, despatched
_AMOUNTS = ("203", "66", "38")  #: UNTDID 5025: line item amount, goods item total, invoice item amount
_PRICES = ("AAA", "INV", "CAL", "AAB")  #: UNTDID 5125: net, invoice billing, calculation, gross
_CHARGES = ("8", "204", "23", "131")  #: UNTDID 5025: allowance or charge, allowance, charge, total of them
_PERIODS = ("263", "194", "206")
_HUNDRED = Decimal(100)
_NONE: Segment = []


def line(message: Message, segments: Sequence[Segment]) -> dict[str, Any]:
    """A line, from its LIN: quantity by price, for so many as the price is for, with its own charges."""
    found = list(groups(segments))
    plain = [one.lead for one in found]
    amounts = [one for one in plain if one[0] == "MOA"] + [one for some in found for one in some.all("MOA")]
    quantity = _first(message, [one for one in plain if one[0] == "QTY"], _QUANTITIES)
    result: dict[str, Any] = said(
        number=message.at(segments[0], 1),
        description=_description(message, plain),
        quantity=message.number(quantity, 1, 1) if quantity else "",
        unit=message.at(quantity, 1, 2) if quantity else "",
    )
    result |= _price(message, [one for one in plain if one[0] == "PRI"], result.get("unit", ""))
    product = _product(result)
    charges = [charge(message, one, product) for one in found if one.lead[0] == "ALC"]
    parts: dict[str, Any] = {
        "charges": charges,
        "taxes": [one for some in found if some.lead[0] == "TAX" and (one := tax(message, some))],
        "references": _references(message, found, segments[0]),
        "dates": dates(message, plain),
        "period": period(message, plain),
    }
    result |= {name: some for name, some in parts.items() if some}
    amount = message.money(amounts, *_AMOUNTS)
    if not amount and product is not None:
        amount = str(product + sum((Decimal(one["amount"]) for one in charges), Decimal()))
    if not amount:
        message.missing("MOA+203")
    return result | said(amount=amount)


def _first(message: Message, segments: Sequence[Segment], qualifiers: Sequence[str]) -> Segment | None:
    return next((one for qualifier in qualifiers if (one := message.qualified(segments, qualifier))), None)


def _description(message: Message, segments: Sequence[Segment]) -> str:
    texts = [text for one in segments if one[0] == "IMD" for at in (3, 4) if (text := message.at(one, 3, at))]
    return " ".join(texts)


def _price(message: Message, segments: Sequence[Segment], unit: str) -> dict[str, str]:
    chosen = _first(message, segments, _PRICES)
    if chosen is None:
        return {}
    gross = message.qualified(segments, "AAB") if message.at(chosen, 1) == "AAA" else None
    return said(
        unit_price=message.number(chosen, 1, 1),
        gross_price=message.number(gross, 1, 1) if gross else "",
    ) | priced_per(message.number(chosen, 1, 4), message.at(chosen, 1, 5), unit)


def _product(line: dict[str, Any]) -> Decimal | None:
    """Quantity by price, None where that is not said."""
    per = Decimal(line.get("price_per", 1))
    if "quantity" not in line or "unit_price" not in line or "price_unit" in line or not per:
        return None
    return Decimal(line["quantity"]) * Decimal(line["unit_price"]) / per


def _references(message: Message, found: Sequence[Group], lin: Segment) -> list[dict[str, str]]:
    stated = [(message.at(lin, 3, 1) or "item", message.at(lin, 3))]
    stated += [(message.at(one.lead, 1), message.at(one.lead, 1, 1)) for one in found if one.lead[0] == "RFF"]
    return [{"kind": kind, "value": value} for kind, value in stated if kind and value]


def dates(message: Message, segments: Sequence[Segment], but: Sequence[str] = ()) -> list[dict[str, str]]:
    """The days that are told, but for some by their qualifiers, and for periods."""
    told = [one for one in segments if one[0] == "DTM" and message.at(one, 1) not in (*but, *_PERIODS)]
    found = [(message.at(one, 1), message.a_day(one)) for one in told]
    return [{"kind": kind, "date": date} for kind, date in found if kind and date]


def period(message: Message, segments: Sequence[Segment]) -> dict[str, str]:
    """From when to when (UNTDID 2005: 263; 194 and 206 are its ends; 2379: 718 has both in one)."""
    told = {message.at(one, 1): one for one in segments if one[0] == "DTM"}
    whole = told.get("263", _NONE)
    if message.at(whole, 1, 2) == "718" and len(message.at(whole, 1, 1)) == 16:
        both = message.at(whole, 1, 1)
        return said(start=message.day_of(whole, both[:8], "102"), end=message.day_of(whole, both[8:], "102"))
    return said(start=message.a_day(told.get("194", _NONE)), end=message.a_day(told.get("206", _NONE)))


# -- charges and taxes


def charge(message: Message, group: Group, base: Decimal | None) -> dict[str, str]:
    """A charge or, negative, an allowance; of one that gives only its percentage, that of its base: what it says
    itself, or what the line comes to."""
    alc, indicator = group.lead, message.at(group.lead, 1)
    if indicator not in ("A", "C"):
        message.untold(
            "element_missing",
            "ALC-01",
            "an ALC does not say by A or C whether it is taken off or added",
            INVALID if indicator else MISSING,
        )
    amount, stated = message.money(group.all("MOA"), *_CHARGES), message.money(group.all("MOA"), "25")
    percent = next((number for one in group.all("PCD") if (number := message.number(one, 1, 1))), "")
    if not amount and percent and (stated or base is not None):
        amount = _percentage(Decimal(stated) if stated else base, percent)
    if not amount:
        message.unpriced("ALC", "a charge or allowance gives no amount, and no percentage of a sum that is known")
    taxed = next(iter(group.all("TAX")), _NONE)
    return {
        "kind": "accessorial" if indicator == "C" else "discount",
        "amount": amount if indicator == "C" else negated(amount),
    } | said(
        code=message.at(alc, 5),
        description=message.at(alc, 5, 3) or message.at(alc, 2, 1),
        percent=percent,
        base=stated,
        tax_category=message.at(taxed, 6),
        tax_percent=message.number(taxed, 5, 3) if taxed else "",
    )


def _percentage(base: Decimal | None, percent: str) -> str:
    product = (base or Decimal()) * Decimal(percent) / _HUNDRED
    return str(product.quantize(Decimal("0.01"), ROUND_HALF_UP))


def tax(message: Message, group: Group) -> dict[str, str]:
    """What a category of a tax comes to."""
    return said(
        amount=message.money(group.all("MOA"), *TAXES),
        kind=message.at(group.lead, 2),
        category=message.at(group.lead, 6),
        percent=message.number(group.lead, 5, 3),
        taxable=message.money(group.all("MOA"), "125"),
    )
