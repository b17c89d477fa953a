"""A feed's fields, guessed from a sample of what its sender writes. Each guess says what it rests on."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import combinations
from pathlib import Path
from typing import Any, TypedDict

from penstock.feeds.feed import Feed, Limits
from penstock.feeds.numbers import number_of, separator_of
from penstock.formats.delimited import Delimited
from penstock.formats.format import HEAD
from penstock.formats.json_array import JsonArray
from penstock.formats.json_sequence import JsonSequence
from penstock.formats.ndjson import NdJson
from penstock.model.errors import Refused
from penstock.model.findings import Finding
from penstock.split.planner import Planner

ENOUGH = 20  #: rows with the same shape, or few words, that are no accident
WORDS = 8  #: a choice has at most so many words, each of which stands in the sample more than once
MOST = 8 * 1024 * 1024  #: bytes that are read of the sample
_NUMBERED = re.compile(r"(?:^|_)(?:id|number|no|nr|num|key|code|ref|reference|serial)$")
_DAYS: Mapping[str, str] = {
    "": r"\d{4}-\d{2}-\d{2}",
    "DD.MM.YYYY": r"(?:0[1-9]|[12]\d|3[01])\.(?:0[1-9]|1[0-2])\.\d{4}",
    "DD/MM/YYYY": r"(?:0[1-9]|[12]\d|3[01])/(?:0[1-9]|1[0-2])/\d{4}",
    "MM/DD/YYYY": r"(?:0[1-9]|1[0-2])/(?:0[1-9]|[12]\d|3[01])/\d{4}",
    "YYYYMMDD": r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])",
}


@dataclass(frozen=True, slots=True)
class Guess:
    """One field: what its declaration says, and why."""

    name: str
    said: Mapping[str, Any]
    why: str


@dataclass(frozen=True, slots=True)
class Guessed:
    """A feed as its sample shows it. `left_out` are columns that no flat record has, with the reason."""

    format: str
    fields: Sequence[Guess]
    identity: tuple[str, ...]
    why: str
    rows: Sequence[Mapping[str, Any]] = field(repr=False)
    left_out: Mapping[str, str]


class _Anything(TypedDict, total=False):
    """A record of which nothing is known."""


def guessed(sample: Path) -> Guessed:
    """What the first records of a file say of its feed.

    Raises:
        Refused: it is no table and no JSON, or holds no record.
    """
    layout, rows = _rows_of(sample)
    if not rows:
        raise Refused("format.empty", f"{sample.name} has no record to guess from")
    left_out = {
        name: "it holds records of its own, and a declared feed is flat"
        for row in rows
        for name, value in row.items()
        if isinstance(value, list | dict)
    }
    names = [name for name in dict.fromkeys(name for row in rows for name in row) if name not in left_out]
    columns = {name: [row.get(name) for row in rows] for name in names}
    fields = [_field(name, values, in_table=layout == Delimited.name) for name, values in columns.items()]
    identity, why = _identity(fields, rows)
    return Guessed(layout, fields, identity, why, rows, left_out)


def name_of(column: str) -> str:
    """A field's name for a column: small letters, digits and _."""
    plain = re.sub(r"[^a-z0-9]+", "_", column.strip().lower()).strip("_")[:60]
    return plain if plain[:1].isalpha() or not plain else f"field_{plain}"


def _rows_of(sample: Path) -> tuple[str, list[dict[str, Any]]]:
    with sample.open("rb") as file:
        body = file.read(MOST)
        is_whole = not file.read(1)
    for one in (JsonArray(), JsonSequence(), NdJson(), Delimited()):
        layout = one.recognise(body[:HEAD], name_of)
        if layout is None:
            continue
        feed = Feed(name="sample", title="", formats=(one,), record=_Anything, identity=(), limits=Limits())
        planner = Planner(feed, layout)
        spans = [*planner.push(body), *(planner.finish() if is_whole else ())]
        parsed = [
            row
            for span in spans
            for row in one.parse(span.layout or layout, one.split(span.layout or layout, body[span.start : span.end]))
        ]
        named = [
            {name_of(name): value for name, value in row.items()} for row in parsed if not isinstance(row, Finding)
        ]
        return one.name, named
    raise Refused("format.unrecognised", f"{sample.name} is neither a table with a header nor JSON")


# -- one field ---------------------------------------------------------------------------------------------------------


def _field(name: str, values: Sequence[Any], *, in_table: bool) -> Guess:
    there = [value for value in values if value is not None and str(value).strip()]
    said, why = _type_of(name, there, in_table)
    if len(there) == len(values):
        said = {"type": said["type"], "required": True} | said
    else:
        why += f"; {len(values) - len(there)} of {len(values)} records do not have it"
    return Guess(name, said, why)


def _type_of(name: str, there: Sequence[Any], in_table: bool) -> tuple[dict[str, Any], str]:
    """What holds of all values; the narrowest type comes first."""
    if not there:
        return {"type": "text"}, "no record says it"
    texts = [json.dumps(value) if isinstance(value, bool) else str(value).strip() for value in there]
    for guess in (_flag, _day, _number, *([_number_of_a_table] if in_table else []), _choice):
        said = guess(name, texts)
        if said:
            return said
    shape = _shape(texts)
    if shape:
        return {"type": "text", "pattern": shape}, f"all {len(texts)} have this shape"
    return {"type": "text"}, f"such as {_shown(texts[0])}"


def _all(pattern: str, texts: Sequence[str]) -> bool:
    return all(re.fullmatch(pattern, text) for text in texts)


def _flag(name: str, texts: Sequence[str]) -> tuple[dict[str, Any], str] | None:
    if not _all("(?i:true|false|yes|no|y|n)", texts):
        return None
    return {"type": "flag"}, f"all are one of {', '.join(sorted(set(texts)))}"


def _day(name: str, texts: Sequence[str]) -> tuple[dict[str, Any], str] | None:
    forms = [form for form, pattern in _DAYS.items() if _all(pattern, texts)]
    if not forms or (forms == ["YYYYMMDD"] and _NUMBERED.search(name)):
        return None
    said: dict[str, Any] = {"type": "date"}
    if forms[0]:
        said["written_as"] = [forms[0]]
    if len(forms) > 1:
        return said, f"no day tells {forms[0]} from {forms[1]}: ask the sender"
    return said, f"such as {_shown(texts[0])}"


def _number(name: str, texts: Sequence[str]) -> tuple[dict[str, Any], str] | None:
    if _NUMBERED.search(name) or any(re.match(r"-?0\d", text) or len(text) > 15 for text in texts):
        return None  # its digits are a name, and zeros in front are part of it
    if _all(r"-?\d+", texts):
        return {"type": "integer"}, f"{min(map(int, texts))} to {max(map(int, texts))}"
    if _all(r"-?\d+(?:[.,]\d+)?", texts) and not all("," in text for text in texts):
        return {"type": "decimal"}, f"such as {_shown(max(texts, key=len))}"
    return None


def _number_of_a_table(name: str, texts: Sequence[str]) -> tuple[dict[str, Any], str] | None:
    """A table's numbers may have a comma before their fraction, thousands set apart and signs of currencies; JSON's may
    not."""
    separator = separator_of(texts)
    if not separator or not all(isinstance(number_of(text, separator), Decimal) for text in texts):
        return None
    before = "a comma" if separator == "," else "a point"
    return {"type": "decimal"}, f"such as {_shown(max(texts, key=len))}, with {before} before the fraction"


def _choice(name: str, texts: Sequence[str]) -> tuple[dict[str, Any], str] | None:
    words = Counter(texts)
    if len(texts) < ENOUGH or len(words) > WORDS or min(words.values()) < 2 or _all(r"[\d.,-]+", texts):
        return None
    if len({word.casefold() for word in words}) < len(words) or not all(
        word.isprintable() and len(word) <= 40 for word in words
    ):
        return None
    return {"type": "choice", "of": {word: [] for word in sorted(words)}}, f"all {len(texts)} are one of these"


def _shape(texts: Sequence[str]) -> str:
    """A pattern of capitals and digits that all have, if they are many."""
    shapes = {re.sub(r"[A-Z]", "A", re.sub(r"\d", "9", text)) for text in texts}
    if len(shapes) != 1 or len(set(texts)) < ENOUGH:
        return ""
    (shape,) = shapes
    if re.search(r"[^A9 ./_-]", shape):
        return ""
    runs = re.finditer(r"A+|9+|[^A9]", shape)
    return "".join(_run(one[0]) for one in runs)


def _run(run: str) -> str:
    kind = {"A": "[A-Z]", "9": "[0-9]"}.get(run[0])
    if kind is None:
        return re.escape(run)
    return kind if len(run) == 1 else f"{kind}{{{len(run)}}}"


# -- what makes two records the same -----------------------------------------------------------------------------------


def _identity(fields: Sequence[Guess], rows: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, ...], str]:
    """The fewest fields by which all records differ; those that are called so come first."""
    distinct = list({json.dumps(row, sort_keys=True, default=str): row for row in rows}.values())
    able = [one.name for one in fields if one.said.get("required") and one.said["type"] not in ("decimal", "flag")]
    able.sort(key=lambda name: not _NUMBERED.search(name))
    if len(distinct) == 1:
        able = [name for name in able if _NUMBERED.search(name)]
    for many in (1, 2, 3):
        for names in combinations(able, many):
            if len({tuple(str(row.get(name)) for name in names) for row in distinct}) == len(distinct):
                few = "" if len(distinct) >= ENOUGH else ", which are few: ask the sender"
                return names, f"no two of {len(distinct)} different records have the same{few}"
    return (), "no three fields tell all records apart: say what makes two records the same"


def _shown(text: str) -> str:
    return text if len(text) <= 30 else f"{text[:30]}…"


def reasons(found: Guessed) -> Iterator[tuple[str, str]]:
    """Each guess in a line: the field, and what is thought of it and why."""
    for one in found.fields:
        kind = one.said["type"] + (", required" if one.said.get("required") else "")
        yield one.name, f"{kind}: {one.why}"
    for name, why in found.left_out.items():
        yield name, f"left out: {why}"
    yield "identity", f"{', '.join(found.identity) or 'none'}: {found.why}"
