"""What README tells a newcomer to type is there, and the gate runs it."""

import re
from functools import cache

import pytest

from penstock_ops.world.project import ROOT
from tests.prove import PROOFS

README = (ROOT / "README.md").read_text(encoding="utf-8")
GATE = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TESTING = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")


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


def test_what_is_marked_runs_in_make_prove() -> None:
    (verb, *_) = PROOFS["marked"]

    assert verb in _verbs()
    assert re.search(rf"^{verb}: .*\n\t\$\(PYTEST\) tests -m prove\b", MAKEFILE, re.MULTILINE)


def test_the_page_names_what_is_marked_and_nothing_else() -> None:
    section = TESTING.split("\n## What `make prove` adds\n")[1].partition("\n## ")[0]

    assert set(re.findall(r"^- `(\S+)`", section, re.MULTILINE)) == marked()


@pytest.mark.parametrize("page", ["testing.md", "requirements.md"])
def test_nothing_rests_on_what_is_marked_alone(page: str) -> None:
    """Each promise, requirement and row that names tests names one that runs for every commit."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8").split("\n## What `make prove` adds\n")
    parts = [part for half in text for part in re.split(r"^(?:- \*\*|\| )", half, flags=re.MULTILINE)]
    named = [tests for part in parts if (tests := set(re.findall(r"`(\w+/test_\w+\.py(?:::test_\w+)?)`", part)))]

    assert named
    assert [tests for tests in named if tests <= marked()] == []


@cache
def marked() -> set[str]:
    """The tests that are left to `make prove`, as the pages name tests."""
    decorated = re.compile(r"^@pytest\.mark\.prove\n(?:@.*\n(?:[ )].*\n)*)*(?:async )?def (test_\w+)", re.MULTILINE)
    return {
        f"{path.parent.name}/{path.name}::{name}"
        for path in (ROOT / "tests").glob("*/test_*.py")
        for name in decorated.findall(path.read_text(encoding="utf-8"))
    }


def test_every_mark_is_found() -> None:
    """The test of the test."""
    marks = sum(path.read_text().count("\n@pytest.mark.prove\n") for path in (ROOT / "tests").glob("*/test_*.py"))

    assert len(marked()) == marks > 0
