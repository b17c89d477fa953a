"""What a chunk's records are worth: the one place where bytes become accepted records or findings.

Pure: bytes in, judgement out. The validator and `penstock check` both call it, so what a check says is what a drop
does. Records go through the format's parser, pydantic-core and the rules some hundreds at once; only those that fail
there are looked at one by one. Where a function of the feed itself fails, the records it fails at are looked for by
halves, and the others are judged as if those were not there.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from penstock.feeds.control import held_for
from penstock.feeds.feed import Feed
from penstock.formats.delimited import Delimited
from penstock.formats.format import ENDLESS, Parsed
from penstock.formats.passed_over import PASSED_OVER
from penstock.formats.record_lines import RecordLines
from penstock.formats.text import line_breaks
from penstock.model.defects import defect
from penstock.model.errors import PenstockError
from penstock.model.findings import Finding, Placed, Severity
from penstock.model.messages import Layout, Span
from penstock.model.records import DIGEST, Accepted, Flagged, Rejected
from penstock.validate.returns import Returns
from penstock.validate.sent_documents import SentDocuments
from penstock.validate.tidying import Told, read_numbers, tell_values, tidied, tidied_texts

NAME = 128  #: characters of a field's name that a finding has: a file may call one whatever it likes
PART = 500  #: records worked on at once: so few stay in a processor's cache, and a chunk takes a sixth less time


@dataclass(slots=True)
class Judgement:
    """A judged chunk: every record is in exactly one of the first three lists. `dead` are those at which a function of
    the feed has failed; `flagged` tells of the accepted ones that something was found of. `told` is what was
    tidied, by code. `findings` counts all findings by code, `raws` are the records as they came. `log_counts` counts
    those that the model took by the feed's `log_fields` and what became of them, `origins` are the ids of the files
    whose reject files they came back from."""

    raws: Sequence[bytes] = ()
    accepted: list[Accepted] = field(default_factory=list[Accepted])
    rejected: list[Rejected] = field(default_factory=list[Rejected])
    dead: list[Rejected] = field(default_factory=list[Rejected])
    flagged: list[Flagged] = field(default_factory=list[Flagged])
    findings: Counter[str] = field(default_factory=Counter[str])
    unknown: set[str] = field(default_factory=set[str])
    told: Told = field(default_factory=dict[str, Finding])
    log_counts: Counter[tuple[str, ...]] = field(default_factory=Counter[tuple[str, ...]])
    origins: set[str] = field(default_factory=set[str])

    @property
    def refused(self) -> list[Rejected]:
        """Those that are not accepted, in order."""
        return sorted((*self.rejected, *self.dead), key=lambda one: one.ordinal)

    def add(self, part: "Judgement") -> None:
        """Takes up the judgement of the chunk's next records."""
        self.accepted += part.accepted
        self.rejected += part.rejected
        self.dead += part.dead
        self.flagged += part.flagged
        self.findings += part.findings
        self.unknown |= part.unknown
        self.told = part.told | self.told
        self.log_counts += part.log_counts


class Miscounted(PenstockError):
    """Raised when a chunk does not hold as many records as the splitter counted: a defect, never the sender's fault."""


def judge(feed: Feed, layout: Layout, span: Span, chunk: bytes, sent: SentDocuments | None = None) -> Judgement:
    """Judges the records of a chunk. `chunk` is the span's bytes; of an oversize span, any first part of them. `sent`
    is what they are held against, where they came back in a format of their own."""
    if span.oversize:
        return _oversize(feed, span, chunk)
    try:
        return _judge(feed, layout, span, chunk, sent)
    except Exception as error:
        return _all_dead(span, defect(feed.name, error))


def _judge(feed: Feed, layout: Layout, span: Span, chunk: bytes, sent: SentDocuments | None) -> Judgement:
    """As `judge`; whatever fails at the chunk as a whole goes through."""
    raws = _taken_apart(feed, layout, span, chunk)
    if span.of_group is not None:
        return _of_large_group(feed, span, chunk, raws, span.of_group)
    judgement, lines = Judgement(raws), RecordLines(chunk, raws, span)
    returns = Returns(feed, layout, raws, span.first_record, sent)
    for begin in range(0, len(raws), PART):
        part = raws[begin : begin + PART]
        judgement.add(_judge_part(feed, layout, span.first_record + begin, part, lines, returns))
    judgement.origins = returns.origins
    if (layout.above and not span.chunk) or _has_passed_over(feed, layout, chunk, len(raws)):
        judgement.told[PASSED_OVER.code] = PASSED_OVER
    if layout.is_neutralised:
        judgement.told["tidied.apostrophe"] = tidied("apostrophe")
    judgement.findings.update(unknown_field(name).code for name in judgement.unknown)
    judgement.findings.update(judgement.told.keys())
    if layout.control:
        _hold(judgement, held_for(layout.control), RecordLines(chunk, raws, span))
    return judgement


def _taken_apart(feed: Feed, layout: Layout, span: Span, chunk: bytes) -> list[bytes]:
    """The chunk's records as they came.

    Raises:
        Miscounted: the format splits the chunk into another number of records than it counted.
    """
    raws = feed.format_named(layout.format).split(layout, chunk)
    if len(raws) != span.records:
        raise Miscounted(f"chunk {span.chunk}: {len(raws)} records where {span.records} were counted")
    return raws


def _has_passed_over(feed: Feed, layout: Layout, chunk: bytes, records: int) -> bool:
    """Whether lines of a table are no records; where there are no more lines than records, nobody has to look."""
    reader = feed.format_named(layout.format)
    return isinstance(reader, Delimited) and line_breaks(chunk) > records and reader.passed_over(layout, chunk)


def _hold(judgement: Judgement, finding: Finding, lines: RecordLines) -> None:
    """Has this found of every accepted record."""
    flagged = {one.ordinal: one for one in judgement.flagged}
    for one in judgement.accepted:
        was = flagged[one.ordinal].findings if one.ordinal in flagged else ()
        flagged[one.ordinal] = Flagged(one.ordinal, lines.of(one.ordinal), one.raw, (*was, finding))
        judgement.findings[finding.code] += 1
    judgement.flagged = [flagged[ordinal] for ordinal in sorted(flagged)]


def _judge_part(
    feed: Feed, layout: Layout, first: int, raws: Sequence[bytes], lines: RecordLines, returns: Returns
) -> Judgement:
    """Judges the next records of a chunk; `first` is the ordinal of the first of them. Where a function of the feed
    fails, each half by itself, until only the records are left that it fails at."""
    try:
        return _judge_at_once(feed, layout, first, raws, lines, returns)
    except Exception as error:
        fault = defect(feed.name, error)
    if len(raws) == 1:
        dead = Rejected(first, lines.of(first), raws[0], hashlib.sha256(raws[0]).hexdigest(), (fault,), None)
        return Judgement(dead=[dead], findings=Counter({fault.code: 1}))
    middle = len(raws) // 2
    judgement = _judge_part(feed, layout, first, raws[:middle], lines, returns)
    judgement.add(_judge_part(feed, layout, first + middle, raws[middle:], lines, returns))
    return judgement


def _judge_at_once(
    feed: Feed, layout: Layout, first: int, raws: Sequence[bytes], lines: RecordLines, returns: Returns
) -> Judgement:
    """As `_judge_part`; whatever a function of the feed raises goes through, before a line has been asked for."""
    reader = feed.format_named(layout.format)
    came, unknown = reader.parse(layout, raws), set[str]()
    if not feed.to_record:
        unknown = reader.unknown_fields(layout, came) - feed.fields
    if unknown:
        came, unknown = _renamed(feed, came, unknown)
    told: Told = {}
    parsed: Sequence[Parsed | tuple[Finding, ...]] = (
        [feed.to_record(entry) if not isinstance(entry, Finding) else entry for entry in came]
        if feed.to_record
        else tidied_texts(feed, came, told)
    )
    places, records, faults = _validated(feed, layout, parsed, told)
    if feed.unread:
        unknown |= {name for record in records for name in record.get(feed.unread, ())}
    for rule in feed.rules:
        for at in rule.breaks(records):
            faults.setdefault(places[at], []).append(rule.finding)
    for at, changes in returns.told(first, raws, came).items():
        faults.setdefault(at, []).extend(changes)
    rejected = {at for at, findings in faults.items() if any(f.severity is Severity.HARD for f in findings)}
    digests = [hashlib.sha256(raw).hexdigest() for raw in raws]

    judgement = Judgement(unknown=unknown, told=told, accepted=_accept(feed, first, digests, places, records, rejected))
    if feed.log_fields:
        judgement.log_counts.update(_log_codes(feed, places, records, rejected))
    judgement.findings.update(finding.code for findings in faults.values() for finding in findings)
    for at in sorted(faults):
        entry, ordinal = parsed[at], first + at
        line = lines.of(ordinal)
        findings = tuple(one.on(line) if isinstance(one, Placed) else one for one in faults[at])
        if at not in rejected:
            judgement.flagged.append(Flagged(ordinal, line, digests[at], findings))
            continue
        cells = None if isinstance(entry, Finding | tuple) else _as_it_came(feed, entry, came[at])
        judgement.rejected.append(Rejected(ordinal, line, raws[at], digests[at], findings, cells))
    return judgement


def _as_it_came(feed: Feed, record: Mapping[str, Any], came: Parsed) -> dict[str, Any]:
    """What the sender has back: not what was tidied, but what was made of a document."""
    return dict(record if feed.to_record or isinstance(came, Finding) else came)


def _log_codes(
    feed: Feed, places: Sequence[int], records: Sequence[dict[str, Any]], rejected: set[int]
) -> list[tuple[str, ...]]:
    """Each record's codes, and whether it was accepted."""
    return [
        (*(str(record.get(name, "")) for name in feed.log_fields), "rejected" if at in rejected else "accepted")
        for at, record in zip(places, records, strict=True)
    ]


def _accept(
    feed: Feed,
    first: int,
    digests: Sequence[str],
    places: Sequence[int],
    records: Sequence[dict[str, Any]],
    rejected: set[int],
) -> list[Accepted]:
    """The records without a hard finding, serialised and digested."""
    if rejected:
        kept = [at not in rejected for at in places]
        places, records = list(compress(places, kept)), list(compress(records, kept))
    to_json, sha256 = feed.one.serializer.to_json, hashlib.sha256
    payloads = [to_json(record) for record in records]
    columns = zip(
        [first + at for at in places],
        [digests[at] for at in places],
        feed.identities_of(records),
        [sha256(said).hexdigest()[:DIGEST] for said in _said(feed, records, payloads)],
        payloads,
        feed.revisions_of(records),
        strict=True,
    )
    return list(map(Accepted._make, columns))


def _said(feed: Feed, records: Sequence[dict[str, Any]], payloads: Sequence[bytes]) -> Sequence[bytes]:
    """What makes two records the same: all that they say, but for where it was read."""
    if not feed.provenance:
        return payloads
    to_json, passed_over = feed.one.serializer.to_json, set(feed.provenance)
    return [
        payload if passed_over.isdisjoint(record) else to_json(record, exclude=passed_over)
        for record, payload in zip(records, payloads, strict=True)
    ]


def _validated(
    feed: Feed, layout: Layout, parsed: Sequence[Parsed | tuple[Finding, ...]], told: Told
) -> tuple[Sequence[int], list[dict[str, Any]], dict[int, list[Finding]]]:
    """(places, records) of those the model takes, and the findings, by place, of the others. Those that it refuses are
    normalised and tried once more."""
    tried = _unnested(feed, layout, parsed)
    records = feed.model.validate_python(tried)
    refused = [at for at, (record, entry) in enumerate(zip(records, tried, strict=True)) if record is entry]
    if not refused:
        return range(len(records)), records, {}
    faults: dict[int, list[Finding]] = {}
    again: dict[int, dict[str, Any]] = {}
    for at in refused:
        entry = parsed[at]
        if isinstance(entry, Finding | tuple):
            faults[at] = [entry] if isinstance(entry, Finding) else list(entry)
            continue
        normal = dict(entry)
        faults[at] = read_numbers(feed, normal, layout.separator)
        again[at] = feed.normalise(normal)
    for (at, normal), record in zip(again.items(), feed.model.validate_python(list(again.values())), strict=True):
        doubts = {one.field for one in faults[at]}
        if record is not normal:
            records[at] = record
            tell_values(feed, cast(Mapping[str, Any], parsed[at]), normal, record, told)
            del faults[at]
        else:
            faults[at] += [one for one in _model_findings(feed, normal) if one.field not in doubts]
    places = [at for at in range(len(records)) if at not in faults]
    return places, [records[at] for at in places], faults


def _unnested(
    feed: Feed, layout: Layout, parsed: Sequence[Parsed | tuple[Finding, ...]]
) -> Sequence[Parsed | tuple[Finding, ...]]:
    """A table's records with what is JSON in their cells."""
    if feed.unnested is None or not layout.columns:
        return parsed
    return [entry if isinstance(entry, Finding | tuple) else feed.unnested(entry) for entry in parsed]


def _model_findings(feed: Feed, record: dict[str, Any]) -> list[Finding]:
    """Why the model refuses a record that it does refuse."""
    try:
        feed.one.validate_python(record)
    except ValidationError as error:
        return [schema_finding(fault, feed.written) for fault in error.errors(include_url=False)]
    raise AssertionError("the model takes by itself what it refuses among others")


SCHEMA = {
    "missing": ("schema.required", "the field is required"),
    "string_too_short": ("schema.required", "the field is required and is empty"),
    "string_type": ("schema.type", "the value is not a text; write it in quotes"),
    "string_pattern_mismatch": ("schema.pattern", "the value does not have the form {pattern}"),
    "string_too_long": ("schema.length", "the value is longer than {max_length} characters"),
    "literal_error": ("schema.choice", "the value is none of {expected}"),
    "greater_than_equal": ("schema.range", "the value is below {ge}"),
    "less_than_equal": ("schema.range", "the value is above {le}"),
    "decimal_max_digits": ("schema.range", "the number has more than {max_digits} digits"),
    "decimal_max_places": ("schema.range", "the number has more than {decimal_places} decimal places"),
    "decimal_whole_digits": ("schema.range", "the number has more than {whole_digits} digits before the point"),
    "finite_number": ("schema.type", "the number is not finite"),
    "int_parsing": ("schema.type", "the value is not a whole number"),
    "int_from_float": ("schema.type", "the value is not a whole number"),
    "decimal_parsing": ("schema.type", "the value is not a decimal number"),
    "date_from_datetime_parsing": ("schema.type", "the value is not a date; write it as YYYY-MM-DD"),
    "date_type": ("schema.type", "the value is not a date; write it as YYYY-MM-DD"),
    "bool_parsing": ("schema.type", "the value is neither yes nor no; write true or false"),
    "date_parsing": ("schema.type", "the value is not a date; write it as YYYY-MM-DD"),
}
"""What the model finds, by pydantic's name for it: our code and our sentence."""


def of_these(judgement: Judgement, ordinals: frozenset[int]) -> Judgement:
    """What a judgement says of these records alone."""
    accepted = [one for one in judgement.accepted if one.ordinal in ordinals]
    rejected = [one for one in judgement.rejected if one.ordinal in ordinals]
    dead = [one for one in judgement.dead if one.ordinal in ordinals]
    flagged = [one for one in judgement.flagged if one.ordinal in ordinals]
    codes = Counter(finding.code for one in (*rejected, *dead, *flagged) for finding in one.findings)
    return Judgement(judgement.raws, accepted, rejected, dead, flagged, codes, origins=judgement.origins)


def schema_finding(fault: ErrorDetails, written: Mapping[str, str]) -> Finding:
    """What the model found, in our words and without the value. An unlisted fault is one of type; `written` says how
    fields are to be written."""
    code, message = SCHEMA.get(fault["type"], ("schema.type", "the value is of the wrong kind"))
    name = ".".join(str(part) for part in fault["loc"] if isinstance(part, str))[:NAME] or None
    told = fault.get("ctx", {})
    if "pattern" in told and name and name in written:
        told = told | {"pattern": written[name]}
    return Finding(code, message.format_map(told), name)


def unknown_field(name: str) -> Finding:
    """A column or key that the feed has no field for: kept out, and said so."""
    return Finding("format.unknown_field", "the feed has no such field; it was kept out", name[:NAME], Severity.INFO)


def _renamed(feed: Feed, parsed: Sequence[Parsed], unknown: set[str]) -> tuple[list[Parsed], set[str]]:
    """Keys that are other spellings of fields get the fields' names; where both are there, the field's own wins."""
    spelt = {name: feed.field_of(name) for name in unknown if feed.field_of(name)}
    if not spelt:
        return list(parsed), unknown
    renamed: list[Parsed] = [
        entry
        if isinstance(entry, Finding)
        else {spelt[name]: value for name, value in entry.items() if name in spelt}
        | {name: value for name, value in entry.items() if name not in spelt}
        for entry in parsed
    ]
    return renamed, unknown - spelt.keys()


def _all_dead(span: Span, fault: Finding) -> Judgement:
    """A chunk that cannot even be taken apart. Nobody knows where its records lie in it."""
    ordinals = range(span.first_record, span.first_record + span.records)
    dead = [Rejected(ordinal, span.line, b"", "", (fault,), None) for ordinal in ordinals]
    return Judgement(dead=dead, findings=Counter({fault.code: span.records}))


def _oversize(feed: Feed, span: Span, head: bytes) -> Judgement:
    message = f"a record of more than {feed.limits.record_bytes:,} bytes begins here; is a closing quote missing?"
    if span.end - span.start > ENDLESS:
        message += f" All the rest of the file was taken for it, as it has no end within {ENDLESS:,} bytes"
    finding = Finding("format.record_too_large", message)
    rejected = Rejected(span.first_record, span.line, b"", hashlib.sha256(head).hexdigest(), (finding,), None)
    return Judgement(rejected=[rejected], findings=Counter({finding.code: 1}))


def _of_large_group(feed: Feed, span: Span, chunk: bytes, raws: Sequence[bytes], begins: int) -> Judgement:
    """Records that could only be delivered with others, which are too many."""
    limits = feed.limits
    finding = Finding(
        "format.group_too_large",
        f"the records with this {', '.join(feed.group)}, from line {begins} on, are more than may be delivered together"
        f" ({limits.group_records:,} records, {limits.group_bytes:,} bytes); send them as several groups",
        feed.group[0],
    )
    lines, first = RecordLines(chunk, raws, span), span.first_record
    rejected = [
        Rejected(first + at, lines.of(first + at), raw, hashlib.sha256(raw).hexdigest(), (finding,), None)
        for at, raw in enumerate(raws)
    ]
    return Judgement(raws, rejected=rejected, findings=Counter({finding.code: len(raws)}))
