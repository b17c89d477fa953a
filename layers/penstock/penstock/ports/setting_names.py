"""What is wrong with a setting, in a sentence that names it; of a name that nobody knows, the one that was meant."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from typing import Any, TypeAliasType, get_args, get_type_hints

from pydantic_core import ErrorDetails

LONGEST_NAME = 64  #: characters that are told of a name that nobody knows
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_PART = 4  #: characters from which on a piece of a name tells which is meant


def problem_of(fault: ErrorDetails, settings: type[Any], within: Sequence[str] = ()) -> str:
    """What Pydantic has found wrong in `settings`, a dataclass, which stands `within` others. No value is quoted."""
    place = ".".join(map(str, (*within, *fault["loc"])))
    if fault["type"] == "unexpected_keyword_argument":
        return f"{place[:LONGEST_NAME]}: there is no such setting; {_hint(fault['loc'], settings, within)}"
    if fault["type"] == "json_invalid":
        return f"not JSON: {fault['msg'].removeprefix('Invalid JSON: ')}"
    said = fault["msg"].removeprefix("Value error, ")
    return f"{place}: {said}" if place else said


def _hint(loc: Sequence[str | int], settings: type[Any], within: Sequence[str]) -> str:
    *above, name = loc
    here = _names(_part(settings, above))
    if near := _nearest(str(name), here):
        return f"is {near} meant?"
    elsewhere = [path for path in _paths(settings) if path.rpartition(".")[2] == _plain(str(name))]
    if elsewhere:
        return f"is {'.'.join((*within, elsewhere[0]))} meant?"
    return f"there are: {', '.join(here)}"


def _nearest(said: str, names: Sequence[str]) -> str | None:
    """The name that is meant: nearly the same but for case and hyphens, or with this for a part of it."""
    plain = _plain(said)
    with_it = [name for name in names if len(plain) >= _PART and plain in name]
    return next(iter(with_it or get_close_matches(plain, names, n=1)), None)


def _plain(name: str) -> str:
    """A name in the spelling of settings, however its writer spells names."""
    return _HUMP.sub("_", name.strip()).casefold().replace("-", "_")


def _names(settings: type[Any] | None) -> list[str]:
    return [one.name for one in fields(settings)] if settings else []


def _paths(settings: type[Any], above: str = "") -> Iterator[str]:
    """The settings by their paths, the nearest first."""
    yield from (above + name for name in _names(settings))
    for name in _names(settings):
        if part := _part(settings, [name]):
            yield from _paths(part, f"{above}{name}.")


def _part(settings: type[Any] | None, path: Sequence[str | int]) -> type[Any] | None:
    """The dataclass that stands at a path, of which numbers are places in lists; None where there is none."""
    for name in path:
        if settings and isinstance(name, str):
            settings = _dataclass_in(get_type_hints(settings).get(name))
    return settings


def _dataclass_in(hint: Any) -> type[Any] | None:
    """The first dataclass in a type, whatever it stands in: a list, an alias, a union."""
    if isinstance(hint, TypeAliasType):
        return _dataclass_in(hint.__value__)
    if isinstance(hint, type) and is_dataclass(hint):
        return hint
    return next((found for part in get_args(hint) if (found := _dataclass_in(part))), None)
