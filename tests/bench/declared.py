"""A feed that is declared in YAML against the same feed in Python, both judged by the validator, in turn."""

from functools import partial
from typing import Any

from penstock.feeds.feed import Feed
from tests.bench.timing import cpu_seconds, in_turn, row
from tests.support.meters import METERS, declared_meters
from tests.support.reading import judge_file

RECORDS = 50_000


def measure() -> list[dict[str, Any]]:
    """CPU seconds a million records of each form, and how many records the declared one does for one of the other."""
    body = _readings()

    def judged(feed: Feed) -> float:
        return cpu_seconds(lambda: judge_file(feed, body))

    forms = {"in Python": METERS, "declared": declared_meters()}
    least = in_turn({name: partial(judged, feed) for name, feed in forms.items()})
    rows = [row(f"{name}: split and judged", seconds / RECORDS * 1e6, "s a million") for name, seconds in least.items()]
    return [*rows, row("declared, as a share of Python's speed", least["in Python"] / least["declared"], "times")]


def _readings() -> bytes:
    """A file of readings; each tenth is an estimate, each hundredth without its reason."""
    lines = ["Meter Number,Read Date,Value,Unit,Kind,Reason"]
    for number in range(RECORDS):
        reason = "" if number % 100 == 0 else "nobody at home"
        kind = f"estimated,{reason}" if number % 10 == 0 else "read,"
        lines.append(f"NW{number:06},2026-11-{1 + number % 28:02},{number}.5,m3,{kind}")
    return "\n".join([*lines, ""]).encode()
