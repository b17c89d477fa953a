"""What becomes of an invoice for what it is, and beside the earlier ones of the same carrier.

The commonest way to pay twice is an invoice that comes again under another day or another spelling of its number, or
the same shipment and amount under another number. Such records share a history by number, and one by shipment and
amount; so do those that refer to an invoice with it, and those that a template has read. Nothing here forbids an
invoice: it is held, and both are named.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from penstock.feeds.feed import Known, Record
from penstock.feeds.freight.kinds import Kind, corrects, is_claim, standing_of
from penstock.feeds.freight.policy import Action, Policy
from penstock.model.findings import Finding, Severity

DAYS = 400  #: between two invoices that may be one
KEPT = 100  #: invoices that are remembered of one number, or of one shipment and amount: the latest
ABOUT_MOST = 20  #: invoices that a document refers to and is looked at beside
TRACE = "audit_trace_id"  #: what a record carries its trace as

_TOKENS = re.compile(r"[^\W\d_]+|\d+")
_PUNCTUATION = re.compile(r"[\W_]+")
_AGAIN = frozenset({"R", "RB", "RV", "REV", "V", "COPY", "DUP", "COR", "CORR", "REBILL", "REBILLED"})
"""What a number that is billed again has behind it, perhaps with a count."""


def normalised(number: str) -> str:
    """A number as it may be spelt otherwise: without capitals, punctuation, leading zeros, and what somebody who bills
    again puts behind it, which is a letter or two, or a word.

    >>> normalised("000123"), normalised("inv-1"), normalised("INV 01A"), normalised("INV-1-R2"), normalised("INV-11")
    ('123', 'INV.1', 'INV.1', 'INV.1', 'INV.11')
    """
    tokens = [token.lstrip("0") or "0" for token in _TOKENS.findall(number.upper())]
    if len(tokens) > 2 and tokens[-2] in _AGAIN:
        del tokens[-2:]
    elif len(tokens) > 1 and tokens[-1].isalpha() and (len(tokens[-1]) <= 2 or tokens[-1] in _AGAIN):
        tokens.pop()
    return ".".join(tokens) or number


def ungrouped(number: str) -> str:
    """As `normalised`, without what stands between its digits, where that may group them alone.

    >>> ungrouped("12-345"), ungrouped("12345A"), ungrouped("INV-1")
    ('12345', '12345', 'INV.1')
    """
    return normalised(_PUNCTUATION.sub("", number))


def same_number(one: str, other: str) -> bool:
    """Whether both may be one number. Of two that group their digits otherwise neither is the other.

    >>> same_number("12-345", "12345"), same_number("1-23", "12-3"), same_number("INV-1", "inv 01A")
    (True, False, True)
    """
    return normalised(one) in (normalised(other), ungrouped(other)) or ungrouped(one) == normalised(other)


def same_shipment(number: str) -> str:
    """A carrier's number of a shipment as it may be spelt otherwise: without punctuation and leading zeros.

    >>> same_shipment("012-345 6"), same_shipment("PRO-1"), same_shipment("000")
    ('123456', 'PRO1', '000')
    """
    return _PUNCTUATION.sub("", number).upper().lstrip("0") or number


def histories_of(record: Record) -> list[str]:
    """The histories that a record belongs to: of its carrier's number, and of the numbers that it refers to; of its
    shipment and amount."""
    whose = f"{record['carrier_scheme']}\x1f{record['carrier']}"
    own = record["invoice_number"]
    numbers = [normalised(own), ungrouped(own)]
    numbers += [normalised(one["number"]) for one in record.get("refers_to", ())[:ABOUT_MOST]]
    found = [f"number\x1f{whose}\x1f{number}" for number in numbers]
    if record.get("pro_number") and is_claim(record):
        shipment = same_shipment(record["pro_number"])
        found.append(f"shipment\x1f{whose}\x1f{shipment}\x1f{_plain(record['totals']['due'])}")
    return list(dict.fromkeys(found))


def to_history(record: Record) -> Known:
    """What is remembered of a record, under its trace. Of a test nothing."""
    trace = record[TRACE]
    if _is_of_template(record):
        return Known(trace, {"day": record["invoice_date"].isoformat()})
    return Known(trace, None if record.get("test") else _kept(record))


def of_template(record: Record, known: Mapping[str, Any], policy: Policy | None) -> Mapping[str, Record]:
    """The history of those that one version of a template has read, as `Examination.also` has it."""
    if "evidence" not in record:
        return {}
    part = {name: record[name] for name in ("template", "invoice_date", TRACE)}
    return {f"template\x1f{record['template']}": part}


def _is_of_template(record: Record) -> bool:
    return "invoice_number" not in record


def _kept(record: Record) -> dict[str, Any]:
    return {
        "number": record["invoice_number"],
        "day": record["invoice_date"].isoformat(),
        "kind": record["kind"],
        "claim": is_claim(record),
        "corrects": corrects(record["kind"], record["purpose"]),
        "shipment": record.get("pro_number", ""),
        "due": _plain(record["totals"]["due"]),
    }


def _plain(amount: Decimal) -> str:
    """An amount as text, the same for 1.5 and 1.50."""
    return f"{amount.normalize():f}"


def prune(known: Sequence[Known]) -> Sequence[Known]:
    """The latest."""
    return sorted((one for one in known if one.kept), key=lambda one: (one.kept["day"], one.id))[-KEPT:]


def examine(records: Sequence[Record], known: Sequence[Known], policy: Policy) -> list[list[Finding]]:
    """The findings of each of the records of one history; of two new ones the first to come is the earlier."""
    if records and _is_of_template(records[0]):
        return _among_the_first(records, known, policy)
    before: dict[str, Any] = {one.id: one.kept for one in known if one.kept}
    found: dict[int, list[Finding]] = {}
    for at in sorted(range(len(records)), key=lambda at: _place(records[at][TRACE])):
        record = records[at]
        others = {trace: kept for trace, kept in before.items() if trace != record[TRACE]}
        found[at] = [*_for_what_it_is(record, others, policy), *_beside(record, others, policy)]
        if not record.get("test"):
            before[record[TRACE]] = _kept(record)
    return [found[at] for at in range(len(records))]


def _among_the_first(records: Sequence[Record], known: Sequence[Known], policy: Policy) -> list[list[Finding]]:
    """Those of one template beside those that it read before."""
    before = {one.id for one in known}
    found: dict[int, list[Finding]] = {}
    for at in sorted(range(len(records)), key=lambda at: _place(records[at][TRACE])):
        trace = records[at][TRACE]
        found[at] = [NEW_TEMPLATE] if len(before - {trace}) < policy.first_of_template else []
        before.add(trace)
    return [found[at] for at in range(len(records))]


def _place(trace: str) -> tuple[str, int]:
    file_id, _, ordinal = trace.rpartition(":")
    return file_id, int(ordinal)


# -- what it is


def _for_what_it_is(record: Record, others: Mapping[str, Any], policy: Policy) -> Iterator[Finding]:
    kind, purpose = record["kind"], record["purpose"]
    said = [
        *_said(KIND, policy.of_kind(kind), f"the document is of the kind {kind}; is it to be delivered?"),
        *_said(PURPOSE, policy.of_purpose(purpose), f"the document is sent as {purpose}; is it to be delivered?"),
    ]
    if record.get("test"):
        said += _said(TEST, policy.test, "the sender says that this is a test; nobody should pay it")
    yield from said
    about = _numbers(record)
    traces = [
        trace
        for trace, kept in others.items()
        if kept["claim"] and any(same_number(one, kept["number"]) for one in about)
    ]
    if said and traces:
        yield Finding(
            ABOUT.code, f"the document is about record {traces[-1]}, which came before", ABOUT.field, ABOUT.severity
        )


def _numbers(record: Record) -> list[str]:
    """Of the invoices that the document is about: those it refers to, or else its own."""
    return [one["number"] for one in record.get("refers_to", ())] or [record["invoice_number"]]


# -- whether it came before


def _beside(record: Record, others: Mapping[str, Any], policy: Policy) -> Iterator[Finding]:
    if not is_claim(record):
        return
    corrections = [trace for trace, kept in others.items() if kept["corrects"] and _is_corrected_by(record, kept)]
    if corrections:
        message = f"record {corrections[-1]} corrects this invoice, came before, and was not delivered yet"
        yield Finding(ABOUT.code, message, ABOUT.field, ABOUT.severity)
    alike = [trace for trace, kept in others.items() if kept["claim"] and _may_be_one(record, kept)]
    if alike:
        why = "this invoice may be the same again: number, or shipment and amount, are those of"
        yield from _said(AGAIN, policy.perhaps_again, f"{why} record {alike[-1]}")


def _is_corrected_by(record: Record, kept: Mapping[str, Any]) -> bool:
    """Whether both stand under the same identity, and the record is what is corrected. It waits for no correction that
    is held: had it come first, as it should, it would have been delivered. Beside one that was delivered it does not
    come so far."""
    same = record["invoice_number"] == kept["number"] and record["invoice_date"].isoformat() == kept["day"]
    return (
        same
        and not corrects(record["kind"], record["purpose"])
        and _stands_as(kept["kind"]) == _stands_as(record["kind"])
    )


def _may_be_one(record: Record, kept: Mapping[str, Any]) -> bool:
    """Whether both may claim the same money. The same kind of the same number and day is a matter of the identity, and
    so is what corrects it."""
    apart = abs((record["invoice_date"] - date.fromisoformat(kept["day"])).days)
    if apart > DAYS or corrects(record["kind"], record["purpose"]):
        return False
    if record["invoice_number"] == kept["number"] and apart == 0:
        return _stands_as(kept["kind"]) != _stands_as(record["kind"])
    if same_number(record["invoice_number"], kept["number"]):
        return True
    shipments = same_shipment(record.get("pro_number", "")), same_shipment(kept["shipment"])
    return all(shipments) and len(set(shipments)) == 1 and _plain(record["totals"]["due"]) == kept["due"]


def _stands_as(kind: Kind) -> str:
    return standing_of(kind, "original", test=False)


def _said(finding: tuple[str, str, str | None], action: Action, message: str) -> Iterator[Finding]:
    code, field, rule = finding
    if action == "hold":
        yield Finding(f"freight.{code}", message, field, Severity.SOFT, rule)
    elif action == "reject":
        yield Finding(f"freight.{code}_refused", f"{message}; the payer takes none", field, Severity.HARD, rule)


KIND = "kind", "kind", "UNTDID 1001; X12 data element 640"
PURPOSE = "purpose", "purpose", "X12 data elements 353 and 202; UNTDID 1225"
TEST = "test_data", "test", "X12 ISA15"
AGAIN = "perhaps_again", "invoice_number", None

ABOUT = Finding(
    "freight.about",
    "the document is about one that came before, or is corrected by it; it is named",
    "refers_to",
    Severity.INFO,
)

NEW_TEMPLATE = Finding(
    "freight.new_template",
    "the first documents of a new template are looked at: does it read what stands there?",
    "template",
    Severity.SOFT,
)

_DEMANDED = {
    KIND: "a document that reverses, corrects or only offers a claim, or of an unknown kind, is looked at first",
    PURPOSE: "a copy, correction, cancellation or draft is looked at first",
    TEST: "test data is looked at first; nobody should pay it",
    AGAIN: "an invoice whose number, or shipment and amount, came before is looked at first; both are named",
}

HOLDING = (*(f"freight.{code}" for code, _, _ in _DEMANDED), NEW_TEMPLATE.code)
"""What holds a record, whatever is said of soft findings."""

FINDINGS = (
    *(Finding(f"freight.{code}", says, field, Severity.SOFT, rule) for (code, field, rule), says in _DEMANDED.items()),
    *(
        Finding(f"freight.{code}_refused", f"where the settings reject it: {says}", field, rule=rule)
        for (code, field, rule), says in _DEMANDED.items()
    ),
    ABOUT,
    NEW_TEMPLATE,
)
