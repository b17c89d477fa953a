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
from .tls import Identity

REGION = "us-east-1"
#: What every client of the local world signs with; MiniStack asks for nothing better.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

#: Functions are unpacked in memory where there is room: every cold start writes a package of thousands of files anew.
_MEMORY = Path("/dev/shm")
_ROOM = 2 * 1024**3  #: bytes

_RUN = "import sys; sys.path.insert(0, sys.argv.pop(1)); from ministack.app import main; main()"


def environment(endpoint: str, certificate: Path | None) -> dict[str, str]:
    """With these variables any AWS client talks to the MiniStack there."""
    return {
        **CREDENTIALS,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": REGION,
        **({"AWS_CA_BUNDLE": str(certificate)} if certificate else {}),
    }


def start(port: int, folder: Path, log: Path, strict: Identity | None = None, *, keeps: bool = False) -> Process:
    """A running MiniStack; `folder` takes its files, also those of the functions it unpacks. One that `keeps` what it
    has, when it is ended in order, begins with what the one before it has kept there.

    With an identity to show it is strict: it speaks TLS, and a function may do what its role grants and nothing else.

    Raises:
        CommandFailed: it does not come up.
    """
    temporary = _in_memory(folder) if _memory_will_do() else folder / "tmp"
    for needed in (folder, temporary):
        needed.mkdir(mode=0o700, parents=True, exist_ok=True)
    variables = {
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
        **({"PERSIST_STATE": "1", "S3_PERSIST": "1"} if keeps else {}),
        **(_strictness(strict) if strict else {}),
    }
    command = [str(project.lean_python()), "-I", "-c", _RUN, str(project.emulator_packages())]
    process = processes.start(command, environment=variables, folder=folder, log=log)
    try:
        await_ready("MiniStack", lambda: is_ready(port, strict.certificate if strict else None), process, log)
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


def _strictness(identity: Identity) -> dict[str, str]:
    """Roles and policies are enforced, those too that deny whatever comes without TLS. It may take port 443 of the
    loopback interface besides, if that is free."""
    return {
        "AUTH": "true",
        "USE_SSL": "1",
        "MINISTACK_SSL_CERT": str(identity.certificate),
        "MINISTACK_SSL_KEY": str(identity.key),
        # Its workers find it here: they trust what it shows.
        "AWS_CA_BUNDLE": str(identity.certificate),
    }


def is_ready(port: int, certificate: Path | None = None) -> bool:
    scheme = "https" if certificate else "http"
    return answers(f"{scheme}://127.0.0.1:{port}/_ministack/ready", certificate)
