"""Each built function under AWS's Runtime Interface Emulator, as Lambda would start it.

It sees its own package, the layer and Lambda's runtime client, and nothing else: a dependency that
nobody declared, a handler that is not where the template says, or an init that reaches for the
network shows here before it shows in AWS.
"""

import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from penstock_ops.world import processes, project, sam, servers
from penstock_ops.world.processes import Process
from tests.template.cloudformation import Template

TEMPLATE = Template.read(project.TEMPLATE)
FUNCTIONS = TEMPLATE.functions()

#: Seconds until a call must have been answered, its init included.
ANSWER_WITHIN = 30.0

INIT_REPORT = re.compile(r"durationMs: ([0-9.]+)")


@dataclass(frozen=True)
class Emulator:
    url: str
    process: Process
    log: Path

    def invoke(self, event: Any) -> Any:
        request = urllib.request.Request(self.url, data=json.dumps(event).encode())
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_WITHIN) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            # It says no more than that the function could not be called; the reason is in the log.
            with error:
                pytest.fail(f"{error}\n{self.log.read_text()}")


@pytest.fixture(params=sorted(FUNCTIONS))
def function(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def emulator(function: str, build: Path, tmp_path: Path) -> Iterator[Emulator]:
    declared = FUNCTIONS[function]
    package = build / function
    python_path = [package, build / "PenstockLayer" / "python", project.runtime_client_packages()]
    port, runtime_port = servers.free_port(), servers.free_port()
    environment = {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        # As in Lambda, where what an import compiles cannot be kept; it would also spoil the build.
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.pathsep.join(map(str, python_path)),
        "LAMBDA_TASK_ROOT": str(package),
        "_HANDLER": declared["Handler"],
        "AWS_LAMBDA_FUNCTION_NAME": function,
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(declared["Timeout"]),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(declared["MemorySize"]),
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        **{name: str(value) for name, value in declared["Environment"]["Variables"].items()},
    }
    command = [
        str(project.runtime_emulator(sam.architecture())),
        *("--log-level", "info"),
        *("--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
        *("--runtime-api-address", f"127.0.0.1:{runtime_port}"),
        *(str(project.lean_python()), "-m", "awslambdaric", declared["Handler"]),
    ]
    log = tmp_path / "emulator.log"
    process = processes.start(command, environment=environment, folder=package, log=log)
    try:
        servers.await_ready("The emulator", lambda: servers.listens(port), process, log)
        url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
        yield Emulator(url, process, log)
    finally:
        processes.stop(process)


def test_it_starts_with_nothing_but_its_package_and_its_layer(
    function: str, emulator: Emulator, init_times: dict[str, float]
) -> None:
    # When
    answer = emulator.invoke({"Records": []})

    # Expect
    log = emulator.log.read_text()
    assert answer == {"batchItemFailures": []}, log
    report = INIT_REPORT.search(log)
    assert report, log
    init_times[function] = float(report[1])
