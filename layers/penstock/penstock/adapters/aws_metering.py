"""What calls of AWS take, where they are made: each request that goes out, a try that is made again too.

DynamoDB says itself what it has consumed. Of a write that it refused by its condition it does not, and charges for it:
it counts as one of a small item. Of SQS and EventBridge each 64 KiB is a request; what S3 is asked to delete is free.
What is free, or too little to see, is not counted: settings and secrets, which are asked for once in a while.
"""

import os
from collections.abc import Mapping
from functools import partial
from math import ceil
from typing import Any

from penstock.io import metering
from penstock.io.metering import Kept

PORTION = 65_536  #: bytes that SQS and EventBridge charge as one request

_GETS = frozenset({"GetObject", "HeadObject"})
_FREE = frozenset({"DeleteObject", "DeleteObjects", "AbortMultipartUpload"})
_REFUSED = frozenset({"ConditionalCheckFailedException", "TransactionCanceledException"})
_WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchExecuteStatement"})


def metered() -> tuple[float, Kept]:
    """What a meter must know of the function that it is for: its memory in GB, and how long the stack keeps things."""
    days = {name: os.environ.get(f"PENSTOCK_{variable}RETENTION_DAYS") for name, variable in _DAYS.items()}
    kept = Kept(**{name: int(number) for name, number in days.items() if number})
    return int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "0")) / 1024, kept


_DAYS = {"ledger": "", "reports": "REPORT_", "archive": "ARCHIVE_"}


def meter_requests(client: Any) -> None:
    """Has a client of S3, SQS, EventBridge or Textract count its requests."""
    counter = _COUNTERS.get(client.meta.service_model.service_name)
    if counter:
        client.meta.events.register("before-send", partial(_count_request, counter))


def _count_request(counter: Any, request: Any, event_name: str, **_: Any) -> None:
    metering.count(**counter(event_name.rpartition(".")[2], request))


def _of_s3(operation: str, _: Any) -> Mapping[str, float]:
    if operation in _FREE:
        return {}
    return {"s3_gets": 1} if operation in _GETS else {"s3_puts": 1}


def _of_sqs(_: str, request: Any) -> Mapping[str, float]:
    return {"sqs_requests": portions(len(request.body or b""))}


def _of_events(_: str, request: Any) -> Mapping[str, float]:
    return {"events": portions(len(request.body or b""))}


_COUNTERS: Mapping[str, Any] = {"s3": _of_s3, "sqs": _of_sqs, "events": _of_events}


def portions(size: int) -> int:
    """As how many requests of SQS or EventBridge so many bytes are charged."""
    return max(1, ceil(size / PORTION))


def count_consumed(operation: str, answer: Mapping[str, Any]) -> None:
    """Counts what DynamoDB says that a call has consumed."""
    said: Any = answer.get("ConsumedCapacity") or ()
    tables: list[Any] = [said] if "CapacityUnits" in said else list(said)
    units = sum(float(one["CapacityUnits"]) for one in tables)
    metering.count(**{_unit_of(operation): units})


def count_refused(code: str, request: Mapping[str, Any]) -> None:
    """Counts what a call has consumed that a condition refused."""
    if code in _REFUSED:
        metering.count(dynamodb_writes=2.0 * len(request.get("TransactItems", ())) or 1.0)


def _unit_of(operation: str) -> str:
    return "dynamodb_writes" if operation in _WRITES else "dynamodb_reads"
