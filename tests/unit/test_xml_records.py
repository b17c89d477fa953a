"""XML: the chunks' records are the children of the element that the feed names, and nothing is lost without a word
(R29)."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import Any, TypedDict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.feeds.feed import Feed, Limits
from penstock.formats.format import Parsed
from penstock.formats.xml import Xml
from penstock.formats.xml_names import Vocabulary, meant_in
from penstock.model.errors import Refused
from penstock.model.findings import Finding
from tests.support.budget import examples
from tests.support.reading import Split, split_alike, split_file, tiny_windows

small_limits = st.builds(
    Limits, records=st.integers(1, 6), bytes=st.integers(1, 120), record_bytes=st.integers(300, 10_000)
)
block_sizes = st.lists(st.integers(1, 40), max_size=4)
slices = st.integers(1, 64)


def feed_of(reader: Xml, limits: Limits | None = None) -> Feed:
    """A feed of spots in XML."""

    class Record(TypedDict, total=False):
        spot_id: str
        rate: float

    return Feed(
        name="spots", title="Spots", formats=(reader,), record=Record, identity=(), limits=limits or Limits(),
        spellings={"spot_id": ("id",)},
    )  # fmt: skip


SPOTS = Xml("/log/spot")


def parsed(split: Split) -> list[Parsed]:
    return split.feed.formats[0].parse(split.layout, split.raws)


def faults(body: bytes, reader: Xml = SPOTS) -> list[bool]:
    """Which of the file's records are rejected, however the file is cut."""
    whole = split_file(feed_of(reader), body)
    for records in (1, 2):
        for blocks in ([], [1], [7, 3]):
            with tiny_windows(16, 4, 8):
                split = split_file(feed_of(reader, Limits(records=records)), body, blocks)
            assert split.raws == whole.raws
            assert [len(split.raws_of(span)) for span in split.spans] == [span.records for span in split.spans]
    return [isinstance(one, Finding) for one in parsed(whole)]


# -- the law: what is cut out is what a parser of the whole file sees

characters = st.sampled_from(["a", "é", " ", "\n", "&lt;", "&#x41;", ">", "'", '"', "x=1"])
escaped = st.lists(characters, max_size=4).map(lambda parts: "".join(parts).replace("</", "").replace("<!--", ""))
tricky = st.sampled_from(
    [
        "<!-- </spot> <spot> -->",
        "<![CDATA[</spot><spot>]]>",
        "<?pi </spot> ?>",
        "<![CDATA[]]]]>",
        "<!-- - -->",
        "<spot/>",
        "<spot>in</spot>",
        "<spots>x</spots>",
        "<n:spot xmlns:n='u'/>",
    ]
)
attributes = st.sampled_from(
    ["", ' a="1"', " a = '>'", ' n:a="/>"', ' a="it\'s"\n', ' xmlns:m="v" m:b="</spot"'.replace("<", "&lt;")]
)


@st.composite
def elements(draw: st.DrawFn, name: str = "spot") -> str:
    inner = st.one_of(
        escaped, tricky, st.builds("<{0}>{1}</{0}>".format, st.sampled_from(["id", "rate", "n:x"]), escaped)
    )
    attrs = draw(attributes)
    if draw(st.booleans()):
        return f"<{name}{attrs}/>"
    return f"<{name}{attrs}>{''.join(draw(st.lists(inner, max_size=4)))}</{name}{draw(st.sampled_from(['', ' ']))}>"


between = st.lists(st.sampled_from([" ", "\n", "\r\n", "<!-- <spot/> -->", "<?pi?>", "<?pi > ?>"]), max_size=3).map(
    "".join
)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A well-formed file of spots."""
    prolog = draw(st.sampled_from(["", '<?xml version="1.0" encoding="UTF-8"?>\n', "<!-- <log> -->"]))
    name = draw(st.sampled_from(["log", "n:log"]))
    spots = draw(st.lists(elements(draw(st.sampled_from(["spot", "n:spot"]))), min_size=1, max_size=7))
    body = "".join(one + draw(between) for one in spots)
    text = f"{prolog}<{name} xmlns:n='urn:n' note=\"a>b\">{draw(between)}{body}</{name} >{draw(between)}"
    return draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + text.encode()


def said(element: ET.Element, own: Sequence[str]) -> dict[str, Any]:
    """What the reader should make of an element, told apart from how it does; `own` are its own namespaces."""
    found: list[tuple[str, Any]] = [("@" + name, value) for name, value in element.items()]
    found += [
        (name_of(child.tag, own), said(child, own) if len(child) or child.items() else child.text or "")
        for child in element
    ]
    text = "".join([element.text or "", *((child.tail or "") for child in element if (child.tail or "").strip())])
    names = dict.fromkeys(name for name, value in found if value or name[0] == "@")
    values = {name: [value for other, value in found if other == name and (value or name[0] == "@")] for name in names}
    return {
        name: several[-1] if len(several) == 1 or name[0] == "@" else several for name, several in values.items()
    } | ({"#text": text} if text.strip() else {})


def name_of(tag: str, own: Sequence[str]) -> str:
    uri, _, local = tag.removeprefix("{").rpartition("}")
    return local if uri in own else f"{{{uri}}}{local}"


def expected_of(element: ET.Element) -> dict[str, Any] | None:
    """None where a name of the record stands in another namespace as well."""
    own = [element.tag.removeprefix("{").rpartition("}")[0], ""]
    foreign = {name_of(one.tag, own) for one in element.iter() if name_of(one.tag, own)[0] == "{"}
    fields = said(element, own)
    return None if {name.rpartition("}")[2] for name in foreign} & fields.keys() else fields


@settings(max_examples=examples(500), deadline=None)
@given(files(), small_limits, block_sizes, slices)
def test_the_chunks_records_are_the_elements_whatever_the_limits_and_the_read_size(
    body: bytes, limits: Limits, blocks: list[int], piece: int
) -> None:
    """R28, R29. The reference is ElementTree on the whole file."""
    feed = feed_of(SPOTS, limits)
    split = split_alike(feed, body, blocks, (64, 16, piece))
    expected = [expected_of(element) for element in ET.fromstring(body)]
    assert split.records == len(expected)
    oversize = [span.first_record for span in split.spans if span.oversize]
    told = [None if isinstance(one, Finding) else one for one in parsed(split)]
    assert told == [one for at, one in enumerate(expected) if at not in oversize]
    for span in split.spans:
        assert span.records == 1 if span.oversize else len(split.raws_of(span))
        assert span.end - span.start <= limits.bytes or span.records == 1
        assert body[span.start :].startswith((b"<spot", b"<n:spot"))
        assert span.line == 1 + body[: span.start].replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n")
    for one, judgement in zip(split.spans, split.judged(), strict=True):
        assert len(judgement.accepted) + len(judgement.rejected) == one.records


mess = st.lists(
    st.sampled_from(
        [
            b"<spot>",
            b"</spot>",
            b"<spot/>",
            b"</log>",
            b"<log>",
            b"<x>",
            b"</x>",
            b"text",
            b" ",
            b"\n",
            b"<",
            b">",
            b"</",
            b"<!--",
            b"-->",
            b"<![CDATA[",
            b"]]>",
            b"<?",
            b"?>",
            b'<spot a="',
            b'"',
            b"/>",
            b"&amp;",
            b"&x;",
        ]
    ),
    max_size=12,
).map(b"".join)


@settings(max_examples=examples(1500), deadline=None)
@given(mess, small_limits, block_sizes, slices)
def test_a_mess_is_cut_alike_and_what_is_no_xml_has_a_rejected_record(
    rest: bytes, limits: Limits, blocks: list[int], piece: int
) -> None:
    """R28, R29."""
    body = b"<log><spot/>" + rest
    feed = feed_of(SPOTS, limits)
    split = split_alike(feed, body, blocks, (64, 16, piece))
    assert [len(split.raws_of(span)) for span in split.spans] == [span.records for span in split.spans]
    try:
        whole = ET.fromstring(body)
    except ET.ParseError:
        assert any(isinstance(one, Finding) for one in parsed(split))
    else:
        assert len(split.raws) >= len(whole)


@settings(max_examples=examples(500), deadline=None)
@given(elements(), st.sampled_from(["<spot/>", "</log>", "text<spot/>", "\n<spot></spot></log>"]), block_sizes)
def test_the_end_of_a_record_too_large_to_hold_is_where_it_would_have_been(
    spot: str, behind: str, blocks: list[int]
) -> None:
    large = spot.replace("<spot", f"<spot large='{'x' * 300}'", 1) if spot.startswith("<spot") else spot
    body = f"<log xmlns:n='urn:n'>{large}{behind}".encode()
    begin = body.index(b"<spot")
    first = split_file(
        feed_of(SPOTS, Limits(records=1, bytes=100, record_bytes=200)), body, blocks or [len(body)]
    ).spans[0]
    assert first.oversize
    assert body[first.start : first.end] == large.encode()
    assert first.start == begin


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<log><spot/><spot/></log>", [False, False]),
        ("<log><spot/><spot/>", [False, True]),
        ("<log><spot/><spot></spot>\n", [False, True]),
        ("<log><spot/><spot></spot><!-- the end -->\n", [False, False, True]),
        ("<log><spot/><spot>", [False, True]),
        ("<log><spot/><spot", [False, True]),
        ("<log><spot/><", [False, True]),
        ("<log><spot/></lo", [False, True]),
        ("<log><spot/></log><log><spot/></log>", [False, True]),
        ("<log><spot/></log>text", [False, True]),
        ("<log><spot/></log><!-- the end -->\n", [False]),
        ("<log><spot/>text<spot/></log>", [False, True, False]),
        ("<log>text<spot/></log>", [True, False]),
        ("<log><spot/><other/><spot/></log>", [False, True, False]),
        ("<log><spot/><old><spot/></old><spot/></log>", [False, True, False]),
        ("<log><spot/><![CDATA[<spot/>]]><spot/></log>", [False, True, False]),
        ("<log><spot/>></log>", [True]),
        ("<log><spot/><!-- --> ></log>", [False, True]),
        ("<log><spot/><!-- -->>", [False, True]),
        ("<log><spot/></spot></log>", [False, True]),
        ("<log><spot><id>1</spot><spot/></log>", [True, False]),
        ("<log><spot>&entity;</spot><spot/></log>", [True, False]),
        ("<log><spot><!DOCTYPE x></spot><spot/></log>", [True, False]),
        ("<log><spot/><!DOCTYPE x [<!ENTITY a 'b'>]><spot/></log>", [False, True, True, False]),
        ("<log><n:spot/><spot/></log>", [True, False]),
        ("<log><spot a='1' a='2'/><spot/></log>", [True, False]),
        ("<log><spot a='<'/><spot/></log>", [True, False]),
        ("<log><spot>\x01</spot><spot/></log>", [True, False]),
        ("<log><spot><spot>", [True]),
        ("<log></log>", []),
        ("<log> <!-- nothing --> </log>", []),
        ("<log><spot/><!-- -- --><spot/></log>", [False, True, False]),
        ("<log><spot/><?<?></log>", [False, True]),
        ("<log><spot/><?xml version='1.0'?><spot/></log>", [False, True, False]),
        ("<log><spot/><?xml-stylesheet href='x?y'?><?a?><spot/></log>", [False, False]),
        ("<log></log>text", [True]),
    ],
)  # fmt: skip
def test_nothing_is_lost_without_a_word(body: str, expected: list[bool]) -> None:
    """True is a rejected record."""
    assert faults(body.encode()) == expected


# -- where records are


@pytest.mark.parametrize(
    ("reader", "body", "records"),
    [
        (Xml("/log/spot"), "<log><spot/><spot/></log>", 2),
        (Xml("/log/spot"), "<a:log xmlns:a='u' xmlns:b='v'><a:spot/><b:spot/><spot/></a:log>", 3),
        (Xml("/{u}log/{u}spot"), "<a:log xmlns:a='u'><a:spot/><b:spot xmlns:b='u'/><spot xmlns='u'/></a:log>", 3),
        (Xml("/log"), "<?xml version='1.0'?><!-- <spot/> --><log><spot/></log>\n<!-- end -->\n", 1),
        (Xml("/log", "/log/spot"), "<log><spot/><spot/></log>", 1),
        (Xml("/a/b/spot"), "<a><x><b><spot/></b></x><c/><b></b></a>".replace("<b></b>", "<b><spot/><spot/></b>"), 2),
        (Xml("/a/b/c/spot"), "<a><b/><b><x/></b><b><c><spot/></c></b><d><spot/></d></a>", 1),
        (Xml("/log/spot", "/log/avail"), "<log><spot/><avail/></log>", 2),
        (Xml("/log/spot", beside=["head", "sum"]), "<log><head><spot/></head><spot/><n:sum xmlns:n='u'/></log>", 1),
    ],
)  # fmt: skip
def test_records_are_found_by_their_path(reader: Xml, body: str, records: int) -> None:
    assert faults(body.encode(), reader) == [False] * records


@pytest.mark.parametrize(
    ("reader", "body", "code"),
    [
        (SPOTS, "<rows><spot/></rows>", "format.element"),
        (SPOTS, "<log", "format.element"),
        (SPOTS, "<!-- only -->", "format.element"),
        (Xml("/{u}log/spot"), "<log><spot/></log>", "format.element"),
        (Xml("/log/spots/spot"), "<log><spot/></log>", "format.element"),
        (SPOTS, "<log/>", "format.no_records"),
        (SPOTS, "<log>><spot/></log>", "format.xml"),
        (SPOTS, "<log a='1' a='1'><spot/></log>", "format.xml"),
        (SPOTS, "<a:log><spot/></a:log>", "format.xml"),
        (SPOTS, "<!DOCTYPE log><log><spot/></log>", "format.doctype"),
        (SPOTS, "<!DOCTYPE log [<!ENTITY a 'b'>]><log><spot/></log>", "format.doctype"),
        (SPOTS, "<!DOCTYPE log SYSTEM 'http://localhost/log.dtd'><log/>", "format.doctype"),
        (SPOTS, "<?xml version='1.0' encoding='Shift_JIS'?><log><spot/></log>", "format.encoding"),
        (SPOTS, "<log>" + " " * 70_000 + "<spot/></log>", ""),
        (SPOTS, "<!-- " + "x" * 70_000 + "--><log><spot/></log>", "format.header_too_long"),
        (SPOTS, "<log a='" + "x" * 70_000 + "'><spot/></log>", "format.header_too_long"),
        (SPOTS, "<\0l\0o\0g\0", "format.binary"),
        (SPOTS, "spot_id,station\n", "format.unrecognised"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_a_reason(reader: Xml, body: str, code: str) -> None:
    if not code:
        assert faults(body.encode(), reader) == [False]
        return
    with pytest.raises(Refused) as refusal:
        feed_of(reader).recognise(body.encode()[: 64 * 1024])
    assert refusal.value.code == code


# -- what records say


INVOICES = Xml(
    "/{urn:i}Invoice",
    vocabularies={
        "{urn:i}Invoice": Vocabulary(
            own=frozenset({"urn:c", "urn:a"}),
            meant=meant_in({"urn:c": ("ID", "Amount"), "urn:a": ("Total",)}),
            aside=frozenset({"{urn:e}Extensions"}),
        )
    },
)


def test_a_document_is_a_tree_of_names() -> None:
    body = """<?xml version="1.0" encoding="utf-8"?>
      <i:Invoice xmlns:i="urn:i" xmlns:c="urn:c" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
        <c:ID>7</c:ID><c:Empty/><c:Nil xsi:nil="true"/>
        <c:Amount currencyID="EUR">12.50</c:Amount><Mine xmlns="urn:m">1</Mine>
        <c:Line><c:ID>1</c:ID></c:Line><c:Line><c:ID>2</c:ID><c:Note>a<b>b</b>c &amp; <![CDATA[<d>]]></c:Note></c:Line>
      </i:Invoice>"""
    (record,) = parsed(split_file(feed_of(INVOICES), body.encode()))
    assert record == {
        "ID": "7",
        "Amount": {"@currencyID": "EUR", "#text": "12.50"},
        "{urn:m}Mine": "1",
        "Line": [{"ID": "1"}, {"ID": "2", "Note": {"{}b": "b", "#text": "ac & <d>"}}],
    }


@pytest.mark.parametrize(
    "shadow",
    [
        '<x:Amount xmlns:x="urn:x">1</x:Amount>',
        '<Amount xmlns="urn:x">1</Amount>',
        "<Amount>1</Amount>",
        '<Amount xmlns="">1</Amount>',
        "<i:Amount>1</i:Amount>",
        "<a:Amount>1</a:Amount>",
        '<c:Amount xmlns:c="urn:C">1</c:Amount>',
        "<a:Any><x:Any xmlns:x='urn:x'><x:Amount>1</x:Amount></x:Any></a:Any>",
        "<x:Total xmlns:x='urn:x'>1</x:Total>",
        "<c:Total>1</c:Total>",
    ],
)
@pytest.mark.parametrize("own", ["", "<c:Amount>2</c:Amount>"])
def test_a_name_that_means_something_is_not_believed_in_another_namespace(shadow: str, own: str) -> None:
    for body in (shadow + own, own + shadow):
        document = f"<i:Invoice xmlns:i='urn:i' xmlns:c='urn:c' xmlns:a='urn:a'><c:ID>7</c:ID>{body}</i:Invoice>"
        (fault,) = parsed(split_file(feed_of(INVOICES), document.encode()))
        assert isinstance(fault, Finding)
        assert (fault.code, fault.field) == ("format.namespace", "Total" if "Total" in shadow else "Amount")


@pytest.mark.parametrize(
    "amount", ["<c:Amount>2</c:Amount>", "<Amount xmlns='urn:c'>2</Amount>", "<z:Amount xmlns:z='urn:c'>2</z:Amount>"]
)
@pytest.mark.parametrize("aside", ["", "<e:Extensions xmlns:e='urn:e'><Amount>1</Amount></e:Extensions>"])
def test_prefixes_never_matter_and_what_is_set_aside_is_not_read(amount: str, aside: str) -> None:
    document = f"<Invoice xmlns='urn:i' xmlns:c='urn:c'>{aside}{amount}</Invoice>"
    assert parsed(split_file(feed_of(INVOICES), document.encode())) == [{"Amount": "2"}]


def test_an_attribute_of_another_namespace_is_another_one() -> None:
    amount = "<Amount xmlns='urn:c' xmlns:x='urn:x' x:cur='USD' cur='EUR'>2</Amount>"
    document = f"<Invoice xmlns='urn:i'>{amount}</Invoice>"
    assert parsed(split_file(feed_of(INVOICES), document.encode())) == [
        {"Amount": {"@{urn:x}cur": "USD", "@cur": "EUR", "#text": "2"}}
    ]


@pytest.mark.parametrize(
    ("spot", "fault"),
    [
        ("<spot><rate>1</rate><x:rate xmlns:x='urn:x'>2</x:rate></spot>", True),
        ("<n:spot xmlns:n='urn:n'><rate>1</rate><n:rate>2</n:rate></n:spot>", False),
        ("<n:spot xmlns:n='urn:n'><n:rate>1</n:rate><note xmlns='urn:x'>2</note></n:spot>", False),
    ],
)
def test_a_feed_that_names_no_namespaces_compares_them_too(spot: str, fault: bool) -> None:
    """What has none is local to the record's element; two of one name are two, whatever their prefix."""
    assert faults(f"<log>{spot}</log>".encode()) == [fault]
    judgement = split_file(feed_of(SPOTS), f"<log>{spot}</log>".encode()).judged()[0]
    assert bool(judgement.accepted) == ("note" in spot)


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("ISO-8859-1", "iso-8859-1"),
        ("latin1", "iso-8859-1"),
        ("ISO-8859-15", "iso-8859-15"),
        ("windows-1252", "cp1252"),
    ],
)
@pytest.mark.parametrize("frame", ["{}", "<log note='ä'>{0}{0}</log>"])
def test_an_encoding_of_a_byte_a_letter_is_read_as_it_is_declared(declared: str, codec: str, frame: str) -> None:
    letters = "Straße" + ("" if codec == "iso-8859-1" else "€")
    text = f"<?xml version='1.0' encoding='{declared}'?>" + frame.format(f"<spot><id>{letters}</id></spot>")
    split = split_alike(feed_of(Xml("/spot", "/log/spot")), text.encode(codec), [5], (16, 4, 8))
    assert parsed(split) == [{"id": letters}] * text.count("<spot>")


def test_what_is_no_letter_of_the_declared_encoding_rejects_its_record_alone() -> None:
    """0x80 is the euro sign of windows-1252, which ISO 8859-1 has not."""
    body = b"<?xml version='1.0' encoding='ISO-8859-1'?><log><spot><id>\x80</id></spot><spot><id>\xe4</id></spot></log>"
    assert faults(body) == [True, False]
    body = (
        b"<?xml version='1.0' encoding='windows-1252'?><log><spot><id>\x81</id></spot><spot><id>\x80</id></spot></log>"
    )
    assert faults(body) == [True, False]


def test_a_record_says_its_name_where_several_names_are_read() -> None:
    reader = Xml("/log/spot", "/log/{urn:b}break", "/bill")
    body = b"<log xmlns:b='urn:b'><spot ID='1'/><b:break ID='2'/></log>"
    split = split_file(feed_of(reader), body)
    assert parsed(split) == [{"@ID": "1", "#name": "spot"}, {"@ID": "2", "#name": "break"}]
    assert reader.unknown_fields(split.layout, parsed(split)) == {"@ID"}
    assert parsed(split_file(feed_of(reader), b"<bill ID='3'/>")) == [{"@ID": "3"}]


def test_a_flat_feed_finds_its_fields_in_children_and_attributes() -> None:
    body = b'<log>\n<spot ID="S1"><Rate>12.5</Rate></spot>\n<spot><ID>S2</ID><rate>x</rate><hue>red</hue></spot></log>'
    (judgement,) = split_file(feed_of(SPOTS), body).judged()
    assert judgement.accepted[0].payload == b'{"spot_id":"S1","rate":12.5}'
    (rejected,) = judgement.rejected
    assert (rejected.line, rejected.findings[0].field) == (3, "rate")
    assert judgement.unknown == {"hue"}


def test_a_prefix_declared_above_the_records_means_the_same_in_each() -> None:
    body = b"<a:log xmlns:a='urn:a' xmlns='urn:d'><spot/><a:spot/></a:log>"
    assert faults(body, Xml("/log/{urn:d}spot")) == [False, True]


def test_what_is_wrong_is_said_with_its_place_in_the_record_and_without_content() -> None:
    split = split_file(feed_of(SPOTS), b"<log><spot>\n<id>secret</ID></spot><spot>\xff</spot></log>")
    tags, encoding = parsed(split)
    assert isinstance(tags, Finding)
    assert isinstance(encoding, Finding)
    assert tags.code == "format.xml"
    assert "mismatched tag, line 2, column 13 of the record" in tags.message
    assert "secret" not in tags.message
    assert encoding.code == "format.encoding"
    assert "position 6 " in encoding.message


def test_two_broken_records_never_mend_each_other() -> None:
    layout = split_file(feed_of(SPOTS), b"<log><spot/></log>").layout
    read = SPOTS.parse(layout, [b"<spot><id>1", b"</id></spot>", b"<spot/>"])
    assert [isinstance(one, Finding) for one in read] == [True, True, False]
    assert all(isinstance(one, Finding) for one in SPOTS.parse(layout, [b"<spot><id>", b"</id></spot><spot/>"]))
