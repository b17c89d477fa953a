"""What the validator is told by its environment."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """From the variables `PENSTOCK_…` that template.yaml sets."""

    model_config = SettingsConfigDict(env_prefix="PENSTOCK_", frozen=True)

    ledger_table: str
    work_bucket: str
    archive_bucket: str
    source_queue_url: str
    dispatch_queues: dict[str, str]  #: feed → URL
    retention_days: int
