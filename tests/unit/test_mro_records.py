"""What the mro feed reads, and what is wrong with a record by itself."""

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from penstock.feeds.mro import MRO, days
from penstock.model.findings import Severity
from tests.support.components import CERTIFIED, EASA, RELEASED, installation, new, removal
from tests.support.reading import judge_file
from tests.support.spots import csv_file, ndjson_file


@pytest.fixture(autouse=True)
def in_summer() -> Iterator[None]:
    """It is 1 July 2026."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(days, "today", lambda: date(2026, 7, 1))
        yield


def found_in(record: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Code and field of what rejects a record."""
    judged = judge_file(MRO, ndjson_file([record]))
    return [(one.code, one.field) for each in judged.rejected for one in each.findings if one.severity is Severity.HARD]


def codes_of(record: dict[str, Any]) -> list[str]:
    return [code.removeprefix("mro.") for code, _ in found_in(record)]


def counted(record: dict[str, Any]) -> list[str]:
    """Every code that is counted, whatever its weight."""
    return sorted(judge_file(MRO, ndjson_file([record])).findings)


class TestReading:
    def test_json_says_the_same_as_ndjson(self) -> None:
        records = [removal(), installation(), new(), removal(**EASA)]
        lines, array = judge_file(MRO, ndjson_file(records)), judge_file(MRO, json.dumps(records).encode())
        assert lines.rejected == []
        assert lines.unknown == set()
        assert [one.payload for one in array.accepted] == [one.payload for one in lines.accepted]

    def test_csv_says_the_same(self) -> None:
        record = removal()
        judged = judge_file(MRO, csv_file([record], list(record)))
        assert [one.payload for one in judged.accepted] == [
            one.payload for one in judge_file(MRO, ndjson_file([record])).accepted
        ]

    def test_the_trades_names_of_columns(self) -> None:
        names = {
            "component_sn": "S/N",
            "form_type": "Form",
            "cert_status": "Status/Work",
            "removal_date": "Date Removed",
        }
        names |= {"part_number": "P/N", "hours_since_new": "TSN", "cycles_since_new": "CSN", "registration": "Tail No"}
        names["registration"] = "Tail Number"
        record = {names.get(name, name): str(value) for name, value in removal().items()}
        assert judge_file(MRO, csv_file([record], list(record))).rejected == []

    @pytest.mark.parametrize("field", ["component_sn", "form_type", "cert_status", "removal_date"])
    def test_four_fields_are_mandatory(self, field: str) -> None:
        assert ("schema.required", field) in found_in(removal(**{field: None}))
        assert ("schema.required", field) in found_in(removal(**{field: "  "}))

    def test_no_other_field_is(self) -> None:
        assert MRO.required == {"component_sn", "form_type", "cert_status", "removal_date"}

    @pytest.mark.parametrize(
        "changes",
        [
            {"form_type": "FAA Form 8130-3"},
            {"form_type": "8130-3"},
            {"cert_status": "repaired"},
            {"component_sn": "b24365"},
            {"removal_date": "2026-03-01 00:00:00"},
            {"removal_date": "2026-03-01T23:30:00Z"},
            {"submitted_on": "3/15/2026 14:03:07"},
            {"submitted_on": "15/3/2026"},
            {"hours_since_new": "12,500.5"},
            {"ocr_confidence": "97.5 %"},
            {"event": "Removed"},
            {"work_order": " "},
        ],
    )
    def test_usual_spellings_are_understood(self, changes: dict[str, Any]) -> None:
        assert found_in(removal(**changes)) == []

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            # Nobody can say which of the two is the month.
            ({"removal_date": "3/4/2026"}, "removal_date"),
            ({"removal_date": "2026-02-30"}, "removal_date"),
            ({"removal_date": "20260301"}, "removal_date"),
            ({"removal_date": 20260301}, "removal_date"),
            ({"form_type": "JAA FORM ONE"}, "form_type"),
            ({"component_sn": "B24365;"}, "component_sn"),
            ({"component_sn": "B" * 33}, "component_sn"),
            ({"part_number": "Ünknown"}, "part_number"),
            ({"hours_since_new": "-1"}, "hours_since_new"),
            ({"hours_since_new": "12500h"}, "hours_since_new"),
            ({"cycles_since_new": "6100.5"}, "cycles_since_new"),
            ({"cycles_since_new": 10_000_000}, "cycles_since_new"),
            ({"ocr_confidence": "1.2"}, "ocr_confidence"),
            ({"quantity": 0}, "quantity"),
            ({"registration": "N841PS/N842PS"}, "registration"),
            ({"ata": "324"}, "ata"),
        ],
    )
    def test_what_is_not(self, changes: dict[str, Any], field: str) -> None:
        assert [name for _, name in found_in(removal(**changes))] == [field]

    def test_a_number_for_each_certificate_line_makes_the_identity(self) -> None:
        records = [removal(), removal(revision=2), removal(item=2), removal(removal_date="2026-02-28"), installation()]
        first, corrected, *others = judge_file(MRO, ndjson_file(records)).accepted
        assert (first.identity, first.revision, corrected.revision) == (corrected.identity, 0, 2)
        assert len({one.identity for one in [first, *others]}) == 4


# The facts of forms, from the forms' own instructions


_EASA_TERMS = ("OVERHAULED", "REPAIRED", "INSPECTED/TESTED", "MODIFIED")
_FAA_TERMS = ("OVERHAULED", "REPAIRED", "INSPECTED", "TESTED", "MODIFIED", "ALTERED", "REBUILT", "RETREADED")


class TestStatus:
    @pytest.mark.parametrize("status", _EASA_TERMS)
    def test_easa_takes_one_of_four_terms(self, status: str) -> None:
        assert found_in(removal(**EASA, cert_status=status)) == []

    @pytest.mark.parametrize(
        "status",
        [
            "INSPECTED",
            "TESTED",
            "REBUILT",
            "RETREADED",
            "ALTERED",
            "REPAIRED/MODIFIED",
            "REPAIRED AND TESTED",
            "SERVICEABLE",
        ],
    )
    def test_and_no_other(self, status: str) -> None:
        assert found_in(removal(**EASA, cert_status=status)) == [("mro.status_of_form", "cert_status")]

    @pytest.mark.parametrize(
        "status",
        [*_FAA_TERMS, "INSPECTED/TESTED", "INSPECTED AND TESTED", "TESTED, INSPECTED", "INSPECTED & TESTED",
         "MODIFIED (ALTERED)"],
    )  # fmt: skip
    def test_the_faa_takes_more_and_inspected_with_tested(self, status: str) -> None:
        assert found_in(removal(cert_status=status)) == []

    @pytest.mark.parametrize(
        "status", ["REPAIRED/TESTED", "OVERHAULED AND REPAIRED", "INSPECTED, TESTED, REPAIRED", "AS IS"]
    )
    def test_but_no_other_two(self, status: str) -> None:
        assert found_in(removal(cert_status=status)) == [("mro.status_of_form", "cert_status")]

    @pytest.mark.parametrize("form_type", ["CAAC_AAC-038", "TCCA_FORM_ONE"])
    @pytest.mark.parametrize("status", sorted({*_EASA_TERMS, *_FAA_TERMS}))
    def test_the_other_forms_take_what_either_does(self, form_type: str, status: str) -> None:
        assert found_in(removal(form_type=form_type, authority=None, cert_status=status)) == []


class TestAuthority:
    @pytest.mark.parametrize(
        ("form", "authority"),
        [
            ("FAA_8130-3", "FAA/United States"),
            ("FAA_8130-3", "Federal Aviation Administration"),
            ("EASA_FORM_1", "EASA"),
            ("EASA_FORM_1", "LBA, Germany"),
            ("EASA_FORM_1", "DGAC France"),
            ("CAAC_AAC-038", "CAAC"),
            ("TCCA_FORM_ONE", "Transport Canada"),
        ],
    )
    def test_its_own(self, form: str, authority: str) -> None:
        date_of = {"EASA_FORM_1": "05 Mar 2026"}.get(form, "05/Mar/2026")
        assert found_in(removal(form_type=form, authority=authority, release_date=date_of)) == []

    @pytest.mark.parametrize(
        ("form", "authority"),
        [
            ("FAA_8130-3", "EASA"),
            ("FAA_8130-3", "Transport Canada"),
            ("EASA_FORM_1", "FAA/United States"),
            ("EASA_FORM_1", "Transport Canada, TCCA"),
            ("CAAC_AAC-038", "FAA"),
            ("TCCA_FORM_ONE", "EASA"),
        ],
    )
    def test_anothers(self, form: str, authority: str) -> None:
        date_of = {"EASA_FORM_1": "05 Mar 2026"}.get(form, "05/Mar/2026")
        record = removal(form_type=form, authority=authority, release_date=date_of)
        assert found_in(record) == [("mro.authority_of_form", "authority")]


class TestBlocks:
    @pytest.mark.parametrize("record", [removal(), installation(), new(), removal(**EASA)])
    def test_a_whole_certificate(self, record: dict[str, Any]) -> None:
        assert counted(record) == []

    @pytest.mark.parametrize("block", [*RELEASED])
    def test_maintenance_needs_all_of_block_14(self, block: str) -> None:
        assert codes_of(removal(**{block: None})) == ["release_missing"]

    @pytest.mark.parametrize("block", [*CERTIFIED])
    def test_production_needs_all_of_block_13(self, block: str) -> None:
        assert codes_of(new(**{block: None})) == ["conformity_missing"]

    @pytest.mark.parametrize("block", [*CERTIFIED])
    def test_13_and_14_are_never_both_filled_in(self, block: str) -> None:
        assert codes_of(removal(**{block: CERTIFIED[block]})) == ["both_releases"]

    @pytest.mark.parametrize("block", [*RELEASED])
    def test_nor_14_beside_13(self, block: str) -> None:
        assert codes_of(new(**{block: RELEASED[block]})) == ["both_releases"]

    def test_maintenance_is_not_released_in_block_13(self) -> None:
        assert codes_of(removal(**dict.fromkeys(RELEASED), **CERTIFIED)) == ["release_missing"]

    def test_a_prototype_conforms_to_data_not_approved(self) -> None:
        assert codes_of(new(cert_status="PROTOTYPE", design_data="non_approved")) == []
        assert codes_of(new(cert_status="PROTOTYPE")) == ["design_data"]
        assert codes_of(new(design_data="non_approved")) == ["design_data"]

    @pytest.mark.parametrize("text", ["05/MAR/2026", "05/Mar/2026", "31/dec/2025"])
    def test_the_faas_dates(self, text: str) -> None:
        assert codes_of(removal(release_date=text, completion_date=None, removal_date="2025-12-01")) == []

    @pytest.mark.parametrize(
        "text", ["05 MAR 2026", "5/MAR/2026", "05/03/2026", "2026-03-05", "30/FEB/2026", "05/MRZ/2026"]
    )
    def test_not_the_faas_dates(self, text: str) -> None:
        assert found_in(removal(release_date=text)) == [("mro.release_date", "release_date")]

    def test_easas_dates(self) -> None:
        assert codes_of(removal(**EASA)) == []
        assert codes_of(removal(**EASA | {"release_date": "05/MAR/2026"})) == ["release_date"]
        assert codes_of(new(production_date="05 MAR 2026")) == ["production_date"]

    def test_another_regulation_is_named_in_the_remarks(self) -> None:
        assert codes_of(removal(release_basis="both")) == []
        assert codes_of(removal(release_basis="both", remarks=None)) == ["regulation_unnamed"]
        assert codes_of(removal(release_basis="other", remarks=None)) == ["regulation_unnamed"]

    def test_a_corrected_certificate_cites_the_old_number(self) -> None:
        cites = "This certificate corrects the error(s) in block 10 of the certificate RS-20260304-1 dated 04/MAR/2026"
        assert codes_of(removal(corrects="RS-20260304-1", remarks=cites)) == []
        assert codes_of(removal(corrects="RS-20260304-1")) == ["correction_unnamed"]
        assert codes_of(removal(corrects="RS-20260304-2", remarks=cites)) == ["correction_unnamed"]
        assert codes_of(removal(remarks=cites)) == ["correction_unnamed"]

    def test_and_has_a_number_of_its_own(self) -> None:
        cites = "corrects the error in block 8 of RS-20260305-7"
        assert codes_of(removal(corrects="RS-20260305-7", remarks=cites)) == ["corrects_itself"]

    @pytest.mark.parametrize(
        ("changes", "broken"),
        [
            ({"items": 1}, False),
            ({"items": 3}, True),
            ({"items": 3, "item": 3}, False),
            ({"items": 3, "item": 4}, True),
            ({"item": 4}, False),
        ],
    )
    def test_of_several_lines_the_record_says_which(self, changes: dict[str, Any], broken: bool) -> None:
        assert codes_of(removal(**changes)) == (["item"] if broken else [])

    @pytest.mark.parametrize(
        ("field", "code"), [("form_tracking_number", "tracking_number"), ("part_number", "part_number")]
    )
    def test_blocks_3_and_8_are_never_empty(self, field: str, code: str) -> None:
        assert found_in(removal(**{field: None})) == [(f"mro.{code}", field)]

    @pytest.mark.parametrize("field", ["authority", "organisation", "description", "quantity"])
    def test_an_export_may_leave_out_others_and_is_told(self, field: str) -> None:
        assert codes_of(removal(**{field: None})) == []
        assert counted(removal(**{field: None})) == ["mro.block_empty"]


class TestComponent:
    @pytest.mark.parametrize("serial", ["NA", "UNKNOWN", "NONE", "TBD", "n.a"])
    def test_no_serial_number_is_exactly_n_a(self, serial: str) -> None:
        assert codes_of(removal(component_sn=serial)) == ["serial_placeholder"]
        assert codes_of(removal(component_sn="N/A")) == []

    @pytest.mark.parametrize("part", ["UNKNOWN", "N/A", "NONE"])
    def test_a_part_number_is_never_a_placeholder(self, part: str) -> None:
        assert codes_of(removal(part_number=part)) == ["part_placeholder"]

    def test_a_serial_number_names_one_item(self) -> None:
        assert codes_of(removal(quantity=2)) == ["serial_of_many"]
        assert codes_of(removal(quantity=200, component_sn="N/A")) == []

    def test_a_life_limited_part_has_a_serial_number(self) -> None:
        assert codes_of(removal(life_limited=True, component_sn="N/A")) == ["life_limited_without_serial"]

    @pytest.mark.parametrize(
        ("status", "missing"),
        [
            ({}, True),
            ({"hours_since_new": "10"}, False),
            ({"cycles_since_new": 10}, False),
            # "or any other mandatory replacement limit"
            ({"life_expires_on": "2031-05-01"}, False),
            ({"life_limit_cycles": 20_000, "hours_since_new": "10"}, True),
            ({"life_limit_cycles": 20_000, "cycles_since_new": 10}, False),
            ({"life_limit_hours": "9000", "cycles_since_new": 10}, True),
            ({"temporary": True}, False),
        ],
    )
    def test_and_a_life_status_in_what_its_limit_is_in(self, status: dict[str, Any], missing: bool) -> None:
        said = {"life_limited": True, "hours_since_new": None, "cycles_since_new": None} | status
        assert codes_of(removal(**said)) == (["life_status_missing"] if missing else [])

    def test_a_temporary_removal_ends_with_an_installation_that_says_it(self) -> None:
        said = {"life_limited": True, "hours_since_new": None, "cycles_since_new": None, "temporary": True}
        assert codes_of(installation(**said)) == ["life_status_missing"]

    @pytest.mark.parametrize(
        "limit", [{"life_limit_hours": "12500"}, {"life_limit_cycles": 6099}, {"life_expires_on": "2026-02-28"}]
    )
    def test_nothing_past_its_life_is_installed(self, limit: dict[str, Any]) -> None:
        assert codes_of(installation(life_limited=True, **limit)) == ["installed_over_life"]
        # It was to come off: that it came off late is for somebody to look at.
        assert codes_of(removal(life_limited=True, **limit)) == []
        assert counted(removal(life_limited=True, **limit)) == ["mro.removed_over_life"]

    @pytest.mark.parametrize(
        "limit", [{"life_limit_hours": "12500.5"}, {"life_limit_cycles": 6100}, {"life_expires_on": "2026-03-09"}]
    )
    def test_up_to_its_limit_a_part_may_be_used(self, limit: dict[str, Any]) -> None:
        assert counted(installation(life_limited=True, **limit)) == []

    def test_an_overhaul_is_not_longer_ago_than_the_making(self) -> None:
        assert codes_of(removal(hours_since_overhaul="12500.6")) == ["hours_since_overhaul"]
        assert codes_of(removal(cycles_since_overhaul=6101)) == ["cycles_since_overhaul"]
        assert codes_of(removal(hours_since_overhaul="12500.5", cycles_since_overhaul=6100)) == []

    @pytest.mark.parametrize(
        ("hours", "cycles", "told"), [(24, 1, False), (25, 1, True), (1, 20, False), (1, 21, True)]
    )
    def test_a_cycle_of_more_than_a_day_is_looked_at(self, hours: int, cycles: int, told: bool) -> None:
        record = removal(hours_since_new=hours, cycles_since_new=cycles)
        assert counted(record) == (["mro.hours_per_cycle"] if told else [])


class TestDays:
    def test_removed_completed_released_installed(self) -> None:
        days = {"completion_date": "2026-03-01", "release_date": "01/MAR/2026", "installation_date": "2026-03-01"}
        assert codes_of(installation(**days)) == []

    @pytest.mark.parametrize(
        ("changes", "codes"),
        [
            ({"completion_date": "2026-02-28"}, ["completed_before_removal"]),
            ({"release_date": "03/MAR/2026"}, ["released_before_completion"]),
            ({"installation_date": "2026-03-04"}, ["installed_before_release"]),
            ({"installation_date": None}, ["installation_date_missing"]),
            ({"installation_date": "2026-02-27"}, ["installed_before_removal", "installed_before_release"]),
        ],
    )
    def test_in_another_order(self, changes: dict[str, Any], codes: list[str]) -> None:
        assert codes_of(installation(**changes)) == codes

    @pytest.mark.parametrize("field", ["completion_date", "installation_date", "submitted_on"])
    def test_no_day_is_of_the_future(self, field: str) -> None:
        later = {"release_date": "01/JUL/2026"}
        assert codes_of(removal(**later | {field: "2026-07-01"})) == []
        assert codes_of(removal(**later | {field: "2026-07-02"})) == ["future_date"] + (
            ["released_before_completion"] if field == "completion_date" else []
        )

    def test_nor_is_the_removal_or_the_release(self) -> None:
        assert "future_date" in codes_of(removal(removal_date="2026-07-02", completion_date=None))
        assert "future_date" in codes_of(removal(release_date="02/JUL/2026"))

    def test_nothing_is_submitted_before_it_came_to_pass(self) -> None:
        assert codes_of(removal(submitted_on="2026-03-01")) == []
        assert found_in(removal(submitted_on="2026-02-28")) == [("mro.after_submission", "removal_date")]
        assert codes_of(installation(submitted_on="2026-03-08")) == ["after_submission"]

    def test_day_and_month_swapped_as_a_spreadsheet_did_it(self) -> None:
        """The report AALA202405136196 tells of 10 May 2024, which was stored as 5 October."""
        real = {"control_number": "AALA202405136196", "submitted_on": "2024-05-13", "completion_date": None}
        assert codes_of(removal(**real, removal_date="2024-05-10")) == []
        assert codes_of(removal(**real, removal_date="2024-10-05")) == ["after_submission", "control_number_day"]

    @pytest.mark.parametrize(
        ("submitted", "code"),
        [
            ("2025-02-10", None),
            ("2025-02-11", None),
            ("2025-07-30", None),  # some are submitted months later
            ("2025-10-02", "day_and_month_swapped"),  # 10 February
            ("2025-12-02", "day_and_month_swapped"),  # 12 February
            ("2025-02-09", "control_number_day"),
            ("2024-10-02", "control_number_day"),
        ],
    )
    def test_the_control_number_has_a_day_before_the_submission(self, submitted: str, code: str | None) -> None:
        said = {"control_number": "CALA2025021002249", "submitted_on": submitted, "removal_date": "2024-02-06"}
        assert codes_of(removal(**said, completion_date=None)) == ([code] if code else [])

    @pytest.mark.parametrize(("submitted", "codes"), [("2025-10-02", ["day_and_month_swapped"]), ("2025-11-02", [])])
    def test_a_week_after_it_at_most_if_that_is_to_show_a_swap(self, submitted: str, codes: list[str]) -> None:
        said = {"control_number": "CALA2025020302249", "submitted_on": submitted, "removal_date": "2025-02-01"}
        assert codes_of(removal(**said, completion_date=None)) == codes

    def test_and_one_after_what_it_tells_of(self) -> None:
        said = {"control_number": "CALA2026022802249", "submitted_on": None}
        assert codes_of(removal(**said)) == ["control_number_day"]
        assert codes_of(removal(**said, removal_date="2026-02-28")) == []

    @pytest.mark.parametrize("number", ["2024F00134", "CALA2025023002249"])
    def test_a_control_number_without_a_day_says_nothing(self, number: str) -> None:
        assert codes_of(removal(control_number=number, submitted_on="2026-03-02")) == []
