"""A feed's log of heads as a Merkle tree, of which each entry holds the nodes that are complete with it.

Node (level, index) covers the leaves up to (index + 1) · 2^level - 1, and so stands in that entry: whoever wants a path
reads as many entries as the path is long, however many there are. (Trees and nodes are those of `receipts.tree`.)
"""

from collections.abc import Iterable

from penstock.ports.heads import Heads, LoggedHead
from penstock.receipts.tree import Node, consistency_of, leaf_hash, node_hash, path_of, root_of


async def add(heads: Heads, feed: str, text: bytes, file_id: str, account: int) -> int:
    """Adds the head of an account to its feed's log, unless it has it already; its place there.

    Raises:
        Transient: it is not known to be there.
    """
    while True:
        known = (await heads.places(file_id)).get(account)
        if known is not None:
            return known
        index = await heads.size(feed)
        if await heads.append(
            feed, LoggedHead(index, text, await _completed(heads, feed, index, text)), file_id, account
        ):
            return index


async def _completed(heads: Heads, feed: str, index: int, text: bytes) -> tuple[bytes, ...]:
    """The hashes of the nodes that are complete with this entry: it is the last leaf of each."""
    nodes = [leaf_hash(text)]
    lefts: list[Node] = []
    level, at = 0, index
    while at & 1:
        lefts.append((level, at - 1))
        level, at = level + 1, at >> 1
    found = await _read(heads, feed, lefts)
    for left in lefts:
        nodes.append(node_hash(found[left], nodes[-1]))
    return tuple(nodes)


async def root_at(heads: Heads, feed: str, size: int) -> bytes:
    """The root of the feed's log when it had that many heads."""
    return root_of(size, await _read(heads, feed, _full(0, size)))


async def path_to(heads: Heads, feed: str, index: int, size: int) -> list[bytes]:
    """The audit path of a head in the log of that size."""
    return path_of(index, size, await _read(heads, feed, [*_full(0, index), (0, index), *_full(index + 1, size)]))


async def consistency(heads: Heads, feed: str, earlier: int, size: int) -> list[bytes]:
    """What proves that the log of that size goes on from an earlier one."""
    return consistency_of(earlier, size, await _read(heads, feed, [*_full(0, earlier), *_full(earlier, size)]))


async def _read(heads: Heads, feed: str, nodes: Iterable[Node]) -> dict[Node, bytes]:
    wanted = {node: ((node[1] + 1) << node[0]) - 1 for node in nodes}
    entries = await heads.read(feed, sorted(set(wanted.values())))
    return {(level, index): entries[at].nodes[level] for (level, index), at in wanted.items()}


def _full(low: int, high: int) -> list[Node]:
    """The largest nodes that cover the leaves [low, high), left to right."""
    nodes: list[Node] = []
    while low < high:
        level = min((low & -low).bit_length() - 1 if low else high.bit_length(), (high - low).bit_length() - 1)
        nodes.append((level, low >> level))
        low += 1 << level
    return nodes
