"""What the splitter is told by its environment."""

from pydantic_settings import BaseSettings, SettingsConfigDict

from penstock.adapters.environment import BucketName, BusName, FeedName, QueueUrl, RetentionDays, TableName


class Settings(BaseSettings):
    """From the variables `PENSTOCK_…` that template.yaml sets."""

    model_config = SettingsConfigDict(env_prefix="PENSTOCK_", frozen=True)

    ledger_table: TableName
    work_bucket: BucketName
    archive_bucket: BucketName
    source_queue_url: QueueUrl
    chunk_queue_url: QueueUrl
    document_queue_url: QueueUrl
    event_bus: BusName
    retention_days: RetentionDays
    sheets: dict[FeedName, str] = {}
    awaits: dict[FeedName, float] = {}
