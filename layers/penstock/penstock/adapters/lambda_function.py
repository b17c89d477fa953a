"""What all functions behind a queue share: a line and metrics a message, and retry by visibility."""

import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    AsyncBatchProcessor,
    EventType,
    async_process_partial_response,  # pyright: ignore[reportUnknownVariableType]
)
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from penstock.adapters.aws_metering import metered, portions
from penstock.adapters.aws_queue import SqsQueue
from penstock.adapters.composed import MARGIN, ComposedFunction
from penstock.adapters.telemetry import Telemetry
from penstock.io.metering import metering
from penstock.io.retry import backoff
from penstock.io.sending import put_off
from penstock.model.errors import MalformedMessage, NewerRelease, OutOfTime, Transient
from penstock.model.intake import read_intake
from penstock.model.messages import ChunkMessage, DispatchMessage, read_document_message, read_message
from penstock.model.stage_result import StageResult
from penstock.model.textract import JobNotice
from penstock.ports.queue import Queue

type Process = Callable[[str, float], Awaitable[Sequence[StageResult]]]
"""(message body, deadline in seconds since the epoch) → what was done."""

type SourceQueues = Mapping[str, Queue]
"""The queues that messages come from, by their names."""

type Compose = Callable[[AsyncExitStack], Awaitable[tuple[Process, SourceQueues]]]
"""Builds what a function needs: how to process a message, and where messages come from."""


def by_name(queues: Iterable[SqsQueue]) -> SourceQueues:
    """Queues by their names, with which a queue's URL ends, and its ARN."""
    return {queue.url.rpartition("/")[2]: queue for queue in queues}


class QueueFunction(ComposedFunction[tuple[Process, SourceQueues]]):
    """A Lambda handler for SQS events, answering with partial batch failures (R9)."""

    def __init__(self, stage: str, unit: str, compose: Compose) -> None:
        """`unit` is what a message is about, "File" or "Chunk"."""
        super().__init__(stage, unit, compose)
        self._rng: random.Random = random.SystemRandom()  # it has no state that a snapshot could keep

    def __call__(self, event: dict[str, Any], context: Any) -> Any:
        """Processes the event's messages. The answer lists those that must come again; if all must, it raises, so that
        the poller slows down."""
        _, (process, sources), telemetry = self._ready()
        with telemetry.invocation(context):
            if not event.get("Records"):
                return {"batchItemFailures": []}
            deadline = time.time() + context.get_remaining_time_in_millis() / 1000 - MARGIN

            async def one(record: SQSRecord) -> None:
                await self._process(record, process, sources, telemetry, deadline)

            processor = AsyncBatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
            answer: Any = async_process_partial_response(event, one, processor, context)
            if len(answer["batchItemFailures"]) == len(event["Records"]):
                # Powertools' own error would quote what each message failed of, and that may quote a record (R32).
                raise BatchProcessingError(f"none of {len(event['Records'])} messages could be processed")
            return answer

    async def _process(
        self, record: SQSRecord, process: Process, sources: SourceQueues, telemetry: Telemetry, deadline: float
    ) -> None:
        """One message: done, or held back for as long as trying again makes no sense, and raised."""
        began = time.time()
        receives = int(record.attributes.approximate_receive_count or 1)
        try:
            if began > deadline:
                raise OutOfTime("no time is left in this invocation", after=0)
            telemetry.attempt(record.attributes.message_group_id)
            with metering(*metered()) as meter:
                # The poller has received it, and will delete it.
                meter.count(lambda_calls=1, sqs_requests=1 + portions(len(record.body.encode())))
                for result in await process(record.body, deadline):
                    telemetry.done(result, time.time() - began)
        except NewerRelease as error:
            feed, trace = _subject(record.body)
            source = sources[record.event_source_arn.rpartition(":")[2]]
            await put_off(source, record.body, feed or record.attributes.message_group_id or "newer")
            counts = {f"{self._unit}sPutOff": 1.0, "LeftToNewerRelease": 1.0}
            telemetry.done(StageResult(f"put off: {error}", feed or "", trace or "", counts), time.time() - began)
        except Transient as error:
            wait = backoff(receives, self._rng, error.after) if error.wait is None else error.wait
            telemetry.failed(error, *_subject(record.body), time.time() - began, receives, wait)
            source = sources[record.event_source_arn.rpartition(":")[2]]
            await source.hold_back(record.receipt_handle, wait)
            raise
        except Exception as error:
            telemetry.failed(error, *_subject(record.body), time.time() - began, receives, None)
            raise


def _subject(body: str) -> tuple[str | None, str | None]:
    """Feed and id of what a failed message is about, for its line; neither where nobody can read it."""
    with contextlib.suppress(MalformedMessage, NewerRelease):
        return next(((one.file.feed, one.file.file_id) for one in read_intake(body)), (None, None))
    with contextlib.suppress(MalformedMessage, NewerRelease):
        message = read_document_message(body)
        if isinstance(message, JobNotice):
            return None, message.file_id
        return message.file.feed, message.file.file_id
    with contextlib.suppress(MalformedMessage, NewerRelease):
        chunk = read_message(body, ChunkMessage)
        return chunk.file.feed, chunk.chunk_id
    with contextlib.suppress(MalformedMessage, NewerRelease):
        chunk = read_message(body, DispatchMessage).chunk
        return chunk.file.feed, chunk.chunk_id
    return None, None
