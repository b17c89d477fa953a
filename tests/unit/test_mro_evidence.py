"""What a certificate proves: blocks that say something, limits that are given, numbers that are whole."""

from typing import Any

import pytest

from penstock.feeds.mro import MRO
from penstock.feeds.mro.placeholders import is_placeholder
from penstock.validate.judging import Judgement
from tests.support.components import EASA, removal
from tests.support.reading import judge_file
from tests.support.spots import ndjson_file


def judged(**changes: Any) -> Judgement:
    return judge_file(MRO, ndjson_file([removal(**changes)]))


def codes_of(**changes: Any) -> list[str]:
    """The codes of all findings, whatever they do."""
    one = judged(**changes)
    return sorted(f.code for found in (*one.rejected, *one.flagged) for f in found.findings)


@pytest.mark.parametrize(
    "text",
    [
        *("N/A", "none", "Unknown", "-", "--", "0000", "XXXX", "ILLEGIBLE", "n.a.", "(illegible)", "?", "<blank>"),
        *("n / a", "NO SERIAL NUMBER", "UNKNOWN S/N", "S/N: N/A", "XX-XX", "000-000", "to be determined", "#DIV/0!"),
    ],
)
def test_a_placeholder_says_nothing(text: str) -> None:
    assert is_placeholder(text)


@pytest.mark.parametrize(
    "text",
    ["RS-1", "0003", "B24365", "X", "A", "N", "J. None", "Naxos Aero", "100", "SN-1", "REF 12", "X1X", "0-1", "NAR"],
)
def test_what_says_something_is_none(text: str) -> None:
    assert not is_placeholder(text)


@pytest.mark.parametrize(
    "field",
    [
        *("authority", "form_tracking_number", "organisation", "work_order", "description"),
        *("release_signature", "release_certificate", "release_name", "release_date"),
    ],
)
@pytest.mark.parametrize("text", ["N/A", "ILLEGIBLE", "0000", "-"])
def test_no_block_of_evidence_may_say_nothing(field: str, text: str) -> None:
    assert codes_of(**{field: text}) == [f"mro.{field}_placeholder"]


@pytest.mark.parametrize("field", ["registration", "control_number"])
@pytest.mark.parametrize("text", ["UNKNOWN", "NONE", "XXXX", "0000"])
def test_nor_may_what_a_removal_is_traced_by(field: str, text: str) -> None:
    assert codes_of(**{field: text}) == [f"mro.{field}_placeholder"]


def test_remarks_that_say_nothing_name_no_regulation_and_no_other_certificate() -> None:
    assert codes_of(release_basis="other", remarks="-") == ["mro.regulation_unnamed"]
    assert codes_of(corrects="N/A") == ["mro.corrects_placeholder"]


@pytest.mark.parametrize("words", ["LIFE LIMITED PART", "disk, LLP", "a life-limited item", "LIFE LIMIT 20000 CYC"])
def test_the_words_of_a_certificate_are_evidence_of_a_limited_life(words: str) -> None:
    assert codes_of(remarks=words, component_sn="N/A") == ["mro.life_limited_without_serial"]
    assert codes_of(remarks=f"NOT {words}" if words.startswith("LIFE") else "lifetime seal", component_sn="N/A") == []


@pytest.mark.parametrize("serial", ["0000", "XXXX", "ILLEGIBLE", "NONE"])
def test_nor_may_a_serial_number(serial: str) -> None:
    assert codes_of(component_sn=serial) == ["mro.serial_placeholder"]


@pytest.mark.parametrize(
    "words", ["Life limited: No", "LLP: N/A", "no life limit", "life limited part - none", "shelf life"]
)
def test_words_that_deny_a_limited_life_are_no_evidence_of_one(words: str) -> None:
    assert codes_of(remarks=words, component_sn="N/A") == []


def test_a_limit_is_evidence_of_a_life_limited_part_whatever_the_flag_says() -> None:
    """14 CFR 43.10(a)."""
    assert codes_of(life_limit_cycles=20_000, cycles_since_new=None) == ["mro.life_status_missing"]
    assert codes_of(life_limit_cycles=20_000, life_limited=False, component_sn="N/A") == [
        "mro.life_limited_without_serial"
    ]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"component_sn": "1.23E+11"}, "mro.digits_lost"),
        ({"part_number": "1E+07"}, "mro.digits_lost"),
        ({"component_sn": "05-MAR-24"}, "mro.looks_like_a_day"),
        ({"component_sn": "MAR-24"}, "mro.looks_like_a_day"),
        ({"component_sn": "2024-03-05"}, "mro.looks_like_a_day"),
        ({"form_tracking_number": "1.23E+11"}, "mro.digits_lost"),
        ({"form_tracking_number": "3/5/2024"}, "mro.looks_like_a_day"),
    ],
)
def test_what_a_spreadsheet_makes_of_a_number_is_told(changes: dict[str, str], code: str) -> None:
    assert codes_of(**changes) == [code]


@pytest.mark.parametrize("serial", ["7E3", "1E7", "MAR24", "05-MAX-24"])
def test_a_serial_that_only_has_such_letters_is_sound(serial: str) -> None:
    assert codes_of(component_sn=serial) == []


@pytest.mark.parametrize(
    ("remarks", "codes"),
    [
        ("corrects RS-1", []),
        ("This certificate corrects RS-1.", []),
        ("see RS-10", ["mro.correction_unnamed"]),
        ("see RS-1-A", ["mro.correction_unnamed"]),
        ("see XRS-1", ["mro.correction_unnamed"]),
    ],
)
def test_another_number_that_begins_alike_names_no_certificate(remarks: str, codes: list[str]) -> None:
    assert codes_of(corrects="RS-1", remarks=remarks) == codes


@pytest.mark.parametrize(
    ("control_number", "codes"),
    [("AALA202603056196", []), ("AALA202603296196", []), ("AALA202603306196", ["mro.long_before_report"])],
)
def test_a_removal_weeks_before_its_report_is_looked_at(control_number: str, codes: list[str]) -> None:
    assert codes_of(control_number=control_number) == codes


@pytest.mark.parametrize(
    ("form", "authority", "date"),
    [
        ("CAA Form 1", "UK CAA", "05 Mar 2026"),
        ("UK_CAA_FORM_1", "CAA, United Kingdom", "05 Mar 2026"),
        ("SEGVOO 003", "ANAC / Brazil", "05/MAR/2026"),
        ("ANAC F-100-01", "ANAC", "05 Mar 2026"),
        ("TCCA 24-0078", "Transport Canada", "05/MAR/2026"),
    ],
)
def test_forms_of_other_authorities_are_known(form: str, authority: str, date: str) -> None:
    assert codes_of(form_type=form, authority=authority, release_date=date) == []
    assert codes_of(**EASA) == []
