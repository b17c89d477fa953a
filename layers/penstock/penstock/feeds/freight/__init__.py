"""Carriers' invoices: X12 210 and 810, UBL Invoice and FreightInvoice.

A record is one invoice: a transaction set from ST to SE, or a UBL document. Whatever it came as, it is delivered as the
same canonical invoice (`invoice.Invoice`), with its lines, charges, taxes and totals as decimals, and with its trace as
`audit_trace_id`. One interchange may hold 210s and 810s; an XML file holds one document, or several in an element
`Invoices`.

What comes is told by what is in it (`routing`), never by a file's name. A set of another kind is rejected by name. A
PDF is refused as such: its reader comes later, and its place is among the formats and in the routing.

Two invoices are the same if carrier, number and date are. Sent again with the same content, an invoice is a duplicate;
with another content it is rejected as a conflict and names the earlier one: so nobody pays a corrected bill a second
time unasked. An invoice of several thousand lines is one record and is never cut; a chunk is whole invoices.

What makes a document no invoice (an unknown kind, a missing carrier or header element, an amount or date that is none)
rejects it before any sum is looked at. Whether rates are as agreed is not looked at here. A reject comes back as it
came, the whole set or document: mend it, and send it in an interchange or a file again.
"""

from penstock.feeds.feed import Examination, Feed, Limits
from penstock.feeds.freight import examination
from penstock.feeds.freight.defects import FINDINGS
from penstock.feeds.freight.examination import DAYS, HOLDING, TRACE, examine, histories_of, prune, to_history
from penstock.feeds.freight.invoice import Invoice
from penstock.feeds.freight.lines import lines_in
from penstock.feeds.freight.policy import Policy
from penstock.feeds.freight.routing import to_record
from penstock.feeds.freight.totals import RULES
from penstock.formats.x12 import X12
from penstock.formats.xml import Xml

_UBL = "urn:oasis:names:specification:ubl:schema:xsd"
_INVOICES = (f"{{{_UBL}:Invoice-2}}Invoice", f"{{{_UBL}:FreightInvoice-2}}FreightInvoice")

FREIGHT = Feed(
    name="freight",
    title="Carriers' freight invoices in X12 and UBL",
    formats=(X12(), Xml(*(f"/{one}" for one in _INVOICES), *(f"/Invoices/{one}" for one in _INVOICES))),
    record=Invoice,
    identity=("carrier_scheme", "carrier", "invoice_number", "invoice_date", "standing"),
    revision="revision",
    rules=RULES,
    to_record=to_record,
    examination=Examination(
        by=("carrier", "invoice_number", "pro_number"),
        keys=histories_of,
        examine=examine,
        to_history=to_history,
        prune=prune,
        policy=Policy,
        days=DAYS,
    ),
    findings=(*FINDINGS, *examination.FINDINGS),
    holds=(*HOLDING, "freight.negative"),
    limits=Limits(lines=750, bytes=45_000_000),
    lines=lines_in,
    log_fields=("document_type", "scac"),
    trace=TRACE,
    unread="unread",
)
