"""The end of an XML record that is too large to hold, found block by block."""

import re
from collections.abc import Callable
from functools import lru_cache

from penstock.formats.xml_tags import START, UNTIL

_QUOTE_OR_END = re.compile(rb"""["'>]""")


class Ending:
    """Follows one record, block by block, to its end."""

    def __init__(self) -> None:
        self._find: Callable[[bytes], int | None] | None = None

    def __call__(self, block: bytes) -> int | None:
        if self._find is None:
            self._find = _finder_for(block)
        return self._find(block)


def _finder_for(block: bytes) -> Callable[[bytes], int | None]:
    """What finds the end of the record that begins so: an element's at its end tag, a comment's or a section's at its
    own end, text's at the next tag; behind the records' end there is none."""
    start = START.match(block)
    if start:
        return _ElementEnd(start[1])
    if block.startswith(b"</"):
        return lambda _: None
    until = next((end for mark, end in UNTIL.items() if block.startswith(mark)), None)
    return _Until(until) if until else _TextEnd()


class _TextEnd:
    """Finds the next tag, behind the first byte."""

    def __init__(self) -> None:
        self._passed = 1

    def __call__(self, block: bytes) -> int | None:
        at = block.find(b"<", self._passed)
        self._passed = 0
        return at if at >= 0 else None


class _Until:
    """Finds where some bytes end, which may lie on the edge of two blocks."""

    def __init__(self, wanted: bytes) -> None:
        self._wanted, self._left = wanted, b""

    def __call__(self, block: bytes, at: int = 0) -> int | None:
        data = self._left + block[at:]
        found = data.find(self._wanted)
        if found < 0:
            self._left = data[max(0, len(data) - len(self._wanted) + 1) :]
            return None
        return at + found + len(self._wanted) - len(self._left)


class _ElementEnd:
    """Finds the end tag of an element, past others of its name within."""

    def __init__(self, name: bytes) -> None:
        self._marks = _marks(name)
        self._longest_mark = len(name) + len(b"<![CDATA[")
        self._left = b""  # of the block before, where a mark may have begun
        self._depth = 0
        self._in_tag = False
        self._before = b""  # the last byte of the block before
        self._within: _Until | None = None  # the comment, section or quoted value that goes by

    def __call__(self, block: bytes) -> int | None:
        at = 0
        while True:
            if self._within:
                end = self._within(block, at)
                self._within = None if end is not None else self._within
            elif self._in_tag:
                end = self._in_a_tag(block, at)
            else:
                end = self._to_mark(block, at)
            if end is None:
                self._before = block[-1:]
                return None
            at = end
            if not self._depth and not self._in_tag:
                return at

    def _in_a_tag(self, block: bytes, at: int) -> int | None:
        found = _QUOTE_OR_END.search(block, at)
        if not found:
            return None
        if found.group() != b">":
            self._within = _Until(found.group())
        else:
            self._in_tag = False
            self._depth -= (self._before + block)[: len(self._before) + found.start()].endswith(b"/")
        return found.end()

    def _to_mark(self, block: bytes, at: int) -> int | None:
        data = self._left + block[at:]
        found = self._marks.search(data)
        if not found:
            self._left = data[max(0, len(data) - self._longest_mark) :]
            return None
        end, self._left = at + found.end() - len(self._left), b""
        until = UNTIL.get(found.group())
        if until:
            self._within = _Until(until)
        else:
            self._in_tag = True
            self._depth += -1 if found.group().startswith(b"</") else 1
        return end


@lru_cache(maxsize=64)
def _marks(name: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"<!--|<!\[CDATA\[|<\?|</?%s(?=[\s/>])" % re.escape(name))
