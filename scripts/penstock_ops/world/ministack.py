"""MiniStack: AWS's services on a port of this machine.

It runs functions with its own interpreter and hands them its own environment. So the interpreter is
one without packages (a function that forgot to declare one fails here as it would in AWS),
MiniStack is put on the path of its own process only, and the environment is made from nothing.
"""

import hashlib
import os
import shutil
from pathlib import Path

from . import processes, project
from .processes import Process
from .servers import answers, await_ready

REGION = "us-east-1"
#: What every client of the local world signs with; MiniStack asks for nothing better.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

#: Functions are unpacked in memory where there is room: every cold start writes a package of thousands of files anew.
_MEMORY = Path("/dev/shm")
_ROOM = 2 * 1024**3  #: bytes

_RUN = "import sys; sys.path.insert(0, sys.argv.pop(1)); from ministack.app import main; main()"


def start(port: int, folder: Path, log: Path) -> Process:
    """A running MiniStack; `folder` takes its files, also those of the functions it unpacks.

    Raises:
        CommandFailed: it does not come up.
    """
    temporary = _in_memory(folder) if _memory_will_do() else folder / "tmp"
    for needed in (folder, temporary):
        needed.mkdir(mode=0o700, parents=True, exist_ok=True)
    environment = {
        **CREDENTIALS,
        "PATH": os.defpath,
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "TMPDIR": str(temporary),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "STATE_DIR": str(folder / "state"),
        "S3_DATA_DIR": str(folder / "s3"),
        "AWS_DEFAULT_REGION": REGION,
        # Servers of services that Penstock does not use.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    }
    command = [str(project.lean_python()), "-I", "-c", _RUN, str(project.emulator_packages())]
    process = processes.start(command, environment=environment, folder=folder, log=log)
    try:
        await_ready("MiniStack", lambda: is_ready(port), process, log)
    except BaseException:
        processes.stop(process)
        raise
    return process


def clear(folder: Path) -> None:
    """Removes the files of a MiniStack that has ended."""
    for place in (folder, _in_memory(folder)):
        shutil.rmtree(place, ignore_errors=True)


def _in_memory(folder: Path) -> Path:
    return _MEMORY / f"penstock-{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]}"


def _memory_will_do() -> bool:
    """Whether there is a file system in memory, with room, from which programs may be run."""
    try:
        there = os.statvfs(_MEMORY)
    except OSError:
        return False
    runs = not there.f_flag & os.ST_NOEXEC
    return runs and os.access(_MEMORY, os.W_OK) and there.f_bavail * there.f_frsize >= _ROOM


def is_ready(port: int) -> bool:
    return answers(f"http://127.0.0.1:{port}/_ministack/ready")
