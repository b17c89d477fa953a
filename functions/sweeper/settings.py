"""What the sweeper is told by its environment."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """From the variables `PENSTOCK_…` that template.yaml sets."""

    model_config = SettingsConfigDict(env_prefix="PENSTOCK_", frozen=True)

    ledger_table: str
    claims_table: str
    drop_bucket: str
    work_bucket: str
    archive_bucket: str
    chunk_dlq_url: str
    dispatch_dlq_url: str
    event_bus: str
    retention_days: int
