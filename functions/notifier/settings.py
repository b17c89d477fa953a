"""What the notifier is told by its environment."""

from pydantic_settings import BaseSettings, SettingsConfigDict

from penstock.adapters.environment import BucketName, ParameterPath, QueueUrl, RetentionDays, TableName


class Settings(BaseSettings):
    """From the variables `PENSTOCK_…` that template.yaml sets. `notice_settings` is the parameter that says who is told
    what, `notice_topic` the ARN of the topic whose subscribers get mail."""

    model_config = SettingsConfigDict(env_prefix="PENSTOCK_", frozen=True)

    ledger_table: TableName
    work_bucket: BucketName
    archive_bucket: BucketName
    source_queue_url: QueueUrl
    notice_settings: ParameterPath
    notice_topic: str
    private_destinations: bool = False  #: whether a route may lead to a private address
    retention_days: RetentionDays
