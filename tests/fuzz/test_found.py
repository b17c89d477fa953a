"""Inputs that broke a law once, as short as they could be made, with what they showed."""

import pytest

from tests.fuzz.targets import TARGETS
from tests.support.archives import packed

_SCHEDULE = b"1AIRLINE STANDARD SCHEDULE DATA SET".ljust(200, b"a")

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
    "data of bzip2 that is damaged where it becomes too much was refused for the one or the other": (
        "bzip2",
        b"\0aaaBZh91AY&SYaaaa\0aa\xc1\0\0\x10\x10\0 \0!\0\x82\0\0\0\0Ga",
    ),
    "a name with a slash in the entry's own header and a backslash in the directory is one name, but not to zipfile": (
        "zip",
        b"aaaa" + packed({"b/c.csv": b"a,b\n1,2\n"})[::-1].replace(b"vsc.c/b", b"vsc.c\\b", 1)[::-1],
    ),
    "what a record is depended on the bytes behind its chunk, where UNB stood before a terminator": (
        "edifact",
        b"aaaaUNA:+.? 'UNB+UNOC:++++a''UNB'UNB+",
    ),
    "a line too long, of zeros at first, was a line of zeros to who followed it in pieces": (
        "ssim",
        b"\x07aaa%b\n%b000002\n%b\n%b000003" % (_SCHEDULE, b"2".ljust(194, b"a"), b"0" * 300 + b"a" * 226, b"a" * 194),
    ),
    "a message without its trailer was too large where the next one's header had not been seen whole": (
        "edifact",
        b"\0aaaUNB+UNOC++++a'%b'UNH+" % (b"aaaaaaa?" * 29 + b"aaaaa"),
    ),
    "a backslash outside of any string took away the quote behind it, where elements are cut many at once": (
        "json",
        b'\x10aaa[{""""},\n {"a"[[]{""\\"]]""},\n {"a"',
    ),
    "a line of zeros that is longer than a record may be was one where it came in blocks": (
        "ssim",
        b"\x10aaa%b\n%b\n" % (_SCHEDULE, b"0" * 500),
    ),
    "a line of blanks that is longer than a record may be was one where it came in blocks": (
        "ndjson",
        b'\x10aaa{"a":1}\n%b\n{"a":2}' % (b" " * 500),
    ),
    "blanks behind a comma that are longer than a record may be were one where they came in blocks": (
        "json",
        b'\x10aaa[{"a":1},%b{"a":2}]' % (b" " * 500),
    ),
}


@pytest.mark.parametrize("story", FOUND)
def test_what_was_found_once_keeps_the_law(story: str) -> None:
    name, data = FOUND[story]
    TARGETS[name].check(data)
