"""Documents as nobody should send them: each is refused, or held, by name, and nothing of it is passed over."""

import io
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pikepdf
import pytest
from PIL import Image, ImageDraw, ImageOps

from penstock.feeds.tower import TOWER
from penstock_documents.child import records_in_child
from penstock_documents.document import Document
from penstock_documents.drafting import draft
from penstock_documents.forms import read_all, records_of
from penstock_documents.page_numbers import Printed, mark_of
from penstock_documents.pdf import Unreadable
from penstock_documents.template import SEEDS, Template, load_all
from penstock_ops.samples.tower.forms import INSPECTION, LEASE, Form
from penstock_ops.samples.tower.paper import Page, Text, pdf, scanned


class End(NamedTuple):
    """What becomes of a form, the codes of what was found, and what it says of it."""

    how: str
    codes: frozenset[str]
    says: str


def page(form: Form = INSPECTION, seed: int = 3) -> Page:
    return form.page(form.fill(Random(seed)))


def end_of(record: dict[str, Any]) -> End:
    assert TOWER.to_record is not None
    (valid,) = TOWER.model.validate_python([TOWER.to_record(record)])
    found = [rule.finding for rule in TOWER.rules if list(rule.breaks([valid]))]
    how = "held" if TOWER.is_held_for(found, None) else "delivered"
    return End(how, frozenset(one.code for one in found), "; ".join(record.get("doubts", ())))


def ends_of(folder: Path, body: bytes, name: str = "document.pdf") -> list[End]:
    """Of each form of a document, read as the extractor reads it; or of the document that it is refused, and why."""
    document = folder / name
    document.write_bytes(body)
    try:
        return [end_of(record) for record in records_in_child(document, SEEDS, "tower")]
    except Unreadable as refusal:
        return [End("refused", frozenset(), str(refusal))]


def changed(body: bytes, change: Callable[[pikepdf.Pdf], None], **saved: Any) -> bytes:
    """A PDF with something done to it."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(body)) as document:
        change(document)
        document.save(out, **saved)
    return out.getvalue()


GOOD = pdf([page()])
INSPECTIONS, LEASES = (load_all(SEEDS).find(f"sample-{name}") for name in ("inspection", "lease"))


def locked(user: str = "") -> bytes:
    """Under an owner's password, and a user's perhaps."""
    return changed(GOOD, lambda _: None, encryption=pikepdf.Encryption(user=user, owner="secret"))


def running(document: pikepdf.Pdf) -> None:
    document.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")


def running_on_a_page(document: pikepdf.Pdf) -> None:
    action = document.make_indirect(pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)"))
    document.pages[0].AA = pikepdf.Dictionary(O=action)


def starting_a_program(document: pikepdf.Pdf) -> None:
    document.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.Launch, F="calc.exe")


def carrying(document: pikepdf.Pdf) -> None:
    document.attachments["plan.txt"] = b"what nobody reads"


def large(document: pikepdf.Pdf) -> None:
    document.pages[0].MediaBox = pikepdf.Array([0, -13608, 14400, 792])


def of_a_million_parts(document: pikepdf.Pdf) -> None:
    for at in range(150_000):
        document.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.Metadata, Number=at))


def gigapixels(across: int = 60_000) -> bytes:
    """A TIFF that says to be so large, in a hundred bytes."""
    entries = [(256, 4, across), (257, 4, across), (258, 3, 1), (259, 3, 4), (262, 3, 0), (273, 4, 8), (279, 4, 8)]
    entries += [(278, 4, across)]
    ifd = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *e[:2], 1, e[2]) for e in sorted(entries))
    return b"II*\0" + struct.pack("<I", 16) + b"\0" * 8 + ifd + b"\0" * 4


class Case(NamedTuple):
    """A document, how each of its forms ends, by which code, and what it says of it."""

    body: Callable[[], bytes]
    how: str
    code: str = ""
    says: str = ""


CASES = {
    "truncated": Case(lambda: GOOD[: len(GOOD) // 2], "held", "tower.unknown_template", "mended"),
    "truncated at once": Case(lambda: GOOD[:200], "refused", says="broken: no reader finds its pages"),
    "its end cut off": Case(lambda: GOOD[: GOOD.rindex(b"trailer")], "held", "tower.doubtful", "mended"),
    "a user's password": Case(lambda: locked(user="secret"), "refused", says="asks for a password"),
    "an owner's password": Case(lambda: locked(), "delivered", "tower.locked"),
    "a page of 200 inches": Case(lambda: changed(GOOD, large), "held", "tower.unknown_template", "60 inches"),
    "3.6 gigapixels": Case(gigapixels, "held", "tower.unknown_template", "60000 by 60000 dots"),
    "%PDF at byte 500": Case(lambda: b"\r\n" * 250 + GOOD, "delivered"),
    "%PDF at byte 5,000": Case(lambda: b"\0" * 5000 + GOOD, "refused", says="no document that is read"),
    "many objects": Case(lambda: changed(GOOD, of_a_million_parts), "delivered"),
    "a program": Case(lambda: changed(GOOD, running), "held", "tower.active_content"),
    "a page's program": Case(lambda: changed(GOOD, running_on_a_page), "held", "tower.active_content"),
    "another's program": Case(lambda: changed(GOOD, starting_a_program), "held", "tower.active_content"),
    "a file": Case(lambda: changed(GOOD, carrying), "held", "tower.embedded_files"),
    "nothing on it": Case(lambda: pdf([[]]), "held", "tower.unknown_template", "no words"),
}


@pytest.mark.parametrize("name", CASES)
def test_each_hostile_document_ends_by_name(name: str, tmp_path: Path) -> None:
    case = CASES[name]

    (end,) = ends_of(tmp_path, case.body())

    assert end.how == case.how, end
    assert not case.code or case.code in end.codes, end
    assert case.says in end.says


def test_a_pdf_is_one_whatever_it_is_called(tmp_path: Path) -> None:
    assert ends_of(tmp_path, GOOD, "scan.png") == [End("delivered", frozenset(), "")]


def test_two_documents_in_one_pdf_are_two_records(tmp_path: Path) -> None:
    assert [end.how for end in ends_of(tmp_path, pdf([page(), page(LEASE)]))] == ["delivered", "delivered"]


# -- on paper


def value_box(name: str, dpi: int = 300) -> tuple[float, float, float, float]:
    """Where a value stands on a scan of the form, in pixels."""
    place = INSPECTION.fields[name]
    return tuple(
        dpi / 72 * edge for edge in (place.value_left - 2, place.top - 10, place.value_left + 60, place.top + 4)
    )  # type: ignore[return-value]


def on_paper(change: Callable[[Image.Image], Image.Image]) -> bytes:
    """A scan of the form, after something has happened to the paper."""
    out = io.BytesIO()
    change(Image.open(io.BytesIO(scanned(GOOD))).convert("L")).save(out, "TIFF", dpi=(300, 300))
    return out.getvalue()


def blotted(paper: Image.Image) -> Image.Image:
    ImageDraw.Draw(paper).ellipse(value_box("asr_number"), fill=15)
    return paper


def stamped(paper: Image.Image) -> Image.Image:
    left, top, right, bottom = value_box("asr_number")
    pen = ImageDraw.Draw(paper)
    pen.rectangle((left - 90, top - 40, right + 90, bottom + 50), outline=40, width=9)
    pen.text((left - 60, top - 10), "RECEIVED JAN 09", fill=40, font_size=64)
    return paper


def blackened(paper: Image.Image) -> Image.Image:
    return Image.new("L", paper.size, 20)


PAPERS: dict[str, tuple[Callable[[Image.Image], Image.Image], str]] = {
    "an ink blot on a critical value": (blotted, "tower.doubtful"),
    "a stamp on a critical value": (stamped, "tower.doubtful"),
    "a page seen in a mirror": (ImageOps.mirror, "tower.unknown_template"),
    "a black page": (blackened, "tower.unknown_template"),
}


@pytest.mark.parametrize("name", PAPERS)
def test_what_has_happened_to_the_paper_holds_the_form(name: str, tmp_path: Path) -> None:
    change, code = PAPERS[name]

    (end,) = ends_of(tmp_path, on_paper(change), "scan.tif")

    assert (end.how, code in end.codes) == ("held", True), end


def test_a_page_that_lies_on_its_side_is_read(tmp_path: Path) -> None:
    turned = on_paper(lambda paper: paper.rotate(90, expand=True))
    assert ends_of(tmp_path, turned, "scan.tif") == [End("delivered", frozenset(), "")]


@pytest.mark.parametrize(
    ("name", "right", "size"), [("site_id", 40, 10), ("site_id", 20, 10), ("owner", 116, 10), ("owner", 20, 22)]
)
def test_a_stamp_in_the_text_of_a_value_is_no_part_of_it(name: str, right: float, size: float) -> None:
    """Beside it, on it, behind a name, and larger."""
    place = INSPECTION.fields[name]
    stamp = Text(place.value_left + right, place.top, "RECEIVED", size)

    (record,) = records_of(read_all(Document(pdf([[*page(), stamp]])), [INSPECTIONS]), [INSPECTIONS], "0" * 64)

    assert end_of(record).how == "held", record.get(name)


# -- pages of one form


FIRST = [Text(72, 60, "SITE LEASE", 14), Text(72, 100, "Site ID"), Text(220, 100, "TX-0001"), Text(72, 130, "Lessor"),
         Text(220, 130, "Ada Holdings")]  # fmt: skip
SECOND = [Text(72, 60, "TERM", 14), Text(72, 100, "Effective date"), Text(220, 100, "2026-11-20"),
          Text(72, 130, "Parcel"), Text(220, 130, "12-A")]  # fmt: skip
THIRD = [Text(72, 60, "PAYMENT", 14), Text(72, 100, "Monthly rent"), Text(220, 100, "$1,200.00"),
         Text(72, 130, "Notice"), Text(220, 130, "30 days")]  # fmt: skip
PAGES = (FIRST, SECOND, THIRD)
VALUES = {
    "site_id": "TX-0001", "lessor": "Ada Holdings", "effective_date": "2026-11-20", "parcel": "12-A",
    "monthly_rent_usd": "$1,200.00", "notice_days": "30 days",
}  # fmt: skip


def of_three_pages() -> Template:
    return draft(
        [read.page for read in Document(pdf(PAGES)).read_all()], "lease_amendment", VALUES, "Lease", 1, (), lambda *_: 0
    )


def ended(*pages: Page) -> list[tuple[str, frozenset[str]]]:
    templates = [of_three_pages(), LEASES]
    records = list(records_of(read_all(Document(pdf(pages)), templates), templates, "0" * 64))
    return [(record["kind"], end_of(record).codes - {"tower.doubtful"}) for record in records]


READ = ("lease_amendment", frozenset[str]())
MISSING = ("unknown", frozenset({"tower.unknown_template", "tower.page_missing"}))
TURNED = ("lease_amendment", frozenset({"tower.page_order"}))


@pytest.mark.parametrize(
    ("pages", "ends"),
    [
        ((FIRST, SECOND, THIRD), [READ]),
        ((FIRST, SECOND, THIRD, FIRST, SECOND, THIRD), [READ, READ]),
        ((FIRST, THIRD, SECOND), [TURNED]),
        ((THIRD, SECOND, FIRST), [TURNED]),
        ((FIRST, SECOND), [MISSING]),
        ((FIRST, THIRD), [MISSING]),
        ((SECOND, THIRD), [MISSING]),
        ((FIRST, SECOND, FIRST, SECOND, THIRD), [MISSING, READ]),
        ((FIRST, SECOND, page(LEASE)), [MISSING, READ]),
    ],
)
def test_a_form_has_all_of_its_pages_in_their_order(pages: Sequence[Page], ends: list[Any]) -> None:
    assert ended(*pages) == ends


def test_pages_in_another_order_are_read_as_what_they_are() -> None:
    (record,) = records_of(read_all(Document(pdf([THIRD, FIRST, SECOND])), [of_three_pages()]), [of_three_pages()], "0")

    assert {name: record[name] for name in ("site_id", "effective_date", "monthly_rent_usd")} == {
        "site_id": "TX-0001", "effective_date": "2026-11-20", "monthly_rent_usd": 1200,
    }  # fmt: skip
    assert (record["pages"], record["evidence"]["monthly_rent_usd"]["page"]) == ([1, 3], 1)


def numbered(number: int, of: int) -> Page:
    return [*page(LEASE, seed=number), Text(500, 770, f"Page {number} of {of}", 9)]


@pytest.mark.parametrize(
    ("numbers", "wrong"),
    [
        ([(1, 3), (2, 3), (3, 3)], [""] * 3),
        ([(1, 2), (2, 2), (1, 2), (2, 2)], [""] * 4),
        ([(1, 3), (3, 3)], ["page_missing", ""]),
        ([(2, 3), (3, 3)], ["page_missing", ""]),
        ([(1, 3), (2, 3)], ["", "page_missing"]),
        ([(1, 3), (2, 3), (1, 2), (2, 2)], ["", "page_missing", "", ""]),
        ([(2, 2), (1, 2)], ["page_missing", "page_missing"]),
        ([(1, 3), (3, 3), (2, 3)], ["page_missing", "page_order", "page_missing"]),
        ([(1, 1), (1, 1)], ["", ""]),
        ([(1, 2), None, (2, 2)], ["", "", ""]),
    ],
)
def test_the_numbers_that_pages_bear_follow_each_other(
    numbers: Sequence[tuple[int, int] | None], wrong: Sequence[str]
) -> None:
    said = [Printed(*one) if one else None for one in numbers]
    around = zip([None, *said], said, [*said[1:], None], strict=False)
    last = len(said) - 1

    assert [
        mark_of(here, before, after, at == 0, at == last) for at, (before, here, after) in enumerate(around)
    ] == wrong


def test_a_form_beside_which_a_page_is_missing_is_held() -> None:
    assert ended(numbered(1, 3), numbered(2, 3), numbered(3, 3)) == [READ, READ, READ]
    assert ended(numbered(1, 3), numbered(3, 3)) == [("lease_amendment", frozenset({"tower.page_missing"})), READ]
