"""A template: what a form prints where. Made from one good document, kept as YAML that a person can read and edit."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from penstock_documents.fields import KINDS, Type
from penstock_documents.words import Box

SEEDS = Path(__file__).parent / "seeds"
"""The templates of the forms that `penstock sample tower` fills in."""

type Edges = Annotated[tuple[float, float, float, float], Field(description="left, top, right, bottom, in points")]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Place(_Model):
    """A field that stands somewhere by itself, next to its label. `unit` is as printed beside the value, `format` a
    date's form in `strptime`'s terms, of an amount its marks before the fraction and between thousands; `shape` the
    sample's own (A a letter, 9 a digit): it only decides between two readings. What is `fixed` says the same on each
    document of the form, and is its own label."""

    page: int = 1
    label: str
    label_box: Edges
    value_box: Edges
    type: Type = "text"
    unit: str = ""
    format: str = ""
    shape: str = ""
    critical: bool = False

    @property
    def below(self) -> bool:
        """Whether the value stands on a line below its label."""
        return self.value_box[1] >= self.label_box[3] - 2


class Column(_Model):
    """A table's column: its header, where that begins and ends, and the field it is; one without is only known.
    `shape` is that of the sample's first row."""

    header: str
    left: float
    right: float
    field: str = ""
    type: Type = "text"
    unit: str = ""
    format: str = ""
    shape: str = ""


class Table(_Model):
    """A table: its columns in order, and where its headers and its first row stand."""

    page: int = 1
    columns: tuple[Column, ...]
    header_box: Edges
    row_top: float
    row_height: float
    critical: bool = False


class Template(_Model):
    """A version of a form. `facts` are what is true of each document of it and need not stand there. `lines` are the
    tops of the lines of the document it was made from, by page: what has more of them than that has only been written
    longer."""

    name: str
    version: int = 1
    kind: str
    state: Literal["active", "retired"] = "active"
    pages: int = 1
    size: tuple[float, float] = (612.0, 792.0)
    facts: dict[str, str] = {}
    fields: dict[str, Place] = {}
    tables: dict[str, Table] = {}
    lines: dict[int, tuple[float, ...]] = {}

    @property
    def feed(self) -> str:
        """Whose documents it is of."""
        return KINDS[self.kind].feed

    @property
    def id(self) -> str:
        """As records name it: NAME/VERSION."""
        return f"{self.name}/{self.version}"

    def places_on(self, page: int) -> dict[str, Place]:
        """The fields of a page."""
        return {name: place for name, place in self.fields.items() if place.page == page}


class NotATemplate(ValueError):
    """A file that is no template; the message says where and what is wrong."""


@dataclass(frozen=True, slots=True)
class Registry:
    """Templates in a folder, a file each: NAME.VERSION.yaml."""

    folder: Path
    templates: Sequence[Template] = field(default_factory=tuple[Template, ...])

    @property
    def active(self) -> list[Template]:
        """Those that documents are read by, the newest version first."""
        return sorted(
            (one for one in self.templates if one.state == "active"), key=lambda one: (one.name, -one.version)
        )

    def active_of(self, feed: str) -> list[Template]:
        """Those of them that a feed's documents are read by."""
        return [one for one in self.active if one.feed == feed]

    def versions_of(self, name: str) -> list[Template]:
        """A form's versions, the newest first."""
        return sorted((one for one in self.templates if one.name == name), key=lambda one: -one.version)

    def find(self, template_id: str) -> Template:
        """A template by NAME/VERSION, or by NAME the newest.

        Raises:
            NotATemplate: there is none.
        """
        name, _, version = template_id.partition("/")
        for one in self.versions_of(name):
            if not version or str(one.version) == version:
                return one
        known = ", ".join(one.id for one in self.templates) or "none"
        raise NotATemplate(f"there is no template {template_id}; there are: {known}")

    def write(self, template: Template) -> Path:
        """Keeps a template in its file."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{template.name}.{template.version}.yaml"
        path.write_text(dump(template), encoding="utf-8")
        return path


def load_all(folder: Path) -> Registry:
    """The templates of a folder, and those that everybody has; of two with one name and version the folder's.

    Raises:
        NotATemplate: a file there is none.
    """
    own = [load(path) for path in sorted(folder.glob("*.yaml"))]
    named = {one.id for one in own}
    return Registry(folder, [*own, *(one for one in _seeded() if one.id not in named)])


@cache
def _seeded() -> tuple[Template, ...]:
    return tuple(load(path) for path in sorted(SEEDS.glob("*.yaml")))


def load(path: Path) -> Template:
    """A template from its file.

    Raises:
        NotATemplate: it is none; the message names file and field.
    """
    try:
        raw: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        template = Template.model_validate(raw)
    except yaml.YAMLError as error:
        raise NotATemplate(f"{path.name} is no YAML: {str(error).splitlines()[0]}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise NotATemplate(f"{path.name}: {where}: {first['msg'].lower()}") from None
    if template.kind not in KINDS:
        raise NotATemplate(f"{path.name}: kind: there is no {template.kind}; there are: {', '.join(KINDS)}")
    return template


def dump(template: Template) -> str:
    """A template as YAML."""
    raw = template.model_dump(mode="json", exclude_defaults=True) | {"version": template.version}
    order = ("name", "version", "kind", "state", "pages", "size", "facts", "fields", "tables", "lines")
    return yaml.dump({name: raw[name] for name in order if name in raw}, Dumper=_Dumper, sort_keys=False, width=120)


class _Dumper(yaml.SafeDumper):
    """Lists of numbers on one line."""

    def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = None) -> Any:
        """As PyYAML does, but for what holds no more than numbers."""
        items: Iterable[Any] = sequence
        return super().represent_sequence(tag, sequence, flow_style=all(isinstance(one, int | float) for one in items))


def box(edges: Edges) -> Box:
    """Edges as a box."""
    return Box(*edges)


def name_and_version(text: str) -> tuple[str, int | None]:
    """NAME or NAME/VERSION.

    Raises:
        NotATemplate: it is neither.
    """
    found = re.fullmatch(r"([A-Za-z0-9][\w .-]{0,63})(?:/(\d{1,4}))?", text)
    if not found:
        raise NotATemplate(f"{text!r} is no template's name: letters, digits, blanks, '.', '-' and '_'")
    return found[1], int(found[2]) if found[2] else None
