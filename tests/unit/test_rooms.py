"""The rooms of the house and the arrows between them: who may import from whom, and no circle anywhere."""

from functools import cache
from pathlib import Path

import pytest

from tests.support.house import ROOT, circles, floors, module_arrows, modules_of, room_arrows

CORE = ROOT / "layers/penstock/penstock"
COMMAND, TWINS = ROOT / "scripts/penstock_ops", ROOT / "scripts/penstock_testing"
HANDLERS = sorted(path.parent for path in (ROOT / "functions").glob("*/handler.py"))
EVERYTHING = (CORE, COMMAND, TWINS, *HANDLERS)


#: The core from its kernel up: which rooms each may ask, all of which stand above it here.
DRAWN = {
    "model": "",
    "formats": "model",
    "workbooks": "model formats",
    "ports": "model",
    "feeds": "model formats",
    "io": "model ports feeds",
    "outputs": "model formats ports feeds",
    "identity": "model ports feeds outputs",
    "account": "model formats ports feeds io outputs identity",
    "split": "model formats workbooks ports feeds io account",
    "extract": "model ports feeds io account split",
    "validate": "model formats ports feeds io outputs",
    "deliver": "model ports feeds io outputs identity account",
    "tabulate": "model ports feeds io outputs",
    "receipts": "model ports feeds io outputs",
    "notices": "model ports feeds io",
    "operate": "model ports feeds io outputs account split",
    "adapters": "model ports io feeds",
}


@cache
def arrows() -> dict[str, set[str]]:
    """The rooms of the core that each of them imports from."""
    found = room_arrows(modules_of(CORE))
    return {room.partition(".")[2]: {other.partition(".")[2] for other in others} for room, others in found.items()}


def test_there_are_arrows() -> None:
    assert "model" in arrows()["deliver"]
    assert "penstock_ops.check" in room_arrows(modules_of(COMMAND))["penstock_ops.verbs"]


def test_the_core_has_the_arrows_that_are_drawn_and_no_others() -> None:
    assert arrows() == {room: set(asked.split()) for room, asked in DRAWN.items()}


def test_every_room_asks_only_those_below_it() -> None:
    for place, asked in enumerate(DRAWN.values()):
        assert set(asked.split()) <= set(list(DRAWN)[:place])


def test_no_modules_import_each_other() -> None:
    """Be it at the top, in a function, or for types only; in the core, the handlers, the command or the twins."""
    assert circles(module_arrows(modules_of(*EVERYTHING))) == []


@pytest.mark.parametrize("house", [CORE, COMMAND], ids=["core", "command"])
def test_the_rooms_form_no_circle(house: Path) -> None:
    assert circles(room_arrows(modules_of(house))) == []


def test_from_a_handler_down_to_the_kernel_there_are_at_most_ten_floors() -> None:
    assert floors(room_arrows(modules_of(CORE, *HANDLERS))) <= 10


def test_the_kernel_needs_nobody() -> None:
    assert arrows()["model"] == set()


def test_no_stage_reaches_into_another() -> None:
    stages = {"split", "validate", "deliver"}

    assert {stage: arrows()[stage] & stages for stage in stages} == {stage: set[str]() for stage in stages}


def test_judging_knows_nothing_of_accounts() -> None:
    assert "account" not in arrows()["validate"]


def test_only_what_runs_in_aws_knows_the_adapters() -> None:
    assert [room for room, others in arrows().items() if "adapters" in others] == []


def test_what_the_verbs_ask_knows_nothing_of_verbs_and_screens() -> None:
    rooms = room_arrows(modules_of(COMMAND))
    above = {"penstock_ops.cli", "penstock_ops.verbs", "penstock_ops.console", "penstock_ops.web"}

    assert [room for room, others in rooms.items() if room not in above and others & above] == []


def test_a_circle_would_be_noticed(tmp_path: Path) -> None:
    """The test of the test."""
    house = tmp_path / "house"
    house.mkdir()
    for name, code in {
        "__init__": "",
        "one": "from house import two",
        "two": "def late() -> None:\n    from .three import deep",
        "three": "import house.one",
        "four": "from house.one import anything",
    }.items():
        (house / f"{name}.py").write_text(code)

    assert circles(module_arrows(modules_of(house))) == [["house.one", "house.three", "house.two"]]
    assert floors(module_arrows(modules_of(house))) == 2
