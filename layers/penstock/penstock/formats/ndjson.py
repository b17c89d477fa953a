"""NDJSON: one JSON object a line (RFC 8259), in UTF-8."""

from collections.abc import Sequence

from penstock.formats.format import FieldOf, Parsed
from penstock.formats.json_objects import names_in, parse_objects
from penstock.formats.lines import Lines
from penstock.formats.text import UTF8_BOM
from penstock.formats.wrapped_json import BEGINNING, unwrapped
from penstock.model.errors import Refused
from penstock.model.messages import Layout


class NdJson(Lines):
    """One JSON object a line."""

    name = "ndjson"

    def recognise(self, head: bytes, field_of: FieldOf) -> Layout | None:
        """Anything whose first character is an opening brace.

        Raises:
            Refused: `format.binary`, for UTF-16.
        """
        body = head.removeprefix(UTF8_BOM)
        if not body.lstrip().startswith(b"{"):
            return None
        if body.lstrip().startswith(b"{\0"):
            raise Refused("format.binary", "the file is UTF-16 text; this feed reads text in UTF-8")
        return Layout(format=self.name, first_byte=len(head) - len(body))

    def parse(self, layout: Layout, raws: Sequence[bytes]) -> list[Parsed]:
        """As `Format.parse`."""
        if any(raw.startswith(BEGINNING) for raw in raws):
            raws = [unwrapped(raw)[0] for raw in raws]
        return parse_objects(raws, layout.encoding)

    def unknown_fields(self, layout: Layout, parsed: Sequence[Parsed]) -> set[str]:
        """Every key of every record; the feed strikes out those it knows."""
        return names_in(parsed)
