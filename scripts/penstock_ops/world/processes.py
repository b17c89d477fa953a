"""Programs that go on after the command that started them has ended."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

#: Seconds a program has to end by itself; MiniStack sometimes does not.
GRACE = 3.0


@dataclass(frozen=True, slots=True)
class Process:
    """A process that is still ours as long as both agree: its pid may by now be somebody else's."""

    pid: int
    command: tuple[str, ...]

    def runs(self) -> bool:
        return _find(self) is not None


def start(command: Sequence[str], *, environment: Mapping[str, str], folder: Path, log: Path) -> Process:
    """Runs a command in that folder, in a session of its own.

    It holds nothing of ours open: whoever reads our output to its end need not wait for it.
    """
    with log.open("wb") as output:
        child = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    # It is meant to outlive this object, which would complain about that when it is collected.
    child.returncode = 0
    _await_command_line(child.pid)
    return Process(child.pid, tuple(command))


def stop(process: Process, grace: float = GRACE) -> None:
    """Ends that process, within the grace in its own way, and all it started in its session; nothing if it is gone."""
    leader = _find(process)
    if leader is None:
        return
    _signal_group(process, signal.SIGTERM)
    with contextlib.suppress(psutil.TimeoutExpired):
        leader.wait(grace)
    # Also when it ended in time: its children need not have. While one of them lives, the group's
    # number is given to nobody else.
    _signal_group(process, signal.SIGKILL)
    with contextlib.suppress(psutil.TimeoutExpired):
        leader.wait(GRACE)


def _await_command_line(pid: int) -> None:
    """Popen returns a moment before the system shows the new command line, by which we know it."""
    with contextlib.suppress(psutil.NoSuchProcess):
        while not psutil.Process(pid).cmdline():
            time.sleep(0.001)


def _find(process: Process) -> psutil.Process | None:
    """That process, unless it ended; one that ended and was not waited for has no command line."""
    try:
        found = psutil.Process(process.pid)
        return found if tuple(found.cmdline()) == process.command else None
    except psutil.NoSuchProcess:
        return None


def _signal_group(process: Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
