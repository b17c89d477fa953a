"""JSON objects as records (RFC 8259): what NDJSON and a JSON array share once their records are cut out.

Hostile input ends as a finding, in time and memory that the record's size bounds. jiter itself refuses more than 200
levels, and whole numbers of more than 4,300 digits; huge exponents and endless fractions are refused here.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import Any, cast

import jiter

from penstock.formats.format import Parsed
from penstock.formats.text import undecodable
from penstock.model.findings import Finding

# Numbers with a fraction become Decimal, never float; a key twice is a fault, not a guess: two readers would read two
# things (RFC 8259 §4).
load = partial(jiter.from_json, float_mode="decimal", catch_duplicate_keys=True, allow_inf_nan=False)

MOST_KEYS = 1000  #: of a record; as many as a table may have columns
MOST_DIGITS = 4300  #: of a number with a fraction; Python's own limit for whole numbers

# A Decimal of a few bytes can be a whole number of gigabytes, once somebody asks for one. No double goes past 1e308
# (RFC 8259 §6 on interoperable numbers), so four digits are never meant.
_HUGE_EXPONENT = re.compile(rb"[0-9][eE][+-]?+0*+[1-9][0-9]{3}")
_MANY_DIGITS = re.compile(rb"[0-9.]{%d}" % MOST_DIGITS)
_DIGITS_AND_E = bytes.maketrans(b"123456789E", b"000000000e")
_SIGNS = b"+-"


def parse_objects(raws: Sequence[bytes], encoding: str) -> list[Parsed]:
    """What each raw record says. Each by itself: joined, two broken ones could mend each other."""
    if _may_have_huge_numbers(raws):
        return [_parse_one(raw, encoding) for raw in raws]
    parsed = list[Any]()
    for raw in raws:
        try:
            parsed.append(load(raw))
        except ValueError:
            parsed.append(None)
    are_sound = [type(value) is dict and len(cast(dict[str, Any], value)) <= MOST_KEYS for value in parsed]
    return [
        _parse_one(raw, encoding) if not is_sound else _said(fields) if None in fields.values() else fields
        for is_sound, fields, raw in zip(are_sound, parsed, raws, strict=True)
    ]


def is_object(text: bytes) -> bool:
    """Whether this is one JSON object and nothing else."""
    try:
        return isinstance(load(text), dict)
    except ValueError:
        return False


def is_beginning_of_object(text: bytes) -> bool:
    """Whether more text could make a JSON object of this."""
    try:
        return isinstance(load(text, partial_mode=True), dict)
    except ValueError:
        return False


def names_in(parsed: Sequence[Parsed]) -> set[str]:
    """Every key of every record."""
    return set[str]().union(*(record for record in parsed if not isinstance(record, Finding)))


def _parse_one(raw: bytes, encoding: str) -> Parsed:
    fault = undecodable(raw, encoding)
    if fault:
        return fault
    try:
        value: Any = load(raw)
    except ValueError as error:
        return Finding("format.json", _fault(raw, error))
    if not isinstance(value, dict):
        return Finding("format.json", "a JSON value that is not an object; write an object for each record")
    if len(cast(dict[str, Any], value)) > MOST_KEYS:
        return Finding("format.json", f"the record has more than {MOST_KEYS:,} keys")
    if (_HUGE_EXPONENT.search(raw) or _MANY_DIGITS.search(raw)) and _has_huge_number(value):
        return Finding("format.json", f"a number beyond 1e±999, or of more than {MOST_DIGITS:,} digits")
    return _said(cast(dict[str, Any], value))


_USUAL = (
    (
        re.compile(rb"[ \t\r\n]*+\].*", re.DOTALL),
        "more stands behind the array of records: write one array, or an object a line, and drop what is left again",
    ),
    (re.compile(rb"[ \t\r\n,]++"), "a comma with no record behind it: take it out"),
    (
        re.compile(rb"[ \t\r\n]*,[ \t\r\n]*\{.*", re.DOTALL),
        "a comma stands before the object: take commas between objects out, or put all objects within [ and ]",
    ),
    (
        re.compile(rb"[ \t\r\n]*+\{.*\}[ \t\r\n]*,[ \t\r\n]*", re.DOTALL),
        "a comma stands behind the object: take commas between lines out, or put all objects within [ and ]",
    ),
    (re.compile(rb"[ \t\r\n]*+\{[ \t\r\n]*+'.*", re.DOTALL), "not JSON: names and texts stand in double quotes"),
)
"""What senders' programs are known to write, and what to do about it."""
_NO_VALUE = re.compile(rb"[:,\[][ \t\r\n]*+(?:NaN|-?Infinity|nan|None|True|False|undefined)\b")


def _fault(raw: bytes, error: ValueError) -> str:
    """What is wrong with a record, and what to do about it, where it is known."""
    if "expected value" in str(error) and _NO_VALUE.search(raw):
        return "not JSON: NaN, Infinity, None, True and the like are none of its values; write null, true or false"
    return next((words for form, words in _USUAL if form.fullmatch(raw)), None) or json_fault(error)


def json_fault(error: ValueError) -> str:
    """What is wrong, in words without content: jiter's name the rule and the place, but for a key that is there
    twice."""
    fault = str(error)
    if "duplicate key" in fault:
        return "an object has a key twice"
    if fault.startswith("EOF"):
        return f"not JSON: it breaks off ({fault}); is the file cut short, or a bracket or quote missing?"
    if fault.startswith("trailing characters"):
        return f"not JSON: something follows the record ({fault}); is a comma or a line end missing?"
    return "a number out of range" if "Internal error" in fault else f"not JSON: {fault}"


def _may_have_huge_numbers(raws: Sequence[bytes]) -> bool:
    """Cheap, and seldom yes: other text can look like an exponent too."""
    joined = b"".join(raws)
    return b"0e0000" in joined.translate(_DIGITS_AND_E, _SIGNS) or max(map(len, raws), default=0) > MOST_DIGITS


def _has_huge_number(value: Any) -> bool:
    if isinstance(value, Decimal):
        return abs(value.adjusted()) > 999 or len(str(value)) > MOST_DIGITS
    if isinstance(value, dict):
        return any(map(_has_huge_number, cast(dict[str, Any], value).values()))
    return isinstance(value, list) and any(map(_has_huge_number, cast(list[Any], value)))


def _said(fields: dict[str, Any]) -> dict[str, Any]:
    """Without what is null: that says nothing, as an empty cell does."""
    return {name: value for name, value in fields.items() if value is not None}
