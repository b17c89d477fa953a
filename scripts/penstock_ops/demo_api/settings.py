"""What is fixed for the life of the server."""

from dataclasses import dataclass

from .behaviour import REAL, Behaviour


@dataclass(frozen=True, slots=True)
class Settings:
    client_id: str = "penstock-demo"
    client_secret: str = "penstock-demo-secret"
    #: Short, so that a run of a minute refreshes its token.
    token_seconds: int = 30
    #: False: a destination that ignores Idempotency-Key and applies whatever comes.
    honours_keys: bool = True
    #: How long an answer is remembered for its key.
    key_retention_seconds: float = 24 * 3600
    #: Records a call may carry; more is 413.
    max_batch_records: int = 5_000
    #: Chooses the faults.
    seed: int = 0
    behaviour: Behaviour = REAL
