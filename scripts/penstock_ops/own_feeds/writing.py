"""What a new feed consists of, as text: its declaration in YAML, and the tests of it."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from penstock.feeds.declared.making import declared
from penstock.feeds.feed import Feed
from penstock.model.findings import Severity
from penstock_ops.feed_pages.examples import judged

from .guessing import Guessed


def declaration(title: str, found: Guessed, sample: str) -> str:
    """The YAML of a guessed feed, with what each guess rests on beside it."""
    formats = ["json array", "ndjson", "csv"]
    if found.format not in formats:
        formats.insert(0, found.format)
    lines = [
        f"# Guessed from {sample}, {len(found.rows):,} records.",
        "# Read it line by line, with the sender's description beside it.",
        f"title: {_scalar(_one_line(title))}",
        "about: |",
        "  Say here what a record is, who sends it, and what makes two of them the same.",
        f"formats: [{', '.join(formats)}]",
        f"identity: [{', '.join(found.identity)}]  # {found.why}",
        "",
        "fields:",
        *(f"  {one.name}: {_flow(one.said)}  # {_one_line(one.why)}" for one in found.fields),
    ]
    lines += [f"  # {name} is {why}" for name, why in found.left_out.items()]
    lines += [
        "",
        "# What is demanded of a record beyond its fields' forms, such as:",
        "# rules:",
        "#   reason_is_given:",
        "#     field: reason",
        "#     demand: an estimated reading says why nobody read the meter",
        '#     broken: kind == "estimated" and absent(reason)',
        "#     source: the contract, with its paragraph",
        "",
    ]
    return "\n".join(lines)


def _flow(said: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{name}: {_value(value)}" for name, value in said.items()) + "}"


def _value(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case Mapping():
            words = cast(Mapping[str, Any], value)
            return _flow({_scalar(name): one for name, one in words.items()})
        case list():
            return f"[{', '.join(map(_value, cast(list[Any], value)))}]"
        case _:
            return _scalar(str(value))


def _scalar(text: str) -> str:
    """Text as YAML takes it for text: a word as it is, all else in quotes."""
    word = re.fullmatch(r"[A-Za-z][A-Za-z0-9_ -]*[A-Za-z0-9_]", text)
    is_text = word and text.lower() not in ("yes", "no", "on", "off", "true", "false", "null")
    return text if is_text else json.dumps(text, ensure_ascii=False)


def _one_line(text: str) -> str:
    """Text as a comment in YAML can have it."""
    return "".join(one if one.isprintable() else " " for one in text)


# -- its tests ---------------------------------------------------------------------------------------------------------

HEAD = '''\
"""The {name} feed: what it takes, and what it refuses. Add a case for each rule, from the sender's description."""

import json
from typing import Any, cast

import pytest

from penstock.feeds import FEEDS
from penstock_ops.feed_pages.examples import judged

SOUND: dict[str, Any] = {sound}


def codes_of(record: dict[str, Any]) -> list[str]:
    """The codes of what is found in one record."""
    found = judged(FEEDS["{name}"], f"{{json.dumps(record)}}\\n".encode())
    return [finding.code for finding in found.get(0, ())]


def test_a_sound_record_is_valid() -> None:
    assert codes_of(SOUND) == []


@pytest.mark.parametrize("field", {required})
def test_a_record_without_what_it_needs_is_refused(field: str) -> None:
    assert codes_of({{name: value for name, value in SOUND.items() if name != field}}) == ["schema.required"]
'''
LONGEST = 80  #: characters of a value that the tests show, where they need it not


def tests_of(name: str, text: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """The tests that a new feed begins with.

    Raises:
        ValueError: none of the records is valid by the declaration, or nothing in it is required.
    """
    feed = declared(text, name, f"{name}.yaml")
    if not feed.required:
        raise ValueError(f"no field of the {name} feed is required, so that an empty record would be valid")
    return HEAD.format(name=name, sound=_literal(_sound_of(feed, rows)), required=json.dumps(sorted(feed.required)))


def _sound_of(feed: Feed, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The first of the records in which nothing hard is found, with what the feed needs and what is short."""
    for row in rows[:1000]:
        record = {
            name: value
            for name, value in row.items()
            if value not in (None, "") and (name in feed.required or len(str(value)) <= LONGEST) and feed.field_of(name)
        }
        found = judged(feed, f"{json.dumps(record, default=str)}\n".encode())
        if not any(one.severity is Severity.HARD for one in found.get(0, ())):
            return record
    raise ValueError(f"none of the sample's records is valid by what was guessed of the {feed.name} feed")


def _literal(record: Mapping[str, Any]) -> str:
    """A record as Python has it; whoever reads the tests shall not be told of lines that are long for their data."""
    lines = [f"    {json.dumps(name)}: {_of_python(value)}," for name, value in record.items()]
    return "\n".join(["{", *(line if len(line) <= 120 else f"{line}  # noqa: E501" for line in lines), "}"])


def _of_python(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
