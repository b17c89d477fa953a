"""The same invoice as UBL and as CII, for rules that hold for both: a haul of 10 hours at 12.50, and a toll of 25.00,
150.00 in all, less 10.00, taxed with 19 %."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

UBL = "urn:oasis:names:specification:ubl:schema:xsd"
CII = "urn:un:unece:uncefact:data:standard"
PEPPOL = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"


@dataclass(frozen=True)
class Item:
    """A line."""

    quantity: str = "10"
    price: str = "12.50"
    amount: str = "125.00"
    per: str = ""
    category: str = "S"
    percent: str = "19"
    charges: Sequence["Extra"] = ()


@dataclass(frozen=True)
class Extra:
    """A charge or an allowance; `charged` is what the indicator says."""

    charged: str
    amount: str
    base: str = ""
    percent: str = ""
    category: str = ""
    rate: str = ""


@dataclass(frozen=True)
class Duty:
    """A category of VAT."""

    taxable: str
    amount: str
    category: str = "S"
    percent: str = "19"


TOTALS = {
    "lines": "150.00",
    "allowances": "10.00",
    "tax_exclusive": "140.00",
    "tax": "26.60",
    "tax_inclusive": "166.60",
    "due": "166.60",
}


@dataclass(frozen=True)
class Document:
    """An invoice."""

    items: Sequence[Item] = (Item(), Item("1", "25.00", "25.00"))
    extras: Sequence[Extra] = (Extra("false", "10.00", category="S", rate="19"),)
    duties: Sequence[Duty] = (Duty("140.00", "26.60"),)
    totals: Mapping[str, str] = field(default_factory=lambda: dict(TOTALS))
    profile: str = PEPPOL
    code: str = "380"
    currency: str = "EUR"
    number: str = "R-1"
    issued: str = "2026-11-20"
    head: str = ""
    more: str = ""

    def with_totals(self, **totals: str) -> "Document":
        """With other totals; "" leaves one out."""
        return replace(self, totals={**self.totals, **totals})


type Writer = Callable[[Document], bytes]


# -- UBL

_UBL_TOTALS = {
    "lines": "LineExtensionAmount",
    "tax_exclusive": "TaxExclusiveAmount",
    "tax_inclusive": "TaxInclusiveAmount",
    "allowances": "AllowanceTotalAmount",
    "charges": "ChargeTotalAmount",
    "prepaid": "PrepaidAmount",
    "rounding": "PayableRoundingAmount",
    "due": "PayableAmount",
}
SELLER = (
    "<cac:PartyTaxScheme><cbc:CompanyID>DE123456789</cbc:CompanyID><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>"
    "</cac:PartyTaxScheme>"
)


def tagged(prefix: str, name: str, text: str, attributes: str = "") -> str:
    """An element with a text; none if the text is empty."""
    return f"<{prefix}:{name}{attributes}>{text}</{prefix}:{name}>" if text else ""


def as_ubl(document: Document, root: str = "Invoice", seller: str = SELLER) -> bytes:
    """An Invoice or CreditNote of UBL 2.1."""
    currency = f' currencyID="{document.currency}"'

    def money(name: str, text: str) -> str:
        return tagged("cbc", name, text, currency)

    def extra(one: Extra) -> str:
        taxed = _ubl_category("TaxCategory", one.category, one.rate) if one.category else ""
        return (
            f"<cac:AllowanceCharge>{tagged('cbc', 'ChargeIndicator', one.charged)}"
            f"{tagged('cbc', 'MultiplierFactorNumeric', one.percent)}{money('Amount', one.amount)}"
            f"{money('BaseAmount', one.base)}{taxed}</cac:AllowanceCharge>"
        )

    quantity = "CreditedQuantity" if root == "CreditNote" else "InvoicedQuantity"
    hours = ' unitCode="HUR"'
    lines = "".join(
        f"<cac:{root}Line><cbc:ID>{at}</cbc:ID>{tagged('cbc', quantity, one.quantity, hours)}"
        f"{money('LineExtensionAmount', one.amount)}{''.join(map(extra, one.charges))}<cac:Item>"
        f"<cbc:Name>Haul</cbc:Name>{_ubl_category('ClassifiedTaxCategory', one.category, one.percent)}</cac:Item>"
        f"<cac:Price>{money('PriceAmount', one.price)}{tagged('cbc', 'BaseQuantity', one.per)}</cac:Price>"
        f"</cac:{root}Line>"
        for at, one in enumerate(document.items, 1)
    )
    subtotals = "".join(
        f"<cac:TaxSubtotal>{money('TaxableAmount', one.taxable)}{money('TaxAmount', one.amount)}"
        f"{_ubl_category('TaxCategory', one.category, one.percent)}</cac:TaxSubtotal>"
        for one in document.duties
    )
    tax = f"<cac:TaxTotal>{money('TaxAmount', document.totals.get('tax', ''))}{subtotals}</cac:TaxTotal>"
    totals = "".join(money(name, document.totals.get(key, "")) for key, name in _UBL_TOTALS.items())
    return (
        f'<{root} xmlns="{UBL}:{root}-2" xmlns:cac="{UBL}:CommonAggregateComponents-2"'
        f' xmlns:cbc="{UBL}:CommonBasicComponents-2">{tagged("cbc", "CustomizationID", document.profile)}'
        f"{tagged('cbc', 'ID', document.number)}{tagged('cbc', 'IssueDate', document.issued)}"
        f"{tagged('cbc', f'{root}TypeCode', document.code)}"
        f"{tagged('cbc', 'DocumentCurrencyCode', document.currency)}{document.head}"
        f"<cac:AccountingSupplierParty><cac:Party>{seller}</cac:Party></cac:AccountingSupplierParty>"
        f"{''.join(map(extra, document.extras))}{tax if document.totals.get('tax') else ''}"
        f"<cac:LegalMonetaryTotal>{totals}</cac:LegalMonetaryTotal>{document.more}{lines}</{root}>"
    ).encode()


def _ubl_category(element: str, category: str, percent: str) -> str:
    return (
        f"<cac:{element}>{tagged('cbc', 'ID', category)}{tagged('cbc', 'Percent', percent)}"
        f"<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:{element}>"
    )


# -- CII

_CII_TOTALS = {
    "lines": "LineTotalAmount",
    "charges": "ChargeTotalAmount",
    "allowances": "AllowanceTotalAmount",
    "tax_exclusive": "TaxBasisTotalAmount",
    "tax": "TaxTotalAmount",
    "rounding": "RoundingAmount",
    "tax_inclusive": "GrandTotalAmount",
    "prepaid": "TotalPrepaidAmount",
    "due": "DuePayableAmount",
}
CII_SELLER = (
    '<ram:Name>Spedition A</ram:Name><ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">DE123456789</ram:ID>'
    "</ram:SpecifiedTaxRegistration>"
)


def as_cii(document: Document, seller: str = CII_SELLER, delivery: str = "", context: str = "") -> bytes:
    """A Cross Industry Invoice, D16B. `head` is in the document's own part, `more` in its settlement."""

    def money(name: str, text: str) -> str:
        return tagged("ram", name, text, f' currencyID="{document.currency}"' if name == "TaxTotalAmount" else "")

    def category(element: str, kind: str, percent: str, amounts: str = "") -> str:
        return (
            f"<ram:{element}>{amounts}<ram:TypeCode>VAT</ram:TypeCode>{tagged('ram', 'CategoryCode', kind)}"
            f"{tagged('ram', 'RateApplicablePercent', percent)}</ram:{element}>"
        )

    def extra(one: Extra) -> str:
        indicator = f"<ram:ChargeIndicator>{tagged('udt', 'Indicator', one.charged)}</ram:ChargeIndicator>"
        taxed = category("CategoryTradeTax", one.category, one.rate) if one.category else ""
        return (
            f"<ram:SpecifiedTradeAllowanceCharge>{indicator if one.charged else ''}"
            f"{money('CalculationPercent', one.percent)}{money('BasisAmount', one.base)}"
            f"{money('ActualAmount', one.amount)}{taxed}</ram:SpecifiedTradeAllowanceCharge>"
        )

    lines = "".join(
        f"<ram:IncludedSupplyChainTradeLineItem><ram:AssociatedDocumentLineDocument><ram:LineID>{at}</ram:LineID>"
        "</ram:AssociatedDocumentLineDocument><ram:SpecifiedTradeProduct><ram:Name>Haul</ram:Name>"
        "</ram:SpecifiedTradeProduct><ram:SpecifiedLineTradeAgreement><ram:NetPriceProductTradePrice>"
        f"{money('ChargeAmount', one.price)}{money('BasisQuantity', one.per)}</ram:NetPriceProductTradePrice>"
        "</ram:SpecifiedLineTradeAgreement><ram:SpecifiedLineTradeDelivery>"
        f'<ram:BilledQuantity unitCode="HUR">{one.quantity}</ram:BilledQuantity></ram:SpecifiedLineTradeDelivery>'
        f"<ram:SpecifiedLineTradeSettlement>{category('ApplicableTradeTax', one.category, one.percent)}"
        f"{''.join(map(extra, one.charges))}<ram:SpecifiedTradeSettlementLineMonetarySummation>"
        f"{money('LineTotalAmount', one.amount)}</ram:SpecifiedTradeSettlementLineMonetarySummation>"
        "</ram:SpecifiedLineTradeSettlement></ram:IncludedSupplyChainTradeLineItem>"
        for at, one in enumerate(document.items, 1)
    )
    taxes = "".join(
        category(
            "ApplicableTradeTax",
            one.category,
            one.percent,
            money("CalculatedAmount", one.amount) + money("BasisAmount", one.taxable),
        )
        for one in document.duties
    )
    totals = "".join(money(name, document.totals.get(key, "")) for key, name in _CII_TOTALS.items())
    issued = document.issued.replace("-", "")
    return (
        f'<rsm:CrossIndustryInvoice xmlns:rsm="{CII}:CrossIndustryInvoice:100"'
        f' xmlns:udt="{CII}:UnqualifiedDataType:100" xmlns:qdt="{CII}:QualifiedDataType:100"'
        f' xmlns:ram="{CII}:ReusableAggregateBusinessInformationEntity:100">'
        f"<rsm:ExchangedDocumentContext>{context}<ram:GuidelineSpecifiedDocumentContextParameter>"
        f"{tagged('ram', 'ID', document.profile)}</ram:GuidelineSpecifiedDocumentContextParameter>"
        f"</rsm:ExchangedDocumentContext><rsm:ExchangedDocument>{tagged('ram', 'ID', document.number)}"
        f"{tagged('ram', 'TypeCode', document.code)}<ram:IssueDateTime>"
        f'<udt:DateTimeString format="102">{issued}</udt:DateTimeString></ram:IssueDateTime>{document.head}'
        f"</rsm:ExchangedDocument><rsm:SupplyChainTradeTransaction>{lines}<ram:ApplicableHeaderTradeAgreement>"
        f"<ram:SellerTradeParty>{seller}</ram:SellerTradeParty></ram:ApplicableHeaderTradeAgreement>"
        f"<ram:ApplicableHeaderTradeDelivery>{delivery}</ram:ApplicableHeaderTradeDelivery>"
        f"<ram:ApplicableHeaderTradeSettlement>{tagged('ram', 'InvoiceCurrencyCode', document.currency)}{document.more}"
        f"{taxes}{''.join(map(extra, document.extras))}<ram:SpecifiedTradeSettlementHeaderMonetarySummation>{totals}"
        "</ram:SpecifiedTradeSettlementHeaderMonetarySummation></ram:ApplicableHeaderTradeSettlement>"
        "</rsm:SupplyChainTradeTransaction></rsm:CrossIndustryInvoice>"
    ).encode()


# -- ZUGFeRD 1

_OLDER = (
    ("rsm:CrossIndustryInvoice", "rsm:CrossIndustryDocument"),
    ("urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100", "urn:ferd:CrossIndustryDocument:invoice:1p0"),
    ("ReusableAggregateBusinessInformationEntity:100", "ReusableAggregateBusinessInformationEntity:12"),
    ("UnqualifiedDataType:100", "UnqualifiedDataType:15"),
    ("rsm:ExchangedDocumentContext", "rsm:SpecifiedExchangedDocumentContext"),
    ("rsm:ExchangedDocument>", "rsm:HeaderExchangedDocument>"),
    ("rsm:SupplyChainTradeTransaction", "rsm:SpecifiedSupplyChainTradeTransaction"),
    ("ram:ApplicableHeaderTrade", "ram:ApplicableSupplyChainTrade"),
    ("ram:SpecifiedLineTrade", "ram:SpecifiedSupplyChainTrade"),
    ("ram:SpecifiedTradeSettlementHeaderMonetarySummation", "ram:SpecifiedTradeSettlementMonetarySummation"),
    ("ram:SpecifiedTradeSettlementLineMonetarySummation", "ram:SpecifiedTradeSettlementMonetarySummation"),
    ("ram:RateApplicablePercent", "ram:ApplicablePercent"),
    ("ram:IssuerAssignedID", "ram:ID"),
)
"""What CII calls otherwise than ZUGFeRD 1 did (ZUGFeRD 1.0, technical annex)."""


def in_zugferd1(text: str) -> str:
    """A document of CII as ZUGFeRD 1.0 wrote it."""
    for new, old in _OLDER:
        text = text.replace(new, old)
    return text


def as_zugferd1(document: Document) -> bytes:
    """A Cross Industry Document."""
    return in_zugferd1(as_cii(document).decode()).encode()


# -- EDIFACT

MESSAGE: Sequence[str] = (
    "BGM+380+INV-7+9", "DTM+137:20261120:102", "NAD+SU+4012345000009::9++Acme Fracht", "RFF+VA:DE123456789",
    "CUX+2:EUR:4",
    "LIN+1++HAUL:SA", "IMD+F++:::Haul", "QTY+47:10:HUR", "MOA+203:125.00", "PRI+AAA:12.50",
    "LIN+2++TOLL:SA", "QTY+47:1", "MOA+203:25", "PRI+AAA:25",
    "UNS+S", "CNT+2:2", "MOA+77:178.50", "MOA+79:150.00", "MOA+125:150.00", "MOA+176:28.50", "TAX+7+VAT+++:::19+S",
    "MOA+124:28.50", "MOA+125:150",
)  # fmt: skip
"""An INVOIC between UNH and UNT: 125.00 and 25.00, with 19 % of VAT."""


def message_file(*bodies: Sequence[str], kind: str = "INVOIC:D:96A:UN", test: str = "", una: str = "") -> bytes:
    """An interchange of these messages."""
    messages = [[f"UNH+{at}+{kind}", *body, f"UNT+{len(body) + 2}+{at}"] for at, body in enumerate(bodies, 1)]
    unb = "UNB+UNOC:3+SENDER:14+PAYER:14+261120:2115+7" + (f"++++++{test}" if test else "")
    segments = [unb, *(one for message in messages for one in message), f"UNZ+{len(bodies)}+7"]
    return (una + "".join(f"{one}'" for one in segments)).encode("iso-8859-1")
