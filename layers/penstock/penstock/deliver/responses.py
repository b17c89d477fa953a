"""One table from what a destination answered to what it means (R27).

    2xx                         taken: every record, unless results say otherwise
    408 425 429 5xx             later: nothing was done; come back, not before Retry-After
    500 502 504                 as above, and in doubt: they may come after the deed
    401                         later: the credentials are at fault, never the records
    1xx 3xx                     later: not an answer of this API; an operator must look at the URL
    other 4xx                   refused, for good, with the API's reason
      sent before in doubt      doubt: a gateway that refuses the second call says nothing of the first, a 409 may be
                                the first one still at work, and a 422 is also said of a key that was used before
    2xx nobody can read         doubt: somebody else may have answered (a proxy's page), or the results are nonsense

(RFC 9110 §15; 425: RFC 8470 §5.2; 429: RFC 6585 §4; 409 under an Idempotency-Key:
draft-ietf-httpapi-idempotency-key-header.)
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from penstock.outputs.answers import Reason
from penstock.ports.destination import Answer

LATER = frozenset({401, 408, 425, 429})
OF_THE_PAYLOAD = frozenset({400, 413, 414, 415, 422})
"""Refusals of what was sent: the same call meets with the same one, however often it is made."""
MAYBE_DONE = frozenset({500, 502, 504})
"""Answers of a server, or of a gateway before it, that may have done the work and failed to say so."""
TOO_FAST = 429
REASON = 300  #: characters kept of what an API says


class Meaning(StrEnum):
    """What an answer means for the batch."""

    TAKEN = "taken"
    REFUSED = "refused"
    LATER = "later"
    DOUBT = "doubt"


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer, read. `refused` and `returned` tell of single records of a batch that was taken, by their index."""

    meaning: Meaning
    reason: Reason
    refused: Mapping[int, Reason] = field(default_factory=dict[int, Reason])
    returned: frozenset[int] = frozenset()


class _Result(BaseModel, defer_build=True):
    index: int
    status: int
    code: str | None = None
    message: str | None = None


class _Results(BaseModel, defer_build=True):
    results: list[_Result] | None = None


def meaning_of(status: int, in_doubt: bool = False) -> Meaning:
    """The table. `in_doubt`: an earlier call under the same key was never answered."""
    if 200 <= status < 300:
        return Meaning.TAKEN
    if 400 <= status < 500 and status not in LATER:
        return Meaning.DOUBT if in_doubt else Meaning.REFUSED
    return Meaning.LATER


def read_answer(answer: Answer, records: int, in_doubt: bool = False) -> Reading:
    """What an answer to a batch of `records` records means."""
    meaning = meaning_of(answer.status, in_doubt)
    if meaning is not Meaning.TAKEN:
        return Reading(meaning, _reason(answer))
    doubt = Reading(Meaning.DOUBT, Reason(answer.status, "unreadable", "its answer cannot be read"))
    if "json" not in answer.content_type:
        return doubt if "html" in answer.content_type else Reading(meaning, Reason(answer.status))
    try:
        results = _Results.model_validate_json(answer.body).results if answer.body.strip() else None
    except ValidationError:
        return doubt
    by_index = {result.index: result for result in results or ()}
    if len(by_index) != len(results or ()) or not all(0 <= index < records for index in by_index):
        return doubt
    means = {index: meaning_of(result.status) for index, result in by_index.items()}
    return Reading(
        meaning,
        Reason(answer.status),
        refused={
            index: Reason(
                by_index[index].status, (by_index[index].code or "")[:REASON], (by_index[index].message or "")[:REASON]
            )
            for index, means_one in means.items()
            if means_one is Meaning.REFUSED
        },
        returned=frozenset(index for index, means_one in means.items() if means_one is Meaning.LATER),
    )


def _reason(answer: Answer) -> Reason:
    """The API's own words: `code` and `message` of a JSON body by their usual names, else the body's beginning."""
    body = _object(answer.body)
    if body is None:
        text = "" if "html" in answer.content_type else answer.body.decode("utf-8", errors="replace")
        return Reason(answer.status, "", text.strip()[:REASON])
    words = {name: str(value)[:REASON] for name, value in body.items() if isinstance(value, str | int)}
    return Reason(
        answer.status,
        words.get("code") or words.get("error") or words.get("type") or "",
        words.get("message") or words.get("detail") or words.get("error_description") or words.get("title") or "",
    )


def _object(body: bytes) -> dict[str, Any] | None:
    """A JSON object; where it wraps its `error` in another object, that one."""
    try:
        value: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    fields = cast(dict[str, Any], value)
    return cast(dict[str, Any], fields["error"]) if isinstance(fields.get("error"), dict) else fields
