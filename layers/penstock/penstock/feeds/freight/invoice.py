"""The canonical invoice: what a carrier's invoice says, whichever format it came in.

Amounts are decimals in the invoice's currency, discounts negative. What the sender did not say is absent; nothing is
filled in, not even a currency. Control numbers of envelopes are left out on purpose: an invoice that is sent again in
another interchange is the same invoice.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, Required, TypedDict

from pydantic import ConfigDict, Field, StringConstraints, with_config

from penstock.feeds.freight.values import LONGEST

type Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
type Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST)]
type Day = Annotated[date, Field(ge=date(1980, 1, 1))]
type Money = Annotated[Decimal, Field(max_digits=20, decimal_places=8)]
type Amount = Annotated[Decimal, Field(max_digits=20, decimal_places=8)]
"""A quantity, weight or rate."""

type Scac = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,4}$")]
"""Standard Carrier Alpha Code: two to four letters (NMFTA; X12 data element 140)."""

type Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
"""ISO 4217."""

type DocumentType = Literal["x12_210", "x12_810", "ubl_invoice", "ubl_freight_invoice"]

_MODEL = ConfigDict(extra="ignore", hide_input_in_errors=True)


@with_config(_MODEL)
class Reference(TypedDict):
    """A number that somebody else knows the shipment or the invoice by; `kind` is X12's data element 128, or the UBL
    element's name."""

    kind: Word
    value: Word


@with_config(_MODEL)
class Party(TypedDict, total=False):
    """Somebody in the invoice. `role` is X12's data element 98 (SH shipper, CN consignee, BT bill-to), or the UBL
    element's name; `id_kind` is whose number `id` is."""

    role: Required[Word]
    name: Text
    id: Word
    id_kind: Word
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


@with_config(_MODEL)
class Tax(TypedDict, total=False):
    """A tax that the invoice states."""

    amount: Required[Money]
    kind: Word
    percent: Amount
    taxable: Money


@with_config(_MODEL)
class Line(TypedDict, total=False):
    """A line of the invoice: an LX loop of a 210, whose `amount` is the sum of its charges; an IT1 loop of an 810,
    quantity by price; or a line of UBL, where `charges` are within the amount."""

    number: Word
    description: Text
    amount: Money
    quantity: Amount
    unit: Word
    unit_price: Amount
    weight: Amount
    weight_unit: Word
    freight_class: Word
    charges: list[Charge]
    taxes: list[Tax]
    references: list[Reference]


@with_config(_MODEL)
class Totals(TypedDict, total=False):
    """What the invoice itself says that it comes to. `lines` is L3-05 or UBL's LineExtensionAmount; `due` is B3-07,
    TDS01 or PayableAmount; `line_count` is CTT01."""

    due: Required[Money]
    lines: Money
    line_count: Annotated[int, Field(ge=0)]
    charges: Money
    allowances: Money
    tax_exclusive: Money
    tax: Money
    tax_inclusive: Money
    prepaid: Money
    rounding: Money


@with_config(_MODEL)
class Invoice(TypedDict, total=False):
    """One invoice. `carrier` is who sends it: its SCAC, or else the number or name it gives itself."""

    document_type: Required[DocumentType]
    carrier: Required[Word]
    scac: Scac
    invoice_number: Required[Word]
    invoice_date: Required[Day]
    pro_number: Word
    shipment_id: Word
    currency: Currency
    payment_method: Word
    correction: Word
    due_date: Day
    delivery_date: Day
    usage: Word
    version: Word
    references: list[Reference]
    parties: list[Party]
    legs: list[Leg]
    stops: list[Stop]
    equipment: list[Word]
    lines: Required[list[Line]]
    charges: list[Charge]
    taxes: list[Tax]
    totals: Required[Totals]
