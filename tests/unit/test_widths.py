"""Every verb on a narrow terminal, a usual one and a wide one: an id, a key or an option is never cut. They are there
to be copied."""

import inspect
import io
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any, cast

import pytest
import typer.main
from typer.testing import CliRunner

from penstock_ops import cli
from penstock_ops.console import screens
from penstock_ops.console.visible import SafeConsole
from tests.unit.test_terminal import HOSTILE, MORE, NO_TEXTS, SCREENS

WIDTHS = (60, 80, 200)


def verbs(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Each verb's words, and the command behind them."""
    if hasattr(command, "commands"):
        for word, below in command.commands.items():
            yield from verbs(below, f"{name} {word}".strip())
    else:
        yield name, command


VERBS = dict(verbs(typer.main.get_command(cli.app)))


def named(told: Any, numbers: Iterator[int]) -> Any:
    """What a screen is given, with an id of its own in each place."""
    if told == HOSTILE:
        return f"4c9e4c9d6dd5e4d7{next(numbers):04x}-000123-007"
    if isinstance(told, Mapping):
        parts = cast(Mapping[Any, Any], told).items()
        return {named(name, numbers): named(part, numbers) for name, part in parts}
    if isinstance(told, list):
        return [named(part, numbers) for part in cast(list[Any], told)]
    return told


def printed(name: str, told: Any, width: int, monkeypatch: pytest.MonkeyPatch) -> str:
    out = io.StringIO()
    console = SafeConsole(file=out, width=width, force_terminal=True, color_system=None, soft_wrap=True)
    monkeypatch.setattr(screens, "out", console)
    screen: Callable[[Any], None] = getattr(screens, name)
    screen(told)
    return out.getvalue()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("name", "told"), [*SCREENS.items(), *MORE])
def test_no_screen_cuts_an_id(name: str, told: Any, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with_ids = named(told, count())
    if name == "answered":
        with_ids["columns"] = list(with_ids["rows"][0])
    ids = re.compile(r"4c9e4c9d6dd5e4d7[0-9a-f]{4}-000123-007")

    whole = set(ids.findall(printed(name, with_ids, 4000, monkeypatch)))

    assert whole
    assert set(ids.findall(printed(name, with_ids, width, monkeypatch))) == whole


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_shows_itself_on_a_screen_that_is_tried_here(verb: str) -> None:
    """Or prints what is no screen: a file, or lines for machines."""
    module = inspect.getmodule(VERBS[verb].callback)
    assert module
    # The callback is Typer's own, around the function of the verb.
    used = set(re.findall(r"screens\.(\w+)", inspect.getsource(module))) - {"out", "err"}
    assert used <= SCREENS.keys() | NO_TEXTS


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("verb", VERBS)
def test_no_verbs_help_cuts_an_option(verb: str, width: int) -> None:
    options = [name for one in VERBS[verb].params for name in one.opts if name.startswith("--")]

    environment = {"COLUMNS": str(width), "TERMINAL_WIDTH": str(width)}
    shown = CliRunner().invoke(cli.app, [*verb.split(), "--help"], env=environment)

    assert shown.exit_code == 0
    for option in options:
        assert re.search(rf"{re.escape(option)}\b", shown.output), option
