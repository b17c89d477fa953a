"""Real service difficulty reports of the FAA as removals, and what a spreadsheet did to them, read apart.

The reports have no certificate; each gets one that is in order, so that whatever is found is the reports' own. A part
without a serial number gets N/A, as a form would have it.
"""

import csv
import io
import re
from collections.abc import Mapping
from datetime import date
from functools import cache

from penstock.feeds.mro import MRO
from penstock.validate.judging import Judgement
from tests.corpora.corpus import FOLDER
from tests.corpora.page import Row
from tests.support.components import RELEASED
from tests.support.reading import judge_file

#: The reports' columns that tell of the part; the feed knows them by these names.
COLUMNS = (
    "OperatorControlNumber", "DifficultyDate", "SubmissionDate", "JASCCode", "RegistryNNumber", "PartName",
    "PartNumber", "PartSerialNumber", "PartCondition", "PartLocation", "PartTotalTime", "PartTotalCycles",
)  # fmt: skip

type Report = Mapping[str, str]


@cache
def reports() -> list[Report]:
    """The rows as they are."""
    with (FOLDER / "mro" / "faa_sdr_b737_ata32.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@cache
def table() -> bytes:
    """The reports as a file that somebody would drop."""
    certificate = {"form_type": "FAA_8130-3", "cert_status": "INSPECTED", "authority": "FAA", "organisation": "A shop"}
    # After the last of all, so that nothing was released too early.
    certificate |= RELEASED | {"quantity": "1", "release_date": "31/DEC/2025"}
    text = io.StringIO(newline="")
    out = csv.DictWriter(text, [*COLUMNS, "form_tracking_number", *certificate])
    out.writeheader()
    for number, report in enumerate(reports()):
        row = {name: report[name] for name in COLUMNS}
        if not is_fragment(report):
            row |= {"PartSerialNumber": report["PartSerialNumber"] or "N/A", "form_tracking_number": f"R{number}"}
        out.writerow(row | certificate)
    return text.getvalue().encode()


@cache
def judged() -> Judgement:
    """What the feed makes of them."""
    return judge_file(MRO, table())


def rejected_for(*codes: str) -> set[int]:
    """The reports that have one of these findings."""
    return {one.ordinal for one in judged().rejected if any(finding.code in codes for finding in one.findings)}


def is_fragment(report: Report) -> bool:
    """Whether a row is the rest of the text of the row before it."""
    return not report["DifficultyDate"]


def stored(text: str) -> date:
    """A date as the spreadsheet has it: ISO where it took it for one of its own, else M/D/YYYY."""
    iso = re.match(r"(\d{4})-(\d\d)-(\d\d)", text)
    if iso:
        return date(int(iso[1]), int(iso[2]), int(iso[3]))
    month, day, year = map(int, text.split()[0].split("/"))
    return date(year, month, day)


def meant(text: str) -> date:
    """The date as the report had it: what the spreadsheet took for its own, it read the wrong way round."""
    day = stored(text)
    return day if "/" in text else date(day.year, day.day, day.month)


def swapped(name: str) -> set[int]:
    """The reports whose date in a column is not the one that was meant."""
    return {
        at
        for at, report in enumerate(reports())
        if not is_fragment(report) and stored(report[name]) != meant(report[name])
    }


def control_day(report: Report) -> date | None:
    """The day in a control number."""
    found = re.match(r"[A-Z0-9]{4}(20\d\d)(\d\d)(\d\d)", report["OperatorControlNumber"])
    return date(int(found[1]), int(found[2]), int(found[3])) if found else None


BY_DATES = ("mro.day_and_month_swapped", "mro.after_submission", "mro.control_number_day")


def rows() -> list[Row]:
    """What is wrong with the reports, and what of it was found."""
    either = "the others make sense either way round: nothing in the row shows it"
    whole = [report for report in reports() if not is_fragment(report)]
    nameless = sum(report["PartNumber"] in ("", "UNKNOWN") for report in whole)
    good = {at for at, report in enumerate(reports()) if not is_fragment(report)}
    good -= swapped("DifficultyDate") | swapped("SubmissionDate")
    good -= {at for at, report in enumerate(reports()) if report["PartNumber"] in ("", "UNKNOWN")}
    rejected = {one.ordinal for one in judged().rejected}
    fragments = len(reports()) - len(whole)
    return [
        _row("rows that are the rest of another's text", fragments, rejected_for("schema.required")),
        _row("submissions with day and month swapped", *_of_dates("SubmissionDate"), either),
        _row("days of difficulty with day and month swapped", *_of_dates("DifficultyDate"), either),
        _row(
            "parts without a part number, or with UNKNOWN",
            nameless,
            rejected_for("mro.part_number", "mro.part_placeholder"),
        ),
        Row("rows with nothing of that", f"{len(good)} accepted", f"{len(good - rejected)} accepted"),
    ]


def _of_dates(column: str) -> tuple[int, set[int]]:
    return len(swapped(column)), swapped(column) & rejected_for(*BY_DATES)


def _row(what: str, wrong: int, found: set[int], why: str = "") -> Row:
    return Row(what, f"{wrong} wrong", f"{len(found)} found", why if len(found) < wrong else "")
