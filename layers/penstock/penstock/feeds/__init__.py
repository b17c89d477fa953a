"""The feeds: one module each, or one declaration in YAML. Reading it tells a newcomer everything about that feed.

Five come with Penstock. Feeds of one's own are found: modules and declarations of the namespace package
`penstock_feeds`, which no release of Penstock has anything in.
"""

from collections.abc import Iterable, Iterator, MutableMapping
from importlib import import_module
from pathlib import Path

from penstock.feeds.feed import Feed
from penstock.model.errors import Refused

SHIPPED = ("traffic", "crew", "mro", "freight", "tower")
"""The feeds that come with Penstock, each a module here."""

PACKAGE = "penstock_feeds"
"""The namespace package of one's own feeds, wherever on the path its folders are."""


def found_in(places: Iterable[str], shipped: Iterable[str] = SHIPPED) -> dict[str, Path]:
    """Feeds of one's own by their names: modules, packages, and declarations in YAML. What begins with `_` is none.

    Raises:
        ImportError: two feeds are called the same, so that nobody could tell which a file is of.
    """
    found: dict[str, Path] = dict.fromkeys(shipped, Path(__file__))
    own: dict[str, Path] = {}
    for path in (path for place in places for path in sorted(Path(place).iterdir())):
        is_feed = path.suffix in (".py", ".yaml") or (path / "__init__.py").is_file()
        if path.name.startswith(("_", ".")) or not is_feed:
            continue
        if path.stem in found:
            raise ImportError(f"two feeds are called {path.stem}: {found[path.stem]} and {path}; rename one of them")
        own[path.stem] = found[path.stem] = path
    return own


def _places() -> Iterable[str]:
    try:
        return import_module(PACKAGE).__path__
    except ModuleNotFoundError:
        return ()


OWN = found_in(_places())
"""Where each of one's own feeds is written down."""


class Feeds(MutableMapping[str, Feed]):
    """Feeds by their names. A feed's module is imported, or its declaration read, when the feed is first asked for, so
    that whoever works on one feed waits for no other's: `meters` is `METERS` of the module `meters`, or what
    `meters.yaml` declares."""

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
    path = OWN.get(name)
    if path is not None and path.suffix == ".yaml":
        # Reading YAML takes a while, and only who asks for such a feed shall wait for it.
        return import_module(f"{__name__}.declared.making").feed_of(path)
    return getattr(import_module(module_of(name)), name.upper())


def module_of(name: str) -> str:
    """The module of a feed that is one, to be imported."""
    return f"{PACKAGE if name in OWN else __name__}.{name}"


FEEDS = Feeds(*SHIPPED, *OWN)


def feed_named(name: str) -> Feed:
    """The feed of that name.

    Raises:
        Refused: `format.unknown_feed`.
    """
    if name not in FEEDS:
        known = ", ".join(f"{feed}/" for feed in sorted(FEEDS))
        raise Refused("format.unknown_feed", f"the key's first part must name a feed; there are: {known}")
    return FEEDS[name]
