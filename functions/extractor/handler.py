"""Documents → staged files of records. A queue message is a splitter's word that a file is a document, our own about a
range of its pages, or Amazon Textract's that it has read such."""

import random
from contextlib import AsyncExitStack

from penstock.adapters.lambda_function import Process, QueueFunction, SourceQueues, by_name
from extractor.document_reader import DocumentReader
from extractor.settings import Settings
from penstock.adapters.aws_clients import aws_clients
from penstock.adapters.aws_events import EventBridge
from penstock.adapters.aws_ledger import DynamoLedger
from penstock.adapters.aws_queue import SqsQueue
from penstock.adapters.aws_store import S3Store
from penstock.adapters.aws_templates import S3Templates
from penstock.adapters.aws_textract import Textract
from penstock.adapters.system_clock import SystemClock
from penstock.extract.stage import ExtractorPorts, extract
from penstock.model.messages import read_document_message
from penstock.model.stage_result import StageResult

DAY = 86_400


async def compose(stack: AsyncExitStack) -> tuple[Process, SourceQueues]:
    """The extractor over AWS."""
    settings, clock = Settings(), SystemClock()  # pyright: ignore[reportCallIssue]
    aws = await stack.enter_async_context(aws_clients())
    documents = SqsQueue(aws.sqs, settings.source_queue_url)
    textract = Textract(aws.textract, settings.work_bucket, settings.textract_topic, settings.textract_role)
    ports = ExtractorPorts(
        store=S3Store(aws.s3, settings.work_bucket, settings.archive_bucket),
        ledger=DynamoLedger(aws.dynamodb, settings.ledger_table, clock, settings.retention_days * DAY),
        reader=stack.enter_context(DocumentReader(S3Templates(aws.s3, settings.work_bucket))),
        intake=SqsQueue(aws.sqs, settings.intake_queue_url),
        documents=documents,
        events=EventBridge(aws.events, settings.event_bus, settings.ledger_table),
        clock=clock,
        rng=random.Random(),
        engines=dict.fromkeys(settings.textract_feeds, textract),
    )

    async def process(body: str, deadline: float) -> list[StageResult]:
        return [await extract(ports, read_document_message(body), deadline)]

    return process, by_name([documents])


handler = QueueFunction("extractor", "Document", compose)
