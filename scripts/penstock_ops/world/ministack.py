"""MiniStack: AWS's services on a port of this machine.

It runs functions with its own interpreter and hands them its own environment. So the interpreter is
one without packages (a function that forgot to declare one fails here as it would in AWS),
MiniStack is put on the path of its own process only, and the environment is made from nothing.
"""

import os
from pathlib import Path

from . import processes, project
from .processes import Process
from .servers import answers, await_ready

REGION = "us-east-1"
#: What every client of the local world signs with; MiniStack asks for nothing better.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

_RUN = "import sys; sys.path.insert(0, sys.argv.pop(1)); from ministack.app import main; main()"


def start(port: int, folder: Path, log: Path) -> Process:
    """A running MiniStack; `folder` takes its files, also those of the functions it unpacks.

    Raises:
        CommandFailed: it does not come up.
    """
    temporary = folder / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
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


def is_ready(port: int) -> bool:
    return answers(f"http://127.0.0.1:{port}/_ministack/ready")
