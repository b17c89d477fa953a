"""UN/EDIFACT INVOIC, directories D.96A and D.01B: what its segments mean, with EANCOM's use of them.

A message has a header, lines from LIN on, and behind UNS its totals. What a MOA is depends on the segment before it and
on its qualifier (UNTDID 5025).
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any, cast

from penstock.feeds.freight.currencies import require_currency, smallest_unit
from penstock.feeds.freight.edifact_lines import TAXES, charge, dates, line, period, tax
from penstock.feeds.freight.edifact_parties import ISSUERS, PAYEES, carrier, further_accounts, party, payee
from penstock.feeds.freight.edifact_values import INVALID, MISSING, Group, Message, groups
from penstock.feeds.freight.kinds import kind_of_1001, purpose_of_1225, says
from penstock.feeds.freight.payments import take_terms
from penstock.feeds.freight.values import said
from penstock.feeds.freight.xml_sums import take_reading
from penstock.formats.segment_records import Segment

_DUE = ("9", "77", "39", "86", "128")  #: amount due, invoice amount, invoice total, message total, total
_TOTALS = {"lines": ("79",), "prepaid": ("113",), "charges": ("259",), "allowances": ("260",)}
_UNTAXED = ("E", "Z", "AE", "O", "G", "K")  #: UNTDID 5305: where one is, not all is taxable
_NET_DUE, _DISCOUNT_DUE = "13", "12"  #: UNTDID 2005
_REFERENCES = {"ON": "order_number", "CT": "contract_number", "CN": "pro_number", "BM": "shipment_id"}
_EARLIER = ("IV", "OI")  #: UNTDID 1153: invoice number, previous invoice number
_NONE: Segment = []
_READ = {
    *("UNH", "BGM", "DTM", "PAI", "FTX", "RFF", "NAD", "CUX", "PAT", "TDT", "ALC", "TAX", "MOA"),
    *("LIN", "UNS", "CNT", "UNT"),
}


def to_record(tree: Mapping[str, Any]) -> dict[str, Any]:
    """The invoice's fields.

    Raises:
        Defective: it is no such invoice.
    """
    segments = cast(Sequence[Segment], tree["segments"])
    message = Message(tree["delimiters"], segments)
    head, lines, tail = _sections(message, segments)
    header, summary = list(groups(head)), list(groups(tail))
    message.currency = _currency(message, header) or _currency_of_amounts(message, segments)
    parties = _parties(message, header)
    read_lines = [line(message, one) for one in lines]
    base = sum((Decimal(one["amount"]) for one in read_lines if "amount" in one), Decimal())
    own = [one for one in header if one.lead[0] == "ALC"] or [one for one in summary if one.lead[0] == "ALC"]
    taxes = [one for some in summary if some.lead[0] == "TAX" and (one := tax(message, some)) and "amount" in one]
    plain = [one.lead for one in header]
    invoice: dict[str, Any] = {
        "document_type": "edifact_invoic",
        "lines": read_lines,
        "charges": [charge(message, one, base) for one in own],
        "taxes": taxes,
        "parties": [one for some in parties.values() if (one := party(message, some))],
        "legs": [_leg(message, one.lead) for one in header if one.lead[0] == "TDT"],
        "payee": payee(message, parties),
        "period": period(message, plain),
        "dates": dates(message, plain, but=("3", "137", "35", _NET_DUE)),
        "notes": [text for one in plain if one[0] == "FTX" if (text := _text(message, one))],
        "unread": sorted({one.lead[0] for one in (*header, *summary)} - _READ),
    }
    invoice["totals"] = _totals(message, summary, invoice)
    invoice = {name: value for name, value in invoice.items() if value}
    invoice |= _head(message, plain, tree) | carrier(message, parties)
    _take_references(message, header, parties, invoice)
    _take_terms(message, header, plain, invoice)
    if "lines" not in invoice:
        message.defects.add("no_lines", "LIN", "the message has no line", MISSING)
    message.settle(invoice)
    take_reading(invoice, smallest_unit(message.currency or None))
    return invoice


def _sections(
    message: Message, segments: Sequence[Segment]
) -> tuple[list[Segment], list[list[Segment]], list[Segment]]:
    """The header, the lines, and what is behind UNS."""
    tags = [one[0] for one in segments]
    for tag in ("BGM", "UNS"):
        if tag not in tags:
            message.missing(tag)
        elif tags.count(tag) > 1:
            message.twice(tag)
    end = tags.index("UNS") if "UNS" in tags else len(tags)
    begins = [at for at, tag in enumerate(tags[:end]) if tag == "LIN"]
    ends = [*begins, end]
    lines = [list(segments[at:to]) for at, to in pairwise(ends)]
    return list(segments[: ends[0]]), lines, list(segments[end:])


def _currency(message: Message, header: Sequence[Group]) -> str:
    """The invoicing currency (UNTDID 6343: 4), or else the reference currency (6347: 2) of a CUX."""
    described = [(one.lead, at) for one in header if one.lead[0] == "CUX" for at in (1, 2)]
    invoicing = [message.at(one, at, 1) for one, at in described if message.at(one, at, 2) == "4"]
    reference = [message.at(one, at, 1) for one, at in described if message.at(one, at) == "2"]
    found = list(
        dict.fromkeys(filter(None, invoicing or reference or [message.at(one, at, 1) for one, at in described]))
    )
    if len(found) > 1:
        message.twice("CUX+2")
    return message.defects.read(lambda: require_currency(found[0], "CUX", INVALID), found[0]) if found else ""


def _currency_of_amounts(message: Message, segments: Sequence[Segment]) -> str:
    """The currency that the amounts themselves are in, where no CUX names it, if they agree."""
    found = sorted({code for one in segments if one[0] == "MOA" and (code := message.at(one, 1, 2))})
    return message.defects.read(lambda: require_currency(found[0], "MOA-01", INVALID), "") if len(found) == 1 else ""


def _parties(message: Message, header: Sequence[Group]) -> dict[str, Group]:
    found: dict[str, Group] = {}
    for one in header:
        if one.lead[0] == "NAD":
            role = message.at(one.lead, 1)
            if role in found and role in (*ISSUERS, *PAYEES):
                message.twice(f"NAD+{role}")
            found.setdefault(role, one)
    return found


def _head(message: Message, plain: Sequence[Segment], tree: Mapping[str, Any]) -> dict[str, Any]:
    """What the document is, and what it says once."""
    bgm = next((one for one in plain if one[0] == "BGM"), _NONE)
    dates = [one for one in plain if one[0] == "DTM"]
    code, number, why = message.at(bgm, 1), message.at(bgm, 2), message.at(bgm, 3)
    issued = message.date_of(dates, "3", "137")
    if not number:
        message.missing("BGM-02")
    if not any(message.at(one, 1) in ("3", "137") for one in dates):
        message.missing("DTM+137")
    test = tree["envelope"].get("usage") == "T"
    made_at = int(issued.replace("-", "") + "0000") if issued else 1
    payment = next((one for one in plain if one[0] == "PAI"), _NONE)
    # The same message is an invoice or a credit note: only this code tells which.
    kind = kind_of_1001(code) if code else "unknown"
    return says(kind, purpose_of_1225(why), test, made_at, kind_code=code, purpose_code=why) | said(
        invoice_number=number,
        invoice_date=issued,
        currency=message.currency,
        delivery_date=message.date_of(dates, "35"),
        payment_method=message.at(payment, 1, 2) or message.at(payment, 1),
        version=tree["version"],
        usage="T" if test else "P",
    )


def _take_references(
    message: Message, header: Sequence[Group], parties: Mapping[str, Group], invoice: dict[str, Any]
) -> None:
    stated = [(message.at(one.lead, 1), message.at(one.lead, 1, 1), one) for one in header if one.lead[0] == "RFF"]
    others: list[dict[str, str]] = []
    for kind, value, group in stated:
        field = _REFERENCES.get(kind)
        if kind in _EARLIER and value:
            date = message.date_of(group.all("DTM"), "171", "3", "137")
            invoice.setdefault("refers_to", []).append({"number": value} | said(date=date))
        elif field and value and field not in invoice:
            invoice[field] = value
        elif kind and value:
            others.append({"kind": kind, "value": value})
    others += [{"kind": "FII", "value": account} for account in further_accounts(message, parties)]
    if others:
        invoice["references"] = others


def _take_terms(message: Message, header: Sequence[Group], plain: Sequence[Segment], invoice: dict[str, Any]) -> None:
    terms: list[dict[str, Any]] = []
    for one in header:
        if one.lead[0] == "PAT":
            discount = message.at(one.lead, 1) == "22"
            unit, count = message.at(one.lead, 3, 2), message.at(one.lead, 3, 3)
            days = count if unit in ("D", "CD") else ""
            dates = one.all("DTM")
            terms.append(
                said(
                    due_date=message.date_of(dates, _NET_DUE),
                    discount_date=message.date_of(dates, _DISCOUNT_DUE),
                    net_days="" if discount else days,
                    discount_days=days if discount else "",
                    discount_percent=next(
                        (number for some in one.all("PCD") if (number := message.number(some, 1, 1))), ""
                    ),
                    description=message.at(one.lead, 2, 3) or (f"{count} {unit}" if count and not days else ""),
                )
            )
    due = message.date_of([one for one in plain if one[0] == "DTM"], _NET_DUE)
    take_terms(invoice, [due], [one for one in terms if one])


def _leg(message: Message, segment: Segment) -> dict[str, str]:
    return said(
        carrier=message.at(segment, 5) or message.at(segment, 5, 3),
        mode=message.at(segment, 3),
    )


def _text(message: Message, segment: Segment) -> str:
    return " ".join(text for at in range(5) if (text := message.at(segment, 4, at)))


def _totals(message: Message, summary: Sequence[Group], invoice: Mapping[str, Any]) -> dict[str, str]:
    """What stands behind UNS, also behind a TAX, where an amount's qualifier is none of a tax."""
    stated = [one.lead for one in summary if one.lead[0] == "MOA"]
    behind = [one for some in summary if some.lead[0] == "TAX" for one in some.all("MOA")]
    stated += [one for one in behind if message.at(one, 1) not in (*TAXES, "125")]
    present = [code for code in _DUE if message.gives(stated, code)]
    if not present:
        message.missing("MOA+77")
    totals = {name: message.money(stated, *codes) for name, codes in _TOTALS.items()}
    totals["due"] = message.money(stated, *present[:1]) if present else ""
    totals["tax_inclusive"] = message.money(stated, *present[1:2]) if len(present) > 1 else ""
    totals["tax"] = message.money(stated, "176", "124", "150") or message.total(
        one["amount"] for one in invoice["taxes"]
    )
    if not any(one.get("category") in _UNTAXED for one in invoice["taxes"]):
        totals["tax_exclusive"] = message.money(stated, "125")
    _take_total_of_charges(message, stated, invoice["charges"], totals)
    counts = message.qualified([one.lead for one in summary if one.lead[0] == "CNT"], "2")
    totals["line_count"] = message.at(counts, 1, 1) if counts else ""
    return {name: amount for name, amount in totals.items() if amount}


def _take_total_of_charges(
    message: Message, stated: Sequence[Segment], charges: Sequence[Mapping[str, str]], totals: dict[str, str]
) -> None:
    """MOA+131 is of charges and allowances together: it says something of either where there is only one of them."""
    total = message.money(stated, "131")
    kinds = {one["kind"] == "discount" for one in charges}
    if total and len(kinds) == 1:
        name = "allowances" if True in kinds else "charges"
        totals[name] = totals[name] or total.removeprefix("-")
