"""Merkle trees as RFC 6962 §2.1 defines them, over leaves that come in parts.

    leaf    SHA-256(0x00 || entry)
    node    SHA-256(0x01 || left || right)
    root    of n leaves: of the largest power of two below n on the left, and of the others on the right

A *node* here is named by its level and its index there, and covers the leaves [index · 2^level, (index + 1) · 2^level).
Whoever has some neighbouring leaves of a large tree can make the largest nodes that lie wholly within them, a few for
each doubling of their number; those of all neighbours together are enough for the root, and for the path of each leaf
to whoever has its own neighbours' leaves at hand.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256

type Node = tuple[int, int]
"""Level and index."""

EMPTY = sha256().digest()  #: the root of no leaves


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf."""
    return sha256(b"\x00" + entry).digest()


def leaf_hashes(entries: Sequence[bytes]) -> list[bytes]:
    """The hashes of many leaves."""
    return [sha256(b"\x00" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two neighbours."""
    return sha256(b"\x01" + left + right).digest()


def nodes_within(first: int, leaves: Sequence[bytes]) -> dict[Node, bytes]:
    """The largest nodes that lie within these leaves' hashes, of which the first is leaf number `first` of its tree."""
    found: dict[Node, bytes] = {}
    for level, (start, hashes) in enumerate(_levels(first, leaves)):
        if hashes and start & 1:
            found[level, start] = hashes[0]
        if len(hashes) > (start & 1) and (start + len(hashes)) & 1:
            found[level, start + len(hashes) - 1] = hashes[-1]
    return found


def every_node(first: int, leaves: Sequence[bytes]) -> dict[Node, bytes]:
    """All nodes that lie within these leaves' hashes."""
    return {
        (level, start + at): one
        for level, (start, hashes) in enumerate(_levels(first, leaves))
        for at, one in enumerate(hashes)
    }


def _levels(first: int, leaves: Sequence[bytes]) -> Iterator[tuple[int, Sequence[bytes]]]:
    """Level by level: the index of the first node there, and the hashes of those that lie within."""
    while leaves:
        yield first, leaves
        paired = iter(leaves[first & 1 :])
        leaves = [sha256(b"\x01" + left + right).digest() for left, right in zip(paired, paired, strict=False)]
        first = (first + 1) >> 1


def root_of(size: int, nodes: Mapping[Node, bytes]) -> bytes:
    """The root of the tree of that many leaves.

    Raises:
        KeyError: these are not nodes enough.
    """
    return _hash(nodes, 0, size) if size else EMPTY


def path_of(leaf: int, size: int, nodes: Mapping[Node, bytes]) -> list[bytes]:
    """The audit path of a leaf (RFC 6962 §2.1.1): its sibling first, the root's child last.

    Raises:
        KeyError: these are not nodes enough.
        IndexError: the tree has no such leaf.
    """
    if not 0 <= leaf < size:
        raise IndexError(leaf)
    path, low, high = list[bytes](), 0, size
    while high - low > 1:
        middle = low + _half(high - low)
        if leaf < middle:
            path.append(_hash(nodes, middle, high))
            high = middle
        else:
            path.append(_hash(nodes, low, middle))
            low = middle
    return path[::-1]


def consistency_of(earlier: int, size: int, nodes: Mapping[Node, bytes]) -> list[bytes]:
    """What proves that the tree of `earlier` leaves is the beginning of that of `size` (RFC 6962 §2.1.2).

    Raises:
        KeyError: these are not nodes enough.
        IndexError: the earlier one is not the smaller, or has no leaves.
    """
    if not 0 < earlier <= size:
        raise IndexError(earlier)
    proof, low, high, whole = list[bytes](), 0, size, True
    while earlier != high:
        middle = low + _half(high - low)
        if earlier <= middle:
            proof.append(_hash(nodes, middle, high))
            high = middle
        else:
            proof.append(_hash(nodes, low, middle))
            low, whole = middle, False
    return [*([] if whole else [_hash(nodes, low, high)]), *proof[::-1]]


def _hash(nodes: Mapping[Node, bytes], low: int, high: int) -> bytes:
    """The hash over the leaves [low, high), of which `low` is where the split of RFC 6962 has it."""
    size = high - low
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        known = nodes.get((level, low >> level))
        if known is not None:
            return known
        if not level:
            raise KeyError((level, low))
    middle = low + _half(size)
    return node_hash(_hash(nodes, low, middle), _hash(nodes, middle, high))


def _half(size: int) -> int:
    """The largest power of two below a size of at least two."""
    return 1 << ((size - 1).bit_length() - 1)
