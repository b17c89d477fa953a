"""An API behind a feed, told how to misbehave; its books say what it really did."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from penstock.model.errors import Transient, Unanswered
from penstock.ports.destination import Answer, DestinationSettings

LOST = "lost"  #: the call was applied, and its answer never came
UNSENT = "unsent"  #: the connection was refused

type Trouble = Answer | str


def json_answer(body: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(body).encode(), "application/json")


def refusing(field: str, *values: Any) -> Callable[[dict[str, Any]], int]:
    """For `Api.refuses`: it has no use for records with one of these values in this field."""
    return lambda record: 422 if record.get(field) in values else 0


@dataclass
class Api:
    """Takes every record that `refuses` does not refuse. `troubles` come first, one a call."""

    settings_now: DestinationSettings = field(
        default_factory=lambda: DestinationSettings(
            url="api", batch_records=4, rate_per_second=1000.0, burst=1000, honours_idempotency_key=True
        )
    )
    troubles: list[Trouble] = field(default_factory=list[Trouble])
    refuses: Callable[[dict[str, Any]], int] = lambda record: 0
    #: How often each record was applied, by spot_id and the whole of it.
    applied: Counter[str] = field(default_factory=Counter[str])
    bodies: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])
    conflicts: list[str] = field(default_factory=list[str])
    #: Those of lanes that have destinations of their own.
    lanes_now: dict[str, DestinationSettings] = field(default_factory=dict[str, DestinationSettings])
    _answers: dict[str, tuple[bytes, Answer]] = field(default_factory=dict[str, tuple[bytes, Answer]])

    async def settings(self, feed: str) -> DestinationSettings:
        return self.settings_now

    async def own_settings(self, lane: str) -> DestinationSettings | None:
        return self.lanes_now.get(lane)

    async def lanes(self, feed: str) -> list[str]:
        return sorted(self.lanes_now)

    async def post(self, settings: DestinationSettings, key: str, body: bytes) -> Answer:
        self.bodies.append((key, json.loads(body)))
        trouble = self.troubles.pop(0) if self.troubles else None
        if trouble == UNSENT:
            raise Transient("connection refused")
        if isinstance(trouble, Answer):
            return trouble
        answer = self._once(key, body) if settings.honours_idempotency_key else self._apply(body)
        if trouble == LOST:
            raise Unanswered("no answer within the timeout")
        return answer

    def _once(self, key: str, body: bytes) -> Answer:
        if key not in self._answers:
            self._answers[key] = (body, self._apply(body))
        first, answer = self._answers[key]
        if first != body:
            self.conflicts.append(key)
            return Answer(422, b"the key was used for another payload")
        return answer

    def _apply(self, body: bytes) -> Answer:
        results: list[dict[str, Any]] = []
        for index, record in enumerate(json.loads(body)["records"]):
            status = self.refuses(record)
            if status:
                results.append({"index": index, "status": status, "code": "refused", "message": "not here"})
            else:
                self.applied[record_key(record)] += 1
        return json_answer({"results": results})


def record_key(record: dict[str, Any]) -> str:
    return json.dumps(record, sort_keys=True)
