"""The command line keeps its word: every verb is documented, takes --json, and fails in one sentence."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import typer.main

from penstock_ops import cli

ROOT = Path(__file__).parents[2]


def verbs_of(group: Any, name: str = "") -> Mapping[str, Any]:
    """Every verb by its whole name, "dlq list"."""
    if not hasattr(group, "commands"):
        return {name: group}
    parts = [verbs_of(command, f"{name} {word}".strip()) for word, command in group.commands.items()]
    return {verb: command for part in parts for verb, command in part.items()}


VERBS = verbs_of(typer.main.get_command(cli.app))


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_and_option_is_in_the_documentation(verb: str) -> None:
    lines = [line for line in (ROOT / "docs/commands.md").read_text().splitlines() if f"`penstock {verb}" in line]
    assert len(lines) == 1, f"docs/commands.md should have one row for penstock {verb}"
    for parameter in VERBS[verb].params:
        for option in parameter.opts:
            if option.startswith("--") and option not in ("--json", "--stack"):
                assert option in lines[0], f"penstock {verb} {option} is not documented"


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda page: page.name
)
def test_every_verb_that_a_page_names_is_there(page: Path) -> None:
    called = re.findall(r"(?:`|^    )(?:\.venv/bin/)?penstock ([a-z]+(?: [a-z]+)?)", page.read_text(), re.MULTILINE)

    assert {words for words in called if words not in VERBS and words.split()[0] not in VERBS} == set()


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_takes_json(verb: str) -> None:
    assert "--json" in [option for parameter in VERBS[verb].params for option in parameter.opts]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["check", "no-such-file.csv"], "No such file or directory"),
        (["sample", "no-such-feed"], "there is no sample of no-such-feed"),
        (["no-such-verb"], "No such command"),
        (["up", "--destination", "traffic"], "--destination takes FEED=URL"),
        (["dlq", "show", "no-such-queue"], "no-such-queue"),
        (["redrive", "--queue", "no-such-queue"], "no-such-queue"),
        (["redrive", "--limit", "0"], "--limit"),
        (["replay"], "Missing option '--file'"),
        (["unknown", "resolve", "x", "--note", "asked them"], "--delivered"),
        (["unknown", "resolve", "x", "--delivered"], "Missing option '--note'"),
        (["unknown", "resolve", "x", "--delivered", "--note", " "], "--note must say how you know"),
    ],
)
def test_a_failure_is_one_sentence_on_stderr_and_exit_code_3(
    arguments: list[str], sentence: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", "from penstock_ops.cli import main; main()", *arguments]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == cli.Exit.FAILED
    assert done.stdout == ""
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr
