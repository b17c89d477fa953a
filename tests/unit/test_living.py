"""The page about upgrade, rollback, restore, move and taking down: each command on it is there, and parses."""

import re
import shlex
import subprocess
from functools import cache
from pathlib import Path

import botocore.session
import pytest
import typer.main
from botocore import xform_name

from penstock_ops import cli
from penstock_ops.world import project
from tests.support.living import commands_of

PAGE = Path(__file__).parents[2] / "docs/living.md"
COMMANDS = commands_of(PAGE)
#: What the AWS CLI makes of several calls, and what it does beside any call.
OF_THE_CLI = {"sync", "rb"}
GLOBAL = {"--query", "--output"}


def of(program: str) -> list[str]:
    """The page's commands that begin so."""
    return [line for line in COMMANDS if line.split()[0] == program]


def test_the_page_tells_of_each_of_them() -> None:
    headings = re.findall(r"^## (.+)$", PAGE.read_text(), re.MULTILINE)

    assert headings[:-1] == ["Upgrade", "Roll back", "Restore", "Move to a new stack", "Take down"]
    assert {line.split()[0] for line in COMMANDS} == {"export", "aws", "git", "make", "sam", "penstock"}


@pytest.mark.parametrize("line", [line for line in of("aws") if line.split()[1] != "s3"])
def test_each_call_of_aws_is_one_with_these_parameters(line: str) -> None:
    service, operation, *words = shlex.split(line)[1:]
    options = {word for word in words if word.startswith("--")} - GLOBAL
    if operation == "wait":
        assert words[0].replace("-", "_") in waiters(service)
        return
    wanted = parameters(service, operation)
    assert options <= wanted.keys()
    assert {name for name, is_required in wanted.items() if is_required} <= options


def waiters(service: str) -> set[str]:
    """What can be waited for, in the spelling of a client."""
    model = botocore.session.Session().get_waiter_model(service)
    return {xform_name(name) for name in model.waiter_names}


def parameters(service: str, operation: str) -> dict[str, bool]:
    """An operation's options, and which of them are required; also in the negative, where they say yes or no."""
    model = botocore.session.Session().get_service_model(service)
    (found,) = [name for name in model.operation_names if xform_name(name, "-") == operation]
    shape = model.operation_model(found).input_shape
    options: dict[str, bool] = {}
    assert shape is not None
    for name, member in shape.members.items():
        option = xform_name(name, "-")
        options[f"--{option}"] = name in shape.required_members
        if member.type_name == "boolean":
            options[f"--no-{option}"] = False
    return options


@pytest.mark.parametrize("line", [line for line in of("aws") if line.split()[1] == "s3"])
def test_each_call_of_aws_s3_is_one_of_the_two_that_are_meant(line: str) -> None:
    assert line.split()[2] in OF_THE_CLI


@pytest.mark.parametrize("line", of("penstock"))
def test_each_verb_of_penstock_takes_these_options(line: str) -> None:
    group, words = typer.main.get_command(cli.app), shlex.split(line)[1:]
    command = group.commands[words[0]]  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue]
    taken = {option for parameter in command.params for option in parameter.opts}  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]

    assert {word for word in words if word.startswith("--")} <= taken


@pytest.mark.parametrize("line", sorted(set(of("sam"))))
def test_each_verb_of_sam_takes_these_options(line: str) -> None:
    _, verb, *words = shlex.split(line)

    assert {word for word in words if word.startswith("--")} <= set(options_of_sam(verb))


@cache
def options_of_sam(verb: str) -> tuple[str, ...]:
    """What the SAM CLI says that a verb takes."""
    asked = subprocess.run([project.sam(), verb, "--help"], capture_output=True, text=True, check=True)
    return tuple(re.findall(r"--[a-z][a-z-]+", asked.stdout))
