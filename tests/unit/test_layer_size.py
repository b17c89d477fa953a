"""The layers stay far from what Lambda takes: 250 MB of layers and code together, unzipped (AWS, Lambda quotas)."""

import re
from importlib.metadata import distribution
from pathlib import Path

import pytest

LAYERS = Path(__file__).parents[2] / "layers"


def size_of(layer: str) -> int:
    """Bytes of what a layer's lock names, and of our own in it, without bytecode."""
    pinned = re.findall(r"^([A-Za-z0-9_.-]+)==", (LAYERS / layer / "requirements.txt").read_text(), re.MULTILINE)
    files = [place for name in pinned for one in distribution(name).files or () if (place := Path(str(one.locate())))]
    own = [place for place in (LAYERS / layer).rglob("*") if "__pycache__" not in place.parts]
    return sum(place.stat().st_size for place in (*files, *own) if place.is_file() and place.suffix != ".pyc")


@pytest.mark.parametrize(
    ("layers", "most"),
    [
        (("penstock",), 80_000_000),  # it has 50 million, half of them descriptions of the services of AWS
        (("penstock", "documents"), 190_000_000),  # what the extractor has; bytecode takes a tenth more
    ],
    ids=["every function", "the extractor"],
)
def test_what_runs_in_aws_stays_far_from_what_lambda_takes(layers: tuple[str, ...], most: int) -> None:
    size = sum(map(size_of, layers))
    assert size < most, f"{size:,} bytes"
