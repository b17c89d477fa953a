"""The operator's word on what a feed finds, as a file has it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config


@with_config(ConfigDict(extra="ignore"))
@dataclass(frozen=True, slots=True)
class OperatorSettings:
    """Of the settings of a feed's destination what judges records: `soft` and `policy`. The file may have all of them,
    as they are set for the feed."""

    soft: Literal["deliver", "hold"] | None = None
    policy: dict[str, Any] = field(default_factory=dict[str, Any])


def settings_in(path: Path) -> OperatorSettings:
    """The settings in a file of JSON.

    Raises:
        OSError: the file cannot be read.
        ValueError: it holds no such settings; the message says why, and repeats no value.
    """
    try:
        return TypeAdapter(OperatorSettings).validate_json(path.read_bytes())
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, fault["loc"]))
        raise ValueError(f"{place}: {fault['msg']}" if place else fault["msg"]) from None
