"""A feed's YAML, read with the line of everything that is said in it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, cast

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from .declaration import FIELDS, FeedDeclaration, LimitsDeclaration, RuleDeclaration
from .faults import Fault, Misdeclared
from .nearest import NEAR, nearest

LARGEST = 1_000_000  #: characters of a declaration


@dataclass(frozen=True, slots=True)
class Lines:
    """Where things stand: lines by their path of keys and places."""

    by_path: dict[tuple[str | int, ...], int] = field(default_factory=dict[tuple[str | int, ...], int])

    def of(self, *path: str | int) -> int:
        """The line of what is there, or of what it would be in."""
        while path and path not in self.by_path:
            path = path[:-1]
        return self.by_path.get(path, 1)

    def fault(self, message: str, *path: str | int) -> Fault:
        """A fault at a place."""
        return Fault(self.of(*path), ".".join(map(str, path)), message)


def read(text: str, name: str) -> tuple[FeedDeclaration, Lines]:
    """What a declaration says; `name` is what its file is called, for faults.

    Raises:
        Misdeclared: it is no YAML, or says what a declaration cannot.
    """
    said, lines = _loaded(text, name)
    try:
        return FeedDeclaration.model_validate(said), lines
    except ValidationError as wrong:
        faults = {_fault_of(one, lines) for one in wrong.errors(include_url=False, include_input=False)}
        raise Misdeclared(name, list(faults)) from None


def _loaded(text: str, name: str) -> tuple[Any, Lines]:
    if len(text) > LARGEST:
        raise Misdeclared(name, [Fault(1, "", f"a declaration has at most {LARGEST:,} characters")])
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        lines, twice = Lines(), list[Fault]()
        _note(node, (), lines, twice)
        if twice:
            raise Misdeclared(name, twice)
        return (loader.construct_document(node) if node else None), lines
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise Misdeclared(name, [Fault(line, "", f"this is no YAML: {error.problem or error.context}")]) from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise Misdeclared(name, [Fault(1, "", "this is no YAML")]) from None
    finally:
        loader.dispose()


def _note(node: yaml.Node | None, path: tuple[str | int, ...], lines: Lines, twice: list[Fault]) -> None:
    """Notes the line of everything in a node. A key that stands twice would hide what was said first."""
    if node is None:
        return
    lines.by_path.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):
            inner = (*path, str(key.value))
            if inner in lines.by_path:
                twice.append(Fault(key.start_mark.line + 1, ".".join(map(str, inner)), "it stands here a second time"))
            lines.by_path[inner] = key.start_mark.line + 1
            _note(value, inner, lines, twice)
    elif isinstance(node, yaml.SequenceNode):
        for place, value in enumerate(cast("list[yaml.Node]", node.value)):
            _note(value, (*path, place), lines, twice)


# -- pydantic's faults, as a person who writes YAML can use them -------------------------------------------------------


def _fault_of(error: ErrorDetails, lines: Lines) -> Fault:
    path, context = _path_of(error["loc"]), error.get("ctx", {})
    match error["type"]:
        case "extra_forbidden":
            return lines.fault(f"it is not known here{nearest(str(path[-1]), _known_in(error['loc']))}", *path)
        case "missing":
            return lines.fault(f"it lacks {path[-1]}", *path[:-1])
        case "union_tag_not_found":
            said = [str(one[-1]) for one in lines.by_path if one[:-1] == path]
            for misspelt in get_close_matches("type", said, 1, NEAR):
                return lines.fault("it is not known here; is type meant?", *path, misspelt)
            return lines.fault(f"it lacks a type; there are: {', '.join(FIELDS)}", *path)
        case "union_tag_invalid":
            return lines.fault(f"there is no such type{nearest(context['tag'], FIELDS)}", *path, "type")
        case "literal_error" | "enum":
            there = ", ".join(re.findall(r"'([^']*)'", context["expected"]))
            return lines.fault(f"there is no such word; there are: {there}", *path)
        case "string_type":
            return lines.fault("it must be text; put it in quotes, if it looks like a number or like yes and no", *path)
        case "model_type" | "dict_type":
            return lines.fault("here stand keys with what they say, one a line: `key: what it says`", *path)
        case "tuple_type" | "list_type":
            return lines.fault("here stands a list: [one, another]", *path)
        case "string_pattern_mismatch":
            return lines.fault("names are of small letters, digits and _, a letter first", *path)
        case _:
            return lines.fault(error["msg"][:1].lower() + error["msg"][1:], *path)


def _path_of(loc: Sequence[str | int]) -> tuple[str | int, ...]:
    """The path in the YAML: pydantic puts the type of a field after its name, and "[key]" after a key."""
    bare = [part for part in loc if part != "[key]"]
    return tuple(bare[:2] + bare[3:] if _is_field(bare) else bare)


def _is_field(loc: Sequence[str | int]) -> bool:
    return len(loc) > 2 and loc[0] == "fields" and loc[2] in FIELDS


def _known_in(loc: Sequence[str | int]) -> list[str]:
    """The keys that are known where one is not."""
    model: type[BaseModel] = FeedDeclaration
    if _is_field(loc):
        model = FIELDS[str(loc[2])]
    elif loc[0] in ("rules", "limits") and len(loc) > 1:
        model = RuleDeclaration if loc[0] == "rules" else LimitsDeclaration
    return [one.alias or name for name, one in model.model_fields.items()]


def faults_of_names(said: FeedDeclaration, lines: Lines) -> Iterator[Fault]:
    """Names of fields, wherever one is meant, that no field has."""
    named: Mapping[str, Sequence[str]] = {
        "identity": said.identity,
        "search": said.search,
        "group": said.group,
    }
    for key, names in named.items():
        for place, name in enumerate(names):
            yield from _unless_a_field(name, said, lines, key, place)
    for key, name in (("sender", said.sender), ("revision", said.revision)):
        if name is not None:
            yield from _unless_a_field(name, said, lines, key)
    for code, rule in said.rules.items():
        yield from _unless_a_field(rule.field, said, lines, "rules", code, "field")


def _unless_a_field(name: str, said: FeedDeclaration, lines: Lines, *path: str | int) -> Iterator[Fault]:
    if name not in said.fields:
        yield lines.fault(f"there is no field {name}{nearest(name, said.fields)}", *path)
