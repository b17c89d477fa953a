"""Pictures of pages: TIFF of many pages, PNG, JPEG; bounded before they are unpacked."""

import io
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from penstock_documents.pdf import Unreadable

LARGEST = 120_000_000
"""Pixels of a page: 33 by 44 inches at 300 dpi. More is a bomb, or a map."""


LEAST_DOTS = 50  #: an inch; fewer are no scan's
OBLONG = (1.02, 4.1)  #: how many times as many dots one way make no squares; more is nonsense


class Pictures:
    """The pages of a file of pictures. One at a time is unpacked."""

    def __init__(self, source: Path | bytes) -> None:
        """Opens it.

        Raises:
            Unreadable: it is no picture, or a broken one.
        """
        Image.MAX_IMAGE_PIXELS = None
        with _named_faults():
            self._image: Image.Image = Image.open(io.BytesIO(source) if isinstance(source, bytes) else source)
            self._pages: int = getattr(self._image, "n_frames", 1)

    def __len__(self) -> int:
        return self._pages

    def page(self, number: int) -> tuple[Image.Image, float | None]:
        """A page, counted from 1, with its resolution in dots an inch, None where it does not say.

        Raises:
            Unreadable: it is broken, or an absurd one.
        """
        with _named_faults():
            self._image.seek(number - 1)
            if self._image.width * self._image.height > LARGEST:
                size = f"{self._image.width} by {self._image.height}"
                raise Unreadable(f"a picture of {size} dots; scan it at 300 dots an inch on paper's size")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._image.load()
            return _with_square_dots(_keeping_exif(self._image))


@contextmanager
def _named_faults() -> Generator[None]:
    """What pillow raises, as what it means."""
    try:
        yield
    except UnidentifiedImageError:
        raise Unreadable("the file is none of the pictures that are read: TIFF, PNG, JPEG") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise Unreadable(f"the picture is broken ({type(error).__name__}); scan it again") from None


def _keeping_exif(page: Image.Image) -> Image.Image:
    copy = page.copy()
    copy.info = dict(page.info)
    return copy


def _with_square_dots(page: Image.Image) -> tuple[Image.Image, float | None]:
    """The picture with as many dots an inch down as across, and how many; None where it does not say. A fax has twice
    as many across (ITU-T T.4, 204 by 98)."""
    across, down = (float(one) for one in page.info.get("dpi", (0, 0)))
    if min(across, down) < LEAST_DOTS:
        return page, across if across >= LEAST_DOTS else None
    finer = max(across, down)
    if not OBLONG[0] < finer / min(across, down) < OBLONG[1]:
        return page, across
    square = page.convert("L").resize(
        (round(page.width * finer / across), round(page.height * finer / down)), Image.Resampling.BICUBIC
    )
    square.info = dict(page.info)
    return square, finer
