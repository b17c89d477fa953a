"""What an operator demands beyond the regulation: data, never code."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, with_config

from penstock.model.findings import Severity

type Measure = Literal["fdp", "flight_time", "duty", "sectors", "rest_before"]
"""What can be limited, in minutes but for `sectors`. Without a window it is of one duty."""


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class PolicyLimit:
    """One limit of the operations manual. `rest_before` must be at least `limit`, all else at most.

    `code` ends the finding's code, `crew.policy.<code>`; `source` is the manual's paragraph. `window_hours` makes it a
    rolling sum of `fdp`, `flight_time` or `duty`. `regulation` limits it to duties under that one.
    """

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    measure: Measure
    limit: Annotated[int, Field(ge=0)]
    source: Annotated[str, Field(min_length=1, max_length=128)]
    severity: Severity = Severity.SOFT
    window_hours: Annotated[int, Field(ge=1, le=24 * 366)] | None = None
    regulation: Literal["far117", "easa"] | None = None


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class Policy:
    """How one operator applies the rules.

    `frm`: fatigue risk management is implemented and approved: Table 4 instead of Table 3 (ORO.FTL.205(b)(3)), and
    reduced rest (CS FTL.1.235(c)). `schedule`: the type of disruptive schedule that the authority has assigned
    (ORO.FTL.105(8)). `preferred_rest_class`: an augmented crew with a lesser facility is flagged.
    `block_threshold`: minutes by which actual block time may differ from the planned unflagged.
    """

    frm: bool = False
    schedule: Literal["early", "late"] = "early"
    preferred_rest_class: Annotated[int, Field(ge=1, le=3)] = 1
    block_threshold: Annotated[int, Field(ge=0, le=1440)] = 30
    limits: Sequence[PolicyLimit] = ()


REGULATION_ONLY = Policy()
"""Nothing beyond the regulation."""
