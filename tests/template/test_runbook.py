"""The runbook keeps up with what wakes somebody, and with what others listen to."""

import re
from pathlib import Path

from penstock.feeds import FEEDS
from tests.template.cloudformation import Template

ROOT = Path(__file__).parents[2]
RUNBOOK = (ROOT / "docs/operations.md").read_text()


def test_every_alarm_has_its_entry(template: Template) -> None:
    of_a_feed = re.compile(f"^({'|'.join(feed.title() for feed in FEEDS)})(?=[A-Z])")
    alarms = {of_a_feed.sub("<Feed>", alarm) for alarm in template.of_type("AWS::CloudWatch::Alarm")}

    assert {alarm for alarm in alarms if f"`{alarm}`" not in RUNBOOK} == set()
    assert set(re.findall(r"`([\w<>]+Alarm)`", RUNBOOK)) - alarms == set()


def test_every_event_is_described() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "layers/penstock/penstock").rglob("*.py"))
    events = set(re.findall(r'(?:events\.put|_tell)\(\s*(?:ports,\s*)?"(\w+)"', sources))

    assert {"FileSettled", "CircuitOpened"} <= events
    assert {event for event in events if f"| `{event}` |" not in RUNBOOK} == set()
