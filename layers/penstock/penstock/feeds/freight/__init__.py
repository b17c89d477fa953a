"""Carriers' invoices: X12 210 and 810; UBL Invoice, CreditNote and FreightInvoice; CII; EDIFACT INVOIC.

A record is one invoice: a transaction set from ST to SE, a message from UNH to UNT, or a document. Whatever it came
as, it is delivered as the same canonical invoice (`invoice.Invoice`), with its lines, charges, taxes and totals as
decimals, and with its trace as `audit_trace_id`. One interchange may hold 210s and 810s; an XML file holds one
document, several in an element `Invoices`, or those in the envelope of a Standard Business Document (SBDH).

What comes is told by what is in it (`routing`), never by a file's name. CII is EN 16931's second syntax: XRechnung,
Factur-X and ZUGFeRD 2, from BASIC to EXTENDED; ZUGFeRD 1 says the same by older names. Not read yet are X12 110, 310,
410, 812, 859 and 880; what is no invoice at all is rejected by name. So are Factur-X MINIMUM and BASIC WL:
they have no lines, and nothing of their totals could be looked at. What is passed over in an invoice that is read is
told by name, too (`format.unknown_field`): of X12 remarks, measures, package details and the like, of XML what stands
at a document's own level.

A PDF is read for the XML that it carries (Factur-X, ZUGFeRD, XRechnung), known by its name or its root. It is held
where number, date, what is due, currency, carrier or payee stands otherwise on its pages, and where the PDF was broken
and had to be mended.

A PDF without XML is read by a template, which a person makes from one good invoice: `penstock templates draft
INVOICE.pdf --kind freight_invoice --values VALUES.json --name NAME`. VALUES has the texts as printed of `title` (what
the document calls itself) and `carrier`, which stand on each invoice of the form, of `invoice_number`, `invoice_date`,
`total_due`, of `total_net` and `total_tax`, perhaps of `due_date`, `pro_number`, `shipment_id`, `order_number`,
`contract_number` and the first row of `lines` (`description`, `quantity`, `unit`, `unit_price`, `amount`); `currency`
and `scac` are told, and need not stand there. Such an invoice is held unless its sums say what is due, and nothing on
it is doubted; so are the first 20 of each version of a template (`first_of_template` of the policy). It is delivered
with its `template` and the `evidence` of each field. What no template has, a form that has changed, a page more than
the template has, less than 50 characters on one, a scan: held whole, and never released, as nobody has read it.

What money hangs on stands once, in its own namespace: in XML anybody's element that is called as one of the document's
rejects it, wherever it stands outside of UBLExtensions.

A document says what it is. *Kinds* that claim money are delivered: invoice, partial, prepayment, self-billed, factored
and construction invoice, accounting information, debit note, payment request. The others are held: credit note,
corrected invoice, reversals, pro-forma invoice, payment valuation, and what is unknown. Of the *purposes* only the
original is delivered; copies, corrections, cancellations and drafts are held, as are tests. The settings' `policy` says
otherwise, kind by kind. `sign` says which way the money goes, for amounts as they are written; `refers_to` what a
document is about.

Two invoices are the same if carrier (with the scheme of its number), number and date are, and if they stand for the
same: a test or a copy never bars the true invoice. Sent again with the same content, an invoice is a duplicate; with
another content it is rejected as a conflict and names the earlier one. A correction that is released supersedes what it
corrects. The same number on another day or spelt otherwise, and the same shipment and amount under another number, are
held as `freight.perhaps_again`, in any file within 400 days.

A price leaves with what it is per, reckoned in the unit of its quantity: 2,000 pounds at 150.00 a ton are 150.00. Where
nobody knows how the two units go together, that is told (`freight.price_unit`).

A total is exactly one of the sums that the standard allows. Where it allows several *readings*, `totals.reading` says
which fitted: `header_beside_lines` or `header_repeats_lines` of charges in both places of an 810, with
`terms_discount_deducted` or `terms_discount_told`; of a 210 `advances_within_charges` or `advances_beside_charges`; of
UBL that declares no norm, and of INVOIC, `withheld_deducted` or `withheld_told`, and `line_charges_added` or
`line_charges_in_price`.

What makes a document no invoice (an unknown transaction set, a missing carrier or header element, an amount or date
that is none) rejects it, with all that is found. Whether rates are as agreed is not looked at here. A reject comes back
as it came, the whole set or document: mend it, and send it in an interchange or a file again.

The sender of an interchange is told what became of it in `acknowledgements.edi`, beside the file's report, and by an
event: a 999 for groups of X12 005010, a 997 for others, a TA1 where ISA14 asks for it or the interchange itself is
wrong, also where a file is refused for its ISA, and for EDIFACT a CONTRL. Accepted is what is no reject of ours, be it
held, a duplicate or refused by the destination. There is none for acknowledgements, and none as long as a record of the
file is dead. `penstock acknowledge` has one told again. Who sends none to his partners makes no rule for the event.
"""

from penstock.feeds.feed import Examination, Feed, Limits
from penstock.feeds.freight import examination, pdf_documents, pdf_templates
from penstock.feeds.freight.defects import FINDINGS
from penstock.feeds.freight.examination import (
    DAYS,
    HOLDING,
    TRACE,
    examine,
    histories_of,
    of_template,
    prune,
    to_history,
)
from penstock.feeds.freight.invoice import Invoice
from penstock.feeds.freight.lines import lines_in
from penstock.feeds.freight.policy import Policy
from penstock.feeds.freight.routing import route_of_batch, to_record
from penstock.feeds.freight.totals import RULES
from penstock.feeds.freight.xml_documents import DOCUMENTS
from penstock.formats.documents import is_document
from penstock.formats.edifact import Edifact
from penstock.formats.x12 import X12

FREIGHT = Feed(
    name="freight",
    title="Carriers' freight invoices in X12, UBL, CII and EDIFACT, and in PDFs that carry one",
    formats=(X12(), Edifact(), DOCUMENTS, pdf_documents.PdfDocuments()),
    record=Invoice,
    identity=("carrier_scheme", "carrier", "invoice_number", "invoice_date", "standing"),
    search=("scac", "pro_number", "shipment_id", "order_number"),
    sender="carrier",
    revision="revision",
    rules=(*RULES, *pdf_documents.RULES),
    to_record=to_record,
    sums=("lines", "charges", "taxes", "totals"),
    examination=Examination(
        by=("carrier", "invoice_number", "pro_number"),
        keys=histories_of,
        also=of_template,
        examine=examine,
        to_history=to_history,
        prune=prune,
        policy=Policy,
        days=DAYS,
    ),
    findings=(*FINDINGS, *examination.FINDINGS),
    holds=(*HOLDING, *pdf_documents.HOLDING, "freight.negative", "freight.paid_negative", "freight.currency_missing"),
    unreleasable=pdf_documents.UNREAD,
    limits=Limits(lines=750, bytes=45_000_000),
    lines=lines_in,
    log_fields=("document_type", "scac"),
    trace=TRACE,
    provenance=pdf_templates.PROVENANCE,
    unread="unread",
    documents=is_document,
    route_of_batch=route_of_batch,
    acknowledged=True,
)
