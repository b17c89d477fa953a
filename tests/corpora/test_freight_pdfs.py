"""Invoices as PDFs, as others make them: with XML, with XML that their page contradicts, without."""

import pytest

from penstock.feeds.freight.pdf_documents import RULES
from penstock.feeds.freight.routing import to_record
from penstock_documents.document import Document
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
    read = record_of(Document(FOLDER / "freight/pdf" / f"{name}.pdf").read_all(), "0" * 64)

    record = to_record(read)

    assert isinstance(record, dict)
    assert {rule.code for rule in RULES if list(rule.breaks([record]))} == codes


def test_what_breaks_off_is_refused() -> None:
    with pytest.raises(Unreadable, match="broken"):
        Document(FOLDER / "freight/pdf/corrupt-factur-x-waytoosmall.pdf")
