"""How the API behaves: what can be set while it runs, and what chance makes of it for one call."""

import random
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

type Share = Annotated[float, Field(ge=0, le=1)]

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FaultRates(BaseModel):
    """How often things go wrong in normal mode, each as a share of calls."""

    model_config = _STRICT

    #: 503 before anything was read.
    unavailable: Share = 0.03
    #: The batch is applied, then the connection closes without an answer.
    lost_answer: Share = 0.03
    #: Of the 503 answers, those that say when to come back.
    says_when: Share = 0.5
    #: Of the Retry-After headers, those written as an HTTP-date and not as seconds.
    http_date: Share = 0.25


NO_FAULTS = FaultRates(unavailable=0, lost_answer=0)


class Behaviour(BaseModel):
    """Everything that can be set at run time."""

    model_config = _STRICT

    #: down: hangs up on every call, nothing applied. slow: applies, but only after `slow_seconds`.
    #: status: answers `status`, nothing applied. nonsense: 200 with a body that nobody can use,
    #: nothing applied.
    mode: Literal["normal", "down", "slow", "status", "nonsense"] = "normal"
    status: Annotated[int, Field(ge=200, le=599)] = 500
    fault_rates: FaultRates = FaultRates()
    #: A batch with a record that has this value in any field is answered 500, nothing of it applied; null for none.
    poison: Annotated[str, Field(min_length=1)] | None = None
    #: Calls a second and feed, as a token bucket; null for no limit.
    rate_per_second: Annotated[float, Field(gt=0)] | None = 20.0
    #: Calls that may come at once after a pause.
    burst: Annotated[int, Field(ge=1)] = 10
    #: The mean time that applying a batch takes; each takes 0.5 to 1.5 of it.
    latency_seconds: Annotated[float, Field(ge=0)] = 0.02
    #: The same in slow mode: longer than a client waits.
    slow_seconds: Annotated[float, Field(ge=0)] = 60.0
    #: What a Retry-After asks for when no rate limit gives a better answer.
    retry_after_seconds: Annotated[int, Field(ge=0)] = 1
    #: refused: an answer lists refused records only, and has no results when there are none.
    #: all: it lists every record.
    results: Literal["refused", "all"] = "refused"

    def changed(self, patch: dict[str, Any]) -> "Behaviour":
        """This behaviour with `patch` laid over it; fault rates not named stay as they are."""
        merged = {**self.model_dump(), **patch}
        rates = patch.get("fault_rates")
        if isinstance(rates, dict):
            merged["fault_rates"] = {**self.fault_rates.model_dump(), **rates}
        return Behaviour.model_validate(merged)


#: What a demo wants: everything that a real API does, within a minute.
REAL = Behaviour()
#: Every call is answered at once, and well.
CALM = Behaviour(fault_rates=NO_FAULTS, rate_per_second=None, latency_seconds=0)


@dataclass(frozen=True, slots=True)
class Luck:
    """What chance holds for one attempt at one batch."""

    unavailable: bool
    loses_answer: bool
    says_when: bool
    as_date: bool
    #: 0.5 to 1.5: this call's share of the mean latency.
    pace: float
    #: 0 to 1: chooses among answers.
    choice: float


def luck_of(rates: FaultRates, seed: int, digest: bytes, attempt: int) -> Luck:
    """Drawn from the batch's content, not from the order of arrival: a run can be had again."""
    chance = random.Random(b"%d:%b:%d" % (seed, digest, attempt))
    draws = [chance.random() for _ in range(6)]
    return Luck(
        unavailable=draws[0] < rates.unavailable,
        loses_answer=draws[1] < rates.lost_answer,
        says_when=draws[2] < rates.says_when,
        as_date=draws[3] < rates.http_date,
        pace=0.5 + draws[4],
        choice=draws[5],
    )
