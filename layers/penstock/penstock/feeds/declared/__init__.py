"""Feeds that are declared in YAML, without Python: the same `Feed` as a module makes, by another way of writing."""

from dataclasses import dataclass

from penstock.feeds.feed import Feed


@dataclass(frozen=True)
class DeclaredFeed(Feed):
    """A feed that no module makes."""

    about: str = ""
    """What it is, at length, for its page; of a module its docstring says so."""
