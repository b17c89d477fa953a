"""Background processes, with real ones."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from penstock_ops.world import processes
from penstock_ops.world.processes import Process

#: Says that it is there, then waits for its end; on request it does not end when asked nicely.
WAITS = "print('there', flush=True); import threading; threading.Event().wait()"
IS_STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {WAITS}"
HAS_A_CHILD = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import threading; threading.Event().wait()"])
print(child.pid, flush=True)
child.wait()
"""


class Background:
    """Starts processes and waits for their first line."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[Process] = []

    def run(self, code: str) -> tuple[Process, str]:
        log = self._folder / f"{len(self._started)}.log"
        process = processes.start([sys.executable, "-c", code], environment={}, folder=self._folder, log=log)
        self._started.append(process)
        with log.open() as lines:
            while not (first := lines.readline()).endswith("\n"):
                assert process.runs(), "it ended without a word"
                lines.seek(0)
        return process, first.strip()

    def end(self) -> None:
        for process in self._started:
            processes.stop(process)


@pytest.fixture
def background(tmp_path: Path) -> Iterator[Background]:
    started = Background(tmp_path)
    yield started
    started.end()


def test_a_process_runs_until_it_is_stopped(background: Background) -> None:
    process, _ = background.run(WAITS)
    assert process.runs()

    processes.stop(process)

    assert not process.runs()


def test_a_process_that_does_not_listen_is_killed(background: Background, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "GRACE", 0.05)
    process, _ = background.run(IS_STUBBORN)

    processes.stop(process)
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(process.pid).wait(10)

    assert not process.runs()


def test_what_a_process_started_ends_with_it(background: Background) -> None:
    process, child = background.run(HAS_A_CHILD)

    processes.stop(process)

    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(int(child)).wait(10)
    assert not psutil.pid_exists(int(child))


def test_a_process_that_got_the_pid_of_an_old_one_is_left_alone(background: Background) -> None:
    # Given: our record names a process that has ended, whose pid another one has now.
    other, _ = background.run(WAITS)
    ours = Process(other.pid, ("something", "else"))

    # When
    processes.stop(ours)

    # Expect
    assert not ours.runs()
    assert other.runs()


def test_stopping_what_has_ended_is_no_error(background: Background) -> None:
    process, _ = background.run(WAITS)

    processes.stop(process)
    processes.stop(process)

    assert not process.runs()


def test_a_background_process_holds_no_output_of_ours_open(tmp_path: Path) -> None:
    # Given: a command that starts one and ends.
    code = f"""
import sys
from pathlib import Path
from penstock_ops.world import processes
process = processes.start(
    [sys.executable, "-c", {WAITS!r}], environment={{}}, folder=Path.cwd(), log=Path("log")
)
print(process.pid)
"""

    # When: whoever ran it reads its output to the end.
    ended = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        text=True,
        timeout=30,
        cwd=tmp_path,
    )

    # Expect: that end came although the process still runs.
    pid = int(ended.stdout)
    started = Process(pid, (sys.executable, "-c", WAITS))
    try:
        assert started.runs()
        assert os.getsid(pid) == pid
    finally:
        processes.stop(started)
