"""NDJSON: one JSON object a line (RFC 8259), in UTF-8."""

from collections.abc import Sequence
from functools import partial
from typing import Any, cast

import jiter

from penstock.errors import Refused
from penstock.findings import Finding
from penstock.formats.format import FieldOf, Parsed
from penstock.formats.lines import Lines
from penstock.formats.text import UTF8_BOM, undecodable
from penstock.messages import Layout

# Numbers with a fraction become Decimal, never float; a key twice is a fault, not a guess.
_load = partial(jiter.from_json, float_mode="decimal", catch_duplicate_keys=True, allow_inf_nan=False)


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
        """Each line by itself: joined, two broken lines could mend each other."""
        try:
            parsed = [_load(raw) for raw in raws]
        except ValueError:
            return [self._parse_one(layout, raw) for raw in raws]
        if set(map(type, parsed)) != {dict}:
            return [self._parse_one(layout, raw) for raw in raws]
        return [_said(fields) if None in fields.values() else fields for fields in parsed]

    def _parse_one(self, layout: Layout, raw: bytes) -> Parsed:
        fault = undecodable(raw, layout.encoding)
        if fault:
            return fault
        try:
            value: Any = _load(raw)
        except ValueError as error:
            # jiter's messages name the rule and the place, never the content, but for a key that is there twice.
            rule = "an object has a key twice" if "duplicate key" in str(error) else f"not JSON: {error}"
            return Finding("format.json", rule)
        if not isinstance(value, dict):
            return Finding("format.json", "a JSON value that is not an object; write one object a line")
        return _said(cast(dict[str, Any], value))

    def unknown_fields(self, layout: Layout, parsed: Sequence[Parsed]) -> set[str]:
        """Every key of every record; the feed strikes out those it knows."""
        return set[str]().union(*(record for record in parsed if not isinstance(record, Finding)))


def _said(fields: dict[str, Any]) -> dict[str, Any]:
    """Without what is null: that says nothing, as an empty cell does."""
    return {name: value for name, value in fields.items() if value is not None}
