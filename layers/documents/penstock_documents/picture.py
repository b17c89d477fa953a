"""Pictures of pages: TIFF of many pages, PNG, JPEG; bounded before they are unpacked."""

import io
import warnings
from collections.abc import Iterator

from PIL import Image, ImageSequence, UnidentifiedImageError

from penstock_documents.pdf import Unreadable

LARGEST = 120_000_000
"""Pixels of a page: 33 by 44 inches at 300 dpi. More is a bomb, or a map."""


def pictures_of(body: bytes) -> Iterator[tuple[Image.Image, float | None]]:
    """A file's pages, each with its resolution in dots an inch, None where it does not say.

    Raises:
        Unreadable: it is no picture, a broken or an absurd one.
    """
    Image.MAX_IMAGE_PIXELS = None
    try:
        with Image.open(io.BytesIO(body)) as image:
            for page in ImageSequence.Iterator(image):
                if page.width * page.height > LARGEST:
                    raise Unreadable(
                        f"a picture of {page.width} by {page.height} dots; scan it at 300 dots an inch on paper's size"
                    )
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    page.load()
                yield _keeping_exif(page), _dpi(page)
    except UnidentifiedImageError:
        raise Unreadable("the file is none of the pictures that are read: TIFF, PNG, JPEG") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise Unreadable(f"the picture is broken ({type(error).__name__}); scan it again") from None


def _keeping_exif(page: Image.Image) -> Image.Image:
    copy = page.copy()
    copy.info = dict(page.info)
    return copy


def _dpi(page: Image.Image) -> float | None:
    across = page.info.get("dpi", (0, 0))[0]
    return float(across) if across and float(across) >= 50 else None
