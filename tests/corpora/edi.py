"""X12 envelopes that others collected, with known verdicts, against ours; and a real schedule of SSIM chapter 7."""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from penstock.formats.format import HEAD
from penstock.formats.ssim import SSIM
from penstock.formats.x12 import X12
from penstock.model.errors import Refused
from penstock.model.findings import Finding
from tests.corpora.corpus import FOLDER, files
from tests.corpora.page import Row
from tests.support.edi import Passed, passed

X12_FILES = [*files("freight/x12/*"), *files("freight/x12_envelope/*")]
SCHEDULE = "crew/ssim_chapter7_me.ssim"
_KNOWN: dict[str, Any] = json.loads((FOLDER / "freight/x12_known.json").read_bytes())

#: Where we say something else than the collectors do: what, and why.
EXPLAINED: dict[str, tuple[str, dict[str, int]]] = {
    "gozer_x12.base.no.line.breaks.odd.char.txt": (
        "a terminator of two bytes, an Ö in UTF-8; they are not certain and read half of it, we read the file",
        {"record_count": 4, "group_count": 1},
    ),
    "gozer_x12.no.line.break.no.delim.txt": (
        "no terminator at all; they take the G of GS for it and read six segments, we refuse",
        {"x12_isa": 1},
    ),
    "gozer_x12.wrong.GS.txt": (
        "the first group's header is misspelt; they take its first letter for the terminator, we the newline",
        {"record_unopened": 1, "record_count": 3, "group_unopened": 1, "interchange_count": 1},
    ),
    "vscode_X223-837I-two-claims-for-the-same-provider.edi": (
        "a segment behind the interchange's end; they leave it out, we give it back",
        {"record_unopened": 1},
    ),
}


@dataclass(frozen=True)
class Verdict:
    """What a file was found to be: how often each fault, without `format.`; and the segments read."""

    faults: dict[str, int]
    segments: int


def known(name: str) -> Verdict:
    """What the collectors say, in our words."""
    said = _KNOWN[f"dev/{name}"]
    if "fatal" in said:
        return Verdict({"refused": 1}, 0)
    faults: Counter[str] = Counter()
    for level, what in (("record", "transactions"), ("group", "groups"), ("interchange", "interchanges")):
        faults[f"{level}_count"] = sum(not one["count_ok"] for one in said[what])
        faults[f"{level}_control"] = sum(not one["control_ok"] for one in said[what])
    for tag, level in (("ST", "record"), ("GS", "group"), ("ISA", "interchange")):
        faults[f"{level}_unclosed"] = said["unclosed"].count(tag)
    faults["interchange_header"] = int(not said["isa_fixed_106"])
    return Verdict({fault: count for fault, count in faults.items() if count}, said["segments"])


def read(name: str, **cut: Any) -> Passed:
    """The file, gone by."""
    return passed(X12(), (FOLDER / name).read_bytes(), **cut)


def ours(name: str) -> Verdict:
    """What we say."""
    body = (FOLDER / name).read_bytes()
    try:
        layout = X12().recognise(body[:HEAD], lambda column: column)
    except Refused as refusal:
        return Verdict({_bare(refusal.code): 1}, 0)
    if layout is None:
        return Verdict({"refused": 1}, 0)
    file = read(name)
    faults = Counter({_bare(code): count for code, count in file.noted.counts.items()})
    segments = 0
    for _, found, raws in file.chunks:
        assert found.delimiters is not None
        for parsed in X12().parse(found, raws):
            faults[_bare(parsed.code) if isinstance(parsed, Finding) else ""] += 1
        pieces = (piece for raw in raws for piece in raw.split(found.delimiters.segment.encode()))
        segments += sum(bool(piece.strip()) for piece in pieces)
    return Verdict({fault: count for fault, count in faults.items() if fault}, segments)


def _bare(code: str) -> str:
    return code.removeprefix("format.")


def agrees(name: str) -> bool:
    """Whether we say what they say. Not to be X12 at all and to have no ISA are the same to them."""
    theirs, found = known(name).faults, ours(name).faults
    return found == theirs or (theirs == {"refused": 1} and found in ({"refused": 1}, {"x12_isa": 1}))


def x12_rows() -> list[Row]:
    """A row a file."""
    rows: list[Row] = []
    for name in X12_FILES:
        theirs, found = _told(known(name).faults), _told(ours(name).faults)
        short = name.rsplit("/", 1)[1]
        rows.append(
            Row(short, theirs, found, "" if agrees(name) else EXPLAINED[short][0] if short in EXPLAINED else "?")
        )
    return rows


def _told(faults: dict[str, int]) -> str:
    return ", ".join(f"`{fault}` {count}" for fault, count in sorted(faults.items())) or "sound"


def ssim_rows() -> list[Row]:
    """The schedule's legs, as a plain count of its lines of type 3 has them."""
    body = (FOLDER / SCHEDULE).read_bytes()
    file = passed(SSIM, body)
    parsed = [one for _, layout, raws in file.chunks for one in SSIM.parse(layout, raws)]
    rejected = sum(isinstance(one, Finding) for one in parsed)
    legs = sum(line.startswith(b"3") for line in body.splitlines())
    found = f"{len(parsed)} legs" + (f", {rejected} rejected" if rejected else "")
    noted = _told(dict(file.noted.counts))
    return [Row(SCHEDULE.rsplit("/", 1)[1], f"{legs} legs, sound", f"{found}, {noted}")]
