"""The feeds: one module each, or one declaration in YAML. Reading it tells a newcomer everything about that feed."""

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from pathlib import Path

from penstock.feeds.feed import Feed
from penstock.model.errors import Refused


class Feeds(MutableMapping[str, Feed]):
    """Feeds by their names. A feed's module is imported, or its declaration read, when the feed is first asked for, so
    that whoever works on one feed waits for no other's: `traffic` is `TRAFFIC` of the module `traffic`, or what
    `traffic.yaml` beside the modules declares."""

    def __init__(self, *names: str) -> None:
        self._imported: dict[str, Feed | None] = dict.fromkeys(names)

    def __getitem__(self, name: str) -> Feed:
        feed = self._imported[name]
        if feed is None:
            feed = self._imported[name] = _feed_of(name)
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


def _feed_of(name: str) -> Feed:
    declaration = _declarations().get(name)
    if declaration is None:
        return getattr(import_module(f"{__name__}.{name}"), name.upper())
    # Reading YAML takes a while, and only who asks for such a feed shall wait for it.
    return import_module(f"{__name__}.declared.making").feed_of(declaration)


def _declarations() -> dict[str, Path]:
    """The YAML files beside the feeds' modules, by the names of their feeds."""
    return {path.stem: path for place in __path__ for path in sorted(Path(place).glob("*.yaml"))}


FEEDS = Feeds("traffic", "crew", "mro", "freight", "tower", *_declarations())


def feed_named(name: str) -> Feed:
    """The feed of that name.

    Raises:
        Refused: `format.unknown_feed`.
    """
    if name not in FEEDS:
        known = ", ".join(f"{feed}/" for feed in sorted(FEEDS))
        raise Refused("format.unknown_feed", f"the key's first part must name a feed; there are: {known}")
    return FEEDS[name]
