"""What the notary is told by its environment."""

from pydantic_settings import BaseSettings, SettingsConfigDict

from penstock.adapters.environment import BucketName, BusName, RetentionDays, TableName


class Settings(BaseSettings):
    """From the variables `PENSTOCK_…` that template.yaml sets. `log_origin` is the name of this stack's logs, before
    the feed's; `receipt_key` is the key in KMS that signs them."""

    model_config = SettingsConfigDict(env_prefix="PENSTOCK_", frozen=True)

    ledger_table: TableName
    work_bucket: BucketName
    archive_bucket: BucketName
    event_bus: BusName
    retention_days: RetentionDays
    log_origin: str
    receipt_key: str
