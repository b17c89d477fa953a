"""Which feed a file on this machine is of: the one that was named, the one its folder names as a key would, or the one
whose records its own are most like.

Many a feed reads JSON or CSV, so that a file parses says little. Its first records are judged as each feed would: what
they lack of what every record of the feed needs, and what they have that the feed has no field for, tells them apart.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from penstock.feeds import FEEDS, feed_named
from penstock.feeds.feed import Feed
from penstock.formats.format import HEAD
from penstock.model.defects import at_a_file
from penstock.model.errors import PenstockError, Refused
from penstock.model.messages import Layout
from penstock.split.planner import Planner
from penstock.validate.judging import judge

LIKELY = 0.5  #: how well records must fit at least, for the feed that they fit best to be taken

type Choose = Callable[[Sequence[str]], str]
"""Asks somebody which of these feeds it is."""


class Undecided(PenstockError):
    """Raised where a file may be of several feeds, and nobody is there to be asked."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """A file's feed and layout. `guessed` says by what, where nobody named the feed."""

    feed: Feed
    layout: Layout
    guessed: str = ""


def recognise(head: bytes, name: str | None, path: Path, choose: Choose | None) -> Recognised:
    """The feed of a file that begins so.

    Raises:
        Refused: the feed cannot read it, or nobody can, whatever the feed.
        Undecided: several fit it alike, and nobody is there to be asked; or each feed refuses it in its own words.
    """
    folder = path.resolve().parent.name
    if name is not None or folder in FEEDS:
        feed = feed_named(name or folder)
        with at_a_file(feed.name):
            return Recognised(feed, feed.recognise(head), "" if name else "folder")
    reading = _readings(head)
    best = max(score for _, _, score in reading)
    # Who lacks most of what a feed needs is no more likely of that feed than of another.
    likely = {feed.name: (feed, layout) for feed, layout, score in reading if score == best or best < LIKELY}
    if len(likely) > 1 and choose is None:
        raise Undecided(f"it may be a file of {' or '.join(likely)}: say which with --feed")
    chosen = choose(list(likely)) if choose and len(likely) > 1 else next(iter(likely))
    feed, layout = likely[chosen]
    return Recognised(feed, layout, "content")


def _readings(head: bytes) -> list[tuple[Feed, Layout, float]]:
    """The feeds that can read it, and how well it fits each.

    Raises:
        Refused: there is none, and all say the same.
        Undecided: there is none, and each says something else.
    """
    found: list[tuple[Feed, Layout, float]] = []
    refusals: list[Refused] = []
    for feed in FEEDS.values():
        try:
            layout = feed.recognise(head)
        except Refused as refusal:
            refusals.append(refusal)
        else:
            found.append((feed, layout, _fit(feed, layout, head)))
    if found:
        return found
    if len({str(refusal) for refusal in refusals}) == 1:
        raise refusals[0]
    raise Undecided(
        f"no feed reads it: `penstock check --feed NAME` says why one does not; there are {', '.join(FEEDS)}"
    )


def _fit(feed: Feed, layout: Layout, head: bytes) -> float:
    """How well the first records of a file fit a feed: the share of what its records need that they have, without the
    share of their names that it has no field for."""
    lacking = records = 0
    unknown: set[str] = set(layout.unknown)
    try:
        planner = Planner(feed, layout, size=len(head))
        for span in (*planner.push(head), *planner.finish()):
            judgement = judge(feed, span.layout or layout, span, head[span.start : span.end])
            seen = judgement.rejected[:-1] if len(head) == HEAD else judgement.rejected  # its end cuts the last
            records += len(judgement.accepted) + len(seen)
            lacking += sum(finding.code == "schema.required" for one in seen for finding in one.findings)
            unknown |= judgement.unknown
    except Refused:
        return 0.0
    has = 1 - lacking / (records * (len(feed.required) or 1)) if records else 0.0
    return has - len(unknown) / (len(unknown) + len(feed.fields))
