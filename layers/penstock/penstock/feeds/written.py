"""Values as a sender must write them, for the models of tables: strict where pydantic takes what merely could be meant.

Left to itself it reads JSON's `true` as 1, `1_0` as 10, Arabic digits as ours, 1767225600 as a day and 1 as yes. Here a
value is text of a form, or the JSON type itself, before pydantic-core makes anything of it; no Python runs for it.
What is a number but not in its one form (`10`, `1E1`, `$10.00` for 10.00) is refused as well: so the feed's `normalise`
has it, which costs the senders who write so, and nobody else, and tells what was tidied.
"""

from decimal import Decimal
from functools import lru_cache
from typing import Any

from pydantic import AfterValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

type _Choice = CoreSchema | tuple[CoreSchema, str]


class Written:
    """Demands that text has the form `pattern`, or that the value is of one of the other schemas; what is neither has
    pydantic's fault `error`."""

    def __init__(self, error: str, pattern: str, *others: CoreSchema) -> None:
        text = core_schema.str_schema(strict=True, strip_whitespace=True, pattern=pattern)
        choices: list[_Choice] = [text, *others]
        form = core_schema.union_schema(choices, mode="left_to_right") if others else text
        self._form = core_schema.custom_error_schema(form, error)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.chain_schema([self._form, handler(source)])

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {}


_INTEGER, _DECIMAL = core_schema.int_schema(strict=True), core_schema.is_instance_schema(Decimal)

WHOLE = Written("int_parsing", r"^-?(?:0|[1-9][0-9]*)$", _INTEGER, _DECIMAL)
"""A whole number: of digits, or a JSON number, perhaps with a fraction of zeros. In text 6.000 may be six thousand."""

DAY = Written("date_type", r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
"""A day of ISO 8601, in full."""

FLAG = Written("bool_parsing", r"^(?i:true|false|yes|no|y|n|1|0)$", core_schema.bool_schema(strict=True))
"""Yes or no: in words or as 1 and 0 in a table, `true` and `false` in JSON."""

# Three digits behind a point may be thousands, but behind a 0: how the file writes its numbers is no pattern's to know.
_FRACTION = r"\.(?:[0-9]?[1-9]|[0-9]{3}[0-9]*[1-9])"
_PLAIN = Written("decimal_parsing", rf"^-?(?:0(?:\.[0-9]*[1-9])?|[1-9][0-9]*(?:{_FRACTION})?)$", _INTEGER, _DECIMAL)
_CENTS = Written("decimal_parsing", r"^-?(?:0|[1-9][0-9]*)\.(?:[0-9]{2}|[0-9]{3}[0-9]*[1-9])$", _INTEGER, _DECIMAL)


@lru_cache(100_000)
def plain(number: Decimal) -> Decimal:
    """The number without an exponent, or zeros at the end of its fraction.

    >>> plain(Decimal("12500.50")), plain(Decimal("1E1"))
    (Decimal('12500.5'), Decimal('10'))
    """
    whole = number.to_integral_value()
    return Decimal(f"{whole:f}") if number == whole else Decimal(f"{number:f}".rstrip("0"))


@lru_cache(100_000)
def in_cents(number: Decimal) -> Decimal:
    """The number as sums of money are written: with two digits behind the point, or four where it has more.

    >>> in_cents(Decimal("1E1")), in_cents(Decimal("0.125"))
    (Decimal('10.00'), Decimal('0.1250'))
    """
    short = plain(number)
    digits = -int(short.as_tuple().exponent)
    if digits > 4:
        return short
    return Decimal(f"{short:.{2 if digits <= 2 else 4}f}")


PLAIN = (AfterValidator(plain), _PLAIN)
CENTS = (AfterValidator(in_cents), _CENTS)

Numbered = Field(coerce_numbers_to_str=True)
"""Of text that a sender's JSON may have as a number: its digits, an id say. No yes or no is one."""
