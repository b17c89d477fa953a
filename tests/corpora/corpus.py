"""Real files of senders; they are not part of the project."""

import os
from pathlib import Path

import pytest


def _folder() -> Path:
    named = os.environ.get("PENSTOCK_CORPORA")
    if not named:
        raise pytest.UsageError("PENSTOCK_CORPORA must name the folder of the sample files: `make test-corpora`")
    return Path(named)


FOLDER = _folder()


def files(pattern: str) -> list[str]:
    """The names of the files that the pattern finds, below the folder."""
    found = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.glob(pattern) if path.is_file())
    assert found, f"no {pattern} below {FOLDER}"
    return found
