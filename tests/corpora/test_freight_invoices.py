"""Invoices that others made, through the freight feed: known totals, OASIS's own examples, a balanced account."""

from decimal import Decimal

import pytest

from penstock.feeds.freight import FREIGHT
from tests.corpora import invoices
from tests.corpora.corpus import FOLDER
from tests.support.pipeline import Pipeline
from tests.support.reading import split_file


@pytest.mark.parametrize("row", invoices.rows(), ids=lambda row: row.what)
def test_a_file_is_what_it_should_be_or_the_difference_is_explained(row: invoices.Row) -> None:
    assert row.why != "?", row


def test_the_real_freight_bill_adds_up_as_it_was_measured() -> None:
    """`x12_known.json`: B3-07 = the sum of L1-04 = L3-05 = 65940, a discount of 3,017.91 among them."""
    (invoice,) = invoices.verdict((FOLDER / "freight/x12/210-MGCTLYST-SAMPLE.EDI").read_bytes()).invoices
    assert invoice["totals"] == {"due": "659.40", "lines": "659.40", "weight": "7889"}
    assert [line["amount"] for line in invoice["lines"]] == ["3636.04", "15.00", "26.27", "-3017.91"]
    assert (invoice["carrier"], invoice["invoice_number"], invoice["pro_number"]) == ("SCAC", "09851270", "75027674")
    assert [(party["role"], party["city"]) for party in invoice["parties"]] == [
        ("SH", "BOSTON"),
        ("CN", "CONCORD"),
        ("BT", "RICHMOND"),
    ]


@pytest.mark.parametrize(
    ("name", "due"), [(name, due) for name, due in invoices.DUE_810.items() if name not in invoices.EXPLAINED]
)
def test_the_specimens_of_the_810_add_up_once_somebody_sends_them(name: str, due: str) -> None:
    """Charges of the lines said again behind the total, taxes said twice, a discount that is only told: all of them."""
    body = (FOLDER / "freight/x12" / name).read_bytes()
    selling = body.replace(b"N1*SO*", b"N1*SE*", 1)
    (invoice,) = invoices.verdict(selling).invoices
    assert (invoice["carrier"], invoice["currency"], invoice["totals"]["due"]) == ("Aaron Copeland", "USD", due)
    # A dollar more is a dollar too much.
    wrong = f"TDS*{int(due.replace('.', '')) + 100}~".encode()
    off = invoices.verdict(selling.replace(f"TDS*{due.replace('.', '')}~".encode(), wrong))
    assert off.codes == ["freight.invoice_total"]


OASIS = "freight/ubl/UBL-Invoice-2.1-Example.xml"


def test_the_official_example_with_rounding_and_prepayment_passes() -> None:
    (invoice,) = invoices.verdict((FOLDER / OASIS).read_bytes()).invoices
    totals = invoice["totals"]
    assert (totals["tax"], totals["rounding"], totals["prepaid"], totals["due"]) == ("292.20", "0.30", "1000", "729")


@pytest.mark.parametrize(
    ("element", "code"),
    [
        ("LineExtensionAmount", "freight.line_total"),
        ("TaxExclusiveAmount", "freight.tax_exclusive"),
        ("TaxInclusiveAmount", "freight.tax_inclusive"),
        ("AllowanceTotalAmount", "freight.allowance_total"),
        ("ChargeTotalAmount", "freight.charge_total"),
        ("PrepaidAmount", "freight.payable"),
        ("PayableRoundingAmount", "freight.tax_inclusive"),
        ("PayableAmount", "freight.payable"),
    ],
)
def test_with_a_cent_more_anywhere_it_does_not(element: str, code: str) -> None:
    body = (FOLDER / OASIS).read_bytes()
    begin = body.index(b">", body.index(f"<cbc:{element} ".encode())) + 1
    end = body.index(b"<", begin)
    wrong = str(Decimal(body[begin:end].decode()) + Decimal("0.01")).encode()
    assert invoices.verdict(body[:begin] + wrong + body[end:]).codes == [code]


async def test_real_files_end_in_a_balanced_account() -> None:
    """All of them together, as a night's drop: two carriers' examples share an identity, with other contents."""
    pipeline = Pipeline()
    dropped = {
        name: pipeline.drop((FOLDER / name).read_bytes(), f"freight/{name.rsplit('/', 1)[1]}")
        for name in (*invoices.X12_FILES, *invoices.UBL_FILES)
    }
    await pipeline.run()
    counted = {name: await pipeline.assert_sound(file, received=1) for name, file in dropped.items()}
    # It says in ISA15 that it is a test.
    assert counted["freight/x12/210-MGCTLYST-SAMPLE.EDI"] == {"held": 1}
    assert sum(one.get("delivered", 0) for one in counted.values()) > 2
    assert all(one.keys() <= {"delivered", "rejected", "duplicate", "held"} for one in counted.values())


@pytest.mark.parametrize("name", invoices.PDF_FILES)
def test_a_pdf_is_refused_as_one(name: str) -> None:
    assert invoices.verdict((FOLDER / name).read_bytes()).codes == ["format.binary"]


@pytest.mark.parametrize("name", [*invoices.X12_FILES, *invoices.UBL_FILES])
def test_the_chunks_are_the_same_however_the_file_is_read(name: str) -> None:
    body = (FOLDER / name).read_bytes()
    whole = split_file(FREIGHT, body).spans
    assert split_file(FREIGHT, body, [7, 640, 1]).spans == whole
