"""The reject loop (R53): what goes out in a reject file, and is dropped again, keeps what was right. A spreadsheet that
changes cells which nobody touched is found out."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.feeds import FEEDS
from penstock.formats.cell_digests import value_in
from penstock.formats.record_text import bytes_of, text_of
from penstock.formats.spreadsheet import COLUMNS as OURS
from penstock.formats.spreadsheet import restored
from penstock.model.messages import SourceFile
from tests.support.documents import MESSAGE, message_file
from tests.support.edi import Words
from tests.support.invoices import TOTALS, goods_bill, ubl, ubl_file, x12_file
from tests.support.pipeline import Pipeline
from tests.support.reading import feed_with
from tests.support.spots import COLUMNS, csv_file, ndjson_file, rows_of, spot
from tests.support.workbooks import saved

#: What spreadsheets are known to make something else of.
TEMPTING = (
    "00123", "12345678901234567", "1E7", "3-4", "0003", "7E3", "1/2", "MAR1", "1.10", "TRUE", "0x1F", "=SUM(A1)",
    "'quoted", "@home", "-dash", "+1 555", " lead", "trail ", "1250.00", "2026-11-20", "20:15", "two\nlines", '"Bob"',
    "a;=1", "'=1", "''", "Müller", "\ufeffx", "_x000D_", "a\tb", "#N/A", "1,5", "(5)", "5%", "\u200b=1",
)  # fmt: skip


async def round_trip(
    body: bytes, again: Callable[[Mapping[str, bytes]], bytes], key: str = "traffic/log.csv"
) -> tuple[Pipeline, SourceFile, SourceFile]:
    """A file dropped, and then what `again` makes of its reports."""
    pipeline = Pipeline()
    first = pipeline.drop(body, key)
    await pipeline.run()
    second = pipeline.drop(again(reports(pipeline, first)), "traffic/again")
    await pipeline.run()
    return pipeline, first, second


def reports(pipeline: Pipeline, file: SourceFile) -> dict[str, bytes]:
    """What lies in the work bucket about a file's end, by name."""
    begin = f"reports/{file.file_id}/"
    return {key.removeprefix(begin): body for key, body in pipeline.store.work.items() if key.startswith(begin)}


def table_of(body: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def as_csv(rows: Sequence[Sequence[str]], delimiter: str = ",") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode()


def with_cells(rows: list[list[str]], **cells: str) -> list[list[str]]:
    """A table with other cells in its first row below the header."""
    for name, cell in cells.items():
        rows[1][rows[0].index(name)] = cell
    return rows


def delivered(pipeline: Pipeline) -> list[dict[str, Any]]:
    """What the destination got, in order."""
    return [record for _, body in pipeline.api.bodies for record in body["records"]]


async def told(pipeline: Pipeline, file: SourceFile) -> dict[int, list[str]]:
    """The codes that are told of each record that was not just delivered."""
    lines = await pipeline.outcome_lines(file)
    return {at: [one["code"] for one in line.get("findings", ())] for at, line in lines.items()}


BAD = spot(1, spot_id="00123", house_number="1E7", isci="?", notes="=SUM(A1)")


# what goes out


async def test_the_csv_is_the_senders_own_but_for_our_columns() -> None:
    columns = ("colour", *COLUMNS[::-1])
    pipeline = Pipeline()
    file = pipeline.drop(csv_file([spot(1, isci="?", colour="blue")], columns, delimiter=";"))
    await pipeline.run()
    body = reports(pipeline, file)["rejects.csv"]
    header, row = table_of(body, ";")
    assert body.startswith(b"\xef\xbb\xbf")
    assert header == [*columns, *OURS]
    assert row[header.index("penstock_trace")] == f"{file.file_id}:0"
    assert len(row[header.index("penstock_cells")].split()) == len(columns)


async def test_the_workbook_has_text_cells_and_marks_only_what_is_wrong() -> None:
    pipeline = Pipeline()
    file = pipeline.drop(csv_file([spot(0), BAD]))
    await pipeline.run()
    sheet = openpyxl.load_workbook(io.BytesIO(reports(pipeline, file)["rejects.xlsx"])).worksheets[0]
    cells = {sheet.cell(1, at).value: sheet.cell(2, at) for at in range(1, sheet.max_column + 1)}
    assert list(cells) == [*COLUMNS, *OURS]
    written = {name: cell.value for name, cell in cells.items() if name in COLUMNS}
    assert written == dict.fromkeys(COLUMNS) | BAD
    assert {cell.data_type for cell in cells.values() if cell.value is not None} == {"s"}
    coloured = [name for name, cell in cells.items() if cell.fill.fgColor.rgb == "FFFFEB9C"]
    noted = {name: cell.comment.text for name, cell in cells.items() if cell.comment}
    assert coloured == list(noted) == ["isci"]
    assert "form" in noted["isci"]
    assert sheet.protection.sheet
    filled = {name: cell for name, cell in cells.items() if cell.value is not None}
    assert [name for name, cell in filled.items() if cell.protection.locked] == [
        name for name in OURS if name in filled
    ]
    (ours,) = [one for one in sheet.column_dimensions.values() if one.hidden]
    assert (ours.min, ours.max) == (len(COLUMNS) + 1, len(cells))


async def test_the_same_rejects_are_the_same_workbook_byte_for_byte() -> None:
    """A step that is done again writes what it wrote."""
    bodies = set[bytes]()
    for _ in range(2):
        pipeline = Pipeline()
        file = pipeline.drop(csv_file([BAD]))
        await pipeline.run()
        bodies.add(reports(pipeline, file)["rejects.xlsx"])
    assert len(bodies) == 1


# what comes back


@pytest.mark.parametrize("kind", ["rejects.csv", "rejects.xlsx"])
async def test_what_was_mended_where_something_was_found_is_delivered(kind: str) -> None:
    def mend(files: Mapping[str, bytes]) -> bytes:
        if kind == "rejects.csv":
            return as_csv(with_cells(table_of(files[kind]), isci="ABCD0001"))
        book = openpyxl.load_workbook(io.BytesIO(files[kind]))
        book.worksheets[0].cell(2, COLUMNS.index("isci") + 1, "ABCD0001")
        return saved(book)

    pipeline, _, second = await round_trip(csv_file([BAD]), mend)

    assert await pipeline.assert_sound(second, 1) == {"delivered": 1}
    assert await told(pipeline, second) == {}
    (record,) = delivered(pipeline)
    assert (record["spot_id"], record["house_number"], record["notes"]) == ("00123", "1E7", "=SUM(A1)")


async def test_a_cell_that_changed_unnamed_is_told_and_the_record_held() -> None:
    pipeline, _, second = await round_trip(
        csv_file([BAD]),
        lambda files: as_csv(with_cells(table_of(files["rejects.csv"]), isci="ABCD0001", spot_id="123")),
    )
    assert await pipeline.assert_sound(second, 1) == {"held": 1}
    assert await told(pipeline, second) == {0: ["format.changed_cell"]}
    (line,) = (await pipeline.outcome_lines(second)).values()
    assert line["findings"][0]["field"] == "spot_id"
    assert "123" not in line["findings"][0]["message"]


async def test_what_changed_is_still_known_after_another_pass() -> None:
    """Rejected again for another reason, the record keeps the digests that it had at first."""
    pipeline, first, second = await round_trip(
        csv_file([BAD]),
        lambda files: as_csv(with_cells(table_of(files["rejects.csv"]), isci="worse", spot_id="123")),
    )
    third = pipeline.drop(
        as_csv(with_cells(table_of(reports(pipeline, second)["rejects.csv"]), isci="ABCD0001")), "traffic/third"
    )
    await pipeline.run()
    assert await told(pipeline, third) == {0: ["format.changed_cell"]}
    assert (await pipeline.row(third)).origins == (first.file_id,)


async def test_both_accounts_know_of_each_other() -> None:
    pipeline, first, second = await round_trip(csv_file([BAD]), lambda files: files["rejects.csv"])
    assert (await pipeline.row(second)).origins == (first.file_id,)
    assert (await pipeline.row(first)).returns == (second.file_id,)
    assert pipeline.report(second)["returned_from"] == [first.file_id]


async def test_a_row_that_stands_twice_or_never_went_out_is_told() -> None:
    def change(files: Mapping[str, bytes]) -> bytes:
        header, row = with_cells(table_of(files["rejects.csv"]), isci="ABCD0001")
        new = [dict(spot(9)).get(name, "") for name in header]
        return as_csv([header, row, row, new])

    pipeline, _, second = await round_trip(csv_file([BAD]), change)
    assert await told(pipeline, second) == {1: ["format.row_again"], 2: ["format.row_added"]}
    assert await pipeline.assert_sound(second, 3) == {"delivered": 2, "duplicate": 1}


@pytest.mark.parametrize("kind", ["rejects.csv", "rejects.ndjson"])
async def test_a_row_that_stands_twice_is_told_wherever_it_stands(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    records = [spot(at, isci="?") for at in range(3)]
    monkeypatch.setitem(FEEDS, "traffic", feed_with(records=2))

    def change(files: Mapping[str, bytes]) -> bytes:
        body = files[kind].replace(b"?", b"ABCD0001")
        lines = body.splitlines(keepends=True)
        return body + lines[-3]

    dropped = csv_file(records) if kind == "rejects.csv" else ndjson_file(records)
    pipeline, _, second = await round_trip(dropped, change)
    assert await told(pipeline, second) == {3: ["format.row_again"]}


@pytest.mark.parametrize(("encoding", "codes"), [("cp1252", []), ("mac_roman", ["format.changed_cell"])])
async def test_a_table_that_a_spreadsheet_has_saved_in_its_own_encoding_is_read_and_compared(
    encoding: str, codes: list[str]
) -> None:
    """As Excel does by itself (`CSV (Comma delimited)`), though the file went out in UTF-8."""
    record = spot(1, isci="?", advertiser="Müller & Søn")

    def again(files: Mapping[str, bytes]) -> bytes:
        return as_csv(with_cells(table_of(files["rejects.csv"]), isci="ABCD1234567H"), ";").decode().encode(encoding)

    pipeline, _, second = await round_trip(csv_file([record]), again)
    assert (await told(pipeline, second)).get(0, []) == codes
    assert [one["advertiser"] for one in delivered(pipeline)] == ([] if codes else ["Müller & Søn"])


async def test_a_row_that_cannot_be_read_is_none_that_was_added() -> None:
    pipeline, _, second = await round_trip(csv_file([BAD]), lambda files: files["rejects.csv"].rstrip() + b",more\r\n")
    assert await told(pipeline, second) == {0: ["format.ragged_row"]}


async def test_without_its_digests_nobody_can_tell_what_was_changed() -> None:
    def drop_digests(files: Mapping[str, bytes]) -> bytes:
        rows = with_cells(table_of(files["rejects.csv"]), isci="ABCD0001", spot_id="123")
        at = rows[0].index("penstock_cells")
        return as_csv([[cell for place, cell in enumerate(row) if place != at] for row in rows])

    pipeline, _, second = await round_trip(csv_file([BAD]), drop_digests)
    assert await told(pipeline, second) == {0: ["format.not_compared"]}


async def test_reasons_have_the_senders_own_names_of_columns() -> None:
    pipeline = Pipeline()
    file = pipeline.drop(csv_file([BAD]).replace(b"isci", b"Ad-ID"))
    await pipeline.run()
    (row,) = rows_of(reports(pipeline, file)["rejects.csv"])
    assert row["penstock_message"].startswith("Ad-ID: the value does not have the form of an Ad-ID")


HEADERS: dict[str, Callable[[str], str]] = {
    "as they are": str,
    "in capitals": str.upper,
    "with blanks": lambda name: name.replace("_", " ").title(),
    "with one of ours left": lambda name: name if name in COLUMNS or name == "penstock_message" else f"x {name}",
}


@pytest.mark.parametrize("rename", HEADERS.values(), ids=HEADERS)
async def test_apostrophes_are_undone_whatever_became_of_our_columns(rename: Callable[[str], str]) -> None:
    def change(files: Mapping[str, bytes]) -> bytes:
        header, *rows = with_cells(table_of(files["rejects.csv"]), isci="ABCD0001")
        return as_csv([list(map(rename, header)), *rows])

    pipeline, _, _ = await round_trip(csv_file([BAD]), change)
    (record,) = delivered(pipeline)
    assert record["notes"] == "=SUM(A1)"


async def test_columns_of_ours_under_names_of_somebody_elses_are_known_by_what_stands_in_them() -> None:
    def rename(files: Mapping[str, bytes]) -> bytes:
        header, *rows = with_cells(table_of(files["rejects.csv"]), isci="ABCD0001", spot_id="123")
        return as_csv([[name if name in COLUMNS else f"Column {at}" for at, name in enumerate(header)], *rows])

    pipeline, first, second = await round_trip(csv_file([BAD]), rename)
    assert await told(pipeline, second) == {0: ["format.changed_cell"]}
    assert pipeline.report(second)["unknown_fields"] == []
    assert (await pipeline.row(first)).returns == (second.file_id,)


PROTECTED = [BAD, spot(2, isci="?", notes="@home", advertiser="'quoted"), spot(3, isci="?", house_number="00777")]


def without_ours(files: Mapping[str, bytes]) -> bytes:
    """rejects.csv, mended, without any column of ours."""
    header, *rows = table_of(files["rejects.csv"])
    rows = [["ABCD0001" if name == "isci" else cell for name, cell in zip(header, row, strict=True)] for row in rows]
    return as_csv([row[: len(COLUMNS)] for row in (header, *rows)])


async def test_without_a_column_of_ours_the_apostrophes_tell_that_they_are_ours() -> None:
    pipeline, _, second = await round_trip(csv_file(PROTECTED), without_ours)
    assert [record.get("notes") for record in delivered(pipeline)] == ["=SUM(A1)", "@home", None]
    assert [record.get("advertiser") for record in delivered(pipeline)][1] == "'quoted"
    assert set(pipeline.report(second)["findings"]) == {"tidied.apostrophe", "format.not_compared"}


async def test_apostrophes_before_formulas_beside_formulas_without_are_their_senders_own() -> None:
    records = [spot(1, notes="'=1"), spot(2, notes="'=2"), spot(3, notes="=3"), spot(4, notes="-dash")]
    pipeline = Pipeline()
    pipeline.drop(csv_file(records))
    await pipeline.run()
    assert [record["notes"] for record in delivered(pipeline)] == ["'=1", "'=2", "=3", "-dash"]


@pytest.mark.parametrize("name", ["{}.rejects.csv", "reports/{}/rejects.csv", "fixed_{}.Rejects (2).csv"])
async def test_without_a_column_of_ours_its_name_ties_a_file_to_the_first_in_both_accounts(name: str) -> None:
    pipeline = Pipeline()
    first = pipeline.drop(csv_file([BAD]))
    await pipeline.run()
    second = pipeline.drop(without_ours(reports(pipeline, first)), f"traffic/{name.format(first.file_id)}")
    await pipeline.run()
    assert (await pipeline.row(second)).origins == (first.file_id,)
    assert pipeline.report(second)["returned_from"] == [first.file_id]
    assert (await pipeline.row(first)).returns == (second.file_id,)
    assert await told(pipeline, second) == {0: ["format.not_compared"]}
    (record,) = delivered(pipeline)
    assert record["notes"] == "=SUM(A1)"


async def test_without_a_column_of_ours_a_workbook_says_which_file_it_is_of() -> None:
    def drop_columns(files: Mapping[str, bytes]) -> bytes:
        book = openpyxl.load_workbook(io.BytesIO(files["rejects.xlsx"]))
        sheet = book.worksheets[0]
        sheet.delete_cols(len(COLUMNS) + 1, len(OURS))
        sheet.delete_rows(4, 2)
        for at in (2, 3):
            sheet.cell(at, COLUMNS.index("isci") + 1, "ABCD0001")
        return saved(book)

    own = [spot(at, isci="?", notes=notes) for at, notes in enumerate(("'=1", "'-dash", "=1", "-dash"))]
    pipeline, first, second = await round_trip(csv_file(own), drop_columns)
    assert (await pipeline.row(second)).origins == (first.file_id,)
    assert (await pipeline.row(first)).returns == (second.file_id,)
    assert await told(pipeline, second) == {0: ["format.not_compared"], 1: ["format.not_compared"]}
    assert [record["notes"] for record in delivered(pipeline)] == ["'=1", "'-dash"]


async def test_what_a_rule_is_about_may_be_mended_in_any_of_its_cells() -> None:
    """A spot without a length is mended by its length, or by the word that it is no spot."""
    bad = spot(1, spot_id="00123", length_s="", advertiser="")

    def mend(files: Mapping[str, bytes]) -> bytes:
        sheet = openpyxl.load_workbook(io.BytesIO(files["rejects.xlsx"])).worksheets[0]
        coloured = {name for at, name in enumerate(COLUMNS, 1) if sheet.cell(2, at).fill.fgColor.rgb == "FFFFEB9C"}
        assert coloured == {"length_s", "record_type"}
        rows = table_of(files["rejects.csv"])
        assert rows[1][rows[0].index("penstock_message")].startswith("length_s, record_type: ")
        return as_csv(with_cells(rows, record_type="avail"))

    pipeline, _, second = await round_trip(csv_file([bad]), mend)
    assert await pipeline.assert_sound(second, 1) == {"delivered": 1}


MANGLED = {
    "00123": "123",
    "1E7": "10000000",
    "7E3": "7.00E+03",
    "12345678901234567": "1.23E+16",
    "1.10": "1.1",
    "3-4": "4-Mar",
    "MAR1": "01. Mrz",
    "2026-11-20": "20.11.2026",
    "2026-03-05": "3/5/26",
    "06:00:00": "6:00",
    "18:05:00": "6:05 PM",
    "=SUM(A1)": "#NAME?",
}


@pytest.mark.parametrize(("was", "became"), MANGLED.items())
async def test_a_cell_among_several_to_mend_is_guarded_against_spreadsheets(was: str, became: str) -> None:
    """A conflict is about all cells: it would go out under another identity, once a spreadsheet has changed that."""
    pipeline = Pipeline()
    file = pipeline.drop(csv_file([spot(1, rate="1"), spot(1, notes=was)]))
    await pipeline.run()
    assert await told(pipeline, file) == {1: ["traffic.identity_conflict"]}
    table = with_cells(table_of(reports(pipeline, file)["rejects.csv"]), notes=became, spot_id="S2")
    second = pipeline.drop(as_csv(table), "traffic/again")
    await pipeline.run()
    assert await told(pipeline, second) == {0: ["format.changed_cell"]}
    table = with_cells(table, notes="as the station says", spot_id="S3")
    third = pipeline.drop(as_csv(table), "traffic/meant")
    await pipeline.run()
    assert await pipeline.assert_sound(third, 1) == {"delivered": 1}


async def test_a_cell_that_is_to_be_mended_by_itself_may_become_whatever_it_may() -> None:
    pipeline = Pipeline()
    file = pipeline.drop(csv_file([spot(1, rate="10.500")]))
    await pipeline.run()
    assert await told(pipeline, file) == {0: ["schema.ambiguous"]}
    again = pipeline.drop(reports(pipeline, file)["rejects.csv"].replace(b"10.500", b"10.50"), "traffic/again")
    await pipeline.run()
    assert await pipeline.assert_sound(again, 1) == {"delivered": 1}


async def test_a_column_that_is_gone_is_told_if_it_had_something() -> None:
    def drop_column(files: Mapping[str, bytes]) -> bytes:
        rows = with_cells(table_of(files["rejects.csv"]), isci="ABCD0001")
        at, empty = rows[0].index("advertiser"), rows[0].index("product")
        return as_csv([[cell for place, cell in enumerate(row) if place not in (at, empty)] for row in rows])

    pipeline, _, second = await round_trip(csv_file([BAD]), drop_column)
    (line,) = (await pipeline.outcome_lines(second)).values()
    assert line["findings"][0]["code"] == "format.changed_cell"
    assert "1 columns" in line["findings"][0]["message"]


async def test_columns_in_another_order_or_under_another_of_their_names_are_the_same() -> None:
    def move(files: Mapping[str, bytes]) -> bytes:
        rows = with_cells(table_of(files["rejects.csv"]), isci="ABCD0001")
        rows[0][rows[0].index("station")] = "Call Letters"
        return as_csv([row[::-1] for row in rows])

    pipeline, _, second = await round_trip(csv_file([BAD]), move)
    assert await pipeline.assert_sound(second, 1) == {"delivered": 1}


# what cannot be told apart into cells


RAGGED = [b"only,three,cells", b"spot,\xff" + b"," * 13, b'a,"un\r\nclosed\\x', b"spot,\0", b"\\:x,=1,'", "é,".encode()]


@pytest.mark.parametrize("line", RAGGED)
async def test_a_record_without_cells_survives_any_number_of_passes(line: bytes) -> None:
    pipeline = Pipeline()
    body = csv_file([spot(1)]) + line + b"\r\n"
    for number in range(4):
        file = pipeline.drop(body, f"traffic/{number}")
        await pipeline.run()
        body = reports(pipeline, file)["rejects.csv"]
        (row,) = rows_of(body)
        text = row["penstock_record"]
        assert bytes_of(restored(text), "utf-8").rstrip(b"\r\n") == line
        assert row["penstock_trace"].endswith(":1")
        body = body if number != 1 else reports(pipeline, file)["rejects.xlsx"]


@given(st.binary(max_size=40) | st.text(max_size=20).map(str.encode))
def test_any_bytes_are_text_and_bytes_again(raw: bytes) -> None:
    text = text_of(raw, "utf-8")
    assert "\0" not in text
    assert "\r" not in text
    assert bytes_of(text.encode().decode(), "utf-8") == raw


# JSON


async def test_rejects_of_json_come_as_json_too_with_their_numbers_as_they_were() -> None:
    line = b'{"spot_id": "S1", "rate": 12.50, "isci": "?", "notes": "a\\"b", "seen": {"x": [1.0]}}'
    pipeline = Pipeline()
    file = pipeline.drop(ndjson_file([spot(2)]) + line, "traffic/log.ndjson")
    await pipeline.run()
    body = reports(pipeline, file)["rejects.ndjson"]
    assert body.count(b"\n") == 1
    assert line in body
    assert json.loads(body)["penstock_trace"] == f"{file.file_id}:1"


async def test_a_record_of_json_is_mended_where_it_stands() -> None:
    record = spot(1, isci="?", rate=12.5)

    def mend(files: Mapping[str, bytes]) -> bytes:
        return files["rejects.ndjson"].replace(b'"isci": "?"', b'"isci": "ABCD0001"')

    pipeline, first, second = await round_trip(ndjson_file([record]), mend)
    assert await pipeline.assert_sound(second, 1) == {"delivered": 1}
    assert (await pipeline.row(second)).origins == (first.file_id,)

    pipeline, _, second = await round_trip(ndjson_file([record]), lambda files: mend(files).replace(b"12.5", b"12.6"))
    assert await told(pipeline, second) == {0: ["format.changed_cell"]}


@pytest.mark.parametrize("kind", ["rejects.csv", "rejects.xlsx", "rejects.ndjson"])
async def test_an_id_that_json_has_as_a_number_is_the_same_on_every_pass(kind: str) -> None:
    record = spot(1, isci="?", rate=12.0) | {"spot_id": 456.0}

    def mend(files: Mapping[str, bytes]) -> bytes:
        if kind != "rejects.xlsx":
            return files[kind].replace(b"?", b"ABCD0001")
        book = openpyxl.load_workbook(io.BytesIO(files[kind]))
        (cell,) = [cell for row in book.worksheets[0].iter_rows() for cell in row if cell.value == "?"]
        book.worksheets[0].cell(cell.row, cell.column, "ABCD0001")
        return saved(book)

    pipeline, _, second = await round_trip(ndjson_file([record]), mend)
    assert await told(pipeline, second) == {}
    assert [(one["spot_id"], one["rate"]) for one in delivered(pipeline)] == [("456", "12.00")]


NO_TEXTS: tuple[Any, ...] = (True, False, 1.5, 15, -3, 1e30, 20260101, 1767225600, [], ["a", 1], {}, {"a": [1.5]})
FIELDS = ("notes", "advertiser", "air_date", "air_time", "length_s", "rate", "isci", "house_number")


@pytest.mark.parametrize("kind", ["rejects.csv", "rejects.xlsx"])
async def test_what_json_has_otherwise_than_as_a_text_is_judged_the_same_when_its_row_comes_back(kind: str) -> None:
    """As a text a `true`, a list or a moment in seconds would pass where it was refused."""
    records = [spot(at) | {name: value} for at, (name, value) in enumerate(product(FIELDS, NO_TEXTS))]
    pipeline, first, second = await round_trip(ndjson_file(records), lambda files: files[kind])
    once = [findings for _, findings in sorted((await told(pipeline, first)).items()) if findings]
    assert len(once) > len(records) // 2
    assert [findings for _, findings in sorted((await told(pipeline, second)).items())] == once

    third = pipeline.drop(reports(pipeline, second)[kind], "traffic/third")
    await pipeline.run()
    assert [findings for _, findings in sorted((await told(pipeline, third)).items())] == once


async def test_a_true_that_a_spreadsheet_has_made_its_own_is_still_none_of_a_text() -> None:
    records = [spot(1, notes=True, isci="?"), spot(2, notes="true", isci="?"), spot(3, advertiser=True)]

    def opened(files: Mapping[str, bytes]) -> bytes:
        header, *rows = table_of(files["rejects.csv"])
        rows = [[cell.upper() if cell.lower() == "true" else cell for cell in row] for row in rows]
        rows[2][header.index("advertiser")] = "Acme"
        return as_csv([header, *rows]).replace(b"?", b"ABCD0001")

    pipeline, _, second = await round_trip(ndjson_file(records), opened)
    assert await told(pipeline, second) == {0: ["schema.type"]}
    assert [record.get("notes") for record in delivered(pipeline)] == ["true", None]


async def test_a_number_of_json_is_read_as_json_has_it_when_its_row_comes_back() -> None:
    """1.250 as a text may be in thousands."""
    pipeline, _, second = await round_trip(
        ndjson_file([spot(1, isci="?", rate=None)]).replace(b'"isci"', b'"rate": 1.250, "isci"'),
        lambda files: files["rejects.csv"].replace(b"?", b"ABCD0001"),
    )
    assert await told(pipeline, second) == {}
    assert [record["rate"] for record in delivered(pipeline)] == ["1.25"]


@pytest.mark.parametrize("cell", ["1e999999999", "{", '"a", "": 1', "[" * 100_000, "9" * 5000])
def test_a_cell_that_says_of_itself_that_it_is_no_text_is_read_with_the_limits_of_json(cell: str) -> None:
    assert value_in(cell) == cell


BROKEN = [b'{"spot_id": "S1', b'{"a": "\xff"}', b"{,}", b'{"a": 1}\\ {"b": 2}', b'[1, "x"]', b'{"a":"\0"}']


@pytest.mark.parametrize("line", BROKEN)
async def test_broken_json_survives_any_number_of_passes(line: bytes) -> None:
    pipeline = Pipeline()
    body = ndjson_file([spot(1)]) + line + b"\n"
    for number in range(3):
        file = pipeline.drop(body, f"traffic/{number}")
        await pipeline.run()
        body = reports(pipeline, file)["rejects.ndjson"]
        told = json.loads(body)
        record = told["penstock_record"]
        assert bytes_of(record, "utf-8") == line if isinstance(record, str) else record == json.loads(line)
        assert told["penstock_trace"].endswith(":1")


@pytest.mark.parametrize("kind", ["rejects.csv", "rejects.xlsx"])
@pytest.mark.parametrize("line", [b'{"spot_id": "S1', b"{,}", b'{"a": 1}\\ {"b": 2}', b'{"a": 1, "a": 2}'])
async def test_broken_json_is_judged_as_json_in_a_table_too(kind: str, line: bytes) -> None:
    body, key = ndjson_file([spot(1)]) + line + b"\n", "traffic/log.ndjson"
    for at in (1, 0, 0):
        pipeline = Pipeline()
        file = pipeline.drop(body, key)
        await pipeline.run()
        assert await told(pipeline, file) == {at: ["format.json"]}
        body, key = reports(pipeline, file)[kind], "traffic/again"


async def test_broken_json_is_mended_where_it_stands_in_a_table() -> None:
    record = json.dumps(spot(1))
    pipeline, first, second = await round_trip(
        record.removesuffix("}").encode(),
        lambda files: as_csv(with_cells(table_of(files["rejects.csv"]), penstock_record=record)),
    )
    assert await told(pipeline, first) == {0: ["format.json"]}
    assert await pipeline.assert_sound(second, 1) == {"delivered": 1}


# the law


CELLS = st.sampled_from(TEMPTING) | st.text(
    alphabet=st.characters(codec="utf-8", exclude_categories=("Cs",), exclude_characters="\0"), max_size=12
)


@settings(max_examples=25, deadline=None)
@given(notes=st.lists(CELLS, min_size=1, max_size=4), kind=st.sampled_from(["rejects.csv", "rejects.xlsx"]))
async def test_a_round_trip_through_a_reject_file_changes_nothing_that_was_not_mended(
    notes: list[str], kind: str
) -> None:
    """By the standard csv module and by openpyxl, each of which reads the file and writes it anew."""
    records = [spot(at, isci="?", notes=note, house_number=f"'{at}") for at, note in enumerate(notes)]

    def mend(files: Mapping[str, bytes]) -> bytes:
        if kind == "rejects.csv":
            header, *rows = table_of(files[kind])
            for row in rows:
                row[header.index("isci")] = "ABCD0001"
            return as_csv([header, *rows])
        book = openpyxl.load_workbook(io.BytesIO(files[kind]))
        for at in range(len(records)):
            book.worksheets[0].cell(at + 2, COLUMNS.index("isci") + 1, "ABCD0001")
        return saved(book)

    pipeline, _, second = await round_trip(csv_file(records), mend)

    assert await told(pipeline, second) == {}
    directly = Pipeline()
    directly.drop(csv_file([record | {"isci": "ABCD0001"} for record in records]))
    await directly.run()
    assert delivered(pipeline) == delivered(directly)


# interchanges and documents


def wrong_bill(number: int) -> list[Words]:
    """An invoice whose total is none of its lines'."""
    return goods_bill("99999", header=("BIG", "20261120", f"INV-{number}", "", "PO-8"))


WRONG = TOTALS | {"PayableAmount": "1.00"}
SETS = x12_file(goods_bill(), wrong_bill(3), wrong_bill(4), kinds=["810"] * 3)
DOCUMENTS = ubl_file(ubl(), ubl(WRONG, number="A"), ubl(WRONG, number="B"))
FREIGHT = {
    "X12": ("rejects.edi", SETS, b"TDS*99999", b"TDS*25000"),
    "a document": ("rejects.xml", ubl_file(ubl(WRONG)), b">1.00<", b">456.00<"),
    "documents": (
        "rejects.xml",
        ubl_file(ubl(), ubl(WRONG, number="A"), ubl(WRONG, number="B")),
        b">1.00<",
        b">456.00<",
    ),
}


@pytest.mark.parametrize(("name", "body", "wrong", "right"), FREIGHT.values(), ids=FREIGHT)
async def test_an_invoice_comes_back_in_its_own_format_as_often_as_need_be(
    name: str, body: bytes, wrong: bytes, right: bytes
) -> None:
    pipeline = Pipeline()
    first = pipeline.drop(body, "freight/night")
    await pipeline.run()
    rejected = (await pipeline.counted(first))["rejected"]
    once = reports(pipeline, first)[name]

    second = pipeline.drop(once, "freight/again")
    await pipeline.run()
    assert await pipeline.assert_sound(second, rejected) == {"rejected": rejected}
    assert (await pipeline.row(second)).origins == (first.file_id,)
    assert (await pipeline.row(first)).returns == (second.file_id,)
    assert (await pipeline.row(second)).noted.counts == {}
    before, after = (pipeline.report(file, "rejects.csv") for file in (first, second))
    assert [row["penstock_record"] for row in rows_of(after)] == [row["penstock_record"] for row in rows_of(before)]

    third = pipeline.drop(reports(pipeline, second)[name].replace(wrong, right), "freight/mended")
    await pipeline.run()
    assert await pipeline.assert_sound(third, rejected) == {"delivered": rejected}


ELEMENTS = {
    "X12": ("rejects.edi", SETS, b"TDS*99999", b"TDS*25000", b"BIG*20261120", b"BIG*20261121", "BIG-01"),
    "documents": ("rejects.xml", DOCUMENTS, b">1.00<", b">456.00<", b"2026-11-20<", b"2026-11-21<", "IssueDate"),
}


@pytest.mark.parametrize("case", ELEMENTS.values(), ids=ELEMENTS)
async def test_an_element_that_changed_unnamed_is_told_and_the_invoice_held(case: tuple[Any, ...]) -> None:
    """Beside the sum that was to be mended."""
    name, body, wrong, right, was, became, element = case
    pipeline = Pipeline()
    first = pipeline.drop(body, "freight/night")
    await pipeline.run()
    mended = reports(pipeline, first)[name].replace(wrong, right).replace(was, became, 1)
    second = pipeline.drop(mended, "freight/mended")
    await pipeline.run()
    assert await pipeline.assert_sound(second, 2) == {"delivered": 1, "held": 1}
    (found,) = [line for line in (await pipeline.outcome_lines(second)).values() if line["outcome"] == "held"]
    assert [(one["code"], one["field"]) for one in found["findings"]] == [("format.changed_cell", element)]


async def test_an_element_that_changed_unnamed_is_known_after_another_pass() -> None:
    pipeline = Pipeline()
    file = pipeline.drop(SETS, "freight/0")
    for was, became in ((b"BIG*20261120", b"BIG*20261121"), (b"*99999", b"*25000")):
        await pipeline.run()
        file = pipeline.drop(reports(pipeline, file)["rejects.edi"].replace(was, became), f"freight/{was.decode()}")
    await pipeline.run()
    assert await pipeline.assert_sound(file, 2) == {"held": 2}


async def test_an_invoice_that_was_not_among_the_rejects_is_told() -> None:
    pipeline = Pipeline()
    first = pipeline.drop(SETS, "freight/night")
    await pipeline.run()
    other = b"ST*810*9~BIG*20270101*X~SE*3*9~"
    body = reports(pipeline, first)["rejects.edi"].replace(b"GE*2*", other + b"\nGE*3*")
    second = pipeline.drop(body, "freight/again")
    await pipeline.run()
    codes = await told(pipeline, second)
    assert ["format.row_added" in found for found in codes.values()] == [False, False, True]


async def test_a_broken_set_comes_back_as_it_came() -> None:
    body = x12_file(wrong_bill(1), kinds=["810"]).replace(b"SE*", b"S\xffE*")
    pipeline = Pipeline()
    for number in range(3):
        file = pipeline.drop(body, f"freight/{number}")
        await pipeline.run()
        body = reports(pipeline, file)["rejects.edi"]
        assert b"S\xffE*" in body


async def test_a_message_of_edifact_comes_back_in_an_interchange_of_the_same_parties() -> None:
    body = message_file([segment.replace("MOA+77:1", "MOA+77:9") for segment in MESSAGE])
    pipeline = Pipeline()
    first = pipeline.drop(body, "freight/night")
    await pipeline.run()
    once = reports(pipeline, first)["rejects.edi"]
    second = pipeline.drop(once, "freight/again")
    await pipeline.run()
    assert await pipeline.assert_sound(second, 1) == {"rejected": 1}
    assert (await pipeline.row(second)).origins == (first.file_id,)
    before, after = (await pipeline.row(first)).layout, (await pipeline.row(second)).layout
    assert before is not None
    assert after is not None
    assert {name: after.envelope[name] for name in before.envelope} == before.envelope
    assert after.delimiters == before.delimiters
