"""The locks: what the tests run on is what the layer takes to AWS, and nothing says where it came from."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYER = ROOT / "layers" / "penstock" / "requirements.txt"
APP = ROOT / "requirements" / "app.txt"
LOCKS = [*sorted((ROOT / "layers").glob("*/requirements.txt")), *sorted((ROOT / "requirements").glob("*.txt"))]

PIN = re.compile(r"[A-Za-z0-9._-]+==[^\s;]+( ; \S.*?)?( --hash=sha256:[0-9a-f]{64})+")


def pins(lock: Path) -> set[str]:
    """What a lock asks for, a line each: a version, and the digests of the files that may be it."""
    lines = re.sub(r" \\\n\s*", " ", lock.read_text()).splitlines()
    return {line for line in lines if line and not line.lstrip().startswith("#")}


def test_the_tests_run_on_the_versions_of_the_layer() -> None:
    assert pins(LAYER) <= pins(APP)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: f"{lock.parent.name}/{lock.name}")
def test_a_lock_pins_versions_with_their_digests_and_nothing_else(lock: Path) -> None:
    assert [line for line in pins(lock) if not PIN.fullmatch(line)] == []


def test_time_zones_come_with_the_layer() -> None:
    """Lambda's system has none; crew duties are judged by the clocks of their zones."""
    code = "from penstock.feeds.crew.times import is_zone; raise SystemExit(not is_zone('Europe/Berlin'))"
    assert (
        subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONTZPATH": ""}, check=False).returncode == 0
    )
