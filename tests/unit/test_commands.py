"""The command line keeps its word: every verb is documented, takes --json, and fails in one sentence."""

import re
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from penstock_ops import cli
from penstock_ops.console.command_page import page
from penstock_ops.console.errors import WrongUse
from penstock_ops.console.nearest import ensure_known
from tests.support.command import Run
from tests.support.command import run as run

ROOT = Path(__file__).parents[2]


def verbs_of(group: Any, name: str = "") -> Mapping[str, Any]:
    """Every verb by its whole name, "dlq list"."""
    if not hasattr(group, "commands"):
        return {name: group}
    parts = [verbs_of(command, f"{name} {word}".strip()) for word, command in group.commands.items()]
    return {verb: command for part in parts for verb, command in part.items()}


VERBS = verbs_of(typer.main.get_command(cli.app))


def test_the_page_of_the_command_is_what_the_command_says() -> None:
    written = (ROOT / "docs/commands.md").read_text(encoding="utf-8")

    assert written == page(cli.app), "penstock --page > docs/commands.md"


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_and_option_says_what_it_is(verb: str) -> None:
    assert VERBS[verb].help
    assert [parameter.name for parameter in VERBS[verb].params if not parameter.help] == []


def test_what_a_verb_prints_for_machines_is_on_a_page() -> None:
    told = (ROOT / "docs/json.md").read_text(encoding="utf-8")

    named = {verb for verb in VERBS if verb not in NO_FORM and not verb.startswith("templates")}
    assert {verb for verb in named if f"`{verb}`" not in told} == set()


NO_FORM = {"digest", "sample", "up", "down", "demo", "rejects", "files", "adopt"}
"""What they print is plain from its names, or stands with `report`; so is what of a template is printed."""


@pytest.mark.parametrize("group", [(), ("dlq",), ("held",), ("unknown",), ("destination",)])
def test_without_a_verb_there_is_help_and_it_is_a_wrong_use(group: tuple[str, ...], run: Run) -> None:
    said = run(*group)

    assert (said.code, said.out) == (cli.Exit.FAILED, "")
    assert said.err.startswith("Usage: ")
    assert len(said.err.splitlines()) > 5


@pytest.mark.parametrize(
    ("shell", "words"),
    [
        ("bash", {"COMP_WORDS": "penstock probe tr", "COMP_CWORD": "2"}),
        ("zsh", {"_TYPER_COMPLETE_ARGS": "penstock probe tr"}),
        ("fish", {"_TYPER_COMPLETE_ARGS": "penstock probe tr", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}),
    ],
)
def test_a_shell_completes_feeds(shell: str, words: dict[str, str]) -> None:
    asked = CliRunner().invoke(
        cli.app, [], prog_name="penstock", env={"_PENSTOCK_COMPLETE": f"complete_{shell}", **words}
    )

    assert "traffic" in asked.output
    assert "crew" not in asked.output


def test_the_version(run: Run) -> None:
    said = run("--version")

    assert (said.code, said.out) == (0, f"penstock {version('penstock')}\n")


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_a_wrong_option_ends_with_3_wherever_it_stands(verb: str, run: Run) -> None:
    said = run(*verb.split(), "--no-such-option")

    assert said.code == cli.Exit.FAILED
    assert "--no-such-option" in said.err


@pytest.mark.parametrize(
    ("said", "known", "sentence"),
    [
        ("trafic", ["traffic", "crew"], "there is no feed trafic; did you mean traffic?"),
        ("x", ["traffic", "crew"], "there is no feed x; there are: crew, traffic"),
        ("x", [str(number) for number in range(100)], "there is no feed x"),
    ],
)
def test_what_is_mistyped_is_an_error_that_names_the_nearest(said: str, known: list[str], sentence: str) -> None:
    with pytest.raises(WrongUse) as wrong:
        ensure_known("feed", said, known)

    assert str(wrong.value) == sentence


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
        (["check", "no-such-file.csv"], "no-such-file.csv: no such file or directory"),
        (["sample", "no-such-feed"], "there is no sample of no-such-feed"),
        (["feeds", "trafic"], "there is no feed trafic; did you mean traffic?"),
        (["drop", "x.csv", "--feed", "crews"], "there is no feed crews; did you mean crew?"),
        (["probe", "fright"], "there is no feed fright; did you mean freight?"),
        (["--no-such-option"], "--no-such-option"),
        (["no-such-verb"], "No such command"),
        (["up", "--destination", "traffic"], "--destination takes FEED=URL"),
        (["dlq", "show", "no-such-queue"], "no-such-queue"),
        (["redrive", "--queue", "no-such-queue"], "Invalid value for '--queue': 'no-such-queue' is not one of"),
        (["redrive", "--limit", "0"], "--limit"),
        (["replay"], "Missing option '--file'"),
        (["unknown", "resolve", "x", "--note", "asked them"], "--delivered"),
        (["unknown", "resolve", "x", "--delivered"], "Missing option '--note'"),
        (["unknown", "resolve", "x", "--delivered", "--note", " "], "--note must say how you know"),
    ],
)
def test_a_failure_is_one_sentence_on_stderr_and_exit_code_3(arguments: list[str], sentence: str, run: Run) -> None:
    said = run(*arguments)

    assert (said.code, said.out) == (cli.Exit.FAILED, "")
    assert sentence in said.err
    assert len(said.err.splitlines()) == 1
    assert "Traceback" not in said.err
