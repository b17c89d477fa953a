"""The contracts of receipts, on the twins, on DynamoDB and on KMS: logs that are only added to, and who signs them."""

from dataclasses import replace

import pytest

from penstock.adapters.aws_clients import AwsClients
from penstock.adapters.aws_heads import DynamoHeads, KmsSigner
from penstock.model.errors import Transient
from penstock.ports.heads import Heads, LoggedHead, Signer
from penstock.receipts import log
from penstock.receipts.tree import every_node, leaf_hash, path_of, root_of
from penstock_ops.verify_receipt import is_signed
from penstock_testing.heads import LocalSigner, MemoryHeads
from penstock_testing.memory import MemoryClock
from tests.contract.stubs import Scripted, refusal
from tests.support.emulators import Emulator

pytestmark = pytest.mark.asyncio(loop_scope="session")

FEED = "traffic"
HEAD = LoggedHead(0, "Köhler".encode(), (b"h" * 32,))


@pytest.fixture
def on_dynamodb(on_ministack: AwsClients, ministack: Emulator) -> DynamoHeads:
    return DynamoHeads(on_ministack.dynamodb, ministack.table("Ledger"), MemoryClock())


@pytest.fixture(params=["memory", "dynamodb"])
def heads(request: pytest.FixtureRequest) -> Heads:
    return MemoryHeads() if request.param == "memory" else request.getfixturevalue("on_dynamodb")


async def test_a_log_is_empty_at_first(heads: Heads) -> None:
    assert await heads.size(FEED) == 0
    assert await heads.read(FEED, [0]) == {}
    assert await heads.places("4c9e") == {}
    assert await heads.checkpoint(FEED) is None


async def test_what_was_added_comes_back(heads: Heads) -> None:
    second = LoggedHead(1, b"b", (b"i" * 32, b"j" * 32))
    assert await heads.append(FEED, HEAD, "4c9e", 3)
    assert await heads.append(FEED, second, "4c9e", 4)

    assert await heads.size(FEED) == 2
    assert await heads.read(FEED, [1, 0, 2]) == {0: HEAD, 1: second}
    assert await heads.places("4c9e") == {3: 0, 4: 1}


async def test_a_place_that_is_taken_stays_as_it_is(heads: Heads) -> None:
    await heads.append(FEED, HEAD, "4c9e", 3)

    assert not await heads.append(FEED, replace(HEAD, text=b"b"), "4c9f", 1)
    assert await heads.read(FEED, [0]) == {0: HEAD}
    assert await heads.places("4c9f") == {}


async def test_an_account_has_one_place(heads: Heads) -> None:
    await heads.append(FEED, HEAD, "4c9e", 3)

    assert not await heads.append(FEED, replace(HEAD, index=1), "4c9e", 3)
    assert await heads.size(FEED) == 1


async def test_each_feed_has_a_log_of_its_own(heads: Heads) -> None:
    await heads.append(FEED, HEAD, "4c9e", 3)

    assert await heads.size("crew") == 0


async def test_of_a_log_the_last_checkpoint_is_kept(heads: Heads) -> None:
    await heads.keep_checkpoint(FEED, b"one")
    await heads.keep_checkpoint(FEED, b"two")

    assert (await heads.checkpoint(FEED), await heads.checkpoint("crew")) == (b"two", None)
    assert await heads.size(FEED) == 0


async def test_every_path_in_a_growing_log_is_that_of_the_tree_over_all_of_it(heads: Heads) -> None:
    """Read from a handful of its entries, of which each has the nodes that are complete with it."""
    texts = [f"head {at}".encode() for at in range(11)]
    for at, text in enumerate(texts):
        assert await log.add(heads, FEED, text, f"file {at}", 1) == at
    assert await log.add(heads, FEED, b"again", "file 4", 1) == 4

    for size in range(1, 12):
        nodes = every_node(0, [leaf_hash(text) for text in texts[:size]])
        assert await log.root_at(heads, FEED, size) == root_of(size, nodes)
        for index in range(size):
            assert await log.path_to(heads, FEED, index, size) == path_of(index, size, nodes)


async def test_a_table_that_is_throttled_is_asked_again_later() -> None:
    heads = DynamoHeads(Scripted(query=[refusal("ThrottlingException")]), "ledger", MemoryClock())

    with pytest.raises(Transient):
        await heads.size(FEED)


@pytest.fixture
def on_kms(on_ministack: AwsClients, ministack: Emulator) -> KmsSigner:
    return KmsSigner(on_ministack.kms, ministack.signing_key())


@pytest.fixture(params=["local", "kms"])
def signer(request: pytest.FixtureRequest) -> Signer:
    return LocalSigner() if request.param == "local" else request.getfixturevalue("on_kms")


async def test_what_is_signed_is_found_to_be(signer: Signer) -> None:
    signature, key = await signer.sign("Köhler\n".encode()), await signer.public_key()

    assert is_signed("Köhler\n".encode(), signature, key)
    assert not is_signed("Köhler".encode(), signature, key)
    assert key == await signer.public_key()
