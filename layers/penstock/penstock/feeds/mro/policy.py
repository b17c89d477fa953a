"""What an operator demands beyond the regulation: data, never code."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from pydantic import ConfigDict, Field, with_config


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class Policy:
    """How one operator takes records.

    `ocr_threshold`: a record that was read from paper with less confidence waits for a person, 0 to 1.
    `late_after_days`: so does one whose last date is so long after its removal or installation; a year mistyped shows
    there.
    """

    ocr_threshold: Annotated[Decimal, Field(ge=0, le=1)] = Decimal("0.85")
    late_after_days: Annotated[int, Field(ge=1, le=36_500)] = 730
