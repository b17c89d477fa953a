"""What the sender of an interchange is told, held against the standards' text (see `tests.support.acknowledged`)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.formats.acknowledging import Acknowledging, Refusal
from penstock.formats.edifact import Edifact
from penstock.formats.envelopes import Opens
from penstock.formats.x12 import X12
from penstock.model.findings import Finding
from tests.support import edi
from tests.support.acknowledged import Acknowledged, acknowledged
from tests.support.documents import MESSAGE, message_file

WHEN = datetime(2026, 11, 29, 9, 5)  # noqa: DTZ001
NO_CARRIER = Finding("freight.carrier_missing", "…", "B3-11", rule="X12 AK403 1: mandatory data element missing")
WRONG_SUM = Finding("freight.charges_total", "…", "totals.lines", rule="X12 004010 L3-05")
WRONG_COUNT = Finding("format.record_count", "…", "SE", rule="X12 AK502 4: number of included segments …")


def answer_to(
    reader: Acknowledging,
    body: bytes,
    rejected: Mapping[int, Sequence[Finding]] | None = None,
    edges: Sequence[int] = (),
) -> bytes:
    """The acknowledgements of a file that arrives cut at these bytes; `rejected` are records by their place."""
    layout = reader.recognise(body[: 64 * 1024], str)
    assert layout is not None
    raws, places = edi.passed(reader, body).raws, dict[int, int]()
    at = 0
    for place, raw in enumerate(raws):
        at = body.index(raw, at)
        places[at] = place
        at += len(raw)
    acknowledger, found = reader.acknowledger(layout, WHEN), list[bytes]()
    cuts = sorted({layout.first_byte, len(body), *(edge for edge in edges if layout.first_byte < edge < len(body))})
    steps = [acknowledger.follow(body[begin:end]) for begin, end in pairwise(cuts)] + [acknowledger.finish()]
    for event in (event for step in steps for event in step):
        place = places.get(event.byte) if isinstance(event, Opens) and event.level == "record" else None
        bad = (rejected or {}).get(-1 if place is None else place)
        found += acknowledger.take(event, Refusal(raws[place or 0], bad) if bad else None)
    return b"".join(found)


def answers(
    reader: Acknowledging, body: bytes, rejected: Mapping[int, Sequence[Finding]] | None = None
) -> list[Acknowledged]:
    return acknowledged(answer_to(reader, body, rejected))


def of_version(body: bytes, group: str, interchange: str = "00401", repetition: str = "U") -> bytes:
    return body.replace(b"*X*004010~", f"*X*{group}~".encode()).replace(
        b"*U*00401*", f"*{repetition}*{interchange}*".encode()
    )


TWO_GROUPS = edi.interchange([edi.st(1), edi.st(2), edi.st(3)], [edi.st(4)], control=77)


def test_a_997_answers_each_group_and_each_of_its_sets() -> None:
    (said,) = answers(X12(), TWO_GROUPS)

    assert (said.control, said.sender, said.receiver, said.verdict) == ("000000077", "PAYER", "CARRIER", "")
    assert [(group.answer, group.control, group.verdict, group.counts) for group in said.groups] == [
        ("997", "1", "A", (3, 3, 3)),
        ("997", "2", "A", (1, 1, 1)),
    ]
    assert [(one.kind, one.control, one.verdict) for one in said.groups[0].sets] == [
        ("210", "0001", "A"), ("210", "0002", "A"), ("210", "0003", "A"),
    ]  # fmt: skip


def test_a_rejected_set_says_which_segments_and_elements_are_wrong() -> None:
    """B3 is the second segment of the set; a sum that is wrong has no code of its own."""
    (said,) = answers(X12(), TWO_GROUPS, {1: (NO_CARRIER, WRONG_SUM)})

    first, second = said.groups
    assert (first.verdict, first.counts, second.verdict) == ("P", (3, 3, 2), "A")
    assert [one.verdict for one in first.sets] == ["A", "R", "A"]
    assert first.sets[1].codes == ["5"]
    assert first.sets[1].notes == [("B3", "2", "8", "11", "1"), ("L3", "3", "8")]


@pytest.mark.parametrize(
    ("finding", "notes", "codes"),
    [
        (WRONG_COUNT, [], ["4"]),
        (Finding("format.segment_tag", "segment 2 has no tag", rule="X12 AK304 1: …"), [("B3", "2", "1")], ["5"]),
        (Finding("freight.segment_missing", "…", "N7", rule="X12 AK304 3: …"), [("N7", "4", "3")], ["5"]),
        (Finding("freight.date", "…", "G62-02", rule="X12 AK403 8: …"), [("G62", "4", "3")], ["5"]),
        (
            Finding("freight.amount", "segment 2 (B3): …", "B3-07", rule="X12 AK403 6: …"),
            [("B3", "2", "8", "7", "6")],
            ["5"],
        ),
        (Finding("schema.type", "…", "lines.amount"), [], ["5"]),
        (Finding("freight.stands_twice", "…", "B3", rule="X12 AK304 5: …"), [("B3", "2", "5")], ["5"]),
    ],
)
def test_each_finding_comes_back_by_the_code_that_it_cites(
    finding: Finding, notes: list[tuple[str, ...]], codes: list[str]
) -> None:
    (said,) = answers(X12(), TWO_GROUPS, {3: (finding,)})

    assert said.groups[1].verdict == "R"
    assert [(one.verdict, one.notes, one.codes) for one in said.groups[1].sets] == [("R", notes, codes)]


def test_groups_of_version_005010_get_a_999_and_others_a_997() -> None:
    assert [group.answer for group in answers(X12(), of_version(TWO_GROUPS, "005010", "00501", "^"))[0].groups] == [
        "999", "999",
    ]  # fmt: skip
    for version in ("003060", "004010VICS", "006010"):
        (said,) = answers(X12(), of_version(TWO_GROUPS, version))
        assert {group.answer for group in said.groups} == {"997"}


def test_a_wrong_count_of_a_group_is_noted_and_its_sets_are_accepted() -> None:
    (said,) = answers(X12(), TWO_GROUPS.replace(b"GE*3*1~", b"GE*5*1~"))

    assert [(one.verdict, one.counts, one.codes) for one in said.groups] == [
        ("E", (5, 3, 3), ["5"]), ("A", (1, 1, 1), []),
    ]  # fmt: skip
    assert said.verdict == "", "nothing is wrong with the interchange itself"


def test_a_control_number_that_is_there_twice_is_noted_of_the_set() -> None:
    (said,) = answers(X12(), edi.interchange([edi.st(1), edi.st(1)]))

    assert [(one.verdict, one.codes) for one in said.groups[0].sets] == [("A", []), ("E", ["23"])]
    assert said.groups[0].verdict == "E"


def test_a_ta1_comes_where_the_isa_asks_for_it() -> None:
    asked = TWO_GROUPS.replace(b"*000000077*0*P*", b"*000000077*1*P*")

    (said,) = answers(X12(), asked)
    assert (said.verdict, said.code) == ("A", "000")
    assert len(said.groups) == 2


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (TWO_GROUPS.replace(b"IEA*2*", b"IEA*3*"), "021"),
        (TWO_GROUPS.replace(b"IEA*2*000000077~", b"IEA*2*000000078~"), "001"),
        (TWO_GROUPS.replace(b"IEA*2*000000077~", b""), "023"),
        (TWO_GROUPS.replace(b"GS*IM*SCAC*PAYER*20261120*2115*2*", b"GS*IM*SCAC*PAYER*20261120*2115**"), "024"),
    ],
)
def test_a_ta1_comes_where_the_interchange_is_wrong_and_its_sets_were_taken(wrong: bytes, code: str) -> None:
    """E: the sender must not send again what was taken."""
    (said,) = answers(X12(), wrong)
    assert (said.verdict, said.code) == ("E", code)


def test_an_interchange_that_is_wrong_and_of_which_nothing_was_taken_is_rejected() -> None:
    wrong = edi.interchange([edi.st(1)]).replace(b"IEA*1*", b"IEA*3*")

    (said,) = answers(X12(), wrong, {0: (NO_CARRIER,)})
    assert (said.verdict, said.code) == ("R", "021")


def test_acknowledgements_are_not_acknowledged() -> None:
    theirs = TWO_GROUPS.replace(b"GS*IM*", b"GS*FA*")
    assert answer_to(X12(), theirs) == b""
    assert answer_to(Edifact(), message_file(("UCI+1+A+B+7",), kind="CONTRL:D:3:UN")) == b""


def test_each_interchange_of_a_file_is_answered_in_its_own_separators() -> None:
    other = edi.interchange([edi.st(9)], control=5, sender="OTHER", delimiters=edi.BARS)

    body = answer_to(X12(), TWO_GROUPS + b"\r\n" + other)
    assert [(one.receiver, one.control) for one in acknowledged(body)] == [
        ("CARRIER", "000000077"), ("OTHER", "000000005"),
    ]  # fmt: skip
    assert body.count(b"ISA*") == body.count(b"ISA|") == 1


def test_a_contrl_acknowledges_what_it_does_not_name() -> None:
    (said,) = answers(Edifact(), message_file(MESSAGE, MESSAGE, MESSAGE))
    assert (said.verdict, said.code, said.sets) == ("7", "", [])
    assert (said.control, said.sender, said.receiver) == ("7", "PAYER", "SENDER")


def test_a_contrl_names_messages_that_were_rejected_and_their_segments() -> None:
    unspecified = Finding("freight.net_due", "…", "totals.due")
    wrong_number = Finding("freight.amount", "…", "MOA-01", rule="EDIFACT 0085 37: invalid type of characters")
    (said,) = answers(Edifact(), message_file(MESSAGE, MESSAGE, MESSAGE), {0: (wrong_number,), 2: (unspecified,)})

    # MOA is the tenth segment, UNH being the first; its first element has place 2 as its tag has place 1.
    assert [(one.kind, one.control, one.codes, one.notes) for one in said.sets] == [
        ("INVOIC", "1", [], [("10", "2", "37")]),
        ("INVOIC", "3", ["18"], []),
    ]


@pytest.mark.parametrize(
    ("field", "message", "code", "note"),
    [
        ("MOA-01", "segment 18 (MOA): …", "37", ("18", "2", "37")),
        ("DTM+137", "…", "12", ("3", "12")),
        ("DTM+137", "…", "13", ("3", "13")),
        ("DTM+35", "…", "13", ("25", "13")),  # as far as the message goes: no DTM is of that kind
        ("BGM-02", "…", "13", ("2", "3", "13")),
    ],
)
def test_a_contrl_names_the_segment_that_is_meant(field: str, message: str, code: str, note: tuple[str, ...]) -> None:
    finding = Finding("freight.amount", message, field, rule=f"EDIFACT 0085 {code}: …")
    (said,) = answers(Edifact(), message_file(MESSAGE), {0: (finding,)})
    (one,) = said.sets
    assert one.notes == [note]


def test_a_contrl_tells_what_is_wrong_with_the_interchange() -> None:
    """What was taken of it was taken; with nothing taken, all of it is rejected."""
    wrong = message_file(MESSAGE).replace(b"UNZ+1+7", b"UNZ+2+7")

    assert [(one.verdict, one.code) for one in answers(Edifact(), wrong)] == [("7", "29")]
    (said,) = answers(Edifact(), wrong, {0: (Finding("format.record_count", "…", "UNT", rule="EDIFACT 0085 29: …"),)})
    assert (said.verdict, said.code, [one.codes for one in said.sets]) == ("4", "29", [["29"]])


def test_a_group_of_messages_is_named_where_something_in_it_is_wrong() -> None:
    body = message_file(MESSAGE, MESSAGE).replace(
        b"7'UNH+1+", b"7'UNG+INVOIC+A:14+B:14+261120:2115+41+UN+D:96A'UNH+1+"
    ).replace(b"UNZ+2+7", b"UNE+3+41'UNZ+1+7")  # fmt: skip

    (said,) = answers(Edifact(), body, {1: (Finding("freight.date", "…", "DTM+137"),)})
    assert [(one.control, one.codes, [each.control for each in one.sets]) for one in said.groups] == [
        ("41", ["29"], ["2"])
    ]


def test_a_contrl_speaks_the_senders_separators_and_syntax() -> None:
    others = b"UNA!|.? ~" + message_file(MESSAGE).translate(bytes.maketrans(b":+'", b"!|~"))
    assert answer_to(Edifact(), others).startswith(b"UNA!|.? ~UNB|UNOC!3|PAYER!14|SENDER!14|261129!0905|7~")
    four = message_file(MESSAGE).replace(b"UNOC:3", b"UNOC:4")
    assert b"'UNH+1+CONTRL:4:1:UN'" in answer_to(Edifact(), four)
    assert acknowledged(answer_to(Edifact(), four))


def test_a_test_is_acknowledged_as_a_test() -> None:
    assert answer_to(X12(), TWO_GROUPS.replace(b"*0*P*:~", b"*0*T*:~"))[:105].endswith(b"*0*T*:")
    assert b"+261129:0905+7++++++1'" in answer_to(Edifact(), message_file(MESSAGE, test="1"))


# -- whatever comes


FAULTS: Sequence[tuple[bytes, bytes]] = (
    (b"GE*2*1~", b"GE*3*1~"),
    (b"GE*2*1~", b""),
    (b"GE*2*1~", b"GE**9~"),
    (b"IEA*", b"IEB*"),
    (b"GS*IM*", b"GS**"),
    (b"GS*IM*SCAC*", b"GS*IM**"),
    (b"SE*4*0001~", b""),
    (b"ST*210*0001~", b"ST**0001~"),
    (b"ST*210*0001~", b"ST*210*~"),
    (b"ST*210*0001~", b"TS*210*0001~"),
    (b"*004010~", b"*~"),
    (b"*004010~", b"*005010~"),
    (b"*0*P*:~", b"*1*P*:~"),
    (b"00      ", b"00 "),
)
FINDINGS = (NO_CARRIER, WRONG_SUM, WRONG_COUNT, Finding("schema.type", "…", "lines.amount"))


@st.composite
def files(draw: st.DrawFn) -> bytes:
    groups, bodies = st.lists(st.lists(st.integers(1, 4).map(edi.st), max_size=3), max_size=3), list[bytes]()
    for control in draw(st.lists(st.integers(1, 3), min_size=1, max_size=3)):
        delimiters = draw(st.sampled_from([edi.STARS, edi.STARS, edi.BARS, edi.LINES]))
        bodies.append(edi.interchange(*draw(groups), control=control, delimiters=delimiters))
    for old, new in draw(st.lists(st.sampled_from(FAULTS), max_size=4)):
        at = draw(st.integers(0, len(bodies) - 1))
        bodies[at] = bodies[at].replace(old, new, draw(st.integers(1, 2)))
    return b"".join(bodies)


@given(files(), st.dictionaries(st.integers(0, 12), st.lists(st.sampled_from(FINDINGS), min_size=1)), st.data())
def test_whatever_is_wrong_the_answer_is_valid_and_the_same_however_the_file_is_cut(
    body: bytes, rejected: Mapping[int, Sequence[Finding]], data: st.DataObject
) -> None:
    whole = answer_to(X12(), body, rejected)
    edges = data.draw(st.lists(st.integers(0, len(body))))

    acknowledged(whole)
    assert answer_to(X12(), body, rejected, edges) == whole
