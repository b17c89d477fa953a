"""What is read on a scan: laid level, read in two manners, and believed only where its readings agree."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from PIL import Image, ImageDraw

from penstock_documents import ocr
from penstock_documents.document import Document
from penstock_documents.reading import Form, read_form
from penstock_documents.skew import skew_of, straightened
from penstock_documents.template import Column, Place, Table, Template
from penstock_documents.words import Box, Page, Word, parts_of
from penstock_ops.samples.tower.paper import Text, pdf, scanned


def sheet(degrees: float) -> Image.Image:
    """Lines of writing, which is dashes here, laid askew."""
    paper = Image.new("L", (1275, 1650), 255)
    pen = ImageDraw.Draw(paper)
    for line in range(24):
        for dash in range(5 + line % 7):
            pen.rectangle((150 + 90 * dash, 200 + 48 * line, 215 + 90 * dash, 214 + 48 * line), fill=30)
    return paper.rotate(degrees, resample=Image.Resampling.BICUBIC, fillcolor=255)


@pytest.mark.parametrize("degrees", [-5.0, -1.4, -0.3, 0.0, 0.5, 2.2])
def test_lines_of_writing_are_laid_level(degrees: float) -> None:
    assert skew_of(sheet(degrees)) == pytest.approx(-degrees, abs=0.11)
    assert abs(skew_of(straightened(sheet(degrees)))) < 0.21


def test_the_scanners_own_edge_is_no_line_of_writing() -> None:
    askew = sheet(1.5)
    ImageDraw.Draw(askew).rectangle((0, 1600, 1275, 1650), fill=0)

    assert skew_of(askew) == pytest.approx(-1.5, abs=0.11)


def test_an_empty_sheet_lies_as_it_is() -> None:
    assert skew_of(Image.new("L", (600, 800), 255)) == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("......S-305671", ["......", "S-305671"]),
        ("Ratio.....85.7%", ["Ratio", ".....", "85.7%"]),
        ("P.E.", ["P.E."]),
        ("54.6", ["54.6"]),
        ("________", ["________"]),
    ],
)
def test_dots_that_lead_the_eye_are_no_part_of_what_they_touch(text: str, words: list[str]) -> None:
    assert [text[begin:end] for begin, end in parts_of(text)] == words


def word(text: str, confidence: float = 0.95, left: float = 100.0) -> Word:
    return Word(text, Box(left, 100, left + 6 * len(text), 110), confidence)


@pytest.mark.parametrize(
    ("first", "second", "alone", "read", "otherwise"),
    [
        # Figures: both manners and a look by itself.
        (word("54.6"), word("54.6"), ["54.6"], "54.6", []),
        (word("99-101", 0.72), word("55-101"), ["99-101", "90-101"], "55-101", ["99-101", "90-101", "99-101"]),
        (word("At", 0.62), word("1"), ["is", "1"], "1", []),
        (word("Li", 0.33), word("L1"), [], "L1", []),
        (word("Li", 0.7), word("L1"), ["Li", "Li"], "L1", ["Li", "Li", "Li"]),
        (word("77.7"), word("77.7"), ["71.7", "71.7"], "77.7", ["71.7", "71.7"]),
        (word("11.1"), word("11.1"), ["a", "1 fe I"], "11.1", []),
        (word("11.1", 0.7), word("11.1"), ["a", "1 fe I"], "11.1", ["a", "1 fe I"]),
        # Letters: both manners.
        (word("Marsh"), word("Marsh"), [], "Marsh", []),
        (word("S-E", 0.3), word("S.E."), [], "S.E.", []),
        (word("Marsh"), word("Marth"), ["Mash", "Mush"], "Marsh", ["Mash", "Mush", "Marth"]),
        # A mark at the end counts where two see it.
        (word("Co."), word("Co"), ["Co."], "Co.", []),
        (word("Co", 0.97), word("Co."), ["Co."], "Co.", []),
    ],
)
def test_a_word_is_believed_as_far_as_its_readings_agree(
    first: Word, second: Word, alone: Sequence[str], read: str, otherwise: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter(alone)
    monkeypatch.setattr(ocr, "_read_again", lambda *_: next(looks))
    words = [first]

    found = ocr._looked_at(FakeEngine(), Image.new("L", (800, 800), 255), words, [second], 1.0)

    assert (words[0].text, found.get(0, [])) == (read, otherwise)
    if not otherwise:
        assert words[0].confidence >= ocr.AGREED


class FakeEngine:
    def SetPageSegMode(self, mode: Any) -> None:
        pass


def test_a_mark_that_only_a_look_sees_is_a_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be one that was taken for dirt, or dirt that was taken for one."""
    paper = Image.new("L", (800, 800), 255)
    ImageDraw.Draw(paper).rectangle((114, 107, 116, 109), fill=0)
    monkeypatch.setattr(ocr, "_read_again", lambda *_: "Co.")

    assert ocr._looked_at(FakeEngine(), paper, [word("Co")], [word("Co")], 1.0) == {0: ["Co."]}


@pytest.mark.parametrize(
    ("left", "after", "shade", "looked_at"),
    [
        (114, 200, 0, True),
        (118, 200, 0, True),  # a typewriter's stands apart
        (118, 120, 0, False),  # that is the next word's
        (114, 200, 130, True),  # on a pale page
        (114, 200, 230, False),
    ],
)
def test_a_full_stop_is_looked_for_where_one_may_stand(
    left: int, after: int, shade: int, looked_at: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = Image.new("L", (800, 800), 255)
    pen = ImageDraw.Draw(paper)
    pen.rectangle((100, 100, 112, 110), fill=shade if shade < 200 else 0)
    pen.rectangle((left, 107, left + 1, 109), fill=shade)
    monkeypatch.setattr(ocr, "_read_again", lambda *_: "Co.")
    words = [word("Co"), word("Towers", left=after)]

    found = ocr._looked_at(FakeEngine(), paper, words, [word("Co"), word("Towers", left=after)], 1.0)

    assert (0 in found) is looked_at


@pytest.mark.parametrize(("strokes", "read"), [(2, "Il"), (3, "Il"), (3, "Ill"), (3, "|II")])
def test_a_roman_numeral_has_as_many_strokes_as_are_drawn(strokes: int, read: str) -> None:
    """With serifs at head and foot, which touch."""
    paper = Image.new("L", (800, 800), 255)
    pen = ImageDraw.Draw(paper)
    for at in range(strokes):
        pen.rectangle((102 + 14 * at, 100, 106 + 14 * at, 140), fill=0)
    for serif in (100, 138):
        pen.rectangle((98, serif, 110 + 14 * (strokes - 1), serif + 2), fill=0)
    words = [Word(read, Box(98, 100, 110 + 14 * (strokes - 1), 141), 0.5)]

    assert ocr._looked_at(FakeEngine(), paper, words, (), 1.0) == {}
    assert words[0].text == "I" * strokes


PLACES = {
    "site_id": Place(label="Site", label_box=(60, 100, 90, 110), value_box=(160, 100, 220, 110), shape="A-999999"),
    "twist_deg": Place(
        label="5. Twist", label_box=(60, 120, 100, 130), value_box=(160, 120, 190, 130), type="number", unit="deg"
    ),
    "engineer": Place(label="Engineer", label_box=(60, 140, 110, 150), value_box=(160, 140, 220, 150)),
}  # fmt: skip
COLUMNS = (
    Column(header="Member", left=60, right=100, field="component"),
    Column(header="Usage", left=200, right=230, field="capacity_pct", type="number"),
)
TEMPLATE = Template(
    name="Form",
    kind="inspection",
    fields=PLACES,
    tables={"member_ratings": Table(columns=COLUMNS, header_box=(60, 200, 230, 210), row_top=216, row_height=16)},
)


def scan(
    *changed: Word,
    dropped: Sequence[str] = (),
    also: Sequence[Word] = (),
    otherwise: Mapping[str, list[str]] | None = None,
) -> Form:
    """The form on a scan, with some words read otherwise than they are, and some beside them."""
    words = [
        at(60, 100, "Site"), at(160, 100, "S-305671"), at(60, 120, "5."), at(74, 120, "Twist"), at(160, 120, "2.6°"),
        at(60, 140, "Engineer"), at(160, 140, "Ada"), at(60, 200, "Member"), at(200, 200, "Usage"),
        at(60, 216, "Leg"), at(200, 216, "54.6"), at(60, 232, "Anchor"), at(200, 232, "77.2"),
    ]  # fmt: skip
    there = {(one.box.left, one.box.top): one for one in changed}
    kept = [*(there.get((one.box.left, one.box.top), one) for one in words if one.text not in dropped), *also]
    looks = {
        place: texts for place, one in enumerate(kept) for text, texts in (otherwise or {}).items() if one.text == text
    }
    return read_form(TEMPLATE, [Page(1, 612, 792, kept, "ocr", "test")], [looks])


def at(left: float, top: float, text: str, confidence: float = 0.95) -> Word:
    return Word(text, Box(left, top, left + 6 * len(text), top + 10), confidence)


def test_a_scan_that_is_read_well_has_no_doubt() -> None:
    form = scan()

    assert (form.doubts, form.drift) == ([], [])
    assert [row["capacity_pct"].value for row in form.tables["member_ratings"]] == [54.6, 77.2]


def test_what_can_be_no_value_is_read_as_all_looks_see_it() -> None:
    form = scan(
        at(160, 100, "$-305671"),
        at(200, 232, "TL"),
        otherwise={"$-305671": ["S-305671", "S-305671"], "TL": ["77.2", "77.2", "77.2"]},
    )

    assert form.doubts == []
    assert form.values["site_id"].value == "S-305671"
    assert form.tables["member_ratings"][1]["capacity_pct"].value == 77.2


@pytest.mark.parametrize("seen", [["77.2"], ["77.2", "71.2"], ["TZ", "77.2"]])
def test_that_takes_two_looks_and_none_against_them(seen: list[str]) -> None:
    assert scan(at(200, 232, "TL"), otherwise={"TL": seen}).doubts == [
        "member_ratings.capacity_pct: TL is no single number"
    ]


def test_two_readings_that_could_both_be_are_a_doubt() -> None:
    form = scan(otherwise={"77.2": ["71.2", "garbage"]})

    assert form.doubts == ["member_ratings.capacity_pct: one look reads 77.2, another 71.2"]


def test_a_cell_in_which_nothing_was_read_is_a_doubt() -> None:
    assert scan(dropped=["77.2"]).doubts == ["member_ratings.capacity_pct: nothing was read in its cell"]


@pytest.mark.parametrize("read", ["2.6", "2.67", "2.6¢", "2.6'", '2.6"', "2.6%"])
def test_a_unit_that_was_not_read_is_a_doubt_and_no_drift(read: str) -> None:
    form = scan(at(160, 120, read))

    assert form.drift == []
    assert len(form.doubts) == 1


def test_a_lines_dirt_is_part_of_no_id_and_of_no_label() -> None:
    form = scan(at(160, 100, "$-305671."), at(60, 120, "a."), at(60, 140, "Engineer"), at(112, 140, "eeeerre", 0.1))

    assert (form.doubts, form.drift) == ([], [])
    assert (form.values["site_id"].value, form.values["twist_deg"].value) == ("S-305671", 2.6)


# -- two manners, word by word


def boxed(text: str, left: float, right: float, top: float = 100, bottom: float = 110) -> Word:
    return Word(text, Box(left, top, right, bottom), 0.95)


def test_a_mark_of_which_either_half_was_seen_is_one() -> None:
    halves = [boxed("4.1", 100, 118), boxed("%", 122, 126, 100, 104), boxed("%", 122, 127, 105, 110)]
    others = [boxed("4.1", 100, 118, 120, 130), boxed("%", 122, 126, 120, 130)]

    assert [one.text for one in ocr.marks_once([*halves, *others])] == ["4.1", "%", "4.1", "%"]
    assert ocr.marks_once(halves)[1].box == Box(122, 100, 127, 110)


@pytest.mark.parametrize(
    ("words", "again", "parted"),
    [
        # One takes for a word what the other parts: there is room for a blank, or there is none.
        ([boxed("Guy1", 100, 125)], [boxed("Guy", 100, 118), boxed("1", 122, 125)], ["Guy", "1"]),
        ([boxed("Guy1", 100, 125)], [boxed("Guy", 100, 120), boxed("1", 121, 125)], ["Guy1"]),
        # Never within a number.
        ([boxed("1,394", 100, 125)], [boxed("1", 100, 104), boxed(",394", 108, 125)], ["1,394"]),
        ([boxed("99-101", 100, 130)], [boxed("99", 100, 110), boxed("-101", 114, 130)], ["99-101"]),
        # Nor where they do not say as much.
        ([boxed("Guy1", 100, 125)], [boxed("Guy", 100, 118), boxed("12", 122, 125)], ["Guy1"]),
    ],
)
def test_words_are_parted_where_there_is_room_for_a_blank(
    words: list[Word], again: list[Word], parted: list[str]
) -> None:
    assert [one.text for one in ocr.paired(words, again)[0]] == parted


def test_what_the_other_manner_takes_for_one_word_is_compared_part_by_part() -> None:
    words, again = ocr.paired([boxed("77.7", 100, 122), boxed("%", 125, 131)], [boxed("71.7%", 100, 131)])

    assert [one.text for one in words] == ["77.7", "%"]
    assert [one.text for one in again] == ["71.7", "%"]


def test_a_word_is_no_larger_than_either_manner_has_it() -> None:
    ((one,), _) = ocr.paired([boxed("Jorge", 100, 125, 92, 116)], [boxed("Jorge", 99, 140, 100, 108)])

    assert one.box == Box(100, 100, 125, 108)


def test_a_sign_is_looked_at_behind_its_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """By itself a % is taken for anything."""
    looked_at: list[Word] = []

    def look(api: Any, picture: Any, word: Word, *_: Any) -> str:
        looked_at.append(word)
        return "1.7 %"

    monkeypatch.setattr(ocr, "_read_again", look)
    words = [boxed("1.7", 100, 118), boxed("2", 122, 128)]

    found = ocr._looked_at(FakeEngine(), Image.new("L", (800, 800), 255), words, (), 1.0)

    assert found[1] == ["%", "%"]
    assert looked_at[-1].box == Box(100, 100, 128, 110)


@pytest.mark.parametrize(
    ("read", "said"),
    [
        ("LO4x7", "LO4x7 has a letter beside a figure that may be one itself"),
        ("LA7x6", "LA7x6 has a letter beside a figure that may be one itself"),
        ("L04x7", ""),
        ("Anchor 12", ""),
        ("L1", ""),
    ],
)
def test_a_letter_beside_a_figure_is_a_doubt_unless_the_templates_sample_has_one_there(read: str, said: str) -> None:
    assert scan(at(60, 216, read)).doubts == ([f"member_ratings.component: {said}"] if said else [])


@pytest.mark.parametrize(
    ("read", "doubted"),
    [
        ("Eleanor Ivanov", False),
        ("Eleanor lone", True),
        ("lamp", False),
        ("J. de la Cruz", False),
        ("J. de Ia Cruz", True),
        ("la Cruz", True),
        ("Town of lowa Park", True),
    ],
)
def test_a_name_that_begins_with_a_small_l_is_a_doubt_unless_it_is_a_particle(read: str, doubted: bool) -> None:
    assert bool(scan(at(160, 140, read)).doubts) is doubted


@pytest.mark.parametrize(
    ("read", "meant"),
    [
        ("Eleanor lvanov", "Eleanor Ivanov"),
        ("lndian lronworks", "Indian Ironworks"),
        ("Two llamas", "Two llamas"),
        ("Pull of 40 lbs", "Pull of 40 lbs"),
        ("lyric", "lyric"),
    ],
)
def test_an_l_that_can_be_none_is_a_capital_i(read: str, meant: str) -> None:
    assert scan(at(160, 140, read)).values["engineer"].value == meant


def test_an_id_whose_letters_touch_its_figures_has_as_many_of_each() -> None:
    assert scan(at(160, 100, "S-30S671")).doubts == ["site_id: S-30S671 has not the form of other site ids"]


def test_a_part_of_a_value_that_was_taken_for_another_lines_is_a_doubt() -> None:
    """Dirt above it makes its box higher than it is, and its middle another line's."""
    rest = Word("394.12", Box(181, 84, 215, 108), 0.9)
    words = [at(60, 100, "Site"), at(160, 100, "S-305671"), rest._replace(box=Box(210, 84, 240, 108))]
    form = read_form(TEMPLATE, [Page(1, 612, 792, words, "ocr", "test")], [{}])

    assert form.values["site_id"].doubt == "something stands right beside S-305671 that was not read on its line"


@pytest.mark.parametrize(
    ("read", "narrow", "meant"),
    [
        ("LO3x5", [True], "L03x5"),
        ("LO3x5", [False], "LO3x5"),
        ("OO-12", [False, True], "O0-12"),
        ("OAK 1O", [True, True], "OAK 10"),
        ("LO3x5", [True, True], "LO3x5"),
    ],
)
def test_an_o_among_figures_that_is_narrow_is_a_nought(read: str, narrow: list[bool], meant: str) -> None:
    assert ocr.with_noughts(read, narrow) == meant


@pytest.mark.parametrize("font", ["Helvetica", "Times-Roman", "Courier"])
def test_the_engine_takes_a_nought_for_no_letter(font: str) -> None:
    paper = scanned(pdf([[Text(72, 100, "L03x5", 10), Text(72, 130, "LO3x5", 10)]], font=font))

    (read,) = Document(paper).read_all()

    assert [one.text for one in read.page.words] == ["L03x5", "LO3x5"]


def test_the_pieces_of_a_mark_are_one_word() -> None:
    """Of a typewriter's % an engine takes either ring, and the stroke, for something by itself."""
    pieces = [
        boxed("2", 122, 125, 100, 103.5),
        boxed("zg", 122, 127, 103, 106),
        boxed("63.3", 100, 118),
        boxed("Diagonal", 40, 80),
        boxed("©", 123, 127, 105.5, 110),
    ]

    *others, mark = sorted(ocr.marks_once(pieces), key=lambda one: one.box.left)

    assert [one.text for one in others] == ["Diagonal", "63.3"]
    assert mark.box == Box(122, 100, 127, 110)
    assert mark.confidence <= ocr.UNSURE


@pytest.mark.parametrize(
    ("words", "doubted"),
    [
        (["Ada", "Quist"], False),
        (["Ada", "&", "Bo"], False),
        (["Ada", "-"], True),
        (["Ada", "-", "Bo"], True),
        (["Ada - Bo"], False),  # as it was seen whole
        (["Ada Bo -"], True),
    ],
)
def test_a_mark_that_stands_by_itself_in_a_text_may_be_dirt(words: list[str], doubted: bool) -> None:
    """Seen with the rest as one, it is none; at either end it may be all the same."""
    lefts = [160 + 9 * len(" ".join(words[:place])) for place in range(len(words))]
    first, *rest = [at(left, 140, text) for left, text in zip(lefts, words, strict=True)]

    form = scan(first, also=rest)

    assert bool(form.doubts) is doubted, form.doubts


@pytest.mark.parametrize("font", ["Helvetica", "Times-Roman", "Courier", "Helvetica-Bold"])
@pytest.mark.parametrize(
    ("printed", "read", "meant"),
    [("4.5", "45", "4.5"), ("24.1%", "241%", "24.1%"), ("2025", "2025", ""), ("11", "11", ""), ("1472", "1472", "")],
)
def test_a_point_between_figures_is_seen_though_no_manner_reads_it(
    printed: str, read: str, meant: str, font: str
) -> None:
    paper = Image.open(io.BytesIO(scanned(pdf([[Text(72, 100, printed, 10)]], font=font)))).convert("L")
    ink = paper.point([255 * (shade < 128) for shade in range(256)]).getbbox()
    assert ink is not None

    found = ocr.with_lost_point(paper, Word(read, Box(*(edge * 72 / 300 for edge in ink)), 0.9), 72 / 300)

    assert found == meant


def test_a_letter_of_the_other_case_than_the_samples_is_a_doubt() -> None:
    """A c and a C are drawn alike; so are o, s, u, v, w, x and z."""
    assert scan(at(160, 100, "s-305671")).doubts
