"""Files under docs/feeds/examples, one a feed, with a fault or more: judged as a drop of them would be."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from penstock.feeds.feed import Feed
from penstock.formats.format import HEAD
from penstock.model.findings import Finding
from penstock.split.planner import Planner
from penstock.validate.judging import judge
from penstock_ops.check.in_file import Judge, Repeats
from penstock_ops.check.operator_settings import OperatorSettings


@dataclass(frozen=True, slots=True)
class Example:
    """A file's text, and what is found in its records, by their places."""

    name: str
    text: str
    found: dict[int, tuple[Finding, ...]]


def example_of(feed: Feed, folder: Path) -> Example | None:
    """The feed's example, if it has one."""
    path = next(iter(sorted(folder.glob(f"{feed.name}.*"))), None)
    if path is None:
        return None
    body = path.read_bytes()
    return Example(path.name, body.decode(), judged(feed, body))


def judged(feed: Feed, body: bytes) -> dict[int, tuple[Finding, ...]]:
    """The findings of a small file's records, by their places: of the model and the rules, and of what is judged beside
    other records, with nothing known from earlier files."""
    layout = feed.recognise(body[:HEAD])
    planner = Planner(feed, layout, size=len(body))
    check_in_file = Judge(feed, OperatorSettings()).judge if feed.examination or feed.revision else Repeats(feed).judge
    found: defaultdict[int, tuple[Finding, ...]] = defaultdict(tuple)
    for span in [*planner.push(body), *planner.finish()]:
        judgement = judge(feed, span.layout or layout, span, body[span.start : span.end])
        for one in (*judgement.rejected, *judgement.flagged):
            found[one.ordinal] += one.findings
        flags = {one.ordinal: one.findings for one in judgement.flagged}
        in_file = check_in_file(span.chunk, judgement.accepted, flags)
        for ordinal, findings in (in_file.rejected | in_file.flagged).items():
            found[ordinal] += findings
    return dict(sorted(found.items()))
