"""The trees of receipts against the definitions of RFC 6962, which are recursions over lists of entries."""

from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.receipts.tree import Node, consistency_of, every_node, leaf_hash, nodes_within, path_of, root_of

ENTRIES = st.lists(st.binary(max_size=3), max_size=40)


def mth(entries: list[bytes]) -> bytes:
    """RFC 6962 §2.1, word for word."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = largest_power_of_two_below(len(entries))
    return sha256(b"\x01" + mth(entries[:k]) + mth(entries[k:])).digest()


def path(m: int, entries: list[bytes]) -> list[bytes]:
    """RFC 6962 §2.1.1, word for word."""
    if len(entries) == 1:
        return []
    k = largest_power_of_two_below(len(entries))
    if m < k:
        return [*path(m, entries[:k]), mth(entries[k:])]
    return [*path(m - k, entries[k:]), mth(entries[:k])]


def subproof(m: int, entries: list[bytes], whole: bool) -> list[bytes]:
    """RFC 6962 §2.1.2, word for word."""
    if m == len(entries):
        return [] if whole else [mth(entries)]
    k = largest_power_of_two_below(len(entries))
    if m <= k:
        return [*subproof(m, entries[:k], whole), mth(entries[k:])]
    return [*subproof(m - k, entries[k:], False), mth(entries[:k])]


def largest_power_of_two_below(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def in_parts(entries: list[bytes], cuts: list[int]) -> dict[Node, bytes]:
    """The nodes of neighbours, each of whom knows only its own leaves."""
    nodes: dict[Node, bytes] = {}
    edges = sorted({0, len(entries), *(cut % (len(entries) + 1) for cut in cuts)})
    for low, high in pairwise(edges):
        nodes |= nodes_within(low, [leaf_hash(one) for one in entries[low:high]])
    return nodes


@given(ENTRIES, st.lists(st.integers(0, 1000), max_size=6))
def test_the_root_is_the_same_however_the_leaves_come_in_parts(entries: list[bytes], cuts: list[int]) -> None:
    assert root_of(len(entries), in_parts(entries, cuts)) == mth(entries)


@given(ENTRIES.filter(bool), st.lists(st.integers(0, 1000), max_size=6), st.data())
def test_a_leafs_path_needs_only_its_own_neighbours_leaves(
    entries: list[bytes], cuts: list[int], data: st.DataObject
) -> None:
    leaf = data.draw(st.integers(0, len(entries) - 1))
    edges = sorted({0, len(entries), *(cut % (len(entries) + 1) for cut in cuts)})
    low = max(edge for edge in edges if edge <= leaf)
    high = min(edge for edge in edges if edge > leaf)
    own = every_node(low, [leaf_hash(one) for one in entries[low:high]])

    assert path_of(leaf, len(entries), in_parts(entries, cuts) | own) == path(leaf, entries)


@given(ENTRIES.filter(bool), st.data())
def test_a_tree_is_shown_to_be_the_beginning_of_another(entries: list[bytes], data: st.DataObject) -> None:
    earlier = data.draw(st.integers(1, len(entries)))
    nodes = every_node(0, [leaf_hash(one) for one in entries])

    assert consistency_of(earlier, len(entries), nodes) == subproof(earlier, entries, True)


@given(ENTRIES, st.integers(0, 50))
def test_of_many_leaves_few_nodes_are_kept(entries: list[bytes], first: int) -> None:
    kept = nodes_within(first, [leaf_hash(one) for one in entries])

    assert len(kept) <= 2 * max(1, len(entries).bit_length())


@pytest.mark.parametrize(("leaf", "size"), [(0, 0), (3, 3), (-1, 2)])
def test_there_is_no_path_of_a_leaf_that_is_not_there(leaf: int, size: int) -> None:
    with pytest.raises(IndexError):
        path_of(leaf, size, {})


@pytest.mark.parametrize(("earlier", "size"), [(0, 2), (3, 2)])
def test_there_is_no_proof_about_a_tree_that_is_not_the_beginning(earlier: int, size: int) -> None:
    with pytest.raises(IndexError):
        consistency_of(earlier, size, {})


def test_a_root_of_leaves_that_are_missing_is_none() -> None:
    with pytest.raises(KeyError):
        root_of(3, nodes_within(0, [leaf_hash(b"a"), leaf_hash(b"b")]))
