"""What a feed declares."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache, cached_property
from typing import Annotated, Any, Literal, cast

from pydantic import Field, TypeAdapter

from penstock.feeds.control import CONTROL_TOTAL, ControlTotals
from penstock.feeds.numbers import separator_of
from penstock.feeds.rules import Record, Rule
from penstock.formats.cell_digests import value_of
from penstock.formats.format import Format, Parsed
from penstock.formats.text import refuse_unless_text
from penstock.model.errors import Refused
from penstock.model.findings import HOLDING, Finding, Severity
from penstock.model.messages import Layout

#: Bytes of a file's layout as JSON in ASCII, the longest form that it is ever stored or sent in: a control character
#: takes six there. With all else that stands beside it, it fits into an item of DynamoDB (400 KB), a message of SQS and
#: an event of EventBridge (256 KB each).
LARGEST_LAYOUT = 100_000

NEAR = 0.8  #: how alike two names must be, of 1, for one to be taken for the other misspelt

SEEN = 500  #: records, as far as the first bytes go, that tell how a table writes its numbers


@dataclass(frozen=True, slots=True)
class Limits:
    """What one chunk may hold. A record larger than `bytes` travels alone, one larger than `record_bytes` is rejected
    unread. A group larger than a chunk travels alone, one of more than `group_records` or `group_bytes` is rejected.
    `lines` bounds what the feed's `lines` counts; a record of more travels alone."""

    records: int = 5000
    bytes: int = 8 * 1024 * 1024
    record_bytes: int = 16 * 1024 * 1024
    group_records: int = 20_000
    group_bytes: int = 16 * 1024 * 1024
    lines: int | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A record of the past that counts: its id among those that share a history, and what the feed keeps of it, by
    name, as JSON has it; what is None is not kept. A feed that may change what it keeps has a version among it (see
    `model.versions`). None altogether is a record that does not count."""

    id: str
    kept: Any


@dataclass(frozen=True, slots=True)
class Tried:
    """An example inside a policy: what it says, and the ends of codes that it waits for and that were found."""

    says: str
    expected: Sequence[str]
    found: Sequence[str]

    @property
    def holds(self) -> bool:
        """Does the policy find what it is expected to?"""
        return list(self.expected) == list(self.found)


@dataclass(frozen=True, slots=True)
class Examination:
    """How a feed judges records by those that came before them, in any file.

    Records with the same values of `by` share a history. `examine` gets such records, what is known, and the
    operator's policy, and gives the findings of each record: pure, and the same whatever the order. A record without a
    hard finding is known from then on: `to_history` says as what, nothing if what is kept is None; it takes the place
    of what had its id. `prune` drops what is too old to matter. `policy` is the type that the `policy` of the feed's
    settings must have. A history that nothing has been added to for so many `days` may be forgotten. Where records
    belong to several histories, or to those of like values, `keys` says to which, instead of the values of `by`. A
    record that is examined carries its trace, where the feed's delivered ones do. `tried` tries the examples inside a
    policy, where it can have some.

    What `examine` and `to_history` both need of a record is worked out of it once, where it takes long: they get what
    `read` gives, which has the record's own fields.

    `also` says to which further histories a part of a record belongs, by their keys, given what is kept of those that
    it was judged beside, by their ids, and the policy; without a policy all that there can be. `examine`, `to_history`
    and `prune` get such parts as they get records, those of one history at a time. Two chunks must never wait for each
    other: of parts nothing is found that is hard, and none has the id of another.
    """

    by: tuple[str, ...]
    examine: Callable[[Sequence[Record], Sequence[Known], Any], list[list[Finding]]]
    to_history: Callable[[Record], Known]
    prune: Callable[[Sequence[Known]], Sequence[Known]]
    policy: type[Any]
    days: int = 400
    keys: Callable[[Record], Sequence[str]] | None = None
    tried: Callable[[Any], Sequence[Tried]] | None = None
    also: Callable[[Record, Mapping[str, Any], Any], Mapping[str, Record]] | None = None
    read: Callable[[Record], Record] | None = None


@dataclass(frozen=True)
class Feed:
    """One kind of file from one kind of sender."""

    name: str
    """The first part of a drop's key, and of the codes of the feed's findings."""

    title: str
    """What it is, in one line, for lists and pages."""

    formats: tuple[Format, ...]
    """The formats that its files may be in. The first that recognises a file reads it."""

    record: type[Any]
    """The model: a TypedDict whose constraints pydantic-core checks."""

    identity: tuple[str, ...]
    """The fields that make two records the same in the business sense. Without any, no record is a duplicate."""

    search: tuple[str, ...] = ()
    """The fields, beside the identity's, by which people look for a record: they stand in the table of outcomes."""

    sender: str = ""
    """The field that says whom a record comes from, "" where none does: by it findings are counted in the table."""

    tabled: bool = False
    """Whether the table of outcomes also has what was delivered of each record, whole."""

    revision: str = ""
    """The field that decides between two records with the same identity: the higher one corrects the other."""

    group: tuple[str, ...] = ()
    """The fields whose values consecutive records share that must stay together in one chunk. Without any, every record
    stands for itself."""

    rules: tuple[Rule, ...] = ()
    """What is demanded of a record by itself, beyond the model."""

    spellings: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """What else columns call a field. Case, blanks and punctuation never matter."""

    written: Mapping[str, str] = field(default_factory=dict[str, str])
    """How fields are to be written whose form is a pattern, in words."""

    normalise: Callable[[dict[str, Any]], dict[str, Any]] = dict
    """Mends usual spellings of values, in a record that the model refused, before it is refused for good."""

    unnested: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
    """Puts lists and objects in place of the JSON in a table's cells, before the model sees a record. What the model
    takes then, `normalise` would have left as it is."""

    decimals: tuple[str, ...] = ()
    """The fields that are numbers with a fraction: in a table they are read as the file writes such numbers."""

    wholes: tuple[str, ...] = ()
    """The fields that are whole numbers: thousands may be set apart in them, as the file does it."""

    to_record: Callable[[Mapping[str, Any]], Parsed | tuple[Finding, ...]] | None = None
    """Makes the model's fields of a record that came as something else, such as a document's tree or a set of segments;
    or all the reasons why it cannot."""

    sums: tuple[str, ...] = ()
    """The fields whose amounts are added up, of a feed with `to_record`: what is found of one may be mended in any."""

    examination: Examination | None = None
    """What is demanded of a record beside those that came before it, in any file."""

    findings: tuple[Finding, ...] = ()
    """What may be found beside rules and model: one for each code of the examination and of `to_record`, whose message
    says what is demanded, without figures. `penstock feeds` and the feed's page list them."""

    soft: Literal["deliver", "hold"] = "deliver"
    """What becomes of a record with a soft finding, unless the destination's settings say otherwise."""

    control: ControlTotals | None = None
    """Where its files may have control totals: what differs from them holds the whole file."""

    holds: tuple[str, ...] = ()
    """Codes of soft findings that hold a record whatever `soft` and the settings say."""

    unreleasable: tuple[str, ...] = ()
    """Of `holds` those of a record that nobody has read, and that only stands for its document: it can be refused, and
    never released, as it would deliver what no sender has said."""

    limits: Limits = Limits()
    """What one chunk may hold."""

    lines: Callable[[Layout, bytes], int] | None = None
    """Counts the lines within whole records, by their bytes, where `limits.lines` bounds them."""

    log_fields: tuple[str, ...] = ()
    """Fields of few characters, codes and never content, by which a chunk's records are counted in the log."""

    trace: str = ""
    """The name under which each delivered record carries its trace; without one it carries none."""

    provenance: tuple[str, ...] = ()
    """Fields that say where a record was read and how, not what it says: they are delivered, and two records that
    differ in no others are the same."""

    unread: str = ""
    """The model's field, never serialised, in which `to_record` tells the names that it passes over."""

    filed: Callable[[str], Mapping[str, str]] | None = None
    """What a dropped key says of the documents filed under it: fields that each record read of them gets, and that no
    form has."""

    field_digests: bool = False
    """Whether the archive keeps the SHA-256 of each field of an accepted record (`outputs/field_digests.py`)."""

    lanes: Callable[[str], str] | None = None
    """Of a dropped key, the name of the lane that its records are in, "" for none (`feeds/lanes.py`). Without it, the
    feed is one lane."""

    documents: Callable[[bytes], bool] | None = None
    """Whether a file that begins so is a document, such as a PDF or a scan, that must be read into records before they
    can be cut from it. Without one, none of the feed's files is."""

    route_of_batch: Callable[[Sequence[str | None], Any], str] | None = None
    """By which route most of an archive's files go, by their formats (None where one has none) and the operator's
    policy. It is told of the archive and decides nothing: each of its files goes by what is in it."""

    acknowledged: bool = False
    """Whether senders are told what became of their records, in formats whose standard has acknowledgements."""

    archived: bool = False
    """Whether what was judged and rejected must be kept where nobody can change it (`io/archiving.py`)."""

    def is_held_for(self, findings: Iterable[Finding], soft: Literal["deliver", "hold"] | None) -> bool:
        """Whether a record of which this was found waits for somebody; `soft` is the settings' word, if they have
        one."""
        holds_all = (soft or self.soft) == "hold"
        holding = HOLDING.union(self.holds, (CONTROL_TOTAL,))
        return any(one.severity is Severity.SOFT and (holds_all or one.code in holding) for one in findings)

    def is_unreleasable(self, codes: Iterable[str]) -> bool:
        """Whether nobody can release a held record of which this was found."""
        return not set(codes).isdisjoint(self.unreleasable)

    @cached_property
    def model(self) -> TypeAdapter[list[Any]]:
        """The whole chunk's validator, in one pass whatever it holds: what is no valid record stays the same object."""
        record: Any = self.record
        either = cast(Any, Annotated)[record | Any, Field(union_mode="left_to_right")]
        return TypeAdapter(cast(Any, list)[either])

    @cached_property
    def one(self) -> TypeAdapter[dict[str, Any]]:
        """A single record's validator and serialiser."""
        record: Any = self.record
        return TypeAdapter(record)

    @cached_property
    def fields(self) -> frozenset[str]:
        """The names of the model's fields."""
        return frozenset(self.record.__annotations__)

    @cached_property
    def found_by(self) -> tuple[str, ...]:
        """The fields by which a record is found in the table of outcomes: the identity's, those of `search`, and its
        sender."""
        return tuple(dict.fromkeys((*self.identity, *self.search, *([self.sender] if self.sender else []))))

    @cached_property
    def required(self) -> frozenset[str]:
        """The fields without which no record is valid."""
        return frozenset(self.record.__required_keys__)

    @cached_property
    def _by_spelling(self) -> dict[str, str]:
        spelt = {_plain(spelling): name for name, spellings in self.spellings.items() for spelling in spellings}
        return spelt | {_plain(name): name for name in self.fields}

    def field_of(self, column: str) -> str:
        """The field a column's name means, "" if none."""
        return self._by_spelling.get(_plain(column), "")

    def format_named(self, name: str) -> Format:
        """The format a layout was found with."""
        return next(one for one in self.formats if one.name == name)

    def recognise(self, head: bytes) -> Layout:
        """How a file that begins with `head` is to be read.

        Raises:
            Refused: the feed cannot read it; the code says why.
        """
        for candidate in self.formats:
            layout = self._layout_by(candidate, head)
            if layout:
                layout = self._with_separator(candidate, self._with_names(layout), head)
                _refuse_unless_storable(layout)
                self._require_columns(layout)
                return layout
        refuse_unless_text(head)
        known = ", ".join(candidate.name for candidate in self.formats)
        raise Refused("format.unrecognised", f"the file is none of what the {self.name} feed reads: {known}")

    def _layout_by(self, candidate: Format, head: bytes) -> Layout | None:
        """What a format says of the file; where it looked for a header, with the columns that are expected there."""
        try:
            return candidate.recognise(head, self.field_of)
        except Refused as refusal:
            if refusal.code != "format.no_header" or not self.required:
                raise
            expected = (
                f"expected are columns for {', '.join(sorted(self.required))}, and others of the {self.name} feed"
            )
            raise Refused(refusal.code, f"{refusal.message}; {expected}") from None

    def _with_names(self, layout: Layout) -> Layout:
        """The layout of a table whose header may stand again in any names that the feed knows its columns by."""
        if not layout.again:
            return layout
        names = tuple((name, *self.spellings.get(name, ())) if name else () for name in layout.columns)
        return layout.model_copy(update={"names": names})

    def _with_separator(self, reader: Format, layout: Layout, head: bytes) -> Layout:
        """The layout with what the first records have before their fractions. JSON has a point, also in its strings."""
        if not self.decimals:
            return layout
        if not layout.columns:
            return layout.model_copy(update={"separator": "."})
        first = reader.take(layout, head, layout.first_byte, SEEN, len(head), final=False)
        raws = reader.split(layout, head[layout.first_byte : first.end]) if first.records else []
        records = [one for one in reader.parse(layout, raws) if not isinstance(one, Finding)]
        cells = [str(one[name]) for one in records for name in self.decimals if name in one]
        return layout.model_copy(update={"separator": separator_of(cells)})

    def _require_columns(self, layout: Layout) -> None:
        missing = sorted(self.required - set(layout.columns))
        if layout.columns and missing:
            likely = (f"{name[:40]!r} for {field}" for field, name in self._likely(missing, layout.unknown))
            perhaps = "".join(f"; is {one} meant?" for one in [", ".join(likely)] if one)
            raise Refused(
                "format.missing_column",
                f"the header has no column for {', '.join(missing)}, and no record is valid without; add it{perhaps}",
            )

    def _likely(self, missing: Sequence[str], unknown: Sequence[str]) -> Iterator[tuple[str, str]]:
        """For each missing field the unknown column whose name is nearest to one of its own, if any is near."""
        for field_name in missing:
            names = {_plain(one): one for one in unknown}
            own = (_plain(one) for one in (field_name, *self.spellings.get(field_name, ())))
            near = [match for one in own for match in get_close_matches(one, names, 1, NEAR)]
            if near:
                yield field_name, names[near[0]]

    def conflict_with(self, earlier: str) -> Finding:
        """The finding of a record whose identity `earlier` has, with another payload."""
        fields = ", ".join(self.identity)
        message = f"{earlier} has the same {fields} and another content; one of the two is wrong"
        return Finding(f"{self.name}.identity_conflict", message)

    def history_full(self) -> Finding:
        """The finding of a record whose history is as large as one can be."""
        by = ", ".join(self.examination.by) if self.examination else ""
        message = f"more is known of this {by} than a history holds; send its records under another one"
        return Finding(f"{self.name}.history_full", message)

    def superseded_by(self, later: str) -> Finding:
        """The finding of a record that `later` has corrected before it came."""
        message = f"{later} is a later {self.revision} of the same {', '.join(self.identity)}; nothing is to be mended"
        return Finding(f"{self.name}.superseded", message, field=self.revision)

    def revisions_of(self, records: Sequence[Record]) -> list[int]:
        """Each record's revision, 0 where it says none."""
        return [record.get(self.revision) or 0 for record in records] if self.revision else [0] * len(records)

    def identities_of(self, records: Sequence[Record]) -> list[str]:
        """Each record's identity as a key: 128 bits of SHA-256 over the feed's name and the identity's fields, of which
        a record may lack some."""
        if not self.identity:
            return [""] * len(records)
        columns = [_texts([record.get(name, "") for record in records]) for name in self.identity]
        sha256, named = hashlib.sha256, f"{self.name}\x1f"
        return [
            sha256((named + text).encode()).hexdigest()[:32] for text in map("\x1f".join, zip(*columns, strict=True))
        ]

    def cell_of(self, name: str, value: Any) -> str:
        """A value that JSON or a document has under this name as a table has it."""
        field = self.field_of(name) or name
        return value_of(value, is_number=field in self.decimals or field in self.wholes)

    def group_key(self, parsed: Parsed) -> str | None:
        """What records of one group have in common, as 128 bits of SHA-256; None where a record does not say."""
        if isinstance(parsed, Finding):
            return None
        if not all(name in parsed for name in self.group):
            parsed = {self.field_of(name): value for name, value in parsed.items()} | dict(parsed)
        texts = [str(parsed.get(name, "")).strip() for name in self.group]
        return hashlib.sha256("\x1f".join(texts).encode()).hexdigest()[:32] if all(texts) else None


def _refuse_unless_storable(layout: Layout) -> None:
    """A file's layout goes with every chunk, whatever its header is made of."""
    size = len(json.dumps(layout.model_dump()))
    if size > LARGEST_LAYOUT:
        raise Refused(
            "format.header_too_long",
            f"what stands before the first record takes {size:,} bytes as it is stored, and {LARGEST_LAYOUT:,} are"
            " taken; shorten the names of its columns, or leave out those that no field wants",
        )


def _texts(values: list[Any]) -> list[str]:
    """Each value as text; of what is no text, dates say, there are few different ones."""
    return values if set(map(type, values)) == {str} else list(map(cache(str), values))


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", name.lower())
