"""The feeds: one module each. Reading it tells a newcomer everything about that feed."""

from collections.abc import Iterator, MutableMapping
from importlib import import_module

from penstock.feeds.feed import Feed
from penstock.model.errors import Refused


class Feeds(MutableMapping[str, Feed]):
    """Feeds by their names. A feed's module is imported when the feed is first asked for, so that whoever works on one
    feed waits for no other's: `traffic` is `TRAFFIC` of the module `traffic`."""

    def __init__(self, *names: str) -> None:
        self._imported: dict[str, Feed | None] = dict.fromkeys(names)

    def __getitem__(self, name: str) -> Feed:
        feed = self._imported[name]
        if feed is None:
            feed = self._imported[name] = getattr(import_module(f"{__name__}.{name}"), name.upper())
        return feed

    def __setitem__(self, name: str, feed: Feed) -> None:
        self._imported[name] = feed

    def __delitem__(self, name: str) -> None:
        del self._imported[name]

    def __contains__(self, name: object) -> bool:
        return name in self._imported

    def __iter__(self) -> Iterator[str]:
        return iter(self._imported)

    def __len__(self) -> int:
        return len(self._imported)


FEEDS = Feeds("traffic", "crew", "mro", "freight", "tower")


def feed_named(name: str) -> Feed:
    """The feed of that name.

    Raises:
        Refused: `format.unknown_feed`.
    """
    if name not in FEEDS:
        known = ", ".join(f"{feed}/" for feed in sorted(FEEDS))
        raise Refused("format.unknown_feed", f"the key's first part must name a feed; there are: {known}")
    return FEEDS[name]
