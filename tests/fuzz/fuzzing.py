"""Runs a target in a process of its own, as libFuzzer ends its process, and reads what came of it."""

import os
import platform
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.cutting import PLAIN
from tests.fuzz.samples import TOKENS
from tests.fuzz.shrinking import shrunk
from tests.fuzz.targets import TARGETS

#: Whether there is a fuzzer for this machine: atheris has wheels for no other.
RUNS_HERE = sys.platform == "linux" and platform.machine() == "x86_64"
NOT_HERE = "atheris, the fuzzer, is for Linux on x86-64 only; tests/fuzz/test_mutants.py runs everywhere"

LARGEST = 4096  #: bytes of an input
WAYS = (PLAIN, bytes(4), b"\x07\x01\x02\x01", b"\x10\x06\x02\x82")  #: in which the samples are cut at first

_EXECUTIONS = re.compile(r"stat::number_of_executed_units: *(\d+)")
_COVERAGE = re.compile(r"cov: (\d+)")


@dataclass(frozen=True, slots=True)
class Run:
    """What came of some seconds: inputs tried, branches of the package met, and the shortest input that breaks the
    law, with what was said about it."""

    executions: int
    coverage: int
    found: bytes | None
    said: str


def fuzzed(name: str, seconds: int, seed: int = 0) -> Run:
    """Runs a target for so many seconds. The seed decides what is tried; 0 is another one each time.

    Raises:
        RuntimeError: there is no fuzzer here, or it failed itself.
    """
    if not RUNS_HERE:
        raise RuntimeError(NOT_HERE)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "corpus").mkdir()
        for number, data in enumerate(way + file for file in TARGETS[name].files for way in WAYS):
            (home / "corpus" / f"{number:03}").write_bytes(data)
        (home / "tokens").write_text("".join(f'"{_escaped(token)}"\n' for token in TOKENS))
        options = {
            "max_total_time": seconds, "max_len": LARGEST, "seed": seed, "dict": home / "tokens",
            "artifact_prefix": f"{home}/found-", "print_final_stats": 1, "timeout": 60, "rss_limit_mb": 2048,
        }  # fmt: skip
        command = [sys.executable, "-m", "tests.fuzz.worker", name]
        command += [*(f"-{option}={value}" for option, value in options.items()), f"{home}/corpus"]
        # The order of a set is part of what a seed decides.
        environment = os.environ | ({"PYTHONHASHSEED": str(seed)} if seed else {})
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, env=environment)
        said = done.stderr + done.stdout
        executions, coverage = _EXECUTIONS.search(said), _COVERAGE.findall(said)
        found = next(home.glob("found-*"), None)
        if executions is None or (done.returncode and not found):
            raise RuntimeError(f"the fuzzer itself failed:\n{said}")
        return Run(
            int(executions[1]),
            int(coverage[-1]) if coverage else 0,
            shrunk(TARGETS[name].check, found.read_bytes()) if found else None,
            said[said.find("=== Uncaught") :] if "=== Uncaught" in said else said[-2000:],
        )


def _escaped(token: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in token)
