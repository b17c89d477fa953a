"""What a declared feed says, as its YAML has it. `FeedDeclaration` is the one description of the form: it validates,
and the JSON Schema for editors is made of it."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from penstock.model.findings import Severity

type Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
"""Small letters, digits and _: as fields and the ends of codes are called."""

type Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True)


class _Field(_Said):
    required: bool = False
    """Whether no record is valid without it."""

    note: Line | None = None
    """Where its form comes from, for the feed's page."""

    also: tuple[Line, ...] = ()
    """What else columns call it. Case, blanks and punctuation never matter."""


class TextField(_Field):
    """Text, without blanks around it, and never empty. A number in JSON is its digits."""

    type: Literal["text"]
    at_most: Annotated[int, Field(ge=1, le=10_000)] = 2000
    """Characters."""

    pattern: str | None = None
    """A regular expression of Rust's `regex` for all of it."""

    written: Line | None = None
    """The pattern in words, after "must be": "of two letters and six digits"."""

    capitals: bool = False
    """Whether small letters are made capitals in a record that would be refused for them."""


class IntegerField(_Field):
    """A whole number."""

    type: Literal["integer"]
    at_least: int | None = None
    at_most: int | None = None


class DecimalField(_Field):
    """A number with a fraction, as exact as it is written."""

    type: Literal["decimal"]
    at_least: Decimal | None = None
    at_most: Decimal | None = None
    digits: Annotated[int, Field(ge=1, le=30)] | None = None
    """All of them, at most."""

    places: Annotated[int, Field(ge=0, le=30)] | None = None
    """Those behind the point, at most."""

    money: bool = False
    """Whether it is written with two digits behind the point."""


class DateField(_Field):
    """A day."""

    type: Literal["date"]
    from_: date | None = Field(None, alias="from")
    to: date | None = None
    written_as: tuple[Literal["DD.MM.YYYY", "DD/MM/YYYY", "MM/DD/YYYY", "YYYYMMDD"], ...] = ()
    """How senders write it besides YYYY-MM-DD."""


class FlagField(_Field):
    """Yes or no."""

    type: Literal["flag"]


class ChoiceField(_Field):
    """One of some words."""

    type: Literal["choice"]
    of: Annotated[dict[Line, tuple[Line, ...]], Field(min_length=1)]
    """The words, and how senders write each besides; case never matters."""


#: The types of fields, by their words.
FIELDS: dict[str, type[BaseModel]] = {
    "text": TextField,
    "integer": IntegerField,
    "decimal": DecimalField,
    "date": DateField,
    "flag": FlagField,
    "choice": ChoiceField,
}

type AnyField = Annotated[
    TextField | IntegerField | DecimalField | DateField | FlagField | ChoiceField, Field(discriminator="type")
]


class RuleDeclaration(_Said):
    """What is demanded of a record beyond its fields' forms."""

    field: Name
    """The field at fault."""

    demand: Line
    """What is demanded, as its sender reads it."""

    broken: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    """The expression that is true of a record which breaks the rule."""

    source: Line | None = None
    """The contract, regulation or standard, with its paragraph."""

    severity: Severity = Severity.HARD
    """`hard` rejects the record, `soft` flags or holds it, `info` only tells."""


class LimitsDeclaration(_Said):
    """What one chunk may hold."""

    records: Annotated[int, Field(ge=1, le=100_000)] = 5000
    group_records: Annotated[int, Field(ge=1, le=100_000)] = 20_000


class FeedDeclaration(_Said):
    """One kind of file from one kind of sender, without Python."""

    title: Line
    """What it is, in one line."""

    about: str = ""
    """What it is, at length, for its page."""

    formats: tuple[Literal["json array", "json sequence", "ndjson", "csv"], ...] = ("json array", "ndjson", "csv")
    """The first that recognises a file reads it. `csv` is any text with columns and a header."""

    fields: Annotated[dict[Name, AnyField], Field(min_length=1)]

    identity: tuple[Name, ...] = ()
    """The fields that make two records the same in the business sense."""

    search: tuple[Name, ...] = ()
    """The fields, beside the identity's, by which people look for a record."""

    sender: Name | None = None
    """The field that says whom a record comes from."""

    revision: Name | None = None
    """The whole number by which a later record of the same identity corrects an earlier one."""

    group: tuple[Name, ...] = ()
    """The fields whose values consecutive records share that are worth nothing without each other."""

    soft: Literal["deliver", "hold"] = "deliver"
    """What becomes of a record with a soft finding."""

    limits: LimitsDeclaration = LimitsDeclaration()

    rules: dict[Name, RuleDeclaration] = {}
    """What is demanded of a record by itself, by the end of the finding's code."""
