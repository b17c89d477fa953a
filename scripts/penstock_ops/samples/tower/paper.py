"""Paper: PDFs of texts at their places, and scans of them. Knows nothing of how they are read."""

import io
from collections.abc import Sequence
from typing import Any, NamedTuple

WIDTH, HEIGHT = 612.0, 792.0  #: points of a letter page


class Text(NamedTuple):
    """A text on a page: points from the left, and from the top to its baseline's start."""

    left: float
    top: float
    text: str
    size: float = 10.0


type Page = Sequence[Text]


def pdf(pages: Sequence[Page], font: str = "Helvetica", width: float = WIDTH, height: float = HEIGHT) -> bytes:
    """A PDF of these pages (ISO 32000-1, 7.5), in one of the fonts that every reader has (9.6.2.2)."""
    objects: list[bytes] = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"",
        f"<</Type/Font/Subtype/Type1/BaseFont/{font}/Encoding/WinAnsiEncoding>>".encode(),
    ]
    kids: list[str] = []
    for page in pages:
        drawn = "".join(
            f"BT /F1 {one.size} Tf {one.left} {height - one.top} Td ({_escaped(one.text)}) Tj ET\n" for one in page
        ).encode("cp1252")
        kids.append(f"{len(objects) + 1} 0 R")
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {width} {height}]/Resources<</Font<</F1 3 0 R>>>>"
            f"/Contents {len(objects) + 2} 0 R>>".encode()
        )
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(drawn), drawn))
    objects[1] = f"<</Type/Pages/Count {len(pages)}/Kids[{' '.join(kids)}]>>".encode()
    out = io.BytesIO()
    out.write(b"%PDF-1.4\n")
    offsets: list[int] = []
    for number, body in enumerate(objects, 1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % offset for offset in offsets))
    out.write(b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start))
    return out.getvalue()


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def scanned(document: bytes, dpi: int = 300, turned: float = 0.0, kind: str = "TIFF") -> bytes:
    """A scan of a PDF: every page as a picture, turned by so many degrees against the clock. TIFF holds all pages,
    another kind the first one."""
    import pypdfium2 as pdfium  # type: ignore[import-untyped]
    from PIL import Image

    pictures: list[Image.Image] = []
    opened: Any = pdfium.PdfDocument(document)
    for number in range(len(opened)):
        picture: Image.Image = opened[number].render(scale=dpi / 72, grayscale=True).to_pil()
        if turned:
            picture = picture.rotate(turned, expand=turned % 90 == 0, fillcolor=255, resample=Image.Resampling.BICUBIC)
        pictures.append(picture)
    opened.close()
    out = io.BytesIO()
    more: dict[str, Any] = {"save_all": True, "append_images": pictures[1:]} if kind == "TIFF" else {}
    pictures[0].save(out, kind, dpi=(dpi, dpi), **more)
    return out.getvalue()
