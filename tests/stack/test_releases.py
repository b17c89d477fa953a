"""Releases as versions behind an alias, on a stack that had none: the mappings stay the ones they are, and go over.
In a world of its own, which is deployed five times.

MiniStack has versions and aliases, but no CodeDeploy: that calls go over bit by bit is the template's tests' to show.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock_ops import world as local_world
from tests.support.deployed import QUICK, Deployed, until
from tests.support.spots import csv_file, spot

STAGES = ("Splitter", "Extractor", "Validator", "Dispatcher")


class Releases:
    """A local world to which one release after another is deployed."""

    def __init__(self, home: Path) -> None:
        self._home, self._dropped = home, 0
        self.deployed = Deployed(local_world.current(home))

    def deploy(self, release: str) -> None:
        self.deployed.close()
        self.deployed = Deployed(local_world.up(home=self._home, port=0, parameters={"Release": release}))

    def called(self) -> dict[str, str]:
        """Mapping → the function or alias that it calls, of those that have releases."""
        listed = self.deployed.client("lambda").list_event_source_mappings()["EventSourceMappings"]
        called = {mapping["UUID"]: mapping["FunctionArn"].partition(":function:")[2] for mapping in listed}
        names = {self.deployed.outputs[f"{stage}FunctionName"] for stage in STAGES}
        return {uuid: function for uuid, function in called.items() if function.partition(":")[0] in names}

    def live(self) -> dict[str, str]:
        """Stage → the version that its alias calls."""
        functions = self.deployed.client("lambda")
        names = {stage: self.deployed.outputs[f"{stage}FunctionName"] for stage in STAGES}
        return {
            stage: functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
            for stage, name in names.items()
        }

    def delivers(self) -> None:
        """A file goes through."""
        self._dropped += 1
        file = self.deployed.drop(f"release-{self._dropped}.csv", csv_file([spot(self._dropped)]))
        assert self.deployed.ended(file)["records"]["delivered"] == 1


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Releases]:
    home = tmp_path_factory.mktemp("releases")
    try:
        with pytest.MonkeyPatch.context() as environment:
            for name, value in local_world.up(home=home, port=0).environment.items():
                environment.setenv(name, value)
            found = Releases(home)
            yield found
            found.deployed.close()
    finally:
        local_world.down(home)


@pytest.mark.prove
def test_a_stack_goes_over_to_releases_from_one_to_the_next_and_back(releases: Releases) -> None:
    # Given
    releases.delivers()
    before = releases.called()

    # When
    releases.deploy("0.3.0")

    # Expect
    assert releases.called() == {uuid: f"{function}:live" for uuid, function in before.items()}
    assert set(releases.live().values()) == {"1"}
    releases.delivers()

    # When
    releases.deploy("0.4.0")

    # Expect
    assert releases.called().keys() == before.keys()
    assert set(releases.live().values()) == {"2"}
    releases.delivers()
    functions = releases.deployed.client("lambda")
    for stage in STAGES:
        name = releases.deployed.outputs[f"{stage}FunctionName"]
        kept = functions.list_versions_by_function(FunctionName=name)["Versions"]
        assert [version["Version"] for version in kept] == ["$LATEST", "1", "2"], "one can go back to the first"

    # When
    releases.deploy('""')  # as `sam deploy` takes a text without letters

    # Expect
    assert releases.called() == before
    releases.delivers()


@pytest.mark.prove
def test_a_circuit_switches_the_mapping_of_the_alias(releases: Releases) -> None:
    # Given
    releases.deploy("0.5.0")
    stack = releases.deployed
    stack.configure(**QUICK)
    stack.configure(error_calls=1)
    stack.behave(mode="status", status=503)
    functions, queue = stack.client("lambda"), stack.queue("traffic").rpartition("/")[2]

    def polls() -> bool:
        (mapping,) = [
            one
            for one in functions.list_event_source_mappings()["EventSourceMappings"]
            if one["EventSourceArn"].endswith(f":{queue}")
        ]
        return mapping["State"] == "Enabled"

    # When
    stack.drop("circuit.csv", csv_file([spot(number) for number in range(300, 600)]))
    until(lambda: not polls(), "a mapping that is switched off")

    # When
    stack.calm()
    stack.recover()

    # Expect
    until(polls, "a mapping that is switched on")
