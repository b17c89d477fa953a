"""How a file is cut is decided once, when its first chunk is planned, and pinned in its row: whoever goes on with it,
be it another release with other limits, cuts it the same way."""

from dataclasses import asdict, replace

from penstock.feeds.feed import Feed, Limits
from penstock.model.errors import OtherCut
from penstock.model.messages import Cut, Layout
from penstock.model.versions import ensure_known

#: Rises when the same bytes under the same limits would be cut otherwise, be it by the planner or by a format. Whoever
#: raises it keeps the former way under its number for as long as files may be in the middle of it.
CUT = 1


def cut_of(feed: Feed) -> Cut:
    """How this release cuts a feed's files."""
    return Cut(version=CUT, group=feed.group, **asdict(feed.limits))


def layout_of(feed: Feed, head: bytes) -> Layout:
    """How a file that begins with `head` is read, and what the columns of its rejects are, from now on.

    Raises:
        Refused: the feed cannot read it.
    """
    layout = feed.recognise(head)
    return layout if layout.columns else layout.model_copy(update={"fields": tuple(feed.record.__annotations__)})


def feed_that_cuts(feed: Feed, cut: Cut) -> Feed:
    """The feed, with what decides how its files are cut as it was pinned.

    Raises:
        NewerRelease: a newer one has pinned its own way of cutting.
        OtherCut: this release does not know that way of cutting any more.
    """
    ensure_known("the file's cut", cut.version, CUT)
    if cut.version != CUT:
        raise OtherCut(f"the file's chunks were cut by version {cut.version}, and this release cuts by version {CUT}")
    return replace(feed, group=cut.group, limits=Limits(**cut.model_dump(exclude={"version", "group"})))
