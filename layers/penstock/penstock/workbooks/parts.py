"""One part of a workbook's package, an XML document, read as it comes in: no tree, no entities, no more than a few
pieces in memory."""

from collections.abc import Callable, Mapping
from xml.parsers import expat

from penstock.model.errors import Refused

SLICE = 256 * 1024  #: bytes that expat gets at once
LONGEST_TOKEN = 4 * 1024 * 1024  #: bytes of a tag with its attributes; expat holds it whole
LEVELS = 64  #: of elements within each other; a sheet has seven

type Attributes = Mapping[str, str]


def damaged(why: str) -> Refused:
    """The refusal of a workbook that cannot be read."""
    return Refused(
        "format.workbook", f"the workbook cannot be read: {why}; open it, save it as .xlsx again, and drop that"
    )


class Part:
    """Tells of a part's elements: `begin` of each one's name and attributes, `end` of its name, `text` of what stands
    between tags. Names come without the prefix of the root's. Feed it the part's bytes with `push`, then call `finish`.

    They are called by expat itself, as there are millions of them: so whoever takes them sees to it that elements are
    not within each other without end (`Levels`).
    """

    def __init__(
        self, begin: Callable[[str, Attributes], None], end: Callable[[str], None], text: Callable[[str], None]
    ) -> None:
        self._pushed, self._begin, self._end = 0, begin, end
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = _refuse_doctype
        self._parser.StartElementHandler = self._begin_root
        self._parser.CharacterDataHandler = text

    def push(self, piece: bytes) -> None:
        """The part's next bytes.

        Raises:
            Refused: `format.doctype`, `format.workbook`.
        """
        for at in range(0, len(piece), SLICE):
            self._parse(piece[at : at + SLICE], final=False)
            self._pushed += len(piece[at : at + SLICE])
            if self._pushed - self._parser.CurrentByteIndex > LONGEST_TOKEN:
                raise damaged("a tag in it is too long")

    def finish(self) -> None:
        """To be called after the last byte.

        Raises:
            Refused: as `push`.
        """
        self._parse(b"", final=True)

    def _parse(self, piece: bytes, *, final: bool) -> None:
        try:
            self._parser.Parse(piece, final)
        except expat.ExpatError as error:
            raise damaged(f"a part of it is not well-formed XML ({expat.ErrorString(error.code)})") from None

    def _begin_root(self, name: str, attributes: Attributes) -> None:
        prefix, colon, _ = name.rpartition(":")
        begin, end = self._begin, self._end
        if colon:
            begin, end = _without(prefix + colon, begin, end)
        self._parser.StartElementHandler, self._parser.EndElementHandler = begin, end
        begin(name, attributes)


class Levels:
    """How many elements are open."""

    def __init__(self) -> None:
        self._open = 0

    def begin(self) -> None:
        """One more.

        Raises:
            Refused: `format.workbook`.
        """
        self._open += 1
        if self._open > LEVELS:
            raise damaged("its elements are within each other without end")

    def end(self) -> None:
        """One less."""
        self._open -= 1


def _without(
    prefix: str, begin: Callable[[str, Attributes], None], end: Callable[[str], None]
) -> tuple[Callable[[str, Attributes], None], Callable[[str], None]]:
    """The same, told of names without a prefix."""
    return (
        lambda name, attributes: begin(name.removeprefix(prefix), attributes),
        lambda name: end(name.removeprefix(prefix)),
    )


def whole_number(text: str | None, otherwise: int = 0) -> int:
    """The number of an attribute; `otherwise` where it has none that is one of up to nine digits."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else otherwise


def _refuse_doctype(*_: object) -> None:
    raise Refused("format.doctype", "a part of the workbook has a document type declaration, as no program writes one")
