"""What is fuzzed: for each format and kind of compression, the law that holds and the files to begin from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypedDict

from penstock.feeds.feed import Feed
from penstock.feeds.freight import FREIGHT
from penstock.feeds.traffic import TRAFFIC
from penstock.formats.asrun import AsRun
from penstock.formats.delimited import Delimited
from penstock.formats.edifact import Edifact
from penstock.formats.format import Format
from penstock.formats.json_array import JsonArray
from penstock.formats.ndjson import NdJson
from penstock.formats.ssim import SSIM
from penstock.formats.x12 import X12
from penstock.formats.xml import Xml
from tests.fuzz import packed, references, samples
from tests.fuzz.laws import REMARK, Laws
from tests.support.documents import MESSAGE, Document, as_cii, as_ubl, message_file
from tests.support.edi import SHORT
from tests.support.invoices import freight_bill, goods_bill, ubl, ubl_file, x12_file
from tests.support.spots import csv_file


class _Anything(TypedDict):
    """No field is asked for."""


class _AnyFeed(Feed):
    """Takes every column under its own name."""

    def field_of(self, column: str) -> str:
        return column


def _any(*formats: Format) -> Feed:
    return _AnyFeed(name="any", title="Any file", formats=formats, record=_Anything, identity=())


@dataclass(frozen=True, slots=True)
class Target:
    """`check` takes one input, and raises what it likes if something is wrong. `files` are inputs' files."""

    check: Callable[[bytes], None]
    files: Sequence[bytes]


_BLANK = b" \t\r\n"
_A, _WORD = ("a",), ("transaction",)
_LATIN = replace(TRAFFIC, formats=(Delimited(otherwise="windows-1252"),))

TARGETS: dict[str, Target] = {
    "csv": Target(Laws(_any(Delimited()), b"\r\n", _A, counted=references.rows_of_csv).check, samples.CSV),
    "ndjson": Target(Laws(_any(NdJson()), _BLANK, _A, counted=references.lines).check, samples.LINES),
    "asrun": Target(Laws(_any(AsRun()), _BLANK, ("station",), counted=references.lines).check, samples.AS_RUN),
    "json": Target(
        Laws(_any(JsonArray()), _BLANK + b",", _A, counted=references.elements_of_json).check, samples.ARRAYS
    ),
    "xml": Target(
        Laws(
            _any(Xml("/log/spot", "/spot", beside=[references.BESIDE])),
            group=_A,
            least=2 * REMARK,
            counted=references.children_of_xml,
        ).check,
        samples.DOCUMENTS,
    ),
    "x12": Target(Laws(_any(X12()), group=_WORD, least=2 * SHORT).check, samples.X12),
    "edifact": Target(Laws(_any(Edifact()), group=_WORD, least=2 * SHORT).check, samples.EDIFACT),
    "ssim": Target(Laws(_any(SSIM), group=("flight_number",), least=2 * SSIM.width).check, samples.SCHEDULES),
    "traffic": Target(
        Laws(TRAFFIC, group=("station",)).check,
        [csv_file(samples.SPOTS), samples.LINES[0], samples.ARRAYS[0], samples.AS_RUN[0]],
    ),
    "freight": Target(
        Laws(FREIGHT, group=_WORD, least=2 * max(SHORT, REMARK)).check,
        [
            x12_file(freight_bill(), goods_bill(), kinds=["210", "810"]),
            ubl_file(ubl(), ubl(root="FreightInvoice")),
            ubl_file(ubl()),
            as_cii(Document()),
            as_ubl(Document(), root="CreditNote"),
            message_file(MESSAGE),
        ],
    ),
    "latin": Target(Laws(_LATIN, b"\r\n").check, [csv_file(samples.SPOTS).decode().encode("windows-1252")]),
    **{kind.value: Target(partial(packed.check_stream, kind), files) for kind, files in samples.STREAMS.items()},
    "zip": Target(packed.check_archive, samples.ARCHIVES),
    "utf16": Target(packed.check_utf16, samples.TEXT),
}
