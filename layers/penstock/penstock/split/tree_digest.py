"""The digest of a whole file: SHA-256 over a tree, so that it can be laid down and taken up again between two hops.

It is the "SHA-256 tree hash" of S3 Glacier (Amazon S3 Glacier Developer Guide, "Computing Checksums"), which has tools
of its own: SHA-256 of every mebibyte, then of every two of those beside each other, and so on up; one that has no
neighbour goes up as it is. Of a file of at most a mebibyte it is the plain SHA-256. (docs/decisions/0014.)
"""

import hashlib
from collections.abc import Sequence

LEAF = 1024 * 1024  #: bytes under one leaf of the tree; part of the definition


class TreeDigest:
    """A tree that grows from left to right. Feed it the file's bytes in order with `push`; `hexdigest` is its root.

    `leaves` is how many leaves are done, and `nodes` are the roots of the full trees over them, largest first: one for
    every 1 in the binary form of `leaves`. The two are all there is to carry on with, from byte `leaves * LEAF`.
    """

    def __init__(self, leaves: int = 0, nodes: Sequence[str] = ()) -> None:
        self.leaves = leaves
        self._nodes = [bytes.fromhex(node) for node in nodes]
        self._leaf, self._in_leaf = hashlib.sha256(), 0

    @property
    def nodes(self) -> tuple[str, ...]:
        """The roots of the full trees, in hexadecimal."""
        return tuple(node.hex() for node in self._nodes)

    @property
    def byte(self) -> int:
        """Where the first byte stands that is in no finished leaf."""
        return self.leaves * LEAF

    def push(self, block: bytes | memoryview) -> None:
        """The next bytes of the file."""
        view, at = memoryview(block), 0
        while at < len(view):
            piece = view[at : at + LEAF - self._in_leaf]
            self._leaf.update(piece)
            at, self._in_leaf = at + len(piece), self._in_leaf + len(piece)
            if self._in_leaf == LEAF:
                self._grow(self._leaf.digest())
                self._leaf, self._in_leaf = hashlib.sha256(), 0

    def hexdigest(self) -> str:
        """The root over all that was pushed, as 64 hexadecimal digits."""
        nodes = [*self._nodes, self._leaf.digest()] if self._in_leaf or not self.leaves else list(self._nodes)
        root = nodes.pop()
        while nodes:
            root = hashlib.sha256(nodes.pop() + root).digest()
        return root.hex()

    def _grow(self, node: bytes) -> None:
        """One leaf more: every tree that it makes twice as large is joined to its neighbour."""
        size = self.leaves
        while size & 1:
            node, size = hashlib.sha256(self._nodes.pop() + node).digest(), size >> 1
        self._nodes.append(node)
        self.leaves += 1
