"""Receipts: CPU seconds a million records that the notary takes of a chunk's endings (lines, hashes, nodes, and their
object), against SHA-256 of the same lines by itself; bytes of a proof in a file of a million records, and CPU to check
it."""

from hashlib import sha256
from typing import Any

from penstock.receipts import notes
from penstock.receipts.records import packed, record_lines
from penstock.receipts.tree import Node, every_node, leaf_hashes, nodes_within, path_of, root_of
from penstock_ops.verify_receipt import is_in
from tests.bench.table import CHUNK, chunk_of
from tests.bench.timing import cpu_seconds, in_turn

CHUNKS = 20
MILLION = 1_000_000


def measure() -> list[dict[str, Any]]:
    """Figures, units and values, as every group gives them."""
    chunks = [chunk_of(number) for number in range(CHUNKS)]
    lines = [record_lines(one, one.chunk * CHUNK, CHUNK) for one in chunks]

    def notarised() -> None:
        for one in chunks:
            made = record_lines(one, one.chunk * CHUNK, CHUNK)
            nodes_within(one.chunk * CHUNK, leaf_hashes(made))
            packed(made)

    def hashed() -> None:
        for part in lines:
            [sha256(one).digest() for one in part]

    took = in_turn(
        {
            "a chunk, notarised": lambda: cpu_seconds(notarised),
            "SHA-256 of its lines": lambda: cpu_seconds(hashed),
        },
        rounds=3,
    )
    rows = [
        {"figure": name, "value": round(one / (CHUNKS * CHUNK) * 1e6, 2), "unit": "CPU s a million"}
        for name, one in took.items()
    ]
    size = sum(len(packed(part)) for part in lines) / (CHUNKS * CHUNK)
    return [*rows, {"figure": "kept of a record", "value": round(size, 1), "unit": "bytes"}, *_proofs(lines[0])]


def _proofs(part: list[bytes]) -> list[dict[str, Any]]:
    """Of a file of a million records, whose chunks are all like this one."""
    own = leaf_hashes(part)
    nodes: dict[Node, bytes] = {}
    for first in range(0, MILLION, CHUNK):
        nodes |= nodes_within(first, own)
    root, path = root_of(MILLION, nodes), path_of(0, MILLION, nodes | every_node(0, own))
    text = notes.proof(0, [], b"", {"record": part[0].decode(), "path": [notes.base64_of(one) for one in path]})
    checked = cpu_seconds(lambda: [is_in(own[0], 0, MILLION, path, root) for _ in range(1000)]) * 1000
    return [
        {"figure": "a record's line and path, of a million", "value": len(text), "unit": "bytes"},
        {"figure": "to check a million paths", "value": round(checked, 1), "unit": "CPU s"},
    ]
