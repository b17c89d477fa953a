"""docs/reference.md and docs/schemas: messages, events, rows and settings, as the code has them.

python -m tests.support.reference      writes them anew
"""

import inspect
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from penstock.model.events import EVENTS
from penstock.model.messages import ChunkMessage, DispatchMessage, PagesMessage, SplitMessage
from penstock.ports.destination import DestinationSettings
from tests.support.rows import ROWS
from tests.template.cloudformation import Template

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
MESSAGES = (SplitMessage, PagesMessage, ChunkMessage, DispatchMessage)
DIALECT = "https://json-schema.org/draft/2020-12/schema"

type Schema = Mapping[str, Any]

HEAD = """\
# Messages, events, rows and settings

`python -m tests.support.reference` writes this page, and the schemas, from the code: a test says when they are not
current. Commands have [a page of their own](commands.md), and so have [findings](findings.md): those of a feed, with
their rule and remedy, are [on its page](feeds/traffic.md).
"""


@cache
def files() -> dict[Path, str]:
    """What each file has to be."""
    settings = TypeAdapter(DestinationSettings).json_schema()
    return {
        DOCS / "reference.md": "\n".join(_page(settings)).rstrip() + "\n",
        DOCS / "schemas" / "messages.json": _schema("Messages between Penstock's functions", MESSAGES),
        DOCS / "schemas" / "events.json": _schema("Events of Penstock, by detail-type", tuple(EVENTS.values())),
        DOCS / "schemas" / "destination.json": _json({"$schema": DIALECT, **settings}),
    }


def _schema(title: str, models: Sequence[type[BaseModel]]) -> str:
    """One schema with each model by its name, whichever of them something is."""
    _, schema = models_json_schema([(model, "validation") for model in models], title=title)
    whichever = [{"$ref": f"#/$defs/{model.__name__}"} for model in models]
    return _json({"$schema": DIALECT, **schema, "anyOf": whichever})


def _json(schema: Schema) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _page(settings: Schema) -> Iterator[str]:
    yield HEAD
    yield "## Messages\n"
    yield (
        "On the queues, as JSON in a message's body ([schema](schemas/messages.json)). "
        "They point to records and hold none.\n"
    )
    yield from _models(MESSAGES)
    yield "## Events\n"
    yield (
        "On the account's default bus, with source `penstock` and the name below as detail-type "
        "([schema](schemas/events.json)). An event may come twice, and may say more than here in a later release. "
        "[Which to act on](operations.md#what-is-told-on-eventbridge).\n"
    )
    yield from _models(tuple(EVENTS.values()))
    yield "## Rows\n"
    yield (
        "In the tables that the stack's outputs `LedgerTable` and `ClaimsTable` name. Times are seconds since the "
        "epoch. Attributes that a reader does not know it passes over ([which release reads what](versions.md)). Write "
        "nothing there by hand: `penstock` has a verb for whatever needs it.\n"
    )
    for row in ROWS:
        key = f"`{row.pk}`, `{row.sk}`" if row.sk else f"`{row.pk}`"
        yield f"### {_plain(row.pk, row.sk)}\n"
        yield f"{row.what[0].upper()}{row.what[1:]}, in the {row.table}. Key: {key}.\n"
        yield "| attribute | what it is |\n| --- | --- |"
        yield from (f"| `{name}` | {meaning} |" for name, meaning in row.attributes.items())
        yield ""
    yield "## Settings of a destination\n"
    yield (
        "In its parameter, as JSON ([schema](schemas/destination.json), "
        "[what they mean](operations.md#where-a-destination-is-configured)).\n"
    )
    yield from _fields(settings, settings.get("$defs", {}))
    yield "## Parameters of the template\n"
    yield "| parameter | default | what it is |\n| --- | --- | --- |"
    for name, declared in Template.read(ROOT / "template.yaml").parameters.items():
        default = declared.get("Default", "")
        shown = f"`{default}`" if default != "" else "empty"
        yield f"| `{name}` | {_cell(shown)} | {_cell(_allowed(declared))} |"


def _plain(pk: str, sk: str) -> str:
    """A heading: what does not vary of a key."""
    fixed = [part for part in re.split(r"[#<>]", f"{pk}#{sk}") if part.isupper()]
    return " ".join(dict.fromkeys(fixed)) or "CLAIM"


def _allowed(declared: Schema) -> str:
    allowed = ", ".join(f"`{value}`" for value in declared.get("AllowedValues", ()))
    bounds = " to ".join(f"{declared[one]}" for one in ("MinValue", "MaxValue") if one in declared)
    bounds = f"at least {bounds}" if bounds and "MaxValue" not in declared else bounds
    return ". ".join(part for part in (declared["Description"], allowed, bounds) if part)


def _models(models: Sequence[type[BaseModel]]) -> Iterator[str]:
    """Each model, and below them each part that they have in common."""
    parts: dict[str, Schema] = {}
    for model in models:
        yield from _model(model)
        parts |= model.model_json_schema().get("$defs", {})
    for name, schema in sorted(parts.items()):
        if "properties" in schema and name not in {model.__name__ for model in models}:
            yield f"### {name}\n"
            yield f"{schema.get('description', '')}\n"
            yield from _fields(schema, parts)


def _model(model: type[BaseModel]) -> Iterator[str]:
    schema = model.model_json_schema()
    yield f"### {model.__name__}\n"
    yield f"{_text(model)}\n"
    yield from _fields(schema, schema.get("$defs", {}))


def _text(model: type[BaseModel]) -> str:
    """A model's own words; those of its bases, where it inherits their fields, behind them."""
    said = [one.__dict__.get("__doc__") for one in model.__mro__ if issubclass(one, BaseModel) and one is not BaseModel]
    return "\n".join(inspect.cleandoc(words) for words in said if words)


def _fields(schema: Schema, shared: Schema) -> Iterator[str]:
    yield "| field | form | default | |\n| --- | --- | --- | --- |"
    required = schema.get("required", ())
    for name, one in cast("Schema", schema.get("properties", {})).items():
        default = "" if name in required else f"`{json.dumps(one.get('default'), ensure_ascii=False)}`"
        yield f"| `{name}` | {_cell(_form(one, shared))} | {_cell(default)} | {_cell(one.get('description', ''))} |"
    yield ""


def _form(schema: Schema, shared: Schema) -> str:
    """A form in words: `integer`, `list of Chunk`, one of some words."""
    match schema:
        case {"$ref": str(place)}:
            name = place.rpartition("/")[2]
            named = cast("Schema", shared.get(name, {}))
            return _form(named, shared) if "enum" in named else f"`{name}`"
        case {"const": value}:
            return f"`{value}`"
        case {"enum": [*values]}:
            return ", ".join(f"`{value}`" for value in values)
        case {"anyOf": [*several]}:
            return " or ".join(_form(one, shared) for one in several)
        case {"type": "array", "items": items}:
            return f"list of {_form(cast('Schema', items), shared)}"
        case {"type": "object", "additionalProperties": dict() as values}:
            return f"object of {_form(cast('Schema', values), shared)}"
        case {"type": str(kind)}:
            return f"{kind}{_bounds(schema)}"
        case _:
            return "anything"


def _bounds(schema: Schema) -> str:
    words = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "below"}
    said = [f"{word} {schema[bound]:,}" for bound, word in words.items() if bound in schema]
    return f", {' '.join(said)}" if said else ""


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


if __name__ == "__main__":
    for path, text in files().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
