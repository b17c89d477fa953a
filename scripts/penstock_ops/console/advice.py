"""What a screen adds to a code or a state: the sentence of the one, and what to type about the other."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from penstock.feeds import FEEDS
from penstock.model.tidied import TIDIED
from penstock_ops.feed_pages.description import described_whole

FINDINGS = Path(__file__).parents[3] / "docs/findings.md"


@cache
def sentences_of(feed: str) -> dict[str, str]:
    """What the findings of a feed say, by code, and those that any file can have."""
    if feed not in FEEDS:
        return _of_any_feed()
    own = {one["code"]: one["message"] for one in described_whole(FEEDS[feed])["findings"]}
    # What the model finds has the figures of the field in it: a count of them has only fields.
    return _of_any_feed() | {code: said for code, said in own.items() if not code.startswith("schema.")}


def _of_any_feed() -> dict[str, str]:
    """What the page of them says, where the checkout has it, and what was tidied."""
    page = FINDINGS.read_text(encoding="utf-8") if FINDINGS.exists() else ""
    rows = re.findall(r"^\| (`.+?`) \| (.+?) \| .+? \|$", page, re.MULTILINE)
    return TIDIED | {code: said for codes, said in rows for code in re.findall(r"`([a-z_.0-9]+)`", codes)}


def next_commands(report: Mapping[str, Any]) -> list[str]:
    """What to type next about a file, as its account is."""
    file_id, records = report["file_id"], report["records"]
    commands = {
        "rejected": f"penstock rejects {file_id} --output {file_id}.rejects.csv, mend it, and drop it again",
        "held": f"penstock held list --file {file_id}",
        "unknown": f"penstock unknown list --file {file_id}",
        "dead": f"penstock replay --file {file_id}, once the cause is mended",
    }
    return [command for outcome, command in commands.items() if records.get(outcome)]
