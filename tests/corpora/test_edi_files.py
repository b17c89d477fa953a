"""X12 files and a schedule that others made: the known verdicts, whole records however cut, totals that add up."""

from pathlib import Path
from typing import Any

import pytest

from penstock.formats.ssim import SSIM
from penstock.formats.x12 import X12
from penstock.model.findings import Finding
from penstock_ops.check.check_file import check
from tests.corpora import edi
from tests.corpora.corpus import FOLDER
from tests.support.acknowledged import acknowledged
from tests.support.edi import passed

READABLE = [name for name in edi.X12_FILES if not {"refused", "x12_isa"} & edi.ours(name).faults.keys()]
CUTS: list[dict[str, Any]] = [
    {"blocks": [7, 64, 1], "records": 1},
    {"blocks": [1], "records": 3, "size": 300},
    {"blocks": [4096], "records": 2, "size": 1},
]


@pytest.mark.parametrize("name", edi.X12_FILES)
def test_the_verdict_is_the_known_one_or_the_difference_is_explained(name: str) -> None:
    short = name.rsplit("/", 1)[1]
    if short in edi.EXPLAINED:
        assert edi.ours(name).faults == edi.EXPLAINED[short][1]
        assert not edi.agrees(name)
    else:
        assert edi.agrees(name), (edi.ours(name), edi.known(name))


@pytest.mark.parametrize("name", READABLE)
def test_every_segment_is_read(name: str) -> None:
    """As many as the collectors count; they count the envelopes' too."""
    if name.rsplit("/", 1)[1] in edi.EXPLAINED:
        return
    body = (FOLDER / name).read_bytes()
    envelopes = sum(body.count(tag) for tag in (b"ISA*", b"GS*", b"GE*", b"IEA*", b"ISA|", b"GS|", b"GE|", b"IEA|"))
    assert edi.ours(name).segments + envelopes == edi.known(name).segments


@pytest.mark.parametrize("name", READABLE)
@pytest.mark.parametrize("cut", CUTS)
def test_chunks_hold_the_records_of_the_whole_file(name: str, cut: dict[str, Any]) -> None:
    whole, in_pieces = edi.read(name), edi.read(name, **cut)
    assert in_pieces.raws == whole.raws
    assert in_pieces.noted == whole.noted
    assert max(len(raws) for _, _, raws in in_pieces.chunks) <= cut["records"]


def test_a_freight_invoices_charges_add_up_to_its_total() -> None:
    file = edi.read("freight/x12/210-MGCTLYST-SAMPLE.EDI")
    ((_, layout, raws),) = file.chunks
    (invoice,) = X12().parse(layout, raws)
    assert not isinstance(invoice, Finding)
    charges = [int(one[4]) for one in invoice["segments"] if one[0] == "L1"]
    (header,) = (one for one in invoice["segments"] if one[0] == "B3")
    (total,) = (one for one in invoice["segments"] if one[0] == "L3")
    assert invoice["transaction"] == "210"
    assert invoice["envelope"]["group_function"] == "IM"
    assert sum(charges) == int(header[7]) == int(total[5]) == 65940


def test_the_schedules_legs_are_its_lines_of_type_3() -> None:
    body = (FOLDER / edi.SCHEDULE).read_bytes()
    lines = [line for line in body.decode().splitlines() if line.startswith("3")]
    for cut in ({}, *CUTS):
        file = passed(SSIM, body, **cut)
        assert [raw.decode() for raw in file.raws] == lines
        assert file.noted.counts == {}
    for _, layout, raws in passed(SSIM, body).chunks:
        for parsed, line in zip(SSIM.parse(layout, raws), lines, strict=True):
            assert not isinstance(parsed, Finding)
            assert _written(parsed) == line
            assert parsed["envelope"]["time_mode"] == "L"


def _written(leg: Any) -> str:
    """The line again, from its columns: none was left out, and none is where another is."""
    (kind,) = (one for one in SSIM.types if one.name == "leg")
    cells = list("3" + " " * 199)
    for column in kind.columns:
        # Numbers stand on the right of their columns, and days on those of their numbers.
        value = leg.get(column.name, "")
        aligned = (
            value.rjust(column.length)
            if column.name in ("flight_number", "onward_flight")
            else value.ljust(column.length)
        )
        if column.name == "days":
            aligned = "".join(day if day in value else " " for day in "1234567")
        cells[column.place] = aligned
    return "".join(cells)


@pytest.mark.parametrize("name", READABLE)
def test_what_its_sender_would_be_told_is_as_its_standard_has_it(name: str, tmp_path: Path) -> None:
    """And is about as many sets as have a header, in their order."""
    out = tmp_path / "told.edi"
    check(FOLDER / name, "freight", tmp_path / "rejects.csv", lambda _: None, acknowledgements_to=out)
    body = (FOLDER / name).read_bytes()
    if out.exists():
        said = acknowledged(out.read_bytes())
        assert 0 < len(said) <= body.count(b"ISA")
        assert sum(len(one.every_set) for one in said) <= len(edi.read(name).raws)
