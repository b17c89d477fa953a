"""X12 interchanges: a group of 210s in each and a group of 810s behind it; one segment a line."""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from typing import BinaryIO

from penstock_ops.samples.sample import Expectation, Outcome, SampleOptions, expectation_line

from .bills import Bill, Line, bills
from .faults import CONFLICT, Faults

#: Records in memory, and in an interchange, at most.
BLOCK = 1_000

type Segment = list[str]
type Spoil = Callable[[list[Segment]], None]


def _rejected(code: str, field: str) -> Expectation:
    return Expectation("rejected", code, field)


def _set(tag: str, at: int, value: str) -> Spoil:
    """Gives the first such segment another element."""

    def spoil(segments: list[Segment]) -> None:
        segment = next(one for one in segments if one[0] == tag)
        segment[at] = value

    return spoil


def _add(tag: str, at: int, more: int) -> Spoil:
    """Makes a number in the first such segment greater."""

    def spoil(segments: list[Segment]) -> None:
        segment = next(one for one in segments if one[0] == tag)
        segment[at] = str(int(segment[at]) + more)

    return spoil


def _currency_too_late(segments: list[Segment]) -> None:
    """A 210's currency comes before its parties."""
    currency = segments.pop(next(at for at, one in enumerate(segments) if one[0] == "C3"))
    segments.insert(next(at for at, one in enumerate(segments) if one[0] == "LX"), currency)


#: What can be wrong with a 210, by name: how it is done, and what the record is rejected for.
_OF_210: dict[str, tuple[Spoil, Expectation]] = {
    "due": (_add("B3", 7, 1), _rejected("freight.net_due", "totals.due")),
    "charges": (_add("L3", 5, -100), _rejected("freight.charges_total", "totals.lines")),
    "no carrier": (_set("B3", 11, ""), _rejected("freight.carrier_missing", "B3-11")),
    "scac": (_set("B3", 11, "R2D2"), _rejected("freight.scac", "B3-11")),
    "no number": (_set("B3", 2, ""), _rejected("freight.element_missing", "B3-02")),
    "date": (_set("B3", 6, "20261345"), _rejected("freight.date", "B3-06")),
    "amount": (_set("B3", 7, "1,250.00"), _rejected("freight.amount", "B3-07")),
    "order": (_currency_too_late, _rejected("freight.segment_order", "C3")),
    "kind": (_set("ST", 1, "204"), _rejected("freight.document_type", "ST-01")),
    "count": (_add("SE", 1, 2), _rejected("format.record_count", "SE")),
    "control": (_add("SE", 2, 5_000), _rejected("format.record_control", "SE")),
}
#: The same of an 810.
_OF_810: dict[str, tuple[Spoil, Expectation]] = {
    "total": (_add("TDS", 1, 700), _rejected("freight.invoice_total", "totals.due")),
    "lines": (_add("CTT", 1, 1), _rejected("freight.line_count", "totals.line_count")),
    "no 810 number": (_set("BIG", 2, ""), _rejected("freight.element_missing", "BIG-02")),
    "810 date": (_set("BIG", 1, "20260230"), _rejected("freight.date", "BIG-01")),
    "810 scac": (_set("N1", 4, "PNSK9"), _rejected("freight.scac", "N1-04")),
    "price": (_set("IT1", 4, "12,50"), _rejected("freight.amount", "IT1-04")),
}
_SPOILS = _OF_210 | _OF_810
KINDS = {name: expectation for name, (_, expectation) in _SPOILS.items()}


def write_interchanges(out: BinaryIO, options: SampleOptions, expected: BinaryIO | None) -> Counter[Outcome]:
    """Writes the file and what must become of its records; counts the records by outcome."""
    sound, line, outcomes = bills(options.seed), 1, Counter[Outcome]()
    faults = {
        motor: Faults(options, {name: KINDS[name] for name in (_OF_210 if motor else _OF_810)})
        for motor in (True, False)
    }
    for control, first in enumerate(range(0, max(1, options.records), BLOCK), 1):
        writing = _Interchange(control, line)
        block = sorted(islice(sound, min(BLOCK, options.records - first)), key=lambda bill: not bill.motor)
        for ordinal, bill in enumerate(block, first):
            written, kind, expectation = faults[bill.motor].draw(ordinal, bill)
            begins = writing.add(_segments(written, kind, ordinal + 1))
            outcomes[expectation.outcome] += 1
            if expected is not None:
                expected.write(expectation_line(ordinal, begins, expectation).encode())
        text = writing.closed()
        line += text.count("\n")
        out.write(text.encode())
    return outcomes


def _segments(bill: Bill, kind: str, control: int) -> list[Segment]:
    """A whole transaction set."""
    body = list(_motor_bill(bill) if bill.motor else _goods_bill(bill))
    if kind == CONFLICT:
        body[0][3 if bill.motor else 4] = "CORRECTED"
    segments = [["ST", "210" if bill.motor else "810", f"{control:04}"], *body]
    segments.append(["SE", str(len(segments) + 1), f"{control:04}"])
    if kind in _SPOILS:
        _SPOILS[kind][0](segments)
    return segments


def _motor_bill(bill: Bill) -> Iterator[Segment]:
    """A 210 (004010)."""
    day = f"{bill.day:%Y%m%d}"
    yield ["B3", "", bill.number, bill.pro, "PP", "", day, str(bill.total), "", day, "035", bill.scac]
    yield ["C3", "USD"]
    yield ["N9", "CN", bill.pro]
    yield ["G62", "86", day]
    yield ["R3", bill.scac, "1", "", "M"]
    for role, place in (("SH", bill.shipper), ("CN", bill.consignee)):
        yield ["N1", role, place.name]
        yield ["N3", place.street]
        yield ["N4", place.city, place.state, place.postal_code, "US"]
    for at, line in enumerate(bill.lines, 1):
        yield from _motor_line(str(at), line)
    pounds = sum(line.pounds for line in bill.lines)
    yield ["L3", str(pounds), "G", "", "", str(bill.total)]


def _motor_line(at: str, line: Line) -> Iterator[Segment]:
    yield ["LX", at]
    yield ["L5", at, line.description]
    if line.pounds:
        yield ["L0", at, "", "", str(line.pounds), "G", "", "", str(line.pieces), "PCS", "", "L"]
    yield ["L1", at, "", "", str(line.amount), *(["", "", "", line.code] if line.code else [])]


def _goods_bill(bill: Bill) -> Iterator[Segment]:
    """An 810 (004010): what is added to the lines, and what is allowed, stands behind the total."""
    yield ["BIG", f"{bill.day:%Y%m%d}", bill.number, "", bill.pro]
    yield ["CUR", "SE", "USD"]
    yield ["REF", "CN", bill.pro]
    yield ["N1", "SE", bill.carrier, "2", bill.scac]
    yield ["N1", "BY", bill.shipper.name]
    ways = [line for line in bill.lines if not line.code]
    for at, line in enumerate(ways, 1):
        # One of them: so the price is the line's amount, with a decimal point.
        yield ["IT1", str(at), "1", "EA", f"{line.amount // 100}.{line.amount % 100:02}"]
        yield ["PID", "F", "", "", "", line.description]
    yield ["TDS", str(bill.total)]
    for line in bill.lines:
        if line.code:
            yield ["SAC", "A" if line.amount < 0 else "C", "F050", "", "", str(abs(line.amount))]
    yield ["CTT", str(len(ways))]


class _Interchange:
    """One interchange being put together; `line` is where it begins in its file."""

    def __init__(self, control: int, line: int) -> None:
        self._control, self._line = control, line
        self._lines: list[str] = [_isa(control)]
        self._groups = self._records = 0
        self._function = ""

    def add(self, segments: list[Segment]) -> int:
        """Adds a set to a group of its own kind; the line that it begins on."""
        function = "IN" if segments[1][0] == "BIG" else "IM"
        if function != self._function:
            self._close_group()
            self._groups += 1
            self._function, self._records = function, 0
            head = ["GS", function, "PENSTOCK", "PAYER", "20261120", "2115", str(self._groups), "X", "004010"]
            self._lines.append("*".join(head))
        self._records += 1
        begins = self._line + len(self._lines)
        self._lines += ["*".join(segment) for segment in segments]
        return begins

    def closed(self) -> str:
        """All of it."""
        self._close_group()
        self._lines.append(f"IEA*{self._groups}*{self._control:09}")
        return "".join(f"{line}~\n" for line in self._lines)

    def _close_group(self) -> None:
        if self._function:
            self._lines.append(f"GE*{self._records}*{self._groups}")


def _isa(control: int) -> str:
    blank = " " * 10
    head = ["ISA", "00", blank, "00", blank, "02", f"{'PNSK':15}", "ZZ", f"{'PAYER':15}", "261120", "2115"]
    return "*".join([*head, "U", "00401", f"{control:09}", "0", "P", ":"])
