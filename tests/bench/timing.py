"""Several ways to do a thing, in turn, in one run; and how much memory a thing takes in a process of its own."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

ROUNDS = 5


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds of this process for one run of it."""
    began = time.process_time()
    work()
    return time.process_time() - began


def in_turn(clocks: Mapping[str, Callable[[], float]], rounds: int = ROUNDS) -> dict[str, float]:
    """The median of what each clock shows, each read once a round: A B C A B C …"""
    shown = [{name: clock() for name, clock in clocks.items()} for _ in range(rounds)]
    return {name: median(one[name] for one in shown) for name in clocks}


def peak_megabytes(code: str, *arguments: str) -> float:
    """The peak memory of a fresh interpreter that runs this code."""
    # Not ru_maxrss: a child's begins with what its parent had.
    telling = f"{code}\nprint(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    done = subprocess.run([sys.executable, "-c", telling, *arguments], capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1]) / 1024


def children_cpu(command: list[str]) -> float:
    """CPU seconds of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def children_cpu_of(way: str, *arguments: str) -> float:
    """CPU seconds that `tests.bench.other_scripts` says its work took."""
    command = [sys.executable, "-m", "tests.bench.other_scripts", way, *arguments]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def cpu_of(pid: int) -> float:
    """CPU seconds of another process until now (proc(5), /proc/pid/stat: utime and stime)."""
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def row(figure: str, value: float, unit: str) -> dict[str, Any]:
    """A line of a table."""
    return {"figure": figure, "value": value, "unit": unit}
