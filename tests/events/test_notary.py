"""Every way in which the notary can be called."""

import pytest

from tests.events.conftest import Functions, Stack, Tell, failing, load


def keys(stack: Stack, bucket: str, prefix: str) -> list[str]:
    """What lies in a bucket under a name."""
    listed = stack.emulator.client("s3").list_objects_v2(Bucket=stack.names[bucket], Prefix=prefix)
    return [one["Key"] for one in listed.get("Contents", [])]


def test_an_account_is_logged_and_signed_and_due_no_longer(functions: Functions, stack: Stack, told: Tell) -> None:
    stack.drop()
    assert functions.call("splitter", load("splitter", "put")) == failing()
    functions.call("validator", load("validator", "chunk"))
    functions.call("dispatcher", stack.delivered("dispatcher", load("dispatcher", "dispatch")))
    assert len(keys(stack, "WorkBucket", "accounts/")) == 1
    told()

    (answer,) = functions.call("notary", load("notary", "accounts"))

    assert answer["counts"] == {"AccountsLogged": 1, "LookFaults": 0, "LooksCutShort": 0}
    assert told().sums(feed="none", service="notary")["AccountsLogged"] == 1
    assert keys(stack, "WorkBucket", "accounts/") == []
    kept = {key.rpartition("-")[0] for key in keys(stack, "ArchiveBucket", "log/")}
    assert kept == {"log/traffic/heads/000000000000", "log/traffic/checkpoints/000000000001"}


def test_what_nobody_asks_for_is_told_to_whoever_called(functions: Functions, stack: Stack) -> None:

    with pytest.raises(Exception, match="does not ask"):
        functions.call("notary", load("notary", "nonsense"))
