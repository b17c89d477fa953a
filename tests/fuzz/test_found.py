"""Inputs that broke a law once, as short as they could be made, with what they showed."""

import pytest

from tests.fuzz.targets import TARGETS

FOUND: dict[str, tuple[str, bytes]] = {
    "text between records kept its blanks where a chunk did not end with it": (
        "xml",
        b"\x03\x01\x01\x01<log><a></a> x <spot/></log>",
    ),
    "a line of nothing but a vertical tab was blank to one way of counting and a record to the other": (
        "ndjson",
        b'a\x06a\x82{\n\x0b\na\n{"a":3}\naa\na',
    ),
    "a frame of zstd that lacks what it says it holds was accepted where it came in blocks": (
        "zstd",
        b"\0aaa(\xb5/\xfd$a\x01\0\0\x99\xe9\xd8Q",
    ),
    "an empty block of zstd was damage where its frame came in one piece": (
        "zstd",
        b"\x07aaa(\xb5/\xfd$\0\x05\0\0\x99\xe9\xd8Q",
    ),
}


@pytest.mark.parametrize("story", FOUND)
def test_what_was_found_once_keeps_the_law(story: str) -> None:
    name, data = FOUND[story]
    TARGETS[name].check(data)
