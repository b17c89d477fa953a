"""What a value may be: the kinds of fields, by the words that a declaration has for them."""

from enum import StrEnum


class Kind(StrEnum):
    """A field's kind. `code` is a text of letters and digits that a sender's JSON may also have as a number."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    FLAG = "flag"
    CHOICE = "choice"
