"""The runbook keeps up with what wakes somebody, and with what others listen to."""

import re
from pathlib import Path

import pytest
import typer.main

from penstock.feeds import FEEDS
from penstock_ops import cli
from tests.template.cloudformation import Template

ROOT = Path(__file__).parents[2]
RUNBOOK = (ROOT / "docs/operations.md").read_text()


@pytest.fixture(scope="module")
def rolled_out(template: Template) -> Template:
    """With every alarm that there may be."""
    return template.with_parameters(Release="0.3.0", Rollout="Canary10Percent5Minutes")


def test_every_alarm_has_its_entry(rolled_out: Template) -> None:
    of_a_feed = re.compile(f"^({'|'.join(feed.title() for feed in FEEDS)})(?=[A-Z])")
    alarms = {of_a_feed.sub("<Feed>", alarm) for alarm in rolled_out.of_type("AWS::CloudWatch::Alarm")}

    assert {alarm for alarm in alarms if f"`{alarm}`" not in RUNBOOK} == set()
    assert set(re.findall(r"`([\w<>]+Alarm)`", RUNBOOK)) - alarms == set()


def test_every_alarm_says_what_to_do(rolled_out: Template) -> None:
    """Whoever is woken by it may have nothing else at hand."""
    for name, alarm in rolled_out.of_type("AWS::CloudWatch::Alarm").items():
        said: str = alarm["AlarmDescription"]
        commands = re.findall(r"`penstock ([a-z ]+?)`", said)
        assert commands or re.search(r"(?:Look|Raise|Mend|Find|Deploy) ", said), name
        assert len(said) <= 1024, name
        for command in commands:
            assert verb_of(command), f"{name}: there is no verb {command}"


def verb_of(command: str) -> bool:
    """Whether there is such a verb, its arguments left aside."""
    group, *words = command.split()
    verbs = typer.main.get_command(cli.app).commands  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue, reportUnknownVariableType]
    within = getattr(verbs.get(group), "commands", None)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    return group in verbs and (within is None or words[0] in within)


def test_every_event_is_described() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "layers/penstock/penstock").rglob("*.py"))
    events = set(re.findall(r'(?:events\.put|_tell)\(\s*(?:ports,\s*)?"(\w+)"', sources))

    assert {"FileSettled", "CircuitOpened"} <= events
    assert {event for event in events if f"| `{event}` |" not in RUNBOOK} == set()
