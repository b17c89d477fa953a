"""The canonical invoice: what a carrier's invoice says, whichever format it came in.

Amounts are decimals in the invoice's currency, discounts negative. What the sender did not say is absent; nothing is
filled in, not even a currency. Facts of the envelope are no part of what is delivered: an invoice that is sent again in
another interchange, or under another version, is the same invoice. What the rules and the identity need of them is in
fields that are never serialised.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Required, TypedDict

from pydantic import ConfigDict, Field, StringConstraints, with_config

from penstock.feeds.freight.kinds import Kind, Purpose
from penstock.feeds.freight.values import LONGEST

type Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
type Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST)]
type Day = Annotated[date, Field(ge=date(1980, 1, 1))]
type Money = Annotated[Decimal, Field(max_digits=20, decimal_places=8)]
type Amount = Annotated[Decimal, Field(max_digits=28, decimal_places=12)]
"""A quantity, weight or rate."""

type Scac = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,4}$")]
"""Standard Carrier Alpha Code: two to four letters (NMFTA; X12 data element 140)."""

type Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
"""ISO 4217."""

type DocumentType = Literal[
    "x12_210",
    "x12_810",
    "ubl_invoice",
    "ubl_freight_invoice",
    "ubl_credit_note",
    "cii_invoice",
    "edifact_invoic",
    "pdf",
]

Inner = Annotated[Word, Field(exclude=True)]  # no `type`: pydantic sees what is excluded only so
"""Known to the rules and the identity, and no part of what is delivered."""

_MODEL = ConfigDict(extra="ignore", hide_input_in_errors=True)


@with_config(_MODEL)
class Reference(TypedDict):
    """A number that somebody else knows the shipment or the invoice by; `kind` is X12's data element 128, or the UBL
    element's name."""

    kind: Word
    value: Word


@with_config(_MODEL)
class EarlierInvoice(TypedDict, total=False):
    """An invoice that the document refers to: what it corrects, credits or copies."""

    number: Required[Word]
    date: Day


@with_config(_MODEL)
class Dated(TypedDict):
    """A day on which something was done; `kind` is X12's data element 432 or 374, or the element's name."""

    kind: Word
    date: Day


@with_config(_MODEL)
class Period(TypedDict, total=False):
    """From when to when something was done; both days are in it."""

    start: Day
    end: Day


@with_config(_MODEL)
class Payee(TypedDict, total=False):
    """Who is paid, and where to, if that is not the carrier. `scheme` is whose number `id` is."""

    name: Text
    id: Word
    scheme: Word
    iban: Word
    account: Word


@with_config(_MODEL)
class Terms(TypedDict, total=False):
    """When payment is due, and what is allowed to who pays earlier: a percentage or an amount, until a day."""

    due_date: Day
    net_days: Annotated[int, Field(ge=0)]
    discount_percent: Amount
    discount_amount: Money
    discount_date: Day
    discount_days: Annotated[int, Field(ge=0)]
    description: Text


@with_config(_MODEL)
class Party(TypedDict, total=False):
    """Somebody in the invoice. `role` is X12's data element 98 (SH shipper, CN consignee, BT bill-to), or the UBL
    element's name; `id_kind` is whose number `id` is, `ids` are other numbers of theirs."""

    role: Required[Word]
    name: Text
    id: Word
    id_kind: Word
    ids: list[Reference]
    address: list[Text]
    city: Text
    region: Word
    postal_code: Word
    country: Word


@with_config(_MODEL)
class Leg(TypedDict, total=False):
    """A part of the way, by one carrier."""

    sequence: Word
    carrier: Word
    mode: Word
    city: Text


@with_config(_MODEL)
class Stop(TypedDict, total=False):
    """Where the carrier stopped on the way. `reason` is X12's data element 163 (LD load, UL unload)."""

    sequence: Required[Word]
    reason: Word
    weight: Amount
    date: Day
    dates: list[Dated]
    parties: list[Party]


@with_config(_MODEL)
class Charge(TypedDict, total=False):
    """An amount charged or, negative, allowed. `code` is the format's own: X12's data element 150 of a 210, 1300 of an
    810; of UBL the reason code."""

    kind: Required[Literal["freight", "accessorial", "discount", "tax"]]
    amount: Required[Money]
    code: Word
    description: Text
    rate: Amount
    rate_basis: Word
    percent: Amount
    base: Money
    tax_category: Word
    tax_percent: Amount
    prepaid: Money
    advances: Money


@with_config(_MODEL)
class Tax(TypedDict, total=False):
    """A tax that the invoice states; of a line perhaps only by which category it is taxed."""

    amount: Money
    kind: Word
    category: Word
    percent: Amount
    taxable: Money


@with_config(_MODEL)
class Part(TypedDict, total=False):
    """A part of a line with a price of its own (X12's SLN)."""

    number: Word
    quantity: Amount
    unit: Word
    unit_price: Amount
    price_per: Amount
    price_unit: Word
    amount: Money
    description: Text


@with_config(_MODEL)
class Line(TypedDict, total=False):
    """A line of the invoice: an LX loop of a 210, whose `amount` is the sum of its charges; an IT1 loop of an 810,
    quantity by price; or a line of UBL, where `charges` are within the amount. `unit_price` is for `price_per` units of
    the quantity; for one, where that is not said; for a `price_unit`, where nobody can tell how many of them that is. A
    rate may be for another quantity than what was sent: that is `rated_quantity`. `gross_price` is what it was before
    its `price_allowance`. A line that only groups others or informs has a `status` that says so, and a `subtotal` that
    is in no sum, instead of an amount; one that is given away has a `status`, too."""

    number: Word
    description: Text
    amount: Money
    quantity: Amount
    unit: Word
    unit_price: Amount
    price_per: Amount
    price_basis: Word
    price_unit: Word
    rated_quantity: Amount
    rated_unit: Word
    gross_price: Money
    price_allowance: Money
    subtotal: Money
    status: Word
    parent: Word
    weight: Amount
    weight_unit: Word
    freight_class: Word
    charges: list[Charge]
    taxes: list[Tax]
    references: list[Reference]
    parties: list[Party]
    parts: list[Part]
    dates: list[Dated]
    period: Period


@with_config(_MODEL)
class Totals(TypedDict, total=False):
    """What the invoice itself says that it comes to. `lines` is L3-05 or UBL's LineExtensionAmount; `due` is B3-07,
    TDS01 or PayableAmount; `line_count` is CTT01. `reading` says by which of the readings that the standard allows the
    document adds up."""

    due: Required[Money]
    lines: Money
    line_count: Annotated[int, Field(ge=0)]
    charges: Money
    allowances: Money
    tax_exclusive: Money
    tax: Money
    tax_inclusive: Money
    prepaid: Money
    advances: Money
    rounding: Money
    withheld: Money
    third_party: Money
    weight: Amount
    reading: list[Word]


@with_config(_MODEL)
class OfCharges(TypedDict, total=False):
    """What the charges of all lines say together that was prepaid, or advanced, where one of them does."""

    prepaid: Money
    advances: Money


@with_config(_MODEL)
class Invoice(TypedDict, total=False):
    """One invoice. `carrier` is who claims the money: its SCAC, or else the number or name it gives itself;
    `carrier_scheme` says whose number that is (`SCAC`, `VAT`, a code of ISO 6523, `name`), since two schemes give the
    same number to two. `sign` is which way the money goes, for amounts as they are written: 1 to the carrier, -1 back.
    `revision` is 0, or of a correction when it was made. `unread` are names in the document that nobody here reads.
    `template`, `evidence` and `doubts` are of one that was read on a page: by what, where each field stands there, and
    what may be misread; `marks` are what else there is to know of its PDF."""

    document_type: Required[DocumentType]
    kind: Required[Kind]
    kind_code: Word
    purpose: Required[Purpose]
    purpose_code: Word
    sign: Required[Literal[1, -1]]
    test: bool
    carrier: Required[Word]
    carrier_scheme: Required[Word]
    scac: Scac
    payee: Payee
    invoice_number: Required[Word]
    invoice_date: Required[Day]
    refers_to: list[EarlierInvoice]
    pro_number: Word
    shipment_id: Word
    order_number: Word
    contract_number: Word
    buyer_reference: Word
    currency: Currency
    payment_method: Word
    due_date: Day
    terms: list[Terms]
    delivery_date: Day
    dates: list[Dated]
    period: Period
    references: list[Reference]
    notes: list[Text]
    parties: list[Party]
    legs: list[Leg]
    stops: list[Stop]
    equipment: list[Word]
    lines: Required[list[Line]]
    charges: list[Charge]
    taxes: list[Tax]
    totals: Required[Totals]
    standing: Inner
    revision: Annotated[int, Field(ge=0, exclude=True)]
    usage: Inner
    version: Inner
    sums: Inner
    of_charges: Annotated[OfCharges, Field(exclude=True)]
    template: Word
    evidence: dict[str, Any]
    doubts: list[Text]
    marks: list[Text]
    unread: Annotated[list[str], Field(exclude=True)]
    differing: Annotated[list[str], Field(exclude=True)]
