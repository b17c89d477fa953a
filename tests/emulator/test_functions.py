"""Each built function under AWS's Runtime Interface Emulator.

A dependency that nobody declared, a handler that is not where the template says, or an init that
reaches for the network shows here before it shows in AWS.
"""

import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock_ops.world import project
from penstock_ops.world.emulated import layers_of
from tests.support.runtime import Started, started
from tests.template.cloudformation import Template

TEMPLATE = Template.read(project.TEMPLATE)
FUNCTIONS = TEMPLATE.functions()
BY_SCHEDULE = {schedule.function for schedule in TEMPLATE.schedules()}


@pytest.fixture(params=sorted(FUNCTIONS))
def function(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def runtime(function: str, build: Path, tmp_path: Path) -> Iterator[Started]:
    declared, layers = FUNCTIONS[function], layers_of(build, function)
    with started(function, declared, build / function, layers, tmp_path / "emulator.log") as running:
        yield running


def test_it_starts_with_nothing_but_its_package_and_its_layer(
    function: str, runtime: Started, init_times: dict[str, float]
) -> None:
    # When
    try:
        answer = runtime.invoke({"Records": []})
    except urllib.error.HTTPError as error:
        with error:
            pytest.fail(f"{error}\n{runtime.log.read_text()}")

    # Expect
    took = runtime.init_milliseconds()
    if function in BY_SCHEDULE:
        # It asks for nothing that a schedule asks for; what does would need the network.
        assert answer["errorType"] == "MalformedMessage", runtime.log.read_text()
    else:
        assert answer == {"batchItemFailures": []}, runtime.log.read_text()
    assert took is not None, runtime.log.read_text()
    init_times[function] = took
