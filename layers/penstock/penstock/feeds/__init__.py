"""The feeds: one module each. Reading it tells a newcomer everything about that feed."""

from penstock.feeds.crew import CREW
from penstock.feeds.feed import Feed
from penstock.feeds.freight import FREIGHT
from penstock.feeds.mro import MRO
from penstock.feeds.tower import TOWER
from penstock.feeds.traffic import TRAFFIC
from penstock.model.errors import Refused

FEEDS: dict[str, Feed] = {feed.name: feed for feed in (TRAFFIC, CREW, MRO, FREIGHT, TOWER)}


def feed_named(name: str) -> Feed:
    """The feed of that name.

    Raises:
        Refused: `format.unknown_feed`.
    """
    if name not in FEEDS:
        known = ", ".join(f"{feed}/" for feed in sorted(FEEDS))
        raise Refused("format.unknown_feed", f"the key's first part must name a feed; there are: {known}")
    return FEEDS[name]
