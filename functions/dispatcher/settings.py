"""What the dispatcher is told by its environment."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """From the variables `PENSTOCK_…` that template.yaml sets."""

    model_config = SettingsConfigDict(env_prefix="PENSTOCK_", frozen=True)

    ledger_table: str
    claims_table: str
    work_bucket: str
    archive_bucket: str
    dispatch_queues: dict[str, str]  #: feed → URL
    dispatch_queue_arns: dict[str, str]
    dispatcher_function: str
    destinations_path: str
    private_destinations: bool = False  #: whether a destination may be at a private address
    event_bus: str
    retention_days: int
