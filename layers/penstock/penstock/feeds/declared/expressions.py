"""Rules between a record's fields as expressions: `kind == "estimated" and absent(reason)`.

The grammar is that of Python's expressions, of which this much is taken:

    and, or, not                        conditions
    ==, !=, <, <=, >, >=, in, not in    comparisons, also chained: 0 < net <= gross
    given(x), absent(x)                 whether the record says x
    +, -, *                             of numbers
    length(x), days(a, b)               characters of a text; days from one date to another
    "text", 12, 12.5, ("a", "b")        constants; a date is written "2026-01-31"

A comparison that needs a field which the record does not say is neither true nor false, and so is its negation; a rule
is broken where its expression is true (as SQL's WHERE decides). All kinds are known when the expression is read, so
that none fails at a record: what does not fit together is a fault of the declaration.

An expression becomes one function that looks at a whole chunk's records at once, as fast as if it had been written so.
"""

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from penstock.feeds.rules import BreaksAmong, Record

from .kinds import Kind
from .nearest import nearest

LONGEST = 2000  #: characters of an expression: Python's own parser recurses

_NUMBERS = (Kind.INTEGER, Kind.DECIMAL)
_COMPARED: Mapping[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_NEGATED = {"==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<", "in": "not in", "not in": "in"}
_RECKONED: Mapping[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
_FUNCTIONS = ("given", "absent", "length", "days")


class WrongExpression(ValueError):
    """Raised when an expression is none, or its kinds do not fit; the text says why, and names what is nearest."""


@dataclass(frozen=True, slots=True)
class FieldType:
    """What an expression must know of a field. `choices` are its values, where it has a list of them."""

    kind: Kind
    required: bool
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Value:
    """A part of an expression that has a value: its code, its kind, and the fields that it needs and a record may lack.
    `constant` is its value where it is one."""

    code: str
    kind: Kind
    needs: frozenset[str] = frozenset()
    constant: Any = None
    choices: tuple[str, ...] = ()


def breaks(text: str, fields: Mapping[str, FieldType]) -> BreaksAmong:
    """The rule that is broken where the expression is true: the indices of such records.

    Raises:
        WrongExpression: it cannot be read.
    """
    if len(text) > LONGEST:
        raise WrongExpression(f"an expression has at most {LONGEST:,} characters")
    try:
        tree = ast.parse(text.strip().replace("\n", " "), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise WrongExpression(f"{text!r} is no expression: such as kind == 'estimated' and absent(reason)") from None
    reader = _Reader(fields)
    condition = reader.condition(tree, wanted=True)
    code = f"lambda records: [at for at, one in enumerate(records) for says in (one.get,) if {condition}]"
    # What is compiled was written by the reader, of names that are fields and constants that it holds itself.
    names = {"__builtins__": {"enumerate": enumerate, "len": len}, **reader.constants}
    compiled: Callable[[Sequence[Record]], list[int]] = eval(code, names)
    return compiled


class _Reader:
    """Reads one expression; the constants that its code refers to are collected on the way."""

    def __init__(self, fields: Mapping[str, FieldType]) -> None:
        self._fields = fields
        self.constants: dict[str, Any] = {}

    # -- conditions ----------------------------------------------------------------------------------------------

    def condition(self, node: ast.expr, *, wanted: bool) -> str:
        """Code that is true where the condition is known to be what is wanted. Negations go inwards, so that what is
        not known stays so."""
        match node:
            case ast.UnaryOp(ast.Not(), operand):
                return self.condition(operand, wanted=not wanted)
            case ast.BoolOp(operator, values):
                word = "and" if isinstance(operator, ast.And) == wanted else "or"
                return f"({f' {word} '.join(self.condition(one, wanted=wanted) for one in values)})"
            case ast.Compare(left, operators, others):
                pairs = zip([left, *others[:-1]], operators, others, strict=True)
                word = " and " if wanted else " or "
                return f"({word.join(self._compared(a, by, b, wanted) for a, by, b in pairs)})"
            case ast.Call(ast.Name("given" | "absent" as asked), [ast.Name(name)], []):
                self._field(name)
                return f"says({name!r}) is {'not ' if (asked == 'given') == wanted else ''}None"
            case ast.Name(name) if self._field(name).kind is Kind.FLAG:
                return f"says({name!r}) is {wanted}"
            case _:
                raise WrongExpression(f"{_said(node)} is no condition")

    def _compared(self, left: ast.expr, by: ast.cmpop, right: ast.expr, wanted: bool) -> str:
        operator = _COMPARED.get(type(by))
        if operator is None:
            raise WrongExpression("`is` compares nothing here: given(x), absent(x) or x == value")
        a = self._value(left)
        a, b = (a, self._list(right, a)) if operator in ("in", "not in") else self._alike(a, self._value(right))
        if operator in ("<", "<=", ">", ">=") and a.kind in (Kind.FLAG, Kind.CHOICE):
            raise WrongExpression(f"{_said(left)} has no order: == and != compare it, or in")
        code = f"{a.code} {operator if wanted else _NEGATED[operator]} {b.code}"
        return f"({' and '.join([*_present(a.needs | b.needs), code])})"

    # -- values --------------------------------------------------------------------------------------------------

    def _value(self, node: ast.expr) -> _Value:
        match node:
            case ast.Constant(bool() as value):
                return self._constant(value, Kind.FLAG)
            case ast.Constant(str() as value):
                return self._constant(value, Kind.TEXT)
            case ast.Constant(int() as value):
                return self._constant(value, Kind.INTEGER)
            case ast.Constant(float()):
                return self._constant(Decimal(ast.unparse(node)), Kind.DECIMAL)
            case ast.Name(name):
                field = self._field(name)
                needs = frozenset[str]() if field.required else frozenset([name])
                return _Value(f"says({name!r})", field.kind, needs, choices=field.choices)
            case ast.UnaryOp(ast.USub(), operand):
                value = self._number(operand)
                return _Value(f"(-{value.code})", value.kind, value.needs)
            case ast.BinOp(left, operator, right) if type(operator) in _RECKONED:
                a, b = self._number(left), self._number(right)
                kind = Kind.DECIMAL if Kind.DECIMAL in (a.kind, b.kind) else Kind.INTEGER
                return _Value(f"({a.code} {_RECKONED[type(operator)]} {b.code})", kind, a.needs | b.needs)
            case ast.Call(ast.Name("length"), [text], []):
                value = self._value(text)
                if value.kind not in (Kind.TEXT, Kind.CHOICE):
                    raise WrongExpression(f"length(x) is of a text, and {_said(text)} is none")
                return _Value(f"len({value.code})", Kind.INTEGER, value.needs)
            case ast.Call(ast.Name("days"), [first, last], []):
                a, b = self._date(first), self._date(last)
                return _Value(f"({b.code} - {a.code}).days", Kind.INTEGER, a.needs | b.needs)
            case ast.Call(ast.Name(name)) if name not in _FUNCTIONS:
                raise WrongExpression(f"there is no {name}(…){nearest(name, _FUNCTIONS)}")
            case _:
                raise WrongExpression(f"{_said(node)} is no value")

    def _list(self, node: ast.expr, member: _Value) -> _Value:
        """What `in` looks in: constants of the member's kind."""
        if not isinstance(node, ast.Tuple | ast.List) or not node.elts:
            raise WrongExpression(f'after `in` stands a list of values: ("a", "b"), not {_said(node)}')
        constants = [self._alike(member, self._value(one))[1].constant for one in node.elts]
        if None in constants:
            raise WrongExpression("a list holds constants only")
        return _Value(self._held(frozenset(constants)), member.kind)

    def _number(self, node: ast.expr) -> _Value:
        value = self._value(node)
        if value.kind not in _NUMBERS:
            raise WrongExpression(f"{_said(node)} is {value.kind}, and no number")
        return value

    def _date(self, node: ast.expr) -> _Value:
        value = self._value(node)
        if value.kind is Kind.TEXT and value.constant is not None:
            value = self._as_date(value)
        if value.kind is not Kind.DATE:
            raise WrongExpression(f"{_said(node)} is {value.kind}, and no date")
        return value

    def _alike(self, a: _Value, b: _Value) -> tuple[_Value, _Value]:
        """Two values that can be compared: a constant text beside a date is one, beside a choice one of its values."""
        if a.constant is not None and b.constant is None:
            b, a = self._alike(b, a)
            return a, b
        if b.constant is not None and b.kind is Kind.TEXT:
            if a.kind is Kind.DATE:
                return a, self._as_date(b)
            if a.kind is Kind.CHOICE:
                if b.constant not in a.choices:
                    raise WrongExpression(f"{b.constant!r} is none of its values{nearest(b.constant, a.choices)}")
                return a, b
        texts = {Kind.TEXT, Kind.CHOICE}
        if a.kind is not b.kind and not ({a.kind, b.kind} <= set(_NUMBERS) or {a.kind, b.kind} <= texts):
            raise WrongExpression(f"{a.kind} and {b.kind} cannot be compared")
        return a, b

    def _as_date(self, text: _Value) -> _Value:
        try:
            return self._constant(date.fromisoformat(text.constant), Kind.DATE)
        except ValueError:
            raise WrongExpression(f"{text.constant!r} is no date: YYYY-MM-DD") from None

    def _constant(self, value: Any, kind: Kind) -> _Value:
        return _Value(self._held(value), kind, constant=value)

    def _held(self, value: Any) -> str:
        """The name under which the code finds a constant."""
        name = f"constant_{len(self.constants)}"
        self.constants[name] = value
        return name

    def _field(self, name: str) -> FieldType:
        if name not in self._fields:
            raise WrongExpression(f"there is no field {name}{nearest(name, self._fields)}")
        return self._fields[name]


def _present(needs: Iterable[str]) -> Iterator[str]:
    """That a record says what is needed of it."""
    return (f"says({name!r}) is not None" for name in sorted(needs))


def _said(node: ast.expr) -> str:
    return f"`{ast.unparse(node)}`"
