"""What the dispatcher is told by its environment."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from penstock.adapters.environment import (
    BucketName,
    BusName,
    FeedName,
    FunctionName,
    ParameterPath,
    QueueArn,
    QueueUrl,
    RetentionDays,
    TableName,
)


class Settings(BaseSettings):
    """From the variables `PENSTOCK_…` that template.yaml sets."""

    model_config = SettingsConfigDict(env_prefix="PENSTOCK_", frozen=True)

    ledger_table: TableName
    claims_table: TableName
    work_bucket: BucketName
    archive_bucket: BucketName
    dispatch_queues: dict[FeedName, QueueUrl]
    dispatch_queue_arns: dict[FeedName, QueueArn]
    dispatcher_function: FunctionName
    destinations_path: ParameterPath
    private_destinations: bool = False  #: whether a destination may be at a private address
    lane_maximum_concurrency: Annotated[int, Field(ge=1, le=1000)]  #: chunks of one lane that are delivered at once
    event_bus: BusName
    retention_days: RetentionDays
