"""The demo API as a destination: a background server, and the one client it knows."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from penstock_ops.demo_api.settings import Settings

from . import processes
from .servers import await_ready
from .state import Server

_CLIENT = Settings()
#: What a dispatcher presents itself with, as it is kept in Secrets Manager.
CREDENTIALS = {"client_id": _CLIENT.client_id, "client_secret": _CLIENT.client_secret}


def start(options: Sequence[str], folder: Path, log: Path) -> Server:
    """A running demo API.

    Raises:
        CommandFailed: it does not come up.
    """
    # It says there on which port it listens, as soon as it does.
    port_file = folder / "demo-api.port"
    port_file.unlink(missing_ok=True)
    listen = ["--port", "0", "--port-file", str(port_file)]
    command = [sys.executable, "-m", "penstock_ops.demo_api", *listen, *options]
    environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "TZ": "UTC"}
    process = processes.start(command, environment=environment, folder=folder, log=log)
    try:
        await_ready("The demo API", port_file.exists, process, log)
        return Server(port=int(port_file.read_text()), process=process)
    except BaseException:
        processes.stop(process)
        raise


def url_of(server: Server, feed: str) -> str:
    return f"{server.url}/feeds/{feed}/records"


def token_url_of(server: Server) -> str:
    return f"{server.url}/oauth/token"
