"""What the extractor is told by its environment."""

from typing import Annotated, Self

from pydantic import StringConstraints, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from penstock.adapters.environment import (
    BucketName,
    BusName,
    FeedName,
    QueueUrl,
    RetentionDays,
    TableName,
)

type Arn = Annotated[str, StringConstraints(pattern=r"^(arn:aws[a-z-]*:[a-z]+:\S+)?$")]
"""AWS General Reference, "Amazon Resource Names"; empty where there is none."""


class Settings(BaseSettings):
    """From the variables `PENSTOCK_…` that template.yaml sets."""

    model_config = SettingsConfigDict(env_prefix="PENSTOCK_", frozen=True)

    ledger_table: TableName
    work_bucket: BucketName
    archive_bucket: BucketName
    source_queue_url: QueueUrl
    intake_queue_url: QueueUrl
    event_bus: BusName
    retention_days: RetentionDays
    textract_feeds: frozenset[FeedName] = frozenset()  #: whose scans Amazon Textract reads
    textract_topic: Arn = ""  #: which it tells that it has
    textract_role: Arn = ""  #: as which it does

    @model_validator(mode="after")
    def _is_told_of_ends(self) -> Self:
        if self.textract_feeds and not (self.textract_topic and self.textract_role):
            raise ValueError("Amazon Textract needs a topic to tell of its jobs' ends, and a role to do so")
        return self
