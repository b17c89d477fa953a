"""One canonical form of every value before it is validated, digested and compared (R52), and what was done for it.

    texts     of any field: no blanks around them, no characters that nobody sees, in Unicode's composed form (NFC,
              UAX #15). Done before the model, to whole parts at once, and only where a part has such a thing at all.
    values    what the feed has one form for, such as 10.00 for `$10` and `1E1`: its model refuses any other, its
              `normalise` writes it (see `feeds.written`).

Whatever was changed is told once a kind: which, and of which field first. It rejects nothing.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from typing import Any, cast

from pydantic_core import to_json

from penstock.feeds.feed import Feed
from penstock.feeds.numbers import number_of
from penstock.formats.format import Parsed
from penstock.model.findings import Finding, Severity
from penstock.model.tidied import TIDIED

type Told = dict[str, Finding]
"""What was tidied, by the finding's code."""

_BLANKS = " \t\r\n\v\f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""Unicode's White_Space, which is what pydantic strips as well."""
_ASCII, _LATIN = bytes(range(0x80)), bytes((*range(0xC0), *range(0xC3, 0xCC)))
"""The bytes of ASCII, and those of UTF-8 with the letters from À to ˿ as well: nothing of these must be composed."""
_MEANINGLESS = "\u200b\u2060\ufeff"
"""Zero-width space, word joiner, byte order mark: nothing in any script."""
_UNSEEN = _MEANINGLESS + "".join(
    map(chr, (0xAD, 0x34F, 0x61C, 0x180E, *range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x2061, 0x2070)))
)
"""With those that words may need, and codes do not: joiners, soft hyphens, marks of direction."""
_OF_WORDS, _OF_CODES = re.compile(f"[{_MEANINGLESS}]"), re.compile(f"[{_UNSEEN}]")

_WHOLE = re.compile(r"[0-9][0-9.,' \u00a0\u202f]*")
_THREE_BEHIND = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}")
_IN_TWO_WAYS = "the number may be in thousands or have three digits behind its point; write digits alone"

_NUMBER, _DATE, _TIME = (
    re.compile(r"-?[0-9]+(?:\.[0-9]+)?"),
    re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    re.compile(r"[0-9]{1,2}:[0-9]{2}.*|:[0-9]{2}"),
)


def tidied_texts(feed: Feed, parsed: Sequence[Parsed], told: Told) -> Sequence[Parsed]:
    """The records with every text in its one form. What is no text stays as it is."""
    records = [one for one in parsed if not isinstance(one, Finding)]
    values = list(chain.from_iterable([record.values() for record in records]))
    kinds = set(map(type, values))
    if Decimal in kinds and _may_be_ids(feed, records, values):
        parsed = [one if isinstance(one, Finding) else _with_whole_ids(feed, one, told) for one in parsed]
    texts = values if kinds == {str} else [value for value in values if isinstance(value, str)]
    nested = [value for value in values if type(value) in (dict, list)] if kinds & {dict, list} else list[Any]()
    if not _may_need_it(texts) and not (nested and _may_need_it_within(nested)):
        return parsed
    codes = {*feed.identity, *feed.group}
    return [one if isinstance(one, Finding) else _tidied_record(one, codes, told) for one in parsed]


def _may_be_ids(feed: Feed, records: Sequence[Mapping[str, Any]], values: Sequence[Any]) -> bool:
    """Whether any numbers with a fraction stand where the feed has no numbers. Cheap, as most feeds' have some."""
    numbers = [list(map(type, [one.get(name) for one in records])).count(Decimal) for name in _numbers(feed)]
    return sum(numbers) < list(map(type, values)).count(Decimal)


def _with_whole_ids(feed: Feed, record: Mapping[str, Any], told: Told) -> dict[str, Any]:
    """The record with whole numbers where it has 123.0 or 1E5 for a text, as programs write that know floats alone."""
    tidy = dict(record)
    for name, value in record.items():
        if isinstance(value, Decimal) and name not in _numbers(feed) and value == value.to_integral_value():
            tidy[name] = int(value)
            _tell(told, "number", name)
    return tidy


def _numbers(feed: Feed) -> tuple[str, ...]:
    return (*feed.decimals, *feed.wholes)


def _may_need_it(texts: list[str]) -> bool:
    """Cheap, and all that most parts of a file are asked."""
    if list(map(str.strip, texts)) != texts:
        return True
    text = "".join(texts)
    if text.isascii() or not (encoded := text.encode("utf-8", "surrogatepass")).translate(None, _LATIN):
        return False
    # A set of what is beyond ASCII: searching all of a text for any of so many characters takes far longer.
    beyond = set(encoded.translate(None, _ASCII).decode("utf-8", "surrogatepass"))
    return not beyond.isdisjoint(_UNSEEN) or not unicodedata.is_normalized("NFC", text)


def _may_need_it_within(nested: Sequence[Any]) -> bool:
    """As `_may_need_it` of the texts within values. In JSON, one with a blank at an end has that at a quote, and what
    else nobody sees is escaped or beyond ASCII; to write it takes a fifth of going from value to value."""
    written = to_json(nested)
    if written.isascii() and not any(sign in written for sign in (b'" ', b' "', b"\\")):
        return False
    return _may_need_it(list(_texts_in(nested)))


def _texts_in(values: Iterable[Any]) -> Iterator[str]:
    """Every text among these values, and within them."""
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            yield from _texts_in(cast(Any, value).values() if isinstance(value, dict) else cast(Any, value))


def _tidied_record(record: Mapping[str, Any], codes: Iterable[str], told: Told) -> dict[str, Any]:
    return {
        name: _tidied_value(name, value, _OF_CODES if name in codes else _OF_WORDS, told)
        for name, value in record.items()
    }


def _tidied_value(name: str, value: Any, unseen: re.Pattern[str], told: Told) -> Any:
    """The value with every text in it in its one form; what is within it is told by the field's name."""
    if isinstance(value, str):
        return _tidied_text(name, value, unseen, told) if value else value
    if isinstance(value, list):
        return [_tidied_value(name, one, unseen, told) for one in cast(list[Any], value)]
    if isinstance(value, dict):
        return {key: _tidied_value(name, one, unseen, told) for key, one in cast(dict[str, Any], value).items()}
    return value


def _tidied_text(name: str, text: str, unseen: re.Pattern[str], told: Told) -> str:
    seen = text if text.isascii() else unseen.sub("", text)
    composed = seen if seen.isascii() else unicodedata.normalize("NFC", seen)
    bare = composed.strip(_BLANKS)
    for kind, before, after in (("zero_width", text, seen), ("unicode", seen, composed), ("padding", composed, bare)):
        if before != after:
            _tell(told, kind, name)
    return bare


def read_numbers(feed: Feed, record: dict[str, Any], separator: str) -> list[Finding]:
    """Reads the record's numbers as its file writes them; what is none stays for the model to refuse. The findings are
    of those that could be read in two ways."""
    found: list[Finding] = []
    for name in _numbers(feed):
        text = record.get(name)
        if not isinstance(text, str):
            continue
        is_whole = name in feed.wholes
        # No whole number is written with three digits behind its point, but for thousands.
        number = _whole_of(text, separator) if is_whole else number_of(text, separator)
        if isinstance(number, Finding):
            found.append(Finding(number.code, _IN_TWO_WAYS if is_whole else number.message, name))
        elif number is not None:
            record[name] = number
    return found


def _whole_of(text: str, separator: str) -> Decimal | Finding | None:
    if not _WHOLE.fullmatch(text):
        return None
    return number_of(text, "" if _THREE_BEHIND.fullmatch(text) and separator != "," else separator)


def tell_values(
    feed: Feed, came: Mapping[str, Any], normal: Mapping[str, Any], valid: Mapping[str, Any], told: Told
) -> None:
    """Tells what a record says otherwise than it came, once `normalise` has been at it and the model has taken it."""
    numbers = _numbers(feed)
    for name, before in came.items():
        after = valid.get(name) if name in numbers else normal.get(name)
        if (
            after is not before
            and isinstance(before, str)
            and isinstance(after, str | int | Decimal)
            and before != str(after)
        ):
            _tell(told, _kind(before, after), name)


def _kind(before: str, after: Any) -> str:
    text = str(after)
    if before.casefold() == text.casefold():
        return "case"
    if _TIME.fullmatch(text) or _TIME.fullmatch(before):
        return "time"
    if isinstance(after, Decimal | int) or _NUMBER.fullmatch(text):
        return "number"
    return "date" if _DATE.fullmatch(text) else "word"


def tidied(kind: str, field: str | None = None) -> Finding:
    """What is told of this kind; `field` is the first that had it."""
    return Finding(f"tidied.{kind}", TIDIED[f"tidied.{kind}"], field, Severity.INFO)


def _tell(told: Told, kind: str, field: str) -> None:
    told.setdefault(f"tidied.{kind}", tidied(kind, field))
