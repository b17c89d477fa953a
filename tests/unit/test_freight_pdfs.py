"""Invoices within PDFs: the XML is the invoice, and the page must say the same."""

import gzip
import json
import tracemalloc
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any

import pytest

from extractor.document_reader import DocumentReader
from penstock.feeds.freight import FREIGHT
from penstock.feeds.freight.pdf_documents import RULES
from penstock.feeds.freight.routing import to_record
from penstock.operate.decide import NotToBeDecided
from penstock.operate.hold import held_of, plan_release, refuse
from penstock.operate.replay import Replay, begin_replay, message_of
from penstock_documents.document import Document, Read
from penstock_documents.invoices import MOST_DOUBTS, MOST_TEXT, record_of
from penstock_documents.kept_pages import line_of
from penstock_documents.words import Box, Page, Word
from tests.support.command import Run
from tests.support.command import run as run
from tests.support.documents import Document as Invoice
from tests.support.documents import as_cii, as_ubl, as_zugferd1
from tests.support.hybrid import PAGE, carrying
from tests.support.pipeline import Pipeline


def read(body: bytes) -> Any:
    """What the feed makes of it, as the extractor reads it."""
    line = record_of(Document(body).read_all(), [], "0" * 64)
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
        ((1, "Invoice R-12 of 20 November 2026"), "freight.page_number"),
        ((1, "Invoice R-1 of 21 November 2026"), "freight.page_date"),
        ((4, "Amount due EUR 1,166.60"), "freight.page_due"),
        ((4, "Amount due EUR 999.99 ref 166.60-X"), "freight.page_due"),
        ((4, "Amount due EUR 999.99 ref 166.60"), "freight.page_due"),
        ((4, "Amount due EUR 166.60 or 999.99"), "freight.page_due"),
        ((4, "Amount due EUR 999.99 by 166.60.2026"), "freight.page_due"),
        ((1, "Invoice R-1-2 of 20 November 2026"), "freight.page_number"),
        ((4, "Amount due USD 166.60"), "freight.page_currency"),
        ((4, "Amount due $166.60"), "freight.page_currency"),
        ((0, "Spedition B, VAT DE987654321"), "freight.page_carrier"),
        ((0, "Spedition A, VAT DE987654321"), "freight.page_carrier"),
    ],
)
def test_what_its_page_says_otherwise_is_held(line: tuple[int, str], code: str) -> None:
    page: list[str] = list(PAGE)
    page[line[0]] = line[1]

    record = read(carrying({"factur-x.xml": as_cii(Invoice())}, page))

    assert codes_of(record) == {code}


def test_what_is_due_stands_where_the_page_says_that_it_is_due() -> None:
    """An invoice has other amounts, and one of them may be what the XML says."""
    others = [*PAGE[:4], "Net 166.60", "Tax 31.65"]

    assert codes_of(read(carrying({"factur-x.xml": as_cii(Invoice())}, [*others, "Amount due EUR 198.25"]))) == {
        "freight.page_due"
    }
    paid = Invoice().with_totals(prepaid="66.60", due="100.00")
    parted = [*PAGE[:4], "Grand total EUR 166.60", "Paid 66.60", "Amount due by 01.12.2026 EUR 100.00"]
    assert not codes_of(read(carrying({"factur-x.xml": as_cii(paid)}, parted)))


PAID = (
    "<ram:PayeeTradeParty><ram:Name>Factor F</ram:Name></ram:PayeeTradeParty><ram:SpecifiedTradeSettlementPaymentMeans>"
    "<ram:TypeCode>58</ram:TypeCode><ram:PayeePartyCreditorFinancialAccount><ram:IBANID>GB82WEST12345698765432"
    "</ram:IBANID></ram:PayeePartyCreditorFinancialAccount></ram:SpecifiedTradeSettlementPaymentMeans>"
)


@pytest.mark.parametrize(
    ("said", "codes"),
    [
        ("Pay to Factor F, IBAN GB82 WEST 1234 5698 7654 32", set[str]()),
        ("Pay to Factor F, IBAN DE28 7001 0080 9999 9999 99", {"freight.page_payee"}),
        ("Pay to us, IBAN GB82 WEST 1234 5698 7654 32", {"freight.page_payee"}),
        ("Pay to Factor F", {"freight.page_payee"}),
    ],
)
def test_money_goes_nowhere_that_the_page_does_not_say(said: str, codes: set[str]) -> None:
    invoice = as_cii(Invoice(more=PAID))

    assert codes_of(read(carrying({"factur-x.xml": invoice}, [*PAGE, said]))) == codes


def test_a_carrier_is_known_by_its_name_or_its_number_and_a_page_need_not_name_a_currency() -> None:
    for carrier in ("Spedition A", "DE123456789"):
        page = [carrier, *PAGE[1:4], "Amount due 166.60"]

        assert not codes_of(read(carrying({"factur-x.xml": as_cii(Invoice())}, page)))


@pytest.mark.parametrize("day", ["20.11.2026", "20/11/26", "11/20/2026", "2026-11-20", "20. listopadu 2026"])
@pytest.mark.parametrize("amount", ["166,60", "EUR 166.60 to pay"])
def test_dates_and_amounts_are_the_same_however_they_are_written(day: str, amount: str) -> None:
    page = ["Spedition A", f"Rechnung R-1 vom {day}", f"Zahlbetrag {amount}"]

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
    attached: dict[str, bytes], feed: str, tmp_path: Path, run: Run
) -> None:
    path = tmp_path / "invoice.pdf"
    path.write_bytes(carrying(attached))

    told = json.loads(run("check", str(path), "--rejects", str(tmp_path / "r.csv"), "--json").out)

    assert told["feed"] == feed


# -- what nobody has read


async def test_a_pdf_that_nobody_has_read_is_never_delivered_but_refused() -> None:
    # Given a PDF without XML, as the extractor has staged it
    line = json.dumps(record_of(Document(carrying({})).read_all(), [], "0" * 64)).encode() + b"\n"
    pipeline = Pipeline()
    file = pipeline.drop(line, "freight/unread.ndjson")
    await pipeline.run()
    assert await pipeline.assert_sound(file, 1) == {"held": 1}
    row = await pipeline.ledger.file(file.file_id)
    assert row is not None
    (held,) = await held_of(pipeline.ledger, pipeline.store, file.file_id)

    # When it is released, by a command, and by a message of whoever does not ask
    with pytest.raises(NotToBeDecided, match="nobody has read the records 0"):
        plan_release(row, [held])
    again = {"generation": held.chunk.generation + 1, "only": "0", "released": True}
    released = message_of(row, held.chunk).model_copy(update=again)
    await begin_replay(pipeline, Replay(messages=[released]))
    await pipeline.run()

    # Expect it to wait still, until it is refused
    assert await pipeline.assert_sound(file, 1) == {"held": 1}
    assert pipeline.api.bodies == []
    (held,) = await held_of(pipeline.ledger, pipeline.store, file.file_id)
    await refuse(pipeline, row, held, "send it with its XML")
    assert await pipeline.counted(file) == {"rejected": 1}


class NoTemplates:
    """As `Templates`, before anybody has made one."""

    async def all(self) -> Mapping[str, bytes]:
        return {}

    async def put(self, name: str, body: bytes) -> None:
        raise AssertionError(name)


async def test_a_long_invoice_is_put_together_in_bounded_memory() -> None:
    many = [Word(f"{at:020}", Box(72, 10 * at, 100, 10 * at + 8)) for at in range(100)]
    pages, at_once = 120, 4

    async def ranges() -> AsyncGenerator[bytes]:
        for first in range(1, pages + 1, at_once):
            read = (Read(Page(first + at, 612, 792, many, "text", "pdfium", ("blurred",))) for at in range(at_once))
            yield gzip.compress(b"".join(map(line_of, read)))

    with DocumentReader(NoTemplates()) as reader:
        tracemalloc.start()
        lines = [part async for part in reader.assemble("freight", "0" * 64, ranges(), {}).lines]
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    (line,) = lines
    record = json.loads(line)
    assert record["pages"] == [1, pages]
    assert len(record["text"]) == MOST_TEXT
    assert len(record["doubts"]) == MOST_DOUBTS + 1
    # All of its pages together are five megabytes.
    assert peak < 2_000_000
