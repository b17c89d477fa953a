"""The page of all suites says what they say, and no difference goes unexplained."""

from pathlib import Path

import pytest

from tests.corpora.__main__ import SUITES, lines

PAGE = Path(__file__).parents[2] / "docs" / "corpora.md"


def test_the_page_has_the_tables_that_the_command_prints() -> None:
    """`PENSTOCK_CORPORA=… python -m tests.corpora` prints them."""
    page = PAGE.read_text().splitlines()
    assert [line for line in page if line.startswith(("## ", "|"))] == lines()


@pytest.mark.parametrize("suite", SUITES)
def test_every_difference_is_explained(suite: str) -> None:
    assert [row for row in SUITES[suite]() if row.why == "?" or row.ours == "other records"] == []
