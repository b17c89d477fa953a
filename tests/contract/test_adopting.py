"""Rows of a restored table, or of the stack before: what is not there is taken in, and nothing else is touched."""

import pytest

from penstock.adapters.aws_clients import AwsClients
from penstock_ops.operate.adopting import adopt
from penstock_ops.operate.errors import NotFound
from tests.support.emulators import Emulator

pytestmark = pytest.mark.asyncio(loop_scope="session")


def put(emulator: Emulator, table: str, pk: str, said: str, **key: str) -> None:
    item = {"pk": {"S": pk}, "said": {"S": said}, "expires_at": {"N": "4000000000"}}
    emulator.client("dynamodb").put_item(TableName=table, Item=item | {name: {"S": of} for name, of in key.items()})


def said(emulator: Emulator, table: str) -> dict[str, str]:
    return {item["pk"]["S"]: item["said"]["S"] for item in emulator.items(table)}


async def test_what_is_not_there_is_copied_and_what_is_there_stays(moto: Emulator, on_moto: AwsClients) -> None:
    # Given more claims than are written at once
    old, new = moto.table("Claims"), moto.table("Claims")
    for number in range(30):
        put(moto, old, f"traffic#{number}", "then")
    put(moto, new, "traffic#3", "now")

    # When
    planned = await adopt(on_moto.dynamodb, old, new, dry_run=True)
    before = said(moto, new)
    copied = await adopt(on_moto.dynamodb, old, new, dry_run=False)
    again = await adopt(on_moto.dynamodb, old, new, dry_run=False)

    # Expect
    assert before == {"traffic#3": "now"}
    assert planned == copied == {"copied": 29, "there": 1}
    assert again == {"copied": 0, "there": 30}
    assert said(moto, new) == {f"traffic#{number}": "then" for number in range(30)} | {"traffic#3": "now"}
    assert {item["expires_at"]["N"] for item in moto.items(new)} == {"4000000000"}


async def test_a_ledgers_rows_are_copied_but_for_the_pace_and_the_circuit_of_then(
    moto: Emulator, on_moto: AwsClients
) -> None:
    old, new = moto.table("Ledger"), moto.table("Ledger")
    put(moto, old, "FILE#1", "file", sk="FILE")
    put(moto, old, "THROTTLE#traffic", "open", sk="THROTTLE")

    assert await adopt(on_moto.dynamodb, old, new, dry_run=False) == {"copied": 1, "there": 0}
    assert said(moto, new) == {"FILE#1": "file"}


async def test_a_log_of_accounts_is_taken_in_whole_by_a_stack_that_has_none(
    moto: Emulator, on_moto: AwsClients
) -> None:
    """Of two logs no one could be made: the tree over both is none that anybody has signed."""
    old, new, begun = (moto.table("Ledger") for _ in range(3))
    for table, author in ((old, "then"), (begun, "now")):
        put(moto, table, "LOG#traffic", author, sk="000000000000")
    put(moto, old, "HEADS#4c9e", "then", sk="000000000003")
    put(moto, old, "SIGNED#traffic", "then", sk="SIGNED")

    assert await adopt(on_moto.dynamodb, old, new, dry_run=False) == {"copied": 2, "there": 0}
    assert await adopt(on_moto.dynamodb, old, begun, dry_run=False) == {"copied": 0, "there": 0}
    assert said(moto, new) == {"LOG#traffic": "then", "HEADS#4c9e": "then"}
    assert said(moto, begun) == {"LOG#traffic": "now"}


async def test_what_cannot_be_taken_in_is_said_in_a_sentence(moto: Emulator, on_moto: AwsClients) -> None:
    ledger, claims = moto.table("Ledger"), moto.table("Claims")

    for source, sentence in ((claims, "has other keys"), ("no-such", "there is no table"), (ledger, "own table")):
        with pytest.raises(NotFound, match=sentence):
            await adopt(on_moto.dynamodb, source, ledger, dry_run=False)
