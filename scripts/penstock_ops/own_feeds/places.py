"""The feeds' places in `template.yaml`: a parameter, a block of resources, and a line in each list of feeds.

Lists and blocks that are there keep what a person wrote: a new feed's are made after those of the first feed, so that
the form of a place stands in the template alone.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from penstock.feeds.feed import Feed
from penstock.tabulate.columns import COMMON, PARTITIONS, columns

DISPATCHERS_A_FEED = 10  #: invocations of the dispatcher that are reserved for each feed

_BLOCK = re.compile(r"^  # ─ ([a-z][a-z0-9]*)\n(?:(?!  # ─)(?:.*)\n)*", re.MULTILINE)
_COLUMN = re.compile(r'^ +[-{].*?\b[Nn]ame"?: "?([a-z_0-9]+)\b.*\n', re.MULTILINE)
_DESTINATION = re.compile(r"(?<=Value: !Sub \|-\n)(?: {8}.*\n)+")

DESTINATION = """\
        {
          "url": "${%sDestinationUrl}",
          "batch_records": 500,
          "rate_per_second": 10,
          "rate_unit": "requests",
          "burst": 10,
          "timeout_seconds": 20,
          "honours_idempotency_key": true,
          "key_retention_hours": 24,
          "auth": {"kind": "none"}
        }
"""
"""What a new feed's destination is until a person says otherwise, in its block or in Parameter Store."""


def placed(template: str, feeds: Sequence[Feed]) -> str:
    """The template with a place for each of these feeds and for no other.

    Raises:
        ValueError: the template has no feed after whose place another could be made.
    """
    there = [match[1] for match in _BLOCK.finditer(template)]
    wanted = [feed.name for feed in feeds]
    if not there:
        raise ValueError("the template has no feed's block (`# ─ NAME`), after which another could be made")
    text = _with_lists(template, there, wanted)
    text = _with_parameters(text, there, wanted)
    text = _with_blocks(text, there, wanted)
    text = _with_reservation(text, len(wanted) - len(there))
    return _with_columns(text, feeds)


# -- lists: lines one below the other that differ in their feed alone --------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that names one feed, and what it is without the name."""

    feed: str
    form: str

    def of(self, feed: str) -> str:
        return self.form.replace("\0", feed.capitalize()).replace("\1", feed)


def _with_lists(text: str, there: Sequence[str], wanted: Sequence[str]) -> str:
    enums = f"projection.feed.values: {','.join(there)}\n"
    text = text.replace(enums, f"projection.feed.values: {','.join(wanted)}\n")
    made = list[str]()
    lines = text.splitlines(keepends=True)
    at = 0
    while at < len(lines):
        run = [_line(line, one) for line, one in zip(lines[at:], there, strict=False)]
        if len(run) == len(there) > 1 and all(run) and _are_alike(named := [one for one in run if one]):
            made += _list(named, wanted)
            at += len(there)
        else:
            made.append(lines[at])
            at += 1
    return "".join(made)


def _line(line: str, feed: str) -> _Line | None:
    form = re.sub(rf"\b{feed.capitalize()}(?=D(?:estination|ispatch))", "\0", line)
    form = re.sub(rf"(?<![a-z]){feed}(?![a-z])", "\1", form)
    return None if form == line else _Line(feed, form)


def _bare(form: str) -> str:
    """What stays of a line in a list of JSON without what opens, parts and closes it."""
    return form.strip().removeprefix("{").rstrip("},")


def _are_alike(run: Sequence[_Line]) -> bool:
    return len({_bare(one.form) for one in run}) == 1


def _list(run: Sequence[_Line], wanted: Sequence[str]) -> Iterator[str]:
    first, last, inner = run[0].form, run[-1].form, (run[1] if len(run) > 2 else run[0]).form
    core = inner.strip().removeprefix("{").removesuffix(",")
    indent = first[: len(first) - len(first.lstrip())]
    opens = first.strip().removesuffix(",").removesuffix(core)
    closes = last.strip().removeprefix(core)
    parted = "," if inner.strip().endswith(",") else ""
    for place, feed in enumerate(wanted):
        start = indent + (opens if place == 0 else "")
        end = closes if place == len(wanted) - 1 else parted
        yield _Line(feed, f"{start}{core}{end}\n").of(feed)


# -- what each feed has of its own -------------------------------------------------------------------------------------


def _with_parameters(text: str, there: Sequence[str], wanted: Sequence[str]) -> str:
    found = {feed: re.search(rf"^  {feed.capitalize()}DestinationUrl:\n(?:    .*\n)+\n", text, re.M) for feed in there}
    return _replaced(text, {feed: one[0] for feed, one in found.items() if one}, wanted)


def _with_blocks(text: str, there: Sequence[str], wanted: Sequence[str]) -> str:
    found = {match[1]: match[0] for match in _BLOCK.finditer(text)}
    return _replaced(text, {feed: found[feed] for feed in there}, wanted)


def _replaced(text: str, parts: dict[str, str], wanted: Iterable[str]) -> str:
    """The text with the wanted feeds' parts where those of the feeds that are there follow each other."""
    first, pattern = next(iter(parts.items()))
    made = "".join(parts.get(feed) or _like(pattern, first, feed) for feed in wanted)
    return text.replace("".join(parts.values()), made)


def _like(part: str, first: str, feed: str) -> str:
    """A feed's part, after that of the first feed: its comments are read there, and its settings are its own."""
    part = "".join(line for line in part.splitlines(keepends=True) if not re.match(r" +# (?!─)", line))
    part = part.replace(first.capitalize(), feed.capitalize())
    part = re.sub(rf"(?<![a-z]){first}(?![a-z])", feed, part)
    return _DESTINATION.sub(lambda _: DESTINATION % feed.capitalize(), part)


def _with_reservation(text: str, more: int) -> str:
    pattern = r"(?<=^  DispatcherReservedConcurrency:\n)((?:    .*\n)*?    Default: )(\d+)"
    return re.sub(
        pattern, lambda found: found[1] + str(int(found[2]) + more * DISPATCHERS_A_FEED), text, count=1, flags=re.M
    )


# -- columns of the table of outcomes ----------------------------------------------------------------------------------


def _with_columns(text: str, feeds: Sequence[Feed]) -> str:
    """What records of any feed are found by, in each list of the table's columns."""
    own = [name for name in columns(feeds) if name not in COMMON]
    made, after = "", 0
    for start, end in _lists_of_columns(text):
        lines = text[start:end].splitlines(keepends=True)
        named = {match[1]: line for line in lines if (match := _COLUMN.match(line))}
        (at,) = (place for place, name in enumerate(named) if name == list(COMMON)[-1])
        tail = [line for name, line in named.items() if name in {*PARTITIONS, "trace", "newest"}]
        pattern, model = next((line, name) for name, line in named.items() if name == "file_id")
        body = lines[: at + 1] + [named.get(name) or re.sub(rf"\b{model}\b", name, pattern) for name in own]
        made += text[after:start] + "".join(body + tail)
        after = end
    return made + text[after:]


def _lists_of_columns(text: str) -> Iterator[tuple[int, int]]:
    """Where each list of the table's columns is."""
    for match in re.finditer(rf"(?:{_COLUMN.pattern})+", text, re.M):
        if re.search(r'"?: "?file_id\b', match[0]):
            yield match.span()
