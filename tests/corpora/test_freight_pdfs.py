"""Invoices as PDFs, as others make them: with XML, with XML that their page contradicts, without."""

import json
from decimal import Decimal
from typing import Any

import pytest

from penstock.feeds.freight import FREIGHT
from penstock.feeds.freight.pdf_documents import RULES
from penstock.feeds.freight.routing import to_record
from penstock_documents.document import Document
from penstock_documents.drafting import draft
from penstock_documents.invoices import record_of
from penstock_documents.pdf import Unreadable
from tests.corpora.corpus import FOLDER

OUTCOMES = {
    "AmazonWebServices": {"freight.pdf_unread"},
    "EN16931_Einfach": set[str](),
    "MustangBeispiel20221026": {"freight.page_due"},  # 963.11 in its XML, 963,12 on its page
    "NetpresseInvoice": {"freight.pdf_unread"},
    "textractor_sample-invoice": {"freight.pdf_unread"},
    "zugferd_invoice": set[str](),
}


@pytest.mark.parametrize(("name", "codes"), OUTCOMES.items())
def test_a_pdf_is_its_xml_as_long_as_its_page_says_the_same(name: str, codes: set[str]) -> None:
    read = record_of(Document(FOLDER / "freight/pdf" / f"{name}.pdf").read_all(), [], "0" * 64)

    record = to_record(read)

    assert isinstance(record, dict)
    assert {rule.code for rule in RULES if list(rule.breaks([record]))} == codes


PRINTED: dict[str, dict[str, Any]] = {
    "AmazonWebServices": {
        "title": "Amazon Web Services Invoice",
        "carrier": "Amazon Web Services, Inc.",
        "invoice_number": "42183017",
        "invoice_date": "August 3 , 2014",
        "total_due": "$4.11",
        "total_net": "$4.11",
        "total_tax": "$0.00",
    },
    "NetpresseInvoice": {
        "title": "Facture",
        "carrier": "NETPRESSE",
        "invoice_number": "2022089083",
        "invoice_date": "28/11/2022",
        "total_due": "56,02 €",
        "total_net": "46,68 €",
        "total_tax": "9,34 €",
        "lines": [{"description": "le-tout-lyon.fr du 06/12/2022", "amount": "45,93 €"}],
    },
}
"""What a person says of an invoice without XML, for its form to be read."""


@pytest.mark.parametrize("name", PRINTED)
def test_one_without_xml_says_by_a_template_what_others_have_read_there(name: str) -> None:
    path = FOLDER / "freight/pdf" / name
    (expected,) = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    reads = Document(path.with_suffix(".pdf")).read_all()
    values = {**PRINTED[name], "currency": expected["currency"]}
    template = draft([one.page for one in reads], "freight_invoice", values, name, 1, (), lambda field, places: 0)

    record = to_record(record_of(reads, [template], "0" * 64))

    assert isinstance(record, dict)
    assert (record["invoice_number"], record["invoice_date"]) == (expected["invoice_number"], expected["date"])
    assert Decimal(record["totals"]["due"]) == Decimal(str(expected["amount"]))
    assert Decimal(record["totals"]["tax_exclusive"]) == Decimal(str(expected["amount_untaxed"]))
    (one,) = FREIGHT.model.validate_python([record])
    assert not [rule.code for rule in FREIGHT.rules if list(rule.breaks([one]))]


def test_what_breaks_off_is_refused() -> None:
    with pytest.raises(Unreadable, match="broken"):
        Document(FOLDER / "freight/pdf/corrupt-factur-x-waytoosmall.pdf")
