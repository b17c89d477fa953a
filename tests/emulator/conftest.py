"""Built functions, as `sam build` leaves them for this machine, and the init times they took."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock_ops.world import project, sam

INIT_TIMES = pytest.StashKey[dict[str, float]]()


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder that holds the built functions and the layer; nobody builds over it meanwhile."""
    log = tmp_path_factory.mktemp("build") / "sam-build.log"
    with sam.built(project.TEMPLATE, log) as template:
        yield template.parent


@pytest.fixture(scope="session")
def init_times(pytestconfig: pytest.Config) -> dict[str, float]:
    """Function → milliseconds; printed at the end."""
    return pytestconfig.stash.setdefault(INIT_TIMES, {})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    times = config.stash.get(INIT_TIMES, {})
    if times:
        terminalreporter.section("init under the Runtime Interface Emulator")
        for function, milliseconds in times.items():
            terminalreporter.write_line(f"{function:<20} {milliseconds:6.0f} ms")
