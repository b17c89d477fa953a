"""Acknowledgements held against the text of their own standards, by nothing of what has made them.

X12.5 (ISA, TA1, IEA), X12.6 (GS to GE, ST to SE), X12.20 (997), 005010X231A1 (999); ISO 9735 and its part 4 (CONTRL).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

type Segment = list[str]

_ISA_WIDTHS = (2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)
_AK304 = {*"12345678"}
_IK304 = _AK304 | {"I4", "I6", "I7", "I8", "I9"}
_AK403 = {str(code) for code in range(1, 11)}
_IK403 = {str(code) for code in range(1, 14)} | {"I6", "I9", "I10", "I11", "I12", "I13"}
_AK502 = {str(code) for code in (*range(1, 14), *range(15, 20), *range(23, 28))}
_IK502 = _AK502 | {"I5", "I6"}
_997_AK905 = {str(code) for code in (*range(1, 7), *range(10, 19), *range(23, 27))}
_999_AK905 = _997_AK905 | {"19"}
_0085 = {str(code) for code in (2, 7, *range(12, 50))}


@dataclass
class Set:
    """What is said of a set or message. `notes` are (segment, place, code) of AK3 or UCS, with (element, code) behind
    each for AK4 or UCD."""

    kind: str
    control: str
    verdict: str
    codes: list[str] = field(default_factory=list[str])
    notes: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])


@dataclass
class Group:
    """What is said of a group: AK9, or UCF. `answer` is 997 or 999."""

    control: str
    verdict: str
    counts: tuple[int, int, int] = (0, 0, 0)
    codes: list[str] = field(default_factory=list[str])
    sets: list[Set] = field(default_factory=list[Set])
    answer: str = ""


@dataclass
class Acknowledged:
    """What is said of an interchange; `verdict` and `code` are TA1's or UCI's, "" where there is no TA1."""

    control: str
    sender: str
    receiver: str
    verdict: str = ""
    code: str = ""
    groups: list[Group] = field(default_factory=list[Group])
    sets: list[Set] = field(default_factory=list[Set])

    @property
    def every_set(self) -> list[Set]:
        return [*self.sets, *(one for group in self.groups for one in group.sets)]


def acknowledged(body: bytes) -> list[Acknowledged]:
    """What these acknowledgements say, each of them held against its standard."""
    text, found = body.decode(), list[Acknowledged]()
    while text:
        assert text[:3] in ("ISA", "UNA", "UNB"), text[:80]
        one, text = _x12(text) if text.startswith("ISA") else _edifact(text)
        found.append(one)
    return found


# -- X12


def _x12(text: str) -> tuple[Acknowledged, str]:
    element, terminator = text[3], text[105]
    isa = text[:105].split(element)
    assert tuple(map(len, isa[1:])) == _ISA_WIDTHS
    assert isa[16] == text[104]
    assert len({element, terminator, isa[16]}) == 3
    assert re.fullmatch("[0-9]{6}", isa[9])
    assert re.fullmatch("[0-9]{4}", isa[10])
    assert re.fullmatch("[0-9]{9}", isa[13])
    assert isa[14] == "0"
    assert isa[15] in "IPT"
    end = text.index(f"{terminator}IEA{element}", 104) + 1
    rest_at = text.index(terminator, end) + 1
    segments = [one.split(element) for one in text[106:end].split(terminator)[:-1]]
    assert all(one[-1] and re.fullmatch("[A-Z][A-Z0-9]{1,2}", one[0]) for one in segments)
    iea = text[end : rest_at - 1].split(element)
    said = Acknowledged(isa[13], isa[6].strip(), isa[8].strip())
    if segments and segments[0][0] == "TA1":
        tag, control, date, time, said.verdict, said.code = segments.pop(0)
        assert (tag, control) == ("TA1", isa[13])
        assert len(date) == 6
        assert len(time) == 4
        assert said.verdict in "AER"
        assert re.fullmatch("0[0-3][0-9]", said.code)
        assert (said.verdict == "A") == (said.code == "000")
    said.groups = list(_groups(segments, isa[12]))
    assert iea == ["IEA", str(len(said.groups)), isa[13]]
    assert said.groups or said.verdict, "an interchange that says nothing"
    return said, text[rest_at:]


def _groups(segments: list[Segment], version: str) -> Iterator[Group]:
    numbers = set[str]()
    while segments:
        gs, st, ak1 = segments[:3]
        assert (gs[0], gs[1], st[0], ak1[0], len(gs)) == ("GS", "FA", "ST", "AK1", 9)
        assert 2 <= len(gs[2]) <= 15
        assert 2 <= len(gs[3]) <= 15
        assert re.fullmatch("[0-9]{8}" if gs[8] >= "004010" else "[0-9]{6}", gs[4])
        assert gs[6] not in numbers
        numbers.add(gs[6])
        assert st[1] == ("999" if gs[8].startswith("00501") else "997")
        assert 4 <= len(st[2]) <= 9
        end = next(at for at, one in enumerate(segments) if one[0] == "SE")
        assert segments[end] == ["SE", str(end), st[2]], "SE01 counts from ST to SE"
        assert segments[end + 1] == ["GE", "1", gs[6]]
        yield _group(ak1, segments[3:end], is_999=st[1] == "999")
        del segments[: end + 2]


def _group(ak1: Segment, body: list[Segment], *, is_999: bool) -> Group:
    letter = "I" if is_999 else "A"
    assert re.fullmatch("[A-Z]{2}", ak1[1])
    assert re.fullmatch("[0-9]{1,9}", ak1[2])
    assert len(ak1) == (4 if is_999 else 3), "AK103 is of version 005010"
    *sets, ak9 = body
    assert ak9[0] == "AK9"
    counts = (int(ak9[2]), int(ak9[3]), int(ak9[4]))
    group = Group(ak1[2], ak9[1], counts, ak9[5:], answer="999" if is_999 else "997")
    assert set(group.codes) <= (_999_AK905 if is_999 else _997_AK905)
    assert len(group.codes) <= 5
    group.sets = list(_sets(sets, letter, is_999=is_999))
    taken = sum(one.verdict in "AE" for one in group.sets)
    assert counts[1:] == (len(group.sets), taken)
    whole = counts[1] == taken
    assert group.verdict == (
        "R" if not taken and (group.sets or group.codes) else "P" if not whole
        else "E" if group.codes or any(one.verdict == "E" for one in group.sets) else "A"
    )  # fmt: skip
    return group


def _sets(segments: list[Segment], letter: str, *, is_999: bool) -> Iterator[Set]:
    while segments:
        ak2 = segments.pop(0)
        assert ak2[0] == "AK2"
        assert len(ak2[1]) == 3
        assert 1 <= len(ak2[2]) <= 9
        said, last = Set(ak2[1], ak2[2], ""), 0
        while (segment := segments.pop(0))[0] == f"{letter}K3":
            assert 2 <= len(segment[1]) <= 3
            assert int(segment[2]) >= last
            assert segment[3] == ""
            assert segment[4] in (_IK304 if is_999 else _AK304)
            last, note = int(segment[2]), tuple(segment[1:3] + segment[4:])
            while segments[0][0] == f"{letter}K4":
                ak4 = segments.pop(0)
                assert 1 <= int(ak4[1]) <= 99
                assert ak4[3] in (_IK403 if is_999 else _AK403)
                assert segment[4] == "8", "what has data element errors says so"
                note += (ak4[1], ak4[3])
            said.notes.append(note)
        assert segment[0] == f"{letter}K5"
        said.verdict, said.codes = segment[1], segment[2:]
        assert said.verdict in "AER"
        assert len(said.codes) <= 5
        assert set(said.codes) <= (_IK502 if is_999 else _AK502)
        assert (said.verdict == "A") == (not said.codes), "a verdict that is not A says why"
        assert said.verdict == "R" or not said.notes
        yield said


# -- EDIFACT


def _edifact(text: str) -> tuple[Acknowledged, str]:
    component, element, release, terminator = ":", "+", "?", "'"
    if text.startswith("UNA"):
        component, element, _, release, _, terminator = text[3:9]
        text = text[9:]

    def split(one: str, at: str) -> list[str]:
        return re.split(rf"(?<!{re.escape(release)}){re.escape(at)}", one) if release.strip() else one.split(at)

    end = text.index(f"{terminator}UNZ{element}") + 1
    rest_at = text.index(terminator, end) + 1
    unb, unh, uci, *body, unt, unz = [split(one, element) for one in split(text[: rest_at - 1], terminator)]
    assert (unb[0], unh[0], uci[0], unt[0], unz[0]) == ("UNB", "UNH", "UCI", "UNT", "UNZ")
    syntax = split(unb[1], component)
    assert re.fullmatch("UNO[A-Z]", syntax[0])
    assert unh[1:] == ["1", component.join(("CONTRL", *(("4", "1") if syntax[1] == "4" else ("D", "3")), "UN"))]
    assert unt[1:] == [str(len(body) + 3), "1"], "UNT counts from UNH to UNT"
    assert unz[1:] == ["1", unb[5]]
    assert uci[2:4] == [unb[3], unb[2]], "the answer goes the other way"
    said = Acknowledged(uci[1], split(unb[2], component)[0], split(unb[3], component)[0], uci[4], "".join(uci[5:6]))
    assert said.verdict in "478"
    assert said.code in _0085 or not said.code
    assert said.verdict != "4" or said.code or body, "0083 4: errors are reported at this level or a lower one"
    for segment in body:
        match segment:
            case ["UCF", control, _, _, "7", *code]:
                said.groups.append(Group(control, "7", codes=code))
            case ["UCM", control, kind, "4", *codes]:
                one = Set(split(kind, component)[0], control, "4", list(filter(None, codes[:1])))
                (said.groups[-1].sets if said.groups else said.sets).append(one)
            case ["UCS", place, *code]:
                assert int(place) >= 1
                assert set(code) <= _0085
                said.every_set[-1].notes.append((place, *code))
            case ["UCD", code, place]:
                assert code in _0085
                assert int(place) >= 2
                said.every_set[-1].notes[-1] += (place, code)
            case _:
                raise AssertionError(f"{segment[0]} has no place in a CONTRL")
    assert all(one.codes or one.notes for one in said.every_set), "a message that is rejected says why"
    assert not (said.groups and said.sets), "D.3, note: messages by themselves or in groups"
    return said, text[rest_at:]
