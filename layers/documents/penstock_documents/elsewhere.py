"""What an engine elsewhere has read of pages, as it is handed to the process that reads the document."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

type Corners = Sequence[tuple[float, float]]
"""A word's corners in shares of the page's width and height: with the clock, from its first letter's upper left."""


class Recognised(NamedTuple):
    """What was read of a page elsewhere: (text, how sure its reader is of it, corners) of each word. `failed` says why
    nothing was."""

    words: Sequence[tuple[str, float, Corners]] = ()
    failed: str = ""
    engine: str = ""


def load(path: Path) -> dict[int, Recognised]:
    """Pages by their numbers, as they were handed over: an object of them, each as a list."""
    return {int(number): Recognised(*page) for number, page in json.loads(path.read_bytes()).items()}
