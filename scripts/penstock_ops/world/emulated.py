"""Built functions under AWS's Runtime Interface Emulator, as Lambda would start them.

A function sees its own package, the layer and Lambda's runtime client, and nothing else.
"""

import json
import os
import re
import socket
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from . import processes, project, sam, servers

#: Seconds until a call must have been answered, its init included.
ANSWER_WITHIN = 30.0

_INIT_REPORT = re.compile(r"durationMs: ([0-9.]+)")


@dataclass(frozen=True, slots=True)
class Function:
    """What Lambda is told of a function: its name, its handler, its limits (seconds and MiB) and its environment."""

    name: str
    handler: str
    timeout: int
    memory: int
    variables: Mapping[str, str]


@dataclass(frozen=True)
class Started:
    """A function that waits for its first call."""

    url: str
    log: Path
    process: processes.Process

    def invoke(self, event: Any, seconds: float = ANSWER_WITHIN) -> Any:
        """The function's answer.

        Raises:
            HTTPError: the function could not be called; the reason is in the log.
        """
        request = urllib.request.Request(self.url, data=json.dumps(event).encode())
        # On this machine: never by a proxy.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=seconds) as answer:
            return json.load(answer)

    def cpu_milliseconds(self) -> float:
        """What the emulator and the function have used of the processor until now."""
        emulator = psutil.Process(self.process.pid)
        used = [one.cpu_times() for one in (emulator, *emulator.children(recursive=True))]
        return 1000 * sum(one.user + one.system for one in used)

    def init_milliseconds(self) -> float | None:
        """How long its init took, once it was called."""
        report = _INIT_REPORT.search(self.log.read_text())
        return float(report[1]) if report else None


def layers_of(build: Path, name: str) -> list[Path]:
    """What a function has beside its package, of a build: the core, one's own feeds, and what only it needs."""
    of_its_own = {"extractor": "DocumentsLayer", "tabulator": "TablesLayer"}.get(name.lower().removesuffix("function"))
    return [build / layer for layer in ("PenstockLayer", "FeedsLayer", of_its_own) if layer]


@contextmanager
def started(function: Function, package: Path, layers: Sequence[Path], log: Path) -> Generator[Started]:
    """A function from the folder that its build is in.

    Raises:
        CommandFailed: the emulator does not come up.
    """
    port, runtime_port = servers.free_port(), servers.free_port()
    paths = (package, *(layer / "python" for layer in layers), project.packages_of("ric"))
    environment = {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        # As in Lambda, where what an import compiles cannot be kept; it would also spoil the build.
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "LAMBDA_TASK_ROOT": str(package),
        "_HANDLER": function.handler,
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function.timeout),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        **function.variables,
    }
    command = [
        str(_emulator(sam.architecture())),
        *("--log-level", "info"),
        *("--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
        *("--runtime-api-address", f"127.0.0.1:{runtime_port}"),
        *(str(project.lean_python()), "-m", "awslambdaric", function.handler),
    ]
    process = processes.start(command, environment=environment, folder=package, log=log)
    try:
        servers.await_ready("The emulator", lambda: _listens(port), process, log)
        yield Started(f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations", log, process)
    finally:
        processes.stop(process)


def _emulator(machine: str) -> Path:
    """AWS's Runtime Interface Emulator, which ships inside the SAM CLI."""
    return project.packages_of("sam") / "samcli" / "local" / "rapid" / f"aws-lambda-rie-{machine}"


def _listens(port: int) -> bool:
    """Whether somebody accepts connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
