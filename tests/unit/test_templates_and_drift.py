"""A template made from one good document reads others of its form, and tells what is not where, or not what, it was."""

import io
from collections.abc import Callable, Mapping
from typing import Any

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pytest

from penstock.feeds.tower import TOWER
from penstock_documents.document import Document
from penstock_documents.drafting import draft
from penstock_documents.forms import records_of
from penstock_documents.template import NotATemplate, Template
from penstock_ops.samples.tower.paper import Text, pdf

LABELS = {
    "site_id": "Site ID:",
    "height_agl_ft": "Height AGL",
    "inspection_date": "Date of Inspection:",
    "temperature_f": "Temperature",
    "gate_code": "Gate Code:",
}
VALUES = {
    "site_id": "OH-65502",
    "height_agl_ft": "485 ft",
    "inspection_date": "May 18, 2025",
    "temperature_f": "68 °F",
    "gate_code": "77-12",
}
HEADERS = ("Member", "Elevation (ft)", "Rating")
ROWS = (("Legs", "120", "36.5%"), ("Bracing", "80", "89.9%"))
COLUMNS = ("component", "elevation_ft", "capacity_pct")
CRITICAL = ("site_id", "height_agl_ft", "inspection_date", "member_ratings")


def page(
    values: Mapping[str, str] = VALUES,
    labels: Mapping[str, str] = LABELS,
    headers: tuple[str, ...] = HEADERS,
    rows: tuple[tuple[str, ...], ...] = ROWS,
    moved: Mapping[str, tuple[float, float]] | None = None,
    values_at: Mapping[str, tuple[float, float]] | None = None,
) -> list[Text]:
    """A form, with its labels and values moved to the right and down by so much."""
    drawn = [Text(72, 60, "TOWER INSPECTION", 14)]
    for at, (name, label) in enumerate(labels.items()):
        right, down = (moved or {}).get(name, (0.0, 0.0))
        off, below = (values_at or {}).get(name, (130.0, 0.0))
        drawn.append(Text(72 + right, 100 + 24 * at + down, label))
        drawn.append(Text(72 + right + off, 100 + 24 * at + down + below, values.get(name, "")))
    for at, cells in enumerate((headers, *rows)):
        drawn += [Text(72 + 130 * column, 300 + 16 * at, cell) for column, cell in enumerate(cells)]
    return [one for one in drawn if one.text]


def made(values: Mapping[str, Any] | None = None, drawn: list[Text] | None = None) -> Template:
    said = values or {**VALUES, "member_ratings": [dict(zip(COLUMNS, ROWS[0], strict=True))]}
    read = Document(pdf([drawn or page()])).read(1)
    return draft([read.page], "inspection", said, "Form", 1, CRITICAL if values is None else (), lambda *_: 0)


def read(body: bytes, template: Template | None = None) -> dict[str, Any]:
    document, templates = Document(body), [template or made()]
    (record,) = records_of((document.read(number) for number in range(1, document.pages + 1)), templates, "0" * 64)
    return record


def drift_of(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(one["field"], one["kind"]) for one in record.get("drift", ()) if one["critical"]]


def test_a_form_is_read_by_its_template() -> None:
    other = {**VALUES, "site_id": "GA-14920", "height_agl_ft": "199.5 ft", "temperature_f": "N/A"}

    record = read(pdf([page(other, rows=(*ROWS, ("Foundation", "0", "12.0%")))]))

    assert not {"drift", "doubts"} & record.keys()
    assert (record["site_id"], record["height_agl_ft"], record["inspection_date"]) == ("GA-14920", 199.5, "2025-05-18")
    assert "temperature_f" not in record
    assert [row["capacity_pct"] for row in record["member_ratings"]] == [36.5, 89.9, 12]
    assert record["max_capacity_pct"] == 89.9


def test_what_its_kind_does_not_know_is_delivered_under_the_name_that_its_template_gives_it() -> None:
    assert TOWER.to_record is not None
    (record,) = TOWER.model.validate_python([TOWER.to_record(read(pdf([page()])))])

    assert record["gate_code"] == "77-12"


@pytest.mark.parametrize("name", ["evidence", "kind", "Gate Code"])
def test_a_field_has_no_name_that_a_record_has_of_its_own(name: str) -> None:
    with pytest.raises(NotATemplate, match="can be no field's name"):
        made({name: "OH-65502"})


@pytest.mark.parametrize(
    "printed",
    [
        "May 18, 2025",
        "September18, 2025",
        "September 18,2025",
        "Sep 18, 2025",
        "September 18, 2025",
        "18 September 2025",
        "2025-09-18",
    ],
)
def test_a_date_that_can_be_read_in_one_way_only_is_read(printed: str) -> None:
    record = read(pdf([page({**VALUES, "inspection_date": printed})]))

    assert record["inspection_date"] in ("2025-05-18", "2025-09-18")
    assert "doubts" not in record


@pytest.mark.parametrize(
    ("drawn", "drift"),
    [
        (page(labels={**LABELS, "height_agl_ft": "Height AGL (m)"}), ("height_agl_ft", "renamed")),
        (page(labels={**LABELS, "height_agl_ft": "Approved Height AGL"}), ("height_agl_ft", "renamed")),
        (page(labels={**LABELS, "site_id": "Parent Site ID:"}), ("site_id", "renamed")),
        (page({**VALUES, "height_agl_ft": "148 m"}), ("height_agl_ft", "unit")),
        (page({**VALUES, "height_agl_ft": "485"}), ("height_agl_ft", "unit")),
        (page(moved={"site_id": (200, 0)}), ("site_id", "moved")),
        (page(values_at={"site_id": (0, 12)}), ("site_id", "moved")),
        (page({**VALUES, "site_id": ""}, {**LABELS, "site_id": ""}), ("site_id", "vanished")),
        (page(headers=("Member", "Elevation (m)", "Rating")), ("member_ratings", "renamed")),
        (page(headers=("Member", "Elevation (ft)", "Peak Rating")), ("member_ratings", "renamed")),
    ],
)  # fmt: skip
def test_what_is_not_where_or_not_what_it_was_has_drifted(drawn: list[Text], drift: tuple[str, str]) -> None:
    assert drift in drift_of(read(pdf([drawn])))


def turned(body: bytes, degrees: int) -> bytes:
    document: Any = pdfium.PdfDocument(body)
    document[0].set_rotation(degrees)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


BENIGN: dict[str, Callable[[], bytes]] = {
    "another font": lambda: pdf([page()], font="Times-Roman"),
    "A4": lambda: pdf([[one._replace(left=one.left - 8) for one in page()]], width=595, height=842),
    "94 %": lambda: pdf([[Text(x * 0.94, y * 0.94, text, size * 0.94) for x, y, text, size in page()]]),
    "turned": lambda: turned(pdf([page()]), 90),
    "upside down": lambda: turned(pdf([page()]), 180),
    "notes below": lambda: pdf([[*page(), *(Text(72, 420 + 14 * at, "Note: the gate was locked") for at in range(9))]]),
}  # fmt: skip


@pytest.mark.parametrize("how", BENIGN)
def test_what_only_looks_otherwise_has_not_drifted(how: str) -> None:
    record = read(BENIGN[how]())

    assert not {"drift", "doubts"} & record.keys()
    assert (record["route"], record["site_id"]) == ("text", "OH-65502")


@pytest.mark.parametrize(
    ("values", "rows"),
    [
        ({**VALUES, "site_id": ""}, ROWS),
        ({**VALUES, "inspection_date": "18th of May"}, ROWS),
        ({**VALUES, "temperature_f": "mild"}, ROWS),
        (VALUES, (("Legs", "120", "36.5 kg"),)),
    ],
)
def test_what_is_blank_or_cannot_be_read_is_a_doubt(
    values: Mapping[str, str], rows: tuple[tuple[str, ...], ...]
) -> None:
    assert read(pdf([page(values, rows=rows)]))["doubts"]


def test_a_label_may_stand_far_from_its_value_with_dots_between() -> None:
    drawn = [Text(60, 100, "Site ID"), Text(120, 100, "." * 90), Text(480, 100, "OH-65502")]
    template = made({"site_id": "OH-65502"}, drawn)

    assert template.fields["site_id"].label == "Site ID"
    assert read(pdf([[*drawn[:2], Text(480, 100, "GA-1")]]), template)["site_id"] == "GA-1"


def test_dots_may_touch_the_value() -> None:
    """As they do in a narrower font."""
    drawn = [Text(60, 100, "Site ID"), Text(120, 100, "." * 10 + "OH-65502")]
    template = made({"site_id": "OH-65502"}, drawn)

    assert read(pdf([[drawn[0], Text(120, 100, "." * 12 + "GA-1")]]), template)["site_id"] == "GA-1"


@pytest.mark.parametrize("first", ["decision_date", "issue_date"])
def test_of_two_fields_that_say_the_same_each_stands_where_its_own_words_are(first: str) -> None:
    day = "2026-04-20"
    drawn = [Text(72, 100, "Date issued:"), Text(160, 100, day), Text(72, 130, "Decided:"), Text(160, 130, day)]
    template = made({first: day} | {"decision_date": day, "issue_date": day}, drawn)

    labels = {name: place.label for name, place in template.fields.items()}
    assert labels == {"decision_date": "Decided:", "issue_date": "Date issued:"}


def test_a_labels_word_in_a_title_is_not_where_the_field_has_moved() -> None:
    title = [Text(72, 60, "PERMIT", 14), Text(200, 60, "- WIRELESS", 14)]
    others = [Text(72, 130, "Owner:"), Text(200, 130, "Ada Holdings"), Text(72, 160, "Class:"), Text(200, 160, "II")]
    drawn = [*title, Text(72, 100, "Permit:"), Text(200, 100, "CUP 14-3260"), *others]
    template = made({"permit_number": "CUP 14-3260", "owner": "Ada Holdings", "structure_class": "II"}, drawn)

    renamed = [*title, Text(72, 100, "Reference:"), Text(200, 100, "CUP 22-1117"), *others]
    record = read(pdf([renamed]), template)

    assert drift_of(record) == [("permit_number", "renamed")]
    assert record["permit_number"] == "CUP 22-1117"


def test_times_of_a_log_are_iso_8601() -> None:
    headers = ("Lamp", "Observed", "Restored")
    drawn = [Text(72, 100, "Site ID"), Text(200, 100, "OH-1")]
    for at, cells in enumerate((headers, ("Beacon", "03/04/2025 06:10", "03/04/2025 09:00"))):
        drawn += [Text(72 + 150 * column, 160 + 16 * at, cell) for column, cell in enumerate(cells)]
    read_page = Document(pdf([drawn])).read(1).page
    row = {"lamp": "Beacon", "observed": "03/04/2025 06:10", "restored": "03/04/2025 09:00"}
    template = draft([read_page], "light_outage_log", {"site_id": "OH-1", "outages": [row]}, "Log", 1, (), lambda *_: 0)

    assert read(pdf([drawn]), template)["outages"] == [
        {"lamp": "Beacon", "observed": "2025-03-04T06:10", "restored": "2025-03-04T09:00"}
    ]


def test_an_empty_page_as_large_as_a_wall_is_told_at_once() -> None:
    record = read(pdf([[]], width=59 * 72, height=59 * 72))

    assert (record["kind"], record["doubts"]) == ("unknown", ["page 1: there are no words"])
