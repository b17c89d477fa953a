"""What an engine elsewhere reads on scans: laid where the templates look, and believed only where Tesseract agrees."""

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from penstock_documents import child, recognised
from penstock_documents.document import Document
from penstock_documents.drafting import draft
from penstock_documents.elsewhere import Recognised
from penstock_documents.forms import records_of
from penstock_documents.kept_pages import page_of
from penstock_documents.pdf import open_pdf
from penstock_documents.template import Registry, Template
from penstock_ops.samples.tower.paper import HEIGHT, WIDTH, Text, pdf, scanned

AUDIT = [
    Text(72, 72, "STRUCTURAL AUDIT REPORT", 14),
    Text(72, 120, "Site ID"),
    Text(220, 120, "TX-4711"),
    Text(72, 150, "Lessor"),
    Text(220, 150, "Ada Holdings"),
    Text(72, 180, "Monthly rent"),
    Text(220, 180, "$2,150.00"),
    Text(72, 210, "Effective date"),
    Text(220, 210, "2026-11-20"),
    Text(72, 260, "This amendment is made between the parties named above and changes nothing else."),
]
VALUES = {
    "site_id": "TX-4711",
    "lessor": "Ada Holdings",
    "monthly_rent_usd": "$2,150.00",
    "effective_date": "2026-11-20",
}

PAPER = pdf([AUDIT])
SCAN = scanned(PAPER)


@pytest.fixture(scope="module")
def template() -> Template:
    pages = [read.page for read in Document(PAPER).read_all()]
    return draft(pages, "lease_amendment", VALUES, "Lease", 1, tuple(VALUES), lambda *_: 0)


@pytest.fixture
def templates(tmp_path: Path, template: Template) -> Path:
    Registry(tmp_path / "templates").write(template)
    return tmp_path / "templates"


type Place = Callable[[float, float], tuple[float, float]]


def seen(misread: dict[str, str] | None = None, turned: Place = lambda x, y: (x, y)) -> Recognised:
    """As an engine sees the page that reads each word right, but for some; "" overlooks one."""
    words: list[tuple[str, float, Sequence[tuple[float, float]]]] = []
    for word in Document(PAPER).read(1).page.words:
        text = (misread or {}).get(word.text, word.text)
        left, top, right, bottom = word.box
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        if text:
            words.append((text, 0.999, [turned(x / WIDTH, y / HEIGHT) for x, y in corners]))
    return Recognised(words, engine="textract 1.0")


def record(template: Template, said: Recognised, scan: bytes = SCAN) -> dict[str, Any]:
    (one,) = records_of(Document(scan, {1: said}).read_all(), [template], "0" * 64)
    return one


def test_what_both_engines_read_is_a_value(template: Template) -> None:
    one = record(template, seen())

    assert {name: one[name] for name in VALUES} == VALUES | {"monthly_rent_usd": 2150}
    assert "doubts" not in one
    assert one["evidence"]["site_id"]["engine"] == "textract 1.0"
    assert one["route"] == "ocr"


@pytest.mark.parametrize(
    ("right", "wrong", "field"),
    [
        ("$2,150.00", "$2,750.00", "monthly_rent_usd"),
        ("TX-4711", "TX-4771", "site_id"),
        ("2026-11-20", "2026-11-26", "effective_date"),
    ],
)
def test_a_figure_that_an_engine_is_sure_of_and_the_other_reads_otherwise_is_doubted(
    template: Template, right: str, wrong: str, field: str
) -> None:
    """However sure: a wrong value that is accepted is the worst that can happen."""
    one = record(template, seen({right: wrong}))

    assert [doubt for doubt in one["doubts"] if doubt.startswith(f"{field}: one look reads {wrong}, another {right}")]


def test_a_value_that_the_engine_overlooks_is_no_blank(template: Template) -> None:
    one = record(template, seen({"$2,150.00": ""}))

    assert one["doubts"] == ["monthly_rent_usd: the reader is not sure of it"]


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_page_is_held_as_its_words_are_turned(template: Template, degrees: int) -> None:
    """Should Tesseract not have told which way is up: here it is not asked."""
    turn: dict[int, Place] = {
        90: lambda x, y: (1 - y, x),
        180: lambda x, y: (1 - x, 1 - y),
        270: lambda x, y: (y, 1 - x),
    }
    picture = Image.open(io.BytesIO(SCAN)).rotate(-degrees, expand=True)

    assert recognised.turned_by(picture.size, seen(turned=turn[degrees])) == degrees


def test_a_turned_page_is_read_as_it_is_held(template: Template, monkeypatch: pytest.MonkeyPatch) -> None:
    def lies_as_it_is(picture: Image.Image) -> Image.Image:
        return picture.convert("L")

    monkeypatch.setattr("penstock_documents.ocr.laid", lies_as_it_is)
    on_its_side = scanned(PAPER, turned=-90)

    one = record(template, seen(turned=lambda x, y: (1 - y, x)), on_its_side)

    assert {name: one[name] for name in VALUES} == VALUES | {"monthly_rent_usd": 2150}
    assert "doubts" not in one


def test_a_page_that_the_engine_could_not_read_says_why(tmp_path: Path, templates: Path, template: Template) -> None:
    document, elsewhere = tmp_path / "scan", tmp_path / "elsewhere"
    document.write_bytes(SCAN)
    elsewhere.write_text(json.dumps({"1": Recognised(failed="Amazon Textract could not read it (FAILED: X)")}))

    reads = [page_of(line) for line in child.read_pages(document, templates, 1, 1, 300, elsewhere)]

    (one,) = records_of(reads, [template], "0" * 64)
    assert (one["kind"], one["doubts"]) == ("unknown", ["page 1: Amazon Textract could not read it (FAILED: X)"])


def test_only_pages_that_need_it_are_pictured(tmp_path: Path, templates: Path) -> None:
    """A text that a template understands needs none, nor does an empty sheet; one that none understands is tried."""
    document = tmp_path / "mixed"
    document.write_bytes(pdf([AUDIT, [], [Text(72, 100, "A letter that no template has ever understood")]]))

    pages, pictures = child.pictures(document, templates, 1, 3, 300)

    assert pages == [3]
    opened = open_pdf(pictures)
    assert len(opened) == 1
    assert opened[0].get_size() == pytest.approx((WIDTH, HEIGHT), abs=0.5)


def test_a_picture_is_what_tesseract_would_read(tmp_path: Path, templates: Path) -> None:
    """Upright and level, so that both engines see the same places."""
    document = tmp_path / "scan"
    document.write_bytes(scanned(PAPER, turned=180))
    _, pictures = child.pictures(document, templates, 1, 1, 300)

    read = Document(pictures).read(1)
    first = min(read.page.words, key=lambda word: word.box.top)

    assert first.text == "STRUCTURAL"
