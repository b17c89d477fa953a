"""By how much a scan lies askew: the angle at which its rows differ most from each other, as lines of writing and the
blanks between them do when they lie level (Postl's projection profiles, US patent 4,723,297)."""

from collections.abc import Iterator
from itertools import pairwise

from PIL import Image

FURTHEST = 6.0  #: degrees to either side; a page further askew was laid so
COARSE, FINE = 0.4, 0.1  #: degrees between two angles that are tried
ACROSS = 640  #: pixels that are enough to tell: lines of writing are still apart
MARGIN = 0.06  #: the share of a side that is left out: the scanner's own edges lie level


def straightened(picture: Image.Image) -> Image.Image:
    """The picture, in shades of grey, with its lines level."""
    degrees = skew_of(picture)
    if not degrees:
        return picture
    return picture.rotate(degrees, resample=Image.Resampling.BICUBIC, fillcolor=255)


def skew_of(picture: Image.Image) -> float:
    """By how many degrees against the clock it has to be turned."""
    across, down = MARGIN * picture.width, MARGIN * picture.height
    size = (ACROSS, max(1, round(ACROSS * picture.height / picture.width)))
    middle = (across, down, picture.width - across, picture.height - down)
    small = picture.resize(size, Image.Resampling.BOX, box=middle)
    about = max(_around(0.0, FURTHEST, COARSE), key=lambda angle: _unevenness(small, angle))
    return max(_around(about, COARSE, FINE), key=lambda angle: _unevenness(small, angle))


def _around(angle: float, furthest: float, step: float) -> Iterator[float]:
    """Angles, the nearest first: of equals that one is taken."""
    steps = round(furthest / step)
    yield from (round(angle + step * at, 3) for at in sorted(range(-steps, steps + 1), key=abs))


def _unevenness(picture: Image.Image, angle: float) -> int:
    turned = picture.rotate(angle, resample=Image.Resampling.BILINEAR, fillcolor=255)
    rows = turned.resize((1, turned.height), Image.Resampling.BOX).tobytes()
    return sum((above - below) ** 2 for above, below in pairwise(rows))
