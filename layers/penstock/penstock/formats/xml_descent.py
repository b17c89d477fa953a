"""How an XML file begins: from the document's element down to the one that holds the records."""

from collections.abc import Sequence
from xml.parsers import expat

from penstock.model.errors import Refused


class _Arrived(Exception):
    """Raised to stop a parser where the records begin."""


class Descent:
    """Goes down from the document's element to the one that holds the records."""

    def __init__(self, paths: Sequence[tuple[str, ...]], encoding: str) -> None:
        self._encoding = encoding
        self._fitting = [list(paths)]  # at each level, the paths that lead on
        self._depth = 0
        self.places: list[int] = []  #: where the elements begin that were gone through
        self.is_document = False
        self.failed = False

    def arrives(self, head: bytes) -> bool:
        """Whether the records' element begins within these first bytes.

        Raises:
            Refused: `format.doctype`, `format.xml`.
        """
        parser = expat.ParserCreate(self._encoding, "}")
        parser.SetReparseDeferralEnabled(False)

        def start(name: str, _: dict[str, str]) -> None:
            self._enter(name, parser.CurrentByteIndex)

        def end(_: str) -> None:
            self._leave()

        parser.StartElementHandler, parser.EndElementHandler = start, end
        parser.StartDoctypeDeclHandler = _refuse_doctype
        try:
            parser.Parse(head, False)
        except _Arrived:
            return True
        except expat.ExpatError as error:
            fault = f"{expat.ErrorString(error.code)}, line {error.lineno}"
            raise Refused("format.xml", f"not well-formed XML before the first record: {fault}") from None
        return False

    def _enter(self, name: str, place: int) -> None:
        if self._depth == len(self.places):
            fitting = [path for path in self._fitting[-1] if fits(name, path[self._depth])]
            if fitting:
                self.places.append(place)
                self._fitting.append(fitting)
                left = min(map(len, fitting)) - len(self.places)
                self.is_document = left == 0
                if left <= 1:
                    raise _Arrived
            elif not self._depth:
                self.failed = True
        self._depth += 1

    def _leave(self) -> None:
        self._depth -= 1
        if self._depth < len(self.places):
            self.places.pop()
            self._fitting.pop()


def _refuse_doctype(*_: object) -> None:
    raise Refused(
        "format.doctype",
        "the file has a document type declaration, which can define entities and name other files; leave it out",
    )


def fits(name: str, step: str) -> bool:
    """Whether an element, `uri}local` or `local`, is what a step of a path says."""
    uri, _, local = name.removeprefix("{").rpartition("}")
    return local == step or (step.startswith("{") and step == f"{{{uri}}}{local}")
