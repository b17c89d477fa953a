"""One canonical form before digest and identity, and what was tidied is told (R52)."""

import json
import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.feeds.crew import CREW
from penstock.feeds.mro import MRO
from penstock.feeds.numbers import number_of, separator_of
from penstock.feeds.traffic import TRAFFIC
from penstock.feeds.written import in_cents, plain
from penstock.model.findings import Finding, Severity
from penstock.model.tidied import TIDIED
from penstock.validate.judging import Judgement
from penstock.validate.tidying import Told, tidied_texts
from tests.support.components import removal
from tests.support.reading import feed_with, judge_file, split_file
from tests.support.spots import csv_file, ndjson_file, spot


def digests(judgement: Judgement) -> set[tuple[str, str]]:
    """Who the accepted records are, and what they say."""
    assert judgement.rejected == []
    return {(one.identity, one.digest) for one in judgement.accepted}


def alike(*changes: dict[str, Any]) -> Judgement:
    """Records that are one spot but for how they are written."""
    return judge_file(TRAFFIC, csv_file([dict(spot(1)) | one for one in changes]))


@pytest.mark.parametrize(
    ("field", "written", "kind"),
    [
        ("rate", ["10.00", "10", "10.0", "1E1", "$10.00", "10.0000"], "number"),
        ("station", ["WPNS", "wpns", "Wpns"], "case"),
        ("air_time", ["20:15:00", "20:15:00;00", "20:15:00:00", "20:15:00.00", "20:15:00,00"], "time"),
        ("air_time", ["20:15:00:07", "20:15:00.07"], "time"),
        ("length_s", ["30", ":30", "00:00:30"], "time"),
        ("spot_id", ["S1", " S1", "S1\t", "S1\xa0"], "padding"),
        ("notes", ["n", " n", "n "], "padding"),
        ("spot_id", ["S1", "S1\u200b", "\ufeffS1", "S\u200d1", "S\xad1"], "zero_width"),
        ("advertiser", ["Café", "Cafe\u0301"], "unicode"),
    ],
)
def test_what_is_written_otherwise_is_the_same_and_told_once(field: str, written: Sequence[str], kind: str) -> None:
    judgement = alike(*({field: one} for one in written))
    assert len(digests(judgement)) == 1
    assert list(judgement.told) == [f"tidied.{kind}"]
    assert judgement.told[f"tidied.{kind}"].field == field
    assert judgement.told[f"tidied.{kind}"].severity is Severity.INFO
    assert judgement.findings == {f"tidied.{kind}": 1}


def test_what_has_its_one_form_is_not_told() -> None:
    assert alike({}, {"rate": "0.1250"}, {"notes": "Müller"}, {"air_time": "20:15:00;12"}).told == {}


def test_letters_that_a_code_tells_apart_stay_apart() -> None:
    assert len(digests(alike({"spot_id": "S1"}, {"spot_id": "s1"}, {"spot_id": "Ｓ1"}))) == 3


def test_joiners_stay_where_words_may_need_them() -> None:
    judgement = alike({"notes": "می\u200cخواهم"})
    assert json.loads(judgement.accepted[0].payload)["notes"] == "می\u200cخواهم"
    assert judgement.told == {}


def test_json_is_tidied_as_tables_are() -> None:
    records = [spot(1, rate=rate) for rate in (10, 10.5, "10", "10.50")] + [spot(1, rate="10", station=" wxyz ")]
    judgement = judge_file(TRAFFIC, ndjson_file(records))
    assert len(digests(judgement)) == 2
    assert judgement.told.keys() == {"tidied.number", "tidied.padding", "tidied.case"}


def test_a_number_that_a_json_sender_has_for_an_id_is_the_text_of_its_digits() -> None:
    as_number, as_text = spot(1, spot_id=4711, station=5), spot(1, spot_id="4711", station="5")
    assert len(digests(judge_file(TRAFFIC, ndjson_file([as_number, as_text])))) == 1


def test_nor_does_it_matter_whether_its_program_knows_floats_alone() -> None:
    """What has a fraction, as a number of a version may, keeps it."""
    bodies = [
        ndjson_file([spot(1, rate=1.5)]).replace(b'"S00001"', number)
        for number in (b"123", b"123.0", b"1.23E2", b'"123"')
    ]
    assert len({digest for body in bodies for digest in digests(judge_file(TRAFFIC, body))}) == 1
    judgement = judge_file(TRAFFIC, bodies[0].replace(b": 123,", b": 1.10,"))
    assert json.loads(judgement.accepted[0].payload)["spot_id"] == "1.10"


def test_texts_within_other_values_are_tidied_as_well() -> None:
    told: Told = {}
    (tidy,) = tidied_texts(CREW, [{"sectors": [{"from": " AMS\u200b", "legs": 2}], "qualifications": ["A320 "]}], told)
    assert tidy == {"sectors": [{"from": "AMS", "legs": 2}], "qualifications": ["A320"]}
    assert told.keys() == {"tidied.padding", "tidied.zero_width"}


@given(
    st.recursive(
        st.text('Aé"\\, \t\v\x1c\xa0\u200b', max_size=3) | st.integers() | st.none(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text("K ", max_size=2), inner),
    )
)
def test_no_text_within_other_values_is_passed_over(value: Any) -> None:
    # A text beside it that needs it has every text looked at.
    came = ({"sectors": value}, {"sectors": value, "home_base": " "})
    alone, beside = (cast(list[dict[str, Any]], tidied_texts(CREW, [one], {}))[0] for one in came)
    assert beside == alone | {"home_base": ""}


def test_rejects_come_back_as_they_were_written_and_not_as_they_were_tidied() -> None:
    judgement = judge_file(TRAFFIC, ndjson_file([spot(1, rate="$10", isci="?", notes=" n")]))
    cells = judgement.rejected[0].cells
    assert cells is not None
    assert (cells["rate"], cells["notes"]) == ("$10", " n")


def test_it_is_told_once_however_many_records_it_was_done_to() -> None:
    body = csv_file([spot(at, rate=str(at)) for at in range(1200)])
    (judgement,) = split_file(TRAFFIC, body).judged()
    assert judgement.findings == {"tidied.number": 1}


def test_hours_and_confidence_have_one_form_too() -> None:
    records = [removal(hours_since_new=hours) for hours in ("12500.50", "12500.5", "12,500.5")]
    judgement = judge_file(MRO, csv_file(records, tuple(records[0])))
    assert len(digests(judgement)) == 1


class TestWholeNumbers:
    """Nobody writes three digits behind the point of a whole number, but for thousands."""

    def cycles(self, hours: str, cycles: str) -> int | str:
        record = removal(hours_since_new=hours, cycles_since_new=cycles)
        judgement = judge_file(MRO, csv_file([record], tuple(record), delimiter=";"))
        if judgement.rejected:
            return judgement.rejected[0].findings[0].code
        return json.loads(judgement.accepted[0].payload)["cycles_since_new"]

    @pytest.mark.parametrize(
        ("hours", "cycles", "read"),
        [
            ("12500", "6.000", "schema.ambiguous"),
            ("12500.5", "6.000", "schema.ambiguous"),
            ("12500,5", "6.000", 6000),
            ("12500", "6,000", 6000),
            ("12500", "6 000", 6000),
            ("12500", "6000.0", 6000),
            ("12500", "$6000", "schema.type"),
            ("12500", "6E3", "schema.type"),
        ],
    )
    def test_thousands_are_thousands_or_a_finding(self, hours: str, cycles: str, read: int | str) -> None:
        assert self.cycles(hours, cycles) == read


class TestNumbers:
    """How a file writes the fractions of its numbers holds for all of them."""

    def rates(self, *written: str) -> list[str]:
        body = csv_file([spot(at, rate=rate) for at, rate in enumerate(written)], delimiter=";")
        judgement = judge_file(TRAFFIC, body)
        accepted = {one.ordinal: json.loads(one.payload)["rate"] for one in judgement.accepted}
        refused = {one.ordinal: one.findings[0].code for one in judgement.rejected}
        return [value for _, value in sorted((accepted | refused).items())]

    def test_a_point_before_three_digits_means_thousands_among_commas(self) -> None:
        assert self.rates("1.250,00", "950,00", "1.250", "0,99") == ["1250.00", "950.00", "1250.00", "0.99"]

    def test_it_means_a_fraction_among_points(self) -> None:
        assert self.rates("1,250.00", "950.00", "1.250", "1,250") == ["1250.00", "950.00", "1.25", "1250.00"]

    def test_it_is_nobodys_guess_where_nothing_tells(self) -> None:
        assert self.rates("1.250", "12", "1.2500") == ["schema.ambiguous", "12.00", "1.25"]

    def test_where_both_stand_before_fractions_each_is_read_that_can_be_read_in_one_way(self) -> None:
        assert self.rates("10.50", "950,00", "1.250") == ["10.50", "950.00", "schema.ambiguous"]

    def test_a_comma_behind_hundreds_of_points_is_no_number(self) -> None:
        assert self.rates(*["10.50"] * 500, "950,00")[-1] == "schema.type"

    def test_every_chunk_reads_by_what_the_first_records_tell(self) -> None:
        body = csv_file([spot(1, rate="950,00"), spot(2), spot(3, rate="1.250")], delimiter=";").replace(
            b"1250.00", b""
        )
        payloads = [
            json.loads(one.payload).get("rate")
            for judgement in split_file(feed_with(records=1), body).judged()
            for one in judgement.accepted
        ]
        assert payloads == ["950.00", None, "1250.00"]

    @given(st.decimals(min_value=0, max_value=10**9, places=2), st.sampled_from([",", "."]))
    def test_whoever_sets_thousands_apart_is_read_back(self, number: Decimal, mark: str) -> None:
        text = f"{number:,.2f}"
        written = text if mark == "." else text.translate(str.maketrans(",.", ".,"))
        assert number_of(written, mark) == number
        assert separator_of([written]) == mark

    @given(st.text(alphabet="0123456789.,_-+eE$( )'٣", max_size=9), st.sampled_from(["", ",", "."]))
    def test_anything_is_a_number_of_plain_digits_or_none(self, text: str, mark: str) -> None:
        found = number_of(text, mark)
        assert found is None or isinstance(found, Finding) or found.is_finite()
        if "_" in text or "٣" in text:
            assert found is None


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=6))
def test_a_number_has_one_form_whatever_form_it_came_in(number: Decimal) -> None:
    for form in (plain, in_cents):
        assert form(number) == number
        assert str(form(number)) == str(form(number.normalize()))
        assert "E" not in str(form(number))


@given(st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=6), min_size=1, max_size=4))
def test_no_text_is_padded_or_decomposed_or_has_a_byte_order_mark_once_it_is_accepted(notes: list[str]) -> None:
    records = [spot(at, notes=note) for at, note in enumerate(notes)]
    for one in judge_file(TRAFFIC, ndjson_file(records)).accepted:
        said = json.loads(one.payload).get("notes", "")
        assert said == said.strip()
        assert unicodedata.is_normalized("NFC", said)
        assert "\ufeff" not in said


@pytest.mark.parametrize("value", [1, 0, "on"])
def test_a_yes_is_no_number(value: Any) -> None:
    record = removal(temporary=value)
    (rejected,) = judge_file(MRO, ndjson_file([record])).rejected
    assert [(one.code, one.field) for one in rejected.findings] == [("schema.type", "temporary")]


def test_every_kind_has_words() -> None:
    assert all(code.startswith("tidied.") and words for code, words in TIDIED.items())
