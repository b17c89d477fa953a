"""A local HTTP server in the background: finding it a port, waiting until it is ready."""

import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from .errors import CommandFailed, WorldError
from .logs import last_lines
from .processes import Process

#: Seconds a server may take until it is ready; on an idle machine it is less than one.
PATIENCE = 30.0
#: Seconds between two looks.
INTERVAL = 0.05


def free_port(preferred: int = 0) -> int:
    """The preferred port of the loopback interface if nobody has it, otherwise any."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            # As servers do it: a port whose last connections are still fading is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise WorldError("no port is free on 127.0.0.1")


def await_ready(name: str, ready: Callable[[], bool], process: Process, log: Path) -> None:
    """Returns once the server says that it is ready.

    Raises:
        CommandFailed: it ended, or it was not ready in time.
    """
    deadline = time.monotonic() + PATIENCE
    while not ready():
        if not process.runs() or time.monotonic() > deadline:
            raise CommandFailed(name, last_lines(log), log)
        time.sleep(INTERVAL)


def answers(url: str, certificate: Path | None = None) -> bool:
    """Whether a server answers there without an error; one that speaks TLS, by its certificate."""
    trusted = ssl.create_default_context(cafile=certificate)
    # Never by a proxy: the server is on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusted))
    try:
        with opener.open(url, timeout=PATIENCE):
            return True
    except (OSError, urllib.error.URLError):
        return False
