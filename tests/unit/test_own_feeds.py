"""Feeds of one's own: they are found, and new ones are guessed from a sample."""

import json
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.feeds import SHIPPED, found_in
from penstock.feeds.declared.making import declared
from penstock_ops.own_feeds import new_feed
from penstock_ops.own_feeds.guessing import Guessed, guessed
from penstock_ops.own_feeds.writing import declaration
from tests.support.meters import declaration as meters

# -- found -------------------------------------------------------------------------------------------------------------


def test_modules_packages_and_declarations_are_feeds_and_nothing_else_is(tmp_path: Path) -> None:
    for name in ("meters.yaml", "gauges.py", "_shared.py", "README.md", ".hidden.yaml"):
        (tmp_path / name).touch()
    for name in ("dials", "__pycache__", "data"):
        (tmp_path / name).mkdir()
    (tmp_path / "dials" / "__init__.py").touch()

    assert {name: path.name for name, path in found_in([str(tmp_path)]).items()} == {
        "dials": "dials",
        "gauges": "gauges.py",
        "meters": "meters.yaml",
    }


@pytest.mark.parametrize("names", [("meters.yaml", "meters.py"), ("traffic.yaml",)], ids=["two of one's own", "ours"])
def test_two_feeds_of_one_name_are_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (tmp_path / name).touch()

    with pytest.raises(ImportError, match=r"two feeds are called (meters|traffic): .* rename one of them"):
        found_in([str(tmp_path)])


def test_a_feed_on_the_path_is_a_feed_of_a_new_process(tmp_path: Path) -> None:
    package = tmp_path / "penstock_feeds"
    package.mkdir()
    (package / "meters.yaml").write_text(meters(), encoding="utf-8")
    said = "from penstock.feeds import FEEDS; print(*FEEDS, FEEDS['meters'].title, sep='|')"
    paths = os.pathsep.join([str(tmp_path), *sys.path])

    told = subprocess.run(
        [sys.executable, "-c", said], env={"PYTHONPATH": paths}, check=True, capture_output=True, text=True
    )

    names, title = told.stdout.strip().split("|")[:-1], told.stdout.strip().split("|")[-1]
    assert set(names) >= {*SHIPPED, "meters"}
    assert title == "Readings of water and power meters"


# -- guessed -----------------------------------------------------------------------------------------------------------


def sample(folder: Path, rows: list[dict[str, object]], name: str = "sample.ndjson") -> Guessed:
    """What is guessed of some records."""
    path = folder / name
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return guessed(path)


def of_column(folder: Path, values: list[object], name: str = "it") -> dict[str, object]:
    """What a column's declaration says, but for its being required."""
    (field,) = [
        one for one in sample(folder, [{"n": n, name: v} for n, v in enumerate(values)]).fields if one.name == name
    ]
    return {key: value for key, value in field.said.items() if key != "required"}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["yes", "No"], {"type": "flag"}),
        ([True, False], {"type": "flag"}),
        (["1", "0"], {"type": "integer"}),
        ([12, -3], {"type": "integer"}),
        (["12.50", "3"], {"type": "decimal"}),
        (["12,50", "3,10"], {"type": "text"}),
        (["0042", "17"], {"type": "text"}),
        (["1234567890123456", "1"], {"type": "text"}),
        (["2026-11-29"], {"type": "date"}),
        (["29.11.2026"], {"type": "date", "written_as": ["DD.MM.YYYY"]}),
        (["11/29/2026", "01/02/2026"], {"type": "date", "written_as": ["MM/DD/YYYY"]}),
        (["20261129"], {"type": "date", "written_as": ["YYYYMMDD"]}),
        ([None, ""], {"type": "text"}),
        (["read", "estimated"] * 10, {"type": "choice", "of": {"estimated": [], "read": []}}),
        (["read", "estimated"], {"type": "text"}),
        (["Read", "read"] * 10, {"type": "text"}),
        ([f"NW{n:06}" for n in range(20)], {"type": "text", "pattern": "[A-Z]{2}[0-9]{6}"}),
    ],
)
def test_a_column_is_what_all_its_values_are(tmp_path: Path, values: list[object], said: dict[str, object]) -> None:
    assert of_column(tmp_path, values) == said


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["1.234,5", "99,0"], {"type": "decimal"}),
        (["$1,250.00", "3.10"], {"type": "decimal"}),
        (["1.234", "2.345"], {"type": "decimal"}),
        (["12,50", "a few"], {"type": "text"}),
        (["1,5", "1.5"], {"type": "decimal"}),
        (["1,234", "2,345"], {"type": "text"}),
    ],
)
def test_numbers_of_a_table_have_their_own_commas(tmp_path: Path, cells: list[str], said: dict[str, object]) -> None:
    path = tmp_path / "sample.csv"
    path.write_text(
        "".join(f"{number};{cell}\n" for number, cell in [("n", "it"), *enumerate(cells)]), encoding="utf-8"
    )

    (_, field) = guessed(path).fields

    assert {key: value for key, value in field.said.items() if key != "required"} == said


def test_digits_that_are_a_name_are_text(tmp_path: Path) -> None:
    assert of_column(tmp_path, ["17", "4"], name="invoice_number") == {"type": "text"}


def test_a_day_that_may_be_either_is_told(tmp_path: Path) -> None:
    (_, day) = sample(tmp_path, [{"n": 1, "day": "01/02/2026"}]).fields

    assert day.why == "no day tells DD/MM/YYYY from MM/DD/YYYY: ask the sender"


def test_the_fewest_fields_that_tell_records_apart_are_the_identity(tmp_path: Path) -> None:
    first = date(2026, 11, 1)
    rows: list[dict[str, object]] = [
        {"value": 7, "day": (first + timedelta(day)).isoformat(), "meter_id": f"M{meter}"}
        for day in range(6)
        for meter in range(4)
    ]

    found = sample(tmp_path, [*rows, rows[0]])

    assert found.identity == ("meter_id", "day")
    assert found.why == "no two of 24 different records have the same"


def test_what_is_not_flat_is_left_out_and_told(tmp_path: Path) -> None:
    found = sample(tmp_path, [{"id": "a", "lines": [1, 2]}])

    assert [one.name for one in found.fields] == ["id"]
    assert found.left_out == {"lines": "it holds records of its own, and a declared feed is flat"}


_values = st.one_of(st.none(), st.booleans(), st.integers(-(10**9), 10**9), st.text(max_size=12))
_rows = st.lists(
    st.fixed_dictionaries({"Id no.": st.integers(0, 99), "what is it": _values, "1st": _values}),
    min_size=1,
    max_size=30,
)


@given(_rows)
def test_whatever_the_sample_says_a_declaration_comes_of_it(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]]
) -> None:
    found = sample(tmp_path_factory.mktemp("sample"), rows)

    feed = declared(declaration("What: it is", found, "sample.ndjson"), "things", "things.yaml")

    # What is null in every record is not there for anybody.
    said = {"id_no": "Id no.", "what_is_it": "what is it", "field_1st": "1st"}
    assert set(feed.record.__annotations__) == {
        one for one, key in said.items() if any(row[key] is not None for row in rows)
    }
    assert feed.identity == found.identity


# -- written -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Meters", "a feed is called by 2 to 24 small letters and digits, a letter first; not Meters"),
        ("my_meters", "a feed is called by 2 to 24 small letters and digits, a letter first; not my_meters"),
        ("traffic", "there is a feed traffic already: penstock feeds show traffic"),
    ],
)
def test_a_feed_that_cannot_be_called_so_writes_nothing(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(new_feed.NoFeed) as refused:
        new_feed.from_answers(name, "Meters", "meter_id", "meter_id", tmp_path)

    assert str(refused.value) == message
    assert not list(tmp_path.iterdir())


def test_a_feed_of_which_nothing_is_required_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(new_feed.NoFeed, match="no field of the meters feed is required"):
        new_feed.from_answers("meters", "Meters", "meter_id?", "meter_id", tmp_path)


def test_a_type_that_is_not_known_is_told_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(new_feed.NoFeed, match="date"):
        new_feed.from_answers("meters", "Meters", "meter_id, read_on:dat", "meter_id", tmp_path)
