"""What the sweeper is told by its environment."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from penstock.adapters.environment import (
    BucketName,
    BusName,
    FeedName,
    ParameterPath,
    QueueUrl,
    RetentionDays,
    TableName,
)


class Settings(BaseSettings):
    """From the variables `PENSTOCK_…` that template.yaml sets."""

    model_config = SettingsConfigDict(env_prefix="PENSTOCK_", frozen=True)

    ledger_table: TableName
    claims_table: TableName
    drop_bucket: BucketName
    work_bucket: BucketName
    archive_bucket: BucketName
    intake_queue_url: QueueUrl
    chunk_queue_url: QueueUrl
    dispatch_queues: dict[FeedName, QueueUrl]
    chunk_dlq_url: QueueUrl
    dispatch_dlq_url: QueueUrl
    destinations_path: ParameterPath
    private_destinations: bool = False  #: whether a destination may be at a private address
    event_bus: BusName
    resend_after_hours: Annotated[float, Field(gt=0, le=96)]
    retention_days: RetentionDays
