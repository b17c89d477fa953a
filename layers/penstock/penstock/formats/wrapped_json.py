"""A record of JSON as a reject file has it: the record as it came, and what we say of it beside.

    {"penstock_trace": "…", "penstock_code": "…", …, "penstock_record": {"spot_id": 1.50}}

The record stands last and unchanged, so that numbers keep their digits and it can be mended where it stands; what is no
JSON stands there as a text (`record_text`).
"""

import json
from collections.abc import Mapping

from penstock.formats.record_text import bytes_of

BEGINNING = b'{"penstock_'
_RECORD = b'"penstock_record":'


def wrap(raw: str, *, is_json: bool, said: Mapping[str, str]) -> str:
    """A line with the record, as text, and what is said of it, by the names of our columns."""
    told = json.dumps(dict(said))[:-1]
    return f"{told}, {_RECORD.decode()} {raw if is_json else json.dumps(raw)}}}\n"


def unwrapped(raw: bytes) -> tuple[bytes, Mapping[str, str]]:
    """A record as its sender wrote it, and what we have said of it; of another record, itself and nothing."""
    if not raw.startswith(BEGINNING):
        return raw, {}
    head, mark, inner = raw.partition(_RECORD)
    inner = inner.rstrip()
    try:
        said = json.loads(head.rstrip().removesuffix(b",") + b"}")
    except ValueError:
        return raw, {}
    if not mark or not inner.endswith(b"}") or not isinstance(said, dict):
        return raw, {}
    inner = inner[:-1].strip()
    if inner.startswith(b'"'):
        try:
            inner = bytes_of(json.loads(inner), "utf-8")
        except ValueError:
            return raw, {}
    return inner, {str(name): str(value) for name, value in said.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
