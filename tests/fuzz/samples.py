"""Small files to begin from, sound ones and odd ones, of every format; all of them made here."""

import io
import json
import zipfile
from collections.abc import Sequence

from tests.support.archives import COMPRESS, packed
from tests.support.edi import interchange, st
from tests.support.spots import airing, asrun_file, ndjson_file, spot

SPOTS = [spot(1), spot(2, station="KABC"), spot(3, station="KABC", notes='a "b"\r\nc, é')]

CSV = [
    b'a,b,c\r\n1,2,3\r\n"4","5,\r\n6","7""8"\r\n\r\n9,,\r\n',
    b"\xef\xbb\xbfa\tb\n1\t2\n1\t\xff\n1\t2\t3\n",
    b'"a";"b"\r1;2\r3;"4\r',
    b"a|b\n\n1|2\n1|3\n2|\0\n",
]
LINES = [
    ndjson_file(SPOTS),
    b'{"a":1}\n\n \r\n{"a":1,"b":[]}\r\n{"a":2}\n[]\nx',
    b'\xef\xbb\xbf{"a":null}',
    b'{"a":1}\n%b\n{"a":2}' % (b" " * 300),
]
ARRAYS = [
    json.dumps(SPOTS).encode(),
    b'[{"a":1,"b":"]},{"},\n {"a":2,"b":[[1],{"c":"\\""}]} , 3,,{"a":3}]\n',
    b'{"v":1, "items":[{"a":1},{"a":2}], "n":{"x":[1,2]}}',
    b'\xef\xbb\xbf [\r\n{"a":1}\r\n]',
    b'[{"a":1},{"a":2}',
]
DOCUMENTS = [
    b"<?xml version='1.0'?>\n<log>\n <spot><a>1</a><b x='y'>2</b></spot>\n <!-- -->\n <spot><a/></spot>x<spot/></log>",
    b'<n:log xmlns:n="urn:n"><n:spot a="&lt;"><n:spot/><![CDATA[</spot>]]></n:spot><?pi ?><head/></n:log>',
    b"<spot><a>1</a></spot>",
    b"<log><spot><a>1</spot><spot>",
]
AS_RUN = [asrun_file([airing(1), airing(2, start="255959"), "", "x"]), b"%FORMAT\n%PIVOTHOUR\t060000\na\tb\n"]
X12 = [
    interchange([st(1), st(2)], [st(3)]),
    interchange([st(1)], newline="\r\n") + interchange([st(9)], control=2),
    interchange([[("ST", "210", "0001"), ("B3", "", "INV1")], st(2)])[:-30],
    interchange([st(1), st(2, [("L5", "x" * 30)] * 12), st(3)]),
]
_UNB = "UNB+UNOC:3+SENDER:14+PAYER:14+261120:2115+7'"
_MESSAGES = "UNH+1+INVOIC:D:96A:UN'BGM+380+IN?'V1+9'UNT+3+1'UNH+2+INVOIC:D:96A:UN'BGM+380+é'UNT+3+2'"
EDIFACT = [
    f"{_UNB}{_MESSAGES}UNZ+2+7'".encode("latin-1"),
    f"UNA:+.? '\r\n{_UNB}\r\nUNG+INVOIC+A+B+261120:2115+1+UN+D:96A'\r\n{_MESSAGES}UNE+2+1'UNZ+1+7'".encode("latin-1"),
    f"UNA:+,?*'{_UNB}UNH+1+INVOIC:D'UNZ+1+8'{_UNB}".encode("latin-1"),
    f"{_UNB}UNH+1+INVOIC:D:96A:UN'{"FTX+xxxx?'UNT+1'" * 20}UNT+22+1'{_MESSAGES}UNZ+3+7'".encode("latin-1"),
]


def _schedule(marks: str, newline: str = "\n") -> bytes:
    """Lines of these types, numbered."""
    begins = {"1": "1AIRLINE STANDARD SCHEDULE DATA SET", "2": "2UXX", "3": "3 XX  101", "4": "4 XX  101", "5": "5 XX"}
    lines = [
        f"{begins.get(mark, mark * 194):187}{number - 1 if mark == '5' else 0:06} {number:06}"[:200]
        for number, mark in enumerate(marks, 1)
    ]
    return newline.join(lines).encode()


SCHEDULES = [_schedule("1000023443533"), _schedule("1232435x5", "\r\n"), _schedule("12") + b"\n" + b"0" * 500 + b"\n"]
TEXT = ["a,é\r\n1,\U0001f600\n".encode(encoding) for encoding in ("utf-16-le", "utf-16-be", "utf-16")]
STREAMS = {
    kind: [one(b""), one(b"a,b\n1,2\n" * 9), one(b"a\n") + one(b"b\n"), one(bytes(range(256))) + bytes(8)]
    for kind, one in COMPRESS.items()
}


def _followed() -> bytes:
    """An archive written without knowing sizes beforehand."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    out = Pipe()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.csv", "w") as entry:
        entry.write(b"a,b\n1,2\n")
    return out.getvalue()


ARCHIVES = [
    packed({"a.csv": b"a,b\n1,2\n" * 9, "b/é.csv": b"x"}),
    packed({"a.csv": b"a,b\n1,2\n"}, zipfile.ZIP_STORED),
    packed({"b/": b"", "__MACOSX/a": b"", "a\\b.csv": b""}),
    _followed(),
]

#: What a mutation puts in besides single bytes.
TOKENS: Sequence[bytes] = (
    b'"', b'""', b'"\r\n', b"\r\n", b"\n\n", b"\xef\xbb\xbf", b"\xff\xfe", b"\0", b"\\", b'\\"', b"\\u0000",
    b"{}", b"[]", b"[{", b"}]", b'},{"a":1', b",{", b",,", b"null", b"1e999",
    b"<spot>", b"</spot>", b"<spot/>", b"</log>", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?a", b"?>", b"&amp;", b"='",
    b"ISA*", b"GS*", b"ST*", b"SE*", b"GE*", b"IEA*", b"~", b"~\r\n", b"UNA:+.? '", b"UNB+UNOC:3+", b"UNG+", b"UNH+1+",
    b"UNT+3+1'", b"UNE+", b"UNZ+1+7'", b"?'", b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08\0", b"BZh9",
    b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18",
)  # fmt: skip
