"""The tags of XML as its bytes show them: where an element, a comment or text begins, and where it ends.

Nothing is parsed: in what is well-formed a start tag's end tag is found by its name alone, past comments, instructions
and sections, which may hold anything. (XML 1.0 §2.4 to §2.7, §3.1.)
"""

import re
from collections.abc import Iterator
from functools import lru_cache

LONGEST_REMARK = 64 * 1024  #: bytes of a comment or an instruction beside records; a longer one is taken for a record

SPACE = b" \t\r\n"
_COMMENT = rb"<!--[^-]*+(?:-(?!->)[^-]*+)*+-->"
_INSTRUCTION = rb"<\?[^?]*+(?:\?(?!>)[^?]*+)*+\?>"
_CDATA = rb"<!\[CDATA\[[^\]]*+(?:\](?!\]>)[^\]]*+)*+\]\]>"
_NAME = rb"[^\s<>/!?\"'=&]{1,1000}"
_TO_GT = rb"""(?:[^"'>]++|"[^"]*+"|'[^']*+')*+>"""

_BLANK = re.compile(rb"[ \t\r\n]*+")
#: A bracket too many behind a record is taken for part of it.
_BEHIND = re.compile(rb"[ \t\r\n>]*+")
_TARGET = rb"(?!(?i:xml)[\s?])[A-Za-z_:\x80-\xff][\w:.\x80-\xff-]*+"
#: A comment or an instruction as it must be (XML 1.0 §2.5, §2.6). Any other is taken for a record, and rejected.
_REMARK = re.compile(rb"<!--(?:[^-]++|-[^-])*+-->|<\?%s(?:\s[^?]*+(?:\?(?!>)[^?]*+)*+)?\?>" % _TARGET)
START = re.compile(rb"<(%s)(?=[\s/>])" % _NAME)
START_TAG = re.compile(rb"<(%s)(?=[\s/>])%s" % (_NAME, _TO_GT))
_HALF_A_START = re.compile(rb"<(?:%s)?\Z" % _NAME)
_GT = re.compile(rb"[ \t\r\n]*+>")
_SPECIAL = re.compile(rb"%s|%s|%s" % (_COMMENT, _INSTRUCTION, _CDATA))
#: What may hold anything until its own end comes.
UNTIL = {b"<!--": b"-->", b"<![CDATA[": b"]]>", b"<?": b"?>"}


def _past(pattern: re.Pattern[bytes], buffer: bytes, at: int) -> int:
    match = pattern.match(buffer, at)
    return match.end() if match else at


def items(buffer: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """(begin, end, end with what is blank behind it) of each record, and of what is beside them, from `at`, as far as
    more can be seen behind it."""
    begin = past_remarks(buffer, at)
    while (end := record_end(buffer, begin)) is not None:
        upto = _past(_BEHIND, buffer, end)
        if upto == len(buffer):
            return
        yield begin, end, upto
        begin = past_remarks(buffer, upto)


def past_remarks(buffer: bytes, at: int) -> int:
    """Past blanks, and past comments and instructions behind which more can be seen: the last thing in a file is never
    one of those, unless the file is cut short."""
    passed = _past(_BLANK, buffer, at)
    while buffer[passed : passed + 2] in (b"<!", b"<?"):
        remark = _REMARK.match(buffer, passed)
        if remark is None or remark.end() - passed > LONGEST_REMARK:
            break
        following = _past(_BLANK, buffer, remark.end())
        if buffer[following : following + 1] in (b"", b">"):
            break
        passed = following
    return passed


def record_end(buffer: bytes, at: int) -> int | None:
    """Where the element or the text that begins here ends; None if that cannot be seen, or it is the records' end."""
    start = START.match(buffer, at)
    if start:
        return _element_end(buffer, at, start[1])
    if buffer.startswith(b"<", at):
        special = _SPECIAL.match(buffer, at)
        if special:
            is_remark = special.end() - at <= LONGEST_REMARK and _REMARK.match(buffer, at)
            return special.end() if not is_remark or _GT.match(buffer, special.end()) else None
        begins = buffer[at : at + 9]
        if any(begins.startswith(mark) or mark.startswith(begins) for mark in (b"</", *UNTIL)):
            return None
        if _HALF_A_START.match(buffer, at):
            return None
    following = buffer.find(b"<", at + 1)
    return following if following > 0 else None


def _element_end(buffer: bytes, at: int, name: bytes) -> int | None:
    """Where the element ends that begins at `at`. Elements of other names in it need not be looked at: in what is
    well-formed, they end before it does."""
    tag = START_TAG.match(buffer, at)
    if tag is None or buffer[tag.end() - 2] == 0x2F:
        return tag and tag.end()
    opens, closes = _tags(name)
    end = closes.search(buffer, tag.end())
    if end is None:
        return None
    within = buffer[tag.end() : end.start()]
    plain = not (b"<!" in within or b"<?" in within or opens.search(within))
    return end.end() if plain else _nested_end(buffer, tag.end(), name)


@lru_cache(maxsize=64)
def _tags(name: bytes) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """What start tags of an element begin with, and its end tags."""
    return re.compile(rb"<%s[\s/>]" % re.escape(name)), re.compile(rb"</%s[ \t\r\n]*+>" % re.escape(name))


def _nested_end(buffer: bytes, at: int, name: bytes) -> int | None:
    """As `_element_end`, for one that may have others of its name within, or such names in comments and the like."""
    depth = 1
    for token in _tokens(name).finditer(buffer, at):
        start, end = token.span()
        if token.lastgroup == "unfinished":
            return None
        if token.lastgroup == "tag":
            depth += -1 if buffer[start + 1] == 0x2F else int(buffer[end - 2] != 0x2F)
            if not depth:
                return end
    return None


@lru_cache(maxsize=64)
def _tokens(name: bytes) -> re.Pattern[bytes]:
    tag = rb"</?%s(?=[\s/>])" % re.escape(name)
    return re.compile(
        rb"%s|%s|%s|(?P<tag>%s%s)|(?P<unfinished><!--|<!\[CDATA\[|<\?|%s)"
        % (_COMMENT, _INSTRUCTION, _CDATA, tag, _TO_GT, tag)
    )
