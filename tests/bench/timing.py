"""Two ways to do a thing, in turn, in one run; and how much memory a thing takes in a process of its own."""

import resource
import subprocess
import sys
import time
from collections.abc import Callable

ROUNDS = 5


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds of this process for one run of it."""
    began = time.process_time()
    work()
    return time.process_time() - began


def best_of_both(ours: Callable[[], object], baseline: Callable[[], object]) -> tuple[float, float]:
    """The shortest CPU times of both, run in turn: A B A B …"""
    pairs = [(cpu_seconds(ours), cpu_seconds(baseline)) for _ in range(ROUNDS)]
    return min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)


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
