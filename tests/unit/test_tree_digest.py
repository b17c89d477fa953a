"""The file's digest: a published one, whose reference is botocore's; it can be laid down and taken up anywhere."""

import hashlib
import io
from typing import Any

import pytest
from botocore.utils import calculate_tree_hash
from hypothesis import given
from hypothesis import strategies as st

from penstock.split import tree_digest
from penstock.split.tree_digest import LEAF, TreeDigest


@pytest.fixture(scope="module")
def body() -> bytes:
    return hashlib.shake_256(b"penstock").digest(9 * LEAF)


def digest_of(body: bytes) -> str:
    digest = TreeDigest()
    digest.push(body)
    return digest.hexdigest()


@pytest.mark.parametrize("leaves", range(9))
@pytest.mark.parametrize("more", [-1, 0, 1])
def test_it_is_the_tree_hash_of_s3_glacier(body: bytes, leaves: int, more: int) -> None:
    file = body[: max(1, leaves * LEAF + more)]
    reference: Any = calculate_tree_hash
    assert digest_of(file) == reference(io.BytesIO(file))


def test_of_a_small_file_it_is_the_plain_sha_256(body: bytes) -> None:
    for file in (b"", b"a", body[:LEAF]):
        assert digest_of(file) == hashlib.sha256(file).hexdigest()
    assert digest_of(body[: LEAF + 1]) != hashlib.sha256(body[: LEAF + 1]).hexdigest()


def push_up_to(stop: int, digest: TreeDigest, file: bytes, block: int) -> None:
    for at in range(digest.byte, stop, block):
        digest.push(file[at : min(at + block, stop)])


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=5), st.integers(1, 40))
def test_it_is_the_same_however_the_file_is_cut_and_wherever_it_is_laid_down(
    file: bytes, stops: list[int], block: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tree_digest, "LEAF", 8)
        whole = digest_of(file)
        digest = TreeDigest()
        # Each stop forgets what is in no finished leaf, and begins there again.
        for stop in sorted(stop for stop in stops if stop < len(file)):
            push_up_to(stop, digest, file, block)
            digest = TreeDigest(digest.leaves, digest.nodes)
        push_up_to(len(file), digest, file, block)
        assert digest.hexdigest() == whole


def test_what_is_carried_stays_small() -> None:
    """Of the largest object that S3 takes, 50 TB, no more than a node a level."""
    leaves = 50 * 10**12 // LEAF
    digest = TreeDigest(leaves, ["00" * 32] * leaves.bit_count())
    assert len("".join(digest.nodes)) <= 64 * 26
