"""A document's tree, read as its standard says how often an element may stand.

What stands once where the standard has it once is read by `one`; a second is a defect, wherever it stands, for of two
amounts or numbers nobody can tell which is meant. Every defect is gathered: none hides another.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from penstock.feeds.freight.defects import Defects

type Node = Any
"""An element as `penstock.formats.xml` gives it: its text, a dict of its children and attributes, None if it is not
there."""

_DECIMAL = re.compile(r"([+-]?(?:[0-9]{1,15}(?:\.[0-9]{0,12})?|\.[0-9]{1,12}))0*")
_DECIMAL_RULE = "XML Schema Part 2 §3.2.3, decimal"
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:Z|[+-][0-9]{2}:[0-9]{2})?")
_YES_OR_NO = {"true": True, "1": True, "false": False, "0": False}


class Tree:
    """One document. `standard` is how findings call where a rule stands."""

    def __init__(self, standard: str) -> None:
        self.standard = standard
        self.defects = Defects()
        self.currency = ""
        self._sums_told = True  # whether every amount could be read: else no sum would be right

    def settle(self, invoice: Mapping[str, Any]) -> None:
        """Ends the reading, if there were any defects.

        Raises:
            Defective: all of them.
        """
        self.defects.settle(invoice if self._sums_told else {})

    def untold(self, code: str, name: str, message: str, rule: str | None = None) -> None:
        """Notes a defect by which an amount is not known."""
        self._sums_told = False
        self.defects.add(code, name, message, rule)

    # -- elements

    def one(self, node: Node, *names: str) -> Node:
        """The element at the end of a path on which everything stands once."""
        for name in names:
            if node.__class__ is not dict:
                return None
            node = node.get(name)
            if node.__class__ is list:
                self._stands_twice(name)
                node = node[0]
        return node

    def _stands_twice(self, name: str) -> None:
        self.untold(
            "stands_twice",
            name,
            f"the document has {name} twice where it may stand once, and nobody can tell which is meant",
            f"{self.standard}, {name}",
        )

    def text(self, node: Node, *names: str) -> str:
        """What the element at the end of such a path says, "" if it is not there."""
        for name in names:  # as `one`, which is called too often here to be called
            if node.__class__ is not dict:
                return ""
            node = node.get(name)
            if node.__class__ is list:
                self._stands_twice(name)
                node = node[0]
        if node.__class__ is str:
            return node.strip()
        return "" if node is None else self._said(node, names[-1] if names else "")

    def _said(self, node: Node, name: str) -> str:
        """What an element with attributes says; one that has others within says nothing itself."""
        for inner in node:
            if inner[0] not in "@#":
                message = "an element that should say something by itself has others within"
                self.untold("element_content", name, message, self.standard)
                return ""
        return node.get("#text", "").strip()

    def required(self, node: Node, *names: str) -> str:
        """As `text`, of what must be there."""
        found = self.text(node, *names)
        if not found:
            self.missing(names[-1])
        return found

    def missing(self, name: str) -> None:
        """Notes that the document lacks something that it must have."""
        add = self.untold if name.endswith("Amount") else self.defects.add
        add(
            "element_missing",
            name,
            f"the document lacks its {name}, which it must have",
            f"{self.standard}, {name}",
        )

    def unpriced(self, name: str, message: str) -> None:
        """Notes a charge or allowance without an amount."""
        self.untold("allowance_unpriced", name, message)

    # -- values

    def yes(self, node: Node, *names: str) -> bool | None:
        """An indicator (XML Schema Part 2 §3.2.2, boolean); None if it is not there, or none."""
        return _YES_OR_NO.get(self.text(node, *names))

    def decimal(self, node: Node, *names: str) -> str:
        """A number, "" if it is not there."""
        text = self.text(node, *names)
        return self._number(text, names[-1]) if text else ""

    def amount(self, node: Node, *names: str) -> str:
        """An amount in the document's currency, "" if it is not there."""
        found = self.one(node, *names)
        if found is None:
            return ""
        if not self.in_currency(found):
            message = "the amount is in another currency than the document; an invoice has one"
            self.untold("currency", names[-1], message)
            return ""
        text = found.strip() if found.__class__ is str else self._said(found, names[-1])
        return self._number(text, names[-1]) if text else ""

    def _number(self, text: str, name: str) -> str:
        found = _DECIMAL.fullmatch(text)
        if found:
            return found[1] if found[1][0] not in "+-" else _signed(found[1])
        message = "the number is none: write digits, with a point before the decimals"
        self.untold("amount", name, message, _DECIMAL_RULE)
        return ""

    def total(self, amounts: Iterable[str]) -> str:
        """The sum of amounts, "" if there are none."""
        stated = [Decimal(one) for one in amounts if one]
        return str(sum(stated)) if stated else ""

    def in_currency(self, node: Node) -> bool:
        """Whether an amount is in the document's currency; taxes may be told in another one as well."""
        return node.__class__ is not dict or node.get("@currencyID", self.currency) in (self.currency, "")

    def day(self, node: Node, *names: str) -> str:
        """A date (XML Schema Part 2 §3.2.9) as its sender's calendar has it, whatever its zone; "" if it is not
        there."""
        text = self.text(node, *names)
        if not text:
            return ""
        found = _DATE.fullmatch(text)
        return self.checked_day(found[1] if found else "", names[-1])

    def checked_day(self, text: str, name: str) -> str:
        """A date as YYYY-MM-DD, if it is one; "" otherwise."""
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            self.defects.add("date", name, "the date is none", f"{self.standard}, {name}")
            return ""


def each(node: Node, *names: str) -> list[Node]:
    """The elements at the end of a path on which everything may stand several times."""
    found: list[Node] = [node]
    for name in names:
        below = [one.get(name) for one in found if one.__class__ is dict]
        found = []
        for one in below:
            if one.__class__ is list:
                found += one
            elif one is not None:
                found.append(one)
    return found


def children(node: Node) -> set[str]:
    """The names of an element's children."""
    return {name for name in node if name[0] not in "@#"} if node.__class__ is dict else set()


def attribute(node: Node, name: str) -> str:
    """An element's attribute, "" if it is not there."""
    return node.get(f"@{name}", "").strip() if node.__class__ is dict else ""


def _signed(number: str) -> str:
    """A number without a sign that says nothing.

    >>> _signed("+1.50"), _signed("-0.00"), _signed("-2")
    ('1.50', '0.00', '-2')
    """
    digits = number[1:]
    return digits if number[0] == "+" or not digits.strip("0.") else number


def negated(amount: str) -> str:
    """The amount with its sign turned.

    >>> negated("12.50"), negated("-3"), negated("+1"), negated("0.00"), negated("")
    ('-12.50', '3', '-1', '0.00', '')
    """
    digits = amount.lstrip("+-")
    return digits if amount.startswith("-") or not digits.strip("0.") else f"-{digits}"
