"""Real service difficulty reports of the FAA as removals: what a spreadsheet did to them is found."""

import csv

from penstock.feeds.mro import MRO
from tests.corpora.corpus import FOLDER
from tests.corpora.reports import (
    BY_DATES,
    COLUMNS,
    control_day,
    is_fragment,
    judged,
    meant,
    rejected_for,
    reports,
    stored,
    swapped,
)

WITHIN = 7  #: days of its control number nearly every report was submitted


def test_every_column_of_the_part_is_known_by_its_name() -> None:
    assert [name for name in COLUMNS if not MRO.field_of(name)] == []


def test_fragments_of_other_rows_are_no_records() -> None:
    fragments = {at for at, report in enumerate(reports()) if is_fragment(report)}
    assert len(fragments) == 7
    assert rejected_for("schema.required") == fragments


def test_the_dates_as_they_were_meant_are_in_order() -> None:
    """So the spreadsheet swapped what it took for its own dates, each of them and no other."""
    for report in reports():
        numbered = control_day(report)
        if numbered:
            assert meant(report["DifficultyDate"]) <= numbered <= meant(report["SubmissionDate"])


def test_submissions_with_day_and_month_swapped_are_found() -> None:
    # Given
    soon: set[int] = set()
    either: set[int] = set()
    for at in swapped("SubmissionDate"):
        numbered, text = control_day(reports()[at]), reports()[at]["SubmissionDate"]
        if numbered and (meant(text) - numbered).days <= WITHIN:
            soon.add(at)
            if 0 <= (stored(text) - numbered).days <= WITHIN:
                either.add(at)

    # Expect
    assert len(soon) > 40
    assert rejected_for("mro.day_and_month_swapped") == soon - either


def test_what_came_after_its_submission_is_found() -> None:
    late = {
        at
        for at, report in enumerate(reports())
        if not is_fragment(report) and stored(report["DifficultyDate"]) > stored(report["SubmissionDate"])
    }
    assert len(late) > 20
    assert rejected_for("mro.after_submission") == late


def test_no_report_whose_dates_are_as_they_were_meant_is_refused_for_them() -> None:
    assert rejected_for(*BY_DATES) <= swapped("DifficultyDate") | swapped("SubmissionDate")


def test_a_swapped_day_that_is_not_found_makes_sense_either_way() -> None:
    unseen = swapped("DifficultyDate") - rejected_for(*BY_DATES)
    for at in unseen:
        report = reports()[at]
        day, submitted = stored(report["DifficultyDate"]), stored(report["SubmissionDate"])
        assert day <= (control_day(report) or submitted) <= submitted
    assert len(unseen) < len(swapped("DifficultyDate")) / 2


def test_parts_without_a_number_are_found() -> None:
    unknown = {at for at, report in enumerate(reports()) if report["PartNumber"] == "UNKNOWN"}
    nameless = {at for at, report in enumerate(reports()) if not is_fragment(report) and not report["PartNumber"]}
    assert rejected_for("mro.part_placeholder") == unknown
    assert rejected_for("mro.part_number") == nameless


def test_the_rest_is_taken_as_it_is() -> None:
    good = [(reports()[one.ordinal], MRO.one.validate_json(one.payload)) for one in judged().accepted]
    assert len(good) > 40
    for report, record in good:
        assert (record["part_number"], record["control_number"]) == (
            report["PartNumber"],
            report["OperatorControlNumber"],
        )
        assert record["removal_date"] == stored(report["DifficultyDate"])


def test_registrations_are_read_with_and_without_their_n() -> None:
    with (FOLDER / "mro" / "faa_registry_nnumbers.csv").open(newline="", encoding="utf-8") as file:
        numbers = [row["N-NUMBER"] for row in csv.DictReader(file)]
    assert len(numbers) == 2_500
    shown = {"component_sn": "N/A", "form_type": "FAA_8130-3", "cert_status": "NEW", "removal_date": "2025-01-01"}
    for number in numbers:
        for text in (number, f"N{number}"):
            MRO.one.validate_python(shown | {"registration": text})
