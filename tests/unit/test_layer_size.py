"""The layer stays far from what Lambda takes: 250 MB of layers and code together, unzipped (AWS, Lambda quotas)."""

import re
from importlib.metadata import distribution
from pathlib import Path

LAYER = Path(__file__).parents[2] / "layers" / "penstock"
MOST = 80_000_000  #: bytes; it has 50 million, half of them descriptions of the services of AWS


def test_what_runs_in_aws_takes_less_than_a_third_of_what_lambda_takes() -> None:
    pinned = re.findall(r"^([A-Za-z0-9_.-]+)==", (LAYER / "requirements.txt").read_text(), re.MULTILINE)
    files = [place for name in pinned for one in distribution(name).files or () if (place := Path(str(one.locate())))]
    own = [place for place in LAYER.rglob("*") if "__pycache__" not in place.parts]
    size = sum(place.stat().st_size for place in (*files, *own) if place.is_file() and place.suffix != ".pyc")
    assert size < MOST, f"{size:,} bytes"
