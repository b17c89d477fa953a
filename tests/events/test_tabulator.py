"""Every way in which the tabulator can be called."""

import pytest

from tests.events.conftest import Functions, Stack, Tell, failing, load


@pytest.fixture
def ended(functions: Functions, stack: Stack) -> Stack:
    """The stack, once the records of the sample file have ended."""
    stack.drop()
    assert functions.call("splitter", load("splitter", "put")) == failing()
    functions.call("validator", load("validator", "chunk"))
    functions.call("dispatcher", stack.delivered("dispatcher", load("dispatcher", "dispatch")))
    return stack


def keys(stack: Stack, prefix: str) -> list[str]:
    """What lies in the work bucket under a name."""
    listed = stack.emulator.client("s3").list_objects_v2(Bucket=stack.names["WorkBucket"], Prefix=prefix)
    return [one["Key"] for one in listed.get("Contents", [])]


def test_an_end_becomes_rows_and_is_due_no_longer(functions: Functions, ended: Stack, told: Tell) -> None:
    (due,) = keys(ended, "due/")
    told()

    (answer,) = functions.call("tabulator", load("tabulator", "due"))

    assert answer["counts"] == {"RecordsTabulated": 3, "LookFaults": 0, "LooksCutShort": 0}
    assert told().sums(feed="none", service="tabulator")["RecordsTabulated"] == 3
    assert (len(keys(ended, "outcomes/feed=traffic/day=")), keys(ended, due)) == (1, [])


def test_a_few_small_parts_are_left_as_they_are(functions: Functions, ended: Stack) -> None:
    functions.call("tabulator", load("tabulator", "due"))
    before = keys(ended, "outcomes/")

    (answer,) = functions.call("tabulator", load("tabulator", "small"))

    assert (answer["counts"]["PartsMerged"], keys(ended, "outcomes/")) == (0, before)


def test_what_nobody_asks_for_is_told_to_whoever_called(functions: Functions, stack: Stack) -> None:

    with pytest.raises(Exception, match="does not ask"):
        functions.call("tabulator", load("tabulator", "nonsense"))
