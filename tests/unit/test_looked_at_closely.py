"""Values that nobody is sure of are looked at whole, by themselves: what the looks agree on is taken, if nothing else
could stand there."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from PIL import Image

from penstock_documents import closely, ocr
from penstock_documents.document import Read
from penstock_documents.reading import all_values, read_one_page
from penstock_documents.words import Box, Page, Word
from tests.unit.test_scans import TEMPLATE, at

PAPER = Image.new("L", (612, 792), 255)


def page(*changed: Word, also: Sequence[Word] = (), otherwise: Mapping[str, list[str]] | None = None) -> Read:
    """The form on a scan, a point a pixel, with some words read otherwise than they are, and some beside them."""
    words = [
        at(60, 100, "Site"), at(160, 100, "S-305671"), at(60, 120, "5."), at(74, 120, "Twist"), at(160, 120, "2.6°"),
        at(60, 140, "Engineer"), at(160, 140, "Ada"), at(60, 200, "Member"), at(200, 200, "Usage"),
        at(60, 216, "Leg"), at(200, 216, "54.6"), at(60, 232, "Anchor"), at(200, 232, "77.2"),
    ]  # fmt: skip
    there = {(one.box.left, one.box.top): one for one in changed}
    every = [*(there.get((one.box.left, one.box.top), one) for one in words), *also]
    looks = {place: (otherwise or {})[one.text] for place, one in enumerate(every) if one.text in (otherwise or {})}
    return Read(Page(1, 612, 792, every, "ocr", ocr.ENGINE), looks)


def seen(read: Read, texts: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[Any, str]]:
    """Each value with its doubt, once the looks at each doubtful one have seen these texts."""
    monkeypatch.setattr(ocr, "read_alone", lambda _, boxes, __: [list(texts) for _ in boxes])
    again = closely.looked_at(read, lambda: (PAPER, 72.0), TEMPLATE, 1)
    form = read_one_page(TEMPLATE, 1, again.page, again.otherwise)
    return {name: (value.value, value.doubt) for name, value in all_values(form)}


def test_what_can_be_no_value_is_read_as_most_looks_see_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = seen(page(at(160, 120, "2.6&")), ["2.6°", "2.6 °", "2.6°", "26"], monkeypatch)

    assert found["twist_deg"] == (2.6, "")


@pytest.mark.parametrize(
    "texts",
    [
        ["2.6°", "2.6°", "26", "26"],  # no three of them
        ["2.6°", "2.6°", "2.6°", "2.8°"],  # another that could stand there as well
        ['2.6"', '2.6"', '2.6"', '2.6"'],  # another unit
        ["", "", "", ""],
    ],
)
def test_what_looks_do_not_agree_on_stays_a_doubt(texts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert seen(page(at(160, 120, "2.6&")), texts, monkeypatch)["twist_deg"][1]


def test_what_was_read_and_is_seen_by_all_looks_is_believed_against_a_look_at_one_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = page(otherwise={"77.2": ["71.2"]})

    assert seen(read, ["77.2"] * 4, monkeypatch)["member_ratings[1].capacity_pct"] == (77.2, "")
    assert seen(read, ["77.2"] * 3 + ["71.2"], monkeypatch)["member_ratings[1].capacity_pct"][1]
    assert seen(read, ["71.2"] * 4, monkeypatch)["member_ratings[1].capacity_pct"][1]


def test_who_has_seen_a_point_is_not_outvoted(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is lost in several manners alike."""
    read = page(at(200, 232, "45"), otherwise={"45": ["4.5"]})

    assert seen(read, ["45"] * 4, monkeypatch)["member_ratings[1].capacity_pct"][1]


def test_a_value_is_looked_at_with_what_stands_right_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dirt above a word makes its box higher than it is, and its middle another line's."""
    rest = Word("Quist", Box(185, 124, 215, 149), 0.9)

    found = seen(page(also=[rest]), ["Ada Quist"] * 4, monkeypatch)

    assert found["engineer"] == ("Ada Quist", "")


def test_a_sign_behind_a_figure_is_looked_at_though_nobody_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[Box] = []
    monkeypatch.setattr(ocr, "read_alone", lambda _, boxes, __: [looked_at.extend(boxes) or ["2.6°"] * 4])
    closely.looked_at(page(at(160, 120, "2.6")), lambda: (PAPER, 72.0), TEMPLATE, 1)

    (box,) = looked_at
    assert box.right == pytest.approx(178 + 10 * closely.SIGN)


def test_what_is_sure_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look that would take a word away from another value is none."""
    read = page(at(160, 120, "2.6&"), also=[Word("Bo", Box(185, 112, 200, 150), 0.9)])
    before = closely.looked_at(page(), lambda: pytest.fail("nobody has to look"), TEMPLATE, 1)

    assert before == page()
    assert seen(read, ["2.6°"] * 4, monkeypatch)["site_id"] == ("S-305671", "")


def test_a_page_that_another_engine_read_is_not_looked_at() -> None:
    read = page(at(160, 120, "2.6&"))
    other = Read(Page(1, 612, 792, read.page.words, "ocr", "another"))

    assert closely.looked_at(other, lambda: pytest.fail("nobody has to look"), TEMPLATE, 1) is other


@pytest.mark.parametrize(
    ("texts", "read"),
    [
        (["Engineer"] * 3 + ["Englneer"], True),
        (["Engineer", "Engineer", "Eng", "Eng"], False),
        (["Surveyor"] * 4, False),
        (["Engineers"] * 4, False),
    ],
)
def test_a_label_that_was_misread_is_looked_at_before_it_counts_as_changed(
    texts: list[str], read: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ocr, "read_alone", lambda _, boxes, __: [texts for _ in boxes])
    again = closely.looked_at(page(at(60, 140, "Exgfgeez")), lambda: (PAPER, 72.0), TEMPLATE, 1)

    form = read_one_page(TEMPLATE, 1, again.page, again.otherwise)

    assert (form.drift == []) is read
    assert form.values["engineer"].value == "Ada"
