"""Words and rows on a screen of any width. An id, a key or a code is never cut: it is there to be copied."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

GAP = 2  #: blanks between two columns
TEXT = 60  #: columns that a cell of words may be narrowed to

type Phrase = str | tuple[str, str]
"""Words that belong together, perhaps with their style."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, and where its cells stand. Cells of `words` may be broken between these. The first column of
    a listing is its row's own name."""

    name: str
    right: bool = False
    words: bool = False


def listing(out: Console, columns: Sequence[Column], rows: Sequence[Sequence[str]], indent: int = 0) -> None:
    """Prints rows, each with a cell for every column: as a table where it fits, else each row as words that wrap."""
    needed = sum(_needed(column, [row[place] for row in rows]) for place, column in enumerate(columns))
    if indent + needed + GAP * (len(columns) - 1) <= out.width:
        out.print(_table(columns, rows, indent))
        return
    for row in rows:
        wrapped(out, [(row[0], "bold")], indent)
        named = zip(columns[1:], row[1:], strict=True)
        wrapped(out, [f"{column.name} {cell}".strip() for column, cell in named if cell], indent + 4)


def wrapped(out: Console, phrases: Sequence[Phrase], indent: int = 0) -> None:
    """Prints phrases on lines within the width, broken between words alone. What is longer than a line stands whole on
    one of its own; where there is no terminal, nothing is broken."""
    line, length = Text(" " * indent), indent
    for number, phrase in enumerate(phrases):
        said, style = (phrase, "") if isinstance(phrase, str) else phrase
        for place, word in enumerate(said.split(" ")):
            gap = "" if length == indent else "   " if number and not place else " "
            if out.is_terminal and gap and length + len(gap) + cell_len(word) > out.width:
                out.print(line, soft_wrap=True)
                line, length, gap = Text(" " * (indent + 2)), indent + 2, ""
            line.append(gap, style if place else "").append(word, style)
            length += len(gap) + cell_len(word)
    out.print(line, soft_wrap=True)


def _needed(column: Column, cells: Sequence[str]) -> int:
    width = max([cell_len(column.name), *map(cell_len, cells)])
    return min(width, TEXT) if column.words else width


def _table(columns: Sequence[Column], rows: Sequence[Sequence[str]], indent: int) -> Table:
    named = any(column.name for column in columns)
    table = Table(box=None, show_header=named, pad_edge=False, padding=(0, GAP, 0, 0))
    for place, column in enumerate(columns):
        name = f"{'' if place else ' ' * indent}{column.name}"
        table.add_column(name, justify="right" if column.right else "left", no_wrap=not column.words)
    for first, *others in rows:
        table.add_row(Text(f"{' ' * indent}{first}"), *map(Text, others))
    return table
