"""A `Feed` of its declaration: the same model, rules and spellings as a module would write down in Python."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Required, TypedDict, cast

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, with_config
from pydantic_core import SchemaError

from penstock.feeds.declared import DeclaredFeed
from penstock.feeds.feed import Feed, Limits
from penstock.feeds.rules import Rule
from penstock.feeds.written import CENTS, DAY, FLAG, PLAIN, WHOLE, Numbered
from penstock.formats.delimited import Delimited
from penstock.formats.format import Format
from penstock.formats.json_array import JsonArray
from penstock.formats.json_sequence import JsonSequence
from penstock.formats.ndjson import NdJson

from .declaration import (
    AnyField,
    ChoiceField,
    DateField,
    DecimalField,
    FeedDeclaration,
    FlagField,
    IntegerField,
    TextField,
)
from .expressions import FieldType, WrongExpression, breaks
from .faults import Fault, Misdeclared
from .kinds import Kind
from .reading import Lines, faults_of_names, read

_FORMATS: Mapping[str, Callable[[], Format]] = {
    "json array": JsonArray,
    "json sequence": JsonSequence,
    "ndjson": NdJson,
    "csv": Delimited,
}
_DAYS = {"DD.MM.YYYY": "%d.%m.%Y", "DD/MM/YYYY": "%d/%m/%Y", "MM/DD/YYYY": "%m/%d/%Y", "YYYYMMDD": "%Y%m%d"}


def feed_of(path: Path) -> Feed:
    """The feed that a YAML file declares; it is called as the file is.

    Raises:
        Misdeclared: the declaration is wrong; each fault has its line.
    """
    return declared(path.read_text(encoding="utf-8"), path.stem, path.name)


def declared(text: str, name: str, file: str) -> Feed:
    """The feed of that name that the YAML declares; `file` is what faults call it.

    Raises:
        Misdeclared: the declaration is wrong; each fault has its line.
    """
    said, lines = read(text, file)
    faults = [*faults_of_names(said, lines), *_faults_of_fields(said, lines), *_faults_of_words(said, lines)]
    rules = list[Rule]()
    for code, rule in said.rules.items():
        try:
            broken = breaks(rule.broken, {one: _type_of(declared) for one, declared in said.fields.items()})
        except WrongExpression as wrong:
            faults.append(lines.fault(str(wrong), "rules", code, "broken"))
        else:
            rules.append(Rule(f"{name}.{code}", rule.field, rule.demand, broken, rule.severity, rule.source))
    if faults:
        raise Misdeclared(file, faults)
    return DeclaredFeed(
        name=name,
        title=said.title,
        about=said.about.strip(),
        formats=tuple(_FORMATS[one]() for one in said.formats),
        record=_model(name, said),
        identity=said.identity,
        search=said.search,
        sender=said.sender or "",
        revision=said.revision or "",
        group=said.group,
        rules=tuple(rules),
        spellings={one: field.also for one, field in said.fields.items() if field.also},
        written={
            one: field.written for one, field in said.fields.items() if isinstance(field, TextField) and field.written
        },
        normalise=_normalise(said),
        decimals=tuple(one for one, field in said.fields.items() if isinstance(field, DecimalField)),
        wholes=tuple(one for one, field in said.fields.items() if isinstance(field, IntegerField)),
        soft=said.soft,
        limits=Limits(records=said.limits.records, group_records=said.limits.group_records),
    )


def _type_of(field: AnyField) -> FieldType:
    return FieldType(Kind(field.type), field.required, tuple(field.of) if isinstance(field, ChoiceField) else ())


# -- the model --------------------------------------------------------------------------------------------------------


def _model(name: str, said: FeedDeclaration) -> type[Any]:
    fields: dict[str, Any] = {}
    for one, field in said.fields.items():
        kind = _annotation(field)
        fields[one] = Required[kind] if field.required else kind | None
    record: Any = cast(Any, TypedDict)(f"{name.title()}Record", fields, total=False)
    return with_config(ConfigDict(str_strip_whitespace=True, extra="ignore", hide_input_in_errors=True))(record)


def _annotation(field: AnyField) -> Any:
    """A field's type, with its constraints and its note."""
    note = Field(description=field.note)
    match field:
        case TextField():
            pattern = None if field.pattern is None else f"^(?:{field.pattern})$"
            form = StringConstraints(strip_whitespace=True, min_length=1, max_length=field.at_most, pattern=pattern)
            return Annotated[str, Numbered, form, note]
        case IntegerField():
            return Annotated[int, Field(ge=field.at_least, le=field.at_most), WHOLE, note]
        case DecimalField():
            bounds: Any = Field(
                ge=field.at_least, le=field.at_most, max_digits=field.digits, decimal_places=field.places
            )
            return Annotated[(Decimal, bounds, *(CENTS if field.money else PLAIN), note)]
        case DateField():
            return Annotated[date, Field(ge=field.from_, le=field.to), DAY, note]
        case FlagField():
            return Annotated[bool, FLAG, note]
        case ChoiceField():
            return Annotated[cast(Any, Literal)[tuple(field.of)], note]


def _normalise(said: FeedDeclaration) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Brings words, dates and capitals into the form that the feed has for them; what is empty says nothing."""
    menders: dict[str, Callable[[str], str]] = {}
    for name, field in said.fields.items():
        match field:
            case ChoiceField():
                words = {spelt.casefold(): word for word, others in field.of.items() for spelt in (word, *others)}
                menders[name] = lambda text, words=words: words.get(text.strip().casefold(), text)
            case DateField(written_as=forms) if forms:
                menders[name] = lambda text, forms=forms: _as_iso(text, forms)
            case TextField(capitals=True):
                menders[name] = str.upper
            case _:
                pass

    def normalise(record: dict[str, Any]) -> dict[str, Any]:
        normal = {name: value for name, value in record.items() if value != ""}
        return normal | {
            name: mend(value) for name, mend in menders.items() if isinstance(value := normal.get(name), str)
        }

    return normalise


def _as_iso(text: str, forms: tuple[str, ...]) -> str:
    for form in forms:
        try:
            return datetime.strptime(text.strip(), _DAYS[form]).date().isoformat()  # noqa: DTZ007
        except ValueError:
            continue
    return text


# -- what does not fit together ----------------------------------------------------------------------------------------


def _faults_of_fields(said: FeedDeclaration, lines: Lines) -> Iterator[Fault]:
    for name, field in said.fields.items():
        low, high = _bounds_of(field)
        if low is not None and high is not None and low > high:
            yield lines.fault(f"{low} to {high} leaves nothing", "fields", name)
        if isinstance(field, TextField) and field.pattern is not None:
            try:
                TypeAdapter(_annotation(field))
            except SchemaError:
                yield lines.fault("this is no regular expression, or one that looks around", "fields", name, "pattern")
    revised = said.fields.get(said.revision or "")
    if revised is not None and not isinstance(revised, IntegerField):
        yield lines.fault(f"{said.revision} is {revised.type}, and a revision is an integer", "revision")


def _bounds_of(field: AnyField) -> tuple[Any, Any]:
    match field:
        case IntegerField() | DecimalField():
            return field.at_least, field.at_most
        case DateField():
            return field.from_, field.to
        case _:
            return None, None


def _faults_of_words(said: FeedDeclaration, lines: Lines) -> Iterator[Fault]:
    """Words that mean two things: columns of two fields, spellings of two choices."""
    columns = [(one, name) for name, field in said.fields.items() for one in (name, *field.also)]
    for word, first, second in _twice(columns, _plain):
        yield lines.fault(f"{word!r} is what {first} is called, too", "fields", second, "also")
    for name, field in said.fields.items():
        if isinstance(field, ChoiceField):
            spellings = [(one, word) for word, others in field.of.items() for one in (word, *others)]
            for word, first, second in _twice(spellings, str.casefold):
                yield lines.fault(f"{word!r} is how {first} is written, too", "fields", name, "of", second)


def _twice(words: list[tuple[str, str]], plain: Callable[[str], str]) -> Iterator[tuple[str, str, str]]:
    """Each word that means a second thing, with the first that it means and the second."""
    known: dict[str, str] = {}
    for word, meaning in words:
        first = known.setdefault(plain(word), meaning)
        if first != meaning:
            yield word, first, meaning


def _plain(column: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", column.lower())
