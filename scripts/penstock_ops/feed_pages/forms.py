"""The fields of a model in words, read from its annotations.

JSON Schema would lose how many digits a decimal may have, which day a date may not be before, and the docstrings of the
types that fields share, which say where their form comes from.
"""

import ast
import inspect
import sys
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import EnumType
from functools import cache
from itertools import pairwise
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    TypeAliasType,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from pydantic import TypeAdapter

_WORDS = {
    str: "text",
    int: "whole number",
    float: "number",
    Decimal: "decimal number",
    bool: "true or false",
    datetime: "time, ISO 8601 with its offset",
    date: "date, YYYY-MM-DD",
}
_LISTS = (list, tuple, Sequence)
_BOUNDS = ("ge", "gt", "le", "lt", "min_length", "max_length", "pattern", "max_digits", "decimal_places")


@dataclass(frozen=True, slots=True)
class Form:
    """A field: what it must look like, why (`note`), and the codes of the model's findings that it can have. The fields
    of what is in `sectors` are called `sectors[].flight`."""

    name: str
    form: str
    note: str
    required: bool
    codes: frozenset[str]


@dataclass(slots=True)
class _Hint:
    """A type without what is wrapped around it. `own` says that it reads text by a pattern of its own."""

    kind: Any
    bounds: dict[str, Any] = field(default_factory=dict[str, Any])
    notes: list[str] = field(default_factory=list[str])
    others: list[Any] = field(default_factory=list[Any])
    own: bool = False


def forms_of(model: type[Any], within: str = "") -> Iterator[Form]:
    """Every field of a TypedDict or dataclass, each followed by the fields within it."""
    required = _required(model)
    for name, hint in get_type_hints(model, include_extras=True).items():
        bare = _bare(hint)
        codes = {"schema.type", *(["schema.required"] if name in required else []), *_codes(bare)}
        yield Form(within + name, _words(bare), " ".join(bare.notes), name in required, frozenset(codes))
        inner, listed = _inner(bare)
        if inner is not None:
            yield from forms_of(inner, f"{within}{name}{'[]' if listed else ''}.")


def _required(model: type[Any]) -> frozenset[str]:
    if is_dataclass(model):
        return frozenset(one.name for one in fields(model) if one.default is MISSING and one.default_factory is MISSING)
    return frozenset(getattr(model, "__required_keys__", ()))


def _bare(hint: Any) -> _Hint:
    found = _Hint(hint)
    while True:
        kind, origin = found.kind, get_origin(found.kind)
        if isinstance(kind, TypeAliasType):
            found.notes += [note for note in (_docstring(kind),) if note]
            found.kind = kind.__value__
        elif origin is Annotated:
            found.kind, *metadata = get_args(kind)
            found.own |= found.kind in (date, datetime) and "pattern" in TypeAdapter[Any](kind).json_schema()
            for one in metadata:
                _note_bounds(one, found.bounds)
                found.notes += [note for note in (getattr(one, "description", None),) if note]
        elif origin in (Required, NotRequired):
            (found.kind,) = get_args(kind)
        elif origin in (Union, UnionType):
            first, *others = (one for one in get_args(kind) if one is not NoneType)
            found.kind, found.others = first, found.others + others
        else:
            return found


def _note_bounds(metadata: Any, bounds: dict[str, Any]) -> None:
    for one in (metadata, *getattr(metadata, "metadata", ())):
        for name in _BOUNDS:
            value = getattr(one, name, None)
            if value is not None and not callable(value):
                bounds.setdefault(name, value)


def _inner(hint: _Hint) -> tuple[type[Any] | None, bool]:
    """What the field is made of, if that has fields itself, and whether the field is a list of it."""
    listed = get_origin(hint.kind) in _LISTS
    kind: Any = _bare(get_args(hint.kind)[0]).kind if listed else hint.kind
    return (kind if _has_fields(kind) else None), listed


def _has_fields(kind: Any) -> bool:
    return is_typeddict(kind) or is_dataclass(kind)


def _words(hint: _Hint) -> str:
    """The form in words, "text of the form `[A-Z]{3}`"."""
    kind, bounds = hint.kind, hint.bounds
    if get_origin(kind) is Literal:
        words = ", ".join(f"`{one}`" for one in get_args(kind))
    elif isinstance(kind, EnumType):
        words = ", ".join(f"`{cast(Any, one).value}`" for one in kind)
    elif get_origin(kind) in _LISTS:
        words = f"list: {_words(_bare(get_args(kind)[0]))}"
    elif _has_fields(kind) or get_origin(kind) is dict:
        words = "object"
    else:
        words = _WORDS.get(kind, "value")
    words += _bounded(bounds)
    return " or ".join([words, *(_words(_bare(one)) for one in hint.others)])


def _bounded(bounds: dict[str, Any]) -> str:
    said: list[str] = []
    if "pattern" in bounds:
        said.append(f" of the form `{bounds['pattern'].removeprefix('^').removesuffix('$')}`")
    if "ge" in bounds and "le" in bounds:
        said.append(f", {_figure(bounds['ge'])} to {_figure(bounds['le'])}")
    else:
        words = {"ge": "from {}", "gt": "above {}", "le": "to {}", "lt": "below {}"}
        said += [f", {words[name].format(_figure(bounds[name]))}" for name in words if name in bounds]
    if bounds.get("min_length"):
        said.append(", not empty")
    if "max_length" in bounds:
        said.append(f", at most {bounds['max_length']:,}")
    if "max_digits" in bounds:
        said.append(f", at most {bounds['max_digits']} digits")
    if "decimal_places" in bounds:
        said.append(f", {bounds['decimal_places']} after the point")
    return "".join(said)


def _figure(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int | float | Decimal) else str(value)


def _codes(hint: _Hint) -> set[str]:
    """The model's findings, but that of the wrong type, which any field can have."""
    possible = {
        "schema.required": bool(hint.bounds.get("min_length")),
        "schema.length": "max_length" in hint.bounds and hint.kind is str,
        "schema.pattern": hint.own or "pattern" in hint.bounds,
        "schema.choice": get_origin(hint.kind) is Literal,
        "schema.range": bool(hint.bounds.keys() & {"ge", "gt", "le", "lt", "max_digits", "decimal_places"}),
    }
    return {code for code, can in possible.items() if can}


def _docstring(alias: TypeAliasType) -> str:
    return _docstrings(alias.__module__).get(alias.__name__, "")


@cache
def _docstrings(module: str) -> dict[str, str]:
    """What stands below each `type X = …` of a module; Python itself throws it away."""
    body = ast.parse(inspect.getsource(sys.modules[module])).body
    return {
        statement.name.id: " ".join(following.value.value.split())
        for statement, following in pairwise(body)
        if isinstance(statement, ast.TypeAlias)
        and isinstance(following, ast.Expr)
        and isinstance(following.value, ast.Constant)
        and isinstance(following.value.value, str)
    }
