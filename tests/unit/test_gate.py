"""What README tells a newcomer to type is there, and the gate runs it."""

import re

import pytest

from penstock_ops.world.project import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
GATE = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def _commands(text: str) -> list[str]:
    """The lines that call make, without their remarks."""
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    return [line for line in lines if line.startswith("make ")]


def _verbs() -> set[str]:
    """What make can be asked for, suites by their names included."""
    suites = next(line for line in MAKEFILE.splitlines() if line.startswith("SUITES :=")).split()[2:]
    declared = next(line for line in MAKEFILE.splitlines() if line.startswith(".PHONY:"))
    return set(re.sub(r"\$\(.*?\)", "", declared).split()[1:]) | {f"test-{suite}" for suite in suites}


def test_readme_has_two_commands() -> None:
    assert _commands(README) == ["make demo", "make test"]


def test_the_gate_runs_what_readme_calls_the_tests() -> None:
    assert _commands(GATE) == ["make test", "make test-corpora"]


@pytest.mark.parametrize("command", sorted({*_commands(README), *_commands(GATE)}))
def test_make_knows_each(command: str) -> None:
    assert set(command.split()[1:]) <= _verbs()


def test_every_suite_is_part_of_the_tests() -> None:
    suites = {path.parent.name for path in (ROOT / "tests").glob("*/test_*.py")} - {"corpora"}

    assert {f"test-{suite}" for suite in suites} <= _verbs()
