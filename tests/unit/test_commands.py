"""The command line keeps its word: every verb is documented, takes --json, and fails in one sentence."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from penstock_ops import cli

ROOT = Path(__file__).parents[2]
VERBS = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_and_option_is_in_the_documentation(verb: str) -> None:
    lines = [line for line in (ROOT / "docs/commands.md").read_text().splitlines() if f"`penstock {verb}" in line]
    assert len(lines) == 1, f"docs/commands.md should have one row for penstock {verb}"
    for parameter in VERBS[verb].params:
        for option in parameter.opts:
            if option.startswith("--") and option not in ("--json", "--stack"):
                assert option in lines[0], f"penstock {verb} {option} is not documented"


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
