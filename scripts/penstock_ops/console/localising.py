"""Times for people: in their own zone, with its name. Machines get ISO 8601 in UTC, and seconds since the epoch."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from penstock_ops.wording.times import local_time

_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_EPOCH = frozenset({"first_sent_at"})
"""What a result has in seconds since the epoch."""
_AS_THEY_ARE = frozenset({"record", "identity", "settings", "key"})
"""What comes from a file or an operator: its times are theirs."""


def localised[Value](value: Value, name: str = "") -> Value:
    """A result with its times as people read them."""
    if isinstance(value, Mapping):
        parts = cast(Mapping[str, Any], value).items()
        return cast(Value, {key: part if key in _AS_THEY_ARE else localised(part, key) for key, part in parts})
    if isinstance(value, list):
        return cast(Value, [localised(part, name) for part in cast(list[Any], value)])
    if isinstance(value, str) and _ISO.fullmatch(value):
        return cast(Value, local_time(datetime.fromisoformat(value).timestamp()))
    if name in _EPOCH and isinstance(value, float):
        return cast(Value, local_time(value))
    return value
