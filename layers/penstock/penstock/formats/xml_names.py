"""Names of XML: what a name means depends on its namespace, and never on its prefix (Namespaces in XML 1.0, §5 and §6).

An element of another namespace may be called as one that a feed reads, and stand before it. So a tree has a document's
own elements by their local names, and every other one by its whole name, `{uri}local`; and a record in which a name
that means something stands in a namespace that is not its own is none to believe.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache


@dataclass(frozen=True)
class Vocabulary:
    """The names of one kind of document.

    `own` are its namespaces. `meant` has the names that the feed reads, and the namespaces in which each of them means
    what it should. What is within an element of `aside`, `{uri}local`, is anybody's, and is not read.
    """

    own: frozenset[str]
    meant: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    aside: frozenset[str] = frozenset()


def meant_in(namespaces: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    """A vocabulary's `meant`, from the names of each namespace. A name may stand in several."""
    meant: dict[str, frozenset[str]] = {}
    for uri, names in namespaces.items():
        for name in names:
            meant[name] = meant.get(name, frozenset()) | {uri}
    return meant


class Names(dict[str, str]):
    """The tree's names by the tags that a parser gives, `{uri}local`; "" for what is not read."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__()
        self._vocabulary = vocabulary

    def __missing__(self, tag: str) -> str:
        name = self._name(tag)
        if len(self) < _MOST:
            self[tag] = name
        return name

    def _name(self, tag: str) -> str:
        uri, local = parts_of(tag)
        vocabulary = self._vocabulary
        if tag in vocabulary.aside:
            return ""
        return local if uri in vocabulary.meant.get(local, vocabulary.own) else f"{{{uri}}}{local}"

    def misplaced(self, foreign: Iterable[str], fields: Iterable[str]) -> list[str]:
        """Which names mean something and stand in a namespace that is not theirs. Where the feed does not say what it
        reads, those mean something that the record, whose names are `fields`, has in its own namespace as well."""
        locals_ = {parts_of(name)[1] for name in foreign}
        return sorted(locals_.intersection(self._vocabulary.meant or fields))


_MOST = 4096  #: names that are remembered; a hostile file may have any number


@lru_cache(maxsize=64)
def names_of(root: str) -> Names:
    """Of records of which the feed says no more: their own namespace is that of their element, `{uri}local`, and what
    has no namespace is local to it (XML Schema Part 0 §3.1)."""
    return Names(Vocabulary(own=frozenset({parts_of(root)[0], ""})))


def parts_of(tag: str) -> tuple[str, str]:
    """The namespace, "" where it has none, and the local name.

    >>> parts_of("{urn:a}b"), parts_of("b")
    (('urn:a', 'b'), ('', 'b'))
    """
    uri, _, local = tag.rpartition("}")
    return uri[1:], local
