"""Invoices within PDFs: the XML is the invoice, and the page must say the same."""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pytest

from penstock.feeds.freight import FREIGHT
from penstock.feeds.freight.pdf_documents import RULES
from penstock.feeds.freight.routing import to_record
from penstock_documents.document import Document
from penstock_documents.invoices import record_of
from penstock_ops.samples.tower.paper import Text, pdf
from tests.support.documents import Document as Invoice
from tests.support.documents import as_cii, as_ubl, as_zugferd1
from tests.unit.test_commands import run

PAGE: Sequence[str] = (
    "Invoice R-1 of 20 November 2026",
    "Haul, 10 hours at 12.50, 125.00",
    "Toll 25.00",
    "Amount due EUR 166.60",
)


def carrying(attached: dict[str, bytes], page: Sequence[str] = PAGE) -> bytes:
    """A PDF of a page with these files in it."""
    document: Any = pdfium.PdfDocument(pdf([[Text(72, 100 + 20 * at, line) for at, line in enumerate(page)]]))
    for name, body in attached.items():
        document.new_attachment(name).set_data(body)
    out = io.BytesIO()
    document.save(out)
    document.close()
    return out.getvalue()


def read(body: bytes) -> Any:
    """What the feed makes of it, as the extractor reads it."""
    line = record_of(Document(body).read_all(), "0" * 64)
    return to_record(line)


def codes_of(record: Any) -> set[str]:
    """The codes of the feed's findings about PDFs."""
    (one,) = FREIGHT.model.validate_python([record])
    return {rule.code for rule in RULES if list(rule.breaks([one]))}


@pytest.mark.parametrize(
    ("name", "body", "kind"),
    [
        ("factur-x.xml", as_cii(Invoice()), "cii_invoice"),
        ("ZUGFeRD-invoice.xml", as_zugferd1(Invoice()), "cii_invoice"),
        ("xrechnung.xml", as_ubl(Invoice()), "ubl_invoice"),
        ("from-our-system.xml", as_ubl(Invoice()), "ubl_invoice"),
    ],
)
def test_the_xml_of_a_pdf_is_the_invoice_by_its_name_or_its_root(name: str, body: bytes, kind: str) -> None:
    record = read(carrying({name: body, "readme.txt": b"see page 1"}))

    assert (record["document_type"], record["invoice_number"]) == (kind, "R-1")
    assert record["totals"]["due"] == "166.60"
    assert not codes_of(record)


def test_xml_in_another_encoding_keeps_its_letters() -> None:
    xml = as_cii(Invoice()).replace(b"Haul", "Transport für Müller".encode("iso-8859-1"))
    record = read(carrying({"factur-x.xml": b'<?xml version="1.0" encoding="ISO-8859-1"?>' + xml}))

    assert record["lines"][0]["description"] == "Transport für Müller"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ((0, "Invoice R-12 of 20 November 2026"), "freight.page_number"),
        ((0, "Invoice R-1 of 21 November 2026"), "freight.page_date"),
        ((3, "Amount due EUR 1,166.60"), "freight.page_due"),
    ],
)
def test_what_its_page_says_otherwise_is_held(line: tuple[int, str], code: str) -> None:
    page: list[str] = list(PAGE)
    page[line[0]] = line[1]

    record = read(carrying({"factur-x.xml": as_cii(Invoice())}, page))

    assert codes_of(record) == {code}


@pytest.mark.parametrize("day", ["20.11.2026", "20/11/26", "11/20/2026", "2026-11-20", "20. listopadu 2026"])
@pytest.mark.parametrize("amount", ["166,60", "EUR 166.60 to pay"])
def test_dates_and_amounts_are_the_same_however_they_are_written(day: str, amount: str) -> None:
    page = [f"Rechnung R-1 vom {day}", f"Zahlbetrag {amount}"]

    assert not codes_of(read(carrying({"factur-x.xml": as_cii(Invoice())}, page)))


@pytest.mark.parametrize(
    "attached",
    [
        {},
        {"readme.txt": b"nothing"},
        {"order-x.xml": b'<rsm:SCRDMCCBDACIOMessageStructure xmlns:rsm="urn:x"/>'},
        {"factur-x.xml": as_cii(Invoice())[:-40]},
        {"factur-x.xml": as_cii(Invoice()), "xrechnung.xml": as_ubl(Invoice())},
    ],
)
def test_a_pdf_without_one_invoice_that_can_be_read_is_held_whole(attached: dict[str, bytes]) -> None:
    assert codes_of(read(carrying(attached))) == {"freight.pdf_unread"}


@pytest.mark.parametrize(("attached", "feed"), [({"factur-x.xml": as_cii(Invoice())}, "freight"), ({}, "tower")])
def test_a_pdf_of_which_nobody_says_the_feed_is_an_invoice_if_it_carries_one(
    attached: dict[str, bytes], feed: str, tmp_path: Path
) -> None:
    path = tmp_path / "invoice.pdf"
    path.write_bytes(carrying(attached))

    told = json.loads(run("check", str(path), "--rejects", str(tmp_path / "r.csv"), "--json").stdout)

    assert told["feed"] == feed
