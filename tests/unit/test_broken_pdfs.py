"""PDFs that no reader opens as they are: refused by name, or mended, and then told to be so."""

import io
from typing import Any

import pikepdf
import pytest

from penstock_documents.document import Document
from penstock_documents.invoices import record_of
from penstock_documents.pdf import MENDED, Unreadable
from tests.support.documents import Document as Invoice
from tests.support.documents import as_cii
from tests.support.hybrid import PAGE, carrying
from tests.unit.test_freight_pdfs import codes_of, read

GOOD = carrying({"factur-x.xml": as_cii(Invoice())})
END = GOOD.rindex(b"trailer")


def locked(user: str = "", owner: str = "") -> bytes:
    """The invoice under passwords: of a `user`, who may not read it without, of an `owner`, who may change it with."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(GOOD)) as document:
        document.save(out, encryption=pikepdf.Encryption(user=user, owner=owner))
    return out.getvalue()


def without_pages() -> bytes:
    """A PDF whose page tree has no leaf."""
    out = io.BytesIO()
    pikepdf.new().save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (locked(user="secret", owner="secret"), "asks for a password"),
        (without_pages(), "has no pages"),
        (b"%PDF-1.7\n%%EOF\n", "broken: no reader finds its pages"),
        (GOOD.replace(b"/Pages", b"/Papes"), "broken: no reader finds its pages"),
        (GOOD[:200], "broken: no reader finds its pages"),
    ],
    ids=["password", "no pages", "nothing", "no page tree", "cut off"],
)
def test_what_nobody_can_open_is_refused_by_name(body: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        Document(body)


def test_who_may_not_change_a_pdf_may_read_it_and_it_is_told() -> None:
    record: Any = read(locked(owner="secret"))

    assert (record["invoice_number"], codes_of(record)) == ("R-1", {"freight.pdf_locked"})


def test_a_pdf_with_a_program_in_it_is_held() -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(GOOD)) as document:
        document.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
        document.save(out)

    assert codes_of(read(out.getvalue())) == {"freight.pdf_program"}


@pytest.mark.parametrize("body", [GOOD[:END], GOOD.replace(b"trailer", b"tralala")], ids=["cut off", "no trailer"])
def test_what_is_mended_is_read_and_held_and_says_so(body: bytes) -> None:
    line = record_of(Document(body).read_all(), [], "0" * 64)
    record: Any = read(body)

    assert (line["mended"], line["doubts"][0]) == (True, f"page 1: {MENDED}")
    assert all(text in line["text"] for text in PAGE)
    assert record["invoice_number"] == "R-1"
    assert codes_of(record) == {"freight.pdf_doubtful"}
