"""A file that no invocation of the splitter gets through is handed on, and is none the worse for it.

`python -m tests.bench --only stack-huge` does the same with 3 GB.
"""

from collections.abc import Iterator

import pytest

from tests.support.deployed import Deployed, counts
from tests.support.long_file import Log, split_here, upload, watch


@pytest.fixture
def hurried(undisturbed: Deployed) -> Iterator[Deployed]:
    """Its splitter has a second for its work before it hands on, where it has a quarter of an hour otherwise."""
    was = undisturbed.allow("Splitter", 33)
    yield undisturbed
    undisturbed.allow("Splitter", was)


def test_a_long_file_is_handed_on_and_arrives_whole(hurried: Deployed) -> None:
    """R17, R28."""
    log = Log(rows=3_000)  # nearly 200 MB
    file = upload(hurried, log, "long.csv")

    way = watch(hurried, file)

    assert way.hops > 0
    assert way.delivered_meanwhile
    assert way.report["records"] == counts(log.rows)
    assert ([chunk.span for chunk in hurried.chunks(file)], way.report["sha256_tree"]) == split_here(log)
