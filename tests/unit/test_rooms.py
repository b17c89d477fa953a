"""The rooms of the core and the arrows between them: which package may import from which, and no circle anywhere."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

CORE = Path(__file__).parents[2] / "layers" / "penstock" / "penstock"


def imports_of(module: Path) -> set[str]:
    """The packages of the core that a module imports from, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] == "penstock":
            package = node.module.partition(".")[2].partition(".")[0]
            found |= {package} if package else {alias.name for alias in node.names}
    return found


def arrows() -> dict[str, set[str]]:
    """The packages that each package imports from, but for itself."""
    rooms = sorted(folder for folder in CORE.iterdir() if (folder / "__init__.py").exists())
    return {
        room.name: set[str]().union(*(imports_of(module) for module in room.rglob("*.py"))) - {room.name}
        for room in rooms
    }


def test_there_are_arrows() -> None:
    assert "model" in arrows()["deliver"]


def test_the_rooms_form_no_circle() -> None:
    assert list(TopologicalSorter(arrows()).static_order())


def test_the_kernel_needs_nobody() -> None:
    assert arrows()["model"] == set()


def test_no_stage_reaches_into_another() -> None:
    stages = {"split", "validate", "deliver"}

    assert {stage: arrows()[stage] & stages for stage in stages} == {stage: set[str]() for stage in stages}


def test_judging_knows_nothing_of_accounts() -> None:
    assert "account" not in arrows()["validate"]


def test_only_what_runs_in_aws_knows_the_adapters() -> None:
    assert [room for room, others in arrows().items() if "adapters" in others] == []
